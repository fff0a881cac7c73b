//! A hub whose store is Postgres: its SQLite follows the journal there.
//!
//! A command is decided on the hub's own rows and waits in the outbox of the store ([`crate::store::journal`]). Then one call to the database
//! adds it to the journal, and only what stands there is taken into the hub's rows, answered and pushed. Where another hub was first, or SQL
//! changed a row, the call writes nothing: the hub takes the news and carries the request out again. Reads never ask the database: without
//! it they go on from the last good state, and commands are refused until it is back.
use std::{
    cell::{Cell, OnceCell},
    collections::BTreeMap,
    rc::Rc,
};

use control::{CommandOutcome, MAX_REASON, SqlEdit, change::Actor, rows::RowKind};
use sdk_core::{OwnerKind, document::compile_for_sql};
use worker::{Method, Request, Response, console_error, console_warn};

use super::{
    FlagHub, push,
    record::{Beside, jobs_of_rows, uuid, write},
    webhooks::{self, Behind},
};
use crate::{
    clock,
    environment::object_of,
    problem::Problem,
    settings,
    store::{
        Read, Store, Wanted,
        journal::{Entry, Position},
        postgres::{Answered, Appended, EditLine, News, Postgres, Unavailable},
    },
    version::Epoch,
};

/// The milliseconds between two looks at the journal.
pub(super) const LOOK_MS: i64 = 1_000;
/// The times that a request is carried out, while others are first.
pub(super) const TRIES: u32 = 12;
/// The rounds of news that one look takes; the next look goes on.
const ROUNDS: u32 = 100;
/// The kinds of rows whose compiled form the database has, too.
const DEFINITIONS: [RowKind; 5] = [RowKind::Flag, RowKind::Segment, RowKind::Order, RowKind::Member, RowKind::BucketKey];

/// The journal of a hub.
pub(super) struct Journal {
    postgres: Postgres,
    /// The name of the hub's object.
    hub: String,
    /// The holder of the lock may move the place in the journal; requests get the lock in the order of asking.
    turn: tokio::sync::Mutex<()>,
    /// True once this object has seen the end of the journal.
    has_looked: Cell<bool>,
    /// True if the database did not answer the last look.
    is_away: Cell<bool>,
    /// True while a store that started over takes the journal anew: targets were told of these entries.
    is_replaying: Cell<bool>,
    /// True if the database was put back behind what this hub had taken, and the epoch is to be renewed.
    is_put_back: Cell<bool>,
}

/// The journal of the hub, if its deployment has one; read from the settings at first use.
pub(super) type HeldJournal = OnceCell<Option<Rc<Journal>>>;

impl FlagHub {
    /// The journal; `None` if the hub's own SQLite is all there is.
    pub(super) fn journal(&self) -> Result<Option<Rc<Journal>>, Problem> {
        if let Some(known) = self.journal.get() {
            return Ok(known.clone());
        }
        let journal = match settings::of(&self.env)?.store.clone() {
            None => None,
            Some(address) => {
                // Before anything can fail: no commit may pass the journal by.
                self.store.outbox().turn_on();
                let hub =
                    self.state.id().name().ok_or("the runtime does not tell the name of the hub's object").map_err(worker::Error::from)?;
                Some(Rc::new(Journal {
                    postgres: Postgres::new(&self.env, address),
                    hub,
                    turn: tokio::sync::Mutex::new(()),
                    has_looked: Cell::default(),
                    is_away: Cell::default(),
                    is_replaying: Cell::default(),
                    is_put_back: Cell::default(),
                }))
            }
        };
        Ok(self.journal.get_or_init(|| journal).clone())
    }

    /// Returns true if the hub has a journal whose end it has not seen since it started.
    pub(super) fn has_not_looked(&self) -> Result<bool, Problem> {
        Ok(self.journal()?.is_some_and(|journal| !journal.has_looked.get()))
    }

