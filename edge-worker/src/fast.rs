//! The fast way of a request through the module: the script (`entry.js`) writes its parts and its body into the module's memory, one call
//! answers it from what the isolate holds, and the script reads the response where it lies. No promise and no object crosses.
//!
//! The rules are those of [`http::answer`], as on the long way ([`crate::serve`]), which takes over if a fact must be found out.
use std::{cell::RefCell, fmt::Write};

use sdk_core::Millis;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use worker::Env;

use crate::{
    counts,
    http::{
        self, Outcome,
        asked::{Asked, Known},
        parts::{HEADERS, Header, Parts},
        response::{Answer, Line},
        routes::{Audience, Handler, HeldHandler, Limit},
    },
    repeats, settings, token_uses,
};

/// The most bytes of a request's parts and body that the input holds.
const INPUT: usize = 16_384 + crate::body::QUESTION;
/// The number of bits of a kind below those of its headers.
const KIND_BITS: u32 = 3;
/// The most shared heads that are remembered: a version of the ruleset has one for each audience and status.
const HEADS: usize = 32;
/// The bits of [`fast_answer`]: the response lies in the output; it has headers of its own; its body is text; it may be repeated.
const ANSWERED: u32 = 2;
const HAS_OWN: u32 = 1;
const IS_TEXT: u32 = 4;
const MAY_REPEAT: u32 = 8;

thread_local! {
    static IN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static OUT: RefCell<Out> = RefCell::default();
    /// The heads that answers share, and the number of the first one.
    static SHARED: RefCell<(u32, Vec<SharedHead>)> = const { RefCell::new((0, Vec::new())) };
}

/// The status of an answer, and the headers that it shares with others.
type SharedHead = (u16, Vec<Line>);

/// The response to the last request that was answered.
#[derive(Default)]
struct Out {
    /// The number of the shared head, the address and the length of the body, and the milliseconds for which it may be repeated.
    head: [u32; 4],
    body: Vec<u8>,
    own: Vec<Line>,
}

/// Prepares the input and returns the names of the headers that the script writes, separated by commas. Empty if all requests take the
/// long way, because a setting cannot be read or `FAST_WAY` is `off`.
#[wasm_bindgen]
pub fn fast_start(env: &Env) -> String {
    let Some(settings) = settings::of(env).ok().filter(|settings| !settings.is_fast_way_off) else { return String::new() };
    IN.with_borrow_mut(|input| input.resize(INPUT, 0));
    let proxy = settings.client_address_header.as_deref().unwrap_or_default();
    HEADERS.join(",") + "," + proxy
}

/// The module's memory, in which the input and the output lie.
#[wasm_bindgen]
pub fn fast_memory() -> JsValue {
    wasm_bindgen::memory()
}

/// The address at which the script writes the parts and the body.
#[wasm_bindgen]
pub fn fast_input() -> u32 {
    IN.with_borrow(|input| input.as_ptr() as u32)
}

/// The address at which the script reads the head of the response.
#[wasm_bindgen]
pub fn fast_output() -> u32 {
    OUT.with_borrow(|out| out.head.as_ptr() as u32)
}

/// The kind of the requests with a method and a path, which the script remembers: 0 if they always take the long way; else 1, plus 2 if
/// they have a body, plus 4 if they are counted by the connection's address. From the fourth bit on, a bit for each header to read.
/// Reading a header costs as much as evaluating a flag; a request that needs another header takes the long way.
#[wasm_bindgen]
pub fn fast_kind(method: &str, path: &str) -> u32 {
    let Some(route) = http::held_route(method, path) else { return 0 };
    // Their answers depend on the page then, and the script repeats one whatever the request.
    if route.audience == Audience::Monitors && settings::held().is_some_and(|settings| !settings.admin_origins.is_empty()) {
        return 0;
    }
    let is_counted = route.limit == Limit::Evaluation && settings::held().is_some_and(|settings| settings.rate_limits.0.is_some());
    let headers = match route.handler {
        Handler::Held(HeldHandler::Health | HeldHandler::Version | HeldHandler::SignIn) | Handler::Passed(_) => 0,
        Handler::Held(HeldHandler::Evaluate) => Header::Authorization.bit() | Header::Unit.bit(),
        Handler::Held(HeldHandler::OfrepFlag) => Header::Authorization.bit() | Header::Origin.bit() | Header::Unit.bit(),
        Handler::Held(HeldHandler::OfrepFlags) => {
            Header::Authorization.bit() | Header::Origin.bit() | Header::IfNoneMatch.bit() | Header::Unit.bit()
        }
        Handler::Held(HeldHandler::Widget) => Header::Authorization.bit() | Header::Origin.bit() | Header::IfNoneMatch.bit(),
        Handler::Held(HeldHandler::Program) => {
            Header::Authorization.bit() | Header::Origin.bit() | Header::IfNoneMatch.bit() | Header::Accept.bit() | Header::Unit.bit()
        }
    };
    let address = if is_counted { Header::ConnectingIp.bit() } else { 0 };
    1 + 2 * u32::from(method == "POST") + 4 * u32::from(is_counted) + ((headers | address) << KIND_BITS)
}

