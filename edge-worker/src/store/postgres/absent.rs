//! A worker that is built without the client of Postgres: no address is one, so that there is no database.
use std::convert::Infallible;

use worker::Env;

use super::{Answered, Appended, Unavailable};

/// The address of a database, of which there is none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Address(Infallible);

impl Address {
    pub(crate) const fn parse(_: &str) -> Option<Self> {
        None
    }
}

/// The database of a hub, of which there is none.
pub(crate) struct Postgres(Infallible);

impl Postgres {
    #[expect(clippy::needless_pass_by_value, reason = "as of the client that the other worker has")]
    pub(crate) const fn new(_: &Env, address: Address) -> Self {
        match address.0 {}
    }

    #[expect(clippy::unused_async, reason = "as of the client that the other worker has")]
    pub(crate) async fn append(&self, _: &Appended<'_>) -> Result<Answered, Unavailable> {
        match self.0 {}
    }

    #[expect(clippy::unused_async, reason = "as of the client that the other worker has")]
    pub(crate) async fn news(&self, _: &str, _: i64) -> Result<String, Unavailable> {
        match self.0 {}
    }

    #[expect(clippy::unused_async, reason = "as of the client that the other worker has")]
    pub(crate) async fn refuse(&self, _: &[i64], _: Option<&str>) -> Result<(), Unavailable> {
        match self.0 {}
    }
}
