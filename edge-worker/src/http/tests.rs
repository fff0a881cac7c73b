//! Tests of [`answer`] without a runtime: responses, missing facts, and requests that are passed on.
use std::{cell::Cell, rc::Rc};

use control::{EnvironmentName, Key, KeyIdentity, KeyKind, KeyTerms, TokenRole, change::Hash};
use sdk_core::Millis;
use serde_json::Value;

use super::{asked::Known, parts::Parts, *};
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

struct Request {
    method: &'static str,
    path: &'static str,
    bearer: &'static str,
    origin: &'static str,
    peer: &'static str,
    if_none_match: String,
}

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
        let parts = Parts::parse(&head).unwrap();
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

#[test]
fn a_flag_is_answered_from_the_ruleset_in_the_isolate() {
    let answer = ONE.answered(&settings(), &knowing(r#"{"context":{"userId":"u-1"}}"#));
    assert_eq!(answer.status, 200);
    let body = json(&answer);
    assert_eq!((&body["key"], &body["value"], &body["variant"]), (&"plain".into(), &true.into(), &"on".into()));
    for (name, value) in [
        ("content-type", "application/json"),
        ("cache-control", "private, no-cache"),
        ("vary", "authorization, twinflag-identity, x-api-key, origin"),
        ("x-content-type-options", "nosniff"),
        ("twinflag-version", "0a1b2c3d4e5f.7"),
    ] {
        assert_eq!(header(&answer, name), Some(value), "{name}");
    }
    let absent = Request { path: "/ofrep/v1/evaluate/flags/a%20b", ..ONE }.answered(&settings(), &knowing("{}"));
    assert_eq!((absent.status, json(&absent)["key"].clone()), (404, "a b".into()));
}

#[test]
fn missing_facts_are_named_one_after_the_other() {
    let settings = settings();
    let mut known = Known::default();
    assert!(matches!(ONE.ask(&settings, &known), Outcome::Needs(Need::Body(256_000))));
    known.body = Some(Ok(b"{}".to_vec()));
    assert!(matches!(ONE.ask(&settings, &known), Outcome::Needs(Need::Ruleset(Environment::FIRST, None))));
    let newer = Request { path: "/ofrep/v1/evaluate/flags/plain?flagConfigEtag=%220a1b2c3d4e5f.8%22", ..ONE };
    assert!(
        matches!(newer.ask(&settings, &known), Outcome::Needs(Need::Ruleset(Environment::FIRST, Some(wanted))) if wanted == version(8))
    );
    known.serving = Some(Err(Problem::no_ruleset("NO_RULESET", "the hub is away")));
    assert_eq!(ONE.answered(&settings, &known).status, 503);
    // The widget has its written defaults.
    let widget = Request { method: "GET", path: "/api/widget/config?customerId=c-1", ..ONE }.answered(&settings, &known);
    assert_eq!((widget.status, json(&widget)["stale"].clone()), (200, true.into()));
    known.serving = Some(Ok(Serving::of_document(DOCUMENT, version(7))));
    assert_eq!(ONE.answered(&settings, &known).status, 200);
}

/// A client key for the pages of a shop, and the flags with its tag.
fn shop_key() -> Key {
    let terms = KeyTerms {
        kind: KeyKind::Client,
        label: "l".into(),
        origins: vec!["https://shop.example".into()],
        tags: vec!["shop".into()],
        identity: KeyIdentity::Open,
        expires_at: None,
        role: None,
    };
    let hash = Hash::of(STORED.as_bytes());
    Key { terms, hash, hint: String::new(), identity_secret: None, created_at: Millis(0), successor: None, revoked_at: None }
}

#[test]
fn a_stored_key_shows_only_flags_with_its_tags_and_only_to_its_origins() {
    let key = shop_key();
    let keys = || Rc::new(Keys::of([key.clone()], Registry::default()));
    let known = || Known { keys: vec![(Environment::FIRST, Ok(keys()))], ..knowing("{}") };
    let request = Request { bearer: STORED, ..ONE };
    assert_eq!(request.answered(&settings(), &known()).status, 200);
    assert_eq!(Request { path: "/ofrep/v1/evaluate/flags/hidden", ..request }.answered(&settings(), &known()).status, 404);
    for (origin, status) in [("https://shop.example", 200), ("https://flags.example", 200), ("https://other.example", 403)] {
        assert_eq!(Request { origin, bearer: STORED, ..ONE }.answered(&settings(), &known()).status, status, "{origin}");
    }
    for (expires_at, revoked_at, status) in
        [(Some(Millis(NOW.0 + 1)), None, 200), (Some(NOW), None, 401), (None, Some(Millis(NOW.0 - 1)), 401)]
    {
        let key = Key { terms: KeyTerms { expires_at, ..key.terms.clone() }, revoked_at, ..key.clone() };
        let keys = Rc::new(Keys::of([key], Registry::default()));
        let known = Known { keys: vec![(Environment::FIRST, Ok(keys))], ..knowing("{}") };
        assert_eq!(Request { bearer: STORED, ..ONE }.answered(&settings(), &known).status, status, "{expires_at:?} {revoked_at:?}");
    }
    // A key that the isolate does not know may be new; the hub's answer decides.
    let none = || Known { keys: vec![(Environment::FIRST, Ok(Rc::default()))], ..knowing("{}") };
    let request = Request { bearer: STORED, ..ONE };
    assert!(matches!(request.ask(&settings(), &none()), Outcome::Needs(Need::NewerKeys(Environment::FIRST))));
    for (newer, is_sure, status) in [(keys(), true, 200), (Rc::default(), true, 401), (Rc::default(), false, 503)] {
        let newer_keys = vec![(Environment::FIRST, newer, is_sure)];
        assert_eq!(request.answered(&settings(), &Known { newer_keys, ..none() }).status, status);
    }
    assert!(matches!(request.ask(&settings(), &knowing("{}")), Outcome::Needs(Need::Keys(Environment::FIRST))));
}

#[test]
fn only_a_page_whose_origin_the_key_lists_reads_the_answer_and_its_headers() {
    let keys = Rc::new(Keys::of([shop_key()], Registry::default()));
    ruleset_cache::hold_keys(Rc::clone(&keys));
    // A browser asks for no such header of the edge's own pages.
    for (origin, is_listed) in [("https://shop.example", true), ("https://flags.example", false), ("https://shop.example.evil", false)] {
        let known = Known { keys: vec![(Environment::FIRST, Ok(Rc::clone(&keys)))], ..knowing("{}") };
        let answer = Request { origin, bearer: STORED, ..ONE }.answered(&settings(), &known);
        assert_eq!(header(&answer, "access-control-allow-origin"), is_listed.then_some(origin), "{origin}");
        assert_eq!(header(&answer, "access-control-expose-headers").is_some(), is_listed, "{origin}");
    }
}

/// The keys of the first environment, with the registry of a deployment that has another one.
fn registry() -> Rc<Keys> {
    let staging = EnvironmentName::parse("staging").unwrap();
    Rc::new(Keys::of([], Registry::new(Some("production".to_owned()), vec![(staging, Millis(0))])))
}

#[test]
fn a_key_opens_the_environment_that_it_names() {
    let staging = || registry().registry.find("staging").unwrap();
    let ask = |bearer: &'static str, known: &Known| Request { bearer, ..ONE }.ask(&settings(), known);
    let first = || (Environment::FIRST, Ok(registry()));
    let named = "tf_client_staging_00112233445566778899aabbccddeeff00112233";
    let needs = |outcome: Outcome, wanted: &Environment, newer: bool| match outcome {
        Outcome::Needs(Need::Keys(of)) => !newer && of == *wanted,
        Outcome::Needs(Need::NewerKeys(of)) => newer && of == *wanted,
        Outcome::Needs(_) | Outcome::Answer(_) | Outcome::Pass(_) => false,
    };
    assert!(needs(ask(named, &knowing("{}")), &Environment::FIRST, false));
    assert!(needs(ask(named, &Known { keys: vec![first()], ..knowing("{}") }), &staging(), false));
    let own = || Known { keys: vec![first(), (staging(), Ok(Rc::default()))], ..knowing("{}") };
    assert!(needs(ask(named, &own()), &staging(), true));
    // The keys of another environment open nothing here, and those of the first one with a name that is not registered are its own.
    let sure = |of: Environment| Known { newer_keys: vec![(of, registry(), true)], ..own() };
    for (bearer, of, status) in [
        (named, staging(), 401),
        ("tf_client_production_00112233445566778899aabbccddeeff00112233", Environment::FIRST, 401),
        ("tf_client_absent_00112233445566778899aabbccddeeff00112233", Environment::FIRST, 401),
    ] {
        assert!(matches!(ask(bearer, &sure(of)), Outcome::Answer(answer) if answer.status == status), "{bearer}");
    }
    // However many names are presented, only the first environment's hub is asked about them.
    for bearer in ["tf_client_absent_00112233445566778899aabbccddeeff00112233", "tf_client_main_00112233445566778899aabbccddeeff00112233"] {
        assert!(needs(ask(bearer, &Known { keys: vec![first()], ..knowing("{}") }), &Environment::FIRST, true), "{bearer}");
    }
    for bearer in ["tf_client_Staging_00112233445566778899aabbccddeeff00112233", "tf_client__00112233445566778899aabbccddeeff00112233"] {
        assert!(matches!(ask(bearer, &Known { keys: vec![first()], ..knowing("{}") }), Outcome::Needs(Need::Signature(_))), "{bearer}");
    }
}

#[test]
fn a_token_acts_in_the_environments_that_it_lists() {
    let ask = |claims: &str, is_metadata: bool, path: &'static str| {
        let (top, metadata) = if is_metadata { ("", claims) } else { (claims, "") };
        let claims = format!(r#"{{"sub":"s","exp":1900000000,"app_metadata":{{"role":"admin"{metadata}}}{top}}}"#);
        let known = Known {
            verified: Some(Ok(learned_claims(&claims))),
            keys: vec![(Environment::FIRST, Ok(registry()))],
            newer_keys: vec![(Environment::FIRST, registry(), true)],
            ..Known::default()
        };
        match (Request { path, bearer: "a token", ..ONE }).ask(&settings(), &known) {
            Outcome::Pass(pass) => pass.caller.environment.object(),
            Outcome::Answer(answer) => answer.status.to_string(),
            Outcome::Needs(Need::Body(_)) => "the first one's body".to_owned(),
            Outcome::Needs(_) => panic!("{claims} {path}"),
        }
    };
    let (start, staging) = ("/api/admin/rollout/start", "/api/admin/rollout/start?environment=staging");
    for (claims, path, expected) in [
        ("", start, "main"),
        ("", staging, "environment/staging"),
        ("", "/api/admin/rollout/start?environment=production", "main"),
        ("", "/api/admin/rollout/start?environment=absent", "404"),
        ("", "/v1/explain?environment=staging", "environment/staging"),
        (r#","environments":["staging"]"#, start, "403"),
        (r#","environments":["staging"]"#, staging, "environment/staging"),
        (r#","environments":["production"]"#, start, "main"),
        (r#","environments":["production"]"#, staging, "403"),
        (r#","environments":[]"#, start, "403"),
        // The claim that says where a token evaluates says nothing about commands.
        (r#","environment":"staging""#, start, "main"),
        (r#","environment":"absent""#, "/v1/program", "403"),
        (r#","environment":"staging","environments":["production"]"#, "/v1/program", "403"),
        (r#","environment":"production""#, "/v1/program", "the first one's body"),
    ] {
        for is_metadata in [false, true] {
            assert_eq!(ask(claims, is_metadata, path), expected, "{claims} {path}, in app_metadata: {is_metadata}");
        }
    }
}

#[test]
fn the_key_and_not_the_query_decides_about_the_environment() {
    for (path, bearer) in [("/v1/evaluate", "server"), ("/ofrep/v1/evaluate/flags", "client"), ("/ofrep/v1/evaluate/flags/plain", "client")]
    {
        let body = r#"{"evaluations":[{"flag":"plain"}]}"#;
        let ask = |query: &str| Request { path: format!("{path}{query}").leak(), bearer, ..ONE }.answered(&settings(), &knowing(body));
        assert_eq!(ask("").status, 200, "{path}");
        let refused = ask("?environment=staging");
        assert_eq!(refused.status, 400, "{path}");
        assert!(String::from_utf8_lossy(&refused.body).contains("leave ?environment= out"), "{path}");
    }
}

#[test]
fn every_route_of_operators_refuses_what_it_does_not_take_in_its_query() {
    let ask = |method: &'static str, path: &str| {
        let claims = r#"{"sub":"s","exp":1900000000,"app_metadata":{"role":"admin"}}"#;
        let keys = vec![(Environment::FIRST, Ok(registry()))];
        let body = Some(Ok(br#"{"action":"kill"}"#.to_vec()));
        let known = Known { verified: Some(Ok(learned_claims(claims))), keys, body, ..Known::default() };
        match (Request { method, path: path.to_owned().leak(), bearer: "a token", ..ONE }).ask(&settings(), &known) {
            Outcome::Pass(pass) => pass.caller.environment.object(),
            Outcome::Answer(answer) => format!("{} {}", answer.status, json(&answer)["detail"].as_str().unwrap()),
            Outcome::Needs(_) => panic!("{method} {path}"),
        }
    };
    for route in routes::ROUTES.iter().filter(|route| route.audience == Audience::Operators) {
        let (method, path) = (route.method, route.path.replace(['{', '}'], ""));
        assert_eq!(ask(method, &path), "main", "{method} {path}");
        let unknown = match &*route.parameters().join(", ") {
            "" => "400 expected no parameter".to_owned(),
            names => format!("400 expected no parameter but {names}"),
        };
        for name in ["enviroment", "env", "Environment", ""] {
            let refusal = format!("{unknown}; found {name:?}");
            assert_eq!(ask(method, &format!("{path}?{name}=staging")), refusal, "{method} {path}?{name}");
        }
        // Each of these names one thing.
        for name in route.parameters().into_iter().filter(|name| !["remove", "overwrite"].contains(name)) {
            let twice = ask(method, &format!("{path}?{name}=staging&{name}=staging"));
            assert_eq!(twice, format!("400 expected {name} once"), "{method} {path}");
        }
    }
}

#[test]
fn a_request_is_counted_once_however_often_it_is_answered() {
    let settings = Settings { rate_limits: RateLimits(Some(Rates { client: 2, ..Rates::DEFAULT })), ..settings() };
    let known = Known::default();
    for _ in 0..5 {
        assert!(matches!(ONE.ask(&settings, &known), Outcome::Needs(Need::Body(_))));
    }
    assert_eq!(ONE.answered(&settings, &knowing("{}")).status, 200);
    let refused = ONE.answered(&settings, &knowing("{}"));
    assert_eq!((refused.status, header(&refused, "retry-after"), header(&refused, "cache-control")), (429, Some("60"), Some("no-store")));
    assert_eq!(json(&refused)["errorCode"], "GENERAL");
    // A request that was counted before the call is not counted again; another address has a count of its own; a server has none.
    assert_eq!(ONE.answered(&settings, &Known { is_counted: Cell::new(true), ..knowing("{}") }).status, 200);
    assert_eq!(Request { peer: "192.0.2.2:443", ..ONE }.answered(&settings, &knowing("{}")).status, 200);
    for _ in 0..5 {
        assert_eq!(Request { bearer: "server", ..ONE }.answered(&settings, &knowing("{}")).status, 200);
    }
}

const MADE_UP: [&str; 4] = [
    "tf_server_00112233445566778899aabbccddeeff00112233",
    "tf_api_00112233445566778899aabbccddeeff00112233",
    "tf_client_00112233445566778899aabbccddeeff00112233",
    "a forged token",
];

#[test]
fn credentials_that_do_not_hold_count_by_the_address_that_presents_them() {
    let limited = Settings { rate_limits: RateLimits(Some(Rates { failed: 10, ..Rates::DEFAULT })), ..settings() };
    let asked_hub = || Known {
        keys: vec![(Environment::FIRST, Ok(Rc::default()))],
        newer_keys: vec![(Environment::FIRST, Rc::default(), true)],
        verified: Some(Err(Problem::no_credentials())),
        ..knowing("{}")
    };
    let statuses: Vec<u16> =
        MADE_UP.iter().cycle().take(40).map(|bearer| Request { bearer, ..ONE }.answered(&limited, &asked_hub()).status).collect();
    assert_eq!(statuses, [vec![401; 10], vec![429; 30]].concat());
    // From there no made-up key makes the isolate ask a hub; elsewhere it does.
    let not_asked = || Known { keys: vec![(Environment::FIRST, Ok(Rc::default()))], ..knowing("{}") };
    for bearer in &MADE_UP[..3] {
        assert_eq!(Request { bearer, ..ONE }.answered(&limited, &not_asked()).status, 429, "{bearer}");
        let elsewhere = Request { bearer, peer: "192.0.2.3:443", ..ONE }.ask(&limited, &not_asked());
        assert!(matches!(elsewhere, Outcome::Needs(Need::NewerKeys(_))), "{bearer}");
    }
    // Credentials that hold go on to hold there, and a request without any is not counted.
    for bearer in ["client", "server"] {
        assert_eq!(Request { bearer, ..ONE }.answered(&limited, &knowing("{}")).status, 200);
    }
    let none = Request { bearer: "", peer: "192.0.2.4:443", ..ONE };
    assert!((0..20).all(|_| none.answered(&limited, &knowing("{}")).status == 401));
}

#[test]
fn a_request_that_a_token_has_no_right_to_counts_for_its_subject() {
    let limited = Settings { rate_limits: RateLimits(Some(Rates { admin: 5, read: 7, ..Rates::DEFAULT })), ..settings() };
    let claims = r#"{"sub":"s","exp":1900000000,"app_metadata":{"role":"organization_admin","organization_id":"o-1"}}"#;
    let known = || Known { verified: Some(Ok(learned_claims(claims))), ..knowing(r#"{"featureName":"plain","action":"kill"}"#) };
    let statuses = |method, path| -> Vec<u16> {
        (0..20).map(|_| Request { method, path, bearer: "a token", ..ONE }.answered(&limited, &known()).status).collect()
    };
    assert_eq!(statuses("POST", "/api/admin/feature-flags"), [vec![403; 5], vec![429; 15]].concat());
    assert_eq!(statuses("POST", "/api/admin/keys"), [429; 20]);
    assert_eq!(statuses("GET", "/api/admin/keys"), [vec![403; 7], vec![429; 13]].concat());
}

#[test]
fn a_client_that_holds_the_answer_gets_304() {
    for path in ["/ofrep/v1/evaluate/flags", "/v1/program"] {
        let answer = Request { path, ..ONE }.answered(&settings(), &knowing("{}"));
        let etag = header(&answer, "etag").unwrap().to_owned();
        let again = Request { path, if_none_match: etag.clone(), ..ONE }.answered(&settings(), &knowing("{}"));
        assert_eq!((answer.status, again.status, again.body.len(), header(&again, "etag")), (200, 304, 0, Some(etag.as_str())), "{path}");
    }
}

#[test]
fn a_role_without_the_right_to_a_command_is_refused() {
    let request = Request { path: "/api/admin/rollout/start", bearer: "a token", ..ONE };
    assert!(matches!(request.ask(&settings(), &Known::default()), Outcome::Needs(Need::Signature(_))));
    for (role, may) in [("service", true), ("admin", true), ("operator", true), ("viewer", false), ("", false)] {
        let claims: Verified = learned_claims(&format!(r#"{{"sub":"s","exp":1900000000,"app_metadata":{{"role":"{role}"}}}}"#));
        let known = Known { verified: Some(Ok(claims)), ..Known::default() };
        match request.ask(&settings(), &known) {
            Outcome::Pass(pass) => {
                assert!(may && pass.handler == PassedHandler::Hub(routes::HubHandler::Rollout(routes::Verb::Start)), "{role}");
            }
            Outcome::Answer(answer) => assert!(!may && answer.status == 403, "{role}: {}", answer.status),
            Outcome::Needs(_) => panic!("{role}"),
        }
    }
}

#[test]
fn a_role_counts_in_its_environments_alone() {
    // The first environment of the registry is production.
    let claims = r#"{"sub":"s","exp":1900000000,"app_metadata":{"role":{"production":"viewer","staging":"admin"}}}"#;
    for (query, may_start, may_read) in [
        ("", false, true),
        ("?environment=production", false, true),
        ("?environment=staging", true, true),
        ("?environment=absent", false, false),
    ] {
        let ask = |method: &'static str, path: &str| {
            let keys = vec![(Environment::FIRST, Ok(registry()))];
            let known = Known { verified: Some(Ok(learned_claims(claims))), keys, ..knowing("{}") };
            let path: &'static str = format!("{path}{query}").leak();
            matches!((Request { method, path, bearer: "a token", ..ONE }).ask(&settings(), &known), Outcome::Pass(_))
        };
        assert_eq!(ask("POST", "/api/admin/rollout/start"), may_start, "{query}");
        assert_eq!(ask("GET", "/api/admin/versions"), may_read, "{query}");
    }
}

#[test]
fn a_person_without_a_role_evaluates_as_the_subject_of_the_token() {
    for (context, status) in [("{}", 200), (r#"{"userId":"s"}"#, 200), (r#"{"userId":"other"}"#, 403), (r#"{"customerId":"c"}"#, 403)] {
        let claims = learned_claims(r#"{"sub":"s","exp":1900000000}"#);
        let known = Known { verified: Some(Ok(claims)), ..knowing(&format!(r#"{{"context":{context}}}"#)) };
        let asked = Request { path: "/ofrep/v1/evaluate/flags", bearer: "a token", ..ONE };
        assert_eq!(asked.answered(&settings(), &known).status, status, "{context}");
    }
}

#[test]
fn an_operator_may_kill_a_flag_and_may_not_set_an_override() {
    for (role, kill, set) in
        [("admin", true, true), ("operator", true, false), ("organization_admin", false, true), ("member", false, false)]
    {
        let claims = format!(r#"{{"sub":"s","exp":1900000000,"app_metadata":{{"role":"{role}","organizationId":"o-1"}}}}"#);
        for (body, may) in [(r#"{"action":"kill"}"#, kill), (r#"{"action":"revive"}"#, kill), (r#"{"enabled":true}"#, set)] {
            let known = Known { verified: Some(Ok(learned_claims(&claims))), ..knowing(body) };
            let request = Request { path: "/api/admin/feature-flags", bearer: "a token", ..ONE };
            assert_eq!(matches!(request.ask(&settings(), &known), Outcome::Pass(_)), may, "{role} {body}");
        }
    }
}

#[test]
fn a_request_that_is_not_served_gets_its_status() {
    for (method, path, bearer, status) in [
        ("GET", "/absent", "client", 404),
        ("GET", "/v1/program", "client", 405),
        ("POST", "/v1/program", "", 401),
        ("POST", "/v1/program", "another", 0),
        ("POST", "/v1/evaluate", "client", 403),
        ("POST", "/v1/evaluate", "another", 401),
        ("OPTIONS", "/v1/evaluate", "", 204),
        ("GET", "/version", "", 200),
        ("HEAD", "/health", "", 200),
        ("POST", "/demo/explain", "client", 404),
        ("GET", "/demo", "", 404),
        ("GET", "/demo/main.js", "", 404),
    ] {
        let request = Request { method, path, bearer, ..ONE };
        match request.ask(&settings(), &knowing("{}")) {
            Outcome::Answer(answer) => assert_eq!(answer.status, status, "{method} {path} {bearer}"),
            // A text that is not a key may be a token.
            Outcome::Needs(Need::Signature(_)) => assert_eq!(status, 0, "{method} {path} {bearer}"),
            Outcome::Needs(_) | Outcome::Pass(_) => panic!("{method} {path} {bearer}"),
        }
    }
}

const API: &str = "tf_api_00112233445566778899aabbccddeeff00112233";
const API_OF_STAGING: &str = "tf_api_staging_00112233445566778899aabbccddeeff00112233";

/// The keys of an environment with one API token, which ends at a moment.
fn with_token(text: &str, role: TokenRole, end: Millis) -> Rc<Keys> {
    let terms = KeyTerms {
        kind: KeyKind::Api,
        label: "ci".into(),
        origins: Vec::new(),
        tags: Vec::new(),
        identity: KeyIdentity::Open,
        expires_at: Some(end),
        role: Some(role),
    };
    let hash = Hash::of(text.as_bytes());
    let token = Key { terms, hash, hint: String::new(), identity_secret: None, created_at: Millis(0), successor: None, revoked_at: None };
    let staging = EnvironmentName::parse("staging").unwrap();
    Rc::new(Keys::of([token], Registry::new(Some("production".to_owned()), vec![(staging, Millis(0))])))
}

/// The environment's object and the subject of a request that passes; else the status and the code of its refusal.
fn passes(request: &Request, settings: &Settings, known: &Known) -> String {
    match request.ask(settings, known) {
        Outcome::Pass(pass) => format!("{} {} {}", pass.caller.environment.object(), pass.caller.subject(), pass.caller.kind().as_str()),
        Outcome::Answer(answer) => format!("{} {}", answer.status, json(&answer)["code"].as_str().unwrap()),
        Outcome::Needs(_) => "needs more".to_owned(),
    }
}

#[test]
fn an_api_token_has_its_role_until_its_end() {
    let known = |role, end| Known { keys: vec![(Environment::FIRST, Ok(with_token(API, role, end)))], ..Known::default() };
    let later = Millis(NOW.0 + 1);
    for (method, path, role, end, expected) in [
        ("GET", "/api/admin/keys", TokenRole::Viewer, later, "main token:ci viewer"),
        ("POST", "/api/admin/rollout/pause", TokenRole::Viewer, later, "403 FORBIDDEN"),
        ("POST", "/api/admin/rollout/pause", TokenRole::Operator, later, "main token:ci operator"),
        ("POST", "/api/admin/tokens", TokenRole::Operator, later, "403 FORBIDDEN"),
        ("POST", "/api/admin/tokens", TokenRole::Admin, later, "main token:ci admin"),
        ("GET", "/api/admin/keys", TokenRole::Admin, NOW, "401 TOKEN_EXPIRED"),
        // The query is no place for a token, and the name of its place is refused once the caller is known.
        ("GET", "/api/admin/keys?token=x", TokenRole::Admin, later, "400 PARSE_ERROR"),
    ] {
        let request = Request { method, path, bearer: API, ..ONE };
        assert_eq!(passes(&request, &settings(), &known(role, end)), expected, "{method} {path} {role:?}");
    }
    let other = Request { method: "GET", path: "/api/admin/keys", bearer: "tf_api_00112233445566778899aabbccddeeff00112234", ..ONE };
    let sure = Known { newer_keys: vec![(Environment::FIRST, Rc::default(), true)], ..known(TokenRole::Admin, later) };
    assert_eq!(passes(&other, &settings(), &sure), "401 UNAUTHORIZED");
    // By the matrix, it evaluates too; it is neither a client key nor a server key.
    let evaluation = Request { bearer: API, ..ONE };
    let at_hand = || Known { keys: vec![(Environment::FIRST, Ok(with_token(API, TokenRole::Viewer, later)))], ..knowing("{}") };
    assert_eq!(evaluation.answered(&settings(), &at_hand()).status, 200);
    let off = Settings { is_off: true, ..settings() };
    let of_others = Known { newer_keys: vec![(Environment::FIRST, Rc::default(), true)], ..at_hand() };
    assert_eq!(passes(&other, &off, &of_others), "401 UNAUTHORIZED");
    let servers = Request { path: "/v1/evaluate", bearer: API, ..ONE };
    assert_eq!(servers.answered(&settings(), &at_hand()).status, 401);
}

#[test]
fn an_api_token_is_for_the_environment_that_it_names() {
    let first = with_token(API, TokenRole::Admin, Millis(NOW.0 + 1));
    let staging = || first.registry.find("staging").unwrap();
    let of_staging = with_token(API_OF_STAGING, TokenRole::Admin, Millis(NOW.0 + 1));
    let known = || Known {
        keys: vec![(Environment::FIRST, Ok(Rc::clone(&first))), (staging(), Ok(Rc::clone(&of_staging)))],
        newer_keys: vec![(Environment::FIRST, Rc::clone(&first), true)],
        ..Known::default()
    };
    for (bearer, path, expected) in [
        (API, "/api/admin/keys", "main token:ci admin"),
        (API, "/api/admin/keys?environment=production", "main token:ci admin"),
        (API, "/api/admin/keys?environment=staging", "403 FORBIDDEN"),
        (API, "/api/admin/environments", "main token:ci admin"),
        (API_OF_STAGING, "/api/admin/keys", "environment/staging token:ci admin"),
        (API_OF_STAGING, "/api/admin/keys?environment=staging", "environment/staging token:ci admin"),
        (API_OF_STAGING, "/api/admin/keys?environment=production", "403 FORBIDDEN"),
        (API_OF_STAGING, "/api/admin/keys?environment=absent", "403 FORBIDDEN"),
        // The list of environments is the first one's.
        (API_OF_STAGING, "/api/admin/environments", "403 FORBIDDEN"),
    ] {
        assert_eq!(passes(&Request { method: "GET", path, bearer, ..ONE }, &settings(), &known()), expected, "{bearer} {path}");
    }
}

#[test]
fn tokens_with_one_name_in_two_environments_are_counted_apart() {
    let first = with_token(API, TokenRole::Admin, Millis(NOW.0 + 1));
    let of_staging = with_token(API_OF_STAGING, TokenRole::Admin, Millis(NOW.0 + 1));
    let staging = || first.registry.find("staging").unwrap();
    let known =
        || Known { keys: vec![(Environment::FIRST, Ok(Rc::clone(&first))), (staging(), Ok(Rc::clone(&of_staging)))], ..knowing("{}") };
    let settings = Settings { rate_limits: RateLimits(Some(Rates { admin: 1, read: 1, user: 1, ..Rates::DEFAULT })), ..settings() };
    for (method, path) in [("POST", "/api/admin/keys"), ("GET", "/api/admin/keys")] {
        for (bearer, expected) in [
            (API, "main token:ci admin"),
            (API_OF_STAGING, "environment/staging token:ci admin"),
            (API, "429 RATE_LIMITED"),
            (API_OF_STAGING, "429 RATE_LIMITED"),
        ] {
            assert_eq!(passes(&Request { method, path, bearer, ..ONE }, &settings, &known()), expected, "{method} {bearer}");
        }
    }
    for (bearer, expected) in [(API, 200), (API_OF_STAGING, 200), (API, 429), (API_OF_STAGING, 429)] {
        assert_eq!(Request { bearer, ..ONE }.answered(&settings, &known()).status, expected, "{bearer}");
    }
}

#[test]
fn the_break_glass_token_opens_operators_routes_and_each_use_is_marked() {
    const TOKEN: &str = "tf_break_glass_0123456789abcdef0123456789abcdef";
    let with = |text: &str| Settings { break_glass_token_hash: Some(Hash::of(text.as_bytes()).to_hex()), ..settings() };
    let known = || Known { keys: vec![(Environment::FIRST, Ok(registry()))], ..Known::default() };
    let ask = |path, bearer, settings: &Settings| {
        let known = known();
        (passes(&Request { method: "GET", path, bearer, peer: "192.0.2.9:1", ..ONE }, settings, &known), known.is_break_glass.get())
    };
    let passed = |environment: &str| (format!("{environment} break-glass admin"), true);
    assert_eq!(ask("/api/admin/backup", TOKEN, &with(TOKEN)), passed("main"));
    assert_eq!(ask("/api/admin/backup?environment=staging", TOKEN, &with(TOKEN)), passed("environment/staging"));
    // A use that is refused is one, too.
    assert_eq!(ask("/api/admin/backup?no=parameter", TOKEN, &with(TOKEN)), ("400 PARSE_ERROR".to_owned(), true));
    let refused = ("401 UNAUTHORIZED".to_owned(), false);
    assert_eq!(ask("/api/admin/backup", TOKEN, &settings()), refused);
    assert_eq!(ask("/api/admin/backup", TOKEN, &with("another")), refused);
    // One byte too short, though its hash is the one that is set.
    let short = &TOKEN[..TOKEN.len() - 1];
    assert_eq!(ask("/api/admin/backup", short, &with(short)), refused);
    let evaluation = Request { bearer: TOKEN, ..ONE };
    let known = knowing("{}");
    assert!(matches!(evaluation.ask(&with(TOKEN), &known), Outcome::Needs(Need::Signature(_))));
    assert!(!known.is_break_glass.get());
    // Guesses are limited even if nothing else is; the right token passes.
    for _ in 0..3 {
        ask("/api/admin/backup", "tf_break_glass_guess", &with(TOKEN));
    }
    assert_eq!(ask("/api/admin/backup", "tf_break_glass_guess", &with(TOKEN)).0, "429 RATE_LIMITED");
    assert_eq!(ask("/api/admin/backup", TOKEN, &with(TOKEN)), passed("main"));
}
