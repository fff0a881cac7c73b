//! The provider at which operators sign in to the dashboard by `OpenID` Connect: what pages may know of it, and the form of its settings.
//!
//! The page does all of the sign-in, as a public client with PKCE (RFC 7636). The edge only names the provider, and checks the tokens that
//! come of it like any others.
use control::is_origin;
use serde::Serialize;

use crate::settings::Settings;

/// The most characters of a client id.
const LONGEST_CLIENT_ID: usize = 256;
/// The most bytes of a list of scopes.
const LONGEST_SCOPES: usize = 1_000;
/// The most origins of endpoints beside the issuer's own.
const MOST_ORIGINS: usize = 8;
/// The scopes of a deployment that names none.
const SCOPES: &str = "openid profile email";

/// The provider of a deployment, as pages learn of it. It has no secret.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Provider<'s> {
    /// The audience of the tokens that the edge accepts.
    audience: &'s str,
    client_id: &'s str,
    issuer: &'s str,
    /// The origin of the issuer, and those of its endpoints that stand elsewhere.
    origins: Vec<&'s str>,
    scopes: &'s str,
}

impl<'s> Provider<'s> {
    /// The provider of these settings; `None` if they set up no sign-in.
    pub(crate) fn of(settings: &'s Settings) -> Option<Self> {
        let client_id = settings.oidc_client_id.as_deref()?;
        let (issuer, audience) = (settings.jwt_issuer.as_deref()?, settings.jwt_audience.as_deref()?);
        let mut origins = vec![origin_of(issuer)?];
        origins.extend(settings.oidc_origins.iter().map(String::as_str));
        Some(Self { audience, client_id, issuer, origins, scopes: settings.oidc_scopes.as_deref().unwrap_or(SCOPES) })
    }

    /// The origins as the sources of a content security policy, separated by spaces.
    pub(crate) fn sources(&self) -> String {
        self.origins.join(" ")
    }
}

/// The origin of an issuer; `None` unless the issuer is an address without query and fragment on an origin that [`is_origin_of_provider`]
/// accepts.
pub(crate) fn origin_of(issuer: &str) -> Option<&str> {
    let (scheme, rest) = issuer.split_once("://")?;
    let host = rest.find('/').unwrap_or(rest.len());
    let (origin, path) = issuer.split_at_checked(scheme.len() + "://".len() + host)?;
    let is_path = path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\"<>\\".contains(&byte));
    (is_path && is_origin_of_provider(origin)).then_some(origin)
}

/// Returns true for an origin that may stand in the policy of the dashboard: with TLS, or on this machine. A policy cannot name an IPv6 address.
fn is_origin_of_provider(origin: &str) -> bool {
    let is_here = |rest: &str| ["127.0.0.1", "localhost"].contains(&rest.split(':').next().unwrap_or_default());
    let is_safe = origin.starts_with("https://") || origin.strip_prefix("http://").is_some_and(is_here);
    is_safe && !origin.contains('[') && is_origin(origin)
}

/// Returns true for a client id in the letters of RFC 6749, appendix A.1.
pub(crate) fn is_client_id(text: &str) -> bool {
    text.len() <= LONGEST_CLIENT_ID && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// Returns true for a list of scopes (RFC 6749, section 3.3) with `openid` among them.
pub(crate) fn are_scopes(text: &str) -> bool {
    let is_scope = |scope: &str| !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte));
    text.len() <= LONGEST_SCOPES && text.split(' ').all(is_scope) && text.split(' ').any(|scope| scope == "openid")
}

/// Returns true for a list of origins, separated by commas, at most [`MOST_ORIGINS`].
pub(crate) fn are_origins(text: &str) -> bool {
    let origins = text.split(',').map(str::trim);
    origins.clone().count() <= MOST_ORIGINS && origins.into_iter().all(is_origin_of_provider)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_of_an_issuer_is_its_address_without_the_path() {
        for (issuer, origin) in [
            ("https://id.example", "https://id.example"),
            ("https://id.example/", "https://id.example"),
            ("https://id.example:8443/realms/shop", "https://id.example:8443"),
            ("http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
            ("http://localhost:9000", "http://localhost:9000"),
        ] {
            assert_eq!(origin_of(issuer), Some(origin));
        }
    }

    #[test]
    fn an_issuer_that_a_policy_cannot_name_has_no_origin() {
        for issuer in [
            "us",
            "https://",
            "https:///path",
            "id.example",
            "http://id.example",
            "http://127.0.0.1.id.example",
            "http://localhost@id.example/",
            "https://user@id.example/",
            "https://ID.example/",
            "https://*.id.example/",
            "https://[::1]:9000/",
            "https://id.example; script-src *",
            "https://id.example/a b",
            "https://id.example/?a",
            "https://id.example/#a",
            "https://id.example?/",
            "https://id.example/ä",
            "javascript://id.example/",
            "*",
        ] {
            assert_eq!(origin_of(issuer), None, "{issuer}");
        }
    }

    #[test]
    fn origins_of_endpoints_are_at_most_eight() {
        let list = |count: usize| vec!["https://token.example"; count].join(", ");
        assert!(are_origins(&list(1)) && are_origins(&list(8)));
        assert!(!are_origins(&list(9)));
        for text in
            ["*", "https://*", "https://token.example/", "http://token.example", "https://a.example,", "https://a.example 'unsafe-eval'"]
        {
            assert!(!are_origins(text), "{text}");
        }
    }

    #[test]
    fn scopes_name_openid_and_are_separated_by_one_space() {
        let long = |count: usize| format!("openid {}", "a".repeat(count - 7));
        assert!(are_scopes("openid") && are_scopes("profile openid api://flags/.default") && are_scopes(&long(1_000)));
        for text in
            ["", "profile", "openid  email", " openid", "openid\nemail", "openid \"", "openid \\", "openid ä", "OpenID", &long(1_001)]
        {
            assert!(!are_scopes(text), "{text:?}");
        }
    }

    #[test]
    fn a_client_id_is_visible_text_of_256_characters_at_most() {
        assert!(is_client_id("0oa1 b/c") && is_client_id(&"a".repeat(256)));
        for text in [&"a".repeat(257), "a\n", "ä", "\u{7f}"] {
            assert!(!is_client_id(text), "{text:?}");
        }
    }

    #[test]
    fn a_page_learns_of_the_provider_and_of_no_secret() {
        let text = |text: &str| Some(text.to_owned());
        let settings = Settings {
            server_key: text("tf_server_x"),
            jwt_secret: text("a secret of the tests, 32 bytes or more"),
            jwt_issuer: text("https://id.example/shop"),
            jwt_audience: text("flags"),
            jwks_url: text("http://10.0.0.1/keys"),
            role_map: text(r#"{"ops":"admin"}"#),
            oidc_client_id: text("dashboard"),
            oidc_origins: vec!["https://token.example".to_owned()],
            ..Settings::default()
        };
        let told = serde_json::to_value(Provider::of(&settings)).unwrap();
        let expected = serde_json::json!({
            "audience": "flags",
            "clientId": "dashboard",
            "issuer": "https://id.example/shop",
            "origins": ["https://id.example", "https://token.example"],
            "scopes": "openid profile email",
        });
        assert_eq!(told, expected);
        assert!(Provider::of(&Settings { oidc_client_id: None, ..settings.clone() }).is_none());
        let scoped = Settings { oidc_scopes: text("openid flags"), ..settings };
        assert_eq!(Provider::of(&scoped).unwrap().scopes, "openid flags");
    }
}
