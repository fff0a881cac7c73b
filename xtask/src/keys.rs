//! The development keys of a data folder: made once, kept with the data they open.
use std::{fmt, fs, path::Path};

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// What opens a development server. Never used elsewhere.
pub(crate) struct Keys {
    pub(crate) admin_token: String,
    pub(crate) client_key: String,
    pub(crate) server_key: String,
}

impl Keys {
    /// Reads `keys.json` of the folder, or makes it.
    pub(crate) fn of(data: &Path) -> Result<Self> {
        let file = data.join("keys.json");
        match fs::read_to_string(&file) {
            Ok(text) => Self::parse(&text).with_context(|| format!("{} is damaged; delete it to get new keys", file.display())),
            Err(_) => Self::make(&file),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let kept: Value = serde_json::from_str(text).ok()?;
        let member = |name: &str| kept.get(name)?.as_str().map(str::to_owned);
        Some(Self { admin_token: member("adminToken")?, client_key: member("clientKey")?, server_key: member("serverKey")? })
    }

    fn make(file: &Path) -> Result<Self> {
        let keys = Self {
            admin_token: format!("tf_admin_{}", random_hex()?),
            client_key: format!("tf_client_{}", random_hex()?),
            server_key: format!("tf_server_{}", random_hex()?),
        };
        let kept = json!({ "adminToken": keys.admin_token, "clientKey": keys.client_key, "serverKey": keys.server_key });
        fs::write(file, kept.to_string())?;
        owner_only(file)?;
        Ok(keys)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Keys(..)")
    }
}

/// Nobody else on the machine reads what opens the server.
pub(crate) fn owner_only(file: &Path) -> Result<()> {
    #[cfg(unix)]
    fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(())
}

fn random_hex() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_a_restart_and_do_not_print() {
        let folder = std::env::temp_dir().join(format!("twinflag-keys-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (first, second) = (Keys::of(&folder).unwrap(), Keys::of(&folder).unwrap());
        assert_eq!(first.admin_token, second.admin_token);
        assert_ne!(first.client_key, first.server_key);
        assert_eq!(format!("{first:?}"), "Keys(..)");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn damaged_keys_are_an_error_not_new_keys() {
        assert!(Keys::parse("{").is_none());
        assert!(Keys::parse(r#"{"adminToken":"a","clientKey":"b"}"#).is_none());
    }
}
