//! Rows about owners of overrides that this isolate holds: trees of overrides, and organizations of customers.
//!
//! An isolate asks the hub for the owners that requests name, and for no others. Owners are grouped in pages, and the version of a page is
//! that of its newest change: a row that was read at its page's version is current. With the rows of a page comes its filter, by which the
//! isolate knows most owners without a row, and asks for none of them.
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    time::Duration,
};

use control::{
    OwnerFilter,
    rows::{RowKey, RowKind},
};
use futures_util::future::{Either, select};
use sdk_core::Millis;
use serde_json::value::RawValue;
use worker::{Delay, Env, console_error};

use crate::{
    clock,
    environment::Environment,
    held,
    hub::client::{self as hub, Page, WantedPage},
    version::Epoch,
};

/// The milliseconds for which a row or a filter is held.
const HELD_MS: i64 = 300_000;
/// The bytes that a row takes besides its name and its text: a key, a text's counts, and its share of the map.
const BYTES_OF_ROW: usize = 112;
/// The bytes of a page beyond which it is begun anew: about ten times the rows of a page of ten thousand owners.
const MOST_BYTES: usize = 4 << 20;
/// The most rows in one question to the hub.
const MOST_ROWS: usize = 1_000;
/// The longest wait for newer versions of rows, in an isolate that holds earlier ones of all of them.
const NEWS: Duration = Duration::from_millis(300);
/// The longest wait for rows of which the isolate holds no version: without its row, an owner would have no overrides.
const FIRST: Duration = Duration::from_secs(5);

/// Texts of rows: of owners the trees of their overrides, of customers the organizations they belong to.
pub(crate) type Owners = BTreeMap<RowKey, Rc<str>>;
/// The text of a row; `None` if there is no such row.
type RowText = Option<Rc<str>>;
/// Rows to find, each with the version of its page.
pub(crate) type Wanted = BTreeMap<RowKey, u32>;

/// The rows of a page that were asked for.
pub(crate) struct HeldPage {
    epoch: Epoch,
    filter: Option<HeldFilter>,
    rows: BTreeMap<RowKey, HeldRow>,
}

struct HeldFilter {
    version: u32,
    fetched: Millis,
    owners: OwnerFilter,
}

struct HeldRow {
    /// A version of the page at which the row had this text.
    version: u32,
    fetched: Millis,
    text: RowText,
}

impl HeldPage {
    const fn new(epoch: Epoch) -> Self {
        Self { epoch, filter: None, rows: BTreeMap::new() }
    }

    /// The text of a row at a version of the page; `None` if the isolate does not know it.
    fn known(&self, key: &RowKey, version: u32, now: Millis) -> Option<RowText> {
        let is_current = |of: u32, fetched: Millis| of >= version && (0..HELD_MS).contains(&(now.0 - fetched.0));
        if let Some(row) = self.rows.get(key).filter(|row| is_current(row.version, row.fetched)) {
            return Some(row.text.clone());
        }
        let filter = self.filter.as_ref().filter(|filter| is_current(filter.version, filter.fetched))?;
        (!filter.owners.may_hold(key)).then_some(None)
    }

    /// The text of a row as the isolate knew it at any version, however long ago; `None` if it never did.
    fn earlier(&self, key: &RowKey) -> Option<RowText> {
        let by_filter = || self.filter.as_ref().filter(|filter| !filter.owners.may_hold(key)).map(|_| None);
        self.rows.get(key).map(|row| row.text.clone()).or_else(by_filter)
    }

    fn has_filter(&self, version: u32, now: Millis) -> bool {
        self.filter.as_ref().is_some_and(|filter| filter.version >= version && (0..HELD_MS).contains(&(now.0 - filter.fetched.0)))
    }

