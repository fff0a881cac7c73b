//! Commands of operators, and their outcomes: the rows to write and the audit records.
use alloc::{boxed::Box, format, string::String, vec::Vec};

use sdk_core::{
    BucketKey, Compiler, Millis, OwnerKind, Restated, Ruleset,
    json::{Place, quoted},
    limits::MAX_DOCUMENT_BYTES,
};
use serde::{Deserialize, Serialize};

use crate::{
    Allowed, Consequence, Edits, Field, OwnerRows, Refusal, RefusalKind, RefusalPlace,
    change::{Action, Actor, Change},
    copy::{self, Definitions},
    define::{self, DefinitionChange},
    environment::{self, EnvironmentName},
    import::{self, Import, Imported},
    keys::{self, KeyCommand, NewKey},
    lifecycle::Observed,
    locks, overrides,
    revert::{self, Revert, Reverted},
    rollout_commands::{self, RolloutCommand},
    rollout_overrides,
    rows::{RowKey, RowKind, Rows, State},
    schedules::{self, ScheduleCommand},
    spelled, state_row,
    webhooks::{self, NewWebhook, WebhookCommand},
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
    /// The rows on pages that the command names, and those of the organization of a customer that it names. An import that replaces
    /// the state needs all rows on pages.
    pub paged: &'h Rows,
    /// The ruleset of these rows.
    pub ruleset: &'h Ruleset,
}

/// A command of an operator.
///
/// A command can be stored as JSON and carried out later: an object with one member, which the command names, and in which unknown members
/// are refused. JSON within a command, such as overrides and documents, is kept as text.
///
/// ```
/// # use control::Command;
/// let command: Command = serde_json::from_str(r#"{"kill":{"flag":"chat"}}"#)?;
/// assert_eq!(command, Command::Kill { flag: "chat".into() });
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Command {
    /// Sets and removes overrides of one owner.
    Override {
        /// The kind of the owner.
        #[serde(with = "spelled")]
        owner: OwnerKind,
        /// The id of the owner.
        id: String,
        /// The overrides as JSON, a tree or dotted keys as in a document. `null` removes an override; flags that are not named keep theirs.
        tree: String,
    },
    /// Removes all overrides of one owner.
    Clear {
        /// The kind of the owner.
        #[serde(with = "spelled")]
        owner: OwnerKind,
        /// The id of the owner.
        id: String,
    },
    /// Switches a flag off for everybody.
    Kill {
        /// The key of the flag, or an alias.
        flag: String,
    },
    /// Switches a flag on again.
    Revive {
        /// The key of the flag, or an alias.
        flag: String,
    },
    /// Carries out a command on the rollout of a flag.
    Rollout {
        /// The key of the flag, or an alias.
        flag: String,
        /// The command on the rollout.
        order: RolloutCommand,
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
    /// Carries out a command on a webhook.
    Webhook(WebhookCommand),
    /// Registers an environment, or opens one again that was removed.
    CreateEnvironment {
        /// The name of the environment.
        name: EnvironmentName,
    },
    /// Closes an environment: its keys open nothing, and its hub keeps its data.
    RemoveEnvironment {
        /// The name of the environment.
        name: EnvironmentName,
    },
    /// Gives the store a new epoch, so that nobody keeps what they hold of versions that the store no longer has: it was put back to an
    /// earlier state by other means than a restore.
    RenewEpoch {},
    /// Copies definitions of flags and segments from another environment.
    Copy(Definitions),
    /// Writes or removes the definition of one flag or one segment.
    Define(DefinitionChange),
    /// Reverts a change.
    Revert(Revert),
    /// Adds or cancels schedules.
    Schedule(ScheduleCommand),
    /// Imports a document over the rows of the hub.
    Import {
        /// The text of the document.
        document: String,
        /// The side whose `enabled`, `rollout` and overrides count.
        state: State,
        /// The losses that the operator allows.
        #[serde(default, skip_serializing_if = "Allowed::is_nothing")]
        allowed: Allowed,
    },
}

/// The inputs of a command that are drawn or counted when it is carried out. They are no part of the command, so a stored command holds no
/// secret, and is judged by the counts at the time when it is carried out.
#[derive(Clone, Default)]
pub struct Supplies<'s> {
    /// The counts of the present stage of the rollout that the command is about, from trusted callers.
    pub observed: Observed,
    /// The key to create, if the command creates one.
    pub new_key: Option<NewKey>,
    /// The webhook to create, if the command creates one.
    pub new_webhook: Option<NewWebhook>,
    /// True if the deployment lets the targets of webhooks be private.
    pub takes_private_targets: bool,
    /// The bucket key for a document that has none, over rows that have none.
    pub bucket_key: Option<BucketKey>,
    /// The rows of the change to revert; `None` if no change has the id.
    pub reverted: Option<&'s Reverted>,
    /// The edits of definitions since imports last wrote them; `None` if nobody knows of any.
    pub edits: Option<&'s dyn Edits>,
    /// The name of the environment that the hub is of; `None` for the first one, which its document names.
    pub environment: Option<EnvironmentName>,
    /// The overrides of all owners, which commands that replace definitions may visit; `None` if all are among the rows on pages.
    pub owners: Option<&'s dyn OwnerRows>,
}

