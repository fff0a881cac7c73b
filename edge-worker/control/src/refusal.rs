//! Refusals: the reason why a command is not carried out, and the part of it that is at fault.
use alloc::{format, string::String, vec::Vec};

use sdk_core::{DocumentError, Millis};

use crate::{Consequence, lifecycle::StepError};

/// The reason why a command was not carried out. The command changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The kind of the reason.
    pub kind: RefusalKind,
    /// The part of the command that is at fault.
    pub place: RefusalPlace,
    /// The fault, and the value that was expected.
    pub detail: String,
    /// The moment from which on the command may be tried again; `None` if waiting does not help.
    pub until: Option<Millis>,
    /// The newest version that wrote what a revert would write back; `None` for another reason.
    pub newer: Option<u32>,
    /// The losses for which the command is refused; empty for another reason.
    pub consequences: Vec<Consequence>,
}

/// The kind of the reason for a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// No flag has this name, or the ruleset leaves it out.
    FlagNotFound,
    /// A value in the command is invalid.
    Invalid,
    /// The rollout, or the key, cannot take the step from its present state.
    IllegalStep,
    /// The present tier has to last longer.
    TooEarly,
    /// The observed counts are too few, or show too many errors.
    GateClosed,
    /// No key has this id.
    KeyNotFound,
    /// No webhook has this id.
    WebhookNotFound,
    /// A valid API token has this name.
    NameTaken,
    /// The actor cannot give a right as high, or for as long.
    Outranked,
    /// No environment has this name.
    EnvironmentNotFound,
    /// The name of the environment stands for another one.
    EnvironmentTaken,
    /// The document is of another environment.
    OtherEnvironment,
    /// The document has another bucket key than the one in force.
    OtherBucketKey,
    /// The document has no flag or segment with this name.
    DefinitionNotFound,
    /// A flag with this key was removed, and its state waits for its return.
    Archived,
    /// The document would have errors with the definition.
    DefinitionRefused,
    /// The change would take something away that serves, and the command does not allow it.
    Unsafe,
    /// The flag is locked, and the actor has not the role for it or gives no reason.
    Locked,
    /// The document would have errors with the definitions to copy.
    CopyRefused,
    /// No change has this id.
    ChangeNotFound,
    /// The change cannot be reverted.
    NotRevertible,
    /// A newer change wrote what the revert would write back.
    RevertConflict,
    /// The document to import is refused whole.
    DocumentRefused,
    /// No pending schedule has this id.
    ScheduleNotFound,
}

/// The part of a command that is at fault. The admin API has names of its own for the fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusalPlace {
    /// The command as a whole.
    Command,
    /// One of its fields.
    Field {
        /// The field.
        field: Field,
        /// A JSON pointer into its value; empty for all of it.
        below: String,
    },
    /// The document that the command leads to: a JSON pointer into it.
    Document(String),
}

