//! Versions of semver.org 2.0.0, and the looser spellings that browsers, systems and tags use.
//!
//! Numbers stay digits, because the specification gives them no largest one.

use core::cmp::Ordering;

use super::{comparison::Comparison, text::cut};

/// The most digits of a number in a loose version, leading zeros included: any such number fits 64 bits.
const MAX_LOOSE_DIGITS: usize = 18;

/// The count of major, minor and patch: a strict version has these numbers alone, and caret and tilde ask no others to be equal.
const CORE_NUMBERS: usize = 3;

/// A version, borrowed from its text. Build metadata is checked and dropped, because precedence ignores it.
pub(crate) struct Version<'a> {
    /// Numbers between dots, three if strict; an absent one counts as 0.
    numbers: &'a [u8],
    /// The pre-release without its hyphen; empty if there is none.
    pre_release: &'a [u8],
}

/// Returns true if both texts are versions, and the first compares so with the operand.
#[inline(never)] // keeps its code away from that of other tests, for their speed
pub(crate) fn holds(text: &[u8], comparison: Comparison, operand: &[u8], loose: bool) -> bool {
    let read = |text| Version::parse_as(text, loose);
    read(operand).is_some_and(|operand| read(text).is_some_and(|version| version.stands(comparison, &operand)))
}

/// The kinds of text between two dots.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Identifier {
    Number,
    /// A number with leading zeros.
    Padded,
    Text,
    None,
}

impl<'a> Version<'a> {
    /// Reads a version as semver.org writes it: no `v`, no missing number, no leading zero.
    #[cfg(test)]
    pub(crate) fn parse(text: &'a [u8]) -> Option<Self> {
        Self::parse_as(text, false)
    }

    /// Reads a version strictly, as [`Version::parse`] does, or loosely.
    ///
    /// A loose version may begin with `v` or `V` and has one or more numbers of at most 18 digits, with or without leading zeros.
    /// Its pre-release and build metadata are those of semver.org.
    pub(crate) fn parse_as(text: &'a [u8], loose: bool) -> Option<Self> {
        let text = match text {
            [b'v' | b'V', rest @ ..] if loose => rest,
            _ => text,
        };
        let (text, build) = cut(text, b'+');
        // The first hyphen ends the numbers; further ones belong to identifiers.
        let (numbers, pre_release) = cut(text, b'-');
        let (mut rest, mut count) = (Some(numbers), 0);
        while let Some(list) = rest {
            let (number, after) = cut(list, b'.');
            let is_sound = match Identifier::of(number) {
                Identifier::Number => !loose || number.len() <= MAX_LOOSE_DIGITS,
                Identifier::Padded => loose && number.len() <= MAX_LOOSE_DIGITS,
                Identifier::Text | Identifier::None => false,
            };
            if !is_sound {
                return None;
            }
            rest = after;
            count += 1;
        }
        let is_sound = (loose || count == CORE_NUMBERS) && are_identifiers(build, true) && are_identifiers(pre_release, false);
        is_sound.then_some(Self { numbers, pre_release: pre_release.unwrap_or_default() })
    }

    /// Returns true if this version compares so with another one.
    ///
    /// `^base` holds the versions that are not before the base and have the same numbers up to and including its first that is not
    /// 0; `~base` those that are not before it and have the same major and minor number.
    fn stands(&self, comparison: Comparison, base: &Version<'_>) -> bool {
        let (mut same, mut rest) = (0, base.numbers);
        match comparison {
            Comparison::Caret => {
                same = 1;
                while same < CORE_NUMBERS && next_number(&mut rest).is_empty() {
                    same += 1;
                }
            }
            Comparison::Tilde => same = 2,
            Comparison::Less | Comparison::LessOrEqual | Comparison::Equal | Comparison::GreaterOrEqual | Comparison::Greater => {}
        }
        let (equal, order) = self.compare(base);
        equal >= same && comparison.admits(order)
    }

    /// The count of numbers before the first that differs, `usize::MAX` if none does, and the precedence.
    fn compare(&self, other: &Version<'_>) -> (usize, Ordering) {
        let (mut lefts, mut rights, mut equal) = (self.numbers, other.numbers, 0);
        while !(lefts.is_empty() && rights.is_empty()) {
            let order = compare_numbers(next_number(&mut lefts), next_number(&mut rights));
            if order.is_ne() {
                return (equal, order);
            }
            equal += 1;
        }
        (usize::MAX, compare_pre_releases(self.pre_release, other.pre_release))
    }
}

