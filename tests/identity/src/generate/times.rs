//! Times as people and programs write them.

use super::{json::Json, random::Random};

/// Texts that are almost times.
pub const NO_TIMES: &[&str] = &[
    "2026-02-30T00:00:00Z",
    "2025-02-29T00:00:00Z",
    "2026-01-31T24:00:00Z",
    "2026-01-31T23:59:60Z",
    "2026-01-31T12:00:00",
    "2026-01-31",
    "2026-01-31 12:00:00Z",
    "2026-1-31T12:00:00Z",
    "2026-01-31T12:00:00.Z",
    "2026-01-31T12:00:00+24:00",
    "2026-01-31T12:00:00+0100",
    "2026-00-10T00:00:00Z",
    "2026-13-10T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "+2026-01-31T12:00:00Z",
    "2026-01-31T12:60:00Z",
    "",
    "2026-01-31T12:00:00Z ",
    "2026-01-31T12:00:00,5Z",
    "1900-02-29T00:00:00Z",
    "1700000000000",
    "0000-12-31T23:59:59Z",
    "2026-01-31T12:00:00−01:00",
];

const MINUTE: i64 = 60_000;
const DAY: i64 = 1440 * MINUTE;
/// The years 0001 to 9999, less a day at either end for offsets.
const FIRST: i64 = -62_135_596_800_000 + DAY;
const LAST: i64 = 253_402_300_799_999 - DAY;

/// Some moment: mostly of our days, or one where calendars trip.
pub fn some(random: &mut Random) -> i64 {
    let far = i64::try_from(random.bits() >> 16).unwrap_or(0);
    match random.below(8) {
        0 => *random.pick(&[0, -1, 951_782_400_000, 1_709_164_800_000, 4_107_542_400_000, -2_203_891_200_000, FIRST, LAST]),
        1 => FIRST + far % (LAST - FIRST),
        2 => 1_600_000_000_000 + far % 400_000_000 * 1000,
        _ => 1_760_000_000_000 + far % 10_000_000_000,
    }
}

/// A moment as a number or as text with any offset and any digits.
pub fn spelled(random: &mut Random, millis: i64) -> Json {
    if random.one_in(3) || !(FIRST..=LAST).contains(&millis) {
        return Json::raw(millis.to_string());
    }
    let (offset, zone) = match random.below(5) {
        0 => (0, "z".into()),
        1 => {
            let minutes = i64::try_from(random.below(1440)).unwrap_or(0);
            let sign = if random.one_in(2) { 1 } else { -1 };
            let zone = format!("{}{:02}:{:02}", if sign > 0 { '+' } else { '-' }, minutes / 60, minutes % 60);
            (sign * minutes * MINUTE, zone)
        }
        _ => (0, "Z".into()),
    };
    let local = millis + offset;
    let (day, rest) = (local.div_euclid(DAY), local.rem_euclid(DAY));
    let (year, month, date) = civil(day);
    let (hour, minute, second, milli) = (rest / (60 * MINUTE), rest / MINUTE % 60, rest / 1000 % 60, rest % 1000);
    let digits = match milli {
        0 if random.one_in(2) => String::new(),
        _ if milli % 100 == 0 && random.one_in(2) => format!(".{}", milli / 100),
        _ if random.one_in(4) => format!(".{milli:03}999999999999"),
        _ => format!(".{milli:03}"),
    };
    let mark = if random.one_in(6) { 't' } else { 'T' };
    Json::text(&format!("{year:04}-{month:02}-{date:02}{mark}{hour:02}:{minute:02}:{second:02}{digits}{zone}"))
}

/// Year, month and date of a day counted from 1970-01-01, by walking the calendar in steps of 400 years.
fn civil(day: i64) -> (i64, i64, i64) {
    const DAYS_OF_400_YEARS: i64 = 146_097;
    let mut rest = (day + 719_528).rem_euclid(DAYS_OF_400_YEARS);
    let mut year = 400 * (day + 719_528).div_euclid(DAYS_OF_400_YEARS);
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    while rest >= 365 + i64::from(leap(year)) {
        rest -= 365 + i64::from(leap(year));
        year += 1;
    }
    let mut month = 1;
    for days in [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if rest < days {
            break;
        }
        rest -= days;
        month += 1;
    }
    (year, month, rest + 1)
}
