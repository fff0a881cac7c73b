//! The compiled rulesets that this isolate answers from, and the stored keys, of each environment. A read seldom waits for the hub, and
//! never fails while the isolate holds a ruleset. Two environments never have the same epoch, because it is random: so the rules for
//! versions, entity tags and pages hold for each environment alone, and nothing below compares two of them.
//!
//! A request cannot wait for what another one asked: in workerd a promise belongs to the request that made it. A request that needs news
//! asks the hub for itself; after its answer, only one request at a time asks.
use std::{cell::RefCell, collections::BTreeMap, rc::Rc, time::Duration};

use control::rows::{RowKey, RowKind};
use futures_util::future::{Either, select};
use sdk_core::{BucketKey, Compiler, Context, DocumentError, Millis, Overrides, OwnerKind, Ruleset, compile};
use worker::{Delay, Env, console_error};

use crate::{
    clock,
    context_owners::{NoOverrides, Owned, join, memberships},
    environment::{Environment, Registry},
    freshness::{FRESH_MS, Plan, RECENT_MS, Worth, plan},
    held,
    held_owners::{self, Lack, Owners, Wanted},
    host::Host,
    hub::client as hub,
    keys::Keys,
    problem::{HUB_UNAVAILABLE, Problem},
    version::Version,
};

/// The bytes of a compiled flag that its tables and its text do not explain, as measured with words of 64 bits: the module's are shorter.
const BYTES_OF_PART: usize = 800;
/// The longest wait for a newer ruleset, in an isolate that holds one.
const NEWS: Duration = Duration::from_millis(300);
/// The longest wait for newer keys, for a request with a key that the isolate does not know.
const KEY_NEWS: Duration = Duration::from_secs(2);
/// The longest wait for the first ruleset.
const FIRST: Duration = Duration::from_millis(FIRST_MS.unsigned_abs());
const FIRST_MS: i64 = 10_000;
/// The milliseconds for which the one request that asks for an environment's first ruleset keeps others from asking too: the runtime may
/// have cancelled it.
const TURN_MS: i64 = 2_000;
/// The time after which a request that waits for another one's answer looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A ruleset to answer one request from.
#[derive(Clone)]
pub(crate) struct Serving {
    environment: Environment,
    pub(crate) version: Version,
    pub(crate) ruleset: Rc<Ruleset>,
    /// The hub did not answer when it was asked: there may be a newer version.
    pub(crate) stale: bool,
    /// The number of errors of the stored document, each of which leaves out a part of it.
    pub(crate) errors: usize,
    /// The numbers of the pages of overrides that are not empty, with their versions.
    pages: Rc<BTreeMap<u16, u32>>,
    /// True for a ruleset of the past, which newer ones do not replace.
    is_past: bool,
}

