//! The uses of credentials that an operator looks back on: the break-glass token's, each hour's first in the trail, and the hour of the last
//! use of each API token.
use control::{
    KeyKind, break_glass,
    change::{Actor, BREAK_GLASS, Hash},
    keys,
};
use sdk_core::Millis;
use worker::{Request, Response};

use super::{FlagHub, execute::Decision, wire::TALLY_TIME};
use crate::{clock, problem::Problem, settings, store::Store as _, token_uses::HOUR_MS};

impl FlagHub {
    /// Notes a use of the break-glass token in the trail, unless the hour before has one.
    pub(super) fn note_break_glass(&self, request: &str, now: Millis) -> Result<Response, Problem> {
        let ground = self.ground.newest(&self.store)?;
        if let Some(outcome) = break_glass(&ground.rows, now) {
            let reason = format!("the first use in an hour: {request}");
            let actor = Actor { subject: BREAK_GLASS.into(), role: "admin".into(), on_behalf_of: None, reason, at: now };
            self.commit(&actor, Decision { ground, outcome, secrets: None }, None, |_, _| Ok(String::new()))?;
        }
        Ok(Response::empty()?)
    }

    /// Notes the hour in which an API token was used; without a record, as no change.
    pub(super) fn note_token_use(&self, token: &str, now: Millis) -> Result<Response, Problem> {
        let ground = self.ground.newest(&self.store)?;
        let hash = Hash::from_hex(token);
        if let Some((id, _)) = keys(&ground.rows).find(|(_, key)| key.terms.kind == KeyKind::Api && Some(key.hash) == hash) {
            self.store.keep_token_use(id, now.0.div_euclid(HOUR_MS))?;
        }
        Ok(Response::empty()?)
    }

    /// The moment of a request that a tally or an isolate sends: the one that it tells with `TEST_CLOCK=on`, otherwise now.
    pub(super) fn time_of(&self, request: &Request) -> Result<Millis, Problem> {
        let told = request.headers().get(TALLY_TIME)?.and_then(|told| told.parse().ok().map(Millis));
        Ok(told.filter(|_| settings::of(&self.env).is_ok_and(|settings| settings.has_test_clock)).unwrap_or_else(clock::now))
    }
}
