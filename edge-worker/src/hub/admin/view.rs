//! The admin API's answers, as JSON.
pub(super) mod flag;
mod rollout;
pub(super) mod trail;

use std::collections::BTreeMap;

use control::{
    CommandOutcome, Consequence, OverwrittenEdit, OverwrittenMember,
    change::{Actor, Hash, Hashes, Link, Record},
};
use sdk_core::{DocumentError, OwnerKind};
use serde::{Deserialize, Serialize};
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
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        notes: &'v [String],
        success: bool,
        version: u32,
        warnings: &'v [String],
    }
    let changes = written.records.iter().map(sealed).collect::<Result<_, _>>()?;
    let CommandOutcome { warnings, notes, .. } = outcome;
    let changed = !outcome.writes.is_empty();
    let view = View { changed, changes, feature, notes, success: true, version: written.version.number, warnings };
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

/// A loss that a change brings.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConsequenceView<'v> {
    /// True if the request allows it.
    allowed: bool,
    /// The edit that an import overwrites.
    #[serde(skip_serializing_if = "Option::is_none")]
    edit: Option<EditView<'v>>,
    errors: Vec<Fault>,
    kind: &'static str,
    message: &'v str,
    /// The number of customers and organizations whose override loses its effect, or has an effect again.
    overrides: usize,
    /// The value of `overwrite` that allows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    overwrite: Option<&'v str>,
    pointer: &'v str,
    /// The value of `remove` that allows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    remove: Option<&'v str>,
    used_by: &'v [String],
}

impl<'v> ConsequenceView<'v> {
    pub(super) fn of(consequence: &'v Consequence) -> Self {
        Self {
            allowed: consequence.is_allowed,
            edit: consequence.edit.as_ref().map(EditView::of),
            errors: consequence.errors.iter().map(Fault::of).collect(),
            kind: consequence.kind.as_str(),
            message: &consequence.message,
            overrides: consequence.overrides,
            overwrite: consequence.overwriting(),
            pointer: &consequence.pointer,
            remove: consequence.removal(),
            used_by: &consequence.used_by,
        }
    }
}

/// An operator's edit that an import overwrites.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EditView<'v> {
    changed_at: &'v str,
    changed_by: &'v str,
    /// The members that the document has otherwise; empty if the operator removed the definition.
    members: Vec<MemberView<'v>>,
    version: u32,
}

/// A member of a definition in three states, each as JSON text, which is cut if it is long; absent where the definition has no such member.
#[derive(Serialize)]
struct MemberView<'v> {
    /// The text in the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<&'v str>,
    /// The text before the edit.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'v str>,
    name: &'v str,
    /// The text since the edit.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'v str>,
}

impl<'v> EditView<'v> {
    fn of(edit: &'v OverwrittenEdit) -> Self {
        let OverwrittenEdit { by, at, version, members } = edit;
        let member = |member: &'v OverwrittenMember| MemberView {
            document: member.next.as_deref(),
            from: member.before.as_deref(),
            name: &member.name,
            to: member.now.as_deref(),
        };
        Self { changed_at: at, changed_by: by, members: members.iter().map(member).collect(), version: *version }
    }
}