/// A field of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The key or an alias of a flag.
    Flag,
    /// The reason of the actor.
    Reason,
    /// The person for whom the actor says they act.
    OnBehalfOf,
    /// The id of a customer.
    Customer,
    /// The id of an organization.
    Organization,
    /// A tree of overrides.
    Overrides,
    /// The percentage of a rollout.
    Percentage,
    /// The whole allow list of a rollout.
    Allow,
    /// The whole deny list of a rollout.
    Deny,
    /// The entries to add to the allow list.
    AddAllow,
    /// The entries to add to the deny list.
    AddDeny,
    /// The method by which a guard judges errors.
    Method,
    /// The share of errors that is the limit of a guard.
    ErrorRate,
    /// The milliseconds that a guard looks back.
    TimeWindow,
    /// The number of outcomes that a guard waits for.
    MinSamples,
    /// The milliseconds that a tier lasts at least.
    MinTierDuration,
    /// The share without an error that a rollout must exceed to advance.
    SuccessRate,
    /// The id of a key.
    KeyId,
    /// The kind of a key.
    KeyKind,
    /// The label of a key.
    Label,
    /// The name of an API token.
    TokenName,
    /// The role of an API token.
    Role,
    /// The origins of a key.
    Origins,
    /// The tags of a key.
    Tags,
    /// The way in which the edge takes the identity in a context.
    Identity,
    /// The kind of that identity: open, pinned or signed.
    IdentityKind,
    /// The further attributes that the edge takes from signed tokens alone.
    IdentityAttributes,
    /// The customer that a key is pinned to.
    IdentityCustomer,
    /// The organization that a key is pinned to.
    IdentityOrganization,
    /// The moment at which a key expires.
    ExpiresAt,
    /// The milliseconds for which a rotated key stays valid.
    Overlap,
    /// The address of a webhook.
    Url,
    /// The form of the messages of a webhook.
    Format,
    /// The kinds of changes that a webhook is told of.
    Kinds,
    /// True if the target of a webhook is in a private network.
    Private,
    /// The name of an environment.
    Environment,
    /// The things that an import may remove.
    Remove,
    /// The edits that an import may take back.
    Overwrite,
    /// The name that an import gives an environment.
    NewEnvironment,
    /// The bucket key that an import brings.
    NewBucketKey,
    /// The schedules to add.
    Steps,
}

impl From<Field> for RefusalPlace {
    fn from(field: Field) -> Self {
        Self::Field { field, below: String::new() }
    }
}

impl Field {
    /// The entry of a list with this index.
    pub(crate) fn entry(self, index: usize) -> RefusalPlace {
        RefusalPlace::Field { field: self, below: format!("/{index}") }
    }
}

impl Refusal {
    pub(crate) fn new(kind: RefusalKind, place: impl Into<RefusalPlace>, detail: impl Into<String>) -> Self {
        Self { kind, place: place.into(), detail: detail.into(), until: None, newer: None, consequences: Vec::new() }
    }

    pub(crate) fn invalid(place: impl Into<RefusalPlace>, detail: impl Into<String>) -> Self {
        Self::new(RefusalKind::Invalid, place, detail)
    }

    /// Refuses a command for an error in the document that it leads to.
    pub(crate) fn document(error: &DocumentError) -> Self {
        Self::invalid(RefusalPlace::Document(error.pointer.clone()), error.message.clone())
    }

    /// Refuses a change for what it takes away.
    pub(crate) fn consequences(kind: RefusalKind, consequences: Vec<Consequence>) -> Self {
        let refused: Vec<&Consequence> = consequences.iter().filter(|consequence| !consequence.is_allowed).collect();
        let place = refused.first().map_or(RefusalPlace::Command, |first| RefusalPlace::Document(first.pointer.clone()));
        let said: Vec<&str> = refused.iter().take(3).map(|consequence| consequence.message.as_str()).collect();
        let more = if refused.len() > 3 { format!("; and {} more", refused.len() - 3) } else { String::new() };
        let detail = format!("nothing was changed: {}{more}", said.join("; "));
        Self { consequences, ..Self::new(kind, place, detail) }
    }

    /// Refuses an import for an error that refuses the document whole.
    pub(crate) fn whole_document(error: &DocumentError) -> Self {
        Self::new(RefusalKind::DocumentRefused, RefusalPlace::Document(error.pointer.clone()), error.message.clone())
    }
}

impl From<StepError> for Refusal {
    fn from(error: StepError) -> Self {
        match error {
            StepError::Illegal(detail) => Self::new(RefusalKind::IllegalStep, RefusalPlace::Command, detail),
            StepError::Gate(detail) => Self::new(RefusalKind::GateClosed, RefusalPlace::Command, detail),
            StepError::TooEarly(until) => {
                let detail = format!("the present tier has to last until {}, or be forced with a reason", until.to_rfc3339());
                Self { until: Some(until), ..Self::new(RefusalKind::TooEarly, RefusalPlace::Command, detail) }
            }
        }
    }
}
