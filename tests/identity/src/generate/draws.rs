//! Draws, and units whose bucket stands at the edge of a share.

use std::collections::BTreeSet;

use sdk_core::{BUCKETS, BucketKey, Subkey, bucket::murmurhash_js_bucket};

use super::{
    conditions::Interest,
    json::Json,
    pools::{NUMBERS, ODD, UNIT_NUMBERS},
    random::Random,
};

/// The number of units that are tried for the edges of one draw.
const TRIES: usize = 6_000;

/// The unit, the salt and the hash by which a flag draws.
#[derive(Clone, Copy)]
pub struct Drawing<'f> {
    /// The attribute whose value is the unit.
    pub unit: &'f str,
    /// The salt.
    pub salt: &'f str,
    /// True if the hash is `murmurhash-js`.
    pub murmur: bool,
}

/// Units at the edges of a share, and the attribute that holds them.
#[derive(Clone, Debug, Default)]
pub struct Edges {
    /// The attribute.
    pub attribute: String,
    /// The units, as written.
    pub units: BTreeSet<String>,
}

/// One draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// `sip-1` under one salt.
    Sip(Subkey),
    /// `murmurhash-js`.
    Murmur,
}

impl Draw {
    /// The draw under this salt.
    pub fn new(key: BucketKey, salt: &str, murmur: bool) -> Self {
        if murmur { Self::Murmur } else { Self::Sip(key.subkey(salt.as_bytes())) }
    }

    /// The bucket of a unit.
    pub fn bucket(self, unit: &str) -> u32 {
        match self {
            Self::Sip(subkey) => subkey.bucket(unit.as_bytes()),
            Self::Murmur => murmurhash_js_bucket(unit.as_bytes()),
        }
    }
}

/// A bound between two shares.
#[derive(Clone, Debug)]
pub struct Bound {
    /// The first bucket past it.
    pub at: u32,
    /// A unit whose bucket is there, or next to it.
    beside: Option<String>,
}

impl Bound {
    /// The bound behind all shares.
    pub const LAST: Self = Self { at: BUCKETS, beside: None };
}

/// A bound: a round one, one at a unit's very bucket, or any.
pub fn bound(random: &mut Random, draw: Draw) -> Bound {
    match random.below(6) {
        0 | 1 => {
            let at = *random.pick(&[0, 1, 1_000, 5_000, 10_000, 25_000, 33_333, 50_000, 99_000, 99_999, BUCKETS]);
            Bound { at, beside: None }
        }
        2 => Bound { at: u32::try_from(random.below(100_001)).unwrap_or(0), beside: None },
        _ => bound_beside_unit(random, draw),
    }
}

/// A bound at some unit's very bucket, or next to it.
pub fn bound_beside_unit(random: &mut Random, draw: Draw) -> Bound {
    let (unit, offset) = (unit(random), *random.pick(&[0, 1, 2]));
    Bound { at: (draw.bucket(&unit) + offset).saturating_sub(1), beside: Some(unit) }
}

/// Units that stand at, just below or just above one of the bounds.
pub fn edges(random: &mut Random, attribute: &str, draw: Draw, bounds: &[Bound]) -> Edges {
    let (style, first) = (style(random), random.below(1_000_000_000));
    let mut open: Vec<u32> = bounds.iter().flat_map(|bound| [bound.at.wrapping_sub(1), bound.at, bound.at + 1]).collect();
    let mut units: BTreeSet<_> = bounds.iter().filter_map(|bound| Some(Json::text(bound.beside.as_ref()?).written())).collect();
    for number in first..first + TRIES {
        let unit = format!("{style}{number}");
        let bucket = draw.bucket(&unit);
        if let Some(place) = open.iter().position(|wanted| *wanted == bucket) {
            open.swap_remove(place);
            // A number is a unit by its digits.
            units.insert(if style.is_empty() && random.one_in(2) { unit } else { Json::text(&unit).written() });
            if open.is_empty() {
                break;
            }
        }
    }
    Edges { attribute: attribute.into(), units }
}

/// Units at the edges, beside some other units and what is none.
pub fn interest(random: &mut Random, edges: &Edges) -> Interest {
    let mut values: Vec<Json> = edges.units.iter().flat_map(|unit| [(); 8].map(|()| Json::raw(unit))).collect();
    values.extend((0..3).map(|_| Json::text(&unit(random))));
    values.push(Json::raw(random.below(1_000_000).to_string()));
    values.extend([NUMBERS, UNIT_NUMBERS, ODD].map(|pool| Json::raw(*random.pick(pool))));
    Interest { attribute: edges.attribute.clone(), values }
}

/// Thousandths of a percent, in one of the spellings.
pub fn percent(random: &mut Random, thousandths: u32) -> Json {
    let (whole, rest) = (thousandths / 1000, thousandths % 1000);
    Json::raw(match rest {
        _ if random.one_in(6) => format!("{thousandths}e-3"),
        0 => whole.to_string(),
        _ => format!("{whole}.{rest:03}"),
    })
}

/// Returns true if a bucket stands at one of the bounds, or beside it.
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
