//! Restores a hub from a backup in pieces: `/api/admin/restore/pieces`.
//!
//! A restore is begun, takes the pieces in their order, each in a request of its own, and ends with the last one. A piece is read and
//! checked whole before a line of it is written; then its lines are written in slices, and other requests are carried out between them.
//! The state of the restore is stored with each slice, so that a piece that was interrupted goes on where it was when it is sent again,
//! also after a crash. Until the last piece, what the hub held is not lost: a restore that is aborted, or that gets no piece for a day,
//! leaves the hub as it was.
use control::{
    change::{Hash, Verifier},
    token_holds,
};
use sdk_core::Millis;
use serde::{Deserialize, Serialize};
use worker::{Delay, Method, Request, Response};

use super::{
    FlagHub,
    admin::{TokenClaim, json},
    record::uuid,
    transfer::{Lines, PAUSE, Wish, check, read},
    wire::VERSION,
    written_rows::Budget,
};
use crate::{
    clock,
    problem::Problem,
    query::Query,
    store::{
        Access, Read, Transfer,
        backup::{Head, Line, PieceHead, PieceTail, Sum},
    },
};

/// The longest body of a piece: the longest piece, and the slice that reaches its end.
const MOST_BYTES: usize = 24_000_000;
/// The time for which a restore waits for its next piece, in milliseconds.
const WAIT_MS: i64 = 24 * 60 * 60 * 1_000;

/// The state of a restore, as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct State {
    id: String,
    wish: Wish,
    /// The moment at which the restore is given up, unless a piece arrives before.
    until: i64,
    /// The number of the next piece.
    next: u32,
    /// The `sha256` of the piece before the next, and of the first 64 zeros.
    before: String,
    /// The contents of all pieces; `None` before the first.
    of: Option<Head>,
    /// The last record that was checked: its hash in hex, and its number.
    chain: (String, u64),
    /// The `sha256` of a piece of which lines were written, and how many; `None` between pieces.
    part: Option<(String, usize)>,
    /// True once the last piece was taken and is what the first one says.
    is_whole: bool,
}

/// A piece that was read and checked.
struct Piece {
    head: PieceHead,
    lines: Vec<Line>,
    sha256: String,
    is_last: bool,
    chain: (String, u64),
}

#[derive(Serialize)]
struct View<'s> {
    id: &'s str,
    next: u32,
    until: String,
}