impl Serving {
    /// The overrides of these contexts. Each context gets the organization of its customer, if the customer belongs to one.
    ///
    /// Asks the hub for rows that the isolate does not hold, and then for those of the organizations. If the hub is away, the last known
    /// rows serve, or none, and [`Self::stale`] is set. If the hub was restored since, `self` becomes the restored ruleset, and its
    /// overrides serve.
    pub(crate) async fn overrides<'c>(
        &mut self,
        env: &Env,
        contexts: impl IntoIterator<Item = &'c mut Context>,
    ) -> Result<Overrides, NoOverrides> {
        if self.pages.is_empty() {
            return Ok(Overrides::default());
        }
        // Extended, not collected: collecting brings a sort along for each type, which is a kilobyte or two each.
        let mut contexts: Vec<&mut Context> = contexts.into_iter().collect();
        let owners = Owned::of(&contexts);
        let mut rows = Owners::new();
        if !self.fetch(env, self.wanted(&owners), &mut rows).await? {
            refresh(env, &self.environment).await;
            if let Some(Ok(restored)) = serve(&self.environment).filter(|_| !self.is_past) {
                *self = restored;
                rows.clear();
            }
            self.stale |= !self.fetch(env, self.wanted(&owners), &mut rows).await?;
        }
        let learned = memberships(&contexts, &rows);
        let learned = join(&mut contexts, learned);
        self.stale |= !self.fetch(env, self.wanted(&learned), &mut rows).await?;
        Ok(self.compiled(owners.into_iter().chain(learned), &rows))
    }

    /// The overrides of these contexts, which get their organizations, from the rows that the isolate holds; `None` if the hub must be
    /// asked for some, and then the contexts are as they were.
    pub(crate) fn known_overrides(&self, contexts: &mut [Context]) -> Option<Result<Overrides, NoOverrides>> {
        if self.pages.is_empty() {
            return Some(Ok(Overrides::default()));
        }
        if self.is_past {
            return None;
        }
        let known = |owners: &Owned| held_owners::known(&self.environment, self.version.epoch, &self.wanted(owners));
        let mut contexts: Vec<&mut Context> = contexts.iter_mut().collect();
        let owners = Owned::of(&contexts);
        let mut rows = known(&owners)?;
        let learned = memberships(&contexts, &rows);
        rows.append(&mut known(&Owned::organizations(&learned))?);
        let learned = join(&mut contexts, learned);
        Some(Ok(self.compiled(owners.into_iter().chain(learned), &rows)))
    }

    /// The rows about these owners, each with the version of its page. Owners on empty pages have none.
    fn wanted(&self, owners: &Owned) -> Wanted {
        let mut wanted = Wanted::new();
        for (kind, id) in owners.iter() {
            let key = RowKey::of((*kind).into(), id);
            let Some(version) = key.page().and_then(|page| self.pages.get(&page)) else { continue };
            if *kind == OwnerKind::Customer {
                wanted.insert(RowKey { kind: RowKind::Membership, name: key.name.clone() }, *version);
            }
            wanted.insert(key, *version);
        }
        wanted
    }

    /// The overrides of owners, compiled from their rows.
    fn compiled(&self, owners: impl Iterator<Item = (OwnerKind, String)>, rows: &Owners) -> Overrides {
        let mut overrides = Overrides::default();
        for (kind, id) in owners {
            if let Some(tree) = rows.get(&RowKey::of(kind.into(), &id)) {
                // The hub reported the errors of the tree when it took the tree.
                let (own, _) = self.ruleset.owner_overrides(kind, &id, tree);
                overrides.insert(kind, id, own);
            }
        }
        overrides
    }

    /// A document's ruleset at a version, without overrides.
    #[cfg(test)]
    pub(crate) fn of_document(document: &str, version: Version) -> Self {
        let ruleset = Rc::new(compile(document, None).unwrap().ruleset);
        Self { environment: Environment::FIRST, version, ruleset, stale: false, errors: 0, pages: Rc::default(), is_past: false }
    }

    /// The overrides of one context, which gets the organization of its customer.
    pub(crate) async fn overrides_of(&mut self, env: &Env, context: &mut Context) -> Result<Overrides, Problem> {
        self.overrides(env, [context]).await.map_err(NoOverrides::problem)
    }

    /// Adds these rows. Returns false if the hub is of another epoch than this ruleset, and so has no such rows.
    async fn fetch(&mut self, env: &Env, wanted: Wanted, rows: &mut Owners) -> Result<bool, NoOverrides> {
        if wanted.is_empty() {
            return Ok(true);
        }
        let (environment, epoch) = (&self.environment, self.version.epoch);
        let mut found = if self.is_past {
            held_owners::past(env, environment, epoch, &wanted).await
        } else {
            held_owners::get(env, environment, epoch, &wanted).await
        };
        rows.append(&mut found.rows);
        match found.lack {
            None => Ok(true),
            Some(Lack::Away) => {
                self.stale = true;
                Ok(true)
            }
            Some(Lack::OtherEpoch) => Ok(false),
            Some(Lack::Missing) => Err(NoOverrides::Missing),
        }
    }
}

/// The newest known version of an environment.
pub(crate) struct Held {
    version: Version,
    /// The stored keys; there may be some before there is a document.
    keys: Rc<Keys>,
    /// The ruleset to answer from, or the reason why there is none yet.
    served: Result<Served, Rc<hub::Missing>>,
    /// The moment at which the hub was last asked.
    asked: Millis,
    /// True if the hub did not answer then.
    failed: bool,
    /// Compiles one version after another, and of each only what changed.
    compiler: Rc<RefCell<Compiler>>,
}

