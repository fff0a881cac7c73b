//! The state of a flag: what operators change while its definition stays. It is read each time.
use super::{reader::Report, reader::as_boolean, rollout::Rollout};
use crate::json::{Place, Value};

/// The members of a flag that are its state.
pub(crate) const ENABLED: &str = "enabled";
pub(crate) const ROLLOUT: &str = "rollout";

/// Whether a flag is on at all, and how far it is rolled out.
pub(crate) struct State {
    pub(crate) enabled: bool,
    pub(crate) rollout: Rollout,
}

impl State {
    /// Reads the state of the flag at `place` from those of its members that are there; `None` after reporting what is wrong.
    pub(crate) fn read<'j, 't: 'j>(
        member: impl Fn(&'static str) -> Option<Value<'j, 't>>,
        place: Place<'_>,
        report: &mut Report,
    ) -> Option<Self> {
        let mark = report.mark();
        let enabled = member(ENABLED).and_then(|json| as_boolean(json, place.name(ENABLED), report)).unwrap_or(true);
        let rollout = member(ROLLOUT).map(|json| Rollout::read(json, place.name(ROLLOUT), report)).unwrap_or_default();
        (report.mark() == mark).then_some(Self { enabled, rollout })
    }
}
