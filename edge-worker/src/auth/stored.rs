//! Checks a presented key against the stored ones: its validity, and the origins of pages that may use it.
use std::rc::Rc;

use control::{Key, change::Hash};

use crate::{
    cross_site,
    http::{
        asked::{Asked, Need, Stop},
        parts::{Header, Parts},
    },
    problem::Problem,
};

/// The stored key with this hash; refused if there is none, or if it is not valid now. A key that the isolate does not know may be new, so
/// the hub is asked.
///
/// `None` while all flags are switched off: the hub is not asked, and any text in the form of a key passes, because every caller gets
/// only their own defaults.
pub(super) fn key(hash: Hash, asked: &Asked<'_>) -> Result<Option<Rc<Key>>, Stop> {
    if asked.settings.is_off {
        return Ok(None);
    }
    let mut found = asked.keys()?.get(hash);
    if found.is_none() {
        let Some((keys, is_sure)) = &asked.known.newer_keys else { return Err(Stop::Needs(Need::NewerKeys)) };
        found = keys.get(hash);
        if found.is_none() && !is_sure {
            return Err(Problem::no_keys().into());
        }
    }
    Ok(Some(found.filter(|key| key.holds(asked.moment())).ok_or_else(Problem::no_credentials)?))
}

/// Refuses a page whose origin the key does not list, except the edge's own pages. A server sends no origin.
pub(super) fn check_origin(key: &Key, parts: &Parts<'_>) -> Result<(), Problem> {
    match parts.header(Header::Origin) {
        Some(origin) if !key.allows(origin) && !cross_site::is_own(origin, parts.url) => Err(Problem::foreign_origin()),
        _ => Ok(()),
    }
}
