//! API tokens: keys of programs, such as a pipeline, that call operators' routes.
//!
//! A token has a role in the one environment that made it, ends within a year, and stands in the trail under its own name. An API token
//! that makes another gives it neither a higher role nor a later end than its own.
use alloc::{format, string::String};

use sdk_core::Millis;
use serde::{Deserialize, Serialize};

use super::{DAY_MS, Key, KeyKind, KeyTerms, keys};
use crate::{
    CurrentState, Field, Refusal, RefusalKind,
    change::{Actor, Hash, TOKEN_PREFIX},
    rows::Rows,
};

/// The longest name, in bytes.
const MAX_NAME: usize = 64;
/// The life of a token whose end the operator does not name, in milliseconds.
const LIFE_MS: i64 = 90 * DAY_MS;
/// The longest life of a token, in milliseconds.
const MAX_LIFE_MS: i64 = 365 * DAY_MS;

/// The role of an API token, in the order of what the roles permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum TokenRole {
    /// Reads everything.
    Viewer,
    /// Moves rollouts and kills flags.
    Operator,
    /// Changes everything.
    Admin,
}

impl TokenRole {
    const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// The name of the role, as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role with this name; `None` if there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// The highest role that an actor of a role may give; `None` if they may give none.
    fn highest_of(actor: &Actor) -> Option<Self> {
        if actor.role == "service" { Some(Self::Admin) } else { Self::from_name(&actor.role) }
    }
}

impl Key {
    /// The subject under which the trail names the holder of an API token.
    pub fn subject(&self) -> String {
        format!("{TOKEN_PREFIX}{}", self.terms.label)
    }
}

/// The API token that has a subject in the trail and is valid now; `None` for a subject that is none.
fn token_of(rows: &Rows, subject: &str, now: Millis) -> Option<Key> {
    let name = subject.strip_prefix(TOKEN_PREFIX)?;
    keys(rows).map(|(_, key)| key).find(|key| key.terms.kind == KeyKind::Api && key.terms.label == name && key.holds(now))
}

/// Returns true if the API token with this hash is valid at this moment, and gives its holder this subject and this role.
pub fn token_holds(rows: &Rows, hash: Hash, [subject, role]: [&str; 2], now: Millis) -> bool {
    let mut tokens = keys(rows).map(|(_, key)| key).filter(|key| key.terms.kind == KeyKind::Api && key.holds(now));
    let gives = |key: Key| key.subject() == subject && key.terms.role.is_some_and(|given| given.as_str() == role);
    tokens.find(|key| key.hash == hash).is_some_and(gives)
}

/// The terms of a new token, with its end; refused if they exceed what the actor may give.
pub(super) fn terms(current: CurrentState<'_>, given: &KeyTerms, actor: &Actor) -> Result<KeyTerms, Refusal> {
    let (name, now) = (&given.label, actor.at);
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if !(1..=MAX_NAME).contains(&name.len()) || !name.bytes().all(is_name) {
        let expected = format!("expected a name of 1 to {MAX_NAME} letters, digits, dots, hyphens and underscores");
        return Err(Refusal::invalid(Field::TokenName, expected));
    }
    if token_of(current.rows, &format!("{TOKEN_PREFIX}{name}"), now).is_some() {
        let why = format!("a valid token has the name {name:?}: revoke it first, or give this one another name");
        return Err(Refusal::new(RefusalKind::NameTaken, Field::TokenName, why));
    }
    if given.role > TokenRole::highest_of(actor) {
        let why = format!("the role {} cannot give a higher one", actor.role);
        return Err(Refusal::new(RefusalKind::Outranked, Field::Role, why));
    }
    let latest = Millis(now.0.saturating_add(MAX_LIFE_MS));
    let own_end = token_of(current.rows, &actor.subject, now).and_then(|own| own.terms.expires_at);
    let end = given.expires_at.unwrap_or_else(|| {
        let end = Millis(now.0.saturating_add(LIFE_MS));
        own_end.map_or(end, |own| own.min(end))
    });
    if end > latest {
        return Err(Refusal::invalid(Field::ExpiresAt, format!("expected a moment within a year, until {}", latest.to_rfc3339())));
    }
    if let Some(own) = own_end.filter(|own| end > *own) {
        let why = format!("expected a moment until {}, at which the token that makes this one ends", own.to_rfc3339());
        return Err(Refusal::new(RefusalKind::Outranked, Field::ExpiresAt, why));
    }
    Ok(KeyTerms { expires_at: Some(end), ..given.clone() })
}
