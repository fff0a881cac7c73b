//! The reader that this isolate asks, in the hub's place: one for each environment and place.
use std::{cell::RefCell, collections::BTreeMap, time::Duration};

use futures_util::future::{Either, select};
use sdk_core::Millis;
use worker::{Delay, Env, Request, RequestInit, Response, console_error, js_sys::Reflect, wasm_bindgen::JsValue};

use crate::{
    clock, counts,
    environment::Environment,
    hub::wire::{ENVIRONMENT, READER},
    problem::Problem,
};

/// The longest wait for a reader, which may have to ask a hub that is slow or on another continent. If isolates gave up sooner, all of
/// them would ask that hub themselves.
const PATIENCE: Duration = Duration::from_millis(2_500);
/// The milliseconds for which a reader that did not answer is not asked.
const AWAY_MS: i64 = 10_000;
/// The place of an isolate whose runtime names none.
const LOCAL: &str = "local";

thread_local! {
    /// The place of the isolate, which never moves: the code of Cloudflare's data centre.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
    /// The moments at which readers last failed to answer, by name: one for each registered environment.
    static AWAY: RefCell<BTreeMap<String, Millis>> = const { RefCell::new(BTreeMap::new()) };
}

/// Takes note of the isolate's place, from the first request that names it.
pub(crate) fn learn_place(request: &Request) {
    PLACE.with_borrow_mut(|place| {
        if place.is_none() {
            let member = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).ok();
            let colo = member(request.inner(), "cf").filter(JsValue::is_object).and_then(|cf| member(&cf, "colo")?.as_string());
            *place = colo.filter(|colo| is_code(colo));
        }
    });
}

/// Asks the reader of an environment; `None` if there is none, or if it does not answer: then the hub is asked.
pub(crate) async fn ask(env: &Env, environment: &Environment, address: &str, init: &RequestInit) -> Result<Option<Response>, Problem> {
    let now = clock::now();
    let Ok(namespace) = env.durable_object("READER") else { return Ok(None) };
    let place = PLACE.with_borrow(|place| place.clone().unwrap_or_else(|| LOCAL.to_owned()));
    let name = format!("{}@{place}", environment.object());
    if AWAY.with_borrow(|away| away.get(&name).is_some_and(|away| (0..AWAY_MS).contains(&(now.0 - away.0)))) {
        return Ok(None);
    }
    let mut request = Request::new_with_init(address, init)?;
    let headers = request.headers_mut()?;
    headers.set(READER, &name)?;
    if let Some(name) = environment.name() {
        headers.set(ENVIRONMENT, name.as_str())?;
    }
    let reader = namespace.get_by_name(&name)?;
    let why = match select(Box::pin(reader.fetch_with_request(request)), Delay::from(PATIENCE)).await {
        Either::Left((Ok(answer), _)) => {
            counts::asked_hub(clock::since(now));
            return Ok(Some(answer));
        }
        Either::Left((Err(error), _)) => error.to_string(),
        Either::Right(_) => "it takes too long to answer".to_owned(),
    };
    console_error!("no answer from the reader {name}: {why}");
    AWAY.with_borrow_mut(|away| away.insert(name, now));
    Ok(None)
}

/// Returns true for the code of a data centre: three letters.
fn is_code(colo: &str) -> bool {
    colo.len() == 3 && colo.bytes().all(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_three_letters() {
        assert!(is_code("CDG"));
        for other in ["", "cdg", "CDGA", "CD", "C@G"] {
            assert!(!is_code(other), "{other}");
        }
    }
}
