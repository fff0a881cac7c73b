//! The keys of a development server, made once and kept in its data folder.
use std::{fmt, fs, path::Path};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::token;

/// The credentials of a development server.
pub(crate) struct Keys {
    /// The secret that signs administrators' tokens.
    pub(crate) jwt_secret: String,
    pub(crate) client_key: String,
    pub(crate) server_key: String,
}

impl Keys {
    /// Reads `keys.json` in the folder, or makes it.
    pub(crate) fn of(data: &Path) -> Result<Self> {
        let file = data.join("keys.json");
        let Ok(text) = fs::read_to_string(&file) else { return Self::make()?.written(&file) };
        let damaged = || format!("{} is damaged; delete it to get new keys", file.display());
        let kept: Value = serde_json::from_str(&text).with_context(damaged)?;
        // Folders from a release without tokens have no secret.
        if kept.get("jwtSecret").is_none() {
            return Self::parse(&kept, Some(random_hex(32)?)).with_context(damaged)?.written(&file);
        }
        Self::parse(&kept, None).with_context(damaged)
    }

    /// A token with the role `service`, valid for ten years.
    pub(crate) fn admin_token(&self) -> Result<String> {
        const TEN_YEARS: u64 = 10 * 365 * 24 * 60;
        token::mint(&self.jwt_secret, &token::Claims::new("developer", "service", TEN_YEARS)?)
    }

    fn parse(kept: &Value, new_secret: Option<String>) -> Option<Self> {
        let member = |name: &str| kept.get(name)?.as_str().map(str::to_owned);
        Some(Self {
            jwt_secret: new_secret.or_else(|| member("jwtSecret"))?,
            client_key: member("clientKey")?,
            server_key: member("serverKey")?,
        })
    }

    fn make() -> Result<Self> {
        Ok(Self {
            jwt_secret: random_hex(32)?,
            client_key: format!("tf_client_{}", random_hex(16)?),
            server_key: format!("tf_server_{}", random_hex(16)?),
        })
    }

    fn written(self, file: &Path) -> Result<Self> {
        let kept = json!({ "jwtSecret": self.jwt_secret, "clientKey": self.client_key, "serverKey": self.server_key });
        fs::write(file, kept.to_string())?;
        owner_only(file)?;
        Ok(self)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Keys(..)")
    }
}

/// Makes a file readable and writable by its owner only, on Unix.
pub(crate) fn owner_only(file: &Path) -> Result<()> {
    #[cfg(unix)]
    fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(())
}

fn random_hex(bytes: usize) -> Result<String> {
    let mut random = vec![0_u8; bytes];
    getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    let digits = random.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    Ok(digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_folder(name: &str, check: impl FnOnce(&Path)) {
        let folder = std::env::temp_dir().join(format!("twinflag-keys-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        check(&folder);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn keys_survive_a_restart_and_do_not_print() {
        in_folder("restart", |folder| {
            let (first, second) = (Keys::of(folder).unwrap(), Keys::of(folder).unwrap());
            assert_eq!(first.jwt_secret, second.jwt_secret);
            assert_eq!(first.jwt_secret.len(), 64);
            assert_ne!(first.client_key, first.server_key);
            assert_eq!(format!("{first:?}"), "Keys(..)");
        });
    }

    #[test]
    fn an_older_folder_gets_a_secret_and_keeps_its_keys() {
        in_folder("older", |folder| {
            fs::write(folder.join("keys.json"), r#"{"adminToken":"a","clientKey":"b","serverKey":"c"}"#).unwrap();
            let (first, second) = (Keys::of(folder).unwrap(), Keys::of(folder).unwrap());
            assert_eq!([&first.client_key, &first.server_key], ["b", "c"]);
            assert_eq!(first.jwt_secret, second.jwt_secret);
        });
    }

    #[test]
    fn damaged_keys_are_an_error_not_new_keys() {
        in_folder("damaged", |folder| {
            for text in ["{", r#"{"adminToken":"a","clientKey":"b"}"#, r#"{"jwtSecret":1,"clientKey":"b","serverKey":"c"}"#] {
                fs::write(folder.join("keys.json"), text).unwrap();
                assert!(Keys::of(folder).is_err(), "{text}");
                assert_eq!(fs::read_to_string(folder.join("keys.json")).unwrap(), text);
            }
        });
    }
}
