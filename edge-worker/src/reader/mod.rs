//! The durable object between the isolates of one place and the hub of one environment. It shares one question among all isolates that ask
//! it at the same time, and holds the answers that are still true.
//!
//! It stores nothing, and isolates that get no answer from it ask the hub themselves.
pub(crate) mod shelf;

use std::{cell::RefCell, time::Duration};

use worker::{
    Delay, DurableObject, Env, Method, Request, RequestInit, Response, Result, State, console_error, durable_object,
    js_sys::{ArrayBuffer, Uint8Array},
    wasm_bindgen::JsCast,
    wasm_bindgen_futures::JsFuture,
    worker_sys::web_sys,
};

use self::shelf::{Given, Question, Shelf, Since, Turn};
use crate::{
    asked_names::AskedNames,
    clock,
    counts::Counts,
    hub::wire::{ASKED_NAMES, COUNTS, ENVIRONMENT, HOLDS, NEWS_SINCE, READER, SOUGHT, VERSION},
    problem::Problem,
    query::Query,
    version::Version,
};

/// The most bytes of answers that a reader holds: the largest document, and as much of changes and of owners.
const MOST_BYTES: usize = 16 << 20;
/// The longest body of a question that is shared, in bytes. A question for many owners is hardly asked twice.
const MOST_BODY: usize = 16 << 10;
/// The time after which a question that waits for another one's answer looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// The longest wait for the hub, in milliseconds: the lease of a lost question, and one more question.
const PATIENCE_MS: i64 = 5_000;

/// Holds the hub's answers for the isolates of one place.
#[durable_object]
pub struct FlagReader {
    env: Env,
    shelf: RefCell<Shelf<Held>>,
    /// The counts of isolates that the hub does not have yet.
    counts: Counts,
    /// The names of isolates that the hub does not have yet.
    names: AskedNames,
}

/// An answer of the hub. The bytes are the runtime's, outside of the module's memory, which never shrinks.
#[derive(Clone)]
struct Held {
    status: u16,
    body: ArrayBuffer,
}

impl DurableObject for FlagReader {
    fn new(_: State, env: Env) -> Self {
        Self { env, shelf: RefCell::new(Shelf::new(MOST_BYTES)), counts: Counts::default(), names: AskedNames::default() }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        self.answer(request).await.or_else(Problem::into_response)
    }
}

impl FlagReader {
    async fn answer(&self, mut request: Request) -> Result<Response, Problem> {
        let is_post = request.method() == Method::Post;
        let body = if is_post { request.text().await? } else { String::new() };
        if request.path() == "/told" {
            if let Ok(version) = body.parse() {
                self.shelf.borrow_mut().tell(version);
            }
            return Ok(Response::empty()?);
        }
        let headers = request.headers();
        if let Some(counted) = headers.get(COUNTS)? {
            self.counts.add_text(&counted);
        }
        if let Some(names) = headers.get(ASKED_NAMES)? {
            self.names.add_text(&names, clock::now());
        }
        let url = request.inner().url();
        let held = headers.get(HOLDS)?.unwrap_or_default();
        let since = match headers.get(NEWS_SINCE)?.as_deref() {
            None => Since::Answered,
            Some(SOUGHT) => Since::Sought,
            Some(version) => version.parse().map_or(Since::Now, Since::Version),
        };
        let question = Question {
            key: format!("{url}\n{held}\n{body}"),
            held: Query::lenient(&url).version("since")?,
            since,
            is_lasting: is_post,
            came: clock::now(),
        };
        if body.len() > MOST_BODY {
            return Ok(self.ask(&request, &body).await?.0);
        }
        loop {
            let now = clock::now();
            let turn = self.shelf.borrow_mut().turn(&question, now);
            match turn {
                Turn::Newest => return Ok(Response::empty()?.with_status(204)),
                Turn::Answer(held) => return held.response(),
                Turn::Failed => return Err(Problem::hub_away("the hub did not answer the reader".into())),
                Turn::Ask => self.learn(&request, &body, &question, now).await,
                Turn::Look if now.0 - question.came.0 > PATIENCE_MS => {
                    return Err(Problem::hub_away("the hub takes too long to answer the reader".into()));
                }
                Turn::Look => Delay::from(LOOK_AGAIN).await,
            }
        }
    }

    /// Asks the hub, and puts its answer on the shelf.
    async fn learn(&self, request: &Request, body: &str, question: &Question, began: sdk_core::Millis) {
        let given = match self.held(request, body, question).await {
            Ok(given) => Some(given),
            Err(problem) => {
                console_error!("no answer of the hub for the reader: {}", problem.why());
                None
            }
        };
        self.shelf.borrow_mut().end(question, began, clock::now(), given);
    }

    /// The hub's answer, with its bytes.
    async fn held(&self, request: &Request, body: &str, question: &Question) -> Result<Given<Held>, Problem> {
        let (answer, version) = self.ask(request, body).await?;
        let status = answer.status_code();
        let version = match status {
            204 if !question.is_lasting => question.held,
            200 => version,
            _ => None,
        };
        let answer = web_sys::Response::from(answer);
        let body = JsFuture::from(answer.array_buffer().map_err(worker::Error::from)?).await.map_err(worker::Error::from)?;
        let body: ArrayBuffer = body.unchecked_into();
        let bytes = usize::try_from(body.byte_length()).unwrap_or(usize::MAX);
        Ok(Given { answer: Held { status, body }, version, bytes })
    }

    /// The hub's answer to a request, and the version that it names.
    async fn ask(&self, request: &Request, body: &str) -> Result<(Response, Option<Version>), Problem> {
        let mut init = RequestInit::new();
        init.with_method(request.method());
        if request.method() == Method::Post {
            init.with_body(Some(body.into()));
        }
        let mut passed = Request::new_with_init(&request.inner().url(), &init)?;
        let (given, headers) = (request.headers(), passed.headers_mut()?);
        for name in [ENVIRONMENT, HOLDS, READER] {
            if let Some(value) = given.get(name)? {
                headers.set(name, &value)?;
            }
        }
        let counted = self.counts.take();
        if let Some(counted) = &counted {
            headers.set(COUNTS, counted)?;
        }
        let names = self.names.take();
        if let Some(names) = &names {
            headers.set(ASKED_NAMES, names)?;
        }
        let name = given.get(READER)?.unwrap_or_default();
        let hub = name.split_once('@').map_or("main", |(hub, _)| hub);
        let hub = self.env.durable_object("HUB")?.get_by_name(hub)?;
        let answered = hub.fetch_with_request(passed).await.map_err(Problem::hub_away);
        if answered.is_err() {
            self.counts.add_text(counted.as_deref().unwrap_or_default());
            self.names.add_text(names.as_deref().unwrap_or_default(), clock::now());
        }
        let answer = answered?;
        let version = answer.headers().get(VERSION)?.and_then(|version| version.parse().ok());
        Ok((answer, version))
    }
}

impl Held {
    fn response(&self) -> Result<Response, Problem> {
        let response = if self.body.byte_length() == 0 {
            Response::empty()?
        } else {
            let bytes = Uint8Array::new(&self.body);
            Response::from(web_sys::Response::new_with_opt_js_u8_array(Some(&bytes)).map_err(worker::Error::from)?)
        };
        Ok(response.with_status(self.status))
    }
}
