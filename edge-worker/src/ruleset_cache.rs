//! The compiled rulesets that this isolate answers from, and the stored keys, of each environment. A read seldom waits for the hub, and
//! never fails while the isolate holds a ruleset. Two environments never have the same epoch, because it is random: so the rules for
//! versions, entity tags and pages hold for each environment alone, and nothing below compares two of them.
//!
//! A request cannot wait for a promise of another one: in workerd a promise belongs to the request that made it. One request asks, by a
//! lease that ends by the clock, and the others look at the isolate's state by timers of their own.
mod changes;
mod serving;

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, time::Duration};

use control::{guard::ReceiptKey, rows::Rows};
use futures_util::future::{Either, select};
use sdk_core::{BucketKey, Compiler, DocumentError, Millis, Ruleset, compile};
use worker::{Delay, Env, console_error};

use crate::{
    asking::asking,
    clock, counts,
    environment::{Environment, Registry},
    freshness::{FRESH_MS, Plan, Step, Worth},
    held,
    host::Host,
    hub::client::{self as hub, Since},
    keys::Keys,
    problem::{HUB_UNAVAILABLE, Problem},
    stream_key::StreamKey,
    version::Version,
};

use self::changes::HeldRows;
pub(crate) use self::serving::Serving;

/// The bytes of a compiled flag that its tables and its text do not explain, as measured with words of 64 bits: the module's are shorter.
const BYTES_OF_PART: usize = 800;
/// The longest wait for a newer ruleset, in an isolate that holds one.
const NEWS: Duration = Duration::from_millis(300);
/// The longest wait for newer keys, for a request with a key that the isolate does not know.
const KEY_NEWS: Duration = Duration::from_secs(2);
/// The longest wait for the first ruleset.
const FIRST: Duration = Duration::from_millis(FIRST_MS.unsigned_abs());
const FIRST_MS: i64 = 10_000;
/// The time after which a request that waits for another one's answer looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// The newest known version of an environment.
pub(crate) struct Held {
    version: Version,
    stream_key: Option<StreamKey>,
    /// The stored keys, and the bytes that they hold; there may be some before there is a document.
    keys: Rc<Keys>,
    key_bytes: usize,
    /// The ruleset to answer from, or the reason why there is none yet.
    served: Result<Served, Rc<hub::Missing>>,
    /// The rows that the ruleset was compiled from, to apply the next changes to; `None` if only a whole document can follow.
    rows: Option<Rc<RefCell<HeldRows>>>,
    /// Compiles one version after another, and of each only what changed.
    compiler: Rc<RefCell<Compiler>>,
    /// The key of receipts; `None` if the hub, of an earlier release, does not tell it.
    receipts: Option<Rc<ReceiptKey>>,
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
    /// As in [`Serving`].
    defined: u32,
    /// The bytes that the ruleset holds, as [`held`] counts them.
    bytes: usize,
}

impl Held {
    fn serve(&self, environment: &Environment, stale: bool) -> Result<Serving, Problem> {
        let Served { ruleset, pages, errors, defined, .. } = self.served.clone().map_err(|missing| missing.problem())?;
        let environment = environment.clone();
        let (receipts, stream_key) = (self.receipts.clone(), self.stream_key);
        Ok(Serving { environment, version: self.version, ruleset, stale, errors, stream_key, pages, defined, is_past: false, receipts })
    }
}

/// The ruleset that the isolate holds of an environment; `None` before the first answer of the hub.
fn serve(environment: &Environment, min_version: Option<Version>) -> Option<Result<Serving, Problem>> {
    held::ruleset(environment, |held| {
        let stale = asking(environment, |asking| asking.questions.is_stale(held.version, min_version));
        held.serve(environment, stale)
    })
}

/// The ruleset to answer from; refused while all flags are switched off, and then the hub is not asked.
///
/// `min_version` is the version that the request knows of already: if the isolate's is older, the hub is asked first.
pub(crate) async fn current(host: &Host, environment: &Environment, min_version: Option<Version>) -> Result<Serving, Problem> {
    if host.settings.is_off { Err(Problem::switched_off()) } else { newest(host, environment, min_version).await }
}

