//! The durable object of an environment: the only writer of its document.
//!
//! Only [`client`] sends requests to it.
mod admin;
mod baseline;
pub(crate) mod client;
mod credential_uses;
mod environment_name;
mod environment_state;
mod execute;
mod figures;
mod ground;
mod import_explained;
mod jobs;
mod journaled;
mod metrics;
mod named_rows;
mod ndjson;
mod new_key;
mod news;
mod opening;
mod page_filters;
pub(crate) mod push;
mod receipts;
mod record;
mod restore_pieces;
mod schedules;
mod stored_edits;
mod stored_owners;
mod sums;
#[cfg(test)]
mod tests;
mod told_readers;
mod transfer;
mod verification;
mod webhooks;
pub(crate) mod wire;
mod written_rows;

use std::cell::{Cell, OnceCell, RefCell};

use control::{
    Allowed, Command, CompiledRows, EnvironmentName, Key, break_glass_used,
    change::Actor,
    compile_rows, definitions, environments,
    rows::{self, RowKey, RowKind},
};
use sdk_core::{BucketKey, Compiler, Millis};
use serde_json::value::RawValue;
use worker::{
    DurableObject, Env, Method, Request, RequestInit, Response, ResponseBuilder, Result, State, console_error, console_warn, durable_object,
};

use self::{
    ground::{Ground, GroundCache},
    journaled::HeldJournal,
    metrics::Events,
    news::{News, Proof},
    opening::Opening,
    page_filters::PageFilters,
    push::Pushes,
    sums::KnownStages,
    told_readers::ToldReaders,
    verification::InProgress,
    webhooks::Deliveries,
    wire::{
        ASKED_NAMES, BUCKET_KEY, COUNTS, DIGESTED_ROWS, ENVIRONMENT, Explaining, HOLDS, Owner, PAGES, Page, READER, ROWS, RulesetAnswer,
        TOLD, VERSION, WantedOwners, WantedPages,
    },
};
use crate::{
    asked_names::AskedNames,
    clock,
    counts::Counts,
    problem::Problem,
    query::Query,
    settings,
    store::{self, Access, HubStore, Read, Wanted, audit::ForExplain},
    version::Version,
};

/// The time for which the summary tells a use of the break-glass token, in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Keeps the document of one environment and gives each change the next version.
#[durable_object]
pub struct FlagHub {
    store: HubStore,
    state: State,
    env: Env,
    /// The name under which the environment is registered, which each request tells, and the store for an alarm; `None` in the first hub.
    registered: OnceCell<Option<EnvironmentName>>,
    /// True once the store has that name.
    is_name_kept: Cell<bool>,
    ground: GroundCache,
    /// The reason why the document that the deployment brings was refused; `None` if it was not.
    refused: RefCell<Option<String>>,
    news: News,
    readers: ToldReaders,
    pushes: Pushes,
    deliveries: Deliveries,
    filters: PageFilters,
    known_stages: KnownStages,
    /// True while a restore reads a backup; then the hub refuses every other request.
    restoring: Cell<bool>,
    /// True once this object has looked for a restore in pieces that has not ended.
    has_taken_up: Cell<bool>,
    /// The answer to a request for keys, as long as a backup is being restored.
    held_keys: RefCell<Option<String>>,
    opening: Opening,
    verification: RefCell<InProgress>,
    journal: HeldJournal,
    /// The counts that isolates have handed over.
    counts: Counts,
    asked_names: AskedNames,
    events: Events,
}

/// The bytes of rows in one answer about owners. An answer of one page may be longer.
const MOST_BYTES: usize = 1 << 20;

/// The document that a request wants. The two differ where a definition was refused and the last good one serves.
#[derive(Clone, Copy)]
enum Text {
    /// The document that every answer comes from.
    Serving,
    /// The document that operators wrote.
    Written,
}

