//! Backs a hub up to a file, and restores one: `GET /api/admin/backup`, `POST /api/admin/restore`.
//!
//! The file is lines of JSON, whose forms `store/backup.rs` defines. A backup is the hub as it was when the backup began, however long it
//! takes. A restore takes all of a file or nothing: until its end, nothing that the hub holds is lost. To replace a hub that was written
//! to, the request names the hash of its newest record as `?replace=`, so that operators replace only a state that they have seen. For a
//! backup of another environment it names that one as `?from=`.
//!
//! A large hub is backed up in pieces, `?after=`, each of which is a request of its own and names where the next one begins; and restored
//! from them by `restore_pieces.rs`.
use std::time::Duration;

use control::{
    BeforeRestore,
    change::{Action, Actor, Hash, Hashes, Link, Verifier},
    check_reason, environments, settle,
};
use futures_util::{StreamExt, stream};
use serde::de::DeserializeOwned;
use worker::{Delay, Request, Response, ResponseBuilder, console_error};

use super::{
    FlagHub,
    admin::check_reason_given,
    baseline, environment_state,
    execute::Decision,
    ndjson::{self, Arrived, ArrivingLines},
    schedules, wire,
    written_rows::Budget,
};
use crate::{
    clock,
    problem::Problem,
    query::Query,
    store::{
        self, Access, HubStore, Read, Transfer, audit,
        backup::{Head, Line, PieceHead, PieceStart, PieceTail, Place, Sum, Tail},
    },
    version::{Epoch, Version},
};

/// The longest line that is read: a part of a row, every character of it escaped.
const MAX_LINE: usize = 4_000_000;
/// The pause between two slices, in which other requests are carried out.
pub(super) const PAUSE: Duration = Duration::from_millis(1);
/// The bytes of a piece of a backup: as many as are usual, at least and at most. A piece ends with the slice that reaches them.
const PIECE: u32 = 8_000_000;
const LEAST_PIECE: u32 = 1_000;
const MOST_PIECE: u32 = 16_000_000;
/// The place of the first piece.
const FIRST_PIECE: &str = "start";

impl FlagHub {
    /// GET `?after=&bytes=`: the whole hub as one file or, with `after`, one piece of it.
    pub(super) fn back_up(&self, query: &Query) -> Result<Response, Problem> {
        let store = store::open(&self.state);
        let newest = store.newest()?;
        let mut sum = Sum::default();
        let Some(after) = query.get("after") else {
            if query.get("bytes").is_some() {
                return Err(Problem::malformed("expected after beside bytes"));
            }
            let head = store.backup_head()?;
            let first = line(&mut sum, &head)?;
            return stream_of(first, Reading { store, head, epoch: newest.epoch, place: Some(Place::default()), sum, piece: None });
        };
        let left = query.number("bytes")?.unwrap_or(PIECE);
        if !(LEAST_PIECE..=MOST_PIECE).contains(&left) {
            return Err(Problem::malformed(format!("expected bytes to be from {LEAST_PIECE} to {MOST_PIECE}")));
        }
        let (start, head) = self.piece(after)?;
        let before = start.before.to_hex();
        let first = line(&mut sum, &PieceHead { piece: start.piece, before, of: head.clone() })?;
        let place = Some(start.place);
        stream_of(first, Reading { store, head, epoch: newest.epoch, place, sum, piece: Some((start, u64::from(left))) })
    }

    /// The piece that begins where a query says, and the contents of all pieces. Refuses a place that this hub cannot have named.
    fn piece(&self, after: &str) -> Result<(PieceStart, Head), Problem> {
        let newest = self.store.newest()?;
        let head = self.store.backup_head()?;
        if after == FIRST_PIECE {
            let upto = (head.version, head.records, head.events);
            let start = PieceStart { piece: 1, epoch: newest.epoch, upto, place: Place::default(), before: Hash::NONE };
            return Ok((start, head));
        }
        let expected = || Problem::malformed(format!("expected after to be {FIRST_PIECE}, or the next of a piece"));
        let start: PieceStart = after.parse().map_err(|()| expected())?;
        if start.epoch != newest.epoch {
            return Err(Problem::refused(409, "OTHER_EPOCH", "the hub was restored since the first piece was made", String::new()));
        }
        let (version, records, events) = start.upto;
        if start.piece < 2 || version > head.version || records > head.records {
            return Err(expected());
        }
        let last = if records == 0 { None } else { self.store.records(records - 1, 1)?.pop() };
        let chain = last.map_or(Hash::NONE, |record| record.hashes.chain).to_hex();
        Ok((start, Head { version, records, chain, events, ..head }))
    }