/// The hub's ruleset, or the last good one if the hub is away; also while all flags are switched off, for operators.
pub(crate) async fn newest(host: &Host, environment: &Environment, min_version: Option<Version>) -> Result<Serving, Problem> {
    if let Some((version, is_served)) = held::ruleset(environment, |held| (held.version, held.served.is_ok())) {
        // There is nothing to answer from meanwhile.
        let is_old = !is_served && !(0..FRESH_MS).contains(&asking(environment, |asking| asking.questions.age(clock::now())));
        let has_waited = if is_old {
            wait(host, environment, None, NEWS).await;
            true
        } else {
            catch_up(host, environment, version, min_version).await
        };
        counts::looked_up(!has_waited);
        if let Some(serving) = serve(environment, min_version) {
            return serving;
        }
        // It had to make room for another environment meanwhile.
    }
    counts::looked_up(false);
    first(host, environment).await?;
    serve(environment, min_version).unwrap_or_else(|| Err(away("the hub has no document")))
}

/// The ruleset that the isolate holds; `None` if the hub should be asked first or afterwards.
pub(crate) fn fresh(environment: &Environment, min_version: Option<Version>, now: Millis) -> Option<Serving> {
    let version = held::ruleset(environment, |held| held.version)?;
    let plan = asking(environment, |asking| asking.questions.plan(version, min_version, now));
    serve(environment, min_version).filter(|_| plan == Plan::Answer)?.ok()
}

/// The milliseconds for which the hub's last answer still counts as current.
pub(crate) fn current_ms(environment: &Environment, now: Millis) -> u32 {
    let age = asking(environment, |asking| asking.questions.age(now));
    if age < 0 { 0 } else { u32::try_from(FRESH_MS - age).unwrap_or(0) }
}

/// The stored keys that the isolate holds; `None` if the hub should be asked first or afterwards.
pub(crate) fn fresh_keys(environment: &Environment, now: Millis) -> Option<Rc<Keys>> {
    let alone = |held: &mut HeldKeys| (0..FRESH_MS).contains(&(now.0 - held.asked.0)).then(|| Rc::clone(&held.keys));
    match held::ruleset(environment, |held| (held.version, Rc::clone(&held.keys))) {
        Some((version, keys)) => {
            let plan = asking(environment, |asking| asking.questions.plan(version, None, now));
            (plan == Plan::Answer).then_some(keys)
        }
        None => held::keys(environment, alone).flatten(),
    }
}

