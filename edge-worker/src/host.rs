//! The runtime's side of a request: the bindings, and the permission to go on after the answer.
use std::{ops::Deref, rc::Rc};

use worker::{Context, Env};

use crate::settings::Settings;

/// The bindings, the settings among them, and the event that brought a request.
pub(crate) struct Host {
    env: Env,
    event: Context,
    pub(crate) settings: Rc<Settings>,
}

impl Host {
    pub(crate) fn new(env: Env, event: Context, settings: Rc<Settings>) -> Self {
        Self { env, event, settings }
    }

    /// Lets work finish that the answer does not wait for.
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
