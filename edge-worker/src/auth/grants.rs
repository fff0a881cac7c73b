//! The roles that a token gives, each with the environments that it is for.
//!
//! By default the role stands in `app_metadata.role` and the organization in `app_metadata.organizationId`, where only the issuer writes.
//! Issuers that put groups or addresses into tokens are taken as they are: `ROLE_CLAIM` and `ORGANIZATION_CLAIM` name their claims, and
//! `ROLE_MAP` says which role a group or an address has.
use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    json::{Json, Object},
    role::Role,
};
use crate::settings::Settings;

/// The claim with the role, or with what `ROLE_MAP` maps to roles.
const ROLE: &str = "app_metadata.role";
/// The claim with the organization of the roles that are for one.
const ORGANIZATION: &str = "app_metadata.organizationId";
/// The metadata that its owner writes, and that no right may come from.
const OWNERS: &str = "user_metadata";
/// The claim with an address, which counts only if the issuer has verified it (`OpenID` Connect Core, section 5.1).
const ADDRESS: &str = "email";

/// A role, and the environments that it is for; `None` for all.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Grant {
    pub(super) role: Role,
    pub(super) environments: Option<Vec<String>>,
}

impl Grant {
    fn reaches(&self, environment: Option<&str>) -> bool {
        self.environments.as_ref().is_none_or(|listed| environment.is_some_and(|name| listed.iter().any(|one| one == name)))
    }
}

/// The strongest role among grants for an environment; `None` for the name of the first one if it has none.
pub(super) fn role_in<'g>(grants: &'g [Grant], environment: Option<&str>) -> Option<&'g Role> {
    strongest(grants.iter().filter(|grant| grant.reaches(environment)))
}

/// The strongest role among grants, in whatever environment.
pub(super) fn strongest<'g>(grants: impl IntoIterator<Item = &'g Grant>) -> Option<&'g Role> {
    grants.into_iter().map(|grant| &grant.role).min_by_key(|role| role.kind() as u8)
}

/// The settings by which claims give roles.
#[derive(Default)]
pub(super) struct Rules {
    role_claim: Option<String>,
    organization_claim: Option<String>,
    map: Option<BTreeMap<String, Mapped>>,
    /// True if Supabase's service key, whose claim `role` is `service_role`, counts as a service.
    has_service_role: bool,
}

/// The role of a group or of an address, in `ROLE_MAP`.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Mapped {
    Everywhere(String),
    Within(Within),
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Within {
    role: String,
    #[serde(default)]
    environments: Option<Vec<String>>,
    #[serde(default)]
    organization_id: Option<String>,
}

impl Mapped {
    fn role(&self) -> &str {
        match self {
            Self::Everywhere(role) | Self::Within(Within { role, .. }) => role,
        }
    }

    fn organization(&self) -> Option<&str> {
        match self {
            Self::Everywhere(_) => None,
            Self::Within(Within { organization_id, .. }) => organization_id.as_deref(),
        }
    }
}

/// Returns true if a text is an object whose members are roles, or objects with a role.
pub(super) fn is_map(text: &str) -> bool {
    let map = serde_json::from_str::<BTreeMap<String, Mapped>>(text);
    let gives = |mapped: &Mapped| Role::named(mapped.role(), Some(mapped.organization().unwrap_or("any"))).is_some();
    map.is_ok_and(|map| map.values().all(gives))
}

/// Returns true if a text can name a claim that only the issuer writes.
pub(super) fn is_claim(text: &str) -> bool {
    text != OWNERS && !text.starts_with("user_metadata.")
}

impl Rules {
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            role_claim: settings.role_claim.clone(),
            organization_claim: settings.organization_claim.clone(),
            map: settings.role_map.as_ref().and_then(|text| serde_json::from_str(text).ok()),
            has_service_role: settings.has_service_role,
        }
    }

    /// Returns true if the claims are those of a service key of Supabase that counts here. Such a key lives for years.
    pub(super) fn is_service_key(&self, claims: &Object) -> bool {
        self.has_service_role && matches!(claims.get("role"), Some(Json::Text(role)) if role == "service_role")
    }

    /// The organization that a token is of; `None` if it names none.
    pub(super) fn organization(&self, claims: &Object) -> Option<String> {
        match find(claims, self.organization_claim.as_deref().unwrap_or(ORGANIZATION)) {
            Some(Json::Text(name)) if !name.is_empty() => Some(name.clone()),
            _ => None,
        }
    }

    /// The roles that a token gives; a value that names no role gives none.
    pub(super) fn grants(&self, claims: &Object) -> Vec<Grant> {
        let mut grants = Vec::new();
        if self.is_service_key(claims) {
            grants.push(Grant { role: Role::Service, environments: None });
        }
        let claim = self.role_claim.as_deref().unwrap_or(ROLE);
        if claim == ADDRESS && claims.get("email_verified") != Some(&Json::Boolean(true)) {
            return grants;
        }
        let organization = self.organization(claims);
        let grant = |name: &str, environment: Option<&str>| self.grant(name, environment, organization.as_deref());
        match find(claims, claim) {
            // Roles by environment.
            Some(Json::Object(by_environment)) => {
                for (environment, value) in by_environment.iter() {
                    grants.extend(texts(value).filter_map(|name| grant(name, Some(environment))));
                }
            }
            Some(value) => grants.extend(texts(value).filter_map(|name| grant(name, None))),
            None => {}
        }
        grants
    }

    /// The role of a value of the claim, in one environment or in all.
    fn grant(&self, value: &str, environment: Option<&str>, organization: Option<&str>) -> Option<Grant> {
        let mut environments = environment.map(|name| vec![name.to_owned()]);
        let Some(map) = &self.map else {
            return Some(Grant { role: Role::named(value, organization)?, environments });
        };
        let (role, mapped) = match map.get(value)? {
            Mapped::Everywhere(role) => (Role::named(role, organization)?, None),
            Mapped::Within(Within { role, environments, organization_id }) => {
                (Role::named(role, organization_id.as_deref().or(organization))?, environments.clone())
            }
        };
        if let Some(mut mapped) = mapped {
            mapped.retain(|name| environment.is_none_or(|environment| environment == name));
            environments = Some(mapped);
        }
        Some(Grant { role, environments })
    }
}

