//! Draws, and units whose bucket stands at the edge of a share.

use sdk_core::{BUCKETS, Subkey, bucket::murmurhash_js_bucket};

use super::{json::Json, random::Random};

/// How many units are tried for the edges of one draw.
const TRIES: usize = 6_000;

/// How a flag draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// `sip-1` under one salt.
    Sip(Subkey),
    /// `murmurhash-js`.
    Murmur,
}

impl Draw {
    /// The bucket of a unit.
    pub fn bucket(self, unit: &str) -> u32 {
        match self {
            Self::Sip(subkey) => subkey.bucket(unit.as_bytes()),
            Self::Murmur => murmurhash_js_bucket(unit.as_bytes()),
        }
    }
}

/// A bound between two shares: a round one, one at a unit's very bucket, or any.
pub fn bound(random: &mut Random, draw: Draw) -> u32 {
    match random.below(6) {
        0 | 1 => *random.pick(&[0, 1, 1_000, 5_000, 10_000, 25_000, 33_333, 50_000, 99_000, 99_999, BUCKETS]),
        2 => u32::try_from(random.below(100_001)).unwrap_or(0),
        _ => {
            let beside = *random.pick(&[0, 1, 2]);
            (draw.bucket(&unit(random)) + beside).saturating_sub(1)
        }
    }
}

/// Units that stand at, just below or just above one of the bounds.
pub fn edge_units(random: &mut Random, draw: Draw, bounds: &[u32]) -> Vec<Json> {
    let (style, first) = (style(random), random.below(1_000_000_000));
    let mut open: Vec<u32> = bounds.iter().flat_map(|bound| [bound.wrapping_sub(1), *bound, bound + 1]).collect();
    let mut units = Vec::new();
    for number in first..first + TRIES {
        let unit = format!("{style}{number}");
        let bucket = draw.bucket(&unit);
        if let Some(place) = open.iter().position(|wanted| *wanted == bucket) {
            open.swap_remove(place);
            // A number is a unit by its digits.
            units.push(if style.is_empty() && random.one_in(2) { Json::raw(unit) } else { Json::text(&unit) });
            if open.is_empty() {
                break;
            }
        }
    }
    units
}

/// Whether a bucket stands at one of the bounds, or beside it.
pub fn is_near(bucket: u32, bounds: &[u32]) -> bool {
    bounds.iter().any(|bound| bucket.abs_diff(*bound) <= 1)
}

/// Any unit.
pub fn unit(random: &mut Random) -> String {
    format!("{}{}", style(random), random.below(1_000_000_000))
}

fn style(random: &mut Random) -> &'static str {
    random.pick::<&str>(&["", "", "u-", "user_", "ü", "日本", "🚀", "e\u{301}", "00000000-0000-4000-8000-"])
}
