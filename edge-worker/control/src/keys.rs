//! Keys that open the edge: making, rotating and revoking them.
//!
//! A key is a row beside the documents, under an id that may be known; of the key itself there is only its hash. Whoever makes
//! the secrets shows them once and keeps none; the one exception is the secret that a customer's server signs identities with,
//! without which nobody could check a signature. No record and no view holds a secret or a hash.
mod text;

use alloc::{
    borrow::ToOwned as _,
    format,
    string::{String, ToString as _},
    vec::Vec,
};
use core::fmt;

use sdk_core::{Millis, hex};

use crate::{
    Held, Refusal, RefusalKind, Steered,
    change::{Action, Change, Hash},
    command::check_id,
    rows::{RowKey, RowKind, Rows},
};

/// The longest label, in bytes.
const MAX_LABEL: usize = 128;
/// The longest tag and the longest origin, in bytes.
const MAX_TEXT: usize = 256;
/// How many tags or origins one key may list.
const MAX_ENTRIES: usize = 64;
/// How many keys may be in force.
const MAX_KEYS: usize = 500;
/// How long a key that was rotated may go on, in milliseconds,
const MAX_OVERLAP_MS: i64 = 90 * DAY_MS;
/// and how long it does where nobody says.
pub const OVERLAP_MS: i64 = DAY_MS;
/// How long a key that is over is still listed, in milliseconds; the audit trail tells of it for ever.
const LISTED_MS: i64 = 90 * DAY_MS;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// How many bytes of a key are random: 160 bits.
pub const RANDOM: usize = 20;
/// How many characters of a key are shown behind its prefix.
const SHOWN: usize = 4;

/// Whom a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Pages, where anybody can read it.
    Client,
    /// Servers: a secret.
    Server,
}

impl KeyKind {
    const ALL: [Self; 2] = [Self::Client, Self::Server];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// What the text of every key of this kind begins with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Client => "tf_client_",
            Self::Server => "tf_server_",
        }
    }

    /// The text of a key, made of bytes that nobody can guess.
    pub fn secret(self, random: [u8; RANDOM]) -> String {
        String::from(self.prefix()) + &hex::encode(&random)
    }

    /// The kind of the key with this text; what was never made is of none.
    pub fn of_secret(secret: &str) -> Option<Self> {
        let is_random = |rest: &str| hex::decode_lower::<RANDOM>(rest).is_some();
        Self::ALL.into_iter().find(|kind| secret.strip_prefix(kind.prefix()).is_some_and(is_random))
    }
}

/// What counts of whom a context says that it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeyIdentity {
    /// What it says.
    #[default]
    Open,
    /// The customer or the organization is the key's, whatever a context says.
    Pinned {
        /// The customer,
        customer: Option<String>,
        /// the organization, or both.
        organization: Option<String>,
    },
    /// What the customer's server signed.
    Signed,
}

impl KeyIdentity {
    /// Its name.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Pinned { .. } => "pinned",
            Self::Signed => "signed",
        }
    }
}

/// A text that is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What an operator decides about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyTerms {
    /// Whom it is for.
    pub kind: KeyKind,
    /// For people.
    pub label: String,
    /// The origins whose pages may use it besides our own; `*` is any.
    pub origins: Vec<String>,
    /// A flag can be seen with one of these tags; without any, all can.
    pub tags: Vec<String>,
    /// What counts of whom a context says that it is.
    pub identity: KeyIdentity,
    /// From when on it opens nothing.
    pub expires_at: Option<Millis>,
}

/// What is known of secrets that were made for a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    hash: Hash,
    hint: String,
    identity_secret: Secret,
}

impl Made {
    /// Of the text of a key, which is not kept, and of a secret to sign identities with, which is where the key needs one.
    pub fn of(secret: &str, identity_secret: &str) -> Self {
        let prefix = KeyKind::of_secret(secret).map_or("", KeyKind::prefix);
        let end = secret.len().checked_sub(SHOWN).and_then(|at| secret.get(at..)).unwrap_or_default();
        Self { hash: Hash::of(secret.as_bytes()), hint: format!("{prefix}…{end}"), identity_secret: Secret(identity_secret.to_owned()) }
    }
}

/// A key as its row holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// What was decided about it.
    pub terms: KeyTerms,
    /// SHA-256 of its text.
    pub hash: Hash,
    /// How it begins and ends, for who wonders which one they have.
    pub hint: String,
    /// What identities are signed with, where they are.
    pub identity_secret: Option<Secret>,
    /// When it was made.
    pub created_at: Millis,
    /// The id of the key that was made to take its place.
    pub successor: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<Millis>,
}

