//! The state of a flag: the kill switch and the rollout, which operators change while the definition stays.
use alloc::vec::Vec;
use core::fmt;

use super::{
    error::DocumentError,
    reader::{Fields, Report, as_boolean},
    rollout::Rollout,
    scalars::Scalars,
};
use crate::{
    context::value,
    json::{Place, Tape, Value},
};

/// The members of a flag that are its state.
pub(crate) const ENABLED: &str = "enabled";
pub(crate) const ROLLOUT: &str = "rollout";

/// The state of one flag, read by itself: its kill switch and its rollout.
///
/// The default is that of a flag without a state: it is on and has no rollout.
pub struct FlagState {
    /// `None` if the text has an error.
    pub(crate) state: Option<State>,
    /// False if the text is no JSON within the limits of a document.
    pub(crate) is_readable: bool,
    /// The first errors, and the number of all.
    pub(crate) errors: Vec<DocumentError>,
    pub(crate) error_count: usize,
    /// The bytes of the text that it was read from.
    pub(crate) length: usize,
}

/// The kill switch of a flag, and its rollout.
pub(crate) struct State {
    pub(crate) enabled: bool,
    pub(crate) rollout: Rollout,
}

impl FlagState {
    /// Reads the text of the state of the flag with this key: an object with the members `enabled` and `rollout` of a document, both
    /// of which may be absent.
    ///
    /// The rollout gives the flag to as many units as its `percentage` says, 0 if absent: a status or a tier sets no percentage.
    ///
    /// The state keeps its errors, and [`link`](crate::link) reports them and leaves the flag out.
    ///
    /// ```
    /// use sdk_core::{BucketKey, CompiledFlag, Context, DocumentError, Environment, FlagState, Millis, link};
    ///
    /// let chat = CompiledFlag::compile("chat", "{}")?;
    /// let environment = Environment { name: None, key: BucketKey::from_bytes([7; 16]), private: &[] };
    /// let is_on = |state: &str| -> Result<bool, DocumentError> {
    ///     let linked = link(&environment, [], [(&chat, &FlagState::read("chat", state))])?;
    ///     Ok(linked.ruleset.at(Millis(0)).boolean("chat", &Context::new().string("targetingKey", "u-1"), false))
    /// };
    /// assert!(is_on(r#"{ "rollout": { "status": "completed", "tier": 4, "percentage": 100 } }"#)?);
    /// assert!(!is_on(r#"{ "rollout": { "status": "completed", "tier": 4 } }"#)?);
    /// # Ok::<(), sdk_core::DocumentError>(())
    /// ```
    pub fn read(key: &str, text: &str) -> Self {
        let (flags, mut report) = (Place::ROOT.name("flags"), Report::default());
        let place = flags.name(key);
        let tape = Tape::read(text, place);
        let is_readable = tape.is_ok();
        let state = match tape {
            Ok(tape) => Fields::of(tape.root(), place, &[ENABLED, ROLLOUT], &mut report)
                .and_then(|fields| State::read(|name| fields.get(name), place, &mut report)),
            Err(error) => {
                report.add(error);
                None
            }
        };
        let state = state.filter(|_| report.mark() == Report::default().mark());
        let (errors, error_count) = report.finish();
        Self { state, is_readable, errors, error_count, length: text.len() }
    }
}

impl Default for FlagState {
    fn default() -> Self {
        let state = State { enabled: true, rollout: Rollout::default() };
        Self { state: Some(state), is_readable: true, errors: Vec::new(), error_count: 0, length: 0 }
    }
}

/// Shows no content: lists name customers.
impl fmt::Debug for FlagState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FlagState(..)")
    }
}

impl State {
    /// A state in which a flag has every step that any state may give it: both lists and the draw of a rollout.
    pub(crate) fn with_every_step() -> Self {
        let mut listed = Scalars::with_capacity(1);
        listed.push_text(value::STRING, b"-");
        let mut denied = Scalars::with_capacity(1);
        denied.push_text(value::STRING, b"-");
        let rollout = Rollout { running: true, threshold: 1, allow: listed, deny: denied, ..Rollout::default() };
        Self { enabled: true, rollout }
    }

    /// Reads the state of the flag at `place` from its members, of which both may be absent; `None` after reporting their errors.
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
