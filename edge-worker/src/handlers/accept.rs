//! Which of the forms we have an asker would rather get (RFC 9110, 12.5.1).
use std::cmp::Reverse;

/// The place of the form that suits `Accept` best: by its weight, then by how exactly it is named, then the first offered.
///
/// An empty `Accept` takes every form; `None` if no form suits.
pub(super) fn best(accept: &str, offered: &[&str]) -> Option<usize> {
    if accept.trim().is_empty() {
        return Some(0);
    }
    let ranges: Vec<Range<'_>> = accept.split(',').filter_map(Range::parse).collect();
    let suits = offered.iter().enumerate().filter_map(|(place, form)| {
        // Of the ranges that name a form, the most exact one counts.
        let (exactness, weight) =
            ranges.iter().filter_map(|range| Some((range.names(form)?, range.weight))).max_by_key(|(exact, _)| *exact)?;
        (weight > 0).then_some((weight, exactness, Reverse(place)))
    });
    suits.max().map(|(_, _, Reverse(place))| place)
}

struct Range<'a> {
    media: &'a str,
    /// In thousandths.
    weight: u32,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let media = parts.next().filter(|media| media.contains('/'))?;
        let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        Some(Self { media, weight: weight.map_or(Some(1_000), thousandths)? })
    }

    /// How exactly this range names a form; `None` where it does not.
    fn names(&self, form: &str) -> Option<u8> {
        let (kind, _) = form.split_once('/')?;
        match self.media.split_once('/')? {
            ("*", "*") => Some(0),
            (named, "*") if named.eq_ignore_ascii_case(kind) => Some(1),
            _ => self.media.eq_ignore_ascii_case(form).then_some(2),
        }
    }
}

/// A weight from 0 to 1 with at most three decimals.
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
    fn what_is_wanted_most_is_given() {
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
    fn what_is_not_wanted_is_not_given() {
        check("text/html", None);
        check("application/json;q=0", None);
        check("*/*;q=0.0", None);
        check("application/json;q=2, application/x.bytes;q=x", None);
        check("json", None);
    }
}