impl Key {
    /// Whether it opens anything at this moment.
    pub fn holds(&self, now: Millis) -> bool {
        self.revoked_at.is_none() && self.terms.expires_at.is_none_or(|end| now < end)
    }

    /// Whether pages of this origin may use it; a page of our own always may.
    pub fn allows(&self, origin: &str) -> bool {
        self.terms.origins.iter().any(|listed| listed == "*" || listed == origin)
    }

    /// Since when it opens nothing.
    fn over_since(&self) -> Option<Millis> {
        self.revoked_at.into_iter().chain(self.terms.expires_at).min()
    }
}

/// What is to be done with a key.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyOrder {
    /// Makes one.
    Create {
        /// The id it is to have.
        id: String,
        /// Its secrets.
        made: Made,
        /// What it opens, and for whom.
        terms: KeyTerms,
    },
    /// Makes one like it, which takes its place.
    Rotate {
        /// The id of the key whose time is over,
        id: String,
        /// and of its successor.
        successor: String,
        /// The successor's secrets.
        made: Made,
        /// For how long both open the edge, in milliseconds.
        overlap_ms: i64,
        /// When the successor expires.
        expiry: Expiry,
    },
    /// Makes it open nothing from now on.
    Revoke {
        /// Its id.
        id: String,
    },
}

/// When the successor of a key expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// When the other would have.
    Kept,
    /// At another moment, or never.
    At(Option<Millis>),
}

/// The keys of the rows, by id.
pub fn keys(rows: &Rows) -> impl Iterator<Item = (&str, Key)> {
    rows.of(RowKind::Key).filter_map(|(id, text)| Some((id, Key::from_row(text)?)))
}

pub(crate) fn carry_out(held: Held<'_>, order: &KeyOrder, now: Millis) -> Result<Steered, Refusal> {
    match order {
        KeyOrder::Create { id, made, terms } => create(held, id, made, terms, now),
        KeyOrder::Rotate { id, successor, made, overlap_ms, expiry } => rotate(held, id, successor, made, *overlap_ms, *expiry, now),
        KeyOrder::Revoke { id } => revoke(held, id, now),
    }
}

fn create(held: Held<'_>, id: &str, made: &Made, terms: &KeyTerms, now: Millis) -> Result<Steered, Refusal> {
    check_id(id, "/id")?;
    check(terms, now)?;
    if keys(held.rows).filter(|(_, key)| key.holds(now)).count() >= MAX_KEYS {
        return Err(Refusal::invalid("", format!("there are {MAX_KEYS} keys, and no more may be; revoke one first")));
    }
    let key = fresh(made, terms.clone(), now);
    let change = Change { new: Some(key.to_view(id)), ..Change::new(Action::KeyCreated) };
    let writes = [(RowKey::of(RowKind::Key, id), Some(key.to_row()))].into();
    Ok(forgetting(held, now, Steered { writes, changes: [change].into(), ..Steered::default() }))
}

fn rotate(
    held: Held<'_>,
    id: &str,
    successor: &str,
    made: &Made,
    overlap_ms: i64,
    expiry: Expiry,
    now: Millis,
) -> Result<Steered, Refusal> {
    let before = held.key(id)?;
    if !(0..=MAX_OVERLAP_MS).contains(&overlap_ms) {
        return Err(Refusal::invalid("/overlap", format!("expected 0 to {MAX_OVERLAP_MS} milliseconds")));
    }
    let illegal = |why: &str| Err(Refusal::new(RefusalKind::IllegalStep, "", format!("the key {why}; a new one can be made")));
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
    let next = fresh(made, terms, now);
    let end = Millis(now.0.saturating_add(overlap_ms));
    let mut old = before.clone();
    old.terms.expires_at = Some(before.terms.expires_at.map_or(end, |own| own.min(end)));
    old.successor = Some(successor.into());
    let change = Change { old: Some(old.to_view(id)), new: Some(next.to_view(successor)), ..Change::new(Action::KeyRotated) };
    let writes = [(id, &old), (successor, &next)].map(|(id, key)| (RowKey::of(RowKind::Key, id), Some(key.to_row()))).into();
    Ok(forgetting(held, now, Steered { writes, changes: [change].into(), ..Steered::default() }))
}