/// Does nothing: the script calls it to find out if this instance can be called.
#[wasm_bindgen]
pub fn fast_alive() {}

/// Answers the request of a kind whose parts and body lie in the input, one behind the other. The long way must answer if it returns 0,
/// or 1 for a request that was counted. Otherwise the response lies in the output, and the bits of the number tell its form: [`ANSWERED`],
/// with [`HAS_OWN`], [`IS_TEXT`] and [`MAY_REPEAT`] where they hold.
#[wasm_bindgen]
pub fn fast_answer(kind: u32, head: usize, body: usize, now: f64) -> u32 {
    let Some(settings) = settings::held() else { return 0 };
    let mut known = Known::default();
    let answered = IN.with_borrow(|input| {
        let parts = Parts::parse(str::from_utf8(input.get(..head)?).ok()?, kind >> KIND_BITS)?;
        known.body = Some(Ok(input.get(head..head + body)?.to_vec()));
        #[expect(clippy::cast_possible_truncation, reason = "the clock tells whole milliseconds")]
        let clock = Millis(now as i64);
        let outcome = repeats::without_news(|| http::answer(&Asked { parts: &parts, settings: &settings, known: &known, clock }));
        // The long way tells the hub.
        if known.token_use.borrow().as_ref().is_some_and(token_uses::is_due) {
            return None;
        }
        match outcome {
            Outcome::Answer(answer) if answer.status < 500 && !parts.misses_part() => Some(answer),
            Outcome::Answer(_) | Outcome::Needs(_) | Outcome::Pass(_) => None,
        }
    });
    answered.map_or_else(|| u32::from(known.is_counted.get()), lay_out)
}

/// Lays a response out for the script to read, and returns its form.
fn lay_out(answer: Answer) -> u32 {
    // This answer waited for no other party.
    counts::answered(answer.audience, answer.status, 0);
    let number = number(answer.status, answer.shared);
    OUT.with_borrow_mut(|out| {
        out.own = answer.own;
        out.body = answer.body;
        let length = u32::try_from(out.body.len()).unwrap_or(0);
        out.head = [number, out.body.as_ptr() as u32, length, answer.repeats_ms];
        let bit = |bit: u32, is_set: bool| if is_set { bit } else { 0 };
        ANSWERED + bit(HAS_OWN, !out.own.is_empty()) + bit(IS_TEXT, answer.is_text) + bit(MAY_REPEAT, answer.repeats_ms > 0)
    })
}

/// The number of a shared head. A number stands for the same head for as long as the instance lives.
fn number(status: u16, lines: Vec<Line>) -> u32 {
    SHARED.with_borrow_mut(|(first, heads)| {
        let is_same = |(of, held): &SharedHead| *of == status && *held == lines;
        let place = heads.iter().position(is_same).unwrap_or_else(|| {
            if heads.len() == HEADS {
                *first += u32::try_from(HEADS).unwrap_or(0);
                heads.clear();
            }
            heads.push((status, lines));
            heads.len() - 1
        });
        *first + u32::try_from(place).unwrap_or(0)
    })
}

/// The text of a shared head: the status, and a line for each header with its name, a colon and its value.
#[wasm_bindgen]
pub fn fast_shared(number: u32) -> String {
    SHARED.with_borrow(|(first, heads)| {
        let head = number.checked_sub(*first).and_then(|place| heads.get(place as usize));
        head.map(|(status, lines)| format!("{status}\n{}", text(lines))).unwrap_or_default()
    })
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
