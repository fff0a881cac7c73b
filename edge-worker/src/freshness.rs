//! The rules of freshness: a read's wait for the hub by the age of the last answer, the one question at a time that an isolate or a reader
//! asks, and the hub's answer against the version that is held.
//!
//! All are functions of moments and versions: [`crate::ruleset_cache`] and [`crate::reader`] ask and hold answers by them, and
//! [`crate::fleet`] has a whole network of isolates follow them.
use sdk_core::Millis;

use crate::version::Version;

/// The milliseconds for which the hub's last answer counts as current.
pub(crate) const FRESH_MS: i64 = 1_000;
/// The milliseconds for which the hub's last answer is current enough to answer first, and to ask the hub afterwards.
pub(crate) const RECENT_MS: i64 = 8_000;
/// The milliseconds for which a question keeps others from being asked: the runtime may have cancelled the request that asked it.
pub(crate) const LEASE_MS: i64 = 2_000;
/// The number of questions in a row that fail before answers are marked as stale.
const FAILURES: u32 = 2;

/// The plan of a read, which depends on the time since the hub was last asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Plan {
    Answer,
    AnswerAndAsk,
    Ask,
}

/// The questions about one environment, of one isolate: at most one is asked at a time.
///
/// A question belongs to the request that asks it, and ends without a trace if the runtime cancels that request. So it is a lease that
/// ends by the clock, and other requests look at this state again and again instead of waiting for a promise.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Questions {
    pending: Option<Pending>,
    /// The moment at which the newest question that has ended was asked; `None` before the first.
    asked: Option<Millis>,
    /// The number of questions that have ended.
    ended: u32,
    /// The moment at which the newest answered question was asked.
    answered: Option<Millis>,
    /// The number of questions that were asked since then and failed.
    failures: u32,
    /// The moment of the last question that was asked because a request named a newer version.
    sought: Option<Millis>,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    began: Millis,
    /// A request gave up waiting, which counted as a failure.
    is_late: bool,
}

/// A request that waits for an answer of the hub.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiter {
    since: Millis,
    ended: u32,
    /// The request names a newer version: an answer to a question that was asked before it may be too old.
    seeks: bool,
}

/// The next step of a request that waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Step {
    /// Ask the hub: no question is pending, and this one now is.
    Ask,
    /// Look again in a moment.
    Look,
    /// A question has ended that answers this request too.
    Ended,
    /// The request has waited long enough.
    Late,
}

impl Questions {
    /// The plan of a read from `held`, for a request that may name a version. Such a request makes the isolate ask at most once a
    /// second, because any client can name any version.
    pub(crate) fn plan(&self, held: Version, min_version: Option<Version>, now: Millis) -> Plan {
        if min_version.is_some_and(|wanted| wanted.is_beyond(held)) && self.may_seek(now) {
            return Plan::Ask;
        }
        match self.age(now) {
            0..FRESH_MS => Plan::Answer,
            FRESH_MS..RECENT_MS => Plan::AnswerAndAsk,
            _ => Plan::Ask,
        }
    }

    /// The milliseconds since the newest question that has ended was asked; negative if the clock was set back or none was.
    pub(crate) fn age(&self, now: Millis) -> i64 {
        self.asked.map_or(-1, |asked| now.0 - asked.0)
    }

    /// The moment at which the newest question that has ended was asked; 0 before the first.
    pub(crate) fn asked(&self) -> Millis {
        self.asked.unwrap_or_default()
    }

    /// Returns true if the newest question that has ended was answered.
    pub(crate) fn is_sure(&self) -> bool {
        self.asked.is_some() && self.failures == 0
    }

    /// Returns true if an answer from `held` is to be marked: two questions in a row failed, or one did and the request names a newer
    /// version.
    pub(crate) fn is_stale(&self, held: Version, min_version: Option<Version>) -> bool {
        self.failures >= FAILURES || self.failures > 0 && min_version.is_some_and(|wanted| wanted.is_beyond(held))
    }

    /// Begins a question, unless one is pending.
    pub(crate) fn begin(&mut self, now: Millis) -> bool {
        let is_free = !self.is_pending(now);
        if is_free {
            self.pending = Some(Pending { began: now, is_late: false });
        }
        is_free
    }

    /// Ends the question that was asked at this moment. If it failed after a newer one was answered, nothing is lost.
    pub(crate) fn end(&mut self, began: Millis, is_answered: bool) {
        let pending = self.pending.take_if(|pending| pending.began == began);
        self.ended = self.ended.wrapping_add(1);
        if is_answered {
            self.failures = 0;
            self.answered = self.answered.max(Some(began));
        } else if self.answered < Some(began) && !pending.is_some_and(|pending| pending.is_late) {
            self.failures = self.failures.saturating_add(1);
        }
        self.asked = self.asked.max(Some(began));
    }