impl DurableObject for FlagHub {
    fn new(state: State, env: Env) -> Self {
        let store = store::open(&state);
        let (refused, restoring, opening) = (RefCell::default(), Cell::default(), Opening::default());
        let filters = PageFilters::default();
        Self {
            store,
            state,
            env,
            registered: OnceCell::new(),
            is_name_kept: Cell::default(),
            ground: GroundCache::default(),
            refused,
            news: News::default(),
            readers: ToldReaders::default(),
            pushes: Pushes::default(),
            deliveries: Deliveries::default(),
            filters,
            known_stages: KnownStages::default(),
            restoring,
            has_taken_up: Cell::default(),
            held_keys: RefCell::default(),
            opening,
            verification: RefCell::default(),
            journal: HeldJournal::default(),
            counts: Counts::default(),
            asked_names: AskedNames::default(),
            events: Events::default(),
        }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        if let Some(counted) = request.headers().get(COUNTS)? {
            self.counts.add_text(&counted);
        }
        if let Some(names) = request.headers().get(ASKED_NAMES)? {
            self.asked_names.add_text(&names, clock::now());
        }
        if let Some(reader) = request.headers().get(READER)? {
            self.readers.hear(reader, clock::now());
        }
        let answered = match self.journal() {
            Ok(None) => self.answer(request).await,
            Ok(Some(_)) => self.answer_journaled(request).await,
            Err(problem) => Err(problem),
        };
        // Readers first, so that clients that fetch because of the push find the new version there.
        self.tell_readers();
        self.push();
        self.begin_deliveries();
        answered.or_else(Problem::into_response)
    }

    async fn alarm(&self) -> Result<Response> {
        if let Err(problem) = self.recall_name() {
            console_error!("the name of the environment could not be read: {}", problem.why());
        }
        if let Err(problem) = self.catch_up().await {
            console_error!("the journal could not be read: {}", problem.why());
        }
        let woken = self.wake().await;
        if let Err(problem) = self.write_journal().await {
            console_error!("the journal did not take what a job did: {}", problem.why());
        }
        self.tell_readers();
        self.push();
        // The runtime calls again if this fails.
        woken.map_err(|problem| worker::Error::RustError(problem.why()))
    }
}

impl FlagHub {
    /// Tells readers of the newest version, unless they know it. Nothing waits for them.
    fn tell_readers(&self) {
        if self.readers.is_empty() || self.restoring.get() {
            return;
        }
        let (Ok(newest), Ok(readers)) = (self.store.newest(), self.env.durable_object("READER")) else { return };
        for name in self.readers.to_tell(newest, clock::now()) {
            let mut init = RequestInit::new();
            init.with_method(Method::Post).with_body(Some(newest.to_string().into()));
            let told = Request::new_with_init(TOLD, &init).and_then(|request| Ok((readers.get_by_name(&name)?, request)));
            if let Ok((reader, request)) = told {
                self.state.wait_until(async move {
                    // It asks within two seconds, whether it was told or not.
                    reader.fetch_with_request(request).await.ok();
                });
            }
        }
    }

