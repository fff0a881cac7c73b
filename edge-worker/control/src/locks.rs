//! Locked flags: a change of one needs a reason and an administrator.
use sdk_core::json::{Json, Place};

use crate::{
    Edits, Refusal, RefusalKind, RefusalPlace,
    change::{Action, Actor, Change},
    rows::{RowKey, RowKind, Rows},
};

/// The roles whose actors may change locked flags. The hub itself acts as `system`.
const ROLES: [&str; 3] = ["admin", "service", "system"];

/// Refuses changes of flags that are locked before, unless an administrator makes them and says why. A flag that was removed stays locked:
/// `edits` knows its last definition.
pub(crate) fn check(rows: &Rows, changes: &[Change], edits: Option<&dyn Edits>, actor: &Actor) -> Result<(), Refusal> {
    // An import that takes over an edit leaves the flag as it is.
    let is_change = |change: &&Change| change.action != Action::EditAdopted;
    let flags = changes.iter().filter(is_change).filter_map(|change| change.flag.as_deref());
    check_flags(rows, flags, edits, actor)
}

/// Refuses a change of any of these flags that is locked, unless an administrator makes it and says why.
pub(crate) fn check_flags<'f>(
    rows: &Rows,
    flags: impl Iterator<Item = &'f str>,
    edits: Option<&dyn Edits>,
    actor: &Actor,
) -> Result<(), Refusal> {
    let may_change = ROLES.contains(&actor.role.as_str()) && actor.has_reason();
    let locked = flags.filter(|_| !may_change).find(|flag| is_locked(rows, flag) || was_locked(rows, flag, edits));
    locked.map_or(Ok(()), |flag| {
        let place = RefusalPlace::Document(Place::ROOT.name("flags").name(flag).name("locked").pointer());
        let detail = alloc::format!("the flag {flag:?} is locked: a change of it needs the role admin, and a reason");
        Err(Refusal::new(RefusalKind::Locked, place, detail))
    })
}

/// Returns true if the definition of a flag says that it is locked.
pub(crate) fn is_locked(rows: &Rows, flag: &str) -> bool {
    rows.text(&RowKey::of(RowKind::Flag, flag)).is_some_and(locks)
}

/// Returns true if a flag was removed, and its last definition says that it is locked.
fn was_locked(rows: &Rows, flag: &str, edits: Option<&dyn Edits>) -> bool {
    is_removed(rows, flag)
        && edits.and_then(|edits| edits.last_text(&RowKey::of(RowKind::Flag, flag))).is_some_and(|definition| locks(&definition))
}

/// Returns true if a flag has a state and no definition.
fn is_removed(rows: &Rows, flag: &str) -> bool {
    let has = |kind| rows.text(&RowKey::of(kind, flag)).is_some();
    has(RowKind::State) && !has(RowKind::Flag)
}

fn locks(definition: &str) -> bool {
    serde_json::from_str::<Json<'_>>(definition).is_ok_and(|definition| definition.get("locked") == Some(&Json::Boolean(true)))
}
