//! Finds the slice of an import that gave an owner the override that answers.
use control::{
    change::Action,
    changes_override,
    rows::{RowKey, RowKind},
};
use sdk_core::OwnerKind;

use super::{FlagHub, wire::Explaining};
use crate::{
    problem::Problem,
    store::{
        Read,
        audit::{ChangesQuery, Stored},
    },
};

/// The most slices about one owner that are compared; one of an owner that more slices wrote since may stay unnamed.
const MOST: u32 = 100;

impl FlagHub {
    /// The record of the newest slice that changed the override which answered, if it is newer than `record`; else `record`. The record of
    /// a slice names no owner: the rows of its version do.
    pub(super) fn newer_import(&self, asked: &Explaining<'_>, record: Option<Stored>) -> Result<Option<Stored>, Problem> {
        let (owner, id) = match (&*asked.layer, &asked.customer, &asked.organization) {
            ("customer", Some(customer), _) => (OwnerKind::Customer, customer),
            ("organization", _, Some(organization)) => (OwnerKind::Organization, organization),
            _ => return Ok(record),
        };
        let key = RowKey::of(RowKind::from(owner), id);
        let ground = self.ground()?;
        let known = record.as_ref().map_or(0, |record| record.link.version);
        for version in self.store.import_versions(&key, asked.version, MOST)?.into_iter().take_while(|version| *version > known) {
            let before = self.store.last_write(&key, Some(version))?;
            let before = before.map(|before| self.store.written(&key, before)).transpose()?.flatten();
            let after = self.store.written(&key, version)?;
            if changes_override(&ground.ruleset, owner, id, [before.as_deref(), after.as_deref()], &asked.flag) {
                let query = ChangesQuery {
                    version: Some(version),
                    action: Some(Action::OverridesImported.as_str().into()),
                    limit: 1,
                    ..ChangesQuery::default()
                };
                return Ok(self.store.changes(&query)?.entries.into_iter().next().or(record));
            }
        }
        Ok(record)
    }
}
