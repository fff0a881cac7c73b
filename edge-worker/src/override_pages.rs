//! Pages of overrides that this isolate holds. A page at a version never changes: the isolate holds it for a while, to ask the hub less.
use std::{cell::RefCell, collections::BTreeMap, rc::Rc, time::Duration};

use control::rows::{RowKey, RowKind};
use futures_util::future::{Either, select};
use sdk_core::Millis;
use serde_json::value::RawValue;
use worker::{Delay, Env, console_error};

use crate::{
    clock,
    hub::client::{self as hub, Page},
    version::{Epoch, Version},
};

/// The milliseconds for which a page is held.
const HELD_MS: i64 = 300_000;
/// The most pages that are held. With a million customers, a page has a thousand of them.
const MOST: usize = 256;
/// The longest wait for newer versions of pages, in an isolate that holds earlier ones of all of them.
const NEWS: Duration = Duration::from_millis(300);
/// The longest wait for pages of which the isolate holds no version: without its page, an owner would have no overrides.
const FIRST: Duration = Duration::from_secs(5);

/// The trees of overrides of a page's owners, and the organizations of its customers.
pub(crate) type Owners = BTreeMap<RowKey, String>;

#[derive(Clone)]
struct Held {
    version: Version,
    fetched: Millis,
    owners: Rc<Owners>,
}

thread_local! {
    static HELD: RefCell<BTreeMap<u16, Held>> = const { RefCell::new(BTreeMap::new()) };
}

/// Pages by number.
pub(crate) struct Found {
    pub(crate) pages: BTreeMap<u16, Rc<Owners>>,
    /// The reason why pages are missing or of an earlier version; `None` if none are.
    pub(crate) lack: Option<Lack>,
}

/// The reason why the hub did not send pages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lack {
    /// The hub did not answer, or not with these pages.
    Away,
    /// The hub was restored: it has no pages of this epoch.
    OtherEpoch,
}

/// These pages, at these versions or newer ones of the epoch, by at most one request to the hub.
pub(crate) async fn get(env: &Env, epoch: Epoch, wanted: &BTreeMap<u16, u32>) -> Found {
    let now = clock::now();
    let mut found = Found { pages: BTreeMap::new(), lack: None };
    let is_of_epoch = |held: &&Held| held.version.epoch == epoch;
    let mut missing = Vec::new();
    HELD.with_borrow(|held| {
        for (page, version) in wanted {
            let held = held.get(page).filter(is_of_epoch);
            match held.filter(|held| held.version.number >= *version && (0..HELD_MS).contains(&(now.0 - held.fetched.0))) {
                Some(held) => drop(found.pages.insert(*page, Rc::clone(&held.owners))),
                None => missing.push((*page, *version)),
            }
        }
    });
    if missing.is_empty() {
        return found;
    }
    let why = match ask(env, epoch, &missing).await {
        Ok(None) => {
            found.lack = Some(Lack::OtherEpoch);
            "the hub was restored".to_owned()
        }
        Ok(Some(pages)) => {
            for page in pages {
                let number = page.number;
                if wanted.get(&number).is_some_and(|version| page.version >= *version)
                    && let Some(page) = held(page, epoch, now)
                {
                    found.pages.insert(number, Rc::clone(&page.owners));
                    hold(number, page);
                }
            }
            "they are not in the hub's answer".to_owned()
        }
        Err(why) => why,
    };
    missing.retain(|(page, _)| !found.pages.contains_key(page));
    if !missing.is_empty() {
        console_error!("{} pages of overrides are missing: {why}", missing.len());
        // An earlier version of a page is better than none.
        found.lack = found.lack.or(Some(Lack::Away));
        HELD.with_borrow(|held| {
            let earlier = |page: &u16| Some(Rc::clone(&held.get(page).filter(is_of_epoch)?.owners));
            found.pages.extend(missing.iter().filter_map(|(page, _)| Some((*page, earlier(page)?))));
        });
    }
    found
}

/// The number of pages that are held.
pub(crate) fn count() -> usize {
    HELD.with_borrow(BTreeMap::len)
}

/// Forgets all pages.
pub(crate) fn forget() {
    HELD.take();
}

/// These pages at exactly these versions, from the hub; the isolate does not hold them.
pub(crate) async fn past(env: &Env, epoch: Epoch, wanted: &BTreeMap<u16, u32>) -> Found {
    let mut asked = Vec::new();
    asked.extend(wanted.iter().map(|(page, version)| (*page, *version)));
    let mut found = Found { pages: BTreeMap::new(), lack: None };
    match ask(env, epoch, &asked).await {
        Ok(None) => found.lack = Some(Lack::OtherEpoch),
        Ok(Some(pages)) => {
            found.pages.extend(pages.into_iter().filter_map(|page| Some((page.number, held(page, epoch, Millis(0))?.owners))));
        }
        Err(why) => {
            console_error!("{} pages of overrides are missing: {why}", asked.len());
            found.lack = Some(Lack::Away);
        }
    }
    found
}

/// Asks the hub for pages; `None` if the hub is of another epoch.
async fn ask(env: &Env, epoch: Epoch, missing: &[(u16, u32)]) -> Result<Option<Vec<Page>>, String> {
    let is_held = |page: &u16| HELD.with_borrow(|held| held.get(page).is_some_and(|held| held.version.epoch == epoch));
    let has_earlier = missing.iter().all(|(page, _)| is_held(page));
    match select(Box::pin(hub::pages(env, epoch, missing)), Delay::from(if has_earlier { NEWS } else { FIRST })).await {
        Either::Left((pages, _)) => pages.map_err(|problem| problem.why()),
        Either::Right(_) => Err("the hub takes too long to answer".to_owned()),
    }
}

/// A page as the isolate holds it, without rows of kinds that this release does not know: a hub of a later release may send them.
/// `None` if a row of a known kind is damaged.
fn held(page: Page, epoch: Epoch, fetched: Millis) -> Option<Held> {
    let mut owners = Owners::new();
    for owner in page.owners {
        let Some(kind) = RowKind::from_name(&owner.kind) else { continue };
        serde_json::from_str::<&RawValue>(&owner.tree).ok()?;
        owners.insert(RowKey { kind, name: owner.name }, owner.tree);
    }
    let version = Version { epoch, number: page.version };
    Some(Held { version, fetched, owners: Rc::new(owners) })
}

/// Holds a page, and drops those that were fetched longest ago if there are too many.
fn hold(page: u16, new: Held) {
    HELD.with_borrow_mut(|held| {
        held.insert(page, new);
        while held.len() > MOST {
            let Some(oldest) = held.iter().min_by_key(|(_, held)| held.fetched).map(|(page, _)| *page) else { break };
            held.remove(&oldest);
        }
    });
}
