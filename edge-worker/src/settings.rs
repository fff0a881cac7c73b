//! The settings of a deployment: bindings that are text, read once in an isolate.
//!
//! If a setting cannot be read, the worker answers every request with 503, the setting's name and the expected form, and never with the
//! value that is set, which may be a secret. A binding that is JSON and no text cannot be read, but for `true` and `false` of a switch.
use std::{cell::RefCell, rc::Rc};

use control::{change::Hash, is_origin};
use worker::{
    Env,
    js_sys::{Array, Reflect},
};

use crate::{
    auth,
    limit::{self, Rates},
    openid,
    problem::Problem,
    relay,
    store::postgres::{self, Address},
};

/// The fewest bytes of `JWT_SECRET`: as many as HS256 makes (RFC 7518, section 3.2).
const SHORTEST_SECRET: usize = 32;

/// The form of a setting that public keys require.
const REQUIRED: &str = "any text; it is required beside JWKS and JWKS_URL";

/// The form of a setting that names a claim.
const CLAIM: &str = "the name of a claim such as groups, or a path such as realm_access.roles, outside of user_metadata";

/// The form of `OIDC_CLIENT_ID`: without keys no token of the provider is valid, and the policy of the dashboard names the issuer's origin.
const PUBLIC_CLIENT: &str =
    "the id of a public client, at most 256 characters, beside JWKS or JWKS_URL and a JWT_ISSUER that begins with https://";

/// The form of a setting that is a SHA-256 hash.
const HASH: &str = "64 hexadecimal digits in lower case";

/// The settings of a deployment. An absent binding, or an empty one, is the default.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own, and none decides about another")]
pub(crate) struct Settings {
    /// `CLIENT_KEY`: a publishable key; by default none.
    pub(crate) client_key: Option<String>,
    /// `SERVER_KEY`: a secret key, different from `CLIENT_KEY`; by default none.
    pub(crate) server_key: Option<String>,
    /// `CLIENT_ORIGINS`: origins or `*`, separated by commas; by default none but the worker's own.
    pub(crate) client_origins: Vec<String>,
    /// `ADMIN_ORIGINS`: the origins whose pages may send operators' requests, separated by commas; by default only the worker's own.
    pub(crate) admin_origins: Vec<String>,
    /// `JWT_SECRET`: the secret of HS256, at least 32 bytes; by default such tokens open nothing.
    pub(crate) jwt_secret: Option<String>,
    /// `JWT_SECRET_PREVIOUS`: the secret before it, while secrets are rotated; by default none.
    pub(crate) jwt_secret_previous: Option<String>,
    /// `JWKS`: a JSON Web Key Set with a key that the edge can use; by default none.
    pub(crate) jwks: Option<String>,
    /// `JWKS_URL`: the address of such a set, `https:` or `http:`; by default none.
    pub(crate) jwks_url: Option<String>,
    /// `JWKS_PRIVATE`: `on` or `off`; by default `off`. With `on`, `JWKS_URL` is in a private network or on this machine.
    pub(crate) is_jwks_private: bool,
    /// `WEBHOOKS_PRIVATE`: `on` or `off`; by default `off`. With `on`, the targets of webhooks may be in a private network or on this machine.
    pub(crate) is_webhooks_private: bool,
    /// `JWT_ISSUER`: the `iss` of every token; required beside `JWKS` and `JWKS_URL`, else by default any.
    pub(crate) jwt_issuer: Option<String>,
    /// `JWT_AUDIENCE`: the `aud` of every token; required beside `JWKS` and `JWKS_URL`, else by default any.
    pub(crate) jwt_audience: Option<String>,
    /// `ROLE_CLAIM`: the claim with the roles of a token, or with what `ROLE_MAP` maps to roles; by default `app_metadata.role`.
    pub(crate) role_claim: Option<String>,
    /// `ROLE_MAP`: an object from groups or addresses to roles; by default the claim has the roles' own names.
    pub(crate) role_map: Option<String>,
    /// `ORGANIZATION_CLAIM`: the claim with the organization of a token; by default `app_metadata.organizationId`.
    pub(crate) organization_claim: Option<String>,
    /// `OIDC_CLIENT_ID`: the public client by which operators sign in to the dashboard at `JWT_ISSUER`; by default they cannot.
    pub(crate) oidc_client_id: Option<String>,
    /// `OIDC_SCOPES`: the scopes that the dashboard asks for, separated by spaces; by default `openid profile email`.
    pub(crate) oidc_scopes: Option<String>,
    /// `OIDC_ORIGINS`: the origins of the issuer's endpoints that are not its own; by default none.
    pub(crate) oidc_origins: Vec<String>,
    /// `BREAK_GLASS_TOKEN_HASH`: the SHA-256 hash of the break-glass token; by default there is no such token.
    pub(crate) break_glass_token_hash: Option<String>,
    /// `SERVICE_ROLE`: `on` or `off`; by default `off`. With `on`, Supabase's service key counts as a service.
    pub(crate) has_service_role: bool,
    /// `USER_TAGS`: tags, separated by commas; by default every flag answers people whose role does not read them all.
    pub(crate) user_tags: Vec<String>,
    /// `RATE_LIMITS`: requests a minute by class, or `off`.
    pub(crate) rate_limits: RateLimits,
    /// `CLIENT_ADDRESS_HEADER`: the name of the header in which a proxy names the client's address; by default the connection's counts.
    pub(crate) client_address_header: Option<String>,
    /// `RELAY_SOCKETS`: the most sockets of one relay, 1 to 10,000; by default 10,000.
    pub(crate) relay_sockets: Option<u16>,
    /// `DEMO`: `on` or `off`; by default `off`.
    pub(crate) is_demo: bool,
    /// `FEATURE_FLAGS_ENABLED` is `false`: all flags are switched off. By default it is `true`.
    pub(crate) is_off: bool,
    /// `TEST_CLOCK`: `on` or `off`; by default `off`.
    pub(crate) has_test_clock: bool,
    /// `STORE`: the address of the Postgres that has the hubs' journal; by default each hub's own SQLite is all there is.
    pub(crate) store: Option<Address>,
    /// `FAST_WAY` is `off`: every request takes the long way, for tests. By default it is `on`.
    pub(crate) is_fast_way_off: bool,
}

