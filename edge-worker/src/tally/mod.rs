//! The durable object that counts the outcomes of an environment: it stores them as they come, and sends the hub sums.
//!
//! An outcome is stored and counted later, in a turn of the alarm, a second after it arrived: then the tally asks the hub for the stages of
//! the rollouts that run, counts, and sends the sums. A batch of sums is sent until the hub has confirmed it. The hub knows the number of the
//! last batch of each tally, so that no batch adds twice.
pub(crate) mod client;
pub(crate) mod counting;
pub(crate) mod wire;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use sdk_core::Millis;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use worker::{
    DurableObject, Env, Headers, Method, Request, RequestInit, Response, ResponseBuilder, Result, State, console_error, durable_object,
};

use self::wire::{Arriving, STAGES, SUMS, Stages};
use crate::{
    clock,
    environment::object_of,
    hub::wire::{ENVIRONMENT, TALLY_TIME},
    problem::Problem,
    query::Query,
    settings,
    store::{
        audit::MOST_LOOKED_AT,
        outcomes::{Asked, BOUNDS, Book, Left},
        sqlite::database::Object,
    },
};

/// The time between two batches of sums.
const TICK_MS: i64 = 1_000;
/// The time after which a batch that the hub did not take is sent again.
const RETRY_MS: i64 = 2_000;
/// The most slices that one alarm counts.
const SLICES: u32 = 8;
/// The most names that no flag has that are counted in memory.
const UNKNOWN: usize = 200;

/// Stores and counts the outcomes of one environment.
#[durable_object]
pub struct FlagTally {
    state: State,
    env: Env,
    book: Book<Object>,
    /// The moment at which the alarm stands, by the runtime's clock; `None` before this object has set it.
    armed: Cell<Option<i64>>,
    unknown: RefCell<BTreeMap<String, u64>>,
}

#[wasm_bindgen]
extern "C" {
    type AlarmStorage;

    /// As in the hub: it sets the alarm in the turn of the transaction.
    #[wasm_bindgen(method, catch, js_name = setAlarm)]
    fn set_alarm(this: &AlarmStorage, at: f64) -> Result<JsValue, JsValue>;
}

impl DurableObject for FlagTally {
    fn new(state: State, env: Env) -> Self {
        let book = Book::new(Object::of(state.storage()), BOUNDS);
        Self { state, env, book, armed: Cell::default(), unknown: RefCell::default() }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        self.answer(request).await.or_else(Problem::into_response)
    }

    async fn alarm(&self) -> Result<Response> {
        self.armed.set(None);
        let next = match self.work().await {
            Ok(next) => next,
            Err(problem) => {
                console_error!("the tally's sums did not reach the hub: {}", problem.why());
                Some(clock::now().0 + RETRY_MS)
            }
        };
        if let Some(next) = next {
            self.arm(next)?;
        }
        Response::empty()
    }
}

impl FlagTally {
    async fn answer(&self, mut request: Request) -> Result<Response, Problem> {
        let now = clock::now();
        if request.path() == "/events" {
            let query = Query::any(&request.inner().url())?;
            let text = |name: &str| query.get(name).map(str::to_owned);
            let below = query.get("below").and_then(|below| below.parse().ok());
            let limit = query.limit(50, 1_000)?;
            if let Some(after) = query.get("after").and_then(|after| after.parse().ok()) {
                return Ok(Response::from_json(&self.book.list_behind(after, limit, now.0)?)?);
            }
            let asked =
                Asked { flag: text("flag"), customer: text("customer"), event: text("event"), below, limit, budget: Some(MOST_LOOKED_AT) };
            return Ok(Response::from_json(&self.book.list(&asked, now.0)?)?);
        }
        let ahead = clock::ahead(&request, &*settings::of(&self.env)?, now);
        let environment = request.headers().get(ENVIRONMENT)?;
        let arriving: Arriving = request.json().await?;
        self.book.note(environment.as_deref(), ahead, now.0)?;
        let Some(taken) = self.book.take(&arriving, Millis(now.0.saturating_add(ahead)))? else {
            return Err(Problem::no_ruleset("TALLY_FULL", "more outcomes wait to be counted than the tally stores"));
        };
        self.unknown
            .try_borrow_mut()
            .map(|mut unknown| {
                for name in arriving.unknown {
                    if unknown.len() < UNKNOWN || unknown.contains_key(&name) {
                        *unknown.entry(name).or_default() += 1;
                    }
                }
            })
            .ok();
        self.arm(now.0 + TICK_MS)?;
        Ok(ResponseBuilder::new().from_json(&taken)?)
    }

