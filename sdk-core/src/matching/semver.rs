//! Versions as semver.org 2.0.0 has them, strictly: no `v`, no missing number, no leading zero.
//!
//! Numbers stay digits, because the specification gives them no largest one.

use core::cmp::Ordering;

/// A version, borrowed from its text. Build metadata is checked and dropped: precedence does not know it.
pub(crate) struct Version<'a> {
    major: &'a [u8],
    minor: &'a [u8],
    patch: &'a [u8],
    /// Without its hyphen; empty where there is none.
    pre_release: &'a [u8],
}

impl<'a> Version<'a> {
    pub(crate) fn parse(text: &'a [u8]) -> Option<Self> {
        let (text, build) = cut(text, b'+');
        // The first hyphen ends the numbers; further ones belong to identifiers.
        let (numbers, pre_release) = cut(text, b'-');
        if !build.is_none_or(|list| identifiers(list, |_| true)) || !pre_release.is_none_or(|list| identifiers(list, has_no_leading_zero)) {
            return None;
        }
        let mut numbers = numbers.split(|&byte| byte == b'.');
        let mut number = || numbers.next().filter(|digits| is_number(digits) && has_no_leading_zero(digits));
        let version = Self { major: number()?, minor: number()?, patch: number()?, pre_release: pre_release.unwrap_or_default() };
        numbers.next().is_none().then_some(version)
    }

    /// Precedence, item 11 of the specification.
    pub(crate) fn precedence(&self, other: &Version<'_>) -> Ordering {
        compare_numbers(self.major, other.major)
            .then_with(|| compare_numbers(self.minor, other.minor))
            .then_with(|| compare_numbers(self.patch, other.patch))
            .then_with(|| compare_pre_releases(self.pre_release, other.pre_release))
    }

    /// Whether this version is in `^base`: not before it, and with the same numbers up to and including its first that is not 0.
    pub(crate) fn caret(&self, base: &Version<'_>) -> bool {
        let is_zero = |number: &[u8]| number == b"0";
        self.precedence(base).is_ge()
            && self.major == base.major
            && (!is_zero(base.major) || self.minor == base.minor && (!is_zero(base.minor) || self.patch == base.patch))
    }

    /// Whether this version is in `~base`: not before it, and with the same major and minor number.
    pub(crate) fn tilde(&self, base: &Version<'_>) -> bool {
        self.precedence(base).is_ge() && self.major == base.major && self.minor == base.minor
    }
}

/// What stands before the first `mark`, and what stands after it, if it is there.
fn cut(text: &[u8], mark: u8) -> (&[u8], Option<&[u8]>) {
    let mut parts = text.splitn(2, |&byte| byte == mark);
    (parts.next().unwrap_or_default(), parts.next())
}

/// Whether `list` is identifiers between dots, none of them empty, each of which is `also`.
fn identifiers(list: &[u8], also: fn(&[u8]) -> bool) -> bool {
    let is_identifier = |part: &[u8]| !part.is_empty() && part.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'-');
    list.split(|&byte| byte == b'.').all(|part| is_identifier(part) && also(part))
}

fn is_number(identifier: &[u8]) -> bool {
    !identifier.is_empty() && identifier.iter().all(u8::is_ascii_digit)
}

/// Holds for identifiers that are no number, too.
fn has_no_leading_zero(identifier: &[u8]) -> bool {
    identifier.len() < 2 || !identifier.starts_with(b"0") || !is_number(identifier)
}

/// Digits without leading zeros: the longer number is the larger one.
fn compare_numbers(left: &[u8], right: &[u8]) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

fn compare_pre_releases(left: &[u8], right: &[u8]) -> Ordering {
    if left.is_empty() || right.is_empty() {
        return left.is_empty().cmp(&right.is_empty());
    }
    let mut others = right.split(|&byte| byte == b'.');
    for one in left.split(|&byte| byte == b'.') {
        let Some(other) = others.next() else { return Ordering::Greater };
        let order = match (is_number(one), is_number(other)) {
            (true, true) => compare_numbers(one, other),
            (false, false) => one.cmp(other),
            (one_is, other_is) => other_is.cmp(&one_is),
        };
        if order.is_ne() {
            return order;
        }
    }
    if others.next().is_some() { Ordering::Less } else { Ordering::Equal }
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