    async fn answer(&self, mut request: Request) -> Result<Response, Problem> {
        let path = request.path();
        let told = request.headers().get(ENVIRONMENT)?;
        self.registered.get_or_init(|| told.as_deref().and_then(EnvironmentName::parse));
        self.check_is_no_restore(&path)?;
        self.take_up_restore()?;
        if path.starts_with("/admin/restore/pieces") {
            return self.administer(request).await;
        }
        if self.restoring.get() {
            return self.answer_restoring(&path, &Query::any(&request.inner().url())?);
        }
        self.check_access(&path, &request.method())?;
        self.keep_name()?;
        if let Err(problem) = self.opening.attempt(clock::now(), || self.open()) {
            console_error!("the store was not opened for writing: {}", problem.why());
        }
        self.take_time(&request)?;
        if path.starts_with("/admin/") {
            return self.administer(request).await;
        }
        match (request.method(), path.as_str()) {
            (Method::Post, "/sums") => {
                let now = self.time_of(&request)?;
                let body = request.text().await?;
                self.check_open()?;
                self.take_sums(&body, now).await
            }
            (Method::Post, "/break-glass") => {
                let now = clock::told(&request, &*settings::of(&self.env)?);
                let by = request.text().await?;
                self.import_first_if_empty().await?;
                self.check_open()?;
                self.note_break_glass(&by, now)
            }
            (Method::Post, "/token-use") => {
                let now = self.time_of(&request)?;
                let token = request.text().await?;
                self.check_open()?;
                self.note_token_use(&token, now)
            }
            (Method::Post, "/explaining") => {
                let asked = request.text().await?;
                self.check_open()?;
                self.explain(&asked)
            }
            (Method::Post, "/definitions") => {
                let asked = request.json().await?;
                self.check_open()?;
                self.definitions(&asked)
            }
            (Method::Post, PAGES) => {
                let asked = request.json().await?;
                self.check_open()?;
                self.pages(&asked)
            }
            (Method::Post, _) => {
                let asked = request.json().await?;
                self.check_open()?;
                self.owners(&asked)
            }
            (_, "/document") => self.document(Text::Serving).await,
            (_, "/written") => match Query::of(&request.inner().url(), &["version"])?.number("version")? {
                None => self.document(Text::Written).await,
                Some(version) => self.document_of(version).await,
            },
            (_, "/summary") => self.summary().await,
            (_, "/keys") => self.keys(),
            (_, "/registered") => self.registered_names(),
            (_, "/stages") => self.stages(),
            (_, "/metrics") => self.metrics(&request).await,
            _ => self.newest(&request).await,
        }
    }

    /// Sets the alarm, which the runtime gives up if it failed often, to the earliest job, those of schedules among them; and renews an epoch
    /// that was lost.
    fn open(&self) -> Result<(), Problem> {
        if self.store.access()? != Access::Write {
            return Ok(());
        }
        schedules::mend_jobs(&self.store, clock::now())?;
        self.arm()?;
        self.renew_lost_epoch()
    }

    /// Refuses requests that would misread or spoil a store that a later release wrote.
    fn check_access(&self, path: &str, method: &Method) -> Result<(), Problem> {
        // The way back to an earlier release is a restore over the store of the later one.
        if path == "/admin/restore" {
            return Ok(());
        }
        let is_change = matches!(path, "/sums" | "/break-glass" | "/token-use")
            || path.starts_with("/admin/") && !matches!(method, Method::Get | Method::Head);
        match self.store.access()? {
            Access::Serve if is_change => Err(Problem::later_store("write")),
            Access::Write | Access::Serve => Ok(()),
            Access::Nothing => Err(Problem::later_store("read")),
        }
    }

    /// Refuses everything while a backup is being restored. A request that awaited something calls this again: a restore may have begun
    /// meanwhile.
    fn check_open(&self) -> Result<(), Problem> {
        if self.restoring.get() { Err(Problem::no_ruleset("RESTORING", "the hub is being restored")) } else { Ok(()) }
    }

    /// The newest ruleset; an empty answer if the isolate has it already. With `version` or `at`, a ruleset of the past.
    async fn newest(&self, request: &Request) -> Result<Response, Problem> {
        self.import_first_if_empty().await?;
        let query = Query::of(&request.inner().url(), &["since", "version", "at"])?;
        let since = query.version("since")?;
        self.renew_if_put_back(since)?;
        let version = self.ground.newest(&self.store)?.version;
        if query.get("version").or(query.get("at")).is_some() {
            return self.past(&query, version);
        }
        if since == Some(version) {
            return Ok(Response::empty()?.with_status(204));
        }
        let ground = self.ground.newest(&self.store)?;
        let proof = match request.headers().get(HOLDS)?.as_deref() {
            Some(DIGESTED_ROWS) => Some(Proof::Digest),
            Some(ROWS) => Some(Proof::EntityTag),
            Some(_) | None => None,
        };
        let changes = match since.zip(proof) {
            Some((since, proof)) => self.news.changes(&self.store, &ground, since, proof)?,
            None => None,
        };
        let text = match changes {
            Some(text) => text,
            None => self.news.whole(&self.store, &ground, self.refused.borrow().clone())?,
        };
        Ok(ResponseBuilder::new().with_header(VERSION, &ground.version.to_string())?.ok(&*text)?)
    }