/// The stored keys of an environment whose ruleset the isolate does not hold. To check a key, the isolate need not load the ruleset.
pub(crate) struct HeldKeys {
    keys: Rc<Keys>,
    /// The moment at which the hub was last asked.
    asked: Millis,
    /// True if the hub did not answer then.
    failed: bool,
}

#[derive(Clone)]
struct Served {
    ruleset: Rc<Ruleset>,
    pages: Rc<BTreeMap<u16, u32>>,
    errors: usize,
}

impl Held {
    fn is_fresh(&self, min_version: Option<Version>, now: Millis) -> bool {
        plan(now.0 - self.asked.0, self.version, min_version) == Plan::Answer
    }

    fn serve(&self, environment: &Environment) -> Result<Serving, Problem> {
        let Served { ruleset, pages, errors } = self.served.clone().map_err(|missing| missing.problem())?;
        let environment = environment.clone();
        Ok(Serving { environment, version: self.version, ruleset, stale: self.failed, errors, pages, is_past: false })
    }
}

/// The moments at which an environment's hub was asked, to ask it less.
#[derive(Clone, Copy, Default)]
struct Asking {
    /// The moment at which a request began to ask the hub after its answer; `None` if no request does.
    behind: Option<Millis>,
    /// The moment at which a request began to ask the hub for the first ruleset; `None` if no request does.
    first: Option<Millis>,
    /// The time of the last request to the hub about an unknown key or an unknown environment.
    sought: Option<Millis>,
}

thread_local! {
    /// An entry for each environment that was asked at all: for no more than were ever registered.
    static ASKING: RefCell<Vec<(Environment, Asking)>> = const { RefCell::new(Vec::new()) };
}

fn asking<T>(environment: &Environment, look: impl FnOnce(&mut Asking) -> T) -> T {
    ASKING.with_borrow_mut(|all| {
        if let Some((_, asking)) = all.iter_mut().find(|(of, _)| of == environment) {
            return look(asking);
        }
        let mut asking = Asking::default();
        let looked = look(&mut asking);
        all.push((environment.clone(), asking));
        looked
    })
}

/// The ruleset that the isolate holds of an environment; `None` before the first answer of the hub.
fn serve(environment: &Environment) -> Option<Result<Serving, Problem>> {
    held::ruleset(environment, |held| held.serve(environment))
}

/// The ruleset to answer from; refused while all flags are switched off, and then the hub is not asked.
///
/// `min_version` is the version that the request knows of already: if the isolate's is older, the hub is asked first.
pub(crate) async fn current(host: &Host, environment: &Environment, min_version: Option<Version>) -> Result<Serving, Problem> {
    if host.settings.is_off { Err(Problem::switched_off()) } else { newest(host, environment, min_version).await }
}

/// The hub's ruleset, or the last good one if the hub is away; also while all flags are switched off, for operators.
pub(crate) async fn newest(host: &Host, environment: &Environment, min_version: Option<Version>) -> Result<Serving, Problem> {
    if let Some((asked, version)) = held::ruleset(environment, |held| held.served.is_ok().then_some((held.asked, held.version))).flatten() {
        catch_up(host, environment, asked, version, min_version).await;
        if let Some(serving) = serve(environment) {
            return serving;
        }
        // It had to make room for another environment meanwhile.
    }
    first(host, environment).await?;
    serve(environment).unwrap_or_else(|| Err(away("the hub has no document")))
}

/// The ruleset that the isolate holds; `None` if the hub should be asked first or afterwards.
pub(crate) fn fresh(environment: &Environment, min_version: Option<Version>, now: Millis) -> Option<Serving> {
    held::ruleset(environment, |held| held.is_fresh(min_version, now).then(|| held.serve(environment).ok()).flatten()).flatten()
}

