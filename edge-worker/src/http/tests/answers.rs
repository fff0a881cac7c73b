//! Answers, missing facts, and requests that are refused for their form.
use super::keys::registry;
use super::*;
use crate::stream_key::StreamKey;

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
    let absent = Request { path: "/ofrep/v1/evaluate/flags/a%20b", ..ONE }.answered(&settings(), &knowing(EMPTY));
    assert_eq!((absent.status, json(&absent)["key"].clone()), (404, "a b".into()));
}

#[test]
fn an_ofrep_request_without_a_context_is_refused() {
    for path in ["/ofrep/v1/evaluate/flags", "/ofrep/v1/evaluate/flags/plain"] {
        for body in ["{}", r#"{"Context":{}}"#, r#"{"context":null}"#] {
            let refused = Request { path, ..ONE }.answered(&settings(), &knowing(body));
            assert_eq!((refused.status, &json(&refused)["errorCode"]), (400, &"INVALID_CONTEXT".into()), "{path} {body}");
            assert!(json(&refused)["errorDetails"].as_str().unwrap().contains("object"), "{path} {body}");
        }
        assert_eq!(Request { path, ..ONE }.answered(&settings(), &knowing(EMPTY)).status, 200, "{path}");
    }
    // A program may be made for a visitor of whom nothing is known.
    assert_eq!(Request { path: "/v1/program", ..ONE }.answered(&settings(), &knowing("{}")).status, 200);
}

#[test]
fn missing_facts_are_named_one_after_the_other() {
    let settings = settings();
    let mut known = Known::default();
    assert!(matches!(ONE.ask(&settings, &known), Outcome::Needs(Need::Body(256_000))));
    known.body = Some(Ok(EMPTY.as_bytes().to_vec()));
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

#[test]
fn every_route_of_operators_refuses_what_it_does_not_take_in_its_query() {
    let ask = |method: &'static str, path: &str| {
        let claims = r#"{"sub":"s","exp":1900000000,"app_metadata":{"role":"admin"}}"#;
        let keys = vec![(Environment::FIRST, Ok(registry()))];
        let body = Some(Ok(br#"{"action":"kill"}"#.to_vec()));
        // A stream of versions begins with the one that the isolate holds.
        let mut serving = Serving::of_document(DOCUMENT, version(7));
        serving.stream_key = StreamKey::from_hex(&"0a".repeat(32));
        let known = Known { verified: Some(Ok(learned_claims(claims))), keys, body, serving: Some(Ok(serving)), ..Known::default() };
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
fn a_client_that_holds_the_answer_gets_304() {
    for path in ["/ofrep/v1/evaluate/flags", "/v1/program"] {
        let answer = Request { path, ..ONE }.answered(&settings(), &knowing(EMPTY));
        let etag = header(&answer, "etag").unwrap().to_owned();
        let again = Request { path, if_none_match: etag.clone(), ..ONE }.answered(&settings(), &knowing(EMPTY));
        assert_eq!((answer.status, again.status, again.body.len(), header(&again, "etag")), (200, 304, 0, Some(etag.as_str())), "{path}");
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
        match request.ask(&settings(), &knowing(EMPTY)) {
            Outcome::Answer(answer) => assert_eq!(answer.status, status, "{method} {path} {bearer}"),
            // A text that is not a key may be a token.
            Outcome::Needs(Need::Signature(_)) => assert_eq!(status, 0, "{method} {path} {bearer}"),
            Outcome::Needs(_) | Outcome::Pass(_) => panic!("{method} {path} {bearer}"),
        }
    }
}
