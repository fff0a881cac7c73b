//! The claims of a token (RFC 7519, section 4), and the check that they are for this deployment and valid now.
use control::change::is_own_subject;
use sdk_core::Millis;

use super::{
    grants::{Grant, Rules},
    json::{InvalidToken, Json, Object},
};

/// The tolerated difference between the issuer's clock and ours, in seconds.
const SKEW: f64 = 60.0;
/// The longest subject, in bytes.
const LONGEST_SUBJECT: usize = 256;
/// The longest life of a token, in seconds: a day. Until its end nobody can call it back.
const LONGEST_LIFE: f64 = 86_400.0;

/// The claims that the edge reads. A claim of another type invalidates the token: a time in quotes must not count as absent.
pub(crate) struct Claims {
    /// The subject of the token, without control characters: the audit trail records it.
    pub(super) subject: String,
    pub(super) grants: Vec<Grant>,
    /// The organization that the token is of; `None` if it names none.
    pub(super) organization: Option<String>,
    /// The environment that the token evaluates in; `None` for the first one.
    pub(super) environment: Option<String>,
    /// The environments that the token is for; `None` for all.
    pub(super) environments: Option<Vec<String>>,
    times: Times,
    /// True for a service key of Supabase: it lives for years, has an issuer of its own, and names no audience.
    is_service_key: bool,
    issuer: Option<String>,
    audience: Vec<String>,
}

/// The issuer and the audience that a deployment expects of every token; an unset one accepts any.
#[derive(Default)]
pub(super) struct Expected {
    pub(super) issuer: Option<String>,
    pub(super) audience: Option<String>,
}

impl Claims {
    /// Reads claims; `rules` say which roles they give.
    pub(super) fn of(claims: &Object, rules: &Rules) -> Result<Self, InvalidToken> {
        let is_service_key = rules.is_service_key(claims);
        // Supabase's service key names nobody.
        let subject = claims.text("sub")?.or(is_service_key.then_some("service_role")).ok_or(InvalidToken)?;
        if !(1..=LONGEST_SUBJECT).contains(&subject.len()) || subject.contains(char::is_control) || is_own_subject(subject) {
            return Err(InvalidToken);
        }
        Ok(Self {
            subject: subject.to_owned(),
            grants: rules.grants(claims),
            organization: rules.organization(claims),
            environment: environment(claims)?,
            environments: environments(claims)?,
            times: Times::of(claims)?,
            is_service_key,
            issuer: claims.text("iss")?.map(str::to_owned),
            audience: texts(claims.get("aud"))?,
        })
    }

    /// Returns true if the token is meant for this deployment and is valid now.
    pub(super) fn hold(&self, now: Millis, expected: &Expected) -> bool {
        let issuer = expected.issuer.as_ref().is_none_or(|issuer| self.issuer.as_ref() == Some(issuer));
        let audience = expected.audience.as_ref().is_none_or(|audience| self.audience.contains(audience));
        self.times.hold(now) && (self.is_service_key || self.times.are_short(now) && issuer && audience)
    }
}

/// The time for which a token is valid.
pub(super) struct Times {
    expires: f64,
    /// The claims `nbf` and `iat`: the token is not valid before either.
    begins: [Option<f64>; 2],
}

impl Times {
    /// Reads the times from claims; refuses a token that never expires.
    pub(super) fn of(claims: &Object) -> Result<Self, InvalidToken> {
        Ok(Self { expires: claims.number("exp")?.ok_or(InvalidToken)?, begins: [claims.number("nbf")?, claims.number("iat")?] })
    }

    /// Returns true if the token lives for a day at most, from when it was issued or, if it does not say when, from now on.
    fn are_short(&self, now: Millis) -> bool {
        let [_, issued] = self.begins;
        self.expires - issued.unwrap_or_else(|| seconds(now)) <= LONGEST_LIFE + SKEW
    }

    pub(super) fn hold(&self, now: Millis) -> bool {
        let now = seconds(now);
        self.begins.into_iter().flatten().all(|begin| now >= begin - SKEW) && now < self.expires + SKEW
    }
}

#[expect(clippy::cast_precision_loss, reason = "the clock tells milliseconds of this age")]
fn seconds(moment: Millis) -> f64 {
    moment.0 as f64 / 1_000.0
}

/// The two places of a claim about environments: the top, and `app_metadata`, where the role stands.
fn places(claims: &Object) -> impl Iterator<Item = &Object> {
    let metadata = if let Some(Json::Object(metadata)) = claims.get("app_metadata") { Some(metadata) } else { None };
    [claims].into_iter().chain(metadata)
}