/// The rate limits of a deployment; `None` if they are off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RateLimits(pub(crate) Option<Rates>);

impl Default for RateLimits {
    fn default() -> Self {
        Self(Some(Rates::DEFAULT))
    }
}

/// A setting that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct InvalidSetting {
    pub(crate) name: &'static str,
    pub(crate) expected: &'static str,
    /// The kind of the binding, such as `a number`; `None` if it is a text.
    pub(crate) found: Option<&'static str>,
}

/// The value of a binding.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Bound {
    Text(String),
    Boolean(bool),
    /// A value of another kind, such as `a number`.
    Other(&'static str),
}

/// The words of a switch.
struct Switch {
    on: &'static str,
    off: &'static str,
    expected: &'static str,
}

const ON_OR_OFF: Switch = Switch { on: "on", off: "off", expected: "on or off" };
const TRUE_OR_FALSE: Switch = Switch { on: "true", off: "false", expected: "true or false" };

thread_local! {
    static READ: RefCell<Option<Result<Rc<Settings>, InvalidSetting>>> = const { RefCell::new(None) };
}

/// The settings of the deployment, which the first call reads. The error names the first setting that cannot be read.
pub(crate) fn of(env: &Env) -> Result<Rc<Settings>, Problem> {
    let read = READ.with_borrow_mut(|read| read.get_or_insert_with(|| Settings::read(|name| bound(env, name)).map(Rc::new)).clone());
    read.map_err(Problem::invalid_setting)
}

/// The settings; `None` before the first call of [`of`], and if a setting cannot be read.
pub(crate) fn held() -> Option<Rc<Settings>> {
    READ.with_borrow(|read| read.as_ref()?.as_ref().ok().cloned())
}