/// The claim of this name or, if there is none, at this path, whose steps stand between dots.
fn find<'c>(claims: &'c Object, name: &str) -> Option<&'c Json> {
    if let Some(found) = claims.get(name) {
        return Some(found);
    }
    let (first, rest) = name.split_once('.')?;
    match claims.get(first)? {
        Json::Object(inner) => find(inner, rest),
        _ => None,
    }
}

/// The texts of a claim that is one text or a list; others in the list are skipped.
fn texts(value: &Json) -> impl Iterator<Item = &str> {
    let list = if let Json::List(list) = value { list.as_slice() } else { std::slice::from_ref(value) };
    list.iter().filter_map(|value| if let Json::Text(text) = value { Some(text.as_str()) } else { None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(claims: &str) -> Object {
        Object::read(claims.as_bytes()).unwrap_or_else(|_| panic!("{claims}"))
    }

    fn rules(claim: &str, map: &str) -> Rules {
        assert!(is_map(map), "{map}");
        let text = |text: &str| Some(text.to_owned());
        Rules::of(&Settings { role_claim: text(claim), role_map: text(map), ..Settings::default() })
    }

    #[track_caller]
    fn check(rules: &Rules, claims: &str, environment: &str, expected: impl Into<Option<Role>>) {
        assert_eq!(role_in(&rules.grants(&read(claims)), Some(environment)), expected.into().as_ref(), "{claims} in {environment}");
    }

    /// The claims of an access token of Auth0 with a custom claim, whose name is an address by Auth0's rule.
    const AUTH0: &str = r#"{
        "iss":"https://shop.eu.auth0.com/","sub":"auth0|65f0c1","aud":["https://flags.shop.example","https://shop.eu.auth0.com/userinfo"],
        "iat":1800000000,"exp":1800086400,"azp":"dashboards","scope":"openid profile","permissions":[],
        "https://shop.example/roles":["flags-admins","billing"]}"#;
    /// The claims of an access token of Okta's authorization server with a groups claim.
    const OKTA: &str = r#"{
        "ver":1,"jti":"AT.0mP4","iss":"https://shop.okta.com/oauth2/default","aud":"api://flags","iat":1800000000,"exp":1800003600,
        "cid":"0oab","uid":"00u1","scp":["openid"],"auth_time":1799999990,"sub":"ann@shop.example","groups":["Everyone","flags-oncall"]}"#;
    /// The claims of an access token (version 2.0) of Microsoft Entra ID, whose groups are ids.
    const ENTRA: &str = r#"{
        "aud":"6e74172b-be56-4843-9ff4-e66a39bb12e3","iss":"https://login.microsoftonline.com/72f988bf/v2.0","iat":1800000000,
        "nbf":1800000000,"exp":1800003900,"aio":"AX","azp":"6e74","name":"Ann","oid":"690222be","preferred_username":"ann@shop.example",
        "rh":"I","roles":["Flags.Read"],"groups":["11111111-aaaa-bbbb-cccc-222222222222"],"scp":"access","sub":"HKZpfaHy","tid":"72f988bf","ver":"2.0"}"#;
    /// The claims of an access token of Keycloak, whose roles are in objects.
    const KEYCLOAK: &str = r#"{
        "exp":1800000300,"iat":1800000000,"jti":"f1","iss":"https://id.shop.example/realms/shop","aud":"account","sub":"f5a6","typ":"Bearer",
        "azp":"flags","sid":"s","acr":"1","realm_access":{"roles":["offline_access","uma_authorization"]},
        "resource_access":{"flags":{"roles":["operator","viewer"]},"account":{"roles":["manage-account"]}},"email_verified":true,"email":"ann@shop.example"}"#;

    #[test]
    fn four_identity_providers_give_roles_as_they_are() {
        let (anywhere, production) = ("staging", "production");
        let auth0 = rules("https://shop.example/roles", r#"{"flags-admins":"admin"}"#);
        check(&auth0, AUTH0, anywhere, Some(Role::Admin));
        check(&auth0, &AUTH0.replace("flags-admins", "flags-readers"), anywhere, None);

        let okta = rules("groups", r#"{"flags-oncall":{"role":"operator","environments":["production"]},"Everyone":"viewer"}"#);
        check(&okta, OKTA, production, Some(Role::Operator));
        check(&okta, OKTA, anywhere, Some(Role::Viewer));
        check(&okta, &OKTA.replace("groups", "others"), production, None);

        let group = r#"{"11111111-aaaa-bbbb-cccc-222222222222":{"role":"member","organizationId":"o-1"}}"#;
        check(&rules("groups", group), ENTRA, anywhere, Some(Role::Member { organization: "o-1".into() }));
        check(&rules("roles", r#"{"Flags.Read":"viewer"}"#), ENTRA, anywhere, Some(Role::Viewer));

        // Without a map the values are the roles' own names.
        let keycloak = Rules { role_claim: Some("resource_access.flags.roles".to_owned()), ..Rules::default() };
        check(&keycloak, KEYCLOAK, anywhere, Some(Role::Operator));
        check(&keycloak, &KEYCLOAK.replace("\"flags\":{", "\"other\":{"), anywhere, None);
    }

    #[test]
    fn an_address_counts_once_it_is_verified() {
        let addresses = rules("email", r#"{"ann@shop.example":"admin"}"#);
        check(&addresses, KEYCLOAK, "production", Some(Role::Admin));
        for unverified in ["\"email_verified\":false", "\"email_verified\":\"true\"", "\"email_verified\":null", "\"other\":1"] {
            check(&addresses, &KEYCLOAK.replace("\"email_verified\":true", unverified), "production", None);
        }
        check(&addresses, &KEYCLOAK.replace("ann@", "ben@"), "production", None);
    }

    #[test]
    fn roles_may_differ_by_environment() {
        let own = Rules::default();
        let claims =
            r#"{"app_metadata":{"organizationId":"o-1","role":{"production":"viewer","staging":["operator","admin"],"dev":"member"}}}"#;
        check(&own, claims, "production", Some(Role::Viewer));
        check(&own, claims, "staging", Some(Role::Admin));
        check(&own, claims, "dev", Some(Role::Member { organization: "o-1".into() }));
        check(&own, claims, "qa", None);
        let grants = own.grants(&read(claims));
        assert_eq!(role_in(&grants, None), None);
        assert_eq!(strongest(&grants), Some(&Role::Admin));
        // An environment of the claim and those of the map: where both are.
        let mapped = rules("groups", r#"{"a":{"role":"admin","environments":["staging","qa"]}}"#);
        let claims = r#"{"groups":{"staging":"a","production":"a"}}"#;
        check(&mapped, claims, "staging", Some(Role::Admin));
        check(&mapped, claims, "production", None);
        check(&mapped, claims, "qa", None);
    }

    #[test]
    fn a_service_key_counts_by_setting_alone() {
        let claims = r#"{"role":"service_role","iss":"supabase"}"#;
        check(&Rules::default(), claims, "dev", None);
        let with = Rules { has_service_role: true, ..Rules::default() };
        check(&with, claims, "dev", Some(Role::Service));
        check(&with, r#"{"role":["service_role"]}"#, "dev", None);
        check(&with, r#"{"app_metadata":{"role":"service_role"}}"#, "dev", None);
    }

    #[test]
    fn a_role_in_another_place_or_form_gives_none() {
        for claims in [
            "{}",
            r#"{"role":"service"}"#,
            r#"{"role":"admin","app_metadata":null}"#,
            r#"{"user_metadata":{"role":"admin"}}"#,
            r#"{"app_metadata":"admin"}"#,
            r#"{"app_metadata":{"role":{"role":{"x":"admin"}}}}"#,
            r#"{"app_metadata":{"role":"Admin"}}"#,
            r#"{"app_metadata":{"role":[["admin"],7,null]}}"#,
            r#"{"app_metadata":{"role":"member"}}"#,
            r#"{"app_metadata":{"role":"member","organizationId":["o-1"]}}"#,
            r#"{"app_metadata":{"role":"organization_admin","organizationId":""}}"#,
        ] {
            assert_eq!(Rules::default().grants(&read(claims)), [], "{claims}");
        }
        // With a map, a role's own name is a group like any other.
        check(&rules("app_metadata.role", r#"{"a":"viewer"}"#), r#"{"app_metadata":{"role":"admin"}}"#, "dev", None);
    }

    #[test]
    fn a_setting_that_gives_no_roles_or_lets_people_write_them_is_refused() {
        for map in [
            "",
            "[]",
            "{",
            r#"{"a":"root"}"#,
            r#"{"a":{"environments":[]}}"#,
            r#"{"a":{"role":"admin","env":["x"]}}"#,
            r#"{"a":{"role":"member","organizationId":""}}"#,
            r#"{"a":1}"#,
        ] {
            assert!(!is_map(map), "{map}");
        }
        assert!(is_claim("cognito:groups") && is_claim("app_metadata.role"));
        assert!(!is_claim("user_metadata") && !is_claim("user_metadata.role"));
    }
}
