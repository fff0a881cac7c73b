//! The setting `RATE_LIMITS`: the requests a minute that a deployment allows, such as
//! `admin=30,read=600,user=30,client=600,failed=30`, or `off`.

/// The most requests a minute; a rate that the setting does not name keeps its default.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Rates {
    /// Changes by one administrator.
    pub(crate) admin: u32,
    /// Reads by one administrator.
    pub(crate) read: u32,
    /// Evaluations with one user's token.
    pub(crate) user: u32,
    /// Evaluations with a client key, from one address.
    pub(crate) client: u32,
    /// Requests whose credentials do not hold, from one address.
    pub(crate) failed: u32,
}

impl Rates {
    pub(crate) const DEFAULT: Self = Self { admin: 30, read: 600, user: 30, client: 600, failed: 30 };
}

/// The highest rate: no operator means more by a limit.
const MOST: u32 = 100_000;

/// Parses the setting: the rates, or `None` for `off`. Any other text is an error.
pub(crate) fn parse(text: &str) -> Result<Option<Rates>, ()> {
    if text == "off" {
        return Ok(None);
    }
    let mut rates = Rates::DEFAULT;
    for pair in text.split(',') {
        let (name, rate) = pair.split_once('=').ok_or(())?;
        let rate = rate.trim().parse().ok().filter(|rate| (1..=MOST).contains(rate)).ok_or(())?;
        match name.trim() {
            "admin" => rates.admin = rate,
            "read" => rates.read = rate,
            "user" => rates.user = rate,
            "client" => rates.client = rate,
            "failed" => rates.failed = rate,
            _ => return Err(()),
        }
    }
    Ok(Some(rates))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_named() {
        assert_eq!(parse("off"), Ok(None));
        assert_eq!(parse("client=1"), Ok(Some(Rates { client: 1, ..Rates::DEFAULT })));
        assert_eq!(
            parse("admin=5, user = 6,read=7,client=100000,failed=9"),
            Ok(Some(Rates { admin: 5, read: 7, user: 6, client: 100_000, failed: 9 }))
        );
    }

    #[test]
    fn any_other_text_is_an_error() {
        for text in [
            "",
            "on",
            "Off",
            "30",
            "admin",
            "admin=",
            "admin=0",
            "admin=-1",
            "admin=1.5",
            "admin=100001",
            "admins=1",
            "admin=1;user=1",
            "admin=1,",
        ] {
            assert_eq!(parse(text), Err(()), "{text}");
        }
    }
}
