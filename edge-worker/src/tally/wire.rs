//! Messages between isolates, tallies and hubs, over requests that never leave the runtime.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Outcomes of one request: `POST` with [`Arriving`] answers [`Taken`]; 503 if the tally cannot take more.
pub(crate) const TAKE: &str = "http://tally/take";
/// Stored outcomes: `GET` with `?flag=&customer=&event=&below=&after=&limit=` answers [`Page`].
pub(crate) const EVENTS: &str = "http://tally/events";
/// The stages of the rollouts that run: `GET` answers [`Stages`].
pub(crate) const STAGES: &str = "http://hub/stages";
/// A batch of sums: `POST` with [`Batch`]. The hub answers 200 once it has stored the sums and carried out what they lead to.
pub(crate) const SUMS: &str = "http://hub/sums";

/// The reason to believe an outcome. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "u8", from = "u8")]
pub(crate) enum Trust {
    /// A client reported it without a valid receipt: it is kept, and counts for no guard.
    None,
    /// A client reported it with a receipt. Nothing vouches for the unit.
    Anonymous,
    /// A server reported it.
    Server,
}

const TRUSTS: [Trust; 3] = [Trust::None, Trust::Anonymous, Trust::Server];

impl From<Trust> for u8 {
    fn from(trust: Trust) -> Self {
        trust as Self
    }
}

impl From<u8> for Trust {
    fn from(number: u8) -> Self {
        TRUSTS.get(usize::from(number)).copied().unwrap_or(Self::None)
    }
}

/// The outcomes of one request, which the isolate has checked.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Arriving {
    pub(crate) outcomes: Vec<Outcome>,
    /// The number of the address block that the request came from; `None` for servers, and if the address is not known.
    pub(crate) block: Option<u64>,
    /// Names that no flag has, each as often as the request names it.
    pub(crate) unknown: Vec<String>,
}

/// An outcome that the isolate has checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// The id; an outcome that is sent twice counts once.
    pub(crate) id: String,
    /// The key of the flag.
    pub(crate) flag: String,
    /// The visitor's finest identity.
    pub(crate) unit: String,
    /// `enabled`, `disabled`, `error`, `rollback`, or a name of one's own.
    pub(crate) event: String,
    /// The variant that the unit is said to have; `None` if the caller named none, or one that the flag does not have.
    pub(crate) variant: Option<String>,
    pub(crate) customer: Option<String>,
    /// A JSON object.
    pub(crate) metadata: String,
    pub(crate) trust: Trust,
    /// The epoch and the number of the version that the receipt is of; `None` without one.
    pub(crate) evaluated_at: Option<(String, u32)>,
}

/// The events that rollouts count. Other events are stored too, for readers of `/api/admin/events`.
pub(crate) const COUNTED: [&str; 4] = ["enabled", "disabled", "error", "rollback"];

impl Outcome {
    /// Returns true if the outcome counts for a rollout.
    pub(crate) fn counts(&self) -> bool {
        self.trust != Trust::None && COUNTED.contains(&self.event.as_str())
    }
}

/// The numbers of a request's outcomes by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Taken {
    /// New ones that count for rollouts.
    pub(crate) counted: usize,
    /// New ones that are kept for readers only.
    pub(crate) kept: usize,
    /// Those that were sent before.
    pub(crate) duplicates: usize,
}

/// The rollouts that run, by the keys of their flags.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stages {
    /// The epoch of the store that they are of.
    pub(crate) epoch: String,
    pub(crate) flags: BTreeMap<String, Stage>,
}

/// The stage of a rollout that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stage {
    /// The moment at which it began, in milliseconds since 1970.
    pub(crate) since: i64,
    /// The version of that moment. A receipt of an earlier version is about an earlier stage.
    pub(crate) version: u32,
    /// The milliseconds that the guard looks back.
    pub(crate) window_ms: i64,
    /// The variant of the units that have the flag.
    pub(crate) on: String,
}

/// Sums that a tally sends its hub.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Batch {
    /// The name of the tally,
    pub(crate) tally: String,
    /// and the number of the batch, one more than that of the batch before it.
    pub(crate) number: i64,
    pub(crate) sums: Vec<FlagSums>,
    /// Outcomes by flag, hour since 1970, variant (empty without one) and event.
    pub(crate) usage: Vec<(String, i64, String, String, u64)>,
    /// Names that no flag has, with their counts.
    pub(crate) unknown: Vec<(String, u64)>,
}

/// The sums of one flag in one minute, by the moments of arrival. Pairs are outcomes and errors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FlagSums {
    pub(crate) flag: String,
    /// The minute since 1970.
    pub(crate) minute: i64,
    /// The beginning of the stage that they are of.
    pub(crate) since: i64,
    /// Units that had the flag for the first time in the stage, and those that had their first error in it.
    pub(crate) exposures: u64,
    pub(crate) errors: u64,
    /// Settled outcomes of the treatment, a unit once a stage.
    pub(crate) stage: (u64, u64),
    /// Settled outcomes of both arms, a unit once a window.
    pub(crate) treatment: (u64, u64),
    pub(crate) control: (u64, u64),
    /// Errors of the treatment from units over the cap of their block.
    pub(crate) over_cap: u64,
    /// The treatment's errors by block, those over the cap included: the blocks with most.
    pub(crate) blocks: Vec<(u64, u64)>,
    /// The flag's open exposures behind these sums.
    pub(crate) open: OpenUnits,
}

/// The exposures of a flag that are not settled: those of the treatment by stage, and those of both arms by window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenUnits {
    pub(crate) stage: i64,
    pub(crate) treatment: i64,
    pub(crate) control: i64,
}

impl OpenUnits {
    pub(crate) const fn plus(self, more: Self) -> Self {
        Self { stage: self.stage + more.stage, treatment: self.treatment + more.treatment, control: self.control + more.control }
    }

    pub(crate) const fn minus(self, less: Self) -> Self {
        Self { stage: self.stage - less.stage, treatment: self.treatment - less.treatment, control: self.control - less.control }
    }
}

/// A stored outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredOutcome {
    pub(crate) sequence: i64,
    pub(crate) id: String,
    pub(crate) flag_path: String,
    pub(crate) customer_id: Option<String>,
    pub(crate) unit: String,
    pub(crate) event_type: String,
    pub(crate) metadata: String,
    pub(crate) timestamp: i64,
}

/// Stored outcomes that a query found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Page {
    pub(crate) outcomes: Vec<StoredOutcome>,
    /// The number below which the query goes on; `None` if no older outcome matches.
    pub(crate) next: Option<i64>,
}
