//! Commands, and what they lead to.
use alloc::{format, string::String, vec::Vec};

use sdk_core::{
    DocumentError, Millis, OwnerKind, Ruleset, compile,
    json::{Place, quoted},
};

use crate::{
    change::{Action, By, Change},
    keys::{self, KeyOrder},
    lifecycle::{Observed, Stop},
    overrides,
    rollout_commands::{self, Order},
    rows::{RowKey, RowKind, Rows},
    state_row,
};

/// The longest id of a customer or an organization in a command, in bytes.
pub const MAX_ID: usize = 256;
/// The longest reason, in bytes.
pub const MAX_REASON: usize = 2_000;

/// What a command is about to change.
#[derive(Clone, Copy)]
pub struct Held<'h> {
    /// All rows but those that lie on pages: overrides and memberships.
    pub rows: &'h Rows,
    /// Rows on pages: those that the command names, and those of the organization of a customer it names.
    pub paged: &'h Rows,
    /// What these rows compile to.
    pub ruleset: &'h Ruleset,
}

/// What an operator wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Sets and removes overrides of one owner.
    Override {
        /// Whether it is a customer or an organization,
        owner: OwnerKind,
        /// and which.
        id: String,
        /// A tree or dotted keys, as in a document; `null` removes. What it does not name stays.
        tree: String,
    },
    /// Removes all overrides of one owner.
    Clear {
        /// Whether it is a customer or an organization,
        owner: OwnerKind,
        /// and which.
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
        /// What.
        order: Order,
        /// What those who are trusted counted of its present stage.
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
    Key(KeyOrder),
}

/// What a command leads to.
#[derive(Default)]
pub struct Steered {
    /// The rows to write; `None` takes one away. Empty where everything is as it was wanted.
    pub writes: Vec<(RowKey, Option<String>)>,
    /// What is different, a record each. Empty exactly where nothing is written.
    pub changes: Vec<Change>,
    /// What goes to the log of a rollout.
    pub events: Vec<Event>,
    /// What the rows compile to from now on, where that is something else.
    pub ruleset: Option<Ruleset>,
    /// What the operator may not have meant.
    pub warnings: Vec<String>,
}

/// An entry in the log of a rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The key of the flag,
    pub flag: String,
    /// and the name that its rollout goes by.
    pub feature: String,
    /// `enabled`, `disabled` or `rollback`: more have it, fewer, or nobody.
    pub name: &'static str,
    /// A JSON object.
    pub metadata: String,
}

/// Why a command is not carried out. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of reason.
    pub kind: RefusalKind,
    /// Where in the command: a JSON pointer.
    pub pointer: String,
    /// What is wrong and what was expected.
    pub detail: String,
    /// When it may be tried again.
    pub until: Option<Millis>,
}

/// What kind of reason a refusal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// There is no flag of this name, or it was left out of the ruleset.
    FlagNotFound,
    /// The command says something that cannot be.
    Invalid,
    /// The step does not lead anywhere from where the rollout is.
    IllegalStep,
    /// The present tier has to last longer.
    TooEarly,
    /// What was observed says no, or too little.
    GateClosed,
    /// There is no key with this id.
    KeyNotFound,
}

impl Refusal {
    pub(crate) fn new(kind: RefusalKind, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { kind, pointer: pointer.into(), detail: detail.into(), until: None }
    }

    pub(crate) fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(RefusalKind::Invalid, pointer, detail)
    }
}

impl From<Stop> for Refusal {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Illegal(detail) => Self::new(RefusalKind::IllegalStep, "", detail),
            Stop::Gate(detail) => Self::new(RefusalKind::GateClosed, "", detail),
            Stop::TooEarly(until) => {
                let detail = format!("the present tier has to last until {}, or be forced with a reason", until.to_rfc3339());
                Self { until: Some(until), ..Self::new(RefusalKind::TooEarly, "", detail) }
            }
        }
    }
}

/// Carries out a command, or says why not.
pub fn steer(held: Held<'_>, command: &Command, by: &By) -> Result<Steered, Refusal> {
    check_reason(&by.reason)?;
    if let Some(on_behalf_of) = &by.on_behalf_of {
        check_id(on_behalf_of, "/changedBy")?;
    }
    match command {
        Command::Override { owner, id, tree } => overrides::set(held, *owner, id, tree, by),
        Command::Clear { owner, id } => overrides::clear(held, *owner, id, by),
        Command::Kill { flag } => switch(held, flag, false),
        Command::Revive { flag } => switch(held, flag, true),
        Command::Rollout { flag, order, observed } => rollout_commands::carry_out(held, flag, order, *observed, by),
        Command::Assign { customer, organization } => assign(held, customer, organization.as_deref()),
        Command::Key(order) => keys::carry_out(held, order, by.at),
    }
}