    pub(super) async fn restore(&self, mut request: Request) -> Result<Response, Problem> {
        let mut query = Query::any(&request.inner().url())?;
        self.take_environment(&mut query)?;
        let wish = self.check_wish(&request, &query)?;
        self.begin_restore()?;
        let outcome = self.take(&mut request).await.and_then(|()| self.settle(&wish));
        self.end_restore(outcome)
    }

    /// The facts that a restore keeps, and what its request says. Refuses a restore over a hub that the operator has not seen.
    pub(super) fn check_wish(&self, request: &Request, query: &Query) -> Result<Wish, Problem> {
        let actor = request.headers().get(wire::ACTOR)?.map(|actor| wire::decoded(&actor)).unwrap_or_default();
        let text = |name: &str| query.get(name).map(str::to_owned);
        check_reason_given(&actor, query.get("reason"))?;
        query.get("reason").map_or(Ok(()), check_reason)?;
        match query.get("replace") {
            None => self.check_untouched()?,
            Some(named) => self.check_head(named)?,
        }
        let before = self.before_restore(query.get("replace").is_none())?;
        // Of a store that a later release wrote nothing can be read.
        let is_readable = self.store.access()? != Access::Nothing;
        let untold = if is_readable { environment_state::pending(&self.store)? } else { Vec::new() };
        Ok(Wish { before, from: text("from"), reason: text("reason"), untold })
    }

    /// Has the tables step aside. The hub answers isolates from memory from now on.
    pub(super) fn begin_restore(&self) -> Result<(), Problem> {
        self.hold_answers();
        self.store.begin_restore()?;
        self.restoring.set(true);
        Ok(())
    }

    /// Opens the hub again: as it was restored or, after a fault, as it was before.
    pub(super) fn end_restore(&self, outcome: Result<(), Problem>) -> Result<Response, Problem> {
        let ended = self.store.end_restore(outcome.is_ok());
        // A restore in pieces whose end failed has half a backup in the tables, and goes on.
        self.restoring.set(ended.is_err() && !matches!(self.store.restore_state(), Ok(None)));
        self.verification.take();
        ended?;
        if outcome.is_ok() {
            // Here and not as a job, so that the answer tells the newest record.
            baseline::ensure(&self.store, clock::now())?;
            self.ground.forget();
            // The tables that had it are gone.
            self.is_name_kept.set(false);
            self.keep_name()?;
            self.push_to_all()?;
        }
        self.open()?;
        outcome?;
        let Version { epoch, number: version } = self.store.newest()?;
        let audit::Head { link, chain, .. } = self.store.head()?;
        Ok(Response::from_json(&Restored { epoch, head: chain.to_hex(), records: link.sequence, success: true, version })?)
    }

    /// The facts that the restore keeps. A first hub that is new has no name yet, whatever document the deployment brought.
    fn before_restore(&self, is_new: bool) -> Result<BeforeRestore, Problem> {
        if let Some(name) = self.registered() {
            return Ok(BeforeRestore { environment: Some(name.to_string()), ..BeforeRestore::default() });
        }
        if self.store.access()? == Access::Nothing {
            return Ok(BeforeRestore::default());
        }
        let registered = environments(&self.ground()?.rows).collect();
        Ok(BeforeRestore { environment: self.environment()?.filter(|_| !is_new), registered })
    }

    /// Writes what the hub needs besides the rows of the backup, as long as these can still be undone.
    pub(super) fn settle(&self, wish: &Wish) -> Result<(), Problem> {
        let reason = wish.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        let actor = Actor::system(format!("a backup was restored{reason}"), clock::now());
        let ground = self.ground()?;
        let outcome = settle(&ground.rows, &wish.before, wish.from.as_deref(), actor.at)?;
        self.commit(&actor, Decision { ground, outcome, secrets: None }, None, |_, _| Ok(String::new()))?;
        // A backup has no jobs.
        environment_state::put_jobs(&self.store, &self.ground()?.rows, &wish.untold, clock::now())?;
        schedules::mend_jobs(&self.store, clock::now())
    }