    /// A request that waits from now on. With `seeks` it names a newer version than the one held.
    pub(crate) fn waiter(&self, now: Millis, seeks: bool) -> Waiter {
        Waiter { since: now, ended: self.ended, seeks }
    }

    /// The next step of a request that waits at most `patience` milliseconds.
    pub(crate) fn step(&mut self, waiter: Waiter, now: Millis, patience: i64) -> Step {
        let is_ended = if waiter.seeks { self.asked >= Some(waiter.since) } else { self.ended != waiter.ended };
        if is_ended {
            return Step::Ended;
        }
        if !(0..patience).contains(&(now.0 - waiter.since.0)) {
            self.give_up();
            return Step::Late;
        }
        if self.is_pending(now) {
            return Step::Look;
        }
        if waiter.seeks {
            if !self.may_seek(now) {
                return Step::Ended;
            }
            self.sought = Some(now);
        }
        self.begin(now);
        Step::Ask
    }

    /// Counts the pending question as failed, once: it takes too long. Its answer still counts when it comes.
    fn give_up(&mut self) {
        if let Some(pending) = self.pending.as_mut().filter(|pending| !pending.is_late) {
            pending.is_late = true;
            self.failures = self.failures.saturating_add(1);
            self.asked = self.asked.max(Some(pending.began));
        }
    }

    fn is_pending(&self, now: Millis) -> bool {
        self.pending.is_some_and(|pending| (0..LEASE_MS).contains(&(now.0 - pending.began.0)))
    }

    /// Returns true if a request that names a newer version may make the isolate ask, or wait for the question that such a one asked.
    fn may_seek(&self, now: Millis) -> bool {
        let is_asked = self.sought.is_some() && self.pending.map(|pending| pending.began) == self.sought && self.is_pending(now);
        is_asked || !self.sought.is_some_and(|sought| (0..FRESH_MS).contains(&(now.0 - sought.0)))
    }
}

/// The worth of the hub's answer to an isolate, in which other requests may have got newer answers meanwhile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Worth {
    /// Newer than the isolate's version: the isolate holds it from now on.
    Newer,
    /// The hub was restored: the isolate holds the answer, and forgets everything else.
    OtherEpoch,
    /// The isolate holds this version or a newer one already.
    Known,
    /// Older than the version that the hub was asked about: the hub has gone back within an epoch.
    Older,
    /// Of another epoch than the isolate's, which the isolate met after it had asked: either may be the hub's present one.
    Late,
}

