//! The uses of API tokens, as an isolate tells them to the hub: the first one in an hour of each token, behind the answer to its request.
//!
//! So neither the hub nor its store does anything for the requests of a token after the first in an hour. A use that the hub could not be
//! told of is told by a later request, a minute later at the earliest.
use std::{cell::RefCell, collections::BTreeMap};

use control::change::Hash;
use sdk_core::Millis;
use worker::console_error;

use crate::{environment::Environment, host::Host, hub::client as hub};

/// The milliseconds of an hour, in which a use is told once.
pub(crate) const HOUR_MS: i64 = 60 * 60 * 1_000;
/// The milliseconds from a use that is being told to the next attempt, if the hub does not confirm it.
const RETRY_MS: i64 = 60 * 1_000;
/// The most tokens that an isolate remembers.
const MOST: usize = 1_024;

thread_local! {
    static TOLD: RefCell<Told> = const { RefCell::new(Told(BTreeMap::new())) };
}

/// The use of an API token by a request.
#[derive(Clone)]
pub(crate) struct TokenUse {
    /// The environment of the token.
    pub(crate) environment: Environment,
    /// The hash of the token.
    pub(crate) token: Hash,
    pub(crate) at: Millis,
}

/// The moment from which on the next use of each token is told, by the token's hash.
struct Told(BTreeMap<[u8; 32], Millis>);

impl Told {
    /// Returns true if a use is to be told. A moment far ahead is of a clock that was set back.
    fn is_due(&self, used: &TokenUse) -> bool {
        self.0.get(&used.token.0).is_none_or(|next| !(1..=HOUR_MS).contains(&(next.0 - used.at.0)))
    }

    /// Notes that a use is being told, or that the hub has it.
    fn note(&mut self, used: &TokenUse, is_told: bool) {
        let next = if is_told { (used.at.0.div_euclid(HOUR_MS) + 1) * HOUR_MS } else { used.at.0 + RETRY_MS };
        self.0.insert(used.token.0, Millis(next));
        if self.0.len() > MOST
            && let Some(first) = self.0.iter().min_by_key(|(_, next)| **next).map(|(token, _)| *token)
        {
            self.0.remove(&first);
        }
    }
}

/// Returns true if the hub is to be told of a use.
pub(crate) fn is_due(used: &TokenUse) -> bool {
    TOLD.with_borrow(|told| told.is_due(used))
}

/// Tells the hub of a use, if it is to be told. The answer does not wait for that.
pub(crate) fn tell(host: &Host, used: TokenUse) {
    if !is_due(&used) {
        return;
    }
    TOLD.with_borrow_mut(|told| told.note(&used, false));
    let env = (**host).clone();
    host.behind(async move {
        match hub::note_token_use(&env, &used).await {
            Ok(()) => TOLD.with_borrow_mut(|told| told.note(&used, true)),
            Err(problem) => console_error!("the hub does not know of the use of an API token: {}", problem.why()),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(token: u8, at: i64) -> TokenUse {
        TokenUse { environment: Environment::FIRST, token: Hash([token; 32]), at: Millis(at) }
    }

    #[test]
    fn the_first_use_in_an_hour_is_told_and_one_that_was_not_confirmed_a_minute_later() {
        let hour = 494_000 * HOUR_MS;
        let mut told = Told(BTreeMap::new());
        assert!(told.is_due(&used(1, hour + 5)));
        told.note(&used(1, hour + 5), false);
        assert!(!told.is_due(&used(1, hour + 5)) && !told.is_due(&used(1, hour + 60_004)) && told.is_due(&used(2, hour + 5)));
        assert!(told.is_due(&used(1, hour + 60_005)));
        told.note(&used(1, hour + 60_005), true);
        assert!(!told.is_due(&used(1, hour + HOUR_MS - 1)) && told.is_due(&used(1, hour + HOUR_MS)));
        // The clock was set back by more than an hour.
        assert!(told.is_due(&used(1, hour - 1)));
        // Two requests an hour apart at the ends of hours are both told.
        told.note(&used(2, hour - 1), true);
        assert!(told.is_due(&used(2, hour)));
    }

    #[test]
    fn an_isolate_remembers_a_bounded_number_of_tokens() {
        let mut told = Told(BTreeMap::new());
        for number in 0..5_000_u16 {
            let mut token = [0; 32];
            token[..2].copy_from_slice(&number.to_be_bytes());
            told.note(&TokenUse { token: Hash(token), ..used(0, i64::from(number) * HOUR_MS) }, true);
            assert!(told.0.len() <= MOST);
        }
        assert_eq!(told.0.values().min(), Some(&Millis((5_000 - 1_024 + 1) * HOUR_MS)));
    }
}
