//! Stored keys: which one is presented, whether it holds, and whose pages may use it.
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

/// The key with this hash, if it opens anything now. One that is not known may be new: then the hub is asked, now and then.
///
/// `None` while all flags are switched off: then it is not asked, and as nobody is answered anything but their own defaults, whatever
/// looks like a key is one.
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

/// Refuses pages of origins that the key does not list. A caller that is no page sends no origin.
pub(super) fn check_origin(key: &Key, parts: &Parts<'_>) -> Result<(), Problem> {
    match parts.header(Header::Origin) {
        Some(origin) if !key.allows(origin) && !cross_site::is_own(origin, parts.url) => Err(Problem::foreign_origin()),
        _ => Ok(()),
    }
}
