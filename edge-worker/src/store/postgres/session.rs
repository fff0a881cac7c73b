//! A connection and the statements that are prepared on it.
use tokio_postgres::{Client, Error, Statement, types::Type};

use super::{Answered, Appended};

const APPEND: &str = "select twinflag.append($1, $2, $3, $4, $5, $6)";
const NEWS: &str = "select twinflag.news($1, $2)";
const REFUSE: &str = "select twinflag.refuse_edits($1, $2)";

/// A connection with its statements.
pub(crate) struct Session {
    client: Client,
    append: Statement,
    news: Statement,
    refuse: Statement,
}

impl Session {
    /// Prepares the statements of a new connection.
    pub(crate) async fn open(client: Client) -> Result<Self, Error> {
        let append = client.prepare_typed(APPEND, &[Type::TEXT, Type::INT8, Type::TEXT, Type::TEXT, Type::TEXT, Type::INT8_ARRAY]).await?;
        let news = client.prepare_typed(NEWS, &[Type::TEXT, Type::INT8]).await?;
        let refuse = client.prepare_typed(REFUSE, &[Type::INT8_ARRAY, Type::TEXT]).await?;
        Ok(Self { client, append, news, refuse })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Adds an entry.
    pub(crate) async fn append(&self, Appended { hub, behind, id, entry, compiled, takes }: &Appended<'_>) -> Result<Answered, Error> {
        let row = self.client.query_one(&self.append, &[hub, behind, id, entry, compiled, takes]).await?;
        let word: &str = row.try_get(0)?;
        Ok(if word == "done" { Answered::Done } else { Answered::Behind })
    }

    /// The news behind an entry, as JSON.
    pub(crate) async fn news(&self, hub: &str, behind: i64) -> Result<String, Error> {
        let row = self.client.query_one(&self.news, &[&hub, &behind]).await?;
        row.try_get(0)
    }

    /// Says why the hub refuses changes by SQL; without a reason they change nothing, and are done.
    pub(crate) async fn refuse(&self, edits: &[i64], why: Option<&str>) -> Result<(), Error> {
        self.client.execute(&self.refuse, &[&edits, &why]).await.map(drop)
    }
}
