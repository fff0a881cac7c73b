//! The rule of a reader: the answers of the hub that it holds, and when it asks the hub again.
//!
//! It is a function of moments and versions, for any type of answer: [`super::FlagReader`] follows it, and so does the bench `fleet`.
use std::collections::BTreeMap;

use sdk_core::Millis;

use crate::{
    freshness::{FRESH_MS, LEASE_MS, RECENT_MS},
    version::Version,
};

/// The age up to which a reader answers without asking the hub, in milliseconds. The hub tells readers of each change, so they ask less often
/// than isolates do.
const CONFIRMED_MS: i64 = 2_000;

/// The milliseconds within which a revoked key or API token opens nothing anywhere, as long as the hub answers.
const REVOKED_MS: i64 = 10_000;
// An isolate answers from what it held for `RECENT_MS`, and its reader may have held that for `CONFIRMED_MS` if the hub did not tell it.
const _: () = assert!(RECENT_MS + CONFIRMED_MS <= REVOKED_MS);

/// The most questions of which a reader holds an answer. Isolates of one environment ask few different ones: since the newest versions,
/// for the keys, and for the owners of overrides.
const MOST_ENTRIES: usize = 512;

/// The age that an answer may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// The hub was asked within the last two seconds.
    Answered,
    /// The hub was asked within the last two seconds, and at most once a second after it was asked for a version beyond the newest.
    Version(Version),
    /// The hub is asked after the question came, at most once a second: the isolate was shown a key that it does not know.
    Sought,
    /// The hub is asked after the question came: the isolate has just changed something.
    Now,
}

/// A question of an isolate.
pub(crate) struct Question {
    /// The text that two questions share if one answer is good for both.
    pub(crate) key: String,
    /// The version that the isolate holds, for a question about newer ones.
    pub(crate) held: Option<Version>,
    pub(crate) since: Since,
    /// The answer to the question never changes.
    pub(crate) is_lasting: bool,
    /// The moment at which the question came.
    pub(crate) came: Millis,
}

/// An answer of the hub.
#[derive(Clone)]
pub(crate) struct Given<A> {
    pub(crate) answer: A,
    /// The version that the answer is of; `None` for an answer that serves only those who wait for it.
    pub(crate) version: Option<Version>,
    pub(crate) bytes: usize,
}

/// The next step of a question.
#[derive(Debug, PartialEq)]
pub(crate) enum Turn<A> {
    Answer(A),
    /// The isolate holds the newest version.
    Newest,
    /// Ask the hub: no one else is asking this, and this question now is.
    Ask,
    /// Look again in a moment.
    Look,
    /// The hub did not answer.
    Failed,
}

/// The answers that a reader holds.
pub(crate) struct Shelf<A> {
    most_bytes: usize,
    bytes: usize,
    uses: u64,
    newest: Option<Version>,
    /// The moment at which the newest answered question was asked; `None` if the hub has told of a newer version since.
    confirmed: Option<Millis>,
    /// The version that the hub told of since the last answer.
    told: Option<Version>,
    /// The moment at which the hub was last asked for a version or a key that an isolate named.
    sought: Option<Millis>,
    entries: BTreeMap<String, Entry<A>>,
}

struct Entry<A> {
    /// The moment at which the pending question was asked.
    pending: Option<Millis>,
    ended: Option<Ended<A>>,
    /// The number of the last use.
    used: u64,
}

struct Ended<A> {
    began: Millis,
    at: Millis,
    /// `None` if the hub did not answer.
    given: Option<Given<A>>,
}

impl<A: Clone> Shelf<A> {
    pub(crate) const fn new(most_bytes: usize) -> Self {
        Self { most_bytes, bytes: 0, uses: 0, newest: None, confirmed: None, told: None, sought: None, entries: BTreeMap::new() }
    }

