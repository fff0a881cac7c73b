//! Counts of requests.
use super::keys::{API, API_OF_STAGING, passes, with_token};
use super::*;

#[test]
fn a_request_is_counted_once_however_often_it_is_answered() {
    let settings = Settings { rate_limits: RateLimits(Some(Rates { client: 2, ..Rates::DEFAULT })), ..settings() };
    let known = Known::default();
    for _ in 0..5 {
        assert!(matches!(ONE.ask(&settings, &known), Outcome::Needs(Need::Body(_))));
    }
    assert_eq!(ONE.answered(&settings, &knowing(EMPTY)).status, 200);
    let refused = ONE.answered(&settings, &knowing(EMPTY));
    assert_eq!((refused.status, header(&refused, "retry-after"), header(&refused, "cache-control")), (429, Some("60"), Some("no-store")));
    assert_eq!(json(&refused)["errorCode"], "GENERAL");
    // A request that was counted before the call is not counted again; another address has a count of its own; a server has none.
    assert_eq!(ONE.answered(&settings, &Known { is_counted: Cell::new(true), ..knowing(EMPTY) }).status, 200);
    assert_eq!(Request { peer: "192.0.2.2:443", ..ONE }.answered(&settings, &knowing(EMPTY)).status, 200);
    for _ in 0..5 {
        assert_eq!(Request { bearer: "server", ..ONE }.answered(&settings, &knowing(EMPTY)).status, 200);
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
        ..knowing(EMPTY)
    };
    let statuses: Vec<u16> =
        MADE_UP.iter().cycle().take(40).map(|bearer| Request { bearer, ..ONE }.answered(&limited, &asked_hub()).status).collect();
    assert_eq!(statuses, [vec![401; 10], vec![429; 30]].concat());
    // From there no made-up key makes the isolate ask a hub; elsewhere it does.
    let not_asked = || Known { keys: vec![(Environment::FIRST, Ok(Rc::default()))], ..knowing(EMPTY) };
    for bearer in &MADE_UP[..3] {
        assert_eq!(Request { bearer, ..ONE }.answered(&limited, &not_asked()).status, 429, "{bearer}");
        let elsewhere = Request { bearer, peer: "192.0.2.3:443", ..ONE }.ask(&limited, &not_asked());
        assert!(matches!(elsewhere, Outcome::Needs(Need::NewerKeys(_))), "{bearer}");
    }
    // Credentials that hold go on to hold there, and a request without any is not counted.
    for bearer in ["client", "server"] {
        assert_eq!(Request { bearer, ..ONE }.answered(&limited, &knowing(EMPTY)).status, 200);
    }
    let none = Request { bearer: "", peer: "192.0.2.4:443", ..ONE };
    assert!((0..20).all(|_| none.answered(&limited, &knowing(EMPTY)).status == 401));
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
fn tokens_with_one_name_in_two_environments_are_counted_apart() {
    let first = with_token(API, TokenRole::Admin, Millis(NOW.0 + 1));
    let of_staging = with_token(API_OF_STAGING, TokenRole::Admin, Millis(NOW.0 + 1));
    let staging = || first.registry.find("staging").unwrap();
    let known =
        || Known { keys: vec![(Environment::FIRST, Ok(Rc::clone(&first))), (staging(), Ok(Rc::clone(&of_staging)))], ..knowing(EMPTY) };
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
