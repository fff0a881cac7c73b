//! Pages that `ADMIN_ORIGINS` lists.
use super::*;

const LISTED: &str = "https://admin.example";
/// A page whose shop may use the client key.
const SHOP: &str = "https://shop.example";

fn listing() -> Settings {
    Settings { admin_origins: vec![LISTED.to_owned()], client_origins: vec![SHOP.to_owned()], ..settings() }
}

fn known() -> Known {
    let claims = r#"{"sub":"s","exp":1900000000,"app_metadata":{"role":"admin"}}"#;
    let keys = vec![(Environment::FIRST, Ok(keys::registry()))];
    Known { verified: Some(Ok(learned_claims(claims))), keys, ..knowing(EMPTY) }
}

/// The status of a refusal; 0 where the hub is asked.
fn status(request: &Request) -> u16 {
    match request.ask(&listing(), &known()) {
        Outcome::Pass(_) => 0,
        Outcome::Answer(answer) => answer.status,
        Outcome::Needs(_) => panic!("{} {}", request.method, request.path),
    }
}

#[test]
fn a_page_sends_changes_if_it_is_one_of_operators() {
    let change = Request { path: "/api/admin/rollout/advance", bearer: "a token", ..ONE };
    for (origin, expected) in [
        ("", 0),
        ("https://flags.example", 0),
        (LISTED, 0),
        (SHOP, 403),
        ("https://admin.example.evil", 403),
        ("https://admin.exampl", 403),
    ] {
        assert_eq!(status(&Request { origin, ..change.clone() }), expected, "{origin}");
    }
}

#[test]
fn a_preflight_of_operators_pages_is_allowed_where_operators_ask() {
    for (path, is_allowed) in [
        ("/api/admin/flags", true),
        ("/v1/explain", true),
        ("/v1/program", true),
        ("/health", true),
        ("/version", true),
        ("/v1/evaluate", false),
        ("/demo", false),
    ] {
        for origin in [LISTED, SHOP] {
            let answer = Request { method: "OPTIONS", path, origin, bearer: "", ..ONE }.answered(&listing(), &known());
            let is_shops = origin == SHOP && path == "/v1/program";
            let expected = (is_allowed && origin == LISTED || is_shops).then_some(origin);
            assert_eq!(header(&answer, "access-control-allow-origin"), expected, "{origin} {path}");
            assert_eq!(header(&answer, "access-control-allow-headers").is_some(), expected.is_some(), "{origin} {path}");
        }
    }
}

#[test]
fn a_monitor_on_the_fast_way_needs_no_origin_unless_pages_are_listed() {
    let head = "GET\nhttps://flags.example/health\n192.0.2.1:443\n";
    for (settings, misses) in [(settings(), false), (listing(), true)] {
        let parts = Parts::parse(head, 0).unwrap();
        let answered = answer(&Asked { parts: &parts, settings: &settings, known: &knowing(EMPTY), clock: NOW });
        assert!(matches!(answered, Outcome::Answer(_)));
        assert_eq!(parts.misses_part(), misses);
    }
}

#[test]
fn a_page_of_operators_evaluates_with_a_token_and_not_with_a_key() {
    for (bearer, is_allowed) in [("a token", true), ("client", false)] {
        let answer = Request { origin: LISTED, bearer, ..ONE }.answered(&listing(), &known());
        assert_eq!(header(&answer, "access-control-allow-origin").is_some(), is_allowed, "{bearer}");
    }
}
