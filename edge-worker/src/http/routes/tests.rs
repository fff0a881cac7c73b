//! The table of routes: every row is in reach, and open to whom the rights say.
use serde_json::Value;

use super::*;

/// `openapi.json`, which describes HEAD and OPTIONS once for all paths.
fn description() -> Value {
    serde_json::from_str(include_str!("../../../openapi.json")).unwrap()
}

/// The differences between the routes and a description of them.
fn disagreements(description: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut undescribed: Vec<&Route> = ROUTES.iter().collect();
    for (path, operations) in description["paths"].as_object().unwrap() {
        // A route with a parameter may be described by each of its values.
        let Some(served) = find(path) else {
            found.push(format!("{path} is not served"));
            continue;
        };
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if served.of(method).is_empty() == operations.get(method.to_lowercase()).is_some() {
                found.push(format!("{method} {path}"));
            }
        }
        undescribed.retain(|route| route.path != served.routes[0].path);
    }
    found.extend(undescribed.into_iter().map(|route| route.path.to_owned()));
    found
}

#[test]
fn every_route_is_described_and_nothing_else_is() {
    assert_eq!(disagreements(&description()), [""; 0]);
    assert_eq!(description()["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn the_parameters_of_operators_are_those_that_are_described() {
    let description = description();
    for route in ROUTES.iter().filter(|route| route.audience == Audience::Operators && route.path != "/v1/explain") {
        let operation = &description["paths"][route.path][route.method.to_lowercase()];
        let described = operation["parameters"].as_array().into_iter().flatten().filter_map(|given| {
            let at = given["$ref"].as_str().map(|of| of.trim_start_matches('#'));
            let parameter = at.map_or(given, |at| description.pointer(at).unwrap());
            (parameter["in"] == "query").then(|| parameter["name"].as_str().unwrap())
        });
        let mut described: Vec<&str> = described.filter(|name| *name != "environment").collect();
        let mut read = route.query.to_vec();
        described.sort_unstable();
        read.sort_unstable();
        assert_eq!(read, described, "{} {}", route.method, route.path);
    }
}

#[test]
fn a_difference_between_routes_and_description_is_noticed() {
    let spoilt = |spoil: &dyn Fn(&mut serde_json::Map<String, Value>)| {
        let mut description = description();
        spoil(description["paths"].as_object_mut().unwrap());
        disagreements(&description)
    };
    assert_eq!(spoilt(&|paths| drop(paths.remove("/health"))), ["/health"]);
    assert_eq!(spoilt(&|paths| drop(paths.insert("/absent".into(), Value::Null))), ["/absent is not served"]);
    assert_eq!(spoilt(&|paths| paths["/health"]["put"] = true.into()), ["PUT /health"]);
    assert_eq!(spoilt(&|paths| drop(paths["/health"].as_object_mut().unwrap().remove("get"))), ["GET /health"]);
}

#[test]
fn every_row_is_reached_by_its_path_and_method() {
    for route in ROUTES {
        let served = find(route.path).unwrap();
        let reached = served.of(route.method).iter().filter(|found| found.path == route.path && found.when == route.when).count();
        assert_eq!(reached, 1, "{} {} {:?}", route.method, route.path, route.when);
        assert_eq!(served.audience(), route.audience, "{}", route.path);
    }
}

#[test]
fn a_path_names_its_methods() {
    for (path, methods) in [
        ("/health", "GET, HEAD, OPTIONS"),
        ("/v1/program", "POST, OPTIONS"),
        ("/api/admin/document", "GET, HEAD, PUT, OPTIONS"),
        ("/api/admin/feature-flags", "GET, HEAD, POST, OPTIONS"),
        ("/api/admin/overrides", "GET, HEAD, POST, DELETE, OPTIONS"),
    ] {
        assert_eq!(find(path).unwrap().methods(), methods);
    }
}

#[test]
fn a_path_holds_a_parameter() {
    for (path, parameter) in [("/ofrep/v1/evaluate/flags/a%20b", "a%20b"), ("/api/admin/keys/k-1/rotate", "k-1"), ("/health", "")] {
        assert_eq!(find(path).unwrap().parameter, parameter);
    }
    for path in ["//", "/healthy", "/api/admin", "/api/admin/rollout/explode", "/api/admin/keys//rotate"] {
        assert!(find(path).is_none(), "{path}");
    }
}

#[test]
fn only_a_kill_a_pause_a_rollback_and_a_cancelled_schedule_have_no_limit() {
    let free = ROUTES.iter().filter(|route| route.audience == Audience::Operators && route.limit == Limit::Never);
    let free: Vec<_> = free.map(|route| (route.method, route.path, route.when)).collect();
    let expected = [
        ("POST", "/api/admin/feature-flags", When::Kill),
        ("POST", "/api/admin/rollout/pause", When::Always),
        ("POST", "/api/admin/rollout/rollback", When::Always),
        ("DELETE", "/api/admin/schedules/{id}", When::Always),
    ];
    assert_eq!(free, expected);
}

#[test]
fn a_kill_a_pause_and_a_rollback_are_never_rate_limited() {
    for (path, body, limit) in [
        ("rollout/rollback", "{}", Limit::Never),
        ("rollout/pause", "", Limit::Never),
        ("rollout/advance", r#"{"action":"kill"}"#, Limit::Change),
        ("feature-flags", r#"{"featureName":"a","action":"kill","reason":"r"}"#, Limit::Never),
        ("feature-flags", r#"{"action":"k\u0069ll"}"#, Limit::Never),
        ("feature-flags", r#"{"action":"revive"}"#, Limit::Change),
        ("feature-flags", r#"{"enabled":false}"#, Limit::Change),
        ("feature-flags", "kill", Limit::Change),
    ] {
        let served = find(&format!("/api/admin/{path}")).unwrap();
        assert_eq!(choose(served.of("POST"), "", body).unwrap().limit, limit, "{path} {body}");
    }
}

#[test]
fn only_what_the_hub_takes_for_a_dry_run_is_open_to_readers() {
    let routes = find("/api/admin/document").unwrap().of("PUT");
    for (query, is_open) in [
        ("?dryRun=true", true),
        ("?state=keep&dryRun=true", true),
        ("?dry%52un=true", true),
        ("", false),
        ("?dryRun=false", false),
        ("?dryRun", false),
        ("?dryRun=1", false),
        ("?dryRun=TRUE", false),
        ("?dryRun=false&dryRun=true", false),
        ("?dryrun=true", false),
        ("?dryRun=true&remove=%ff", false),
        ("#?dryRun=true", false),
    ] {
        let chosen = choose(routes, &format!("http://x/api/admin/document{query}"), "").unwrap();
        assert_eq!(chosen.open_to.contains(&Viewer), is_open, "{query}");
    }
}

#[test]
fn a_body_with_an_action_is_closed_to_an_organizations_administrator() {
    let routes = find("/api/admin/feature-flags").unwrap().of("POST");
    for body in [r#"{"action":"kill"}"#, r#"{"\u0061ction":"kill","enabled":true}"#, r#"{"action":"x"}"#, r#"{"action":""}"#] {
        assert!(!choose(routes, "", body).unwrap().open_to.contains(&OrganizationAdmin), "{body}");
    }
    for body in [r#"{"enabled":true}"#, r#"{"action":null,"enabled":true}"#] {
        assert!(choose(routes, "", body).unwrap().open_to.contains(&OrganizationAdmin), "{body}");
    }
}
