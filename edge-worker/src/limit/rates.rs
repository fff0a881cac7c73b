//! The setting `RATE_LIMITS`: the requests a minute that a deployment allows, such as `admin=30,read=600,user=30,client=600`, or `off`.

/// The most requests a minute; a rate that the setting does not name keeps its default.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Rates {
    /// Changes by one administrator.
    pub(crate) admin: usize,
    /// Reads by one administrator.
    pub(crate) read: usize,
    /// Evaluations with one user's token.
    pub(crate) user: usize,
    /// Evaluations with a client key, from one address.
    pub(crate) client: usize,
}

impl Rates {
    pub(crate) const DEFAULT: Self = Self { admin: 30, read: 600, user: 30, client: 600 };
}

/// The highest rate. The limiter remembers the times of that many requests for each subject.
const MOST: usize = 100_000;

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
        assert_eq!(parse("admin=5, user = 6,read=7,client=100000"), Ok(Some(Rates { admin: 5, read: 7, user: 6, client: 100_000 })));
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