    /// The next step of a question.
    pub(crate) fn turn(&mut self, question: &Question, now: Millis) -> Turn<A> {
        self.uses += 1;
        // The hub must have been asked at this moment or later.
        let from = match question.since {
            Since::Now => question.came,
            Since::Version(wanted) if self.newest.is_none_or(|newest| wanted.is_beyond(newest)) && self.may_seek(question.came) => {
                question.came
            }
            Since::Sought if self.may_seek(question.came) => question.came,
            Since::Answered | Since::Version(_) | Since::Sought => Millis(question.came.0 - CONFIRMED_MS + 1),
        };
        let is_strict = from == question.came;
        let is_confirmed = self.confirmed.is_some_and(|confirmed| confirmed >= from && confirmed <= now);
        if is_confirmed && question.held.is_some() && question.held == self.newest {
            return Turn::Newest;
        }
        let newest = self.newest;
        let entry = self.entries.entry(question.key.clone()).or_insert(Entry { pending: None, ended: None, used: 0 });
        entry.used = self.uses;
        if let Some(Ended { began, at, given }) = &entry.ended {
            let was_awaited = if is_strict { *began >= question.came } else { *at >= question.came };
            match given {
                Some(given) if was_awaited => return Turn::Answer(given.answer.clone()),
                Some(given) if question.is_lasting && given.version.is_some() => return Turn::Answer(given.answer.clone()),
                Some(given) if is_confirmed && given.version.is_some() && given.version == newest => {
                    return Turn::Answer(given.answer.clone());
                }
                None if was_awaited => return Turn::Failed,
                Some(_) | None => {}
            }
        }
        if entry.pending.is_some_and(|began| (0..LEASE_MS).contains(&(now.0 - began.0))) {
            return Turn::Look;
        }
        entry.pending = Some(now);
        if is_strict && matches!(question.since, Since::Version(_) | Since::Sought) {
            self.sought = Some(now);
        }
        Turn::Ask
    }

    /// Ends the question that was asked at this moment; without an answer it failed.
    pub(crate) fn end(&mut self, question: &Question, began: Millis, now: Millis, given: Option<Given<A>>) {
        let version = given.as_ref().and_then(|given| given.version).filter(|_| !question.is_lasting);
        if let Some(version) = version
            && self.confirmed.is_none_or(|confirmed| confirmed <= began)
        {
            // A version that was told of while the question was pending may be missing in its answer; the next one has it.
            let is_behind = self.told.take().is_some_and(|told| told.is_beyond(version));
            self.confirmed = Some(began).filter(|_| !is_behind);
            if self.newest != Some(version) {
                self.newest = Some(version);
                self.drop_outdated();
            }
        }
        let bytes = given.as_ref().map_or(0, |given| given.bytes);
        let Some(entry) = self.entries.get_mut(&question.key) else { return };
        entry.pending.take_if(|pending| *pending == began);
        if entry.ended.as_ref().is_none_or(|ended| ended.began <= began) {
            self.bytes += bytes;
            let old = entry.ended.replace(Ended { began, at: now, given });
            self.bytes -= old.map_or(0, |old| old.bytes());
        }
        self.make_room(&question.key);
    }

    /// Takes note of a version that the hub tells: if it is another one, the hub is asked again.
    pub(crate) fn tell(&mut self, version: Version) {
        self.told = Some(version);
        if self.newest.is_some_and(|newest| version.is_beyond(newest)) {
            self.confirmed = None;
        }
    }

    fn may_seek(&self, came: Millis) -> bool {
        !self.sought.is_some_and(|sought| (0..FRESH_MS).contains(&(came.0 - sought.0)))
    }

    /// Drops answers of earlier versions, which answer nothing any more.
    fn drop_outdated(&mut self) {
        let newest = self.newest;
        let is_outdated = |ended: &Ended<A>| ended.given.as_ref().and_then(|given| given.version).is_some_and(|of| Some(of) != newest);
        self.entries.retain(|_, entry| entry.pending.is_some() || !entry.ended.as_ref().is_some_and(is_outdated));
        self.bytes = self.entries.values().filter_map(|entry| entry.ended.as_ref()).map(Ended::bytes).sum();
    }

    /// Drops the answers that were used longest ago, but for the newest one, until there is room.
    fn make_room(&mut self, newest: &str) {
        while self.bytes > self.most_bytes || self.entries.len() > MOST_ENTRIES {
            let others = self.entries.iter().filter(|(key, entry)| *key != newest && entry.pending.is_none());
            let Some(key) = others.min_by_key(|(_, entry)| entry.used).map(|(key, _)| key.clone()) else { break };
            let gone = self.entries.remove(&key).and_then(|entry| entry.ended);
            self.bytes -= gone.map_or(0, |ended| ended.bytes());
        }
    }
}