    /// Returns true if the hub has a journal whose database did not answer the last look.
    pub(super) fn is_journal_away(&self) -> Result<bool, Problem> {
        Ok(self.journal()?.is_some_and(|journal| journal.is_away.get()))
    }

    /// Answers a request, and carries it out again while others are first.
    pub(super) async fn answer_journaled(&self, mut request: Request) -> Result<Response, Problem> {
        if self.has_not_looked()?
            && let Err(problem) = self.catch_up().await
        {
            console_error!("the journal could not be read: {}", problem.why());
        }
        let is_once = matches!(request.method(), Method::Get | Method::Head) || is_stream(&request.path());
        for tries in 1.. {
            let again = if is_once || tries == TRIES { None } else { Some(request.clone()?) };
            let outcome = match self.answer(request).await {
                Ok(response) => self.write_journal().await.map(|()| response),
                Err(problem) => {
                    self.store.outbox().take();
                    Err(problem)
                }
            };
            match (outcome, again) {
                (Err(problem), Some(next)) if problem.is_conflict() => {
                    self.catch_up().await?;
                    request = next;
                }
                (outcome, _) => return outcome,
            }
        }
        Err(Problem::conflict())
    }

    /// Refuses what would put back the hub's own rows: they follow the database.
    pub(super) fn check_is_no_restore(&self, path: &str) -> Result<(), Problem> {
        let is_restore = path.starts_with("/admin/restore");
        if is_restore && self.journal()?.is_some() {
            let why = "the store of this deployment is Postgres: put the database back, by its own means";
            return Err(Problem::refused(409, "STORE_IS_POSTGRES", why, String::new()));
        }
        Ok(())
    }

    /// Adds to the journal what a command has decided, and takes it into the store once it stands there. Without a journal, or if nothing
    /// waits, there is nothing to do.
    pub(super) async fn write_journal(&self) -> Result<(), Problem> {
        self.write_journal_with(&[]).await
    }

    async fn write_journal_with(&self, takes: &[i64]) -> Result<(), Problem> {
        let Some(journal) = self.journal()? else { return Ok(()) };
        let Some(entry) = self.store.outbox().take() else { return Ok(()) };
        let settled = self.append(&journal, &entry, takes).await;
        if settled.is_err() {
            // It is the ground of a version that was not made.
            self.ground.forget();
        }
        settled
    }

    async fn append(&self, journal: &Journal, entry: &Entry, takes: &[i64]) -> Result<(), Problem> {
        let compiled = self.compiled_with(journal, entry);
        let text = entry.text()?;
        let _turn = journal.turn.lock().await;
        if !journal.has_looked.get() {
            return Err(Problem::store_away("the journal was not read yet"));
        }
        // A record that makes no version leaves the version as it was: the number of the first record says if another one came between.
        if self.store.newest()? != entry.expected() || !entry.is_behind(self.store.head()?.link.sequence) {
            return Err(Problem::conflict());
        }
        let behind = self.store.position()?.map_or(0, |position| position.number);
        let id = uuid()?;
        let appended = Appended { hub: &journal.hub, behind, id: &id, entry: &text, compiled: compiled.as_deref(), takes };
        match journal.postgres.append(&appended).await {
            Ok(Answered::Done) => self.take_entry(entry, &Position { number: behind + 1, entry: id }),
            Ok(Answered::Behind) => Err(Problem::conflict()),
            Err(unavailable) => Err(unavailable.into()),
        }
    }

    /// The rows of the definitions that an entry leads to, for the database; `None` if it changes none, or if the document does not compile.
    fn compiled_with(&self, journal: &Journal, entry: &Entry) -> Option<String> {
        if journal.hub != object_of(None) || !entry.writes_any(&DEFINITIONS) {
            return None;
        }
        let ground = self.ground.of(entry.version())?;
        compile_for_sql(&ground.sound().compose(false), ground.rows.bucket_key()).ok().map(|(rows, _)| rows)
    }

