//! Backs a hub up to a file, and restores one: `GET /api/admin/backup`, `POST /api/admin/restore`.
//!
//! The file is lines of JSON, whose forms `store/backup.rs` defines. A backup is the hub as it was when the backup began, however long it
//! takes. A restore takes all of a file or nothing: until its end, nothing that the hub holds is lost. To replace a hub that was written
//! to, the request names the hash of its newest record as `?replace=`, so that operators replace only a state that they have seen. For a
//! backup of another environment it names that one as `?from=`.
use std::time::Duration;

use control::{
    BeforeRestore,
    change::{Action, Actor, Hash, Hashes, Link, Verifier},
    check_reason, environments, settle,
};
use futures_util::{
    StreamExt, TryStreamExt,
    future::{Either, select},
    stream,
};
use serde::de::DeserializeOwned;
use worker::{Delay, Request, Response, ResponseBuilder, console_error};

use super::{FlagHub, admin::check_reason_given, baseline, execute::Decision, wire};
use crate::{
    clock,
    problem::Problem,
    query::Query,
    store::{
        self, Access, Read, Transfer, audit,
        backup::{Head, Line, Place, Sum, Tail},
    },
    version::{Epoch, Version},
};

/// The longest line that is read: a part of a row, every character of it escaped.
const MAX_LINE: usize = 4_000_000;
/// The time for which a body may send nothing.
const SILENCE: Duration = Duration::from_secs(10);
/// The bytes of lines that are collected before they are written.
const BATCH: usize = 1_000_000;

impl FlagHub {
    pub(super) fn back_up(&self) -> Result<Response, Problem> {
        let store = store::open(&self.state);
        let (head, epoch) = (store.backup_head()?, store.newest()?.epoch);
        let mut sum = Sum::default();
        let first = line(&mut sum, &head)?;
        let rest = stream::try_unfold((store, head, Some(Place::default()), sum), move |(store, head, place, mut sum)| async move {
            let Some(place) = place else { return Ok(None) };
            if store.newest()?.epoch != epoch {
                return Err(worker::Error::RustError("the hub was restored while it was backed up".to_owned()));
            }
            let mut out = Vec::new();
            let next = if let Some((lines, next)) = store.backup(&head, place)? {
                for one in &lines {
                    out.extend(line(&mut sum, one)?);
                }
                Some(next)
            } else {
                out.extend(line(&mut Sum::default(), &sum.tail())?);
                None
            };
            Ok::<_, worker::Error>(Some((out, (store, head, next, sum))))
        });
        let all = stream::once(async { Ok(first) }).chain(rest);
        Ok(ResponseBuilder::new().with_header("content-type", "application/x-ndjson")?.from_stream(all)?)
    }