impl<A> Ended<A> {
    fn bytes(&self) -> usize {
        self.given.as_ref().map_or(0, |given| given.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: u32) -> Version {
        Version { number, ..held() }
    }

    fn held() -> Version {
        "0a1b2c3d4e5f.7".parse().unwrap()
    }

    fn question(key: &str, held: Option<Version>, since: Since, came: i64) -> Question {
        Question { key: key.to_owned(), held, since, is_lasting: false, came: Millis(came) }
    }

    fn given(answer: u32, number: u32) -> Given<u32> {
        Given { answer, version: Some(version(number)), bytes: 10 }
    }

    /// A reader that asked at 0 for the news since version 6, and learned of version 7.
    fn reader() -> Shelf<u32> {
        let mut shelf = Shelf::new(100);
        let first = question("6", Some(version(6)), Since::Answered, 0);
        assert_eq!(shelf.turn(&first, Millis(0)), Turn::Ask);
        shelf.end(&first, Millis(0), Millis(50), Some(given(67, 7)));
        shelf
    }

    #[test]
    fn all_who_ask_at_once_share_one_question_and_a_lost_one_is_asked_once_more() {
        let mut shelf = Shelf::<u32>::new(100);
        let questions: Vec<Question> = (0..200).map(|at| question("6", Some(version(6)), Since::Answered, at / 10)).collect();
        let mut asked = Vec::new();
        for now in (20..4_000).step_by(5).map(Millis) {
            for question in &questions {
                match shelf.turn(question, now) {
                    Turn::Ask => asked.push(now),
                    turn => assert_eq!(turn, Turn::Look),
                }
            }
        }
        assert_eq!(asked, [20, 2_020].map(Millis));
        shelf.end(questions.first().unwrap(), Millis(2_020), Millis(4_000), Some(given(67, 7)));
        assert!(questions.iter().all(|question| shelf.turn(question, Millis(4_000)) == Turn::Answer(67)));
    }

    #[test]
    fn the_hub_is_asked_every_two_seconds() {
        let (mut shelf, mut asked) = (reader(), 0);
        for now in (1..=10_000).map(Millis) {
            let isolate = question("7", Some(version(7)), Since::Answered, now.0);
            match shelf.turn(&isolate, now) {
                Turn::Newest => {}
                Turn::Ask => {
                    asked += 1;
                    shelf.end(&isolate, now, now, Some(given(0, 7)));
                }
                turn => panic!("{turn:?} at {now:?}"),
            }
        }
        assert_eq!(asked, 5);
        assert_eq!(shelf.turn(&question("6", Some(version(6)), Since::Answered, 10_000), Millis(10_000)), Turn::Answer(67));
    }

    #[test]
    fn a_version_that_the_hub_tells_makes_the_reader_ask_at_once() {
        let mut shelf = reader();
        let isolate = question("7", Some(version(7)), Since::Answered, 100);
        shelf.tell(version(7));
        assert_eq!(shelf.turn(&isolate, Millis(100)), Turn::Newest);
        shelf.tell(version(8));
        assert_eq!(shelf.turn(&isolate, Millis(100)), Turn::Ask);
        shelf.end(&isolate, Millis(100), Millis(110), Some(given(78, 8)));
        assert_eq!(shelf.turn(&isolate, Millis(110)), Turn::Answer(78));
        // An answer of the version before serves no longer: whoever holds version 6 wants version 8.
        assert_eq!(shelf.turn(&question("6", Some(version(6)), Since::Answered, 120), Millis(120)), Turn::Ask);
    }

    #[test]
    fn a_version_that_is_told_while_a_question_is_pending_is_asked_for() {
        let mut shelf = Shelf::<u32>::new(100);
        let isolate = question("6", Some(version(6)), Since::Answered, 0);
        assert_eq!(shelf.turn(&isolate, Millis(0)), Turn::Ask);
        shelf.tell(version(8));
        shelf.end(&isolate, Millis(0), Millis(50), Some(given(67, 7)));
        let next = question("7", Some(version(7)), Since::Answered, 60);
        assert_eq!(shelf.turn(&next, Millis(60)), Turn::Ask);
        shelf.end(&next, Millis(60), Millis(70), Some(given(78, 8)));
        assert_eq!(shelf.turn(&question("8", Some(version(8)), Since::Answered, 80), Millis(80)), Turn::Newest);
    }

    #[test]
    fn an_unknown_key_makes_the_reader_ask_once_a_second() {
        let (mut shelf, mut asked) = (reader(), 0);
        for now in (1..=10_000).map(Millis) {
            let isolate = question("7", Some(version(7)), Since::Sought, now.0);
            if shelf.turn(&isolate, now) == Turn::Ask {
                asked += 1;
                shelf.end(&isolate, now, now, Some(given(0, 7)));
            }
        }
        assert_eq!(asked, 10);
    }

    #[test]
    fn an_isolate_that_changed_something_is_answered_by_a_question_asked_after_the_change() {
        let mut shelf = reader();
        let writer = question("7", Some(version(7)), Since::Now, 100);
        assert_eq!(shelf.turn(&writer, Millis(100)), Turn::Ask);
        // Another writer comes while the question is pending, which was asked before its change.
        let second = question("7", Some(version(7)), Since::Now, 110);
        assert_eq!(shelf.turn(&second, Millis(110)), Turn::Look);
        shelf.end(&writer, Millis(100), Millis(120), Some(given(78, 8)));
        assert_eq!((shelf.turn(&writer, Millis(120)), shelf.turn(&second, Millis(120))), (Turn::Answer(78), Turn::Ask));
        shelf.end(&second, Millis(120), Millis(130), Some(given(79, 9)));
        assert_eq!(shelf.turn(&second, Millis(130)), Turn::Answer(79));
    }

    #[test]
    fn versions_that_isolates_name_make_the_reader_ask_once_a_second() {
        let (mut shelf, mut asked) = (reader(), 0);
        for now in (1..=10_000).map(Millis) {
            let named = version(8 + u32::try_from(now.0).unwrap());
            let isolate = question("7", Some(version(7)), Since::Version(named), now.0);
            if shelf.turn(&isolate, now) == Turn::Ask {
                asked += 1;
                shelf.end(&isolate, now, now, Some(given(0, 7)));
            }
        }
        assert_eq!(asked, 10);
    }

    #[test]
    fn a_failure_is_shared_and_not_held() {
        let mut shelf = reader();
        let [first, second, later] = [2_000, 2_010, 2_030].map(|came| question("7", Some(version(7)), Since::Answered, came));
        assert_eq!((shelf.turn(&first, Millis(2_000)), shelf.turn(&second, Millis(2_010))), (Turn::Ask, Turn::Look));
        shelf.end(&first, Millis(2_000), Millis(2_020), None);
        assert_eq!((shelf.turn(&first, Millis(2_020)), shelf.turn(&second, Millis(2_020))), (Turn::Failed, Turn::Failed));
        assert_eq!(shelf.turn(&later, Millis(2_030)), Turn::Ask);
    }

    #[test]
    fn lasting_answers_serve_at_any_age_and_all_are_bounded() {
        let mut shelf = reader();
        for number in 0..10_000_u32 {
            let owners = Question { is_lasting: true, ..question(&format!("owner {number}"), None, Since::Answered, 100_000) };
            assert_eq!(shelf.turn(&owners, Millis(100_000)), Turn::Ask);
            shelf.end(&owners, Millis(100_000), Millis(100_000), Some(given(number, 1)));
            assert_eq!(shelf.turn(&Question { came: Millis(900_000), ..owners }, Millis(900_000)), Turn::Answer(number));
            assert!(shelf.bytes <= 100 && shelf.entries.len() <= MOST_ENTRIES, "{} bytes", shelf.bytes);
        }
        // An answer of no bytes takes a place, too.
        for number in 0..10_000 {
            let owners = Question { is_lasting: true, ..question(&format!("none {number}"), None, Since::Answered, 0) };
            assert_eq!(shelf.turn(&owners, Millis(0)), Turn::Ask);
            shelf.end(&owners, Millis(0), Millis(0), Some(Given { answer: 0, version: Some(held()), bytes: 0 }));
            assert!(shelf.entries.len() <= MOST_ENTRIES);
        }
        assert_eq!(shelf.newest, Some(version(7)));
    }
}
