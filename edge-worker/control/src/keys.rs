//! Keys by which clients, servers and operators' programs call the edge: creates, rotates and revokes them.
//!
//! A key is a row beside the documents, under a public id; the row holds the hash of the key's text. The edge makes the text, shows it
//! once and does not keep it. A key of a program has a role and a name, and is called an API token ([`token`]). The one secret that is kept
//! is that by which a customer's server signs identities, because the edge checks those signatures with it. No record and no view holds a
//! secret or a hash.
mod text;
mod token;

use alloc::{
    borrow::ToOwned as _,
    format,
    string::{String, ToString as _},
    vec::Vec,
};
use core::fmt;

use sdk_core::{Millis, hex};
use serde::{Deserialize, Serialize};

pub use self::token::{TokenRole, token_holds};
use crate::{
    CommandOutcome, CurrentState, Field, Refusal, RefusalKind, RefusalPlace,
    change::{Action, Actor, Change, Hash},
    command::check_id,
    environment::EnvironmentName,
    rows::{RowKey, RowKind, Rows},
    spelled,
};

/// The longest label, in bytes.
const MAX_LABEL: usize = 128;
/// The longest tag and the longest origin, in bytes.
const MAX_TEXT: usize = 256;
/// The most tags, and the most origins, that one key may list.
const MAX_ENTRIES: usize = 64;
/// The most signed attributes of one key: with each program the edge names them in a header.
const MAX_SIGNED: usize = 16;
/// The longest name of a signed attribute, in bytes.
const MAX_SIGNED_NAME: usize = 64;
/// The most keys that may be valid at once.
const MAX_KEYS: usize = 500;
/// The longest overlap after a rotation, in milliseconds.
const MAX_OVERLAP_MS: i64 = 90 * DAY_MS;
/// The default overlap after a rotation, in milliseconds: the old key stays valid for 24 hours.
pub const OVERLAP_MS: i64 = DAY_MS;
/// The milliseconds for which a key that has ended is still listed; the audit trail keeps its records.
const LISTED_MS: i64 = 90 * DAY_MS;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// The number of random bytes in a key: 160 bits.
pub const RANDOM: usize = 20;
/// The number of characters from the end of a key that its hint shows.
const SHOWN: usize = 4;

/// The attributes that identify a visitor. A key whose identities are signed takes them from a signed token alone.
pub const IDENTITY_ATTRIBUTES: [&str; 5] = ["customerId", "organizationId", "sessionId", "targetingKey", "userId"];

/// The kind of caller that a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum KeyKind {
    /// A key for pages, in which anybody can read it.
    Client,
    /// A key for servers, which keep it secret.
    Server,
    /// An API token: a key for a program that calls operators' routes.
    Api,
}

impl KeyKind {
    const ALL: [Self; 3] = [Self::Client, Self::Server, Self::Api];

    /// The name of the kind, as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Api => "api",
        }
    }

    /// The kind with this name; `None` if there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    const fn created(self) -> Action {
        match self {
            Self::Client | Self::Server => Action::KeyCreated,
            Self::Api => Action::TokenCreated,
        }
    }

    const fn revoked(self) -> Action {
        match self {
            Self::Client | Self::Server => Action::KeyRevoked,
            Self::Api => Action::TokenRevoked,
        }
    }

    const fn forgotten(self) -> Action {
        match self {
            Self::Client | Self::Server => Action::KeyForgotten,
            Self::Api => Action::TokenForgotten,
        }
    }

    /// The prefix of the texts of keys of this kind, such as `tf_client_staging_`. A key without a name is of the first environment.
    fn prefix(self, environment: Option<&EnvironmentName>) -> String {
        match environment {
            Some(name) => format!("tf_{}_{name}_", self.as_str()),
            None => format!("tf_{}_", self.as_str()),
        }
    }

    /// The text of a key: the prefix, and these random bytes as hexadecimal digits.
    pub fn secret(self, environment: Option<&EnvironmentName>, random: [u8; RANDOM]) -> String {
        self.prefix(environment) + &hex::encode(&random)
    }

    /// The kind of a key and the environment that it names, by its text; `None` if no key has such a text.
    pub fn of_secret(secret: &str) -> Option<(Self, Option<EnvironmentName>)> {
        let (kind, rest) = secret.strip_prefix("tf_")?.split_once('_')?;
        let (environment, random) = match rest.split_once('_') {
            Some((name, random)) => (Some(EnvironmentName::parse(name)?), random),
            None => (None, rest),
        };
        hex::decode_lower::<RANDOM>(random)?;
        Some((Self::from_name(kind)?, environment))
    }
}