    /// Takes the rows of an answer that are among these, and its filter. Rows of kinds that this release does not know are left out: a
    /// hub of a later release may send them. So are damaged ones. Returns the keys of the rows that were taken.
    fn take(&mut self, answer: Page, wanted: &Wanted, now: Millis) -> BTreeSet<RowKey> {
        let mut taken = BTreeSet::new();
        self.rows.retain(|_, row| (0..HELD_MS).contains(&(now.0 - row.fetched.0)));
        if self.bytes() > MOST_BYTES {
            self.rows.clear();
        }
        for owner in answer.owners {
            let Some(kind) = RowKind::from_name(&owner.kind) else { continue };
            let key = RowKey { kind, name: owner.name };
            let is_sound = owner.tree.as_deref().is_none_or(|tree| serde_json::from_str::<&RawValue>(tree).is_ok());
            if is_sound && key.page() == Some(answer.number) && wanted.get(&key).is_some_and(|version| answer.version >= *version) {
                self.rows.insert(key.clone(), HeldRow { version: answer.version, fetched: now, text: owner.tree.map(Rc::from) });
                taken.insert(key);
            }
        }
        let filter = answer.filter.as_deref().and_then(OwnerFilter::from_hex);
        if let Some(owners) = filter.filter(|_| !taken.is_empty()) {
            self.filter = Some(HeldFilter { version: answer.version, fetched: now, owners });
        }
        taken
    }

    fn bytes(&self) -> usize {
        let of_row = |(key, row): (&RowKey, &HeldRow)| key.name.len() + row.text.as_ref().map_or(0, |text| text.len()) + BYTES_OF_ROW;
        self.rows.iter().map(of_row).sum::<usize>() + self.filter.as_ref().map_or(0, |filter| filter.owners.bytes())
    }
}

/// The rows that were found.
pub(crate) struct Found {
    pub(crate) rows: Owners,
    /// The reason why rows are missing or of an earlier version; `None` if none are.
    pub(crate) lack: Option<Lack>,
}

/// The reason why the hub did not send rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// The hub did not answer. The last known rows are found.
    Away,
    /// The hub was restored: it has no rows of this epoch.
    OtherEpoch,
    /// The hub answered without rows of which the isolate knows no version.
    Missing,
}

/// These rows as the isolate holds them; `None` if it does not hold all of them at these versions.
pub(crate) fn known(environment: &Environment, epoch: Epoch, wanted: &Wanted) -> Option<Owners> {
    let now = clock::now();
    let mut rows = Owners::new();
    for (key, version) in wanted {
        if let Some(text) = of_page(environment, epoch, key, |page| page.known(key, *version, now)).flatten()? {
            rows.insert(key.clone(), text);
        }
    }
    Some(rows)
}

/// These rows, at these versions of their pages or newer ones of the epoch.
pub(crate) async fn get(env: &Env, environment: &Environment, epoch: Epoch, wanted: &Wanted) -> Found {
    let now = clock::now();
    let mut found = Found { rows: Owners::new(), lack: None };
    let mut missing = Wanted::new();
    for (key, version) in wanted {
        match of_page(environment, epoch, key, |page| page.known(key, *version, now)).flatten() {
            Some(text) => found.rows.extend(text.map(|text| (key.clone(), text))),
            None => drop(missing.insert(key.clone(), *version)),
        }
    }
    let earlier = |key: &RowKey| of_page(environment, epoch, key, |page| page.earlier(key)).flatten();
    let patience = if missing.keys().all(|key| earlier(key).is_some()) { NEWS } else { FIRST };
    let mut why = String::new();
    while !missing.is_empty() && found.lack.is_none() {
        let piece: Wanted = missing.iter().take(MOST_ROWS).map(|(key, version)| (key.clone(), *version)).collect();
        match ask(env, environment, epoch, &piece, true, patience.saturating_sub(since(now))).await {
            Ok(Some(pages)) => {
                let before = missing.len();
                for answer in pages {
                    let number = answer.number;
                    let held = held::take_page(environment, number).filter(|held| held.epoch == epoch);
                    let mut page = held.unwrap_or_else(|| HeldPage::new(epoch));
                    for key in page.take(answer, &piece, now) {
                        missing.remove(&key);
                        found.rows.extend(page.rows.get(&key).and_then(|row| Some((key, row.text.clone()?))));
                    }
                    if !page.rows.is_empty() {
                        let bytes = page.bytes();
                        held::hold_page(environment, number, page, bytes);
                    }
                }
                if missing.len() == before {
                    "they are not in the hub's answer".clone_into(&mut why);
                    found.lack = Some(Lack::Missing);
                }
            }
            Ok(None) => {
                "the hub was restored".clone_into(&mut why);
                found.lack = Some(Lack::OtherEpoch);
            }
            Err(error) => {
                why = error;
                found.lack = Some(Lack::Away);
            }
        }
    }
    if !missing.is_empty() {
        console_error!("{} rows of overrides are missing: {why}", missing.len());
        // An earlier version of a row is better than none.
        let is_known = missing.keys().all(|key| earlier(key).is_some());
        found.lack = found.lack.map(|lack| if lack == Lack::Missing && is_known { Lack::Away } else { lack });
        found.rows.extend(missing.into_keys().filter_map(|key| earlier(&key).flatten().map(|text| (key, text))));
    }
    found
}

