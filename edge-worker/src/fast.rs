//! The short way of a request through the module: its parts and its body lie in the module's memory, one call answers it from what the
//! isolate holds, and the script reads the response where it lies. No promise and no object crosses.
//!
//! The rules are those of [`http::answer`], as on the long way ([`crate::serve`]), which takes over where something must be found out.
use std::{cell::RefCell, fmt::Write};

use sdk_core::Millis;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use worker::Env;

use crate::{
    http::{
        self, Outcome,
        asked::{Asked, Known},
        parts::{HEADERS, Header, Parts},
        response::{Answer, Line},
        routes::{Handler, HeldHandler, Limit},
    },
    settings,
};

/// The bytes of a request's parts and body that may come this way.
const INPUT: usize = 16_384 + crate::body::QUESTION;
/// The bits of a kind before those of its headers.
const KIND_BITS: u32 = 3;
/// How many sets of headers are remembered: a version of the ruleset has one for each audience and status.
const SETS: usize = 32;

thread_local! {
    static IN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static OUT: RefCell<Out> = RefCell::default();
    /// The sets of headers that answers share, as text, and the number of the first one.
    static SHARED: RefCell<(u32, Vec<String>)> = const { RefCell::new((0, Vec::new())) };
}

/// The response of the last request.
#[derive(Default)]
struct Out {
    /// Its status, the number of its set of headers, where its body begins and how long it is.
    head: [u32; 4],
    body: Vec<u8>,
    own: Vec<Line>,
}

/// The names of the headers that the script writes, separated by commas; empty where all requests take the long way, because a setting
/// cannot be read or says so.
#[wasm_bindgen]
pub fn fast_start(env: &Env) -> String {
    let Some(settings) = settings::of(env).ok().filter(|settings| !settings.has_no_fast_way) else { return String::new() };
    IN.with_borrow_mut(|input| input.resize(INPUT, 0));
    let proxy = settings.client_address_header.as_deref().unwrap_or_default();
    HEADERS.join(",") + "," + proxy
}

/// The memory in which everything lies.
#[wasm_bindgen]
pub fn fast_memory() -> JsValue {
    wasm_bindgen::memory()
}

/// Where the script writes the parts and the body.
#[wasm_bindgen]
pub fn fast_input() -> u32 {
    IN.with_borrow(|input| input.as_ptr() as u32)
}

/// Where the script reads the head of the response.
#[wasm_bindgen]
pub fn fast_output() -> u32 {
    OUT.with_borrow(|out| out.head.as_ptr() as u32)
}

/// What the script remembers of a method and a path: 0 for requests that take the long way whatever is known; else 1, and 2 more for
/// those with a body, and 4 more for those that are counted by the connection's address. From the fourth bit on, the headers to read.
/// Each costs as much as a flag; a request that needs another one takes the long way.
#[wasm_bindgen]
pub fn fast_kind(method: &str, path: &str) -> u32 {
    let Some(route) = http::held_route(method, path) else { return 0 };
    let is_counted = route.limit == Limit::Evaluation && settings::held().is_some_and(|settings| settings.rate_limits.0.is_some());
    let headers = match route.handler {
        Handler::Held(HeldHandler::Health | HeldHandler::Version) | Handler::Passed(_) => 0,
        Handler::Held(HeldHandler::Evaluate) => Header::Authorization.bit(),
        Handler::Held(HeldHandler::OfrepFlag) => Header::Authorization.bit() | Header::Origin.bit(),
        Handler::Held(HeldHandler::OfrepFlags | HeldHandler::Widget) => {
            Header::Authorization.bit() | Header::Origin.bit() | Header::IfNoneMatch.bit()
        }
        Handler::Held(HeldHandler::Program) => {
            Header::Authorization.bit() | Header::Origin.bit() | Header::IfNoneMatch.bit() | Header::Accept.bit()
        }
    };
    let address = if is_counted { Header::ConnectingIp.bit() } else { 0 };
    1 + 2 * u32::from(method == "POST") + 4 * u32::from(is_counted) + ((headers | address) << KIND_BITS)
}

/// Lets the script find out whether there is an instance to call.
#[wasm_bindgen]
pub fn fast_alive() {}

/// Answers the request of a kind whose parts and body lie in the input one behind the other: 2, or 3 with headers of its own. Without an answer 0,
/// and 1 where the request was counted; then the long way answers it.
#[wasm_bindgen]
pub fn fast_answer(kind: u32, head: usize, body: usize, now: f64) -> u32 {
    let Some(settings) = settings::held() else { return 0 };
    let mut known = Known::default();
    let answered = IN.with_borrow(|input| {
        let parts = Parts::parse(str::from_utf8(input.get(..head)?).ok()?)?.with_read(kind >> KIND_BITS);
        known.body = Some(Ok(input.get(head..head + body)?.to_vec()));
        #[expect(clippy::cast_possible_truncation, reason = "the clock tells whole milliseconds")]
        let clock = Millis(now as i64);
        match http::answer(&Asked { parts: &parts, settings: &settings, known: &known, clock }) {
            Outcome::Answer(answer) if answer.cause.is_none() && !parts.misses_header() => Some(answer),
            Outcome::Answer(_) | Outcome::Needs(_) | Outcome::Pass(_) => None,
        }
    });
    answered.map_or_else(|| u32::from(known.is_counted.get()), lay_out)
}

/// Lays a response out to be read.
fn lay_out(answer: Answer) -> u32 {
    let set = number(&answer.shared);
    OUT.with_borrow_mut(|out| {
        out.own = answer.own;
        out.body = answer.body;
        let length = u32::try_from(out.body.len()).unwrap_or(0);
        out.head = [u32::from(answer.status), set, out.body.as_ptr() as u32, length];
        2 + u32::from(!out.own.is_empty())
    })
}

/// The number of a set of headers: one number, one set, for as long as the isolate lives.
fn number(lines: &[Line]) -> u32 {
    let text = text(lines);
    SHARED.with_borrow_mut(|(first, sets)| {
        let place = sets.iter().position(|set| *set == text).unwrap_or_else(|| {
            if sets.len() == SETS {
                *first += u32::try_from(SETS).unwrap_or(0);
                sets.clear();
            }
            sets.push(text);
            sets.len() - 1
        });
        *first + u32::try_from(place).unwrap_or(0)
    })
}

/// The text of a set of headers, each a line of its name, a colon and its value.
#[wasm_bindgen]
pub fn fast_shared(set: u32) -> String {
    SHARED.with_borrow(|(first, sets)| set.checked_sub(*first).and_then(|place| sets.get(place as usize)).cloned().unwrap_or_default())
}

/// The text of the headers that the last response does not share.
#[wasm_bindgen]
pub fn fast_own() -> String {
    OUT.with_borrow(|out| text(&out.own))
}

fn text(lines: &[Line]) -> String {
    let mut text = String::new();
    for (name, value) in lines {
        // Writing to a string cannot fail.
        writeln!(text, "{name}:{value}").ok();
    }
    text
}
