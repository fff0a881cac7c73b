//! The example document: the flags that the source documents name, with the values of their tables.
//!
//! Expected values are written from those documents: the tree of defaults, the table of environments, the percentages of the ticket,
//! the 5 % of the canary.

use sdk_core::{BucketKey, Compiled, Context, Layer, Millis, Reason, Value, compile};

const DOCUMENT: &str = include_str!("../../../npm/examples/flags.json");

/// Path, the name that rollouts use, and whether it is on in production, staging and development.
const SESSION: [(&str, &str, [bool; 3]); 9] = [
    ("sessionPersistence.phase1.parentStorage", "phase1_parent_storage", [true, true, true]),
    ("sessionPersistence.phase1.crossDomainMessaging", "phase1_cross_domain_messaging", [true, true, true]),
    ("sessionPersistence.phase1.autoRestore", "phase1_auto_restore", [true, true, true]),
    ("sessionPersistence.phase2.enhancedStorage", "phase2_enhanced_storage", [false, true, true]),
    ("sessionPersistence.phase2.connectionMonitoring", "phase2_connection_monitoring", [false, true, true]),
    ("sessionPersistence.phase2.retryLogic", "phase2_retry_logic", [false, true, true]),
    ("sessionPersistence.phase3.tabSync", "phase3_tab_sync", [false, false, true]),
    ("sessionPersistence.phase3.performanceMode", "phase3_performance_mode", [false, false, true]),
    ("sessionPersistence.phase3.analytics", "phase3_analytics", [false, false, true]),
];

/// The flags that are rolled out by user, each with its percentage.
const BY_USER: [(&str, u32); 8] = [
    ("ai_alpha_users", 10),
    ("ai_beta_users", 50),
    ("ai_ga_enabled", 100),
    ("booking_agent_enabled", 100),
    ("session_agent_enabled", 100),
    ("insights_agent_enabled", 100),
    ("followup_agent_enabled", 100),
    ("profile_ui_revamp", 5),
];

/// The example document, compiled for this environment.
fn compiled(environment: &str) -> Compiled {
    let text = DOCUMENT.replacen("\"environment\": \"production\"", &format!("\"environment\": \"{environment}\""), 1);
    assert!(text.contains(&format!("\"environment\": \"{environment}\"")));
    let compiled = compile(&text, BucketKey::from_hex("000102030405060708090a0b0c0d0e0f")).unwrap();
    assert_eq!(compiled.errors, []);
    compiled
}

/// The value of a boolean flag, with its layer and reason.
#[track_caller]
fn answer(compiled: &Compiled, flag: &str, context: &str) -> (bool, Option<Layer>, Reason) {
    let context = Context::from_json(context);
    let evaluation = compiled.ruleset.evaluate(compiled.overrides.of(&context), flag, &context, Millis(0), None);
    assert_eq!(evaluation.error_code(), None, "{flag}");
    (evaluation.value() == Some(Value::Boolean(true)), evaluation.layer(), evaluation.reason())
}

#[test]
fn has_exactly_the_flags_of_the_source_documents() {
    let Compiled { ruleset, .. } = compiled("production");
    let mut found: Vec<&str> = ruleset.flag_keys().collect();
    let mut expected: Vec<&str> = SESSION.iter().map(|(path, ..)| *path).chain(BY_USER.iter().map(|(key, _)| *key)).collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn session_flags_are_those_of_the_environment() {
    for (index, environment) in ["production", "staging", "development"].into_iter().enumerate() {
        let compiled = compiled(environment);
        for (path, alias, on) in SESSION {
            for key in [path, alias] {
                for context in ["{}", r#"{"customerId":"anybody","organizationId":"any","userId":"u"}"#] {
                    let (value, layer, _) = answer(&compiled, key, context);
                    assert_eq!((value, layer), (on[index], Some(Layer::Environment)), "{key} in {environment}");
                }
            }
        }
    }
}

#[test]
fn an_environment_without_a_name_there_has_the_defaults() {
    let compiled = compiled("test");
    for (path, _, [production, ..]) in SESSION {
        let (value, layer, _) = answer(&compiled, path, "{}");
        assert_eq!((value, layer), (production, Some(Layer::Default)), "{path}");
    }
}

#[test]
fn percentages_are_of_users() {
    let compiled = compiled("production");
    for (flag, percent) in BY_USER {
        let on = (0..10_000).filter(|id| answer(&compiled, flag, &format!("{{\"userId\":\"user-{id}\"}}")).0).count();
        let off = (f64::from(u32::try_from(on).unwrap()) - f64::from(percent) * 100.0).abs();
        let sigma = (f64::from(percent) * f64::from(100 - percent)).sqrt();
        assert!(off <= 3.0 * sigma, "{flag}: {on} of 10,000 users");
    }
}

#[test]
fn the_canary_is_drawn_as_its_first_system_drew_it() {
    // murmur3(userId) % 100, by the Murmur of tests/reference: mary 2, euler 4, user-14 below 5, grace 48.
    let compiled = compiled("production");
    for (user, on) in [("mary", true), ("euler", true), ("user-14", true), ("grace", false), ("user-1", false)] {
        let (value, layer, reason) = answer(&compiled, "profile_ui_revamp", &format!("{{\"userId\":\"{user}\"}}"));
        let expected = if on { (true, Some(Layer::Rollout), Reason::Split) } else { (false, Some(Layer::Default), Reason::Default) };
        assert_eq!((value, layer, reason), expected, "{user}");
    }
}

#[test]
fn other_spellings_of_the_ticket_are_aliases() {
    let compiled = compiled("production");
    for (alias, key) in [("ai_alpha", "ai_alpha_users"), ("ai_beta", "ai_beta_users"), ("ai_ga", "ai_ga_enabled")] {
        for id in 0..50 {
            let context = format!("{{\"userId\":\"user-{id}\"}}");
            assert_eq!(answer(&compiled, alias, &context), answer(&compiled, key, &context), "{alias}");
        }
    }
}

#[test]
fn every_layer_answers_somebody() {
    const STORAGE: &str = "phase2_enhanced_storage";
    let compiled = compiled("production");
    for (flag, context, on, layer) in [
        ("booking_agent_enabled", r#"{"organizationId":"org-classic","userId":"u"}"#, false, Layer::Kill),
        (STORAGE, r#"{"customerId":"customer-123","organizationId":"org-456"}"#, true, Layer::Customer),
        (STORAGE, r#"{"customerId":"c","organizationId":"org-456"}"#, false, Layer::Organization),
        ("phase2_retry_logic", r#"{"customerId":"customer-123","organizationId":"org-456"}"#, true, Layer::Organization),
        (STORAGE, r#"{"customerId":"customer-789"}"#, false, Layer::Rollout),
        (STORAGE, r#"{"customerId":"internal-customer-id"}"#, true, Layer::Rollout),
        ("phase2_retry_logic", r#"{"customerId":"internal-customer-id"}"#, false, Layer::Environment),
        ("profile_ui_revamp", r#"{"userId":"ada"}"#, true, Layer::Target),
        ("profile_ui_revamp", r#"{"userId":"grace","country":"NZ","plan":"pro"}"#, true, Layer::Rule),
        ("profile_ui_revamp", r#"{"userId":"grace","country":"NZ","plan":"free"}"#, false, Layer::Default),
        ("profile_ui_revamp", r#"{"userId":"grace","email":"grace@Example.com"}"#, true, Layer::Rule),
    ] {
        let (value, found, _) = answer(&compiled, flag, context);
        assert_eq!((value, found), (on, Some(layer)), "{flag} for {context}");
    }
}