/// The stored keys that the isolate holds; `None` if the hub should be asked first or afterwards.
pub(crate) fn fresh_keys(environment: &Environment, now: Millis) -> Option<Rc<Keys>> {
    let alone = |held: &mut HeldKeys| (0..FRESH_MS).contains(&(now.0 - held.asked.0)).then(|| Rc::clone(&held.keys));
    match held::ruleset(environment, |held| held.is_fresh(None, now).then(|| Rc::clone(&held.keys))) {
        Some(keys) => keys,
        None => held::keys(environment, alone).flatten(),
    }
}

/// The hub's keys, or the last known ones if the hub is away.
pub(crate) async fn keys(host: &Host, environment: &Environment) -> Result<Rc<Keys>, Problem> {
    if let Some((asked, version)) = held::ruleset(environment, |held| (held.asked, held.version)) {
        catch_up(host, environment, asked, version, None).await;
        if let Some(keys) = known_keys(environment) {
            return Ok(keys);
        }
    }
    if *environment == Environment::FIRST {
        // Without a document there may be keys.
        first(host, environment).await.ok();
    } else {
        ask_keys(host, environment).await;
    }
    known_keys(environment).ok_or_else(|| away("the hub is away"))
}

/// The stored keys that the isolate holds, however old; `None` before the hub's first answer.
pub(crate) fn known_keys(environment: &Environment) -> Option<Rc<Keys>> {
    about_keys(environment).map(|held| held.keys)
}

/// Has the isolate hold keys of the first environment, as if the hub had told them.
#[cfg(test)]
pub(crate) fn hold_keys(keys: Rc<Keys>) {
    held::hold_keys(&Environment::FIRST, HeldKeys { keys, asked: Millis(0), failed: false }, 0);
}

/// The stored keys that the isolate holds, with the ruleset or without it.
fn about_keys(environment: &Environment) -> Option<HeldKeys> {
    let with_ruleset = held::ruleset(environment, |held| HeldKeys { keys: Rc::clone(&held.keys), asked: held.asked, failed: held.failed });
    let alone = |held: &mut HeldKeys| HeldKeys { keys: Rc::clone(&held.keys), asked: held.asked, failed: held.failed };
    with_ruleset.or_else(|| held::keys(environment, alone))
}

/// Asks the hub for an environment's keys alone. A stranger can present a text that names any environment: that makes no isolate load one.
async fn ask_keys(host: &Host, environment: &Environment) {
    let asked = clock::now();
    let why = match select(Box::pin(hub::keys(host, environment)), Delay::from(KEY_NEWS)).await {
        Either::Left((Ok(rows), _)) => {
            let bytes = rows.iter().map(|row| 2 * row.len()).sum();
            let keys = Rc::new(Keys::read(&rows, Registry::default()));
            return held::hold_keys(environment, HeldKeys { keys, asked, failed: false }, bytes);
        }
        Either::Left((Err(problem), _)) => problem.why(),
        Either::Right(_) => "it takes too long to answer".to_owned(),
    };
    console_error!("no keys from the hub: {why}");
    held::keys(environment, |held| (held.asked, held.failed) = (asked, true));
}

/// The stored keys, for a request with a key or the name of an environment that the isolate does not know; true if the hub answered when
/// it was last asked. They make the isolate ask the hub at most once a second, however many are presented.
pub(crate) async fn newer_keys(host: &Host, environment: &Environment) -> (Rc<Keys>, bool) {
    let now = clock::now();
    match asking(environment, |asking| asking.sought).filter(|sought| (0..FRESH_MS).contains(&(now.0 - sought.0))) {
        None => {
            asking(environment, |asking| asking.sought = Some(now));
            if is_held(environment) || *environment == Environment::FIRST {
                ask_within(host, environment, now, KEY_NEWS).await;
            } else {
                ask_keys(host, environment).await;
            }
        }
        // Another request asked within the last second, and the hub has not answered yet.
        Some(sought) if about_keys(environment).is_none_or(|held| held.asked < sought) => Delay::from(NEWS).await,
        Some(_) => {}
    }
    about_keys(environment).map(|held| (held.keys, !held.failed)).unwrap_or_default()
}