    fn take_entry(&self, entry: &Entry, position: &Position) -> Result<(), Problem> {
        let push = if entry.has_writes() { push::job_behind(&self.store, entry.expected(), entry.at())? } else { None };
        // Each hub of the database has jobs of its own: the first one that carries a schedule out ends it, and a target may be told by each.
        let Behind { mut jobs, webhooks } = entry.with_commit(&[], |commit| {
            let is_replaying = self.journal.get().and_then(Option::as_ref).is_some_and(|journal| journal.is_replaying.get());
            let Some(first) = commit.records.first().filter(|_| !is_replaying) else { return Ok(Behind::default()) };
            let rows = self.store.rows(Wanted::Kind(RowKind::Webhook))?;
            let before = first.link.sequence - 1;
            webhooks::behind(&self.store, &rows, commit, before, entry.at())
        })?;
        jobs.extend(push);
        jobs.extend(entry.with_commit(&[], |commit| Ok(jobs_of_rows(commit.writes)))?);
        self.store.take(entry, position, &jobs, &webhooks)?;
        if !entry.has_writes() {
            // The ground has the newest record, and no version tells that there is a newer one.
            self.ground.forget();
        }
        Ok(())
    }

    /// Takes what the journal has and this hub has not, and takes into the journal what SQL has changed. Without a journal it does nothing.
    pub(super) async fn catch_up(&self) -> Result<(), Problem> {
        let Some(journal) = self.journal()? else { return Ok(()) };
        for _ in 0..ROUNDS {
            let (is_end, edits) = self.look(&journal).await?;
            if !is_end {
                continue;
            }
            if !edits.is_empty() {
                self.take_edits(&journal, edits).await?;
                continue;
            }
            if journal.is_put_back.get() {
                let why = "the database was put back to an earlier state, or is another one";
                self.renew_epoch_because(why)?;
                self.write_journal().await?;
                journal.is_put_back.set(false);
            }
            return Ok(());
        }
        Ok(())
    }

    /// Takes a slice of the journal. Returns true if it was the last one, and what SQL has changed.
    async fn look(&self, journal: &Journal) -> Result<(bool, Vec<EditLine>), Problem> {
        let _turn = journal.turn.lock().await;
        let held = self.store.position()?;
        let position = held.clone().unwrap_or_else(Position::start);
        let told = journal.postgres.news(&journal.hub, position.number).await;
        journal.is_away.set(told.is_err());
        let news: News = serde_json::from_str(&told?).map_err(worker::Error::from)?;
        if held.is_none() && !self.store.is_new()? {
            let why = "this hub has a history of its own, and the database has another: start on an empty folder, or without STORE";
            return Err(Problem::no_ruleset("STORE_NOT_EMPTY", why));
        }
        let is_lost = self.store.newest()?.epoch == Epoch::LOST;
        if held.is_none() || is_lost || !news.follows(&position) {
            if is_lost {
                console_warn!("the store had lost the row about itself, with its epoch: the hub takes the journal anew");
            }
            journal.is_put_back.set(!is_lost && held.is_some_and(|held| held.number > 0));
            journal.is_replaying.set(true);
            self.store.start_over(&news.identity)?;
            self.is_name_kept.set(false);
            self.keep_name()?;
            self.store.keep_receipt_key(&news.identity.receipt_key)?;
            self.ground.forget();
            return Ok((false, Vec::new()));
        }
        for (number, id, text) in &news.entries {
            self.take_entry(&Entry::parse(text)?, &Position { number: *number, entry: id.clone() })?;
        }
        let is_end = news.entries.last().map_or(position.number, |(number, ..)| *number) >= news.newest;
        if is_end {
            journal.has_looked.set(true);
            journal.is_replaying.set(false);
        }
        Ok((is_end, news.edits))
    }

