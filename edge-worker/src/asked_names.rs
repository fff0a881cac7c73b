//! Names that evaluations ask for and that no flag has: a misspelling in a program, or a flag that was removed too early.
//!
//! An isolate hands them to the hub of the environment with the questions that it asks anyway, through the reader, as it does its
//! [`counts`](crate::counts). The numbers are about right: an isolate that ends loses its last ones, and a request that is evaluated twice
//! counts twice. Callers choose the names, so a bounded number is kept, and only names that a flag could have.
use std::{cell::RefCell, fmt::Write};

use sdk_core::{Millis, Ruleset, is_flag_key};

use crate::environment::Environment;

/// The most names that anybody keeps. The one that was asked for least gives way, so that made-up names do not drive out a name that a
/// program asks for again and again.
const MOST: usize = 50;
/// The time after which a name is forgotten, in milliseconds.
const KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

thread_local! {
    static OWN: RefCell<Vec<(Environment, AskedNames)>> = const { RefCell::new(Vec::new()) };
}

/// A name that no flag has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AskedName {
    pub(crate) name: String,
    pub(crate) asked: u64,
    /// The moment of the last time.
    pub(crate) last: Millis,
}

/// Names, the one that was asked for last at the end. There are few, so that they are compared one by one.
#[derive(Default)]
pub(crate) struct AskedNames(RefCell<Vec<AskedName>>);

impl AskedNames {
    fn add(&self, name: &str, times: u64, now: Millis) {
        let mut names = self.0.borrow_mut();
        let mut added = match names.iter().position(|known| known.name == name) {
            Some(place) => names.remove(place),
            None if is_flag_key(name) => AskedName { name: name.to_owned(), asked: 0, last: now },
            None => return,
        };
        if names.len() >= MOST {
            let least = names.iter().enumerate().min_by_key(|(_, known)| known.asked).map_or(0, |(place, _)| place);
            names.remove(least);
        }
        added.asked = added.asked.saturating_add(times);
        added.last = now;
        names.push(added);
    }

    /// The names as text, and from then on none; `None` if there is none.
    pub(crate) fn take(&self) -> Option<String> {
        let mut text = String::new();
        for AskedName { name, asked, .. } in self.0.take() {
            // Writing to a string cannot fail. No flag's key has one of these signs.
            write!(text, "{name}:{asked},").ok();
        }
        (!text.is_empty()).then_some(text)
    }

    /// Adds what [`Self::take`] gave, at this moment.
    pub(crate) fn add_text(&self, text: &str, now: Millis) {
        self.0.borrow_mut().retain(|known| now.0.saturating_sub(known.last.0) < KEPT_MS);
        for (name, times) in text.split(',').take(MOST).filter_map(|pair| pair.split_once(':')) {
            if let Ok(times) = times.parse() {
                self.add(name, times, now);
            }
        }
    }

    /// The names, the latest first.
    pub(crate) fn list(&self) -> Vec<AskedName> {
        self.0.borrow().iter().rev().cloned().collect()
    }
}

/// Notes that an evaluation found no flag with a name. A flag that the caller may not see is no unknown one.
pub(crate) fn note(environment: &Environment, name: &str, ruleset: &Ruleset, now: Millis) {
    if ruleset.find(name).is_none() {
        of(environment, |names| names.add(name, 1, now));
    }
}

/// The names that were asked for in an environment, to be handed over; `None` if there is none.
pub(crate) fn take(environment: &Environment) -> Option<String> {
    of(environment, AskedNames::take)
}

/// Takes back names that could not be handed over.
pub(crate) fn give_back(environment: &Environment, text: &str, now: Millis) {
    of(environment, |names| names.add_text(text, now));
}

/// Calls a function with the names of an environment.
fn of<T>(environment: &Environment, call: impl FnOnce(&AskedNames) -> T) -> T {
    OWN.with_borrow_mut(|own| {
        let place = own.iter().position(|(of, _)| of == environment).unwrap_or_else(|| {
            own.push((environment.clone(), AskedNames::default()));
            own.len() - 1
        });
        call(&own[place].1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{environment::Registry, ruleset_cache::Serving, version::Version};

    fn entry(name: &str, asked: u64, last: i64) -> AskedName {
        AskedName { name: name.to_owned(), asked, last: Millis(last) }
    }

    #[test]
    fn names_go_from_isolates_through_a_reader_to_the_hub_once() {
        let (reader, hub) = (AskedNames::default(), AskedNames::default());
        let registry = Registry::new(None, vec![(control::EnvironmentName::parse("other").unwrap(), Millis(0))]);
        let (first, other) = (Environment::FIRST, registry.find("other").unwrap());
        let version = Version { epoch: "0a1b2c3d4e5f".parse().unwrap(), number: 1 };
        let document = r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{"checkout":{}}}"#;
        let Serving { ruleset, .. } = Serving::of_document(document, version);
        for name in ["chekout", "a.b-c_d", "chekout", "checkout"] {
            note(&first, name, &ruleset, Millis(1));
        }
        note(&other, "elsewhere", &ruleset, Millis(1));
        assert_eq!(take(&first).as_deref(), Some("a.b-c_d:1,chekout:2,"));
        assert_eq!(take(&first), None);
        let text = take(&other).unwrap();
        give_back(&other, &text, Millis(2));
        note(&other, "elsewhere", &ruleset, Millis(2));
        reader.add_text("chekout:2,", Millis(3));
        reader.add_text(&take(&other).unwrap(), Millis(3));
        hub.add_text(&reader.take().unwrap(), Millis(5));
        hub.add_text("chekout:1,", Millis(9));
        assert_eq!(hub.list(), [entry("chekout", 3, 9), entry("elsewhere", 2, 5)]);
        assert_eq!(reader.take(), None);
    }

    #[test]
    fn a_caller_fills_no_memory_and_drives_out_no_name_that_is_asked_for_often() {
        let names = AskedNames::default();
        for bad in ["", "a b", "a,b:3", "ü", "a..b", "__proto__", &"n".repeat(129)] {
            names.add(bad, 1, Millis(0));
        }
        names.add_text("a b:1,n:x,:,,c", Millis(0));
        assert_eq!(names.take(), None);
        names.add("often", 2, Millis(0));
        for number in 0..1_000 {
            names.add(&format!("n{number}"), 1, Millis(number));
        }
        let kept = names.list();
        assert_eq!((kept.len(), &kept[0], &kept[MOST - 1]), (MOST, &entry("n999", 1, 999), &entry("often", 2, 0)));
        names.add_text("late:1,", Millis(999 + KEPT_MS));
        assert_eq!(names.list(), [entry("late", 1, 999 + KEPT_MS)]);
    }
}
