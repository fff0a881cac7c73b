//! Tests of [`answer`] without a runtime: responses, missing facts, and requests that are passed on.
mod answers;
mod keys;
mod limits;
mod operators_pages;
mod rights;

use std::{cell::Cell, rc::Rc};

use control::{EnvironmentName, Key, KeyIdentity, KeyKind, KeyTerms, TokenRole, change::Hash};
use sdk_core::Millis;
use serde_json::Value;

use super::{
    asked::Known,
    parts::{ALL, Parts},
    *,
};
use crate::{
    auth::{Verified, learned_claims},
    environment::{Environment, Registry},
    keys::Keys,
    limit::Rates,
    ruleset_cache::{self, Serving},
    settings::RateLimits,
    version::Version,
};

const DOCUMENT: &str = r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{
    "plain":{"default":"on","tags":["shop"]},
    "hidden":{"default":"on","tags":["team"]},
    "text":{"type":"string","variants":{"a":"α","b":"β"},"on":"a","off":"b","rules":[{"if":{"attribute":"plan","op":"eq","value":"pro"},"serve":"a"}]}}}"#;
const STORED: &str = "tf_client_00112233445566778899aabbccddeeff00112233";
const NOW: Millis = Millis(1_800_000_000_000);

#[derive(Clone)]
struct Request {
    method: &'static str,
    path: &'static str,
    bearer: &'static str,
    origin: &'static str,
    peer: &'static str,
    if_none_match: String,
}

/// The body of a question with an empty context.
const EMPTY: &str = r#"{"context":{}}"#;

const ONE: Request = Request {
    method: "POST",
    path: "/ofrep/v1/evaluate/flags/plain",
    bearer: "client",
    origin: "",
    peer: "192.0.2.1:443",
    if_none_match: String::new(),
};

impl Request {
    fn head(&self) -> String {
        let Self { method, path, bearer, origin, peer, if_none_match } = self;
        let given = |prefix: &str, value: &str| if value.is_empty() { String::new() } else { format!(":{prefix}{value}") };
        let (bearer, origin, if_none_match) = (given("Bearer ", bearer), given("", origin), given("", if_none_match));
        format!("{method}\nhttps://flags.example{path}\n{peer}\n{bearer}\n\n{origin}\n\n:application/json\n\n{if_none_match}\n\n\n\n\n")
    }

    fn ask(&self, settings: &Settings, known: &Known) -> Outcome {
        let head = self.head();
        let parts = Parts::parse(&head, ALL).unwrap();
        answer(&Asked { parts: &parts, settings, known, clock: NOW })
    }

    #[track_caller]
    fn answered(&self, settings: &Settings, known: &Known) -> Answer {
        let Outcome::Answer(answer) = self.ask(settings, known) else { panic!("{} {} is not answered", self.method, self.path) };
        answer
    }
}

fn settings() -> Settings {
    let text = |text: &str| Some(text.to_owned());
    Settings { client_key: text("client"), server_key: text("server"), rate_limits: RateLimits(None), ..Settings::default() }
}

fn version(number: u32) -> Version {
    Version { epoch: "0a1b2c3d4e5f".parse().unwrap(), number }
}

/// The facts of a request with this body, in an isolate that holds the document.
fn knowing(body: &str) -> Known {
    Known { body: Some(Ok(body.as_bytes().to_vec())), serving: Some(Ok(Serving::of_document(DOCUMENT, version(7)))), ..Known::default() }
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.shared.iter().chain(&answer.own).find(|(found, _)| *found == name).map(|(_, value)| &**value)
}

fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}