/// The result of a command that was carried out.
#[derive(Default)]
pub struct CommandOutcome {
    /// The rows to write; `None` removes a row. Empty if the state is already what the command asks for.
    pub writes: Vec<(RowKey, Option<String>)>,
    /// The changes, of which each becomes an audit record. Empty exactly if nothing is written.
    pub changes: Vec<Change>,
    /// True if the store gets a new epoch with these writes.
    pub renews_epoch: bool,
    /// Entries for the log of a rollout.
    pub events: Vec<Event>,
    /// The new ruleset; `None` if the command does not change it, restates one flag of it, or kills a flag whose document does not compile.
    pub ruleset: Option<Ruleset>,
    /// The one flag that has another state in the new ruleset; `None` if `ruleset` is the new one, or there is none.
    pub restated: Option<Restated>,
    /// Warnings to show the operator; the command was carried out.
    pub warnings: Vec<String>,
    /// Notes to show the operator on what the command does not say: nothing is wrong, and it may not be what they expect.
    pub notes: Vec<String>,
    /// The report of an import; `None` for other commands.
    pub imported: Option<Box<Imported>>,
    /// The losses that the change brings; [`execute`] refuses those that the command does not allow.
    pub consequences: Vec<Consequence>,
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
/// `compiler` should have compiled the current rows: then it compiles only the flag that the command changes. With a new compiler the
/// outcome is the same, and takes longer.
///
/// ```
/// use control::{Command, CurrentState, Supplies, change::Actor, execute, rows::Rows};
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
/// let kill = Command::Kill { flag: "chats".into() };
/// let refusal = execute(current, &kill, Supplies::default(), &actor, &mut compiler).err();
/// assert_eq!(refusal.map(|refusal| refusal.detail), Some(r#"no flag has the key or alias "chats""#.into()));
/// # Ok::<(), sdk_core::DocumentError>(())
/// ```
pub fn execute(
    current: CurrentState<'_>,
    command: &Command,
    supplies: Supplies<'_>,
    actor: &Actor,
    compiler: &mut Compiler,
) -> Result<CommandOutcome, Refusal> {
    let edits = supplies.edits;
    let mut outcome = draft(current, command, supplies, actor, compiler)?;
    if outcome.consequences.iter().any(|consequence| !consequence.is_allowed) {
        return Err(Refusal::consequences(RefusalKind::Unsafe, outcome.consequences));
    }
    locks::check(current.rows, &outcome.changes, edits, actor)?;
    rollout_overrides::release(current, &mut outcome);
    Ok(outcome)
}

/// The outcome of a command if nothing it takes away and no lock stood against it, to show an operator.
///
/// # Errors
///
/// Every refusal of [`execute`] but those.
// Inlined, every command would be in the worker twice.
#[inline(never)]
pub fn draft(
    current: CurrentState<'_>,
    command: &Command,
    supplies: Supplies<'_>,
    actor: &Actor,
    compiler: &mut Compiler,
) -> Result<CommandOutcome, Refusal> {
    check_actor(actor)?;
    match command {
        Command::Override { owner, id, tree } => overrides::set(current, *owner, id, tree, actor),
        Command::Clear { owner, id } => overrides::clear(current, *owner, id, actor),
        Command::Kill { flag } => switch(current, flag, false, compiler),
        Command::Revive { flag } => switch(current, flag, true, compiler),
        Command::Rollout { flag, order } => rollout_commands::carry_out(current, flag, order, supplies.observed, actor, compiler),
        Command::Assign { customer, organization } => assign(current, customer, organization.as_deref()),
        Command::Key(order) => keys::carry_out(current, order, supplies.new_key, actor),
        Command::Webhook(order) => webhooks::carry_out(current, order, supplies.new_webhook, supplies.takes_private_targets, actor),
        Command::Define(change) => define::carry_out(current, change, supplies.owners, compiler),
        Command::Copy(definitions) => copy::carry_out(current, definitions, supplies.owners, compiler),
        Command::CreateEnvironment { name } => environment::create(current, supplies.environment.as_ref(), name, actor.at),
        Command::RemoveEnvironment { name } => environment::remove(current, supplies.environment.as_ref(), name),
        Command::RenewEpoch {} => Ok(renew_epoch(actor.at)),
        Command::Revert(revert) => revert::carry_out(current, revert, &supplies, actor, compiler),
        Command::Schedule(order) => schedules::carry_out(current, order, supplies.environment.as_ref(), actor),
        Command::Import { document, state, allowed } => {
            import::carry_out(current, Import { document, state: *state, allowed }, &supplies, actor, compiler)
        }
    }
}

/// Renews the epoch. The row makes a version, the first one of the new epoch.
fn renew_epoch(now: Millis) -> CommandOutcome {
    let row = (RowKey::of(RowKind::Epoch, "renewed"), Some(format!(r#"{{"at":{}}}"#, now.0)));
    CommandOutcome {
        writes: [row].into(),
        changes: [Change::new(Action::EpochRenewed)].into(),
        renews_epoch: true,
        ..CommandOutcome::default()
    }
}

/// Refuses an actor without a sound reason, or on behalf of an id that none can have.
pub(crate) fn check_actor(actor: &Actor) -> Result<(), Refusal> {
    check_reason(&actor.reason)?;
    actor.on_behalf_of.as_deref().map_or(Ok(()), |on_behalf_of| check_id(on_behalf_of, Field::OnBehalfOf))
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

/// Switches a flag off or on. A flag that the ruleset leaves out can be switched off by its key, whatever error it or the document has.
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
        overrides::check_new_owner(OwnerKind::Customer, customer)?;
        overrides::check_new_owner(OwnerKind::Organization, organization)?;
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
        if let Some(restated) = restate(self.rows, self.ruleset, key, &writes, compiler) {
            return Ok(CommandOutcome { writes, changes, restated: Some(restated), ..CommandOutcome::default() });
        }
        let document = self.rows.compose_after(&writes);
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

/// The change of a ruleset by writes to the state of one of its flags; `None` if only compiling the whole document tells.
///
/// `ruleset` and the newest document of `compiler` are of `rows`, to which the writes were not carried out yet.
pub fn restate(rows: &Rows, ruleset: &Ruleset, key: &str, writes: &[(RowKey, Option<String>)], compiler: &Compiler) -> Option<Restated> {
    let bytes: usize = writes.iter().filter_map(|(_, text)| text.as_ref()).map(String::len).sum();
    // A document at its limit is compiled, which may refuse it.
    if rows.bytes_at_most().saturating_add(bytes) > MAX_DOCUMENT_BYTES {
        return None;
    }
    compiler.restate(ruleset, key, &rows.flag_after(writes, &RowKey::of(RowKind::Flag, key))?)
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

#[cfg(test)]
mod tests;
