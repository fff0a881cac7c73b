//! A simulated network: isolates in many places, a reader in each, and one hub, on a clock of its own.
//!
//! The isolates follow [`crate::freshness`] and the readers [`crate::reader::shelf`], the same functions as the worker. Everything else is
//! a model: the delays between them, the requests, and a hub that answers each question at once.
use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
};

use sdk_core::Millis;

use crate::{
    freshness::{Plan, Questions, Step, Waiter},
    reader::shelf::{Given, Question, Shelf, Since, Turn},
    version::Version,
};

/// The one-way delay between an isolate and its reader, in milliseconds.
const TO_READER_MS: i64 = 2;
/// The time after which a request or a question that waits looks again. The worker looks every 5 ms, which changes no question.
const LOOK_AGAIN_MS: i64 = 25;
/// The longest wait of a read, as in the worker.
const NEWS_MS: i64 = 300;
const FIRST_MS: i64 = 10_000;

/// A network to simulate.
#[derive(Clone, Copy, Debug)]
pub struct Fleet {
    /// The number of places, each with a reader.
    pub places: usize,
    /// The number of isolates in a place.
    pub isolates: usize,
    /// The seconds that are simulated.
    pub seconds: i64,
    /// The first of these seconds, which are not measured: all isolates start cold at once.
    pub warming: i64,
}

/// The figures of a simulation.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// The questions at the hub in an average second.
    pub hub: f64,
    /// The questions at the hub in the busiest second.
    pub hub_peak: u32,
    /// The questions at the busiest reader in its busiest second.
    pub reader_peak: u32,
    /// The answers that isolates gave.
    pub answers: u64,
    /// The answers that had to wait for the hub longer than they may, and were given from an older version or refused.
    pub late: u64,
    /// The milliseconds for which an answer's version had been replaced when it was given: the median, the 99th percentile and the longest.
    pub age: [i64; 3],
}

struct Isolate {
    held: Option<Version>,
    questions: Questions,
}

struct Reader {
    shelf: Shelf<Version>,
    /// The one-way delay to the hub, in milliseconds.
    to_hub: i64,
}

enum Event {
    /// A client's request, which may name the newest version. With `again` another one follows.
    Request { isolate: usize, names: bool, again: bool },
    /// A request looks again.
    Look { isolate: usize, waiter: Waiter, wanted: Option<Version>, patience: i64 },
    /// A question of an isolate is at its reader, where it waits until it is answered.
    AtReader { isolate: usize, began: Millis, question: Box<Question> },
    /// A question of a reader is at the hub.
    AtHub { isolate: usize, began: Millis, asked: Millis, question: Box<Question> },
    /// The hub's answer is at the reader.
    FromHub { isolate: usize, began: Millis, asked: Millis, question: Box<Question>, version: Version },
    /// The reader's answer is at the isolate; `None` if it failed.
    FromReader { isolate: usize, began: Millis, version: Option<Version> },
    /// An operator changes something.
    Change,
    /// The hub's word of a change is at a reader.
    Told { place: usize, version: Version },
    /// An isolate starts anew.
    Restart { isolate: usize },
}

struct Queued(i64, u64, Event);

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Queued {}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

struct Network {
    fleet: Fleet,
    queue: BinaryHeap<Reverse<Queued>>,
    queued: u64,
    random: u64,
    now: Millis,
    isolates: Vec<Isolate>,
    readers: Vec<Reader>,
    /// The moment of each version, from version 1 on.
    versions: Vec<Millis>,
    at_hub: Vec<u32>,
    at_readers: Vec<Vec<u32>>,
    ages: Vec<i64>,
    late: u64,
}

/// Simulates a network: a change a minute, which clients hear of and name in their next requests, and in the middle one isolate in five
/// that starts anew.
#[must_use]
pub fn simulate(fleet: Fleet) -> Measured {
    let seconds = usize::try_from(fleet.seconds).unwrap_or_default() + 60;
    let mut network = Network {
        queue: BinaryHeap::new(),
        queued: 0,
        random: 1,
        now: Millis(0),
        isolates: Vec::new(),
        readers: Vec::new(),
        versions: vec![Millis(0)],
        at_hub: vec![0; seconds],
        at_readers: vec![vec![0; seconds]; fleet.places],
        ages: Vec::new(),
        late: 0,
        fleet,
    };
    for _ in 0..fleet.places {
        let to_hub = 5 + network.below(115);
        network.readers.push(Reader { shelf: Shelf::new(1 << 20), to_hub });
    }
    for isolate in 0..fleet.places * fleet.isolates {
        network.isolates.push(Isolate { held: None, questions: Questions::default() });
        let at = network.below(5_000);
        network.queue(at, Event::Request { isolate, names: false, again: true });
        if isolate % 5 == 0 {
            let at = fleet.seconds * 500 + network.below(1_000);
            network.queue(at, Event::Restart { isolate });
        }
    }
    for minute in 0..fleet.seconds / 60 {
        network.queue(minute * 60_000 + 30_000, Event::Change);
    }
    while let Some(Reverse(Queued(at, _, event))) = network.queue.pop() {
        if at >= fleet.seconds * 1_000 {
            break;
        }
        network.now = Millis(at);
        network.happens(event);
    }
    network.measured()
}

