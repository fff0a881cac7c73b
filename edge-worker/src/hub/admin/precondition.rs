//! `If-Match`: an operator names the version that they read, and the request is refused if what it replaces changed since.
use crate::{
    http::routes::HubHandler,
    hub::{FlagHub, wire},
    problem::Problem,
    query::Query,
    store::Read,
};

/// Returns true if a request takes the place of overrides that its operator read: then no other override may have changed since.
pub(super) fn replaces_overrides(handler: HubHandler, query: &Query) -> bool {
    match handler {
        HubHandler::ImportDocument => query.get("state") == Some("replace"),
        HubHandler::ChangeFeature | HubHandler::ChangeOverrides | HubHandler::AssignCustomer | HubHandler::RevertChange => true,
        _ => false,
    }
}

impl FlagHub {
    /// Refuses an `If-Match` that names no version since which nothing changed that the request replaces: overrides of single owners, which
    /// programs write all day, count only where it replaces overrides. The trail's notes of the break-glass token never count.
    pub(super) fn check_if_match(&self, if_match: &str, overrides: bool) -> Result<(), Problem> {
        let newest = self.store.newest()?;
        let mut changed = self.store.definitions_version()?.number;
        if overrides {
            changed = changed.max(self.store.overrides_version()?.number);
        }
        if wire::matches(if_match, changed, newest) {
            return Ok(());
        }
        Err(if wire::is_versions(if_match) { Problem::version_mismatch(newest) } else { Problem::no_version_tag() })
    }
}
