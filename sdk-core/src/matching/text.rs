//! Finds bytes and parts of texts.

/// The text before the first `mark`, and the text after it; `None` if there is no mark.
#[cfg_attr(target_arch = "wasm32", inline(never))] // for its size: it is called from many places
pub(crate) fn cut(text: &[u8], mark: u8) -> (&[u8], Option<&[u8]>) {
    for (at, byte) in text.iter().enumerate() {
        if *byte == mark {
            return (text.get(..at).unwrap_or_default(), text.get(at + 1..));
        }
    }
    (text, None)
}

/// Returns true if a byte stands in `text`.
pub(crate) fn has(text: &[u8], byte: u8) -> bool {
    cut(text, byte).1.is_some()
}

/// The part of a text in which a search looks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Start,
    End,
    Any,
}

/// Returns true if `needle` stands in a part of `haystack`; the empty one stands everywhere.
///
/// The plain search, for its size: the time is at worst the product of the lengths, and needles are written by operators, not by visitors.
pub(crate) fn has_part(haystack: &[u8], needle: &[u8], part: Part) -> bool {
    let Some(last) = haystack.len().checked_sub(needle.len()) else { return false };
    let mut place = if part == Part::End { last } else { 0 };
    loop {
        if haystack.get(place..).is_some_and(|tail| tail.starts_with(needle)) {
            return true;
        }
        if part == Part::Start || place == last {
            return false;
        }
        place += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, has_part};
    use crate::matching::seeded::Seeded;
    use alloc::string::String;

    #[track_caller]
    fn check(haystack: &str, needle: &str) {
        let has = |part| has_part(haystack.as_bytes(), needle.as_bytes(), part);
        let expected = [haystack.starts_with(needle), haystack.ends_with(needle), haystack.contains(needle)];
        assert_eq!([has(Part::Start), has(Part::End), has(Part::Any)], expected, "{needle:?} in {haystack:?}");
    }

    #[test]
    fn the_empty_needle_stands_everywhere() {
        check("", "");
        check("a", "");
    }

    #[test]
    fn a_needle_at_either_end_is_found_and_an_absent_one_is_not() {
        for needle in ["abc", "a", "c", "bc", "abcd", "ca", "é", "\u{a9}"] {
            check("abc", needle);
            check("aébc", needle);
        }
    }

    #[test]
    fn needles_are_found_as_the_standard_library_finds_them() {
        let mut random = Seeded(1);
        let mut of = |most: usize| (0..random.below(most)).map(|_| random.pick(&["a", "b", "é", "è"])).collect::<String>();
        for _ in 0..20_000 {
            let (haystack, needle) = (of(12), of(4));
            check(&haystack, &needle);
        }
    }
}
