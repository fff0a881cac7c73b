//! Settles a hub that was restored from a backup, which may be of another environment.
//!
//! The first hub opens all environments: a key opens the one that its text names, if the first hub has registered that, and else the first
//! one. So a backup brings no valid key of another environment along, and closes no environment that the hub has registered.
use alloc::{format, string::String, vec::Vec};

use sdk_core::Millis;
use serde::{Deserialize, Serialize};

use crate::{
    CommandOutcome, EnvironmentName, Refusal, RefusalKind, RefusalPlace, Registered,
    environment::{self, named_environment},
    environments, keys,
    rows::Rows,
    schedules, webhooks,
};

/// The facts about a hub that a restore keeps.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct BeforeRestore {
    /// The name of the hub's environment; `None` if it has none, or if the hub is new.
    pub environment: Option<String>,
    /// The environments that the hub has registered: those of the first hub, none of others.
    pub registered: Vec<(EnvironmentName, Registered)>,
}

/// Returns the writes that a hub needs besides the rows of a backup: registers again the environments that the backup does not have, and
/// revokes the keys of other environments. Ends the schedules of another environment, and those that were due before the restore. Refuses a
/// backup of another environment, unless `named` is the environment's name.
pub fn settle(rows: &Rows, before: &BeforeRestore, named: Option<&str>, now: Millis) -> Result<CommandOutcome, Refusal> {
    let BeforeRestore { environment: own, registered } = before;
    let origin = origin(rows);
    let is_registered = |name: &str| registered.iter().any(|(known, _)| known.as_str() == name);
    let is_other = origin.as_deref().is_some_and(|origin| own.as_deref().map_or(is_registered(origin), |own| own != origin));
    if named.map_or(is_other, |named| origin.as_deref() != Some(named)) {
        let (of, into) = (shown(origin.as_deref()), shown(own.as_deref()));
        let why = format!("the backup is of {of}, and the hub of {into}: name the backup's in ?from=, and its keys are revoked");
        return Err(Refusal::new(RefusalKind::OtherEnvironment, RefusalPlace::Command, why));
    }
    let mut outcome = CommandOutcome::default();
    let mut add = |(write, change)| {
        outcome.writes.push(write);
        outcome.changes.push(change);
    };
    for (name, row) in registered {
        if environments(rows).all(|(known, _)| known != *name) {
            add(environment::registering(name, row));
        }
    }
    for (id, key) in keys::keys(rows).filter(|(_, key)| key.holds(now)) {
        if is_other || key.environment().is_some_and(|name| is_registered(name.as_str())) {
            add(keys::revoking(id, key, now));
        }
    }
    for ended in schedules::schedules(rows).filter_map(|schedule| schedules::settled(&schedule, is_other, now)) {
        outcome.writes.extend(ended.writes);
        outcome.changes.extend(ended.changes);
    }
    // The targets of another environment are told of that one's changes by its own hub.
    for (id, webhook) in webhooks::webhooks(rows).filter(|_| is_other) {
        let CommandOutcome { writes, changes, .. } = webhooks::disabling(id, &webhook, now);
        outcome.writes.extend(writes);
        outcome.changes.extend(changes);
    }
    Ok(outcome)
}

/// The environment whose rows these are: the one that the document names or, without a name there, that a key does.
fn origin(rows: &Rows) -> Option<String> {
    named_environment(rows).or_else(|| keys::keys(rows).find_map(|(_, key)| key.environment()).map(|name| name.as_str().into()))
}