    /// The ruleset that served at a version, or at a moment.
    fn past(&self, query: &Query, newest: Version) -> Result<Response, Problem> {
        let version = match query.get("at").and_then(|at| at.parse().ok()) {
            Some(at) => self.store.version_at(Millis(at))?,
            None => query.number("version")?,
        };
        let version = version.filter(|version| (1..=newest.number).contains(version)).ok_or_else(Problem::no_version)?;
        let rows = self.store.rows(Wanted::UnpagedAt(version))?;
        let bucket_key = rows.bucket_key().ok_or_else(Problem::no_version)?.to_hex();
        // This release may refuse rows that an earlier one served, then as now.
        let CompiledRows { sound, errors, error_count, is_served, .. } =
            compile_rows(&rows, &mut Compiler::new()).map_err(|error| Problem::document(&error))?;
        if let Some(refusal) = errors.first().filter(|_| !is_served) {
            return Err(Problem::document(refusal));
        }
        let document = RawValue::from_string(sound.as_ref().unwrap_or(&rows).compose(false)).map_err(worker::Error::from)?;
        let pages = self.store.pages(Some(version))?;
        let epoch = newest.epoch;
        let answer = RulesetAnswer {
            epoch,
            version,
            bucket_key,
            pages,
            document: Some(&*document),
            errors: error_count,
            digest: None,
            refused: None,
            keys: Some(Vec::new()),
            stream_key: None,
            environment: None,
            environments: Vec::new(),
            since: None,
            rows: Vec::new(),
            sum: None,
            receipts: None,
        };
        Ok(Response::from_json(&answer)?)
    }

    /// The record of the newest change that made an answer what it is; `null` if there is none, or if the answer is of another epoch.
    fn explain(&self, asked: &str) -> Result<Response, Problem> {
        let asked: Explaining<'_> = serde_json::from_str(asked).map_err(worker::Error::from)?;
        if asked.epoch != self.store.newest()?.epoch {
            return Ok(Response::from_json(&())?);
        }
        let record = self.store.explaining(&ForExplain {
            flag: &asked.flag,
            layer: &asked.layer,
            customer: asked.customer.as_deref(),
            organization: asked.organization.as_deref(),
            version: asked.version,
        })?;
        let record = self.newer_import(&asked, record)?;
        let json = record.map(|record| admin::view::stored(&record)).transpose()?;
        Ok(Response::from_json(&json)?)
    }

    /// The keys alone, for an isolate that does not hold the ruleset.
    fn keys(&self) -> Result<Response, Problem> {
        let ground = self.ground.newest(&self.store)?;
        let answer = ResponseBuilder::new().with_header(VERSION, &ground.version.to_string())?;
        Ok(answer.from_json(&keys_in_use(&ground)?)?)
    }

    /// Rows about owners, each as it was at the version of its page that is asked for, as many as fit into one answer.
    fn owners(&self, asked: &WantedOwners) -> Result<Response, Problem> {
        let newest = self.store.newest()?;
        let epoch = newest.epoch;
        if asked.epoch != epoch {
            return Ok(Response::empty()?.with_status(204));
        }
        let (mut pages, mut bytes) = (Vec::new(), 0);
        for page in &asked.pages {
            // A row of a kind that this release does not know is not there.
            let known = |(kind, name): &(String, String)| Some(RowKey { kind: RowKind::from_name(kind)?, name: name.clone() });
            let keys: Vec<RowKey> = page.owners.iter().filter_map(known).filter(|key| key.page() == Some(page.number)).collect();
            let rows = self.store.rows(Wanted::KeysAt(&keys, page.version))?;
            let filter = if page.lacks_filter { self.filters.get(&self.store, epoch, page)? } else { None };
            let owner = |key: &RowKey| {
                let tree = rows.text(key).map(str::to_owned);
                Owner { kind: key.kind.as_str().to_owned(), name: key.name.clone(), tree }
            };
            let owners: Vec<Owner> = keys.iter().map(owner).collect();
            bytes += owners.iter().map(|owner| owner.name.len() + owner.tree.as_ref().map_or(0, String::len)).sum::<usize>();
            bytes += filter.as_ref().map_or(0, String::len);
            if bytes > MOST_BYTES && !pages.is_empty() {
                break;
            }
            pages.push(Page { number: page.number, version: page.version, filter, owners });
        }
        Ok(ResponseBuilder::new().with_header(VERSION, &newest.to_string())?.from_json(&pages)?)
    }