/// These rows at exactly these versions of their pages, from the hub; the isolate does not hold them.
pub(crate) async fn past(env: &Env, environment: &Environment, epoch: Epoch, wanted: &Wanted) -> Found {
    let mut found = Found { rows: Owners::new(), lack: None };
    let began = clock::now();
    let mut missing = wanted.clone();
    while !missing.is_empty() && found.lack.is_none() {
        let piece: Wanted = missing.iter().take(MOST_ROWS).map(|(key, version)| (key.clone(), *version)).collect();
        match ask(env, environment, epoch, &piece, false, FIRST.saturating_sub(since(began))).await {
            Ok(Some(pages)) => {
                let before = missing.len();
                for answer in pages {
                    let mut page = HeldPage::new(epoch);
                    for key in page.take(answer, &piece, began) {
                        missing.remove(&key);
                    }
                    found.rows.extend(page.rows.into_iter().filter_map(|(key, row)| Some((key, row.text?))));
                }
                found.lack = (missing.len() == before).then_some(Lack::Missing);
            }
            Ok(None) => found.lack = Some(Lack::OtherEpoch),
            Err(why) => {
                console_error!("{} rows of overrides are missing: {why}", missing.len());
                found.lack = Some(Lack::Away);
            }
        }
    }
    found
}

fn since(moment: Millis) -> Duration {
    Duration::from_millis(u64::try_from(clock::now().0 - moment.0).unwrap_or_default())
}

/// Looks at the page of a row, if the isolate holds it in this epoch.
fn of_page<T>(environment: &Environment, epoch: Epoch, key: &RowKey, look: impl FnOnce(&HeldPage) -> T) -> Option<T> {
    held::page(environment, key.page()?, |page| (page.epoch == epoch).then(|| look(page))).flatten()
}

/// Asks the hub for rows, and for the filters of their pages that the isolate lacks; `None` if the hub is of another epoch.
async fn ask(
    env: &Env,
    environment: &Environment,
    epoch: Epoch,
    wanted: &Wanted,
    with_filters: bool,
    patience: Duration,
) -> Result<Option<Vec<Page>>, String> {
    let now = clock::now();
    let mut pages: BTreeMap<u16, WantedPage> = BTreeMap::new();
    for (key, version) in wanted {
        let Some(number) = key.page() else { continue };
        let lacks_filter = || with_filters && !of_page(environment, epoch, key, |page| page.has_filter(*version, now)).unwrap_or_default();
        let page = pages.entry(number).or_insert_with(|| WantedPage {
            number,
            version: *version,
            lacks_filter: lacks_filter(),
            owners: Vec::new(),
        });
        page.owners.push((key.kind.as_str().to_owned(), key.name.clone()));
    }
    let asking = Box::pin(hub::owners(env, environment, epoch, pages.into_values().collect()));
    match select(asking, Delay::from(patience)).await {
        Either::Left((pages, _)) => pages,
        Either::Right(_) => Err("the hub takes too long to answer".to_owned()),
    }
}
