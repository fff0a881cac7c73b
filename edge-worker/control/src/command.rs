//! Commands of operators, and their outcomes: the rows to write and the audit records.
use alloc::{format, string::String, vec::Vec};

use sdk_core::{
    Compiler, OwnerKind, Ruleset,
    json::{Place, quoted},
};

use crate::{
    Field, Refusal, RefusalKind, RefusalPlace,
    change::{Action, Actor, Change},
    keys::{self, KeyCommand},
    lifecycle::Observed,
    overrides,
    rollout_commands::{self, RolloutCommand},
    rows::{RowKey, RowKind, Rows},
    state_row,
};

/// The longest id of a customer or an organization in a command, in bytes.
pub const MAX_ID: usize = 256;
/// The longest reason, in bytes.
pub const MAX_REASON: usize = 2_000;

/// The state that a command is about to change.
#[derive(Clone, Copy)]
pub struct CurrentState<'h> {
    /// Every row except those on pages, which are overrides and memberships.
    pub rows: &'h Rows,
    /// The rows on pages that the command names, and those of the organization of a customer that it names.
    pub paged: &'h Rows,
    /// The ruleset of these rows.
    pub ruleset: &'h Ruleset,
}

/// A command of an operator.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Sets and removes overrides of one owner.
    Override {
        /// The kind of the owner.
        owner: OwnerKind,
        /// The id of the owner.
        id: String,
        /// The overrides as JSON, a tree or dotted keys as in a document. `null` removes an override; flags that are not named keep theirs.
        tree: String,
    },
    /// Removes all overrides of one owner.
    Clear {
        /// The kind of the owner.
        owner: OwnerKind,
        /// The id of the owner.
        id: String,
    },
    /// Switches a flag off for everybody.
    Kill {
        /// Its key or an alias.
        flag: String,
    },
    /// Switches a flag on again.
    Revive {
        /// Its key or an alias.
        flag: String,
    },
    /// Carries out a command on the rollout of a flag.
    Rollout {
        /// The key of the flag, or an alias.
        flag: String,
        /// The command on the rollout.
        order: RolloutCommand,
        /// The counts of the rollout's present stage, from trusted callers.
        observed: Observed,
    },
    /// Assigns a customer to an organization.
    Assign {
        /// The id of the customer.
        customer: String,
        /// The id of the organization; `None` if the customer is to belong to none.
        organization: Option<String>,
    },
    /// Carries out a command on a key.
    Key(KeyCommand),
}

/// The result of a command that was carried out.
#[derive(Default)]
pub struct CommandOutcome {
    /// The rows to write; `None` removes a row. Empty if the state is already what the command asks for.
    pub writes: Vec<(RowKey, Option<String>)>,
    /// The changes, of which each becomes an audit record. Empty exactly if nothing is written.
    pub changes: Vec<Change>,
    /// Entries for the log of a rollout.
    pub events: Vec<Event>,
    /// The new ruleset; `None` if the command does not change it, or kills a flag whose document does not compile.
    pub ruleset: Option<Ruleset>,
    /// Warnings to show the operator; the command was carried out.
    pub warnings: Vec<String>,
}

/// An entry in the log of a rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The key of the flag.
    pub flag: String,
    /// The name of the flag among features, as in [`Feature::name`](crate::Feature::name).
    pub feature: String,
    /// `enabled` if more units have the flag than before, `disabled` if fewer have it, `rollback` if nobody has it.
    pub name: &'static str,
    /// The tier and the percentage before and after, as a JSON object.
    pub metadata: String,
}

/// Carries out a command: returns the rows to write and their records, or the reason why the command is refused.
///
/// `compiler` should have compiled the current rows: then it compiles only the flag that the command changes, and none for a kill. A
/// new compiler leads to the same outcome, later.
///
/// ```
/// use control::{Command, CurrentState, change::Actor, execute, rows::Rows};
/// use sdk_core::{Compiler, Millis};
///
/// let document = r#"{ "schema": "twinflag/1", "bucketKey": "000102030405060708090a0b0c0d0e0f", "flags": { "chat": {} } }"#;
/// let rows = Rows::split(document).unwrap_or_default();
/// let mut compiler = Compiler::new();
/// let ruleset = compiler.compile(document, None)?.ruleset;
///
/// let current = CurrentState { rows: &rows, paged: &Rows::default(), ruleset: &ruleset };
/// let (subject, role, reason) = ("ann".into(), "admin".into(), "it is broken".into());
/// let actor = Actor { subject, role, on_behalf_of: None, reason, at: Millis(0) };
/// let refusal = execute(current, &Command::Kill { flag: "chats".into() }, &actor, &mut compiler).err();
/// assert_eq!(refusal.map(|refusal| refusal.detail), Some(r#"no flag has the key or alias "chats""#.into()));
/// # Ok::<(), sdk_core::DocumentError>(())
/// ```
pub fn execute(current: CurrentState<'_>, command: &Command, actor: &Actor, compiler: &mut Compiler) -> Result<CommandOutcome, Refusal> {
    check_reason(&actor.reason)?;
    if let Some(on_behalf_of) = &actor.on_behalf_of {
        check_id(on_behalf_of, Field::OnBehalfOf)?;
    }
    match command {
        Command::Override { owner, id, tree } => overrides::set(current, *owner, id, tree, actor),
        Command::Clear { owner, id } => overrides::clear(current, *owner, id, actor),
        Command::Kill { flag } => switch(current, flag, false, compiler),
        Command::Revive { flag } => switch(current, flag, true, compiler),
        Command::Rollout { flag, order, observed } => rollout_commands::carry_out(current, flag, order, *observed, actor, compiler),
        Command::Assign { customer, organization } => assign(current, customer, organization.as_deref()),
        Command::Key(order) => keys::carry_out(current, order, actor.at),
    }
}

