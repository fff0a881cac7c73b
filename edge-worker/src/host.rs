//! The runtime's side of a request: its bindings, and work that continues after the answer.
use std::{ops::Deref, rc::Rc};

use worker::{Context, Env};

use crate::settings::Settings;

/// The worker's bindings and settings, and the event that brought the request.
pub(crate) struct Host {
    env: Env,
    event: Context,
    pub(crate) settings: Rc<Settings>,
}

impl Host {
    pub(crate) fn new(env: Env, event: Context, settings: Rc<Settings>) -> Self {
        Self { env, event, settings }
    }

    /// Keeps the event alive until this work ends; the answer does not wait for it.
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