/// Consequences as the member of a body, without braces.
pub(super) fn consequences(consequences: &[Consequence]) -> String {
    let views: Vec<_> = consequences.iter().map(ConsequenceView::of).collect();
    format!(r#""consequences":{}"#, serde_json::to_string(&views).unwrap_or_default())
}

/// The newer change that stands against a revert, as the member of a body, without braces.
pub(in crate::hub) fn newer(id: Option<&str>, version: u32) -> String {
    let id = id.map_or_else(|| "null".to_owned(), |id| serde_json::Value::from(id).to_string());
    format!(r#""newer":{{"id":{id},"version":{version}}}"#)
}

/// The answer to a revert; without its changes for a repeated request, which may be longer than the store keeps an answer.
pub(super) fn reverted(written: &Written, outcome: &CommandOutcome, reverts: &str, with_changes: bool) -> Result<String, Problem> {
    #[derive(Deserialize)]
    struct Payload {
        id: String,
    }
    let first = written.records.first().and_then(|record| serde_json::from_str(&record.payload).ok()).map(|Payload { id }| id);
    let json = |text: Option<&str>| serde_json::Value::from(text).to_string();
    let rest = if with_changes { self::written(written, outcome, None)? } else { replayed(written.version, outcome)? };
    let (id, reverts) = (json(first.as_deref()), json(Some(reverts)));
    Ok(format!(r#"{{"id":{id},"reverts":{reverts}{}"#, rest.replacen('{', ",", 1)))
}

/// The answer to a revert that is only tried: its records, which are neither sealed nor stored and so have an empty id and no hashes, and what
/// it would take away.
pub(super) fn tried_revert(outcome: &CommandOutcome, by: &Actor, reverts: &str, version: Version) -> Result<String, Problem> {
    #[derive(Serialize)]
    struct View<'v> {
        changed: bool,
        changes: [(); 0],
        consequences: Vec<ConsequenceView<'v>>,
        id: Option<&'v str>,
        reverts: &'v str,
        success: bool,
        tried: Vec<Box<RawValue>>,
        version: u32,
        warnings: &'v [String],
    }
    let none = Hash([0; 32]);
    let link = Link { sequence: 0, version: version.number };
    let tried = outcome.changes.iter().map(|change| raw(Record::seal(change, by, link, "", none, none).payload));
    text(&View {
        changed: !outcome.writes.is_empty(),
        changes: [],
        consequences: outcome.consequences.iter().map(ConsequenceView::of).collect(),
        id: None,
        reverts,
        success: true,
        tried: tried.collect::<Result<_, _>>()?,
        version: version.number,
        warnings: &outcome.warnings,
    })
}

/// A new key and its secrets, which are shown once.
pub(super) struct Shown<'v> {
    pub(super) id: &'v str,
    /// The name of the member with the key: `key`, or `token` for an API token.
    pub(super) name: &'static str,
    pub(super) key: &'v str,
    /// The signing secret, if the key takes signed identities.
    pub(super) identity_secret: Option<&'v String>,
}

/// The answer to a command that creates a key: with its secrets, or without them for a repeated request.
pub(super) fn key(written: &Written, outcome: &CommandOutcome, shown: &Shown<'_>, with_secrets: bool) -> Result<String, Problem> {
    let secret = |secret: &str| if with_secrets { serde_json::Value::from(secret).to_string() } else { "null".to_owned() };
    // The members of any command's answer follow.
    let mut out = format!(r#"{{"id":"{}","{}":{}"#, shown.id, shown.name, secret(shown.key));
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

pub(super) fn list(name: &'static str, items: &[impl Serialize]) -> Result<String, Problem> {
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

/// The owners with an override of a flag that is gone.
#[derive(Default, Serialize)]
pub(super) struct WithoutFlag {
    customers: Vec<String>,
    /// The number of all owners.
    overrides: usize,
    organizations: Vec<String>,
}

impl WithoutFlag {
    pub(super) fn add(&mut self, kind: OwnerKind, id: &str, limit: usize) {
        self.overrides += 1;
        if self.customers.len() + self.organizations.len() < limit {
            match kind {
                OwnerKind::Customer => self.customers.push(id.to_owned()),
                OwnerKind::Organization => self.organizations.push(id.to_owned()),
            }
        }
    }
}

pub(super) fn without_flag(flags: &BTreeMap<String, WithoutFlag>) -> Result<String, Problem> {
    #[derive(Serialize)]
    struct Entry<'v> {
        flag: &'v str,
        #[serde(flatten)]
        owners: &'v WithoutFlag,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct View<'v> {
        without_flag: Vec<Entry<'v>>,
    }
    text(&View { without_flag: flags.iter().map(|(flag, owners)| Entry { flag, owners }).collect() })
}

pub(super) fn overrides(owner: &Owner, tree: &str, without_flag: &[String]) -> Result<String, Problem> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct View<'v> {
        #[serde(skip_serializing_if = "Option::is_none")]
        customer_id: Option<&'v str>,
        flags: Box<RawValue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        organization_id: Option<&'v str>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        without_flag: &'v [String],
    }
    text(&View { customer_id: owner.customer(), flags: raw(tree.to_owned())?, organization_id: owner.organization(), without_flag })
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
