//! Pages of overrides that this isolate holds. A page at a version never changes: the isolate holds it for a while, to ask the hub less.
use std::{collections::BTreeMap, rc::Rc, time::Duration};

use control::rows::{RowKey, RowKind};
use futures_util::future::{Either, select};
use sdk_core::Millis;
use serde_json::value::RawValue;
use worker::{Delay, Env, console_error};

use crate::{
    clock,
    environment::Environment,
    held,
    hub::client::{self as hub, Page},
    version::{Epoch, Version},
};

/// The milliseconds for which a page is held.
const HELD_MS: i64 = 300_000;
/// The bytes that an owner's row takes besides its name and its tree: a key, two texts, and its share of the map.
const BYTES_OF_ROW: usize = 96;
/// The longest wait for newer versions of pages, in an isolate that holds earlier ones of all of them.
const NEWS: Duration = Duration::from_millis(300);
/// The longest wait for pages of which the isolate holds no version: without its page, an owner would have no overrides.
const FIRST: Duration = Duration::from_secs(5);

/// The trees of overrides of a page's owners, and the organizations of its customers.
pub(crate) type Owners = BTreeMap<RowKey, String>;

/// A page of overrides at a version.
#[derive(Clone)]
pub(crate) struct HeldPage {
    version: Version,
    fetched: Millis,
    owners: Rc<Owners>,
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
pub(crate) async fn get(env: &Env, environment: &Environment, epoch: Epoch, wanted: &BTreeMap<u16, u32>) -> Found {
    let now = clock::now();
    let mut found = Found { pages: BTreeMap::new(), lack: None };
    let mut missing = Vec::new();
    for (page, version) in wanted {
        match earlier(environment, epoch, *page)
            .filter(|held| held.version.number >= *version && (0..HELD_MS).contains(&(now.0 - held.fetched.0)))
        {
            Some(held) => drop(found.pages.insert(*page, held.owners)),
            None => missing.push((*page, *version)),
        }
    }
    if missing.is_empty() {
        return found;
    }
    let why = match ask(env, environment, epoch, &missing).await {
        Ok(None) => {
            found.lack = Some(Lack::OtherEpoch);
            "the hub was restored".to_owned()
        }
        Ok(Some(pages)) => {
            for page in pages {
                let number = page.number;
                if wanted.get(&number).is_some_and(|version| page.version >= *version)
                    && let Some(page) = read(page, epoch, now)
                {
                    found.pages.insert(number, Rc::clone(&page.owners));
                    let bytes = page.owners.iter().map(|(key, tree)| key.name.len() + tree.len() + BYTES_OF_ROW).sum();
                    held::hold_page(environment, number, page, bytes);
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
        found.pages.extend(missing.iter().filter_map(|(page, _)| Some((*page, earlier(environment, epoch, *page)?.owners))));
    }
    found
}

/// The version of a page that is held, if it is of this epoch.
fn earlier(environment: &Environment, epoch: Epoch, page: u16) -> Option<HeldPage> {
    held::page(environment, page, HeldPage::clone).filter(|held| held.version.epoch == epoch)
}

/// These pages at exactly these versions, from the hub; the isolate does not hold them.
pub(crate) async fn past(env: &Env, environment: &Environment, epoch: Epoch, wanted: &BTreeMap<u16, u32>) -> Found {
    let mut asked = Vec::new();
    asked.extend(wanted.iter().map(|(page, version)| (*page, *version)));
    let mut found = Found { pages: BTreeMap::new(), lack: None };
    match ask(env, environment, epoch, &asked).await {
        Ok(None) => found.lack = Some(Lack::OtherEpoch),
        Ok(Some(pages)) => {
            found.pages.extend(pages.into_iter().filter_map(|page| Some((page.number, read(page, epoch, Millis(0))?.owners))));
        }
        Err(why) => {
            console_error!("{} pages of overrides are missing: {why}", asked.len());
            found.lack = Some(Lack::Away);
        }
    }
    found
}

/// Asks the hub for pages; `None` if the hub is of another epoch.
async fn ask(env: &Env, environment: &Environment, epoch: Epoch, missing: &[(u16, u32)]) -> Result<Option<Vec<Page>>, String> {
    let has_earlier = missing.iter().all(|(page, _)| earlier(environment, epoch, *page).is_some());
    match select(Box::pin(hub::pages(env, environment, epoch, missing)), Delay::from(if has_earlier { NEWS } else { FIRST })).await {
        Either::Left((pages, _)) => pages.map_err(|problem| problem.why()),
        Either::Right(_) => Err("the hub takes too long to answer".to_owned()),
    }
}

/// A page as the isolate holds it, without rows of kinds that this release does not know: a hub of a later release may send them.
/// `None` if a row of a known kind is damaged.
fn read(page: Page, epoch: Epoch, fetched: Millis) -> Option<HeldPage> {
    let mut owners = Owners::new();
    for owner in page.owners {
        let Some(kind) = RowKind::from_name(&owner.kind) else { continue };
        serde_json::from_str::<&RawValue>(&owner.tree).ok()?;
        owners.insert(RowKey { kind, name: owner.name }, owner.tree);
    }
    let version = Version { epoch, number: page.version };
    Some(HeldPage { version, fetched, owners: Rc::new(owners) })
}
