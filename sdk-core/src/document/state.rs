//! The state of a flag: what operators change while its definition stays. It is read each time.
use super::{
    reader::{Fields, Report},
    rollout::Rollout,
};
use crate::json::{Json, Place};

/// The members of a flag that are its state.
pub(crate) const ENABLED: &str = "enabled";
pub(crate) const ROLLOUT: &str = "rollout";

/// Whether a flag is on at all, and how far it is rolled out.
pub(crate) struct State {
    pub(crate) enabled: bool,
    pub(crate) rollout: Rollout,
}

impl State {
    /// Reads the state from the members of a flag, of which it looks at no others; `None` after reporting what is wrong.
    pub(crate) fn read(flag: &Json<'_>, place: Place<'_>, report: &mut Report) -> Option<Self> {
        let mark = report.mark();
        let fields = Fields::unchecked(flag, place);
        let enabled = fields.boolean(ENABLED, report).unwrap_or(true);
        let rollout = fields.get(ROLLOUT).map(|json| Rollout::read(json, place.name(ROLLOUT), report)).unwrap_or_default();
        (report.mark() == mark).then_some(Self { enabled, rollout })
    }
}