/// The way in which the edge takes the identity in a context.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum KeyIdentity {
    /// The edge believes the identity that a context states.
    #[default]
    Open,
    /// The edge takes the customer, the organization or both from the key, whatever a context states.
    Pinned {
        /// The id of the customer that the key is pinned to.
        customer: Option<String>,
        /// The id of the organization that the key is pinned to.
        organization: Option<String>,
    },
    /// The edge takes the identity from a token that the customer's server has signed.
    Signed,
}

impl KeyIdentity {
    /// The name of the way in requests and in views. The row of a key with signed attributes has another one.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Pinned { .. } => "pinned",
            Self::Signed => "signed",
        }
    }
}

/// A secret text, which `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The terms of a key, which an operator sets.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyTerms {
    /// The kind of caller that the key is for.
    pub kind: KeyKind,
    /// A label for operators, 1 to 128 bytes; the name of an API token.
    pub label: String,
    /// The origins whose pages may use the key, besides that of the edge; `*` stands for any origin.
    pub origins: Vec<String>,
    /// The key shows only flags with one of these tags; if there are none, all flags.
    pub tags: Vec<String>,
    /// The way in which the edge takes the identity in a context.
    pub identity: KeyIdentity,
    /// The names of further attributes that the edge takes from the signed token alone, such as `plan`. Only with [`KeyIdentity::Signed`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signed_attributes: Vec<String>,
    /// The moment from which on the key is invalid; `None` if it does not expire.
    #[serde(default, with = "spelled::option")]
    pub expires_at: Option<Millis>,
    /// The role of an API token; `None` for other keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<TokenRole>,
}

/// A key that the hub has drawn, for a command that creates one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// The id of the key.
    pub id: String,
    /// The secrets of the key.
    pub secret: NewKeySecret,
}

/// The part of a new key's secrets that the hub may keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKeySecret {
    hash: Hash,
    hint: String,
    identity_secret: Secret,
}

impl NewKeySecret {
    /// Hashes the text of a key, which is not kept. `identity_secret` signs identities; the key's row keeps it if [`KeyIdentity::Signed`].
    pub fn of(secret: &str, identity_secret: &str) -> Self {
        let prefix = KeyKind::of_secret(secret).map_or_else(String::new, |(kind, environment)| kind.prefix(environment.as_ref()));
        let end = secret.len().checked_sub(SHOWN).and_then(|at| secret.get(at..)).unwrap_or_default();
        Self { hash: Hash::of(secret.as_bytes()), hint: format!("{prefix}…{end}"), identity_secret: Secret(identity_secret.to_owned()) }
    }
}

/// A key as its row holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The terms of the key.
    pub terms: KeyTerms,
    /// The SHA-256 hash of the key's text.
    pub hash: Hash,
    /// The prefix and the last characters of the key's text, by which an operator tells keys apart.
    pub hint: String,
    /// The secret by which identities are signed; `None` unless the key is a signed one.
    pub identity_secret: Option<Secret>,
    /// The moment at which the key was created.
    pub created_at: Millis,
    /// The id of the key that replaces this one; `None` until it is rotated.
    pub successor: Option<String>,
    /// The moment at which the key was revoked; `None` if it was not.
    pub revoked_at: Option<Millis>,
}

impl Key {
    /// Returns true if the key is valid at this moment: neither revoked nor expired.
    pub fn holds(&self, now: Millis) -> bool {
        self.revoked_at.is_none() && self.terms.expires_at.is_none_or(|end| now < end)
    }

