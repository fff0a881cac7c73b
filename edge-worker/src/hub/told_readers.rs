//! The readers that the hub tells of changes. They are known from their questions and kept in memory alone: a reader that asks no more
//! is forgotten, and one that a hub forgot asks within two seconds if any isolate asks it.
use std::{cell::RefCell, collections::BTreeMap};

use sdk_core::Millis;

use crate::version::Version;

/// The milliseconds for which a reader that asked is told of changes.
const HEARD_MS: i64 = 60_000;
/// The most readers that are told: more than Cloudflare has data centres. A change makes one request to each.
const MOST: usize = 512;
/// The milliseconds between two rounds of telling. A reader that is not told of a change learns of it within two seconds.
const TELL_MS: i64 = 100;

/// Readers by the moment of their last question.
#[derive(Default)]
pub(super) struct ToldReaders(RefCell<Known>);

#[derive(Default)]
struct Known {
    heard: BTreeMap<String, Millis>,
    /// The version that was told last, and the moment.
    told: Option<(Version, Millis)>,
}

impl ToldReaders {
    /// Takes note of a reader that asks. If there are too many, the one that asked longest ago is forgotten.
    pub(super) fn hear(&self, name: String, now: Millis) {
        let heard = &mut self.0.borrow_mut().heard;
        heard.insert(name, now);
        if heard.len() > MOST
            && let Some(oldest) = heard.iter().min_by_key(|(_, heard)| **heard).map(|(name, _)| name.clone())
        {
            heard.remove(&oldest);
        }
    }

    /// Returns true if no reader asked lately.
    pub(super) fn is_empty(&self) -> bool {
        self.0.borrow().heard.is_empty()
    }

    /// The readers to tell of the newest version; none if they were told of it, or of another one a moment ago.
    pub(super) fn to_tell(&self, newest: Version, now: Millis) -> Vec<String> {
        let Known { heard, told } = &mut *self.0.borrow_mut();
        heard.retain(|_, at| (0..HEARD_MS).contains(&(now.0 - at.0)));
        if told.is_some_and(|(version, at)| version == newest || (0..TELL_MS).contains(&(now.0 - at.0))) {
            return Vec::new();
        }
        *told = Some((newest, now));
        heard.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: u32) -> Version {
        Version { number, .."0a1b2c3d4e5f.0".parse().unwrap() }
    }

    #[test]
    fn readers_are_told_of_each_version_once_and_only_while_they_ask() {
        let readers = ToldReaders::default();
        readers.hear("main@CDG".to_owned(), Millis(0));
        readers.hear("main@IAD".to_owned(), Millis(50_000));
        assert_eq!(readers.to_tell(version(1), Millis(50_000)), ["main@CDG", "main@IAD"]);
        assert!(readers.to_tell(version(1), Millis(51_000)).is_empty());
        assert_eq!(readers.to_tell(version(2), Millis(60_000)), ["main@IAD"]);
        // Many changes at once make one round.
        assert!(readers.to_tell(version(3), Millis(60_099)).is_empty());
        assert_eq!(readers.to_tell(version(4), Millis(60_100)), ["main@IAD"]);
        assert!(readers.to_tell(version(5), Millis(110_000)).is_empty() && readers.is_empty());
    }

    #[test]
    fn readers_are_bounded_and_those_that_asked_last_stay() {
        let readers = ToldReaders::default();
        for number in 0..10_000 {
            readers.hear(format!("main@{number:05}"), Millis(number));
        }
        let told = readers.to_tell(version(1), Millis(10_000));
        assert_eq!(
            (told.len(), told.first().map(String::as_str), told.last().map(String::as_str)),
            (512, Some("main@09488"), Some("main@09999"))
        );
    }
}
