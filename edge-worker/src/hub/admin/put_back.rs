//! A store that is put back to an earlier state by other means than a restore: by the runtime, to a moment, at
//! `POST /api/admin/restore/point`; or by an operator who copied its files back. It counts on from that state with the epoch of before, so that isolates
//! and pages hold later versions of the same epoch and take nothing from it. A new epoch ends that: `POST /api/admin/epoch` gives one, and
//! so does the hub itself as soon as an isolate names a version that the store has not made, or if an edit of the file took the epoch.
use control::{Command, change::Actor, check_reason};
use sdk_core::{Millis, json::quoted};
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use worker::{
    Response,
    js_sys::{Function, Promise, Reflect, futures::JsFuture},
};

use super::{AdminRequest, body::read, keys::moment};
use crate::{
    clock,
    hub::FlagHub,
    problem::Problem,
    store::{Access, Read},
    version::{Epoch, Version},
};

/// The milliseconds between the answer and the end of the durable object, so that the answer arrives.
const UNTIL_END_MS: i32 = 50;
/// The milliseconds for which Cloudflare keeps what a durable object held: 30 days.
const KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

#[wasm_bindgen]
extern "C" {
    type PointInTime;

    /// <https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#pitr-point-in-time-recovery-api>
    #[wasm_bindgen(method, catch, js_name = getBookmarkForTime)]
    fn bookmark_for_time(this: &PointInTime, at: f64) -> Result<Promise, JsValue>;

    /// Answers the bookmark that undoes it.
    #[wasm_bindgen(method, catch, js_name = onNextSessionRestoreBookmark)]
    fn restore_on_next_session(this: &PointInTime, bookmark: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(call: &Function, milliseconds: i32) -> JsValue;
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Renewal {
    reason: Option<String>,
    changed_by: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Point {
    at: Option<String>,
    bookmark: Option<String>,
    reason: String,
    changed_by: Option<String>,
}

impl FlagHub {
    /// POST `{ reason?, changedBy? }`: gives the store a new epoch.
    pub(super) fn renew_epoch(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let Renewal { reason, changed_by } = read(&asked.body)?;
        self.carry_out(asked, &Command::RenewEpoch {}, &asked.by(reason, changed_by)?)
    }

    /// Gives the store a new epoch if an isolate has a version that the store has not made: then the store was put back.
    pub(in crate::hub) fn renew_if_put_back(&self, since: Option<Version>) -> Result<(), Problem> {
        let Some(since) = since else { return Ok(()) };
        // A store that follows a journal may be behind, and renews its epoch when the journal was put back.
        if self.journal()?.is_some() {
            return Ok(());
        }
        let newest = self.store.newest()?;
        if since.epoch != newest.epoch || since.number <= newest.number || self.store.access()? != Access::Write {
            return Ok(());
        }
        let why = format!("a worker holds version {since} and the store is at {newest}: it was put back to an earlier state");
        self.renew_epoch_because(why)
    }

    /// Gives the store a new epoch if an edit of its file took the old one. One that follows a journal takes that anew instead.
    pub(in crate::hub) fn renew_lost_epoch(&self) -> Result<(), Problem> {
        if self.store.newest()?.epoch != Epoch::LOST || self.journal()?.is_some() || self.store.access()? != Access::Write {
            return Ok(());
        }
        self.renew_epoch_because("the store had lost the row about itself, with its epoch: its file was edited")
    }

    /// Renews the epoch, for the hub itself.
    pub(in crate::hub) fn renew_epoch_because(&self, why: impl Into<String>) -> Result<(), Problem> {
        self.execute(&Actor::system(why, clock::now()), &Command::RenewEpoch {})?;
        Ok(())
    }

    /// POST `{ at | bookmark, reason, changedBy? }`, from the worker: has the runtime put the store back when the durable object starts
    /// anew, and ends the durable object behind the answer. Until then the hub refuses everything. The worker then renews the epoch for the
    /// reason in the answer (`handlers/point_in_time.rs`).
    pub(super) async fn restore_point(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        if asked.idempotency.is_some() {
            return Err(Problem::malformed("expected no Idempotency-Key: its answers are put back, too, and the request would act again"));
        }
        let Point { at, bookmark, reason, changed_by } = read(&asked.body)?;
        let to = match (&at, &bookmark) {
            (Some(at), None) => at,
            (None, Some(bookmark)) => bookmark,
            _ => return Err(Problem::malformed("expected exactly one of at and bookmark")),
        };
        let reason = format!("the store was put back to {to}: {reason}");
        check_reason(&reason)?;
        let by = asked.by(Some(reason.clone()), changed_by)?;
        let at = at.map(|at| passed_moment(&at, clock::now())).transpose()?;

        let storage: PointInTime = AsRef::<JsValue>::as_ref(self.state.storage().as_raw()).clone().unchecked_into();
        let bookmark = match (bookmark, at) {
            (Some(bookmark), _) => bookmark,
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of this century are far below 2^53")]
            (None, at) => text(storage.bookmark_for_time(at.unwrap_or_default().0 as f64)).await?,
        };
        // Meanwhile a restore may have begun.
        self.check_open()?;
        self.restoring.set(true);
        let undo = text(storage.restore_on_next_session(&bookmark)).await.inspect_err(|_| self.restoring.set(false))?;
        // From here on the next start of the durable object puts the store back: whatever fails, the hub takes no writes that would be lost.
        self.end_soon().map_err(worker::Error::from)?;
        let (bookmark, undo, reason) = (quoted(&bookmark), quoted(&undo), quoted(&reason));
        let changed_by = by.on_behalf_of.map_or_else(|| "null".to_owned(), |subject: String| quoted(&subject));
        let answer = format!(r#"{{"bookmark":{bookmark},"undo":{undo},"renewal":{{"changedBy":{changed_by},"reason":{reason}}}}}"#);
        Ok(worker::ResponseBuilder::new().with_header("content-type", "application/json")?.fixed(answer.into_bytes()))
    }

    /// Ends the durable object from a timer. The runtime stops the code that calls `abort` where it stands: that must not be the module's
    /// own, whose memory the other requests of the isolate share.
    fn end_soon(&self) -> Result<(), JsValue> {
        let state: &JsValue = self.state.as_raw().as_ref();
        let abort: Function = Reflect::get(state, &"abort".into())?.dyn_into()?;
        set_timeout(abort.bind1(state, &"the store is put back".into()).unchecked_ref(), UNTIL_END_MS);
        Ok(())
    }
}

fn passed_moment(text: &str, now: Millis) -> Result<Millis, Problem> {
    let at = moment(text, "/at")?;
    if (now.0 - KEPT_MS..now.0).contains(&at.0) {
        return Ok(at);
    }
    Err(Problem::malformed_at("/at", "expected a moment of the last 30 days"))
}

/// The text that a promise of the storage answers. A runtime without this storage refuses at once, with its own reason.
async fn text(promise: Result<Promise, JsValue>) -> Result<String, Problem> {
    let refused = |error: JsValue| {
        let why = worker::Error::from(error);
        let detail = format!("the storage cannot go back to a moment or refuses this one ({why}); restore a backup instead");
        Problem::refused(501, "POINT_IN_TIME_UNAVAILABLE", detail, String::new())
    };
    let promise = promise.map_err(refused)?;
    let answered = JsFuture::from(promise).await.map_err(refused)?;
    answered.as_string().ok_or_else(|| refused(JsValue::from_str("it answered no bookmark")))
}
