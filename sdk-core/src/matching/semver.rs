//! Versions as semver.org 2.0.0 has them, strictly: no `v`, no missing number, no leading zero.
//!
//! Numbers stay digits, because the specification gives them no largest one.

use core::cmp::Ordering;

use super::text::cut;

/// A version, borrowed from its text. Build metadata is checked and dropped: precedence does not know it.
pub(crate) struct Version<'a> {
    /// Major, minor, patch.
    numbers: [&'a [u8]; 3],
    /// Without its hyphen; empty where there is none.
    pre_release: &'a [u8],
}

/// What stands between two dots.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Identifier {
    Number,
    /// A number with leading zeros.
    Padded,
    Text,
    None,
}

impl<'a> Version<'a> {
    pub(crate) fn parse(text: &'a [u8]) -> Option<Self> {
        let (text, build) = cut(text, b'+');
        // The first hyphen ends the numbers; further ones belong to identifiers.
        let (mut rest, pre_release) = cut(text, b'-');
        let mut version = Self { numbers: [&[]; 3], pre_release: pre_release.unwrap_or_default() };
        for (number, is_last) in version.numbers.iter_mut().zip([false, false, true]) {
            let (digits, after) = cut(rest, b'.');
            if Identifier::of(digits) != Identifier::Number || after.is_none() != is_last {
                return None;
            }
            *number = digits;
            rest = after.unwrap_or_default();
        }
        (are_identifiers(build, true) && are_identifiers(pre_release, false)).then_some(version)
    }

    /// Precedence, item 11 of the specification.
    pub(crate) fn precedence(&self, other: &Version<'_>) -> Ordering {
        for (left, right) in self.numbers.iter().zip(&other.numbers) {
            let order = compare_numbers(left, right);
            if order.is_ne() {
                return order;
            }
        }
        compare_pre_releases(self.pre_release, other.pre_release)
    }

    /// Whether this version is in `^base`: not before it, and with the same numbers up to and including its first that is not 0.
    pub(crate) fn caret(&self, base: &Version<'_>) -> bool {
        self.is_in(base, base.numbers.iter().take_while(|number| **number == b"0").count() + 1)
    }

    /// Whether this version is in `~base`: not before it, and with the same major and minor number.
    pub(crate) fn tilde(&self, base: &Version<'_>) -> bool {
        self.is_in(base, 2)
    }

    fn is_in(&self, base: &Version<'_>, same: usize) -> bool {
        self.precedence(base).is_ge() && self.numbers.iter().zip(&base.numbers).take(same).all(|(left, right)| left == right)
    }
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

/// Whether a list, if there is one, is identifiers between dots.
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

/// Digits without leading zeros: the longer number is the larger one.
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
    use super::Version;
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
    fn check(left: &str, right: &str, expected: Ordering) {
        assert_eq!(version(left).precedence(&version(right)), expected, "{left} and {right}");
        assert_eq!(version(right).precedence(&version(left)), expected.reverse(), "{right} and {left}");
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
    fn caret_and_tilde() {
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
            assert_eq!(version(text).caret(&version(base)), caret, "{text} in ^{base}");
            assert_eq!(version(text).tilde(&version(base)), tilde, "{text} in ~{base}");
        }
    }

    #[test]
    fn as_the_semver_crate_has_it() {
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
                assert_eq!(version(left).caret(&version(right)), range('^'), "{left} in ^{right}");
                assert_eq!(version(left).tilde(&version(right)), range('~'), "{left} in ~{right}");
            }
        }
    }

    fn some(random: &mut Seeded) -> String {
        let mut text = String::new();
        for at in 0..3 {
            text += if at == 0 { "" } else { "." };
            text += random.pick(&["0", "1", "2", "9", "10", "11", "999999"]);
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