/// Asks the hub for news if the isolate's ruleset is too old, before the answer or after it.
async fn catch_up(host: &Host, environment: &Environment, asked: Millis, version: Version, min_version: Option<Version>) {
    let now = clock::now();
    match plan(now.0 - asked.0, version, min_version) {
        Plan::Answer => {}
        Plan::AnswerAndAsk => ask_behind(host, environment, now),
        Plan::Ask => ask_within(host, environment, now, NEWS).await,
    }
}

async fn ask_within(host: &Host, environment: &Environment, now: Millis, patience: Duration) {
    let asking = Box::pin(learn((**host).clone(), environment.clone()));
    if let Either::Right(((), asking)) = select(asking, Delay::from(patience)).await {
        console_error!("no news from the hub: it takes too long to answer");
        fail(environment, now);
        host.behind(asking);
    }
}

/// The ruleset that served at a version, or at a moment. It is compiled for this request alone: operators seldom look back.
pub(crate) async fn past(env: &Env, environment: &Environment, when: hub::When) -> Result<Serving, Problem> {
    let then = hub::past(env, environment, when).await?;
    let compiled = compile(&then.document, BucketKey::from_hex(&then.bucket_key)).map_err(|error| Problem::document(&error))?;
    let mut pages = BTreeMap::new();
    pages.extend(then.pages);
    Ok(Serving {
        environment: environment.clone(),
        version: then.version,
        ruleset: Rc::new(compiled.ruleset),
        stale: false,
        errors: then.errors,
        pages: Rc::new(pages),
        is_past: true,
    })
}

/// The moment at which the hub was last asked; 0 before the first time.
pub(crate) fn asked(environment: &Environment) -> Millis {
    held::ruleset(environment, |held| held.asked).unwrap_or_default()
}

/// Forgets everything of an environment, so that its hub is asked anew.
pub(crate) fn forget(environment: &Environment) {
    held::retain(|held| held != environment);
}

/// Asks the hub at once, however new the ruleset is; for a request that has just changed something.
pub(crate) async fn refresh(env: &Env, environment: &Environment) {
    let now = clock::now();
    if let Either::Right(_) = select(Box::pin(learn(env.clone(), environment.clone())), Delay::from(FIRST)).await {
        fail(environment, now);
    }
}

fn is_held(environment: &Environment) -> bool {
    held::ruleset(environment, |_| ()).is_some()
}

/// Asks the hub for the first ruleset: until it answers, the isolate has none. One request at a time asks, for each answer is a whole
/// document; the others look again and again for what it got.
async fn first(host: &Host, environment: &Environment) -> Result<(), Problem> {
    let began = clock::now();
    let is_asked = |now: Millis| asking(environment, |asking| asking.first).is_some_and(|since| (0..TURN_MS).contains(&(now.0 - since.0)));
    while !is_held(environment) && is_asked(clock::now()) {
        if clock::now().0 - began.0 >= FIRST_MS {
            return Err(away("the hub takes too long to answer"));
        }
        Delay::from(LOOK_AGAIN).await;
        if is_held(environment) {
            return Ok(());
        }
    }
    asking(environment, |asking| asking.first = Some(clock::now()));
    let answered = select(Box::pin(ask((**host).clone(), environment.clone())), Delay::from(FIRST)).await;
    asking(environment, |asking| asking.first = None);
    match answered {
        Either::Left((Ok(()), _)) => Ok(()),
        Either::Left((Err(problem), _)) if problem.status == 503 && problem.code != HUB_UNAVAILABLE => Err(problem),
        Either::Left((Err(problem), _)) => {
            console_error!("no ruleset from the hub: {}", problem.why());
            Err(away("the hub is away"))
        }
        Either::Right(_) => Err(away("the hub takes too long to answer")),
    }
}

fn away(why: &str) -> Problem {
    Problem::no_ruleset("NO_RULESET", why)
}

fn ask_behind(host: &Host, environment: &Environment, now: Millis) {
    // The runtime may cancel the work that a request left behind; such a request keeps others from asking only briefly.
    if asking(environment, |asking| asking.behind).is_some_and(|since| (0..RECENT_MS).contains(&(now.0 - since.0))) {
        return;
    }
    asking(environment, |asking| asking.behind = Some(now));
    let (env, environment) = ((**host).clone(), environment.clone());
    host.behind(async move {
        learn(env, environment.clone()).await;
        asking(&environment, |asking| asking.behind = None);
    });
}

