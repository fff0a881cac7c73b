//! Pages of overrides that this isolate holds. A page at a version never changes; it is held only to ask less, and not for long.
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

/// How long a page is held.
const HELD_MS: i64 = 300_000;
/// How many pages are held: one of a million customers holds a thousand of them.
const MOST: usize = 256;
/// How long a read that holds earlier versions of its pages waits for the newer ones,
const NEWS: Duration = Duration::from_millis(300);
/// and one that lacks a page. Without it its owners have no overrides: that is waited for longer.
const FIRST: Duration = Duration::from_secs(5);

/// The trees of a page's owners.
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
    /// Why pages are missing or of an earlier version, if they are.
    pub(crate) lack: Option<Lack>,
}

/// Why pages could not be had.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lack {
    /// The hub was away.
    Away,
    /// The hub was restored: it has no pages of this epoch.
    OtherEpoch,
}

/// These pages at these versions or newer ones of the epoch, in at most one question to the hub.
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

/// How many pages are held.
pub(crate) fn count() -> usize {
    HELD.with_borrow(BTreeMap::len)
}

/// Forgets all pages.
pub(crate) fn forget() {
    HELD.take();
}

/// These pages at exactly these versions; none of them is held.
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

/// `None` where the hub is of another epoch.
async fn ask(env: &Env, epoch: Epoch, missing: &[(u16, u32)]) -> Result<Option<Vec<Page>>, String> {
    let is_held = |page: &u16| HELD.with_borrow(|held| held.get(page).is_some_and(|held| held.version.epoch == epoch));
    let has_earlier = missing.iter().all(|(page, _)| is_held(page));
    match select(Box::pin(hub::pages(env, epoch, missing)), Delay::from(if has_earlier { NEWS } else { FIRST })).await {
        Either::Left((pages, _)) => pages.map_err(|problem| problem.why()),
        Either::Right(_) => Err("the hub takes too long to answer".to_owned()),
    }
}

/// A page as it is held: the rows of the kinds that this release knows, for a hub of a later release may send others. `None` where a
/// row of a known kind is damaged.
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

/// Holds a page; where that is one too many, the one that was fetched longest ago goes.
fn hold(page: u16, new: Held) {
    HELD.with_borrow_mut(|held| {
        held.insert(page, new);
        while held.len() > MOST {
            let Some(oldest) = held.iter().min_by_key(|(_, held)| held.fetched).map(|(page, _)| *page) else { break };
            held.remove(&oldest);
        }
    });
}