/// Refuses a reason that is blank, longer than [`MAX_REASON`] bytes, or holds U+0000.
pub fn check_reason(reason: &str) -> Result<(), Refusal> {
    if reason.trim().is_empty() || reason.len() > MAX_REASON || reason.contains('\0') {
        return Err(Refusal::invalid(Field::Reason, format!("expected a reason of 1 to {MAX_REASON} bytes")));
    }
    Ok(())
}

/// Refuses an id that is empty, longer than [`MAX_ID`] bytes, or has control characters.
pub(crate) fn check_id(id: &str, place: impl Into<RefusalPlace>) -> Result<(), Refusal> {
    if id.is_empty() || id.len() > MAX_ID || id.chars().any(char::is_control) {
        return Err(Refusal::invalid(place, format!("expected an id of 1 to {MAX_ID} bytes without control characters")));
    }
    Ok(())
}

/// Switches a flag off or on. A flag that is left out of the ruleset can be switched off by its key: nothing that is wrong with it, or
/// with the document, stands in the way.
fn switch(current: CurrentState<'_>, flag: &str, enabled: bool, compiler: &mut Compiler) -> Result<CommandOutcome, Refusal> {
    let is_left_out = || current.rows.text(&RowKey::of(RowKind::Flag, flag)).is_some();
    let key = match current.flag(flag) {
        Err(_) if !enabled && is_left_out() => flag,
        found => found?,
    };
    let before = current.rows.get(RowKind::State, key).unwrap_or("{}");
    let was = state_row::enabled(before);
    if was == enabled {
        return Ok(CommandOutcome::default());
    }
    let action = if enabled { Action::FlagRevived } else { Action::FlagKilled };
    let json = |value: bool| Some(format!(r#"{{"enabled":{value}}}"#));
    let change = Change {
        flag: Some(key.into()),
        old_value: Some(was),
        new_value: Some(enabled),
        old: json(was),
        new: json(enabled),
        ..Change::new(action)
    };
    let write = (RowKey::of(RowKind::State, key), Some(state_row::with_enabled(before, enabled)));
    match current.compiled(key, [write.clone()].into(), [change.clone()].into(), compiler) {
        Err(_) if !enabled => Ok(CommandOutcome { writes: [write].into(), changes: [change].into(), ..CommandOutcome::default() }),
        compiled => compiled,
    }
}

/// Assigns a customer to an organization, or to none.
fn assign(current: CurrentState<'_>, customer: &str, organization: Option<&str>) -> Result<CommandOutcome, Refusal> {
    check_id(customer, Field::Customer)?;
    if let Some(organization) = organization {
        check_id(organization, Field::Organization)?;
    }
    let key = RowKey::of(RowKind::Membership, customer);
    let text = organization.map(quoted);
    let before = current.paged.text(&key);
    if before == text.as_deref() {
        return Ok(CommandOutcome::default());
    }
    let change = Change {
        customer: Some(customer.into()),
        organization: organization.map(Into::into),
        old: before.map(Into::into),
        new: text.clone(),
        ..Change::new(Action::CustomerAssigned)
    };
    Ok(CommandOutcome { writes: [(key, text)].into(), changes: [change].into(), ..CommandOutcome::default() })
}

/// The organization that a customer belongs to; `None` if the rows name none.
pub fn organization_of(rows: &Rows, customer: &str) -> Option<String> {
    serde_json::from_str(rows.text(&RowKey::of(RowKind::Membership, customer))?).ok()
}

impl<'h> CurrentState<'h> {
    /// The key of the flag with this key or alias.
    pub(crate) fn flag(&self, name: &str) -> Result<&'h str, Refusal> {
        let found = self.ruleset.find(name).map(|number| self.ruleset.key_of(number));
        found.ok_or_else(|| {
            let detail = if self.rows.get(RowKind::Flag, name).is_some() {
                format!("flag {name:?} is left out of the ruleset; a dry run of an import says why")
            } else {
                format!("no flag has the key or alias {name:?}")
            };
            Refusal::new(RefusalKind::FlagNotFound, Field::Flag, detail)
        })
    }

    /// The outcome of these writes to a flag; a refusal if the flag does not compile with them.
    pub(crate) fn compiled(
        &self,
        key: &str,
        writes: Vec<(RowKey, Option<String>)>,
        changes: Vec<Change>,
        compiler: &mut Compiler,
    ) -> Result<CommandOutcome, Refusal> {
        let document = self.rows.compose_after(&writes, false);
        let compiled = compiler.compile(&document, self.rows.bucket_key()).map_err(|error| Refusal::document(&error))?;
        if compiled.ruleset.find(key).is_none() {
            let place = Place::ROOT.name("flags").name(key).pointer();
            let own = compiled.errors.iter().find(|error| error.pointer.starts_with(&place));
            let unsaid = || Refusal::invalid(RefusalPlace::Document(place.clone()), "the flag would be left out");
            return Err(own.map_or_else(unsaid, Refusal::document));
        }
        Ok(CommandOutcome { writes, changes, ruleset: Some(compiled.ruleset), ..CommandOutcome::default() })
    }
}

/// Carries out the writes of an outcome on rows.
pub fn apply(rows: &mut Rows, writes: &[(RowKey, Option<String>)]) {
    for (key, text) in writes {
        match text {
            Some(text) => rows.insert(key.clone(), text.clone()),
            None => rows.remove(key),
        }
    }
}