/// Asks the hub for news; if that fails, the isolate keeps what it holds.
async fn learn(env: Env, environment: Environment) {
    let now = clock::now();
    if let Err(problem) = ask(env, environment.clone()).await {
        console_error!("no news from the hub: {}", problem.why());
        fail(&environment, now);
    }
}

/// Asks the hub for a newer ruleset and newer keys, and holds them; any other answer changes nothing that serves.
async fn ask(env: Env, environment: Environment) -> Result<(), Problem> {
    let asked = clock::now();
    let since = held::ruleset(&environment, |held| held.version);
    let Some(newest) = hub::news(&env, &environment, since).await? else {
        note(&environment, asked, false);
        return Ok(());
    };
    // While this request waited, another one may have learned the same, or more.
    let held = held::ruleset(&environment, |held| (held.version, held.served.is_ok()));
    let worth = Worth::of(newest.version, since, held.map(|(version, _)| version));
    match worth {
        Worth::Newer | Worth::OtherEpoch => {}
        Worth::Known => {
            note(&environment, asked, false);
            return Ok(());
        }
        Worth::Late => return Ok(()),
        Worth::Older => {
            let held = since.map_or_else(String::new, |since| format!(", {since} is held"));
            return Err(Problem::no_ruleset("NO_RULESET", format!("it answers version {}{held}", newest.version)));
        }
    }
    let compiler = held::ruleset(&environment, |held| Rc::clone(&held.compiler)).unwrap_or_default();
    let mut bytes = newest.keys.iter().map(|row| 2 * row.len()).sum();
    let served = match newest.ruleset {
        Ok(ruleset) => {
            let served = compiled(&ruleset, &mut compiler.borrow_mut())?;
            bytes += bytes_of(&ruleset, &served);
            Ok(served)
        }
        // Within an epoch, a hub that had a document still has one.
        Err(missing) if worth == Worth::Newer && held.is_some_and(|(_, is_served)| is_served) => return Err(missing.problem()),
        Err(missing) => Err(Rc::new(missing)),
    };
    if worth == Worth::OtherEpoch {
        forget(&environment);
    }
    let keys = Rc::new(Keys::read(&newest.keys, Registry::new(newest.environment, newest.environments)));
    if environment == Environment::FIRST {
        held::retain(|held| keys.registry.has(held));
    }
    held::hold_ruleset(&environment, Held { version: newest.version, keys, served, asked, failed: false, compiler }, bytes);
    Ok(())
}

/// The bytes that a ruleset and its compiler hold, as [`held`] counts them: the tables twice, because the compiler keeps each flag's part
/// of them, the document's text once for what else it keeps of the text, and a part's own bytes for each flag. The text itself is not kept.
fn bytes_of(newest: &hub::Ruleset, served: &Served) -> usize {
    2 * served.ruleset.heap_bytes() + newest.document.len() + BYTES_OF_PART * served.ruleset.len()
}

fn compiled(newest: &hub::Ruleset, compiler: &mut Compiler) -> Result<Served, Problem> {
    let key = BucketKey::from_hex(&newest.bucket_key);
    // The error may quote the document, which must not reach the log.
    let refused =
        |error: DocumentError| Problem::no_ruleset("DOCUMENT_REFUSED", format!("the document is refused at \"{}\"", error.pointer));
    let compiled = compiler.compile(&newest.document, key).map_err(refused)?;
    let mut pages = BTreeMap::new();
    pages.extend(newest.pages.iter().copied());
    Ok(Served { ruleset: Rc::new(compiled.ruleset), pages: Rc::new(pages), errors: newest.errors })
}

fn fail(environment: &Environment, asked: Millis) {
    note(environment, asked, true);
}

fn note(environment: &Environment, asked: Millis, failed: bool) {
    held::ruleset(environment, |held| {
        // An answer to an earlier request that arrives later is not newer.
        if held.asked <= asked {
            held.asked = asked;
            held.failed = failed;
        }
    });
}