    /// The environment that the key's text names; `None` if it names none.
    pub(crate) fn environment(&self) -> Option<EnvironmentName> {
        let (name, _) = self.hint.strip_prefix(&*self.terms.kind.prefix(None))?.split_once("_…")?;
        EnvironmentName::parse(name)
    }

    /// Returns true if the key lists this origin. Pages of the edge itself may use every key.
    pub fn allows(&self, origin: &str) -> bool {
        self.terms.origins.iter().any(|listed| listed == "*" || listed == origin)
    }

    /// The moment from which on the key is invalid; `None` if there is no such moment.
    fn over_since(&self) -> Option<Millis> {
        self.revoked_at.into_iter().chain(self.terms.expires_at).min()
    }
}

/// A command on a key.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum KeyCommand {
    /// Creates a key.
    Create {
        /// The terms of the key.
        terms: KeyTerms,
    },
    /// Creates a key with the same terms, which replaces an old one.
    Rotate {
        /// The id of the old key.
        id: String,
        /// The milliseconds for which both keys are valid.
        overlap_ms: i64,
        /// The expiry of the new key.
        expiry: Expiry,
    },
    /// Makes a key invalid from now on.
    Revoke {
        /// The id of the key.
        id: String,
    },
}

/// The expiry of a key that replaces another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Expiry {
    /// The expiry of the old key.
    Kept,
    /// This moment, or `None` for a key that does not expire.
    At(#[serde(with = "spelled::option")] Option<Millis>),
}

/// The ids and the keys in these rows, ordered by id.
pub fn keys(rows: &Rows) -> impl Iterator<Item = (&str, Key)> {
    rows.of(RowKind::Key).filter_map(|(id, text)| Some((id, Key::from_row(text)?)))
}

/// Carries out a command on a key at this moment.
pub(crate) fn carry_out(
    current: CurrentState<'_>,
    order: &KeyCommand,
    new_key: Option<NewKey>,
    actor: &Actor,
) -> Result<CommandOutcome, Refusal> {
    let now = actor.at;
    let new_key = || new_key.ok_or_else(|| Refusal::invalid(RefusalPlace::Command, "no key was drawn for it"));
    match order {
        KeyCommand::Create { terms } => create(current, &new_key()?, terms, actor),
        KeyCommand::Rotate { id, overlap_ms, expiry } => rotate(current, id, new_key, *overlap_ms, *expiry, now),
        KeyCommand::Revoke { id } => revoke(current, id, now),
    }
}

fn create(current: CurrentState<'_>, NewKey { id, secret }: &NewKey, terms: &KeyTerms, actor: &Actor) -> Result<CommandOutcome, Refusal> {
    let now = actor.at;
    check_id(id, Field::KeyId)?;
    let terms = match terms.kind {
        KeyKind::Api => token::terms(current, terms, actor)?,
        KeyKind::Client | KeyKind::Server => terms.clone(),
    };
    check(&terms, now)?;
    if keys(current.rows).filter(|(_, key)| key.holds(now)).count() >= MAX_KEYS {
        return Err(Refusal::invalid(RefusalPlace::Command, format!("there are already {MAX_KEYS} valid keys; revoke one first")));
    }
    let key = fresh(secret, terms, now);
    let change = Change { new: Some(key.to_view(id)), ..Change::new(key.terms.kind.created()) };
    let writes = [(RowKey::of(RowKind::Key, id), Some(key.to_row()))].into();
    Ok(forgetting(current, now, CommandOutcome { writes, changes: [change].into(), ..CommandOutcome::default() }))
}