impl Worth {
    /// Judges an answer by the version that the isolate held when it asked, and by the one that it holds now.
    pub(crate) fn of(answered: Version, since: Option<Version>, held: Option<Version>) -> Self {
        let Some(held) = held else { return Self::Newer };
        let since = since.filter(|since| since.epoch == held.epoch);
        match (answered.epoch == held.epoch, since) {
            (true, _) if answered.number > held.number => Self::Newer,
            (true, Some(since)) if answered.number < since.number => Self::Older,
            (true, _) => Self::Known,
            (false, Some(_)) => Self::OtherEpoch,
            (false, None) => Self::Late,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELD: &str = "0a1b2c3d4e5f.7";

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    /// Questions of which one was answered that was asked at 0.
    fn answered() -> Questions {
        let mut questions = Questions::default();
        assert!(questions.begin(Millis(0)));
        questions.end(Millis(0), true);
        questions
    }

    #[track_caller]
    fn check(age_ms: i64, min_version: Option<&str>, expected: Plan) {
        let plan = answered().plan(version(HELD), min_version.map(version), Millis(age_ms));
        assert_eq!(plan, expected, "{age_ms} ms, {min_version:?}");
    }

    #[test]
    fn a_recent_ruleset_answers_first_and_an_older_one_is_refreshed_first() {
        check(0, None, Plan::Answer);
        check(999, None, Plan::Answer);
        check(1_000, None, Plan::AnswerAndAsk);
        check(7_999, None, Plan::AnswerAndAsk);
        check(8_000, None, Plan::Ask);
        // The clock was set back.
        check(-1, None, Plan::Ask);
        assert_eq!(Questions::default().plan(version(HELD), None, Millis(0)), Plan::Ask);
    }

    #[test]
    fn a_request_that_names_a_newer_version_makes_the_isolate_ask_first() {
        check(0, Some("0a1b2c3d4e5f.8"), Plan::Ask);
        check(0, Some("0a1b2c3d4e5f.7"), Plan::Answer);
        check(5_000, Some("0a1b2c3d4e5f.6"), Plan::AnswerAndAsk);
        // A restored hub may stand at any number.
        check(0, Some("0a1b2c3d4e50.6"), Plan::Ask);
    }

    #[test]
    fn versions_that_requests_name_make_the_isolate_ask_once_a_second() {
        let (mut questions, mut asked) = (answered(), 0);
        for now in (0..10_000).map(Millis) {
            // Another version each time, and the hub knows none of them.
            let named = Version { number: 8 + u32::try_from(now.0).unwrap(), ..version(HELD) };
            if questions.plan(version(HELD), Some(named), now) != Plan::Ask {
                continue;
            }
            let waiter = questions.waiter(now, true);
            if questions.step(waiter, now, 300) == Step::Ask {
                questions.end(now, true);
                asked += 1;
            }
        }
        assert_eq!(asked, 10);
    }

    #[test]
    fn a_request_that_names_a_version_does_not_take_an_earlier_questions_answer() {
        let mut questions = answered();
        assert!(questions.begin(Millis(2_000)));
        let (seeks, waits) = (questions.waiter(Millis(2_010), true), questions.waiter(Millis(2_010), false));
        questions.end(Millis(2_000), true);
        assert_eq!(questions.step(waits, Millis(2_020), 300), Step::Ended);
        assert_eq!(questions.step(seeks, Millis(2_020), 300), Step::Ask);
        questions.end(Millis(2_020), true);
        assert_eq!(questions.step(seeks, Millis(2_030), 300), Step::Ended);
    }

    #[test]
    fn one_question_is_asked_for_all_who_wait_and_a_lost_one_once_more() {
        let mut questions = Questions::default();
        let waiters: Vec<Waiter> = (0..200).map(|at| questions.waiter(Millis(at / 10), false)).collect();
        let mut asked = Vec::new();
        // The first question's request is cancelled: the question never ends.
        for now in (20..4_000).step_by(5).map(Millis) {
            for waiter in &waiters {
                match questions.step(*waiter, now, 10_000) {
                    Step::Ask => asked.push(now),
                    Step::Look => {}
                    step => panic!("{step:?} at {now:?}"),
                }
            }
        }
        assert_eq!(asked, [20, 2_020].map(Millis));
        questions.end(Millis(2_020), true);
        assert!(waiters.iter().all(|waiter| questions.step(*waiter, Millis(4_000), 10_000) == Step::Ended));
    }

    #[test]
    fn a_failed_question_is_not_said_and_a_second_one_is() {
        let (mut questions, held) = (answered(), version(HELD));
        let newer = Some(version("0a1b2c3d4e5f.8"));
        questions.end(Millis(1_000), false);
        assert!(!questions.is_stale(held, None) && questions.is_stale(held, newer) && !questions.is_sure());
        questions.end(Millis(2_000), false);
        assert!(questions.is_stale(held, None));
        questions.end(Millis(3_000), true);
        assert!(!questions.is_stale(held, newer) && questions.is_sure());
        // Two that were asked before it end later.
        questions.end(Millis(2_500), false);
        questions.end(Millis(2_600), false);
        assert!(questions.is_sure());
    }

    #[test]
    fn a_slow_question_fails_once_however_many_requests_give_it_up() {
        let mut questions = answered();
        assert!(questions.begin(Millis(10_000)));
        for _ in 0..5 {
            let waiter = questions.waiter(Millis(10_000), false);
            assert_eq!(questions.step(waiter, Millis(10_300), 300), Step::Late);
        }
        assert!(!questions.is_stale(version(HELD), None));
        // For the next second nobody waits for it again, and then it fails for good.
        assert_eq!(questions.plan(version(HELD), None, Millis(10_900)), Plan::Answer);
        questions.end(Millis(10_000), false);
        assert!(!questions.is_stale(version(HELD), None));
        questions.end(Millis(12_000), false);
        assert!(questions.is_stale(version(HELD), None));
    }

    #[test]
    fn an_answer_of_another_epoch_is_taken_from_the_hub_that_was_asked_about_the_held_one() {
        let of = |answered, since: Option<&str>, held: Option<&str>| Worth::of(version(answered), since.map(version), held.map(version));
        let (first, second, third) = ("000000000001.7", "000000000002.3", "000000000003.9");
        assert_eq!(of(first, None, None), Worth::Newer);
        assert_eq!(of("000000000001.8", Some(first), Some(first)), Worth::Newer);
        assert_eq!(of("000000000001.6", Some(first), Some(first)), Worth::Older);
        assert_eq!(of("000000000001.8", Some(first), Some("000000000001.9")), Worth::Known);
        for restored in [second, "000000000002.7", third] {
            assert_eq!(of(restored, Some(first), Some(first)), Worth::OtherEpoch, "{restored}");
        }
        // Asked for before the restore, and answered after another request had met the new epoch.
        assert_eq!(of("000000000001.8", Some(first), Some(second)), Worth::Late);
        assert_eq!(of(second, Some(first), Some(third)), Worth::Late);
        assert_eq!(of(first, None, Some(second)), Worth::Late);
        assert_eq!(of(second, Some(first), Some("000000000002.4")), Worth::Known);
    }
}