fn revoke(held: Held<'_>, id: &str, now: Millis) -> Result<Steered, Refusal> {
    let before = held.key(id)?;
    if before.revoked_at.is_some() {
        return Ok(Steered::default());
    }
    // Nothing is signed for it any more.
    let after = Key { revoked_at: Some(now), identity_secret: None, ..before.clone() };
    let change = Change { old: Some(before.to_view(id)), new: Some(after.to_view(id)), ..Change::new(Action::KeyRevoked) };
    let write = (RowKey::of(RowKind::Key, id), Some(after.to_row()));
    Ok(Steered { writes: [write].into(), changes: [change].into(), ..Steered::default() })
}

impl Held<'_> {
    fn key(&self, id: &str) -> Result<Key, Refusal> {
        let row = self.rows.text(&RowKey::of(RowKind::Key, id));
        row.and_then(Key::from_row).ok_or_else(|| Refusal::new(RefusalKind::KeyNotFound, "", "there is no key with this id"))
    }
}

fn fresh(made: &Made, terms: KeyTerms, now: Millis) -> Key {
    let identity_secret = (terms.identity == KeyIdentity::Signed).then(|| made.identity_secret.clone());
    Key { terms, hash: made.hash, hint: made.hint.clone(), identity_secret, created_at: now, successor: None, revoked_at: None }
}

/// Besides what a command leads to, the rows of keys go that were over long ago, each with its record.
fn forgetting(held: Held<'_>, now: Millis, mut outcome: Steered) -> Steered {
    let is_over = |key: &Key| key.over_since().is_some_and(|end| now.0.saturating_sub(end.0) > LISTED_MS);
    for (id, key) in keys(held.rows).filter(|(_, key)| is_over(key)) {
        outcome.writes.push((RowKey { kind: RowKind::Key, name: id.into() }, None));
        outcome.changes.push(Change { old: Some(key.to_view(id)), ..Change::new(Action::KeyForgotten) });
    }
    outcome
}

/// Refuses what no key can be.
fn check(terms: &KeyTerms, now: Millis) -> Result<(), Refusal> {
    let KeyTerms { kind, label, origins, tags, identity, expires_at } = terms;
    if label.trim().is_empty() || label.len() > MAX_LABEL || label.chars().any(char::is_control) {
        return Err(Refusal::invalid("/label", format!("expected a label of 1 to {MAX_LABEL} bytes without control characters")));
    }
    if expires_at.is_some_and(|end| end <= now) {
        return Err(Refusal::invalid("/expiresAt", "expected a moment that is still to come"));
    }
    let is_open = *identity == KeyIdentity::Open;
    let given = [("/origins", origins.is_empty()), ("/tags", tags.is_empty()), ("/identity", is_open)];
    if let (KeyKind::Server, Some((pointer, _))) = (kind, given.into_iter().find(|(_, absent)| !absent)) {
        return Err(Refusal::invalid(pointer, "only a client key is held to origins, tags and identities"));
    }
    for (pointer, entries) in [("/origins", origins), ("/tags", tags)] {
        if entries.len() > MAX_ENTRIES {
            return Err(Refusal::invalid(pointer, format!("expected at most {MAX_ENTRIES}")));
        }
    }
    for (index, origin) in origins.iter().enumerate() {
        if !is_origin(origin) {
            let expected = "expected an origin as browsers write it, such as https://shop.example or http://localhost:3000, or *";
            return Err(Refusal::invalid(format!("/origins/{index}"), expected));
        }
    }
    for (index, tag) in tags.iter().enumerate() {
        if tag.is_empty() || tag.len() > MAX_TEXT || tag.chars().any(char::is_control) {
            let expected = format!("expected a tag of 1 to {MAX_TEXT} bytes without control characters");
            return Err(Refusal::invalid(format!("/tags/{index}"), expected));
        }
    }
    let KeyIdentity::Pinned { customer, organization } = identity else { return Ok(()) };
    if customer.is_none() && organization.is_none() {
        return Err(Refusal::invalid("/identity", "expected customerId, organizationId or both"));
    }
    for (pointer, id) in [("/identity/customerId", customer), ("/identity/organizationId", organization)] {
        if let Some(id) = id {
            check_id(id, pointer)?;
        }
    }
    Ok(())
}

/// Whether a browser could send this as a page's origin: a scheme, a host and a port that is not the scheme's own, in lower case.
fn is_origin(text: &str) -> bool {
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