    /// Refuses to restore over a store that an operator has written to. The import of a new deployment's own document does not count.
    fn check_untouched(&self) -> Result<(), Problem> {
        #[derive(serde::Deserialize)]
        struct By {
            role: String,
            action: String,
        }
        let newest = self.store.versions(None, 2)?;
        let by_system = |first: &str| {
            let by = serde_json::from_str::<By>(first);
            // A baseline tells nothing of its version's writer.
            by.is_ok_and(|by| by.role == "system" && by.action != Action::Baseline.as_str())
        };
        let is_untouched = match newest.as_slice() {
            [] => true,
            [only] => only.first.as_deref().is_some_and(by_system),
            _ => false,
        };
        if is_untouched { Ok(()) } else { Err(Problem::not_empty()) }
    }

    /// Refuses to replace a hub whose newest record has another hash than the named one.
    fn check_head(&self, named: &str) -> Result<(), Problem> {
        let head = self.store.head()?.chain.to_hex();
        if named == head { Ok(()) } else { Err(Problem::other_head(&head)) }
    }

    /// Writes the lines of a backup; refuses a file that is not whole or not consistent.
    async fn take(&self, request: &mut Request) -> Result<(), Problem> {
        let mut lines = Lines::new(request)?;
        let mut sum = Sum::default();
        let first = lines.next().await?.ok_or_else(|| Problem::malformed("expected a backup, found nothing"))?;
        let head: Head = read(&first, 1)?;
        if head.backup != 1 {
            return Err(Problem::malformed(format!("expected a backup of form 1, found form {}", head.backup)));
        }
        sum.add(&first);
        let (mut batch, mut budget, mut verifier) = (Vec::new(), Budget::SLICE, Verifier::default());
        let mut number = 1_u64;
        let tail: Tail = loop {
            number += 1;
            let text = lines.next().await?.ok_or_else(|| Problem::malformed(format!("the backup ends before line {number}")))?;
            if let Ok(tail) = serde_json::from_str(&text) {
                break tail;
            }
            let line: Line = read(&text, number)?;
            check(&mut verifier, &line, number)?;
            sum.add(&text);
            budget.spend(1, text.len());
            batch.push(line);
            if budget.is_spent() {
                self.write(&batch, number)?;
                batch.clear();
                budget = Budget::SLICE;
                Delay::from(PAUSE).await;
            }
        };
        self.write(&batch, number)?;
        if lines.next().await?.is_some() {
            return Err(Problem::malformed(format!("something stands behind the last line, {number}")));
        }
        if tail == sum.tail() { self.check_whole(&head) } else { Err(Problem::malformed(NOT_WHOLE)) }
    }

    /// Refuses a backup that has not brought what its first line says.
    pub(super) fn check_whole(&self, head: &Head) -> Result<(), Problem> {
        // The newest events may have been deleted while the backup was written.
        let events = head.events;
        if (Head { events, ..self.store.backup_head()? }) == *head { Ok(()) } else { Err(Problem::malformed(NOT_WHOLE)) }
    }

    fn write(&self, lines: &[Line], number: u64) -> Result<(), Problem> {
        self.store.restore(lines).map_err(|error| {
            console_error!("restore: {error}");
            Problem::malformed(format!("the lines up to {number} do not belong together"))
        })
    }
}

/// The facts that a restore keeps, and what its request says.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Wish {
    before: BeforeRestore,
    /// The environment of the backup, if that is another one.
    from: Option<String>,
    reason: Option<String>,
    /// The environments whose relays were not told their state yet.
    #[serde(default)]
    untold: Vec<String>,
}

/// A backup, or a piece of one, that is being read.
struct Reading {
    store: HubStore,
    head: Head,
    /// The epoch of the store when the reading began.
    epoch: Epoch,
    /// The next lines; `None` behind the last line.
    place: Option<Place>,
    sum: Sum,
    /// The beginning of the piece, and the bytes that it may still have; `None` for a whole backup.
    piece: Option<(PieceStart, u64)>,
}