/// Takes the first number off a list, without its leading zeros; 0, and so an absent number, is empty.
fn next_number<'a>(list: &mut &'a [u8]) -> &'a [u8] {
    let (mut number, after) = cut(list, b'.');
    *list = after.unwrap_or_default();
    while let [b'0', rest @ ..] = number {
        number = rest;
    }
    number
}

impl Identifier {
    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size
    fn of(part: &[u8]) -> Self {
        let (mut digits, mut sound) = (true, false);
        for byte in part {
            digits &= byte.is_ascii_digit();
            sound = byte.is_ascii_alphanumeric() || *byte == b'-';
            if !sound {
                break;
            }
        }
        match part {
            _ if !sound => Self::None,
            _ if !digits => Self::Text,
            [b'0', _, ..] => Self::Padded,
            _ => Self::Number,
        }
    }
}

/// Returns true if there is no list, or if its parts between dots are identifiers.
fn are_identifiers(list: Option<&[u8]>, may_be_padded: bool) -> bool {
    let mut rest = list;
    while let Some(list) = rest {
        let (part, after) = cut(list, b'.');
        rest = after;
        match Identifier::of(part) {
            Identifier::None => return false,
            Identifier::Padded if !may_be_padded => return false,
            _ => {}
        }
    }
    true
}

/// Compares digits without leading zeros: the longer number is the larger one.
fn compare_numbers(left: &[u8], right: &[u8]) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

fn compare_pre_releases(left: &[u8], right: &[u8]) -> Ordering {
    if left.is_empty() || right.is_empty() {
        return left.is_empty().cmp(&right.is_empty());
    }
    let (mut lefts, mut rights) = (Some(left), Some(right));
    while let (Some(left), Some(right)) = (lefts, rights) {
        let ((one, left), (other, right)) = (cut(left, b'.'), cut(right, b'.'));
        (lefts, rights) = (left, right);
        let (one_is, other_is) = (Identifier::of(one) == Identifier::Number, Identifier::of(other) == Identifier::Number);
        let order = if one_is && other_is { compare_numbers(one, other) } else { other_is.cmp(&one_is).then_with(|| one.cmp(other)) };
        if order.is_ne() {
            return order;
        }
    }
    lefts.is_some().cmp(&rights.is_some())
}

#[cfg(test)]
mod tests {
    use super::{Comparison, Version};
    use crate::matching::seeded::Seeded;
    use alloc::string::String;
    use alloc::vec::Vec;
    use alloc::{format, vec};
    use core::cmp::Ordering;

