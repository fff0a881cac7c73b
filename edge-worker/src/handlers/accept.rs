//! Content negotiation: the media type that a client's `Accept` prefers (RFC 9110, 12.5.1).
use std::cmp::Reverse;

/// The index of the offered media type that `Accept` prefers; `None` if it accepts none of them.
///
/// The highest weight wins, then the type that `Accept` names most exactly, then the first offered. An empty `Accept` accepts every type.
pub(super) fn best(accept: &str, offered: &[&str]) -> Option<usize> {
    if accept.trim().is_empty() {
        return Some(0);
    }
    let ranges: Vec<Range<'_>> = accept.split(',').filter_map(Range::parse).collect();
    let suits = offered.iter().enumerate().filter_map(|(place, form)| {
        // The most exact range that matches a type decides about it.
        let (exactness, weight) =
            ranges.iter().filter_map(|range| Some((range.names(form)?, range.weight))).max_by_key(|(exact, _)| *exact)?;
        (weight > 0).then_some((weight, exactness, Reverse(place)))
    });
    suits.max().map(|(_, _, Reverse(place))| place)
}

struct Range<'a> {
    media: &'a str,
    /// In thousandths, from 0 to 1,000.
    weight: u32,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let media = parts.next().filter(|media| media.contains('/'))?;
        let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        Some(Self { media, weight: weight.map_or(Some(1_000), thousandths)? })
    }

    /// The precision with which this range matches a media type: 2 for the type itself, 1 for `kind/*`, 0 for `*/*`; `None` if it does not match.
    fn names(&self, form: &str) -> Option<u8> {
        let (kind, _) = form.split_once('/')?;
        match self.media.split_once('/')? {
            ("*", "*") => Some(0),
            (named, "*") if named.eq_ignore_ascii_case(kind) => Some(1),
            _ => self.media.eq_ignore_ascii_case(form).then_some(2),
        }
    }
}

/// Parses a weight from 0 to 1 with at most three decimals, in thousandths.
fn thousandths(text: &str) -> Option<u32> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let decimals: u32 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(decimals),
        "1" if decimals == 0 => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &str, expected: Option<usize>) {
        assert_eq!(best(accept, &["application/x.bytes", "application/json"]), expected, "{accept}");
    }

    #[test]
    fn the_preferred_type_is_chosen() {
        check("", Some(0));
        check("*/*", Some(0));
        check("application/*", Some(0));
        check("application/json", Some(1));
        check("Application/JSON; charset=utf-8", Some(1));
        check("application/json, application/x.bytes", Some(0));
        check("application/json, application/x.bytes;q=0.9", Some(1));
        check("application/json, text/plain, */*", Some(1));
        check("application/x.bytes;q=0, */*", Some(1));
        check("application/json;q=0.001", Some(1));
    }

    #[test]
    fn a_type_that_accept_excludes_is_not_chosen() {
        check("text/html", None);
        check("application/json;q=0", None);
        check("*/*;q=0.0", None);
        check("application/json;q=2, application/x.bytes;q=x", None);
        check("json", None);
    }
}