/// Refuses a reason that says nothing, or too much.
pub fn check_reason(reason: &str) -> Result<(), Refusal> {
    if reason.trim().is_empty() || reason.len() > MAX_REASON || reason.contains('\0') {
        return Err(Refusal::invalid("/reason", format!("expected a reason of 1 to {MAX_REASON} bytes")));
    }
    Ok(())
}

/// Refuses an id that no context can have, or that nobody can read.
pub(crate) fn check_id(id: &str, pointer: &str) -> Result<(), Refusal> {
    if id.is_empty() || id.len() > MAX_ID || id.chars().any(char::is_control) {
        return Err(Refusal::invalid(pointer, format!("expected an id of 1 to {MAX_ID} bytes without control characters")));
    }
    Ok(())
}

/// Switches a flag off or on.
fn switch(held: Held<'_>, flag: &str, enabled: bool) -> Result<Steered, Refusal> {
    let key = held.flag(flag)?;
    let before = held.rows.get(RowKind::State, key).unwrap_or("{}");
    let was = state_row::enabled(before);
    if was == enabled {
        return Ok(Steered::default());
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
    held.compiled(key, [write].into(), [change].into())
}

fn assign(held: Held<'_>, customer: &str, organization: Option<&str>) -> Result<Steered, Refusal> {
    check_id(customer, "/customerId")?;
    if let Some(organization) = organization {
        check_id(organization, "/organizationId")?;
    }
    let key = RowKey::of(RowKind::Membership, customer);
    let text = organization.map(quoted);
    let before = held.paged.text(&key);
    if before == text.as_deref() {
        return Ok(Steered::default());
    }
    let change = Change {
        customer: Some(customer.into()),
        organization: organization.map(Into::into),
        old: before.map(Into::into),
        new: text.clone(),
        ..Change::new(Action::CustomerAssigned)
    };
    Ok(Steered { writes: [(key, text)].into(), changes: [change].into(), ..Steered::default() })
}

/// The organization that a customer belongs to, as far as the rows say.
pub fn organization_of(rows: &Rows, customer: &str) -> Option<String> {
    serde_json::from_str(rows.text(&RowKey::of(RowKind::Membership, customer))?).ok()
}

impl<'h> Held<'h> {
    /// The key of the flag with this key or alias.
    pub(crate) fn flag(&self, name: &str) -> Result<&'h str, Refusal> {
        let found = self.ruleset.find(name).map(|number| self.ruleset.key_of(number));
        found.ok_or_else(|| {
            let detail = if self.rows.get(RowKind::Flag, name).is_some() {
                format!("flag {name:?} is left out of the ruleset; a dry run of an import says why")
            } else {
                format!("no flag has the key or alias {name:?}")
            };
            Refusal::new(RefusalKind::FlagNotFound, "/featureName", detail)
        })
    }

    /// What is to be written to a flag, if the flag is sound with it.
    pub(crate) fn compiled(&self, key: &str, writes: Vec<(RowKey, Option<String>)>, changes: Vec<Change>) -> Result<Steered, Refusal> {
        let mut rows = self.rows.clone();
        apply(&mut rows, &writes);
        let invalid = |error: &DocumentError| Refusal::invalid(error.pointer.clone(), error.message.clone());
        let compiled = compile(&rows.compose(false), rows.bucket_key()).map_err(|error| invalid(&error))?;
        if compiled.ruleset.find(key).is_none() {
            let place = Place::ROOT.name("flags").name(key).pointer();
            let own = compiled.errors.iter().find(|error| error.pointer.starts_with(&place));
            return Err(own.map_or_else(|| Refusal::invalid(place.clone(), "the flag would be left out"), invalid));
        }
        Ok(Steered { writes, changes, ruleset: Some(compiled.ruleset), ..Steered::default() })
    }
}

/// Puts what is to be written into rows.
pub fn apply(rows: &mut Rows, writes: &[(RowKey, Option<String>)]) {
    for (key, text) in writes {
        match text {
            Some(text) => rows.insert(key.clone(), text.clone()),
            None => rows.remove(key),
        }
    }
}