/// The hub's keys, or the last known ones if the hub is away.
pub(crate) async fn keys(host: &Host, environment: &Environment) -> Result<Rc<Keys>, Problem> {
    if let Some(version) = held::ruleset(environment, |held| held.version) {
        catch_up(host, environment, version, None).await;
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
    let with_ruleset = held::ruleset(environment, |held| Rc::clone(&held.keys)).map(|keys| {
        let questions = asking(environment, |asking| asking.questions);
        HeldKeys { keys, asked: questions.asked(), failed: !questions.is_sure() }
    });
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
    match asking(environment, |asking| asking.sought_keys).filter(|sought| (0..FRESH_MS).contains(&(now.0 - sought.0))) {
        None => {
            asking(environment, |asking| asking.sought_keys = Some(now));
            if is_held(environment) || *environment == Environment::FIRST {
                let learning = Box::pin(learn((**host).clone(), environment.clone(), now, Since::Sought));
                if let Either::Right(((), learning)) = select(learning, Delay::from(KEY_NEWS)).await {
                    console_error!("no news from the hub: it takes too long to answer");
                    asking(environment, |asking| asking.questions.end(now, false));
                    host.behind(learning);
                }
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

/// Asks the hub for news if the last answer is too old, before the request is answered or after it. Returns true if the request waited.
async fn catch_up(host: &Host, environment: &Environment, version: Version, min_version: Option<Version>) -> bool {
    let now = clock::now();
    let plan = asking(environment, |asking| asking.questions.plan(version, min_version, now));
    match plan {
        Plan::Answer => {}
        Plan::AnswerAndAsk => {
            if asking(environment, |asking| asking.questions.begin(now)) {
                host.behind(learn((**host).clone(), environment.clone(), now, Since::Answered));
            }
        }
        Plan::Ask => wait(host, environment, min_version.filter(|wanted| wanted.is_beyond(version)), NEWS).await,
    }
    plan == Plan::Ask
}

/// Waits until a question to the hub has ended, or for as long as the patience. If none is pending, this request asks one. The question
/// outlives the request, so that the others who wait get its answer if the client leaves.
async fn wait(host: &Host, environment: &Environment, wanted: Option<Version>, patience: Duration) {
    let patience = i64::try_from(patience.as_millis()).unwrap_or(i64::MAX);
    let waiter = asking(environment, |asking| asking.questions.waiter(clock::now(), wanted.is_some()));
    loop {
        let now = clock::now();
        match asking(environment, |asking| asking.questions.step(waiter, now, patience)) {
            Step::Ended => return,
            Step::Late => return console_error!("no news from the hub: it takes too long to answer"),
            Step::Look => {}
            Step::Ask => {
                let since = wanted.map_or(Since::Answered, Since::Version);
                host.behind(learn((**host).clone(), environment.clone(), now, since));
            }
        }
        Delay::from(LOOK_AGAIN).await;
        if wanted.is_some_and(|wanted| held::ruleset(environment, |held| !wanted.is_beyond(held.version)).unwrap_or_default()) {
            return;
        }
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
        stream_key: None,
        pages: Rc::new(pages),
        defined: then.version.number,
        is_past: true,
        receipts: None,
    })
}

/// The moment at which the hub was last asked; 0 before the first time.
pub(crate) fn asked(environment: &Environment) -> Millis {
    asking(environment, |asking| asking.questions.asked())
}

/// Forgets everything of an environment, so that its hub is asked anew.
pub(crate) fn forget(environment: &Environment) {
    held::retain(|held| held != environment);
}

/// Asks the hub at once, however new the ruleset is; for a request that has just changed something.
pub(crate) async fn refresh(env: &Env, environment: &Environment) {
    let now = clock::now();
    if let Either::Right(_) = select(Box::pin(learn(env.clone(), environment.clone(), now, Since::Now)), Delay::from(FIRST)).await {
        asking(environment, |asking| asking.questions.end(now, false));
    }
}

fn is_held(environment: &Environment) -> bool {
    held::ruleset(environment, |_| ()).is_some()
}

/// Asks the hub for the first ruleset: until it answers, the isolate has none. One request at a time asks, for each answer is a whole
/// document.
async fn first(host: &Host, environment: &Environment) -> Result<(), Problem> {
    let began = clock::now();
    while !is_held(environment) {
        let ended = asking(environment, |asking| asking.failed_at.filter(|failed| *failed >= began).and(asking.problem.clone()));
        match ended {
            Some(problem) if problem.status == 503 && problem.code != HUB_UNAVAILABLE => return Err(problem),
            Some(problem) => {
                console_error!("no ruleset from the hub: {}", problem.why());
                return Err(away("the hub is away"));
            }
            None if clock::now().0 - began.0 >= FIRST_MS => return Err(away("the hub takes too long to answer")),
            None => wait(host, environment, None, FIRST).await,
        }
    }
    Ok(())
}

fn away(why: &str) -> Problem {
    Problem::no_ruleset("NO_RULESET", why)
}

/// Asks the hub for news, and ends the question that was begun at this moment; if it fails, the isolate keeps what it holds.
async fn learn(env: Env, environment: Environment, began: Millis, since: Since) {
    let answered = ask(env, environment.clone(), since).await;
    asking(&environment, |asking| {
        asking.questions.end(began, answered.is_ok());
        if let Err(problem) = answered {
            console_error!("no news from the hub: {}", problem.why());
            (asking.problem, asking.failed_at) = (Some(problem), Some(clock::now()));
        }
    });
}

/// Asks the hub for a newer ruleset and newer keys, and holds them; any other answer changes nothing that serves.
async fn ask(env: Env, environment: Environment, age: Since) -> Result<(), Problem> {
    let since = held::ruleset(&environment, |held| (held.version, held.rows.is_some()));
    let Some(newest) = hub::news(&env, &environment, since, age).await? else { return Ok(()) };
    let since = since.map(|(version, _)| version);
    // While this request waited, another one may have learned the same, or more.
    let held = held::ruleset(&environment, |held| (held.version, held.served.is_ok()));
    let worth = Worth::of(newest.version, since, held.map(|(version, _)| version));
    match worth {
        Worth::Newer | Worth::OtherEpoch => {}
        Worth::Known | Worth::Late => return Ok(()),
        Worth::Older => {
            let held = since.map_or_else(String::new, |since| format!(", {since} is held"));
            return Err(Problem::no_ruleset("NO_RULESET", format!("it answers version {}{held}", newest.version)));
        }
    }
    let next = match newest.ruleset {
        hub::Told::Whole(ruleset) => whole(&environment, &ruleset)?,
        hub::Told::Changes(changes) => {
            // Changes since a version apply to that version alone.
            if held.map(|(version, _)| version) != Some(changes.since) {
                return Ok(());
            }
            changed(&environment, changes, newest.version)?
        }
        // Within an epoch, a hub that had a document still has one.
        hub::Told::Nothing(missing) if worth == Worth::Newer && held.is_some_and(|(_, is_served)| is_served) => {
            return Err(missing.problem());
        }
        hub::Told::Nothing(missing) => (Err(Rc::new(missing)), None, Rc::default()),
    };
    let (served, rows, compiler) = next;
    if worth == Worth::OtherEpoch {
        forget(&environment);
    }
    let (keys, key_bytes) = match newest.keys {
        Some(keys) => {
            let bytes = keys.iter().map(|row| 2 * row.len()).sum();
            (Rc::new(Keys::read(&keys, Registry::new(newest.environment, newest.environments))), bytes)
        }
        None => held::ruleset(&environment, |held| (Rc::clone(&held.keys), held.key_bytes)).unwrap_or_default(),
    };
    if environment == Environment::FIRST {
        held::retain(|held| keys.registry.has(held));
    }
    let bytes = served.as_ref().map_or(0, |served| served.bytes) + key_bytes;
    let receipts = newest.receipts.map(Rc::new);
    held::hold_ruleset(
        &environment,
        Held { version: newest.version, stream_key: newest.stream_key, keys, key_bytes, served, rows, compiler, receipts },
        bytes,
    );
    Ok(())
}

type Next = (Result<Served, Rc<hub::Missing>>, Option<Rc<RefCell<HeldRows>>>, Rc<RefCell<Compiler>>);

/// Compiles a whole document, of which the compiler keeps what it has compiled before.
fn whole(environment: &Environment, newest: &hub::Ruleset) -> Result<Next, Problem> {
    let compiler = held::ruleset(environment, |held| Rc::clone(&held.compiler)).unwrap_or_default();
    let mut served = compiled(&newest.document, &newest.bucket_key, &mut compiler.borrow_mut())?;
    served.pages = Rc::new(newest.pages.iter().copied().collect());
    served.errors = newest.errors;
    served.defined = newest.version.number;
    // The hub compiled rows without an error only if the document has none.
    let rows = if newest.errors == 0 { Rows::split(&newest.document) } else { None };
    Ok((Ok(served), rows.map(|rows| Rc::new(RefCell::new(HeldRows::of(rows)))), compiler))
}

/// Applies changed rows and pages to the version that is held, which makes the version `to`. Without a changed row nothing is compiled.
fn changed(environment: &Environment, changes: hub::Changes, to: Version) -> Result<Next, Problem> {
    let held = |held: &mut Held| Some((held.served.clone().ok()?, held.rows.take()?, Rc::clone(&held.compiler)));
    let lost = || Problem::no_ruleset("NO_RULESET", "it answers changes of a version that is not held");
    let (mut served, rows, compiler) = held::ruleset(environment, held).flatten().ok_or_else(lost)?;
    if !changes.pages.is_empty() {
        let mut pages = (*served.pages).clone();
        pages.extend(changes.pages);
        served.pages = Rc::new(pages);
    }
    if changes.digest.is_none() && !changes.rows.is_empty() {
        return Err(Problem::no_ruleset("NO_RULESET", "its changes do not say which document they make"));
    }
    if let Some(digest) = changes.digest {
        // From here on the rows are gone if anything fails, and the next question is for the whole document.
        let mut rows = rows.borrow_mut();
        let restated = rows.restate(&served.ruleset, &changes.rows, &compiler.borrow());
        if rows.apply(&changes.rows) != digest {
            return Err(Problem::no_ruleset("NO_RULESET", "its changes do not make the document that it serves"));
        }
        served = if let Some(ruleset) = restated {
            Served { ruleset: Rc::new(ruleset), defined: to.number, ..served }
        } else {
            let compiled = compiled(&rows.compose(), &changes.bucket_key, &mut compiler.borrow_mut())?;
            Served { pages: served.pages, defined: to.number, ..compiled }
        };
    }
    Ok((Ok(served), Some(rows), compiler))
}

/// Compiles a document. Its text is not kept, but the rows have it once, the compiler each flag's part of the tables, and what else it
/// keeps of the text.
fn compiled(document: &str, bucket_key: &str, compiler: &mut Compiler) -> Result<Served, Problem> {
    // The error may quote the document, which must not reach the log.
    let refused =
        |error: DocumentError| Problem::no_ruleset("DOCUMENT_REFUSED", format!("the document is refused at \"{}\"", error.pointer));
    let ruleset = compiler.compile(document, BucketKey::from_hex(bucket_key)).map_err(refused)?.ruleset;
    let bytes = 2 * ruleset.heap_bytes() + 2 * document.len() + BYTES_OF_PART * ruleset.len();
    Ok(Served { ruleset: Rc::new(ruleset), pages: Rc::default(), errors: 0, defined: 0, bytes })
}
