//! Checks a presented key against the stored ones: its environment, its validity, and the origins of pages that may use it.
use std::rc::Rc;

use control::Key;

use super::presented::Stored;
use crate::{
    cross_site,
    environment::Environment,
    http::{
        asked::{Asked, Unanswered},
        parts::{Header, Parts},
    },
    keys::Keys,
    limit,
    problem::Problem,
    ruleset_cache,
};

/// The environment of a presented key, and the stored key; refused if there is none, or if it is not valid now. A key, or the environment
/// that it names, may be new to the isolate, so the hub is asked.
///
/// No key while all flags are switched off: the hub is not asked, and any text in the form of a key passes, because every caller gets
/// only their own defaults.
pub(super) fn key(presented: &Stored, asked: &Asked<'_>) -> Result<(Environment, Option<Rc<Key>>), Unanswered> {
    if asked.settings.is_off {
        return Ok((Environment::FIRST, None));
    }
    let (environment, found) = find(presented, asked)?;
    let key = found.filter(|key| key.holds(asked.moment())).ok_or_else(Problem::no_credentials)?;
    Ok((environment, Some(key)))
}

/// The environment of a presented key, and the stored key, which may have expired; `None` if there is none, or it was revoked.
pub(super) fn find(presented: &Stored, asked: &Asked<'_>) -> Result<(Environment, Option<Rc<Key>>), Unanswered> {
    let environment = environment(presented, asked)?;
    let found = look_up(&environment, asked, |keys| keys.get(presented.hash))?;
    Ok((environment, found))
}

/// The client key with a mark that the edge itself signed; `None` if there is none, or if it is not valid now.
pub(super) fn marked(mark: &str, environment: &Environment, asked: &Asked<'_>) -> Result<Option<Rc<Key>>, Unanswered> {
    let found = look_up(environment, asked, |keys| keys.marked(mark))?;
    Ok(found.filter(|key| key.holds(asked.moment())))
}

/// A stored key of an environment. It may be new to the isolate, so the hub is asked.
fn look_up(environment: &Environment, asked: &Asked<'_>, get: impl Fn(&Keys) -> Option<Rc<Key>>) -> Result<Option<Rc<Key>>, Unanswered> {
    let mut found = get(&*asked.keys(environment)?);
    if found.is_none() {
        limit::unknown_key(asked)?;
        let (keys, is_sure) = asked.newer_keys(environment)?;
        found = get(&keys);
        if found.is_none() && !is_sure {
            return Err(Problem::no_keys().into());
        }
    }
    Ok(found)
}

/// The environment that a key names; the first one if it names none, or none that is registered: the first one may have had that name
/// when the key was made.
fn environment(presented: &Stored, asked: &Asked<'_>) -> Result<Environment, Unanswered> {
    let Some(name) = &presented.environment else { return Ok(Environment::FIRST) };
    let first = asked.keys(&Environment::FIRST)?;
    let registered = first.registry.find(name.as_str());
    if registered.is_some() || first.get(presented.hash).is_some() {
        return Ok(registered.unwrap_or_default());
    }
    limit::unknown_key(asked)?;
    let (newer, _) = asked.newer_keys(&Environment::FIRST)?;
    Ok(newer.registry.find(name.as_str()).unwrap_or_default())
}

/// The stored key that a request presents, as far as the isolate knows it without asking a hub.
pub(super) fn known(presented: &Stored) -> Option<Rc<Key>> {
    let first = ruleset_cache::known_keys(&Environment::FIRST)?;
    let named = presented.environment.as_ref().and_then(|name| first.registry.find(name.as_str()));
    match named.filter(|named| *named != Environment::FIRST) {
        Some(other) => ruleset_cache::known_keys(&other)?.get(presented.hash),
        None => first.get(presented.hash),
    }
}

/// Refuses a page whose origin the key does not list, except the edge's own pages. A server sends no origin.
pub(super) fn check_origin(key: &Key, parts: &Parts<'_>) -> Result<(), Problem> {
    match parts.header(Header::Origin) {
        Some(origin) if !key.allows(origin) && !cross_site::is_own(origin, parts.url) => Err(Problem::foreign_origin()),
        _ => Ok(()),
    }
}
