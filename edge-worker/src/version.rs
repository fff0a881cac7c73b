//! Versions as they cross a wire: the number of a change, and the epoch of the store that counted it.
//!
//! A restored store counts its changes again, so a number alone says nothing about which of two documents is newer. Versions of two
//! epochs are not ordered: a holder that meets another epoch forgets what it holds.
use std::{fmt, str::FromStr};

use sdk_core::{hex, json::canonical::write_number};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// The identity of a store's history: 48 random bits, made with the store, and made anew by each restore, and when the store was put
/// back by other means or lost its epoch. Spelled as 12 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Epoch(u64);

/// A version of a store, spelled `<epoch>.<number>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) epoch: Epoch,
    /// The number of the newest change; 0 before the first.
    pub(crate) number: u32,
}

impl Version {
    /// The spelling, as [`Display`](fmt::Display) prints it: every answer has it, and formatting takes as long as evaluating a flag.
    pub(crate) fn to_text(self) -> String {
        let [_, _, epoch @ ..] = self.epoch.0.to_be_bytes();
        let mut text = hex::encode(&epoch);
        text.push('.');
        write_number(&mut text, f64::from(self.number));
        text
    }
}

/// The spelling that a refusal says was expected.
pub(crate) const EXPECTED: &str = "a version with its epoch, such as \"0a1b2c3d4e5f.12\"";

impl Version {
    /// Returns true if a holder of `held` must ask for this version, because it is newer or of another epoch.
    pub(crate) fn is_beyond(self, held: Self) -> bool {
        self.epoch != held.epoch || self.number > held.number
    }
}

impl Epoch {
    /// The epoch of a store that lost its own, until its hub makes another.
    pub(crate) const LOST: Self = Self(0);

    /// A new epoch, drawn at random.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes)?;
        Ok(Self(u64::from_ne_bytes(bytes) >> 16))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:012x}", self.0)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.epoch, self.number)
    }
}

/// The error of a text that does not spell a version or an epoch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotSpelledSo;

impl FromStr for Epoch {
    type Err = NotSpelledSo;

    fn from_str(text: &str) -> Result<Self, NotSpelledSo> {
        let is_spelled = text.len() == 12 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let bits = u64::from_str_radix(text, 16).map_err(|_| NotSpelledSo)?;
        if is_spelled { Ok(Self(bits)) } else { Err(NotSpelledSo) }
    }
}

impl FromStr for Version {
    type Err = NotSpelledSo;

    /// Accepts only the spelling that [`Display`](fmt::Display) prints, because entity tags are compared as texts.
    fn from_str(text: &str) -> Result<Self, NotSpelledSo> {
        let (epoch, digits) = text.split_once('.').ok_or(NotSpelledSo)?;
        let number: u32 = digits.parse().map_err(|_| NotSpelledSo)?;
        let is_spelled = digits.starts_with(|first: char| first.is_ascii_digit()) && (digits.len() == 1 || !digits.starts_with('0'));
        if is_spelled { Ok(Self { epoch: epoch.parse()?, number }) } else { Err(NotSpelledSo) }
    }
}

impl Serialize for Epoch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Epoch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(|NotSpelledSo| D::Error::custom("expected 12 hex digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn the_printed_spelling_is_the_only_one() {
        for text in ["0a1b2c3d4e5f.12", "000000000000.0", "ffffffffffff.4294967295"] {
            assert_eq!((version(text).to_string(), version(text).to_text()), (text.to_owned(), text.to_owned()));
        }
        let bare = ["", ".", "12", "0a1b2c3d4e5f", "0a1b2c3d4e5f.", ".12"];
        let others = ["0A1B2C3D4E5F.12", "a1b2c3d4e5f.12", "00a1b2c3d4e5f.12", "+a1b2c3d4e5f.12", "0a1b2c3d4e5f.+1", "0a1b2c3d4e5f.01"];
        let numbers = ["0a1b2c3d4e5f.4294967296", "0a1b2c3d4e5f.-1", "0a1b2c3d4e5f.1.2", "0a1b2c3d4e5f. 1", "\"0a1b2c3d4e5f.12\""];
        for text in bare.iter().chain(&others).chain(&numbers) {
            assert_eq!(text.parse::<Version>(), Err(NotSpelledSo), "{text:?}");
        }
    }

    #[test]
    fn a_version_of_another_epoch_is_beyond_whatever_its_number() {
        let held = version("0a1b2c3d4e5f.12");
        for (wanted, beyond) in [("0a1b2c3d4e5f.11", false), ("0a1b2c3d4e5f.12", false), ("0a1b2c3d4e5f.13", true)] {
            assert_eq!(version(wanted).is_beyond(held), beyond, "{wanted}");
        }
        assert!(version("0a1b2c3d4e50.1").is_beyond(held) && version("0a1b2c3d4e50.12").is_beyond(held));
    }
}