/// The value bound to this name; `None` if the binding is absent. A binding from an environment that lacks it is `null`, on which
/// [`Env::var`] throws.
fn bound(env: &Env, binding: &str) -> Option<Bound> {
    let value = Reflect::get(env.as_ref(), &binding.into()).ok().filter(|value| !value.is_null() && !value.is_undefined())?;
    let text = value.as_string().map(Bound::Text);
    Some(text.or(value.as_bool().map(Bound::Boolean)).unwrap_or(Bound::Other(match value.as_f64() {
        Some(_) => "a number",
        None if Array::is_array(&value) => "an array",
        None => "an object",
    })))
}

impl Settings {
    /// Reads every setting; `bound` is the value bound to a name.
    pub(crate) fn read(bound: impl Fn(&'static str) -> Option<Bound>) -> Result<Self, InvalidSetting> {
        let bound = |name| bound(name).filter(|bound| !matches!(bound, Bound::Text(text) if text.is_empty()));
        let checked = |name, expected, is_valid: &dyn Fn(&str) -> bool| match bound(name) {
            None => Ok(None),
            Some(Bound::Text(text)) if is_valid(&text) => Ok(Some(text)),
            Some(other) => Err(InvalidSetting { name, expected, found: other.kind() }),
        };
        let text = |name| checked(name, "any text", &|_| true);
        let switch = |name, Switch { on, off, expected }: Switch| match bound(name) {
            None => Ok(None),
            Some(Bound::Boolean(is_on)) => Ok(Some(is_on)),
            Some(Bound::Text(word)) if word.eq_ignore_ascii_case(on) || word.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Bound::Text(word)) if word.eq_ignore_ascii_case(off) || word.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(other) => Err(InvalidSetting { name, expected, found: other.kind() }),
        };
        let list = |text: Option<String>| -> Vec<String> {
            text.iter().flat_map(|list| list.split(',')).map(|one| one.trim().to_owned()).collect()
        };
        let jwks = checked("JWKS", "a JSON Web Key Set with a public key for RS256, ES256 or EdDSA", &auth::is_key_set)?;
        let jwks_url = checked("JWKS_URL", "an address that begins with https:// or http://", &|url| {
            url.strip_prefix("https://").or(url.strip_prefix("http://")).is_some_and(|rest| !rest.is_empty())
        })?;
        let required = |name| match checked(name, REQUIRED, &|_| true)? {
            None if jwks.is_some() || jwks_url.is_some() => Err(InvalidSetting { name, expected: REQUIRED, found: None }),
            text => Ok(text),
        };
        let (jwt_issuer, jwt_audience) = (required("JWT_ISSUER")?, required("JWT_AUDIENCE")?);
        let may_sign_in = (jwks.is_some() || jwks_url.is_some()) && jwt_issuer.as_deref().and_then(openid::origin_of).is_some();
        let oidc_client_id = checked("OIDC_CLIENT_ID", PUBLIC_CLIENT, &|id| may_sign_in && openid::is_client_id(id))?;
        let jwt_secret = checked("JWT_SECRET", "at least 32 bytes", &|secret| secret.len() >= SHORTEST_SECRET)?;
        let client_key = text("CLIENT_KEY")?;
        let is_other = |key: &str| client_key.as_deref() != Some(key);
        let origins = checked("CLIENT_ORIGINS", "origins such as https://shop.example, separated by commas, or *", &are_origins)?;
        let rates = "off, or requests a minute such as admin=30,read=600,user=30,client=600,failed=30";
        let rate_limits = checked("RATE_LIMITS", rates, &|text| limit::parse(text).is_ok())?;
        Ok(Self {
            server_key: checked("SERVER_KEY", "a text other than CLIENT_KEY", &is_other)?,
            client_origins: list(origins),
            admin_origins: list(checked("ADMIN_ORIGINS", "origins such as https://admin.example, separated by commas", &|text| {
                are_origins(text) && !text.contains('*')
            })?),
            jwt_secret_previous: checked("JWT_SECRET_PREVIOUS", "at least 32 bytes, other than JWT_SECRET", &|secret| {
                secret.len() >= SHORTEST_SECRET && jwt_secret.as_deref() != Some(secret)
            })?,
            role_claim: checked("ROLE_CLAIM", CLAIM, &auth::is_claim)?,
            role_map: checked("ROLE_MAP", "a JSON object from groups or addresses to roles", &auth::is_role_map)?,
            organization_claim: checked("ORGANIZATION_CLAIM", CLAIM, &auth::is_claim)?,
            oidc_client_id,
            oidc_scopes: checked("OIDC_SCOPES", "scopes separated by spaces, openid among them", &openid::are_scopes)?,
            oidc_origins: list(checked(
                "OIDC_ORIGINS",
                "origins such as https://token.example, separated by commas, 8 at most",
                &openid::are_origins,
            )?),
            break_glass_token_hash: checked("BREAK_GLASS_TOKEN_HASH", HASH, &|text| Hash::from_hex(text).is_some())?,
            has_service_role: switch("SERVICE_ROLE", ON_OR_OFF)? == Some(true),
            user_tags: list(checked("USER_TAGS", "tags, separated by commas", &|list| list.split(',').all(|tag| !tag.trim().is_empty()))?),
            jwt_secret,
            jwks,
            jwks_url,
            is_jwks_private: switch("JWKS_PRIVATE", ON_OR_OFF)? == Some(true),
            is_webhooks_private: switch("WEBHOOKS_PRIVATE", ON_OR_OFF)? == Some(true),
            jwt_issuer,
            jwt_audience,
            rate_limits: rate_limits.and_then(|text| limit::parse(&text).ok()).map(RateLimits).unwrap_or_default(),
            client_address_header: checked("CLIENT_ADDRESS_HEADER", "the name of a header", &|name| {
                name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            })?,
            relay_sockets: checked("RELAY_SOCKETS", "1 to 10000, as text", &|text| relay::sockets(text).is_some())?
                .and_then(|text| relay::sockets(&text)),
            store: checked("STORE", postgres::EXPECTED, &|text| Address::parse(text).is_some())?.and_then(|text| Address::parse(&text)),
            is_demo: switch("DEMO", ON_OR_OFF)? == Some(true),
            is_off: switch("FEATURE_FLAGS_ENABLED", TRUE_OR_FALSE)? == Some(false),
            has_test_clock: switch("TEST_CLOCK", ON_OR_OFF)? == Some(true),
            is_fast_way_off: switch("FAST_WAY", ON_OR_OFF)? == Some(false),
            client_key,
        })
    }
}