    pub(super) async fn restore(&self, mut request: Request) -> Result<Response, Problem> {
        let mut query = Query::any(&request.inner().url())?;
        self.take_environment(&mut query)?;
        let actor = request.headers().get(wire::ACTOR)?.map(|actor| wire::decoded(&actor)).unwrap_or_default();
        check_reason_given(&actor, query.get("reason"))?;
        query.get("reason").map_or(Ok(()), check_reason)?;
        match query.get("replace") {
            None => self.check_untouched()?,
            Some(named) => self.check_head(named)?,
        }
        let before = self.before_restore(query.get("replace").is_none())?;
        self.store.begin_restore()?;
        self.restoring.set(true);
        let outcome = self.take(&mut request).await.and_then(|()| self.settle(&before, &query));
        let ended = self.store.end_restore(outcome.is_ok());
        self.restoring.set(false);
        ended?;
        if outcome.is_ok() {
            // Here and not as a job, so that the answer tells the newest record.
            baseline::ensure(&self.store, clock::now())?;
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
    fn settle(&self, before: &BeforeRestore, query: &Query) -> Result<(), Problem> {
        let reason = query.get("reason").map_or_else(String::new, |reason| format!(": {reason}"));
        let actor = Actor::system(format!("a backup was restored{reason}"), clock::now());
        let ground = self.ground()?;
        let outcome = settle(&ground.rows, before, query.get("from"), actor.at)?;
        self.commit(&actor, Decision { ground, outcome, secrets: None }, None, |_, _| Ok(String::new()))?;
        Ok(())
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
        let (mut batch, mut bytes, mut verifier) = (Vec::new(), 0, Verifier::default());
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
            bytes += text.len();
            batch.push(line);
            if bytes > BATCH {
                self.write(&batch, number)?;
                batch.clear();
                bytes = 0;
            }
        };
        self.write(&batch, number)?;
        if lines.next().await?.is_some() {
            return Err(Problem::malformed(format!("something stands behind the last line, {number}")));
        }
        // The newest events may have been deleted while the backup was written; the tail counts those that it holds.
        let events = head.events;
        if tail != sum.tail() || (Head { events, ..self.store.backup_head()? }) != head {
            return Err(Problem::malformed("the backup is not whole: what its first and last lines say is not what stands between them"));
        }
        Ok(())
    }

    fn write(&self, lines: &[Line], number: u64) -> Result<(), Problem> {
        self.store.restore(lines).map_err(|error| {
            console_error!("restore: {error}");
            Problem::malformed(format!("the lines up to {number} do not belong together"))
        })
    }
}

#[derive(serde::Serialize)]
struct Restored {
    epoch: Epoch,
    head: String,
    records: u64,
    success: bool,
    version: u32,
}

/// Refuses a record that does not continue the chain of those before it.
fn check(verifier: &mut Verifier, line: &Line, number: u64) -> Result<(), Problem> {
    let (sequence, version, payload, payload_hash, rows, hash) = match line {
        Line::Change(sequence, version, payload, payload_hash, hash) => (sequence, version, payload, payload_hash, None, hash),
        Line::Record(sequence, version, payload, payload_hash, rows, hash) => (sequence, version, payload, payload_hash, Some(rows), hash),
        Line::Version(..) | Line::Row(..) | Line::PagedRow(..) | Line::Event(..) => return Ok(()),
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

fn read<T: DeserializeOwned>(text: &str, number: u64) -> Result<T, Problem> {
    serde_json::from_str(text).map_err(|error| Problem::malformed(format!("line {number} is none of a backup: {error}")))
}

/// The lines of a body that comes in pieces.
struct Lines {
    body: worker::ByteStream,
    read: Vec<u8>,
    /// The offset of the next line in the bytes read.
    at: usize,
}

impl Lines {
    fn new(request: &mut Request) -> Result<Self, Problem> {
        Ok(Self { body: request.stream().map_err(|_| Problem::malformed("expected a backup, found no body"))?, read: Vec::new(), at: 0 })
    }

    async fn next(&mut self) -> Result<Option<String>, Problem> {
        let mut searched = self.at;
        loop {
            let rest = self.read.get(searched..).unwrap_or_default();
            if let Some(length) = rest.iter().position(|byte| *byte == b'\n') {
                let line = self.read.get(self.at..searched + length).unwrap_or_default().to_vec();
                self.at = searched + length + 1;
                return String::from_utf8(line).map(Some).map_err(|_| Problem::malformed("the backup is not UTF-8"));
            }
            self.read.drain(..core::mem::take(&mut self.at));
            searched = self.read.len();
            if searched > MAX_LINE {
                return Err(Problem::malformed(format!("a line has more than {MAX_LINE} bytes")));
            }
            // While a body is awaited the hub answers nothing else: one that falls silent is given up.
            let Either::Left((next, _)) = select(self.body.try_next(), Delay::from(SILENCE)).await else {
                return Err(Problem::malformed(format!("the body sent nothing for {} seconds", SILENCE.as_secs())));
            };
            match next.map_err(|_| Problem::malformed("the body ended early"))? {
                Some(bytes) => self.read.extend(bytes),
                None if self.read.is_empty() => return Ok(None),
                None => return Err(Problem::malformed("the last line has no end")),
            }
        }
    }
}