fn rotate(
    current: CurrentState<'_>,
    id: &str,
    new_key: impl FnOnce() -> Result<NewKey, Refusal>,
    overlap_ms: i64,
    expiry: Expiry,
    now: Millis,
) -> Result<CommandOutcome, Refusal> {
    let before = current.key(id)?;
    if !(0..=MAX_OVERLAP_MS).contains(&overlap_ms) {
        return Err(Refusal::invalid(Field::Overlap, format!("expected 0 to {MAX_OVERLAP_MS} milliseconds")));
    }
    let illegal =
        |why: &str| Err(Refusal::new(RefusalKind::IllegalStep, RefusalPlace::Command, format!("the key {why}; create a new one")));
    if before.terms.kind == KeyKind::Api {
        return illegal("is an API token");
    }
    if before.revoked_at.is_some() {
        return illegal("was revoked");
    }
    if !before.holds(now) {
        return illegal("has expired");
    }
    if before.successor.is_some() {
        return illegal("has a successor already");
    }
    let mut terms = before.terms.clone();
    if let Expiry::At(moment) = expiry {
        terms.expires_at = moment;
    }
    check(&terms, now)?;
    let NewKey { id: successor, secret } = &new_key()?;
    let next = fresh(secret, terms, now);
    let end = Millis(now.0.saturating_add(overlap_ms));
    let mut old = before.clone();
    old.terms.expires_at = Some(before.terms.expires_at.map_or(end, |own| own.min(end)));
    old.successor = Some(successor.clone());
    let change = Change { old: Some(old.to_view(id)), new: Some(next.to_view(successor)), ..Change::new(Action::KeyRotated) };
    let writes = [(id, &old), (successor.as_str(), &next)].map(|(id, key)| (RowKey::of(RowKind::Key, id), Some(key.to_row()))).into();
    Ok(forgetting(current, now, CommandOutcome { writes, changes: [change].into(), ..CommandOutcome::default() }))
}

fn revoke(current: CurrentState<'_>, id: &str, now: Millis) -> Result<CommandOutcome, Refusal> {
    let before = current.key(id)?;
    if before.revoked_at.is_some() {
        return Ok(CommandOutcome::default());
    }
    let (write, change) = revoking(id, before, now);
    Ok(CommandOutcome { writes: [write].into(), changes: [change].into(), ..CommandOutcome::default() })
}

/// The row of a key that is revoked now, and its record. Such a key verifies no identity, so its signing secret goes.
pub(crate) fn revoking(id: &str, before: Key, now: Millis) -> ((RowKey, Option<String>), Change) {
    let old = Some(before.to_view(id));
    let after = Key { revoked_at: Some(now), identity_secret: None, ..before };
    let change = Change { old, new: Some(after.to_view(id)), ..Change::new(after.terms.kind.revoked()) };
    ((RowKey::of(RowKind::Key, id), Some(after.to_row())), change)
}

impl CurrentState<'_> {
    fn key(&self, id: &str) -> Result<Key, Refusal> {
        let row = self.rows.text(&RowKey::of(RowKind::Key, id));
        row.and_then(Key::from_row)
            .ok_or_else(|| Refusal::new(RefusalKind::KeyNotFound, RefusalPlace::Command, "there is no key with this id"))
    }
}

/// A key that is created now.
pub(crate) fn fresh(secret: &NewKeySecret, terms: KeyTerms, now: Millis) -> Key {
    let identity_secret = (terms.identity == KeyIdentity::Signed).then(|| secret.identity_secret.clone());
    Key { terms, hash: secret.hash, hint: secret.hint.clone(), identity_secret, created_at: now, successor: None, revoked_at: None }
}

/// Adds to an outcome the removal of keys that ended more than 90 days ago, each with its record.
fn forgetting(current: CurrentState<'_>, now: Millis, mut outcome: CommandOutcome) -> CommandOutcome {
    let is_over = |key: &Key| key.over_since().is_some_and(|end| now.0.saturating_sub(end.0) > LISTED_MS);
    for (id, key) in keys(current.rows).filter(|(_, key)| is_over(key)) {
        outcome.writes.push((RowKey { kind: RowKind::Key, name: id.into() }, None));
        outcome.changes.push(Change { old: Some(key.to_view(id)), ..Change::new(key.terms.kind.forgotten()) });
    }
    outcome
}