impl Bound {
    /// The kind of the value, with its article; `None` for a text.
    const fn kind(&self) -> Option<&'static str> {
        match self {
            Self::Text(_) => None,
            Self::Boolean(_) => Some("a boolean"),
            Self::Other(kind) => Some(kind),
        }
    }
}

/// A list of origins, in which `*` stands for any.
fn are_origins(list: &str) -> bool {
    list.split(',').map(str::trim).all(is_origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bound: &[(&str, &str)]) -> Result<Settings, InvalidSetting> {
        Settings::read(|name| bound.iter().find(|(bound, _)| *bound == name).map(|(_, text)| Bound::Text((*text).to_owned())))
    }

    fn read_one(binding: &str, value: &Bound) -> Result<Settings, InvalidSetting> {
        Settings::read(|name| (name == binding).then(|| value.clone()))
    }

    #[test]
    fn an_absent_or_empty_setting_is_the_default() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings, Settings::default());
        assert_eq!(settings.rate_limits.0, Some(Rates { admin: 30, read: 600, user: 30, client: 600, failed: 30 }));
        assert_eq!(read(&NAMES.map(|name| (name, ""))), Ok(settings));
    }

    #[test]
    fn every_setting_is_read() {
        let settings = read(&[
            ("CLIENT_KEY", "c"),
            ("SERVER_KEY", "s"),
            ("CLIENT_ORIGINS", "https://a.example, *"),
            ("ADMIN_ORIGINS", "https://b.example, http://localhost:5173"),
            ("JWT_SECRET", "a secret of the tests, 32 bytes or more"),
            ("JWT_SECRET_PREVIOUS", "the secret of before, 32 bytes or more"),
            ("JWKS_URL", "https://id.example/keys"),
            ("JWKS_PRIVATE", "on"),
            ("WEBHOOKS_PRIVATE", "on"),
            ("ROLE_CLAIM", "groups"),
            ("ROLE_MAP", r#"{"ops":"operator"}"#),
            ("ORGANIZATION_CLAIM", "org_id"),
            ("OIDC_CLIENT_ID", "dashboard"),
            ("OIDC_SCOPES", "openid groups"),
            ("OIDC_ORIGINS", "https://a.example, https://b.example"),
            ("BREAK_GLASS_TOKEN_HASH", DIGITS),
            ("SERVICE_ROLE", "on"),
            ("USER_TAGS", "shop, chat"),
            ("JWT_ISSUER", "https://id.example"),
            ("JWT_AUDIENCE", "a"),
            ("RATE_LIMITS", "off"),
            ("CLIENT_ADDRESS_HEADER", "X-Forwarded-For"),
            ("RELAY_SOCKETS", "10000"),
            ("STORE", "postgres://me:secret@127.0.0.1:6432/flags"),
            ("DEMO", "on"),
            ("FEATURE_FLAGS_ENABLED", "False"),
            ("TEST_CLOCK", "on"),
            ("FAST_WAY", "off"),
        ]);
        let text = |text: &str| Some(text.to_owned());
        let expected = Settings {
            client_key: text("c"),
            server_key: text("s"),
            client_origins: vec!["https://a.example".to_owned(), "*".to_owned()],
            admin_origins: vec!["https://b.example".to_owned(), "http://localhost:5173".to_owned()],
            jwt_secret: text("a secret of the tests, 32 bytes or more"),
            jwt_secret_previous: text("the secret of before, 32 bytes or more"),
            role_claim: text("groups"),
            role_map: text(r#"{"ops":"operator"}"#),
            organization_claim: text("org_id"),
            oidc_client_id: text("dashboard"),
            oidc_scopes: text("openid groups"),
            oidc_origins: vec!["https://a.example".to_owned(), "https://b.example".to_owned()],
            break_glass_token_hash: text(DIGITS),
            has_service_role: true,
            user_tags: vec!["shop".to_owned(), "chat".to_owned()],
            jwks: None,
            jwks_url: text("https://id.example/keys"),
            is_jwks_private: true,
            is_webhooks_private: true,
            jwt_issuer: text("https://id.example"),
            jwt_audience: text("a"),
            rate_limits: RateLimits(None),
            client_address_header: text("X-Forwarded-For"),
            relay_sockets: Some(10_000),
            store: Address::parse("postgres://me:secret@127.0.0.1:6432/flags"),
            is_demo: true,
            is_off: true,
            has_test_clock: true,
            is_fast_way_off: true,
        };
        assert_eq!(settings, Ok(expected));
    }

    const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"EdDSA"}]}"#;

    const DIGITS: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    const SECRET: &str = "a secret of the tests, 32 bytes or more";

    #[test]
    fn a_setting_that_cannot_be_read_is_named() {
        for (name, text) in [
            ("CLIENT_ORIGINS", "shop.example"),
            ("CLIENT_ORIGINS", "https://shop.example/"),
            ("CLIENT_ORIGINS", "https://*.shop.example"),
            ("CLIENT_ORIGINS", "https://shop.example,"),
            ("CLIENT_ORIGINS", r#"["https://shop.example"]"#),
            ("ADMIN_ORIGINS", "*"),
            ("ADMIN_ORIGINS", "https://b.example, *"),
            ("ADMIN_ORIGINS", "b.example"),
            ("JWT_SECRET", "a secret of 31 bytes, too short"),
            ("JWT_SECRET_PREVIOUS", "a secret of 31 bytes, too short"),
            ("ROLE_CLAIM", "user_metadata.role"),
            ("ORGANIZATION_CLAIM", "user_metadata.organization"),
            ("ROLE_MAP", r#"{"ops":"root"}"#),
            ("OIDC_CLIENT_ID", "dashboard"),
            ("OIDC_SCOPES", "profile email"),
            ("OIDC_ORIGINS", "*"),
            ("BREAK_GLASS_TOKEN_HASH", "tf_break_glass_0123456789abcdef0123456789abcdef"),
            ("BREAK_GLASS_TOKEN_HASH", &DIGITS[1..]),
            ("BREAK_GLASS_TOKEN_HASH", "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"),
            ("SERVICE_ROLE", "service_role"),
            ("USER_TAGS", "shop,,chat"),
            ("JWKS", "{}"),
            ("JWKS", r#"{"keys":[]}"#),
            ("JWKS_URL", "id.example/keys"),
            ("JWKS_URL", "https://"),
            ("JWKS_PRIVATE", "private"),
            ("WEBHOOKS_PRIVATE", "private"),
            ("RATE_LIMITS", "many"),
            ("CLIENT_ADDRESS_HEADER", "X-Forwarded-For:"),
            ("STORE", "mysql://me@127.0.0.1/flags"),
            ("RELAY_SOCKETS", "0"),
            ("RELAY_SOCKETS", "10001"),
            ("RELAY_SOCKETS", "+1"),
            ("DEMO", "yes"),
            ("FEATURE_FLAGS_ENABLED", "0"),
            ("TEST_CLOCK", "1"),
            ("FAST_WAY", "no"),
        ] {
            assert_eq!(read(&[(name, text)]).map_err(|invalid| invalid.name), Err(name), "{text}");
        }
        let same = read(&[("JWT_SECRET", SECRET), ("JWT_SECRET_PREVIOUS", SECRET)]);
        assert_eq!(same.map_err(|invalid| invalid.name), Err("JWT_SECRET_PREVIOUS"));
        // A public key verifies what its issuer signs for others, too.
        for keys in [("JWKS_URL", "https://id.example/keys"), ("JWKS", KEYS)] {
            let lacks = |more: &[(&str, &str)]| read(&[&[keys], more].concat()).map(|_| ()).map_err(|invalid| invalid.name);
            assert_eq!(lacks(&[]), Err("JWT_ISSUER"));
            assert_eq!(lacks(&[("JWT_ISSUER", "i")]), Err("JWT_AUDIENCE"));
            assert_eq!(lacks(&[("JWT_AUDIENCE", "a")]), Err("JWT_ISSUER"));
            assert_eq!(lacks(&[("JWT_ISSUER", "i"), ("JWT_AUDIENCE", "a")]), Ok(()));
        }
        // A sign-in at an issuer without keys, or at one without an address, could only fail.
        let issuer =
            |issuer: &'static str| [("JWKS", KEYS), ("JWT_AUDIENCE", "a"), ("OIDC_CLIENT_ID", "dashboard"), ("JWT_ISSUER", issuer)];
        assert!(read(&issuer("https://id.example/shop")).is_ok());
        for text in ["us", "http://id.example", "https://id.example/?shop"] {
            assert_eq!(read(&issuer(text)).map_err(|invalid| invalid.name), Err("OIDC_CLIENT_ID"), "{text}");
        }
        assert_eq!(read(&issuer("https://id.example")[1..]).map_err(|invalid| invalid.name), Err("OIDC_CLIENT_ID"));
        assert_eq!(read(&[("CLIENT_KEY", "k"), ("SERVER_KEY", "k")]).map_err(|invalid| invalid.name), Err("SERVER_KEY"));
    }

    #[test]
    fn a_boolean_is_read_as_a_word_of_a_switch_also_in_quotes() {
        for (name, words) in [
            ("DEMO", ["off", "on"]),
            ("JWKS_PRIVATE", ["off", "on"]),
            ("WEBHOOKS_PRIVATE", ["off", "on"]),
            ("SERVICE_ROLE", ["off", "on"]),
            ("FEATURE_FLAGS_ENABLED", ["false", "true"]),
            ("TEST_CLOCK", ["off", "on"]),
            ("FAST_WAY", ["off", "on"]),
        ] {
            for (boolean, word) in [false, true].into_iter().zip(words) {
                assert_eq!(read_one(name, &Bound::Boolean(boolean)), read(&[(name, word)]), "{name} {boolean}");
                assert_eq!(read(&[(name, if boolean { "true" } else { "false" })]), read(&[(name, word)]), "{name} {boolean} as text");
            }
            assert_ne!(read_one(name, &Bound::Boolean(false)), read_one(name, &Bound::Boolean(true)), "{name}");
        }
    }

    #[test]
    fn a_binding_that_is_no_text_is_refused_with_its_kind() {
        let is_switch = |name| {
            ["DEMO", "JWKS_PRIVATE", "WEBHOOKS_PRIVATE", "SERVICE_ROLE", "FEATURE_FLAGS_ENABLED", "TEST_CLOCK", "FAST_WAY"].contains(&name)
        };
        for name in NAMES {
            let found = |value| read_one(name, &value).map_err(|invalid| (invalid.name, invalid.found));
            assert_eq!(found(Bound::Other("a number")), Err((name, Some("a number"))));
            if !is_switch(name) {
                assert_eq!(found(Bound::Boolean(false)), Err((name, Some("a boolean"))));
            }
        }
    }

    /// The names of all settings; a test compares the list with the names that the reader asks for.
    const NAMES: [&str; 29] = [
        "CLIENT_KEY",
        "SERVER_KEY",
        "CLIENT_ORIGINS",
        "ADMIN_ORIGINS",
        "JWT_SECRET",
        "JWT_SECRET_PREVIOUS",
        "JWKS",
        "JWKS_URL",
        "JWKS_PRIVATE",
        "WEBHOOKS_PRIVATE",
        "JWT_ISSUER",
        "JWT_AUDIENCE",
        "ROLE_CLAIM",
        "ROLE_MAP",
        "ORGANIZATION_CLAIM",
        "OIDC_CLIENT_ID",
        "OIDC_SCOPES",
        "OIDC_ORIGINS",
        "BREAK_GLASS_TOKEN_HASH",
        "SERVICE_ROLE",
        "USER_TAGS",
        "RATE_LIMITS",
        "CLIENT_ADDRESS_HEADER",
        "RELAY_SOCKETS",
        "STORE",
        "DEMO",
        "FEATURE_FLAGS_ENABLED",
        "TEST_CLOCK",
        "FAST_WAY",
    ];

    #[test]
    fn every_setting_is_bound_and_documented() {
        let asked = RefCell::new(Vec::new());
        Settings::read(|name| {
            asked.borrow_mut().push(name);
            None
        })
        .unwrap();
        let mut asked = asked.into_inner();
        asked.sort_unstable();
        let sorted = |mut names: Vec<&'static str>| {
            names.sort_unstable();
            names
        };
        assert_eq!(asked, sorted(NAMES.to_vec()));
        let between = |text: &'static str, before: &str, after: &str| -> Vec<&'static str> {
            text.split(before).skip(1).filter_map(|rest| rest.split(after).next()).collect()
        };
        // `workerd.capnp` binds each name to the environment variable of that name.
        let bound = between(include_str!("../workerd.capnp"), "fromEnvironment = \"", "\"");
        assert_eq!(sorted(bound), asked);
        let documented = between(include_str!("../../docs/deployment.md"), "\n| `", "` |").into_iter().filter(|name| NAMES.contains(name));
        assert_eq!(sorted(documented.collect()), asked);
        for name in NAMES {
            assert!(include_str!("../wrangler.jsonc").contains(name), "{name}");
        }
    }

    /// Compares the form that the guide states for a setting with the one that a refusal names.
    #[test]
    fn the_guide_states_the_form_that_a_refusal_names() {
        let guide = include_str!("../../docs/deployment.md");
        for name in NAMES {
            let expected = read_one(name, &Bound::Other("a number")).unwrap_err().expected;
            let row = guide.lines().find(|line| line.starts_with(&format!("| `{name}` |"))).unwrap();
            assert!(row.replace('`', "").contains(expected), "{row}\n{expected}");
        }
    }
}
