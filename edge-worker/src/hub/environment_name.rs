//! The name of the hub's environment, which requests tell it, and the store when an alarm wakes it.
use control::{EnvironmentName, first_environment};

use super::FlagHub;
use crate::{
    problem::Problem,
    store::{Access, Read as _, Store as _},
};

impl FlagHub {
    /// The name under which the environment is registered; `None` in the first hub.
    pub(super) fn registered(&self) -> Option<&EnvironmentName> {
        self.registered.get()?.as_ref()
    }

    /// Stores the name under which the environment is registered, for an alarm that wakes the hub without a request.
    pub(super) fn keep_name(&self) -> Result<(), Problem> {
        let Some(name) = self.registered().filter(|_| !self.is_name_kept.get()) else { return Ok(()) };
        if self.store.access()? == Access::Write {
            if self.store.registered_name()?.as_deref() != Some(name.as_str()) {
                self.store.keep_registered_name(name.as_str())?;
            }
            self.is_name_kept.set(true);
        }
        Ok(())
    }

    /// Learns from the store what no request has told yet.
    pub(super) fn recall_name(&self) -> Result<(), Problem> {
        if self.registered.get().is_none()
            && let Some(name) = self.store.registered_name()?.as_deref().and_then(EnvironmentName::parse)
        {
            self.registered.get_or_init(|| Some(name));
        }
        Ok(())
    }

    /// The name of the environment: that under which it is registered or, in the first hub, that in its document.
    pub(super) fn environment(&self) -> Result<Option<String>, Problem> {
        match self.registered() {
            Some(name) => Ok(Some(name.to_string())),
            None => Ok(first_environment(&self.ground.newest(&self.store)?.rows)),
        }
    }
}