    #[track_caller]
    fn version(text: &str) -> Version<'_> {
        Version::parse(text.as_bytes()).expect(text)
    }

    #[track_caller]
    fn loose(text: &str) -> Version<'_> {
        Version::parse_as(text.as_bytes(), true).expect(text)
    }

    #[track_caller]
    fn check(left: &str, right: &str, expected: Ordering) {
        assert_eq!(version(left).compare(&version(right)).1, expected, "{left} and {right}");
        assert_eq!(version(right).compare(&version(left)).1, expected.reverse(), "{right} and {left}");
    }

    #[track_caller]
    fn check_loose(left: &str, right: &str, expected: Ordering) {
        assert_eq!(loose(left).compare(&loose(right)).1, expected, "{left} and {right}");
        assert_eq!(loose(right).compare(&loose(left)).1, expected.reverse(), "{right} and {left}");
    }

    /// <https://semver.org>, items 11.2 to 11.4.
    #[test]
    fn the_published_chains_ascend() {
        let chains: [&[&str]; 3] = [
            &["1.0.0", "2.0.0", "2.1.0", "2.1.1"],
            &["1.0.0-alpha", "1.0.0"],
            &["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0"],
        ];
        for chain in chains {
            for (at, one) in chain.iter().enumerate() {
                for (other_at, other) in chain.iter().enumerate() {
                    check(one, other, at.cmp(&other_at));
                }
            }
        }
    }

    /// <https://semver.org>, items 10 and 11; the texts are those of item 10.
    #[test]
    fn build_metadata_does_not_count() {
        check("1.0.0-alpha+001", "1.0.0-alpha", Ordering::Equal);
        check("1.0.0+20130313144700", "1.0.0", Ordering::Equal);
        check("1.0.0-beta+exp.sha.5114f85", "1.0.0-beta", Ordering::Equal);
        check("1.0.0+21AF26D3----117B344092BD", "1.0.0", Ordering::Equal);
    }

    #[test]
    fn numbers_have_no_largest() {
        check("1.0.99999999999999999999999", "1.0.100000000000000000000000", Ordering::Less);
        check("18446744073709551616.0.0", "18446744073709551615.0.0", Ordering::Greater);
        check("1.0.0-99999999999999999999999", "1.0.0-100000000000000000000000", Ordering::Less);
    }

    #[test]
    fn anything_else_is_no_version() {
        let refused = [
            "",
            "1",
            "1.2",
            "1.2.3.4",
            "v1.2.3",
            " 1.2.3",
            "1.2.3 ",
            "01.2.3",
            "1.02.3",
            "1.2.03",
            "1.2.3-",
            "1.2.3-a..b",
            "1.2.3-01",
            "1.2.3-a.00",
            "1.2.3+",
            "1.2.3+a..b",
            "1.2.3-+a",
            "1.2.3-a_b",
            "1.2.3+a+b",
            "1.2.3-é",
            "-1.2.3",
            "+1.2.3",
            "1.2.-3",
            "1..3",
            ".1.2",
            "1.2.",
            "a.b.c",
            "1.2.3-a.",
            "1.2+a.3",
        ];
        for text in refused {
            assert!(Version::parse(text.as_bytes()).is_none(), "{text}");
        }
        for text in ["0.0.0", "1.2.3--", "1.2.3-0", "1.2.3-0a", "1.2.3-00a", "1.2.3+00", "1.2.3+-", "1.2.3-a-b.-1+c-d", "1.2.3+a-b"] {
            version(text);
        }
    }

    /// Worked out by hand from the rule.
    #[test]
    fn caret_and_tilde_hold_for_compatible_versions_from_the_base_on() {
        let cases = [
            ("1.2.3", "1.2.3", true, true),
            ("1.9.0", "1.2.3", true, false),
            ("1.2.9", "1.2.3", true, true),
            ("1.2.2", "1.2.3", false, false),
            ("2.0.0", "1.2.3", false, false),
            ("2.0.0-rc.1", "1.2.3", false, false),
            ("1.9.9-rc.1", "1.2.3", true, false),
            ("1.2.3-rc.1", "1.2.3", false, false),
            ("1.2.3-rc.2", "1.2.3-rc.1", true, true),
            ("0.2.9", "0.2.3", true, true),
            ("0.3.0", "0.2.3", false, false),
            ("0.0.3", "0.0.3", true, true),
            ("0.0.4", "0.0.3", false, true),
            ("0.0.0", "0.0.0", true, true),
            ("0.0.1", "0.0.0", false, true),
            ("0.1.0", "0.0.0", false, false),
            ("0.1.5", "0.1.0", true, true),
            ("1.0.1", "1.0.0", true, true),
            ("1.1.0", "1.0.0", true, false),
            ("1.2.3+b", "1.2.3+a", true, true),
        ];
        for (text, base, caret, tilde) in cases {
            assert_eq!(version(text).stands(Comparison::Caret, &version(base)), caret, "{text} in ^{base}");
            assert_eq!(version(text).stands(Comparison::Tilde, &version(base)), tilde, "{text} in ~{base}");
        }
    }

    #[test]
    fn versions_are_read_and_compared_as_the_semver_crate_does() {
        let mut random = Seeded(2);
        let mut accepted: Vec<String> = vec![];
        for _ in 0..60_000 {
            let mut text = some(&mut random).into_bytes();
            if random.one_in(2) {
                random.mutate(&mut text, b"0123456789.-+aZ _v");
            }
            let text = String::from_utf8(text).unwrap();
            let theirs = semver::Version::parse(&text).ok();
            assert_eq!(Version::parse(text.as_bytes()).is_some(), theirs.is_some(), "{text}");
            if theirs.is_some() && random.one_in(10) {
                accepted.push(text);
            }
        }
        assert!(accepted.len() > 2_000);
        for _ in 0..100_000 {
            let (left, right) = (&accepted[random.below(accepted.len())], &accepted[random.below(accepted.len())]);
            let (their_left, their_right) = (semver::Version::parse(left).unwrap(), semver::Version::parse(right).unwrap());
            check(left, right, their_left.cmp_precedence(&their_right));
            // Cargo's ranges hold no pre-release but of the base's own numbers; ours go by precedence alone.
            if their_left.pre.is_empty() {
                let range = |mark: char| semver::VersionReq::parse(&format!("{mark}{right}")).unwrap().matches(&their_left);
                assert_eq!(version(left).stands(Comparison::Caret, &version(right)), range('^'), "{left} in ^{right}");
                assert_eq!(version(left).stands(Comparison::Tilde, &version(right)), range('~'), "{left} in ~{right}");
            }
        }
    }

    #[test]
    fn a_loose_version_has_a_v_any_count_of_numbers_and_leading_zeros() {
        let equal = [
            ("v17.1", "17.1.0"),
            ("V1", "1.0.0"),
            ("1", "1.0.0.0.0"),
            ("0", "00.000"),
            ("007.08.000000000000000009", "7.8.9"),
            ("v1.2.3-rc.1+b", "1.2.3-rc.1+a"),
            ("2-rc", "2.0-rc"),
        ];
        for (left, right) in equal {
            check_loose(left, right, Ordering::Equal);
        }
        check_loose("120.0.6099.109", "120.0.6099.99", Ordering::Greater);
        check_loose("1.2.3.4", "1.2.3", Ordering::Greater);
        check_loose("1.2.3.4-rc", "1.2.3", Ordering::Greater);
        check_loose("1-rc", "1.0.0", Ordering::Less);
        check_loose("1.999999999999999999", "2", Ordering::Less);
        check_loose("0.999999999999999999", "0.099999999999999999", Ordering::Greater);
    }

    #[test]
    fn anything_else_is_no_loose_version() {
        let refused = [
            "",
            "v",
            "vv1",
            "v 1",
            "v.1",
            "v-1",
            "v+1",
            "1v",
            "1.",
            ".1",
            "1..2",
            "1.x",
            "1.2.3.",
            "1.2.3.-rc",
            " 1",
            "1 ",
            "+1",
            "-1",
            "1-",
            "1+",
            "1-01",
            "1-a..b",
            "1-a_b",
            "1+a+b",
            "\u{661}",
            "1000000000000000000",
            "0000000000000000000",
            "1.2.3.1000000000000000000",
        ];
        for text in refused {
            assert!(Version::parse_as(text.as_bytes(), true).is_none(), "{text}");
        }
        for text in ["999999999999999999", "000000000000000000", "1.2.3.999999999999999999", "1-1000000000000000000", "1+01", "1--"] {
            loose(text);
        }
    }

    /// Worked out by hand from the rule.
    #[test]
    fn loose_caret_and_tilde_compare_three_numbers_for_equality_and_all_for_order() {
        let cases = [
            ("1.2.3.3", "1.2.3.4", false, false),
            ("1.2.3.4", "1.2.3.4", true, true),
            ("1.2.3.5", "1.2.3.4", true, true),
            ("1.2.4", "1.2.3.4", true, true),
            ("1.3", "1.2.3.4", true, false),
            ("2", "1.2.3.4", false, false),
            ("v1.9", "1", true, false),
            ("1.0.9", "1", true, true),
            ("0.0.0.2", "0.0.0.1", true, true),
            ("0.0.1", "0.0.0.1", false, true),
            ("0.0.0.1", "0", true, true),
            ("0.1", "0", false, false),
            ("0.0.1", "0", false, true),
            ("0.2.9", "0.02", true, true),
            ("0.0.3.9", "0.0.3", true, true),
            ("0.0.4", "0.0.3", false, true),
            ("1.2.3.4-rc", "1.2.3.4", false, false),
        ];
        for (text, base, caret, tilde) in cases {
            assert_eq!(loose(text).stands(Comparison::Caret, &loose(base)), caret, "{text} in ^{base}");
            assert_eq!(loose(text).stands(Comparison::Tilde, &loose(base)), tilde, "{text} in ~{base}");
        }
    }

    /// A loose version, normalised: the `semver` crate reads the first three numbers and the parts behind the numbers; further numbers
    /// compare as integers.
    struct Normalised {
        numbers: Vec<u64>,
        version: semver::Version,
    }

    impl Normalised {
        fn of(text: &str, form: &regex::Regex) -> Option<Self> {
            let parts = form.captures(text)?;
            let mut numbers: Vec<u64> = parts[1].split('.').map(|number| number.parse().unwrap()).collect();
            numbers.resize(8, 0);
            let version = semver::Version::parse(&format!("{}.{}.{}{}", numbers[0], numbers[1], numbers[2], &parts[2])).ok()?;
            Some(Self { numbers, version })
        }

        fn precedence(&self, other: &Self) -> Ordering {
            self.numbers.cmp(&other.numbers).then_with(|| self.version.pre.cmp(&other.version.pre))
        }

        fn is_in(&self, mark: char, base: &Self) -> bool {
            let numbers = |of: &Self| semver::Version::new(of.numbers[0], of.numbers[1], of.numbers[2]);
            let range = semver::VersionReq::parse(&format!("{mark}{}", numbers(base))).unwrap();
            self.precedence(base).is_ge() && range.matches(&numbers(self))
        }
    }

    #[test]
    fn loose_versions_compare_as_the_semver_crate_compares_them_normalised() {
        let form = regex::Regex::new(r"^[vV]?([0-9]{1,18}(?:\.[0-9]{1,18})*)((?:[-+].*)?)$").unwrap();
        let mut random = Seeded(6);
        let mut accepted = vec![];
        let mut refused = 0;
        for _ in 0..60_000 {
            let mut text = some_loose(&mut random).into_bytes();
            if random.one_in(2) {
                random.mutate(&mut text, b"0123456789.-+aZ _vV");
            }
            let text = String::from_utf8(text).unwrap();
            let theirs = Normalised::of(&text, &form);
            assert_eq!(Version::parse_as(text.as_bytes(), true).is_some(), theirs.is_some(), "{text}");
            match theirs {
                Some(theirs) if random.one_in(10) => accepted.push((text, theirs)),
                Some(_) => {}
                None => refused += 1,
            }
        }
        assert!(accepted.len() > 2_000 && refused > 2_000, "{} {refused}", accepted.len());
        for _ in 0..100_000 {
            let ((left, their_left), (right, their_right)) =
                (&accepted[random.below(accepted.len())], &accepted[random.below(accepted.len())]);
            check_loose(left, right, their_left.precedence(their_right));
            assert_eq!(loose(left).stands(Comparison::Caret, &loose(right)), their_left.is_in('^', their_right), "{left} in ^{right}");
            assert_eq!(loose(left).stands(Comparison::Tilde, &loose(right)), their_left.is_in('~', their_right), "{left} in ~{right}");
        }
    }

    fn some(random: &mut Seeded) -> String {
        some_of(random, 3, &["0", "1", "2", "9", "10", "11", "999999"])
    }

    fn some_loose(random: &mut Seeded) -> String {
        let count = 1 + random.below(5);
        let numbers = [
            "0",
            "0",
            "0",
            "1",
            "2",
            "00",
            "01",
            "10",
            "999999999999999999",
            "000000000000000001",
            "0000000000000000001",
            "1000000000000000000",
        ];
        format!("{}{}", random.pick(&["", "", "v", "V"]), some_of(random, count, &numbers))
    }

    fn some_of(random: &mut Seeded, count: usize, numbers: &[&str]) -> String {
        let mut text = String::new();
        for at in 0..count {
            text += if at == 0 { "" } else { "." };
            text += random.pick(numbers);
        }
        for mark in ["-", "+"] {
            if random.one_in(2) {
                continue;
            }
            for at in 0..=random.below(3) {
                text += if at == 0 { mark } else { "." };
                text += random.pick(&["0", "1", "2", "10", "a", "b", "A", "rc", "-", "a1", "1a", "-1", "alpha"]);
            }
        }
        text
    }
}