    /// Whole pages of overrides, each as it was at the version that is asked for.
    fn pages(&self, asked: &WantedPages) -> Result<Response, Problem> {
        if asked.epoch != self.store.newest()?.epoch {
            return Ok(Response::empty()?.with_status(204));
        }
        let mut pages = Vec::with_capacity(asked.pages.len());
        for (page, version) in &asked.pages {
            let rows = self.store.rows(Wanted::PageAt(*page, *version))?;
            let owner = |(key, tree): (&RowKey, &str)| Owner {
                kind: key.kind.as_str().to_owned(),
                name: key.name.clone(),
                tree: Some(tree.to_owned()),
            };
            pages.push(Page { number: *page, version: *version, filter: None, owners: rows.iter().map(owner).collect() });
        }
        Ok(Response::from_json(&pages)?)
    }

    /// The whole document with all overrides, as one text.
    async fn document(&self, wanted: Text) -> Result<Response, Problem> {
        let version = self.version().await?;
        let ground = self.ground.newest(&self.store)?;
        let mut rows = match wanted {
            Text::Serving => ground.sound().clone(),
            Text::Written => ground.rows.clone(),
        };
        rows.append(self.store.rows(Wanted::Paged)?);
        let bucket_key = rows.bucket_key().map(BucketKey::to_hex).unwrap_or_default();
        let answer = ResponseBuilder::new().with_header(VERSION, &version.to_string())?.with_header(BUCKET_KEY, &bucket_key)?;
        let text = match wanted {
            Text::Serving => rows.compose(true),
            Text::Written => rows.compose_as_written(),
        };
        Ok(answer.ok(text)?)
    }

    /// The document as operators had written it at a version, with the overrides of then.
    async fn document_of(&self, version: u32) -> Result<Response, Problem> {
        let newest = self.version().await?;
        if !(1..=newest.number).contains(&version) {
            return Err(Problem::no_version());
        }
        let mut rows = self.store.rows(Wanted::UnpagedAt(version))?;
        let bucket_key = rows.bucket_key().ok_or_else(Problem::no_version)?.to_hex();
        for (page, _) in self.store.pages(Some(version))? {
            rows.append(self.store.rows(Wanted::PageAt(page, version))?);
        }
        let at = Version { number: version, ..newest };
        let answer = ResponseBuilder::new().with_header(VERSION, &at.to_string())?.with_header(BUCKET_KEY, &bucket_key)?;
        Ok(answer.ok(rows.compose_as_written())?)
    }

    /// The newest version, after an empty store was filled; refused if there is no document.
    async fn version(&self) -> Result<Version, Problem> {
        self.import_first_if_empty().await?;
        let ground = self.ground.newest(&self.store)?;
        if ground.has_document() { Ok(ground.version) } else { Err(self.nothing_to_serve()) }
    }