impl FlagHub {
    /// POST begins a restore, GET answers the one that has not ended, PUT `{id}` takes a piece, and DELETE `{id}` aborts it.
    pub(super) async fn restore_pieces(&self, mut request: Request, id: &str) -> Result<Response, Problem> {
        let mut query = Query::any(&request.inner().url())?;
        match request.method() {
            Method::Post => {
                if let Some(state) = self.restore_state()? {
                    let detail = format!("the restore {} has not ended", state.id);
                    return Err(Problem::refused(409, "RESTORE_IN_PROGRESS", detail, String::new()));
                }
                self.check_open()?;
                self.take_environment(&mut query)?;
                let wish = self.check_wish(&request, &query)?;
                self.begin_pieces(wish)
            }
            Method::Put => self.take_piece(&mut request, id).await,
            Method::Delete => {
                self.named(id)?;
                self.abort()?;
                json(Ok(r#"{"success":true}"#.to_owned()))
            }
            _ => told(&self.restore_state()?.ok_or_else(no_restore)?, 200),
        }
    }

    /// Learns once after each start if a restore in pieces has not ended, and ends one that was forgotten.
    pub(super) fn take_up_restore(&self) -> Result<(), Problem> {
        if self.has_taken_up.get() {
            return Ok(());
        }
        // As long as the state cannot be read, no request may take the tables for the hub's own.
        if let Some(state) = self.restore_state()? {
            self.restoring.set(true);
            if state.until <= clock::now().0 {
                self.abort()?;
            }
        }
        self.has_taken_up.set(true);
        Ok(())
    }

    /// Ends the restore in pieces that was forgotten. Returns the moment at which one that was not is.
    pub(super) fn end_forgotten(&self) -> Result<Option<Millis>, Problem> {
        match self.restore_state()? {
            Some(state) if state.until <= clock::now().0 => self.abort().map(|()| None),
            state => Ok(state.map(|state| Millis(state.until))),
        }
    }

    /// Answers what isolates ask for most, from what the hub held when the restore began.
    pub(super) fn answer_restoring(&self, path: &str, query: &Query) -> Result<Response, Problem> {
        let held = self.news.held().filter(|_| query.get("version").or(query.get("at")).is_none());
        match (path, held, &*self.held_keys.borrow()) {
            ("/ruleset", Some((version, _)), _) if query.version("since")? == Some(version) => Ok(Response::empty()?.with_status(204)),
            ("/ruleset", Some((version, text)), _) => {
                Ok(worker::ResponseBuilder::new().with_header(VERSION, &version.to_string())?.ok(&*text)?)
            }
            ("/keys", _, Some(keys)) => json(Ok(keys.clone())),
            _ => self.check_open().and_then(|()| Err(Problem::conflict())),
        }
    }

    /// Keeps the answers of [`Self::answer_restoring`], if the hub has any: a restore also mends a store that cannot be read.
    pub(super) fn hold_answers(&self) {
        self.news.forget();
        self.held_keys.replace(None);
        if let Err(problem) = self.answers().map(|keys| self.held_keys.replace(keys)) {
            worker::console_error!("nothing is answered during the restore: {}", problem.why());
        }
    }

    /// Composes the ruleset. Returns the answer to a request for keys; `None` if there is no document.
    fn answers(&self) -> Result<Option<String>, Problem> {
        if self.store.access()? == Access::Nothing {
            return Ok(None);
        }
        let ground = self.ground()?;
        if !ground.has_document() {
            return Ok(None);
        }
        self.news.whole(&self.store, &ground, self.refused.borrow().clone())?;
        Ok(Some(serde_json::to_string(&super::keys_in_use(&ground)?).map_err(worker::Error::from)?))
    }

    /// Refuses an API token that did not hold when the restore began.
    pub(super) fn check_token_aside(&self, claim: &TokenClaim) -> Result<(), Problem> {
        let holds = token_holds(&self.store.replaced_keys()?, claim.hash, [&claim.actor, &claim.role], claim.now);
        if holds { Ok(()) } else { Err(Problem::no_token()) }
    }

    fn begin_pieces(&self, wish: Wish) -> Result<Response, Problem> {
        let none = Hash::NONE.to_hex();
        let state = State {
            id: uuid()?,
            wish,
            until: clock::now().0.saturating_add(WAIT_MS),
            next: 1,
            before: none.clone(),
            of: None,
            chain: (none, 0),
            part: None,
            is_whole: false,
        };
        self.begin_restore()?;
        if let Err(problem) = self.keep(&[], &state) {
            return self.end_restore(Err(problem));
        }
        self.set_alarm(Millis(state.until))?;
        told(&state, 202)
    }

    /// Takes a piece, or the rest of one that was interrupted. With the last piece the restore ends.
    async fn take_piece(&self, request: &mut Request, id: &str) -> Result<Response, Problem> {
        let state = self.named(id)?;
        let piece = Piece::read(request, &state).await?;
        let mut budget = Budget::SLICE;
        let mut done = loop {
            // Meanwhile the restore may have been aborted, and another request may have taken lines of the same piece.
            let mut state = self.named(id)?;
            let is_taken = state.next == piece.head.piece.saturating_add(1) && state.before == piece.sha256;
            if is_taken {
                break state;
            }
            piece.check(&state)?;
            let done = state.part.as_ref().map_or(0, |(_, done)| *done);
            let rest = piece.lines.get(done..).unwrap_or_default();
            let count = rest
                .iter()
                .take_while(|line| {
                    !budget.is_spent() && {
                        budget.spend(1, line.bytes());
                        true
                    }
                })
                .count();
            let lines = rest.get(..count).unwrap_or_default();
            state.until = clock::now().0.saturating_add(WAIT_MS);
            if count < rest.len() {
                state.part = Some((piece.sha256.clone(), done + count));
            } else {
                state.next = state.next.saturating_add(1);
                state.before.clone_from(&piece.sha256);
                state.chain.clone_from(&piece.chain);
                state.of = Some(piece.head.of.clone());
                state.part = None;
            }
            if let Err(problem) = self.keep(lines, &state) {
                // Its lines contradict each other, or those before: no other piece mends that.
                return self.end_restore(Err(problem));
            }
            budget = Budget::SLICE;
            Delay::from(PAUSE).await;
        };
        if !piece.is_last {
            return told(&done, 202);
        }
        if !done.is_whole {
            if let Err(problem) = self.check_whole(&piece.head.of) {
                return self.end_restore(Err(problem));
            }
            done.is_whole = true;
            self.keep(&[], &done)?;
        }
        self.end_restore(self.settle(&done.wish))
    }

    fn keep(&self, lines: &[Line], state: &State) -> Result<(), Problem> {
        let text = serde_json::to_string(state).map_err(worker::Error::from)?;
        self.store.restore_piece(lines, &text).map_err(|error| {
            worker::console_error!("restore: {error}");
            Problem::malformed(format!("lines of piece {} do not belong together: the restore has ended", state.next))
        })
    }

    /// The restore with this id.
    fn named(&self, id: &str) -> Result<State, Problem> {
        self.restore_state()?.filter(|state| state.id == id).ok_or_else(no_restore)
    }

    fn restore_state(&self) -> Result<Option<State>, Problem> {
        let state = self.store.restore_state()?;
        Ok(state.map(|state| serde_json::from_str(&state)).transpose().map_err(worker::Error::from)?)
    }

    /// Ends the restore with the hub as it was.
    fn abort(&self) -> Result<(), Problem> {
        self.store.end_restore(false)?;
        self.restoring.set(false);
        self.open()
    }
}

impl Piece {
    /// Reads a piece, and checks all that can be said of it and of the restore's state without writing it.
    async fn read(request: &mut Request, state: &State) -> Result<Self, Problem> {
        let mut lines = Lines::new(request)?;
        let mut sum = Sum::default();
        let first = lines.next().await?.ok_or_else(|| Problem::malformed("expected a piece of a backup, found nothing"))?;
        let head: PieceHead = read(&first, 1)?;
        if head.of.backup != 1 {
            return Err(Problem::malformed(format!("expected a backup of form 1, found form {}", head.of.backup)));
        }
        // One that was taken already may have come again because its answer was lost: it is told by its hash alone.
        let is_next = head.piece == state.next;
        if !is_next && head.piece.saturating_add(1) != state.next {
            return Err(other_piece(state.next));
        }
        sum.add(&first);
        let (hash, sequence) = &state.chain;
        let mut verifier = Verifier::behind(Hash::from_hex(hash).unwrap_or(Hash::NONE), *sequence);
        let (mut number, mut bytes, mut budget, mut found) = (1_u64, first.len(), Budget::SLICE, Vec::new());
        let tail: PieceTail = loop {
            number += 1;
            let text = lines.next().await?.ok_or_else(|| Problem::malformed(format!("the piece ends before line {number}")))?;
            if let Ok(tail) = serde_json::from_str(&text) {
                break tail;
            }
            let line: Line = read(&text, number)?;
            if is_next {
                check(&mut verifier, &line, number)?;
            }
            sum.add(&text);
            bytes += text.len();
            if bytes > MOST_BYTES {
                return Err(Problem::malformed(format!("a piece has more than {MOST_BYTES} bytes")));
            }
            found.push(line);
            budget.spend(1, text.len());
            if budget.is_spent() {
                budget = Budget::SLICE;
                Delay::from(PAUSE).await;
            }
        };
        if lines.next().await?.is_some() {
            return Err(Problem::malformed(format!("something stands behind the last line, {number}")));
        }
        let whole = sum.tail();
        if (tail.lines, &tail.sha256) != (whole.lines, &whole.sha256) {
            return Err(Problem::malformed("the piece is not whole: what its last line says is not what stands before it"));
        }
        let (hash, sequence) = verifier.head();
        let piece = Self { head, lines: found, sha256: tail.sha256, is_last: tail.next.is_none(), chain: (hash.to_hex(), sequence) };
        if !is_next && piece.sha256 != state.before {
            return Err(other_piece(state.next));
        }
        Ok(piece)
    }

    /// Refuses a piece that is not the next one, or not of the same backup.
    fn check(&self, state: &State) -> Result<(), Problem> {
        let is_same_part = state.part.as_ref().is_none_or(|(sha256, _)| *sha256 == self.sha256);
        let is_same_backup = state.of.as_ref().is_none_or(|of| *of == self.head.of);
        let follows = self.head.piece == state.next && self.head.before == state.before;
        if is_same_part && is_same_backup && follows { Ok(()) } else { Err(other_piece(state.next)) }
    }
}

fn told(state: &State, status: u16) -> Result<Response, Problem> {
    let view = View { id: &state.id, next: state.next, until: Millis(state.until).to_rfc3339() };
    let answer = json(serde_json::to_string(&view).map_err(|error| worker::Error::from(error).into()))?;
    Ok(answer.with_status(status))
}

fn no_restore() -> Problem {
    Problem::refused(404, "RESTORE_NOT_FOUND", "no restore with this id has begun, or it has ended", String::new())
}

fn other_piece(next: u32) -> Problem {
    Problem::refused(409, "OTHER_PIECE", format!("expected piece {next} of the backup that the restore began with"), String::new())
}
