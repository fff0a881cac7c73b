//! The compiled ruleset that this isolate answers from. Reads ask the hub at most once a second, and never fail while one is held.
use std::{cell::RefCell, rc::Rc};

use sdk_core::{BucketKey, Compiled, Millis, compile};
use worker::{Env, console_error};

use crate::{clock, hub::client as hub, problem::Problem};

/// How long an answer of the hub is taken for current.
const FRESH_MS: i64 = 1_000;

/// A ruleset and the version the hub gave it.
pub(crate) struct Serving {
    pub(crate) version: u32,
    pub(crate) compiled: Compiled,
}

#[derive(Clone)]
struct Held {
    serving: Rc<Serving>,
    asked: Option<Millis>,
}

thread_local! {
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

/// The ruleset to answer from: the hub's newest, or the last good one where the hub is away.
pub(crate) async fn current(env: &Env) -> Result<Rc<Serving>, Problem> {
    let held = HELD.with_borrow(Clone::clone);
    let now = clock::now();
    if let Some(Held { serving, asked: Some(asked) }) = &held
        && (0..FRESH_MS).contains(&(now.0 - asked.0))
    {
        return Ok(Rc::clone(serving));
    }
    let serving = match (ask(env, held.as_ref()).await, held) {
        (Ok(serving), _) => serving,
        (Err(problem), Some(held)) => {
            console_error!("serving version {}: {}", held.serving.version, problem.detail);
            held.serving
        }
        (Err(problem), None) => return Err(problem),
    };
    HELD.set(Some(Held { serving: Rc::clone(&serving), asked: Some(now) }));
    Ok(serving)
}

/// Makes the next read ask the hub, whatever was asked before.
pub(crate) fn expire() {
    HELD.with_borrow_mut(|held| {
        if let Some(held) = held {
            held.asked = None;
        }
    });
}

async fn ask(env: &Env, held: Option<&Held>) -> Result<Rc<Serving>, Problem> {
    let known = held.map(|held| held.serving.version);
    match (hub::document(env, known).await?, held) {
        (Some(document), _) => {
            let key = BucketKey::from_hex(&document.bucket_key);
            let compiled = compile(&document.text, key).map_err(|error| Problem::document(&error))?;
            Ok(Rc::new(Serving { version: document.version, compiled }))
        }
        (None, Some(held)) => Ok(Rc::clone(&held.serving)),
        (None, None) => Err(Problem::no_ruleset("NO_RULESET", "the hub has no document")),
    }
}
