//! `If-Match`: an operator names the version that they read, and the request is refused if what it replaces changed since.
use crate::{http::routes::HubHandler, hub::wire, problem::Problem, query::Query, store::Read};

/// Returns true if a request takes the place of overrides that its operator read: then no other override may have changed since.
pub(super) fn replaces_overrides(handler: HubHandler, query: &Query) -> bool {
    match handler {
        HubHandler::ImportDocument => query.get("state") == Some("replace"),
        HubHandler::ChangeFeature | HubHandler::ChangeOverrides | HubHandler::AssignCustomer | HubHandler::RevertChange => true,
        _ => false,
    }
}

/// Refuses an `If-Match` that names no version since which nothing changed that the request replaces: overrides of single owners, which
/// programs write all day, count only where it replaces overrides. The trail's notes of the break-glass token never count.
pub(super) fn check(store: &impl Read, if_match: &str, overrides: bool) -> Result<(), Problem> {
    let newest = store.newest()?;
    let mut changed = store.definitions_version()?.number;
    if overrides {
        changed = changed.max(store.overrides_version()?.number);
    }
    if wire::matches(if_match, changed, newest) {
        return Ok(());
    }
    Err(if wire::is_versions(if_match) { Problem::version_mismatch(newest) } else { Problem::no_version_tag() })
}

#[cfg(test)]
mod tests {
    use control::rows::{RowKey, RowKind};
    use sdk_core::Millis;

    use super::*;
    use crate::{
        etag::Etag,
        http::routes::Verb,
        store::{
            Commit, Store,
            sqlite::{Sqlite, database::tests::Memory},
        },
        version::Version,
    };

    #[test]
    fn an_override_outdates_what_replaces_overrides_and_nothing_else() {
        let store = Sqlite::new(Memory::new());
        let put = |kind| {
            let writes = [(RowKey::of(kind, "a"), Some("{}".to_owned()))];
            store.commit(store.newest().unwrap(), &Commit { writes: &writes, ..Commit::default() }, Millis(1)).unwrap().unwrap()
        };
        let status =
            |version: Version, overrides| check(&store, Etag::version(version).as_str(), overrides).err().map(|problem| problem.status);
        let read = put(RowKind::Flag);
        assert_eq!([false, true].map(|overrides| status(read, overrides)), [None, None]);
        put(RowKind::BreakGlass);
        assert_eq!([false, true].map(|overrides| status(read, overrides)), [None, None]);
        for kind in [RowKind::Schedule, RowKind::RolloutOverride, RowKind::Webhook] {
            put(kind);
            assert_eq!([false, true].map(|overrides| status(read, overrides)), [None, None]);
        }
        let after = put(RowKind::Customer);
        assert_eq!([false, true].map(|overrides| status(read, overrides)), [None, Some(412)]);
        assert_eq!([false, true].map(|overrides| status(after, overrides)), [None, None]);
        put(RowKind::State);
        assert_eq!([false, true].map(|overrides| status(after, overrides)), [Some(412), Some(412)]);
        assert_eq!(check(&store, "\"4\"", false).err().map(|problem| problem.status), Some(400));
    }

    #[test]
    fn a_request_that_writes_overrides_replaces_those_that_its_operator_read() {
        for (handler, query, expected) in [
            (HubHandler::ImportDocument, "", false),
            (HubHandler::ImportDocument, "?state=keep", false),
            (HubHandler::ImportDocument, "?state=replace", true),
            (HubHandler::ChangeOverrides, "", true),
            (HubHandler::ChangeFeature, "", true),
            (HubHandler::AssignCustomer, "", true),
            (HubHandler::RevertChange, "", true),
            (HubHandler::Rollout(Verb::Rollback), "", false),
            (HubHandler::CopyDefinitions, "", false),
        ] {
            let query = Query::any(&format!("http://hub/admin/x{query}")).ok().unwrap();
            assert_eq!(replaces_overrides(handler, &query), expected, "{handler:?}");
        }
    }
}