impl Reading {
    /// The next lines, as many as one slice reads; `None` behind the last.
    async fn next(mut self) -> worker::Result<Option<(Vec<u8>, Self)>> {
        let Some(place) = self.place else { return Ok(None) };
        if self.store.newest()?.epoch != self.epoch {
            return Err(worker::Error::RustError("the hub was restored while it was backed up".to_owned()));
        }
        let is_full = matches!(self.piece, Some((_, 0)));
        let mut out = Vec::new();
        let found = if is_full { None } else { self.store.backup(&self.head, place)? };
        if let Some((lines, next)) = found {
            for one in &lines {
                out.extend(line(&mut self.sum, one)?);
            }
            if let Some((_, left)) = &mut self.piece {
                *left = left.saturating_sub(out.len() as u64);
            }
            self.place = Some(next);
            Delay::from(PAUSE).await;
            return Ok(Some((out, self)));
        }
        let tail = self.sum.tail();
        self.place = None;
        out = match &self.piece {
            None => line(&mut Sum::default(), &tail)?,
            Some((start, _)) => {
                let before = Hash::from_hex(&tail.sha256).unwrap_or(Hash::NONE);
                let next = PieceStart { piece: start.piece.saturating_add(1), place, before, ..start.clone() };
                let next = is_full.then(|| next.to_string());
                line(&mut Sum::default(), &PieceTail { lines: tail.lines, sha256: tail.sha256, next })?
            }
        };
        Ok(Some((out, self)))
    }
}

/// A response with a first line and all that is read behind it.
fn stream_of(first: Vec<u8>, reading: Reading) -> Result<Response, Problem> {
    let rest = stream::try_unfold(reading, Reading::next);
    let all = stream::once(async { Ok(first) }).chain(rest);
    Ok(ResponseBuilder::new().with_header("content-type", "application/x-ndjson")?.from_stream(all)?)
}

const NOT_WHOLE: &str = "the backup is not whole: what its first and last lines say is not what stands between them";

#[derive(serde::Serialize)]
struct Restored {
    epoch: Epoch,
    head: String,
    records: u64,
    success: bool,
    version: u32,
}

/// Refuses a record that does not continue the chain of those before it.
pub(super) fn check(verifier: &mut Verifier, line: &Line, number: u64) -> Result<(), Problem> {
    let (sequence, version, payload, payload_hash, rows, hash) = match line {
        Line::Change(sequence, version, payload, payload_hash, hash) => (sequence, version, payload, payload_hash, None, hash),
        Line::Record(sequence, version, payload, payload_hash, rows, hash) => (sequence, version, payload, payload_hash, Some(rows), hash),
        Line::Version(..) | Line::Row(..) | Line::PagedRow(..) | Line::Event(..) | Line::Stage(..) | Line::Usage(..) | Line::Guard(..) => {
            return Ok(());
        }
    };
    let wrong = |why: &str| Problem::malformed(format!("line {number}: {why}"));
    let hash_of = |text: &str| Hash::from_hex(text).ok_or_else(|| wrong("expected a hash of 64 hex digits"));
    let link = Link { sequence: *sequence, version: *version };
    let rows = rows.map(|rows| hash_of(rows)).transpose()?;
    let hashes = Hashes { payload: hash_of(payload_hash)?, rows, chain: hash_of(hash)? };
    verifier.next(link, payload.as_deref(), hashes).map_err(|why| wrong(&why))
}

fn line(sum: &mut Sum, value: &impl serde::Serialize) -> worker::Result<Vec<u8>> {
    let mut text = serde_json::to_string(value)?;
    sum.add(&text);
    text.push('\n');
    Ok(text.into_bytes())
}

pub(super) fn read<T: DeserializeOwned>(text: &str, number: u64) -> Result<T, Problem> {
    serde_json::from_str(text).map_err(|error| Problem::malformed(format!("line {number} is none of a backup: {error}")))
}

/// The lines of a backup as it arrives.
pub(super) struct Lines(ArrivingLines);

impl Lines {
    pub(super) fn new(request: &mut Request) -> Result<Self, Problem> {
        ArrivingLines::new(request, MAX_LINE, "a backup").map(Self)
    }

    /// The next line; `None` at the end. While a body is awaited the hub answers nothing else: so a line that is too long is refused before
    /// it ends.
    pub(super) async fn next(&mut self) -> Result<Option<String>, Problem> {
        match self.0.next().await? {
            None => Ok(None),
            Some(Arrived::Line(ndjson::Line::Text(text))) => Ok(Some(text)),
            Some(Arrived::Line(ndjson::Line::NotUtf8)) => Err(Problem::malformed("the backup is not UTF-8")),
            Some(Arrived::Line(ndjson::Line::TooLong) | Arrived::TooMuch) => {
                Err(Problem::malformed(format!("a line has more than {MAX_LINE} bytes")))
            }
            Some(Arrived::Rest(_)) => Err(Problem::malformed("the last line has no end")),
        }
    }
}
