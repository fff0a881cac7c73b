//! The admin API's answers, as JSON.
pub(super) mod flag;
mod rollout;
pub(super) mod trail;

use control::{
    CommandOutcome,
    change::{Hashes, Record},
};
use sdk_core::DocumentError;
use serde::Serialize;
use serde_json::value::RawValue;

use super::body::Owner;
use crate::{hub::record::Written, problem::Problem, store::audit::Stored, version::Version};

/// The answer to a command; `feature` is the flag that the command changed, in its new state.
pub(super) fn written(written: &Written, outcome: &CommandOutcome, feature: Option<Box<RawValue>>) -> Result<String, Problem> {
    #[derive(Serialize)]
    struct View<'v> {
        changed: bool,
        changes: Vec<Box<RawValue>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        feature: Option<Box<RawValue>>,
        success: bool,
        version: u32,
        warnings: &'v [String],
    }
    let changes = written.records.iter().map(sealed).collect::<Result<_, _>>()?;
    let (changed, warnings) = (!outcome.writes.is_empty(), &outcome.warnings);
    let view = View { changed, changes, feature, success: true, version: written.version.number, warnings };
    text(&view)
}

/// The answer to a repeated command without its changes, which may be longer than the store keeps an answer; the trail has them.
pub(super) fn replayed(version: Version, outcome: &CommandOutcome) -> Result<String, Problem> {
    let written = self::written(&Written { version, records: Vec::new() }, outcome, None)?;
    Ok(r#"{"replayed":true"#.to_owned() + &written.replacen('{', ",", 1))
}

/// An error in a document, with a JSON pointer to its place.
#[derive(Serialize)]
pub(super) struct Fault {
    message: String,
    pointer: String,
}

impl Fault {
    pub(super) fn of(error: &DocumentError) -> Self {
        Self { message: error.message.clone(), pointer: error.pointer.clone() }
    }
}

/// A new key and its secrets, which are shown once.
pub(super) struct Shown<'v> {
    pub(super) id: &'v str,
    pub(super) key: &'v str,
    /// The signing secret, if the key takes signed identities.
    pub(super) identity_secret: Option<&'v String>,
}

/// The answer to a command that creates a key: with its secrets, or without them for a repeated request.
pub(super) fn key(written: &Written, outcome: &CommandOutcome, shown: &Shown<'_>, with_secrets: bool) -> Result<String, Problem> {
    let secret = |secret: &str| if with_secrets { serde_json::Value::from(secret).to_string() } else { "null".to_owned() };
    // The members of any command's answer follow.
    let mut out = format!(r#"{{"id":"{}","key":{}"#, shown.id, secret(shown.key));
    if let Some(identity_secret) = shown.identity_secret {
        out += &format!(r#","identitySecret":{}"#, secret(identity_secret));
    }
    if !with_secrets {
        out += r#","replayed":true"#;
    }
    Ok(out + &self::written(written, outcome, None)?.replacen('{', ",", 1))
}

/// A record that a command just made: the members of its payload, and its hashes.
pub(super) fn sealed(record: &Record) -> Result<Box<RawValue>, Problem> {
    with_hashes(&record.payload, &record.hashes)
}

/// A record from the store: the members of its payload, and its hashes. An erased record has only `sequence`, `version` and its hashes.
pub(in crate::hub) fn stored(record: &Stored) -> Result<Box<RawValue>, Problem> {
    let (sequence, version) = (record.link.sequence, record.link.version);
    match &record.payload {
        Some(payload) => with_hashes(payload, &record.hashes),
        None => with_hashes(&format!(r#"{{"erased":true,"sequence":{sequence},"version":{version}}}"#), &record.hashes),
    }
}

fn with_hashes(payload: &str, hashes: &Hashes) -> Result<Box<RawValue>, Problem> {
    let open = payload.strip_suffix('}').unwrap_or(payload);
    let rows = hashes.rows.map_or_else(String::new, |rows| format!(r#","rowsHash":"{}""#, rows.to_hex()));
    raw(format!(r#"{open},"payloadHash":"{}"{rows},"hash":"{}"}}"#, hashes.payload.to_hex(), hashes.chain.to_hex()))
}

pub(super) fn list(name: &'static str, items: &[Box<RawValue>]) -> Result<String, Problem> {
    let mut list = std::collections::BTreeMap::new();
    list.insert(name, items);
    text(&list)
}

pub(super) fn owners(names: &[String], more: bool) -> Result<String, Problem> {
    #[derive(Serialize)]
    struct View<'v> {
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<&'v RawValue>,
        owners: &'v [Box<RawValue>],
    }
    // Rows store names with JSON's escapes.
    let names = names.iter().map(|name| raw(format!("\"{name}\""))).collect::<Result<Vec<_>, _>>()?;
    text(&View { next: names.last().filter(|_| more).map(|name| &**name), owners: &names })
}

pub(super) fn overrides(owner: &Owner, tree: &str) -> Result<String, Problem> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct View<'v> {
        #[serde(skip_serializing_if = "Option::is_none")]
        customer_id: Option<&'v str>,
        flags: Box<RawValue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        organization_id: Option<&'v str>,
    }
    text(&View { customer_id: owner.customer(), flags: raw(tree.to_owned())?, organization_id: owner.organization() })
}

pub(super) fn customer(customer: &str, organization: Option<&str>) -> Result<String, Problem> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct View<'v> {
        customer_id: &'v str,
        organization_id: Option<&'v str>,
    }
    text(&View { customer_id: customer, organization_id: organization })
}

pub(super) fn raw(json: String) -> Result<Box<RawValue>, Problem> {
    Ok(RawValue::from_string(json).map_err(worker::Error::from)?)
}

fn text(value: &impl Serialize) -> Result<String, Problem> {
    Ok(serde_json::to_string(value).map_err(worker::Error::from)?)
}
