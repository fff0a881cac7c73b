//! Roles, with the commands and the environments that they open.
use super::keys::registry;
use super::*;

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
            let known = Known { verified: Some(Ok(learned_claims(claims))), keys, ..knowing(EMPTY) };
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
