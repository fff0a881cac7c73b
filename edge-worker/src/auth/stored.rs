//! Stored keys: which one is presented, whether it holds, and whose pages may use it.
use std::rc::Rc;

use control::{Key, change::Hash};
use sdk_core::Millis;
use worker::Request;

use crate::{cross_site, host::Host, problem::Problem, ruleset_cache, settings};

/// The key with this hash, if it opens anything now. One that is not known may be new: then the hub is asked, now and then.
///
/// `None` while all flags are switched off: then it is not asked, and as nobody is answered anything but their own defaults, whatever
/// looks like a key is one.
pub(super) async fn key(hash: Hash, host: &Host, now: Millis) -> Result<Option<Rc<Key>>, Problem> {
    if settings::is_off(host) {
        return Ok(None);
    }
    let mut found = ruleset_cache::keys(host).await?.get(hash);
    if found.is_none() {
        let (keys, is_sure) = ruleset_cache::newer_keys(host).await;
        found = keys.get(hash);
        if found.is_none() && !is_sure {
            return Err(Problem::no_keys());
        }
    }
    found.filter(|key| key.holds(now)).map(Some).ok_or_else(Problem::no_credentials)
}

/// Refuses pages of origins that the key does not list. A caller that is no page sends no origin.
pub(super) fn check_origin(key: &Key, request: &Request) -> Result<(), Problem> {
    match request.headers().get("origin")? {
        Some(origin) if !key.allows(&origin) && !cross_site::is_own(&origin, &request.inner().url()) => Err(Problem::foreign_origin()),
        _ => Ok(()),
    }
}