    /// Takes rows that SQL changed into the journal: the states of flags one by one, those of owners together.
    async fn take_edits(&self, journal: &Journal, edits: Vec<EditLine>) -> Result<(), Problem> {
        let mut of_owners: BTreeMap<(String, String), Vec<(i64, SqlEdit)>> = BTreeMap::new();
        for (number, kind, name, actor, reason, _, row) in edits {
            let edit = match kind.as_str() {
                "customer" => SqlEdit::Owner { owner: OwnerKind::Customer, id: name, tree: row },
                "organization" => SqlEdit::Owner { owner: OwnerKind::Organization, id: name, tree: row },
                _ => {
                    self.take_edit(journal, &by_sql(&actor, &reason), vec![(number, SqlEdit::State { flag: name, state: row })]).await?;
                    continue;
                }
            };
            of_owners.entry((actor, reason)).or_default().push((number, edit));
        }
        for ((actor, reason), edits) in of_owners {
            self.take_edit(journal, &by_sql(&actor, &reason), edits).await?;
        }
        Ok(())
    }

    /// Takes rows into one entry. A row that is refused, or is so already, waits no more.
    async fn take_edit(&self, journal: &Journal, actor: &Actor, edits: Vec<(i64, SqlEdit)>) -> Result<(), Problem> {
        let ground = self.ground()?;
        let (mut outcome, mut takes, mut same) = (CommandOutcome::default(), Vec::new(), Vec::new());
        for (number, edit) in edits {
            let paged = match &edit {
                SqlEdit::Owner { owner: OwnerKind::Customer, id, .. } => self.about(Some(id), None)?,
                SqlEdit::Owner { owner: OwnerKind::Organization, id, .. } => self.about(None, Some(id))?,
                SqlEdit::State { flag, .. } => self.of_rollout(&ground, flag)?,
            };
            match self.ground.edited_by_sql(&ground, &paged, &edit, actor) {
                Ok(edited) if edited.writes.is_empty() => same.push(number),
                Ok(edited) => {
                    takes.push(number);
                    outcome.writes.extend(edited.writes);
                    outcome.changes.extend(edited.changes);
                    outcome.events.extend(edited.events);
                    outcome.ruleset = edited.ruleset.or(outcome.ruleset);
                }
                Err(refusal) => {
                    console_error!("a change by SQL is refused: {edit:?}: {}", refusal.detail);
                    journal.postgres.refuse(&[number], Some(&refusal.detail)).await?;
                }
            }
        }
        if !same.is_empty() {
            journal.postgres.refuse(&same, None).await?;
        }
        if outcome.writes.is_empty() {
            return Ok(());
        }
        write(&self.store, &self.ground, ground, outcome, actor, Beside::default(), |_, _| Ok(String::new()))?;
        match self.write_journal_with(&takes).await {
            // The next round looks again.
            Err(problem) if problem.is_conflict() => Ok(()),
            settled => settled,
        }
    }
}

/// Returns true for a request whose body is read slice by slice, and is carried out slice by slice.
fn is_stream(path: &str) -> bool {
    path.starts_with("/admin/overrides/import") || path.starts_with("/admin/restore")
}

fn by_sql(actor: &str, reason: &str) -> Actor {
    let reason = reason.replace('\0', " ");
    let end = reason.floor_char_boundary(MAX_REASON);
    Actor {
        subject: format!("sql:{actor}"),
        role: "sql".to_owned(),
        on_behalf_of: None,
        reason: reason.get(..end).unwrap_or_default().to_owned(),
        at: clock::now(),
    }
}

impl From<Unavailable> for Problem {
    fn from(unavailable: Unavailable) -> Self {
        match unavailable {
            Unavailable::Away(why) => Self::store_away(&why),
            Unavailable::Refused(why) => {
                Self::refused(422, "STORE_REFUSED", format!("the database refuses the change: {why}"), String::new())
            }
        }
    }
}
