//! Commands: what an operator may ask for, and the rows and records that it makes.
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
    /// All rows but those that lie on pages: overrides and memberships.
    pub rows: &'h Rows,
    /// Rows on pages: those that the command names, and those of the organization of a customer it names.
    pub paged: &'h Rows,
    /// The ruleset of these rows.
    pub ruleset: &'h Ruleset,
}

/// A command by an operator.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Sets and removes overrides of one owner.
    Override {
        /// The kind of the owner.
        owner: OwnerKind,
        /// The id of the owner.
        id: String,
        /// A tree or dotted keys, as in a document; `null` removes. Flags that it does not name keep theirs.
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
    /// Does something to a flag's rollout.
    Rollout {
        /// The key of the flag, or an alias.
        flag: String,
        /// The command on it.
        order: RolloutCommand,
        /// Counts of its present stage from trusted callers.
        observed: Observed,
    },
    /// Says to which organization a customer belongs; without one, to none.
    Assign {
        /// The customer.
        customer: String,
        /// The organization.
        organization: Option<String>,
    },
    /// Does something to a key.
    Key(KeyCommand),
}

/// The result of a command that was carried out.
#[derive(Default)]
pub struct CommandOutcome {
    /// The rows to write; `None` takes one away. Empty where everything is as it was wanted.
    pub writes: Vec<(RowKey, Option<String>)>,
    /// The changes, a record each. Empty exactly where nothing is written.
    pub changes: Vec<Change>,
    /// Entries for the log of a rollout.
    pub events: Vec<Event>,
    /// The ruleset from now on, where the command changes it.
    pub ruleset: Option<Ruleset>,
    /// Warnings to show the operator; the command was carried out.
    pub warnings: Vec<String>,
}

/// An entry in the log of a rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The key of the flag.
    pub flag: String,
    /// The name that the rollout of the flag goes by.
    pub feature: String,
    /// `enabled`, `disabled` or `rollback`: more have it, fewer, or nobody.
    pub name: &'static str,
    /// A JSON object.
    pub metadata: String,
}

/// Carries out a command, or says why not.
///
/// `compiler` compiled the rows as they are: of the flags only the one that the command changes is compiled again, and none where a
/// flag is killed. A new compiler leads to the same outcome, later.
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

/// Refuses a reason that says nothing, or too much.
pub fn check_reason(reason: &str) -> Result<(), Refusal> {
    if reason.trim().is_empty() || reason.len() > MAX_REASON || reason.contains('\0') {
        return Err(Refusal::invalid(Field::Reason, format!("expected a reason of 1 to {MAX_REASON} bytes")));
    }
    Ok(())
}

/// Refuses an id that no context can have, or that nobody can read.
pub(crate) fn check_id(id: &str, place: impl Into<RefusalPlace>) -> Result<(), Refusal> {
    if id.is_empty() || id.len() > MAX_ID || id.chars().any(char::is_control) {
        return Err(Refusal::invalid(place, format!("expected an id of 1 to {MAX_ID} bytes without control characters")));
    }
    Ok(())
}

/// Switches a flag off or on.
fn switch(current: CurrentState<'_>, flag: &str, enabled: bool, compiler: &mut Compiler) -> Result<CommandOutcome, Refusal> {
    let key = current.flag(flag)?;
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
    current.compiled(key, [write].into(), [change].into(), compiler)
}

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

/// The organization that a customer belongs to, as far as the rows say.
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

    /// The outcome of writing to a flag, if the flag compiles with it.
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

/// Writes the rows of an outcome into others.
pub fn apply(rows: &mut Rows, writes: &[(RowKey, Option<String>)]) {
    for (key, text) in writes {
        match text {
            Some(text) => rows.insert(key.clone(), text.clone()),
            None => rows.remove(key),
        }
    }
}