/// Refuses terms that no key can have.
fn check(terms: &KeyTerms, now: Millis) -> Result<(), Refusal> {
    let KeyTerms { kind, label, origins, tags, identity, signed_attributes, expires_at, role } = terms;
    if label.trim().is_empty() || label.len() > MAX_LABEL || label.chars().any(char::is_control) {
        return Err(Refusal::invalid(Field::Label, format!("expected a label of 1 to {MAX_LABEL} bytes without control characters")));
    }
    if expires_at.is_some_and(|end| end <= now) {
        return Err(Refusal::invalid(Field::ExpiresAt, "expected a moment that is still to come"));
    }
    let is_open = *identity == KeyIdentity::Open;
    let given = [(Field::Origins, origins.is_empty()), (Field::Tags, tags.is_empty()), (Field::Identity, is_open)];
    if role.is_some() != (*kind == KeyKind::Api) {
        return Err(Refusal::invalid(Field::Role, "an API token has a role, and no other key"));
    }
    if let (KeyKind::Server | KeyKind::Api, Some((field, _))) = (kind, given.into_iter().find(|(_, absent)| !absent)) {
        return Err(Refusal::invalid(field, "only a client key has origins, tags and an identity"));
    }
    if *identity != KeyIdentity::Signed && !signed_attributes.is_empty() {
        return Err(Refusal::invalid(Field::IdentityAttributes, "only an identity of the kind signed has attributes"));
    }
    let lists = [
        (Field::Origins, origins, MAX_ENTRIES),
        (Field::Tags, tags, MAX_ENTRIES),
        (Field::IdentityAttributes, signed_attributes, MAX_SIGNED),
    ];
    for (field, entries, most) in lists {
        if entries.len() > most {
            return Err(Refusal::invalid(field, format!("expected at most {most}")));
        }
    }
    for (index, origin) in origins.iter().enumerate() {
        if !is_origin(origin) {
            let expected = "expected an origin as browsers write it, such as https://shop.example or http://localhost:3000, or *";
            return Err(Refusal::invalid(Field::Origins.entry(index), expected));
        }
    }
    for (index, tag) in tags.iter().enumerate() {
        if tag.is_empty() || tag.len() > MAX_TEXT || tag.chars().any(char::is_control) {
            let expected = format!("expected a tag of 1 to {MAX_TEXT} bytes without control characters");
            return Err(Refusal::invalid(Field::Tags.entry(index), expected));
        }
    }
    for (index, name) in signed_attributes.iter().enumerate() {
        let is_name = !name.is_empty() && name.len() <= MAX_SIGNED_NAME && !name.chars().any(|char| char == '.' || char.is_control());
        let is_further = !IDENTITY_ATTRIBUTES.contains(&name.as_str()) && name != "now";
        if !is_name || !is_further {
            let expected = format!(
                "expected the name of an attribute, 1 to {MAX_SIGNED_NAME} bytes without dots or control characters, and neither now nor one of an identity, such as userId"
            );
            return Err(Refusal::invalid(Field::IdentityAttributes.entry(index), expected));
        }
    }
    let KeyIdentity::Pinned { customer, organization } = identity else { return Ok(()) };
    if customer.is_none() && organization.is_none() {
        return Err(Refusal::invalid(Field::Identity, "expected customerId, organizationId or both"));
    }
    for (field, id) in [(Field::IdentityCustomer, customer), (Field::IdentityOrganization, organization)] {
        if let Some(id) = id {
            check_id(id, field)?;
        }
    }
    Ok(())
}

/// Returns true for `*` and for what a browser can send as a page's origin: a scheme, a host and a port that is not the scheme's own, in lower case.
pub fn is_origin(text: &str) -> bool {
    if text == "*" {
        return true;
    }
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte));
    let (host, port) = match rest.strip_prefix('[') {
        Some(inner) => match inner.split_once(']') {
            Some((address, "")) => (address, None),
            Some((address, behind)) => (address, Some(behind.strip_prefix(':').unwrap_or(""))),
            None => return false,
        },
        None => rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port))),
    };
    let is_host = if rest.starts_with('[') {
        host.parse::<core::net::Ipv6Addr>().is_ok_and(|address| address.to_string() == host)
    } else {
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte))
    };
    let own = match scheme {
        "http" => "80",
        "https" => "443",
        _ => "",
    };
    let is_port = |port: &str| port != own && port.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == port);
    is_scheme && text.len() <= MAX_TEXT && is_host && port.is_none_or(is_port)
}

#[cfg(test)]
mod tests;