fn shown(name: Option<&str>) -> String {
    name.map_or_else(|| "an environment without a name".into(), |name| format!("{name:?}"))
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString as _, vec};

    use super::*;
    use crate::{
        Key, KeyIdentity, KeyKind, KeyTerms, NewKeySecret, apply,
        rows::{RowKey, RowKind},
    };

    const NOW: Millis = Millis(7);

    fn name(text: &str) -> EnvironmentName {
        EnvironmentName::parse(text).unwrap()
    }

    /// The rows of a hub whose document and whose one key have these names.
    fn hub(document: Option<&str>, key: Option<&str>) -> Rows {
        let mut rows = Rows::default();
        if let Some(named) = document {
            rows.insert(RowKey::of(RowKind::Member, "environment"), format!("{named:?}"));
        }
        let terms = KeyTerms {
            kind: KeyKind::Server,
            label: "l".into(),
            origins: vec![],
            tags: vec![],
            identity: KeyIdentity::Open,
            signed_attributes: Vec::new(),
            expires_at: None,
            role: None,
        };
        let secret = NewKeySecret::of(&KeyKind::Server.secret(key.map(name).as_ref(), [1; crate::RANDOM]), "i");
        rows.insert(RowKey::of(RowKind::Key, "k-1"), keys::fresh(&secret, terms, NOW).to_row());
        rows
    }

    fn before(environment: Option<&str>, registered: &[&str]) -> BeforeRestore {
        let registered = registered.iter().map(|text| (name(text), Registered { created_at: Millis(3) })).collect();
        BeforeRestore { environment: environment.map(Into::into), registered }
    }

    /// Returns true if the key is valid afterwards, with the environments that are registered then; or the kind of the refusal.
    fn settled(rows: &Rows, before: &BeforeRestore, named: Option<&str>) -> Result<(bool, Vec<String>), RefusalKind> {
        let outcome = settle(rows, before, named, NOW).map_err(|refusal| refusal.kind)?;
        assert_eq!(outcome.writes.len(), outcome.changes.len());
        let mut after = rows.clone();
        apply(&mut after, &outcome.writes);
        let holds = keys::keys(&after).all(|(_, key): (_, Key)| key.holds(NOW));
        Ok((holds, environments(&after).map(|(name, _)| name.to_string()).collect()))
    }

    #[test]
    fn a_backup_of_another_environment_is_named_and_its_keys_are_revoked() {
        let (staging, refused) = (hub(Some("staging"), Some("staging")), Err(RefusalKind::OtherEnvironment));
        let first = before(Some("production"), &["dev", "staging"]);
        for (named, expected) in [
            (None, refused.clone()),
            (Some("production"), refused.clone()),
            (Some("staging"), Ok((false, vec!["dev".into(), "staging".into()]))),
        ] {
            assert_eq!(settled(&staging, &first, named), expected, "{named:?}");
        }
        // Without a document, and in a first hub without a name, the key tells whose backup it is.
        assert_eq!(settled(&hub(None, Some("staging")), &first, None), refused);
        assert_eq!(settled(&staging, &before(None, &["staging"]), None), refused);
        // A key without a name, made before there were names, goes with the others.
        assert_eq!(settled(&hub(Some("staging"), None), &before(Some("production"), &[]), Some("staging")), Ok((false, vec![])));
        assert_eq!(settled(&hub(Some("production"), None), &before(Some("staging"), &[]), None), refused);
    }

    #[test]
    fn the_webhooks_of_another_environments_backup_are_disabled() {
        let mut rows = hub(Some("staging"), None);
        let terms = crate::WebhookTerms {
            label: "l".into(),
            url: "https://hooks.example/1".into(),
            format: crate::WebhookFormat::Generic,
            kinds: vec![crate::NoticeKind::Change],
            is_private: false,
            is_enabled: true,
        };
        let made = crate::Webhook { terms, secret: crate::WebhookSecret([1; 32]), created_at: NOW, disabled_at: None };
        rows.insert(RowKey::of(RowKind::Webhook, "w-1"), made.to_row());
        for (own, is_enabled) in [("staging", true), ("production", false)] {
            let outcome = settle(&rows, &before(Some(own), &[]), Some("staging"), NOW).unwrap();
            let mut after = rows.clone();
            apply(&mut after, &outcome.writes);
            assert_eq!(webhooks::webhooks(&after).map(|(_, webhook)| webhook.terms.is_enabled).collect::<Vec<_>>(), [is_enabled], "{own}");
        }
    }

    #[test]
    fn the_own_backup_keeps_its_keys_and_every_environment_stays_registered() {
        let mut own = hub(Some("production"), Some("production"));
        let row = (name("old"), Registered { created_at: Millis(2) });
        apply(&mut own, &[environment::registering(&row.0, &row.1).0]);
        for named in [None, Some("production")] {
            let all = vec!["old".to_string(), "staging".to_string()];
            assert_eq!(settled(&own, &before(Some("production"), &["old", "staging"]), named), Ok((true, all)));
        }
        // A new hub needs no changes, because its name does not count.
        assert!(settle(&own, &before(None, &[]), None, NOW).unwrap().writes.is_empty());
        assert!(settle(&hub(Some("staging"), Some("staging")), &before(Some("staging"), &[]), None, NOW).unwrap().writes.is_empty());
    }

    #[test]
    fn a_key_that_names_a_registered_environment_is_revoked() {
        let own = hub(Some("production"), Some("staging"));
        assert_eq!(settled(&own, &before(Some("production"), &["staging"]), None), Ok((false, vec!["staging".into()])));
        assert_eq!(settled(&own, &before(Some("production"), &["stagin"]), None), Ok((true, vec!["stagin".into()])));
    }
}
