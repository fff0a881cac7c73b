//! The runtime's side of a request: the bindings, and leave to go on after the answer.
use std::ops::Deref;

use worker::{Context, Env};

/// The bindings, and the event that a request came by.
pub(crate) struct Host {
    env: Env,
    event: Context,
}

impl Host {
    pub(crate) fn new(env: Env, event: Context) -> Self {
        Self { env, event }
    }

    /// Lets something finish that the answer does not wait for.
    pub(crate) fn behind(&self, work: impl Future<Output = ()> + 'static) {
        self.event.wait_until(work);
    }
}

impl Deref for Host {
    type Target = Env;

    fn deref(&self) -> &Env {
        &self.env
    }
}
