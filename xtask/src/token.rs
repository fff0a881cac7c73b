//! `cargo xtask token`: tokens for the admin routes, signed with a deployment's `JWT_SECRET` (RFC 7519, HS256).
use std::{
    fs,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::keys::Keys;

const ROLES: [&str; 6] = ["service", "admin", "operator", "viewer", "organization_admin", "member"];

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let options = Options::parse(arguments)?;
    let secret = options.secret()?;
    let mut claims = Claims::new(&options.subject, &options.role, options.minutes)?;
    if let Some(organization) = &options.organization {
        claims.0["app_metadata"]["organizationId"] = json!(organization);
    }
    if let Some(environments) = &options.environments {
        claims.0["app_metadata"]["environments"] = json!(environments);
    }
    println!("{}", mint(&secret, &claims)?);
    Ok(())
}

struct Options {
    secret_file: Option<PathBuf>,
    data: Option<PathBuf>,
    subject: String,
    role: String,
    organization: Option<String>,
    /// The environments that the token is for; `None` for all.
    environments: Option<Vec<String>>,
    minutes: u64,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let (mut secret_file, mut data, mut organization, mut minutes) = (None, None, None, 60);
        let (mut subject, mut role, mut environments) = (None, None, None);
        let mut rest = arguments.iter();
        while let Some(option) = rest.next() {
            let value = rest.next().with_context(|| format!("{option} needs a value"))?;
            match option.as_str() {
                "--secret-file" => secret_file = Some(value.into()),
                "--data" => data = Some(value.into()),
                "--sub" => subject = Some(value.clone()),
                "--role" => role = Some(value.clone()),
                "--organization" => organization = Some(value.clone()),
                "--environments" => environments = Some(value.split(',').map(|name| name.trim().to_owned()).collect()),
                "--minutes" => minutes = value.parse().context("--minutes needs a whole number")?,
                unknown => bail!(
                    "unknown option {unknown}; expected --secret-file, --data, --sub, --role, --organization, --environments or --minutes"
                ),
            }
        }
        let role = role.context("--role is missing")?;
        if !ROLES.contains(&role.as_str()) {
            bail!("no role {role}; there are: {}", ROLES.join(", "));
        }
        let is_local = ["organization_admin", "member"].contains(&role.as_str());
        if is_local != organization.is_some() {
            bail!("{}", if is_local { "this role needs --organization" } else { "this role is not for one organization" });
        }
        Ok(Self { secret_file, data, subject: subject.context("--sub is missing")?, role, organization, environments, minutes })
    }

    fn secret(&self) -> Result<String> {
        match (&self.secret_file, &self.data) {
            (Some(file), None) => {
                let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
                // Editors add a line break at the end of a file.
                Ok(text.trim_end_matches(['\r', '\n']).to_owned())
            }
            (None, Some(data)) if data.join("keys.json").exists() => Ok(Keys::of(data)?.jwt_secret),
            (None, Some(data)) => bail!("there are no keys in {}", data.display()),
            _ => bail!("expected --secret-file FILE or --data DIR"),
        }
    }
}

/// The claims of a token.
pub(crate) struct Claims(Value);

impl Claims {
    /// The claims of a subject with a role, valid from now for a number of minutes.
    pub(crate) fn new(subject: &str, role: &str, minutes: u64) -> Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let expires = minutes.checked_mul(60).and_then(|seconds| now.checked_add(seconds)).context("too many minutes")?;
        Ok(Self(json!({ "sub": subject, "iat": now, "exp": expires, "app_metadata": { "role": role } })))
    }
}

/// The token in its compact form.
pub(crate) fn mint(secret: &str, Claims(claims): &Claims) -> Result<String> {
    let part = |json: &Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(&json!({ "alg": "HS256", "typ": "JWT" })), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())?;
    mac.update(signed.as_bytes());
    Ok(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: Node's `createHmac('sha256', 'secret').update('<the first two parts>').digest('base64url')`.
    #[test]
    fn the_signature_equals_that_of_nodes_crypto() {
        let claims = Claims(json!({ "sub": "s", "exp": 1_900_000_000 }));
        let expected =
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjE5MDAwMDAwMDAsInN1YiI6InMifQ._8jLJ74CgorhnEEs5foFWV8asydN5_4MYS5XgtzNgeI";
        assert_eq!(mint("secret", &claims).unwrap(), expected);
    }

    fn refused(arguments: &str) -> String {
        let arguments: Vec<String> = arguments.split(' ').map(String::from).collect();
        Options::parse(&arguments).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn only_the_roles_of_one_organization_take_one() {
        assert_eq!(refused("--data d --sub s --role admin"), "");
        assert_eq!(refused("--data d --sub s --role operator"), "");
        assert_eq!(refused("--data d --sub s --role viewer --organization o"), "this role is not for one organization");
        assert_eq!(refused("--data d --sub s --role member --organization o"), "");
        assert_eq!(refused("--data d --sub s --role member"), "this role needs --organization");
        assert_eq!(refused("--data d --sub s --role admin --organization o"), "this role is not for one organization");
        assert!(refused("--data d --sub s --role root").starts_with("no role root"));
        assert_eq!(refused("--data d --role admin"), "--sub is missing");
    }
}