impl Network {
    fn queue(&mut self, at: i64, event: Event) {
        self.queued += 1;
        self.queue.push(Reverse(Queued(at, self.queued, event)));
    }

    fn later(&mut self, delay: i64, event: Event) {
        self.queue(self.now.0 + delay, event);
    }

    /// A number below another one, from the simulation's own generator (`SplitMix64`).
    fn below(&mut self, end: i64) -> i64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.random;
        bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        i64::try_from((bits ^ bits >> 31) % end.unsigned_abs()).unwrap_or_default()
    }

    fn newest(&self) -> Version {
        let epoch = "0a1b2c3d4e5f.0".parse::<Version>().map(|version| version.epoch);
        let number = u32::try_from(self.versions.len()).unwrap_or(u32::MAX);
        epoch.map_or_else(|_| unreachable!("it is spelled so"), |epoch| Version { epoch, number })
    }

    fn second(&self) -> usize {
        usize::try_from(self.now.0 / 1_000).unwrap_or_default()
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Request { isolate, names, again } => {
                if again {
                    // One isolate in five is busy, the others are idle for 5 s on average and often for more than 10.
                    let mean = if isolate % 5 == 1 { 250 } else { 5_000 };
                    let delay = self.exponential(mean);
                    self.later(delay, Event::Request { isolate, names: false, again });
                }
                self.read(isolate, names);
            }
            Event::Look { isolate, waiter, wanted, patience } => self.look(isolate, waiter, wanted, patience),
            Event::AtReader { isolate, began, question } => self.at_reader(isolate, began, question),
            Event::AtHub { isolate, began, asked, question } => {
                let second = self.second();
                self.at_hub[second] += 1;
                let (version, place) = (self.newest(), isolate / self.fleet.isolates);
                let delay = self.readers[place].to_hub;
                self.later(delay, Event::FromHub { isolate, began, asked, question, version });
            }
            Event::FromHub { isolate, began, asked, question, version } => {
                let reader = &mut self.readers[isolate / self.fleet.isolates];
                reader.shelf.end(&question, asked, self.now, Some(Given { answer: version, version: Some(version), bytes: 1_000 }));
                self.at_reader(isolate, began, question);
            }
            Event::FromReader { isolate, began, version } => {
                let isolate = &mut self.isolates[isolate];
                isolate.questions.end(began, version.is_some());
                if version.is_some_and(|version| isolate.held.is_none_or(|held| version.is_beyond(held) && version.number > held.number)) {
                    isolate.held = version;
                }
            }
            Event::Change => {
                self.versions.push(self.now);
                let version = self.newest();
                for place in 0..self.fleet.places {
                    let delay = self.readers[place].to_hub;
                    self.later(delay, Event::Told { place, version });
                }
                // Clients hear of it, and spread their requests over two seconds.
                for isolate in 0..self.isolates.len() {
                    for _ in 0..3 {
                        let delay = 100 + self.below(2_000);
                        self.later(delay, Event::Request { isolate, names: true, again: false });
                    }
                }
            }
            Event::Told { place, version } => self.readers[place].shelf.tell(version),
            Event::Restart { isolate } => {
                self.isolates[isolate] = Isolate { held: None, questions: Questions::default() };
                self.read(isolate, false);
            }
        }
    }

    fn exponential(&mut self, mean: i64) -> i64 {
        #[expect(clippy::cast_precision_loss, reason = "below a million")]
        let part = (self.below(1_000_000) + 1) as f64 / 1e6;
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "milliseconds of a simulation")]
        let delay = (-part.ln() * mean as f64) as i64;
        delay.max(1)
    }

    /// A request reads from an isolate.
    fn read(&mut self, place: usize, names: bool) {
        let (now, newest) = (self.now, self.newest());
        let isolate = &mut self.isolates[place];
        let Some(held) = isolate.held else {
            let waiter = isolate.questions.waiter(now, false);
            return self.look(place, waiter, None, FIRST_MS);
        };
        let wanted = Some(newest).filter(|newest| names && newest.is_beyond(held));
        match isolate.questions.plan(held, wanted, now) {
            Plan::Answer => self.answer(held),
            Plan::AnswerAndAsk => {
                if isolate.questions.begin(now) {
                    self.ask(place, now, Since::Answered);
                }
                self.answer(held);
            }
            Plan::Ask => {
                let waiter = isolate.questions.waiter(now, wanted.is_some());
                self.look(place, waiter, wanted, NEWS_MS);
            }
        }
    }

    fn look(&mut self, place: usize, waiter: Waiter, wanted: Option<Version>, patience: i64) {
        let now = self.now;
        let isolate = &mut self.isolates[place];
        let held = isolate.held;
        let is_known = wanted.is_some_and(|wanted| held.is_some_and(|held| !wanted.is_beyond(held)));
        let step = if is_known { Step::Ended } else { isolate.questions.step(waiter, now, patience) };
        match (step, held) {
            (Step::Ended, Some(held)) => self.answer(held),
            (Step::Late, Some(held)) => {
                self.late += u64::from(self.is_measured());
                self.answer(held);
            }
            (Step::Ended | Step::Late, None) => self.late += u64::from(self.is_measured()),
            (Step::Ask | Step::Look, _) => {
                if step == Step::Ask {
                    self.ask(place, now, wanted.map_or(Since::Answered, Since::Version));
                }
                self.later(LOOK_AGAIN_MS, Event::Look { isolate: place, waiter, wanted, patience });
            }
        }
    }

    /// An isolate asks its reader.
    fn ask(&mut self, isolate: usize, began: Millis, since: Since) {
        let held = self.isolates[isolate].held;
        let key = held.map(|held| held.to_string()).unwrap_or_default();
        let came = Millis(began.0 + TO_READER_MS);
        let question = Box::new(Question { key, held, since, is_lasting: false, came });
        let second = usize::try_from(came.0 / 1_000).unwrap_or_default();
        self.at_readers[isolate / self.fleet.isolates][second] += 1;
        self.later(TO_READER_MS, Event::AtReader { isolate, began, question });
    }

    fn at_reader(&mut self, isolate: usize, began: Millis, question: Box<Question>) {
        let now = self.now;
        let reader = &mut self.readers[isolate / self.fleet.isolates];
        let to_hub = reader.to_hub;
        match reader.shelf.turn(&question, now) {
            Turn::Answer(version) => self.later(TO_READER_MS, Event::FromReader { isolate, began, version: Some(version) }),
            Turn::Newest => self.later(TO_READER_MS, Event::FromReader { isolate, began, version: question.held }),
            Turn::Failed => self.later(TO_READER_MS, Event::FromReader { isolate, began, version: None }),
            Turn::Ask => self.later(to_hub, Event::AtHub { isolate, began, asked: now, question }),
            Turn::Look => self.later(LOOK_AGAIN_MS, Event::AtReader { isolate, began, question }),
        }
    }

    fn is_measured(&self) -> bool {
        self.now.0 >= self.fleet.warming * 1_000
    }

    /// Takes note of an answer from a version.
    fn answer(&mut self, held: Version) {
        if self.is_measured() {
            let replaced = self.versions.get(usize::try_from(held.number).unwrap_or(usize::MAX));
            self.ages.push(replaced.map_or(0, |replaced| self.now.0 - replaced.0));
        }
    }

    fn measured(mut self) -> Measured {
        self.ages.sort_unstable();
        let age =
            |part: usize| self.ages.get((self.ages.len() * part / 100).min(self.ages.len().saturating_sub(1))).copied().unwrap_or_default();
        let second = |second: i64| usize::try_from(second).unwrap_or_default();
        let seconds = second(self.fleet.warming)..second(self.fleet.seconds);
        let at_hub = self.at_hub.get(seconds.clone()).unwrap_or_default();
        let at_readers = self.at_readers.iter().flat_map(|seconds_of| seconds_of.get(seconds.clone()).unwrap_or_default());
        #[expect(clippy::cast_precision_loss, reason = "some minutes")]
        let hub = f64::from(at_hub.iter().sum::<u32>()) / at_hub.len().max(1) as f64;
        Measured {
            hub,
            hub_peak: at_hub.iter().copied().max().unwrap_or_default(),
            reader_peak: at_readers.copied().max().unwrap_or_default(),
            answers: self.ages.len() as u64,
            late: self.late,
            age: [age(50), age(99), age(100)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Fleet = Fleet { places: 6, isolates: 40, seconds: 180, warming: 10 };

    #[test]
    fn each_reader_asks_the_hub_about_once_a_second_and_no_answer_is_old() {
        let measured = simulate(SMALL);
        // A question a second of each reader, one more at each change, and one for those that start anew.
        assert!(measured.hub <= 6.2, "{measured:?}");
        assert!(measured.age[0] == 0 && measured.age[2] < 10_000, "{measured:?}");
        assert!(measured.answers > 10_000 && measured.late == 0, "{measured:?}");
    }

    #[test]
    fn a_simulation_is_the_same_each_time() {
        let [first, second] = [simulate(SMALL), simulate(SMALL)].map(|measured| format!("{measured:?}"));
        assert_eq!(first, second);
    }
}
