//! Stored keys, API tokens and the break-glass token, with the environments that they open.
use super::*;

/// A client key for the pages of a shop, and the flags with its tag.
fn shop_key() -> Key {
    let terms = KeyTerms {
        kind: KeyKind::Client,
        label: "l".into(),
        origins: vec!["https://shop.example".into()],
        tags: vec!["shop".into()],
        identity: KeyIdentity::Open,
        signed_attributes: Vec::new(),
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
    let known = || Known { keys: vec![(Environment::FIRST, Ok(keys()))], ..knowing(EMPTY) };
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
        let known = Known { keys: vec![(Environment::FIRST, Ok(keys))], ..knowing(EMPTY) };
        assert_eq!(Request { bearer: STORED, ..ONE }.answered(&settings(), &known).status, status, "{expires_at:?} {revoked_at:?}");
    }
    // A key that the isolate does not know may be new; the hub's answer decides.
    let none = || Known { keys: vec![(Environment::FIRST, Ok(Rc::default()))], ..knowing(EMPTY) };
    let request = Request { bearer: STORED, ..ONE };
    assert!(matches!(request.ask(&settings(), &none()), Outcome::Needs(Need::NewerKeys(Environment::FIRST))));
    for (newer, is_sure, status) in [(keys(), true, 200), (Rc::default(), true, 401), (Rc::default(), false, 503)] {
        let newer_keys = vec![(Environment::FIRST, newer, is_sure)];
        assert_eq!(request.answered(&settings(), &Known { newer_keys, ..none() }).status, status);
    }
    assert!(matches!(request.ask(&settings(), &knowing(EMPTY)), Outcome::Needs(Need::Keys(Environment::FIRST))));
}

#[test]
fn only_a_page_whose_origin_the_key_lists_reads_the_answer_and_its_headers() {
    let keys = Rc::new(Keys::of([shop_key()], Registry::default()));
    ruleset_cache::hold_keys(Rc::clone(&keys));
    // A browser asks for no such header of the edge's own pages.
    for (origin, is_listed) in [("https://shop.example", true), ("https://flags.example", false), ("https://shop.example.evil", false)] {
        let known = Known { keys: vec![(Environment::FIRST, Ok(Rc::clone(&keys)))], ..knowing(EMPTY) };
        let answer = Request { origin, bearer: STORED, ..ONE }.answered(&settings(), &known);
        assert_eq!(header(&answer, "access-control-allow-origin"), is_listed.then_some(origin), "{origin}");
        assert_eq!(header(&answer, "access-control-expose-headers").is_some(), is_listed, "{origin}");
    }
}

/// The keys of the first environment, with the registry of a deployment that has another one.
pub(super) fn registry() -> Rc<Keys> {
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
    assert!(needs(ask(named, &knowing(EMPTY)), &Environment::FIRST, false));
    assert!(needs(ask(named, &Known { keys: vec![first()], ..knowing(EMPTY) }), &staging(), false));
    let own = || Known { keys: vec![first(), (staging(), Ok(Rc::default()))], ..knowing(EMPTY) };
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
        assert!(needs(ask(bearer, &Known { keys: vec![first()], ..knowing(EMPTY) }), &Environment::FIRST, true), "{bearer}");
    }
    for bearer in ["tf_client_Staging_00112233445566778899aabbccddeeff00112233", "tf_client__00112233445566778899aabbccddeeff00112233"] {
        assert!(matches!(ask(bearer, &Known { keys: vec![first()], ..knowing(EMPTY) }), Outcome::Needs(Need::Signature(_))), "{bearer}");
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
        let body = r#"{"evaluations":[{"flag":"plain"}],"context":{}}"#;
        let ask = |query: &str| Request { path: format!("{path}{query}").leak(), bearer, ..ONE }.answered(&settings(), &knowing(body));
        assert_eq!(ask("").status, 200, "{path}");
        let refused = ask("?environment=staging");
        assert_eq!(refused.status, 400, "{path}");
        assert!(String::from_utf8_lossy(&refused.body).contains("leave ?environment= out"), "{path}");
    }
}

pub(super) const API: &str = "tf_api_00112233445566778899aabbccddeeff00112233";

pub(super) const API_OF_STAGING: &str = "tf_api_staging_00112233445566778899aabbccddeeff00112233";

/// The keys of an environment with one API token, which ends at a moment.
pub(super) fn with_token(text: &str, role: TokenRole, end: Millis) -> Rc<Keys> {
    let terms = KeyTerms {
        kind: KeyKind::Api,
        label: "ci".into(),
        origins: Vec::new(),
        tags: Vec::new(),
        identity: KeyIdentity::Open,
        signed_attributes: Vec::new(),
        expires_at: Some(end),
        role: Some(role),
    };
    let hash = Hash::of(text.as_bytes());
    let token = Key { terms, hash, hint: String::new(), identity_secret: None, created_at: Millis(0), successor: None, revoked_at: None };
    let staging = EnvironmentName::parse("staging").unwrap();
    Rc::new(Keys::of([token], Registry::new(Some("production".to_owned()), vec![(staging, Millis(0))])))
}

/// The environment's object and the subject of a request that passes; else the status and the code of its refusal.
pub(super) fn passes(request: &Request, settings: &Settings, known: &Known) -> String {
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
    let at_hand = || Known { keys: vec![(Environment::FIRST, Ok(with_token(API, TokenRole::Viewer, later)))], ..knowing(EMPTY) };
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
fn the_use_of_a_valid_api_token_is_marked_whatever_becomes_of_its_request() {
    let terms = KeyTerms { kind: KeyKind::Api, label: "ci".into(), role: Some(TokenRole::Viewer), ..shop_key().terms };
    let token = |bearer: &str, expires_at, revoked_at| {
        let hash = Hash::of(bearer.as_bytes());
        Key { terms: KeyTerms { expires_at, ..terms.clone() }, hash, revoked_at, ..shop_key() }
    };
    let asked = |key: Key, request: &Request| {
        let keys = Rc::new(Keys::of([key], Registry::default()));
        let newer_keys = vec![(Environment::FIRST, Rc::clone(&keys), true)];
        let known = Known { keys: vec![(Environment::FIRST, Ok(keys))], newer_keys, ..knowing(EMPTY) };
        request.ask(&settings(), &known);
        known.token_use.take().map(|used| (used.environment, used.token, used.at))
    };
    let used = Some((Environment::FIRST, Hash::of(API.as_bytes()), NOW));
    let admin = Request { method: "GET", path: "/api/admin/keys", bearer: API, ..ONE };
    let evaluation = Request { bearer: API, ..ONE };
    let forbidden = Request { method: "GET", path: "/api/admin/backup", bearer: API, ..ONE };
    for request in [&admin, &evaluation, &forbidden] {
        assert_eq!(asked(token(API, None, None), request), used, "{}", request.path);
        assert_eq!(asked(token(API, Some(NOW), None), request), None, "{}", request.path);
        assert_eq!(asked(token("another", None, None), request), None, "{}", request.path);
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
    let known = knowing(EMPTY);
    assert!(matches!(evaluation.ask(&with(TOKEN), &known), Outcome::Needs(Need::Signature(_))));
    assert!(!known.is_break_glass.get());
    // Guesses are limited even if nothing else is; the right token passes.
    for _ in 0..3 {
        ask("/api/admin/backup", "tf_break_glass_guess", &with(TOKEN));
    }
    assert_eq!(ask("/api/admin/backup", "tf_break_glass_guess", &with(TOKEN)).0, "429 RATE_LIMITED");
    assert_eq!(ask("/api/admin/backup", TOKEN, &with(TOKEN)), passed("main"));
}