    async fn summary(&self) -> Result<Response, Problem> {
        self.import_first_if_empty().await?;
        let ground = self.ground.newest(&self.store)?;
        let Version { epoch, number: version } = ground.version;
        let (flags, errors) = (ground.ruleset.len(), ground.error_count);
        let is_recent = |used: &Millis| (0..DAY_MS).contains(&(clock::now().0 - used.0));
        let used = break_glass_used(&ground.rows).filter(is_recent);
        let used = used.map(|used| format!(r#","breakGlassUsedAt":"{}""#, used.to_rfc3339())).unwrap_or_default();
        Ok(ResponseBuilder::new().ok(format!(r#"{{"epoch":"{epoch}","version":{version},"flags":{flags},"errors":{errors}{used}}}"#))?)
    }

    /// The names of the environments that this hub, the first one, has registered.
    fn registered_names(&self) -> Result<Response, Problem> {
        let names: Vec<EnvironmentName> = environments(&self.ground.newest(&self.store)?.rows).map(|(name, _)| name).collect();
        Ok(Response::from_json(&names)?)
    }

    /// Definitions at the newest version.
    fn definitions(&self, [flags, segments]: &[Vec<String>; 2]) -> Result<Response, Problem> {
        let ground = self.ground.newest(&self.store)?;
        let paged = rows::Rows::default();
        // A flag may be named by an alias; one that does not compile has none.
        let key = |name: &String| ground.held(&paged).feature(name).map_or_else(|| name.clone(), |feature| feature.key);
        let flags: Vec<String> = flags.iter().map(key).collect();
        let of = |kind, names: &[String]| -> Result<String, Problem> {
            let found = definitions(&ground.rows, kind, names)
                .map_err(|missing| Problem::refused(422, "COPY_REFUSED", format!("the source has no {missing}"), missing))?;
            Ok(serde_json::to_string(&found).map_err(worker::Error::from)?)
        };
        let (flags, segments) = (of(RowKind::Flag, &flags)?, of(RowKind::Segment, segments)?);
        let answer = ResponseBuilder::new().with_header(VERSION, &ground.version.to_string())?;
        Ok(answer.ok(format!(r#""flags":{flags},"segments":{segments}"#))?)
    }

    /// Fills the empty store of the first environment with the document that the deployment brings, if it brings one.
    async fn import_first_if_empty(&self) -> Result<(), Problem> {
        if self.registered().is_some() || self.has_not_looked()? {
            return Ok(());
        }
        if self.store.newest()?.number > 0 || self.store.access()? != Access::Write {
            return Ok(());
        }
        let Ok(folder) = self.env.service("IMPORT") else { return Ok(()) };
        let mut found = folder.fetch("http://import/flags.json", None).await?;
        self.check_open()?;
        if found.status_code() != 200 {
            return Ok(());
        }
        let text = found.text().await?;
        // While the file was read, another request may have imported it, or a newer document.
        self.check_open()?;
        if self.store.newest()?.number > 0 {
            return Ok(());
        }
        let actor = Actor::system("the document that the deployment brings", clock::now());
        match self.execute(&actor, &Command::Import { document: text, state: rows::State::Keep, allowed: Allowed::default() }) {
            Ok((_, outcome)) => {
                let left_out = outcome.imported.iter().flat_map(|imported| &imported.errors);
                left_out.for_each(|error| console_warn!("{}: {}", error.pointer, error.message));
                self.write_journal().await?;
            }
            Err(problem) => drop(self.refused.replace(Some(problem.detail))),
        }
        Ok(())
    }

    fn nothing_to_serve(&self) -> Problem {
        match &*self.refused.borrow() {
            Some(why) => Problem::no_ruleset("DOCUMENT_REFUSED", why.clone()),
            None => Problem::no_ruleset("NO_RULESET", "no document was imported yet"),
        }
    }
}

/// The rows of the keys that were not revoked. A revoked key opens nothing, so isolates do not need it.
fn keys_in_use(ground: &Ground) -> Result<Vec<Box<RawValue>>, Problem> {
    let in_use = ground.rows.of(RowKind::Key).filter(|(_, row)| Key::from_row(row).is_some_and(|key| key.revoked_at.is_none()));
    Ok(in_use.map(|(_, row)| RawValue::from_string(row.to_owned())).collect::<serde_json::Result<_>>().map_err(worker::Error::from)?)
}