    /// Sets the alarm to a moment, unless it stands earlier.
    fn arm(&self, at: i64) -> Result<(), worker::Error> {
        if self.armed.get().is_some_and(|armed| armed <= at && armed + RETRY_MS > clock::now().0) {
            return Ok(());
        }
        let storage: AlarmStorage = AsRef::<JsValue>::as_ref(self.state.storage().as_raw()).clone().unchecked_into();
        #[expect(clippy::cast_precision_loss, reason = "a moment of a clock has 42 bits")]
        storage.set_alarm(at.max(1) as f64)?;
        self.armed.set(Some(at));
        Ok(())
    }

    /// Sends what was not confirmed, counts what arrived, and sends the sums. Returns the moment of the next alarm.
    async fn work(&self) -> Result<Option<i64>, Problem> {
        self.send().await?;
        for _ in 0..SLICES {
            let mut answer = self.ask_hub(Method::Get, STAGES, None).await?;
            let stages: Stages = answer.json().await?;
            let now = clock::now().0;
            let ahead = if settings::of(&self.env)?.has_test_clock { self.book.clock_ahead(now)? } else { 0 };
            let unknown: Vec<(String, u64)> = self.unknown.take().into_iter().collect();
            let left = self.book.work(&stages, &unknown, Millis(now + ahead))?;
            self.send().await?;
            match left {
                Left::More => {}
                Left::Until(at) => return Ok(Some((at - ahead).max(clock::now().0 + TICK_MS))),
                Left::Nothing => return Ok(None),
            }
        }
        Ok(Some(clock::now().0))
    }

    /// Sends each batch until the hub has confirmed all.
    async fn send(&self) -> Result<(), Problem> {
        while let Some((number, text)) = self.book.unsent(clock::now().0)? {
            self.ask_hub(Method::Post, SUMS, Some(text)).await?;
            self.book.confirmed(number, clock::now().0)?;
        }
        Ok(())
    }

    async fn ask_hub(&self, method: Method, address: &str, body: Option<String>) -> Result<Response, Problem> {
        let now = clock::now().0;
        let environment = self.book.environment(now)?;
        let headers = Headers::new();
        if let Some(name) = &environment {
            headers.set(ENVIRONMENT, name)?;
        }
        if settings::of(&self.env)?.has_test_clock {
            headers.set(TALLY_TIME, &(now + self.book.clock_ahead(now)?).to_string())?;
        }
        let mut init = RequestInit::new();
        init.with_method(method).with_headers(headers).with_body(body.map(Into::into));
        let request = Request::new_with_init(address, &init)?;
        let hub = self.env.durable_object("HUB")?.get_by_name(&object_of(environment.as_deref()))?;
        let answer = hub.fetch_with_request(request).await.map_err(Problem::hub_away)?;
        match answer.status_code() {
            200 => Ok(answer),
            status => Err(worker::Error::RustError(format!("the hub answered {status}")).into()),
        }
    }
}

/// A name that no other tally has: 16 hexadecimal digits.
pub(crate) fn random_name() -> Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| worker::Error::RustError(error.to_string()))?;
    Ok(format!("{:016x}", u64::from_ne_bytes(bytes)))
}
