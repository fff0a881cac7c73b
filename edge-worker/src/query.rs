//! The query of a request's URL.
use percent_encoding::percent_decode;

use crate::{
    problem::Problem,
    version::{self, Version},
};

/// The parameters that may be given several times.
const REPEATABLE: [&str; 2] = ["remove", "overwrite"];

/// The parameters in their order, decoded.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the query of a URL. Refuses a parameter that is not among these names, or that is given twice and may not be.
    pub(crate) fn of(url: &str, names: &[&str]) -> Result<Self, Problem> {
        let query = Self::any(url)?;
        query.check(names).map_err(Problem::malformed)?;
        Ok(query)
    }

    /// Reads a query whose parameters were checked before.
    pub(crate) fn any(url: &str) -> Result<Self, Problem> {
        Self::parse(url).map_err(Problem::malformed)
    }

    /// Reads a query without refusing anything: a query that cannot be decoded is empty.
    pub(crate) fn lenient(url: &str) -> Self {
        Self::parse(url).unwrap_or(Self(Vec::new()))
    }

    /// The value of the first parameter with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The values of all parameters with this name, in their order.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.iter().filter(|(found, _)| *found == name).map(|(_, value)| value.to_owned()).collect()
    }

    /// The value as `true` or `false`; false if the parameter is absent, refused if it is neither.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Problem> {
        self.flag_or(name, false)
    }

    /// The value as `true` or `false`; `absent` if the parameter is absent, refused if it is neither.
    pub(crate) fn flag_or(&self, name: &str, absent: bool) -> Result<bool, Problem> {
        match self.get(name) {
            None => Ok(absent),
            Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Problem::malformed(format!("expected {name} to be true or false"))),
        }
    }

    /// The value as a whole number; `None` if the parameter is absent, refused if it is no number.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u32>, Problem> {
        let number = |text: &str| text.parse().map_err(|_| Problem::malformed(format!("expected {name} to be a whole number")));
        self.get(name).map(number).transpose()
    }

    /// The most entries that the answer may have: `?limit=`, or as many as usual, but at most `most`. Refused if that is 0.
    pub(crate) fn limit(&self, usual: u32, most: u32) -> Result<u32, Problem> {
        match self.number("limit")?.unwrap_or(usual) {
            0 => Err(Problem::malformed("expected limit to be at least 1")),
            limit => Ok(limit.min(most)),
        }
    }

    /// Refuses every parameter but one that says what is asked for and those that go with it.
    pub(crate) fn only(&self, asked: &str, beside: &[&str]) -> Result<(), Problem> {
        match self.iter().find(|(name, _)| *name != asked && !beside.contains(name)) {
            None => Ok(()),
            Some((name, _)) if beside.is_empty() => Err(Problem::malformed(format!("expected nothing beside {asked}, found {name}"))),
            Some((name, _)) => Err(Problem::malformed(format!("expected only {} beside {asked}, found {name}", beside.join(", ")))),
        }
    }

    /// The value as a version with its epoch; `None` if the parameter is absent, refused if it is no version.
    pub(crate) fn version(&self, name: &str) -> Result<Option<Version>, Problem> {
        let version = |text: &str| text.parse().map_err(|_| Problem::malformed(format!("expected {name} to be {}", version::EXPECTED)));
        self.get(name).map(version).transpose()
    }

    /// Removes the first parameter with this name and returns its value.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(found, _)| found == name)?;
        Some(self.0.remove(at).1)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Decodes `application/x-www-form-urlencoded`: `&` between pairs, `+` for a space, other bytes as `%` and two hex digits.
    fn parse(url: &str) -> Result<Self, String> {
        // A fragment is no part of a request, whatever it holds.
        let url = url.split('#').next().unwrap_or_default();
        let Some((_, query)) = url.split_once('?') else { return Ok(Self(Vec::new())) };
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        });
        pairs.collect::<Result<_, _>>().map(Self)
    }

    fn check(&self, names: &[&str]) -> Result<(), String> {
        for (index, (name, _)) in self.0.iter().enumerate() {
            if !names.contains(&name.as_str()) {
                let but = if names.is_empty() { "" } else { " but " };
                return Err(format!("expected no parameter{but}{}; found {name:?}", names.join(", ")));
            }
            if !REPEATABLE.contains(&name.as_str()) && self.0.iter().take(index).any(|(earlier, _)| earlier == name) {
                return Err(format!("expected {name} once"));
            }
        }
        Ok(())
    }
}

fn decode(text: &str) -> Result<String, String> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode(spaced.as_bytes()).decode_utf8();
    decoded.map(Into::into).map_err(|_| "the query is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Vec<(String, String)>, String> {
        let query = Query::parse(url)?;
        query.check(&["a", "b", "remove"]).map(|()| query.0)
    }

    #[test]
    fn pairs_are_decoded() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(read("http://x/y"), Ok(vec![]));
        assert_eq!(read("http://x/y?&"), Ok(vec![]));
        assert_eq!(read("http://x/y?a=1+2%2B&b"), Ok(vec![pair("a", "1 2+"), pair("b", "")]));
        assert_eq!(read("http://x/y?%61==%C3%A9#a=2"), Ok(vec![pair("a", "=é")]));
        assert_eq!(read("http://x/y?remove=a&remove=b"), Ok(vec![pair("remove", "a"), pair("remove", "b")]));
    }

    #[test]
    fn a_limit_is_at_least_one_and_at_most_what_an_answer_holds() {
        for (url, expected) in [("", Some(50)), ("?limit=1", Some(1)), ("?limit=7", Some(7)), ("?limit=4294967295", Some(1_000))] {
            assert_eq!(Query::any(url).and_then(|query| query.limit(50, 1_000)).ok(), expected, "{url}");
        }
        for url in ["?limit=0", "?limit=-1", "?limit=", "?limit=many"] {
            assert!(Query::any(url).and_then(|query| query.limit(50, 1_000)).is_err(), "{url}");
        }
    }

    #[test]
    fn an_unknown_or_repeated_name_is_refused() {
        for url in ["?a=1&a=1", "?c=1", "?A=1", "?=1", "?a=%ff"] {
            assert!(read(url).is_err(), "{url}");
        }
    }
}