/// The environment that a token evaluates in; refused if its two places name different ones.
fn environment(claims: &Object) -> Result<Option<String>, InvalidToken> {
    let mut named: Option<&str> = None;
    for place in places(claims) {
        let Some(name) = place.text("environment")? else { continue };
        if named.replace(name).is_some_and(|other| other != name) {
            return Err(InvalidToken);
        }
    }
    Ok(named.map(str::to_owned))
}

/// The environments that a token is for: those that each place with a list has.
fn environments(claims: &Object) -> Result<Option<Vec<String>>, InvalidToken> {
    let mut reach: Option<Vec<String>> = None;
    for place in places(claims) {
        let Some(value) = place.get("environments") else { continue };
        let mut listed = texts(Some(value))?;
        listed.retain(|name| reach.as_ref().is_none_or(|wider| wider.contains(name)));
        reach = Some(listed);
    }
    Ok(reach)
}

/// The texts of a claim that is one text or a list of texts; empty if the claim is absent.
fn texts(value: Option<&Json>) -> Result<Vec<String>, InvalidToken> {
    let text = |value: &Json| if let Json::Text(text) = value { Ok(text.clone()) } else { Err(InvalidToken) };
    match value {
        None => Ok(Vec::new()),
        Some(Json::List(list)) => list.iter().map(text).collect(),
        Some(value) => Ok(vec![text(value)?]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    const NOW: Millis = Millis(1_800_000_000_000);

    fn expected() -> Expected {
        Expected { issuer: Some("https://id.example".to_owned()), audience: Some("flags".to_owned()) }
    }

    #[track_caller]
    fn check(claims: &str, expected: &Expected, holds: bool) {
        let read = Object::read(claims.as_bytes()).and_then(|claims| Claims::of(&claims, &Rules::default()));
        assert_eq!(read.is_ok_and(|claims| claims.hold(NOW, expected)), holds, "{claims}");
    }

    #[track_caller]
    fn timely(times: &str, holds: bool) {
        check(&format!(r#"{{"sub":"s",{times}}}"#), &Expected::default(), holds);
    }

    #[test]
    fn clocks_may_differ_by_less_than_a_minute() {
        timely(r#""exp":1800000000"#, true);
        timely(r#""exp":1799999941"#, true);
        timely(r#""exp":1799999940.5"#, true);
        timely(r#""exp":1799999940"#, false);
        timely(r#""exp":1799999939"#, false);
        for begin in ["nbf", "iat"] {
            timely(&format!(r#""exp":1.80008e9,"{begin}":1800000060"#), true);
            timely(&format!(r#""exp":1.80008e9,"{begin}":1800000061"#), false);
        }
    }

    #[test]
    fn a_token_lives_for_a_day_at_most() {
        timely(r#""exp":1800086460"#, true);
        timely(r#""exp":1800086461"#, false);
        timely(r#""iat":1799990000,"exp":1800076460"#, true);
        timely(r#""iat":1799990000,"exp":1800076461"#, false);
        // A late `nbf` makes no life short.
        timely(r#""iat":1700000000,"nbf":1799999999,"exp":1800000001"#, false);
    }

    #[test]
    fn a_service_key_of_supabase_is_taken_as_it_is() {
        let key = br#"{"iss":"supabase","ref":"abcdefghijklmnopqrst","role":"service_role","iat":1600000000,"exp":1900000000}"#;
        let key = Object::read(key).unwrap();
        let with = Rules::of(&Settings { has_service_role: true, ..Settings::default() });
        let claims = Claims::of(&key, &with).unwrap();
        assert!(claims.hold(NOW, &expected()));
        assert!(!claims.hold(Millis(1_900_000_061_000), &expected()));
        assert_eq!(claims.subject, "service_role");
        assert!(Claims::of(&key, &Rules::default()).is_err());
    }

    #[test]
    fn a_time_that_is_no_number_is_refused() {
        for exp in [r#""1800080000""#, "null", "true", "[]", "{}", "1e999", "NaN"] {
            timely(&format!(r#""exp":{exp}"#), false);
        }
        for nbf in [r#""1700000000""#, "null", "false", "[1700000000]"] {
            timely(&format!(r#""exp":1800080000,"nbf":{nbf}"#), false);
            timely(&format!(r#""exp":1800080000,"iat":{nbf}"#), false);
        }
        timely(r#""iat":1700000000"#, false);
    }

    #[test]
    fn a_token_of_another_issuer_or_for_another_audience_is_refused() {
        for (issuer, audience, holds) in [
            (r#""https://id.example""#, r#""flags""#, true),
            (r#""https://id.example""#, r#"["other","flags"]"#, true),
            (r#""https://id.example/""#, r#""flags""#, false),
            (r#""https://id.example""#, r#""flag""#, false),
            (r#""https://id.example""#, "[]", false),
            (r#""https://id.example""#, r#"["flags",1]"#, false),
            (r#"["https://id.example"]"#, r#""flags""#, false),
            ("null", r#""flags""#, false),
        ] {
            check(&format!(r#"{{"sub":"s","exp":1800080000,"iss":{issuer},"aud":{audience}}}"#), &expected(), holds);
        }
        check(r#"{"sub":"s","exp":1800080000}"#, &expected(), false);
    }

    #[test]
    fn environments_are_names() {
        let with = |claim: &str| {
            Object::read(format!(r#"{{"sub":"s","exp":1800080000,{claim}}}"#).as_bytes())
                .and_then(|claims| Claims::of(&claims, &Rules::default()))
                .ok()
        };
        let listed = |claim: &str| with(claim).and_then(|claims| claims.environments);
        assert_eq!(with(r#""environment":"dev""#).and_then(|claims| claims.environment).as_deref(), Some("dev"));
        assert_eq!(listed(r#""environments":["dev","staging"]"#), Some(vec!["dev".to_owned(), "staging".to_owned()]));
        // A list without names is for no environment, and not for all.
        assert_eq!(listed(r#""environments":[]"#), Some(Vec::new()));
        assert_eq!(listed(r#""role":"x""#), None);
        for claim in WRONG {
            assert!(with(claim).is_none(), "{claim}");
        }
    }

    const WRONG: [&str; 5] =
        [r#""environment":["dev"]"#, r#""environment":1"#, r#""environments":{}"#, r#""environments":[1]"#, r#""environments":null"#];

    #[test]
    fn app_metadata_names_environments_too() {
        let with = |top: &str, metadata: &str| {
            let claims = format!(r#"{{"sub":"s","exp":1800080000,"app_metadata":{{"role":"admin"{metadata}}}{top}}}"#);
            let claims = Object::read(claims.as_bytes()).and_then(|claims| Claims::of(&claims, &Rules::default())).ok()?;
            Some((claims.environment, claims.environments))
        };
        let some = |names: &[&str]| Some((None, Some(names.iter().map(|&name| name.to_owned()).collect())));
        let (both, staging) = (r#","environments":["dev","staging"]"#, r#","environments":["staging"]"#);
        assert_eq!(with("", staging), some(&["staging"]));
        assert_eq!(with("", r#","environments":"staging""#), some(&["staging"]));
        assert_eq!(with("", r#","environments":[]"#), some(&[]));
        // Of two lists, what both have.
        assert_eq!(with(both, staging), some(&["staging"]));
        assert_eq!(with(staging, both), some(&["staging"]));
        assert_eq!(with(r#","environments":["dev"]"#, staging), some(&[]));
        let dev = r#","environment":"dev""#;
        assert_eq!(with("", dev), Some((Some("dev".to_owned()), None)));
        assert_eq!(with(dev, dev), Some((Some("dev".to_owned()), None)));
        assert_eq!(with(r#","environment":"staging""#, dev), None);
        for claim in WRONG {
            assert_eq!(with("", &format!(",{claim}")), None, "{claim}");
        }
        // Its owner writes `user_metadata`, so that it limits nothing.
        assert_eq!(with(r#","user_metadata":{"environments":["dev"],"environment":1}"#, ""), Some((None, None)));
    }

    #[test]
    fn subjects_can_be_shown() {
        let with = |subject: &str| format!(r#"{{"sub":{subject},"exp":1800080000}}"#);
        check(&with(r#""auth0|5f7c é""#), &Expected::default(), true);
        check(&with(&format!("\"{}\"", "x".repeat(256))), &Expected::default(), true);
        for subject in ["\"\"", &format!("\"{}\"", "x".repeat(257)), "1", "null", r#""a\nb""#, r#""\u0000""#, r#""\u0085""#] {
            check(&with(subject), &Expected::default(), false);
        }
        check(r#"{"exp":1800080000}"#, &Expected::default(), false);
    }

    #[test]
    fn no_issuers_token_has_a_subject_that_the_edge_gives() {
        for (subject, holds) in [("token:ci", false), ("token:", false), ("break-glass", false), ("token", true), ("a token:ci", true)] {
            check(&format!(r#"{{"sub":"{subject}","exp":1800080000}}"#), &Expected::default(), holds);
        }
    }
}
