//! Every path that is served, on one screen.
use matchit::{Match, Router};
use worker::{Env, Headers, Request, Response, ResponseBuilder};

use crate::{
    auth::{Admin, Evaluator, Server},
    body, cors, cross_site,
    handlers::{admin, assets, cache, document, evaluate, explain, health, ofrep, outcomes, program, ruleset, widget},
    host::Host,
    problem::Problem,
    settings,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Route {
    OfrepFlag,
    OfrepFlags,
    Evaluate,
    Program,
    Ruleset,
    Widget,
    Explain,
    Outcomes,
    Document,
    /// Also for those who look after one organization: the hub knows what is theirs.
    Admin,
    /// The same to look at. Only who runs the deployment says which customer is whose, for that is who may change what it gets.
    Customers,
    /// For those who run the deployment.
    Steering,
    Cache,
    Restore,
    Health,
    Demo,
    DemoExplain,
    Asset,
}

/// The audience of a route. It decides which caches may keep the answer and which origins may read it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Audience {
    /// Pages, also those of other origins: they keep an answer and ask whether it still holds.
    Pages,
    /// Servers and monitors: nobody keeps anything.
    Programs,
    /// Operators: no cache keeps an answer, and pages of other origins are refused.
    Operators,
    /// Browsers that load the pages of this server.
    Visitors,
}

/// A path's entry: what answers it, by which methods, for whom.
#[derive(Clone, Copy)]
struct Served(Route, &'static str, Audience);

/// The headers with credentials. Caches separate answers by the first one themselves, by the others only if `Vary` names them.
const CREDENTIALS: &str = "authorization, twinflag-identity, x-api-key";

const GET: &str = "GET, HEAD, OPTIONS";
const POST: &str = "POST, OPTIONS";
const DELETE: &str = "DELETE, OPTIONS";
const GET_POST: &str = "GET, HEAD, POST, OPTIONS";
const GET_POST_DELETE: &str = "GET, HEAD, POST, DELETE, OPTIONS";
const GET_DELETE: &str = "GET, HEAD, DELETE, OPTIONS";
const GET_PUT: &str = "GET, HEAD, PUT, OPTIONS";

const ROUTES: &[(&str, Served)] = &[
    ("/ofrep/v1/evaluate/flags/{key}", Served(Route::OfrepFlag, POST, Audience::Pages)),
    ("/ofrep/v1/evaluate/flags", Served(Route::OfrepFlags, POST, Audience::Pages)),
    ("/v1/program", Served(Route::Program, POST, Audience::Pages)),
    ("/api/widget/config", Served(Route::Widget, GET, Audience::Pages)),
    ("/v1/evaluate", Served(Route::Evaluate, POST, Audience::Programs)),
    ("/v1/ruleset", Served(Route::Ruleset, GET, Audience::Programs)),
    ("/v1/explain", Served(Route::Explain, POST, Audience::Operators)),
    ("/v1/outcomes", Served(Route::Outcomes, POST, Audience::Programs)),
    ("/api/admin/document", Served(Route::Document, GET_PUT, Audience::Operators)),
    ("/api/admin/feature-flags", Served(Route::Admin, GET_POST, Audience::Operators)),
    ("/api/admin/overrides", Served(Route::Admin, GET_POST_DELETE, Audience::Operators)),
    ("/api/admin/customers", Served(Route::Customers, GET_POST, Audience::Operators)),
    ("/api/admin/keys", Served(Route::Steering, GET_POST, Audience::Operators)),
    ("/api/admin/keys/{id}", Served(Route::Steering, DELETE, Audience::Operators)),
    ("/api/admin/keys/{id}/rotate", Served(Route::Steering, POST, Audience::Operators)),
    ("/api/admin/rollout/{verb}", Served(Route::Steering, POST, Audience::Operators)),
    ("/api/admin/changes", Served(Route::Admin, GET, Audience::Operators)),
    ("/api/admin/changes/verify", Served(Route::Steering, GET, Audience::Operators)),
    ("/api/admin/versions", Served(Route::Steering, GET, Audience::Operators)),
    ("/api/admin/events", Served(Route::Steering, GET, Audience::Operators)),
    ("/api/admin/stats", Served(Route::Steering, GET, Audience::Operators)),
    ("/api/admin/cache", Served(Route::Cache, GET_DELETE, Audience::Operators)),
    ("/api/admin/backup", Served(Route::Steering, GET, Audience::Operators)),
    ("/api/admin/restore", Served(Route::Restore, POST, Audience::Operators)),
    ("/health", Served(Route::Health, GET, Audience::Programs)),
    ("/openapi.json", Served(Route::Asset, GET, Audience::Visitors)),
    ("/demo", Served(Route::Demo, GET, Audience::Visitors)),
    ("/demo/explain", Served(Route::DemoExplain, POST, Audience::Visitors)),
    ("/demo/{file}", Served(Route::Asset, GET, Audience::Visitors)),
];

thread_local! {
    static ROUTER: Router<Served> = ROUTES.iter().fold(Router::new(), |mut router, (path, served)| {
        // Two routes that exclude each other would both be unreachable; a test asks for every one of them.
        router.insert(*path, *served).ok();
        router
    });
}

/// Answers any request; a refusal is an answer too.
pub(crate) async fn answer(mut request: Request, env: &Host) -> worker::Result<Response> {
    let path = request.path();
    let Some((Served(route, methods, audience), key)) = find(&path, env) else {
        return dressed(Problem::not_found().into_response()?, Audience::Programs, &request, env);
    };
    // The crate takes a method it does not know for GET.
    let method = request.inner().method();
    let answered = if method == "OPTIONS" {
        options(&request, env, methods, audience).await
    } else if methods.split(", ").any(|allowed| allowed == method) {
        match check(audience, &request, &method) {
            Ok(()) => dispatch(route, &method, &mut request, env, &path, &key).await,
            Err(problem) => Err(problem),
        }
    } else {
        Err(Problem::method(methods))
    };
    let answer = match (answered, route) {
        (Ok(answer), _) => answer,
        (Err(problem), Route::OfrepFlag) => ofrep::refusal(&problem, Some(&key))?,
        (Err(problem), Route::OfrepFlags) => ofrep::refusal(&problem, None)?,
        (Err(problem), _) => problem.into_response()?,
    };
    dressed(answer, audience, &request, env)
}

/// The route of a path, and the flag's key if the path holds one.
fn find(path: &str, env: &Env) -> Option<(Served, String)> {
    let (served, key) = ROUTER.with(|router| {
        let Match { value, params } = router.at(path).ok()?;
        Some((*value, params.get("key").unwrap_or_default().to_owned()))
    })?;
    (served.0 != Route::DemoExplain || settings::is_demo(env)).then_some((served, key))
}

/// Refusals that need no credentials.
fn check(audience: Audience, request: &Request, method: &str) -> Result<(), Problem> {
    if audience == Audience::Operators { cross_site::refuse(request, method) } else { Ok(()) }
}

async fn dispatch(route: Route, method: &str, request: &mut Request, env: &Host, path: &str, key: &str) -> Result<Response, Problem> {
    match route {
        Route::OfrepFlag => ofrep::flag(Evaluator::of(request, env).await?, request, env, key).await,
        Route::OfrepFlags => ofrep::flags(Evaluator::of(request, env).await?, request, env).await,
        Route::Program => program::make(Evaluator::of(request, env).await?, request, env).await,
        Route::Widget => widget::config(Evaluator::of(request, env).await?, request, env).await,
        Route::Evaluate => evaluate::many(Server::of(request, env).await?, request, env).await,
        Route::Ruleset => ruleset::newest(Server::of(request, env).await?, request, env).await,
        Route::Explain => explain::one(Admin::of(request, env).await?.operator()?, request, env).await,
        Route::Outcomes => outcomes::take(Server::of(request, env).await?, request, env).await,
        Route::Document if method == "PUT" => {
            admin::pass_on(&Admin::of(request, env).await?.operator()?, request, env, body::DOCUMENT).await
        }
        Route::Document => document::export(Admin::of(request, env).await?.operator()?, env).await,
        Route::Admin => admin::pass_on(&Admin::of(request, env).await?, request, env, body::QUESTION).await,
        Route::Customers if method != "POST" => admin::pass_on(&Admin::of(request, env).await?, request, env, body::QUESTION).await,
        Route::Customers | Route::Steering => {
            admin::pass_on(&Admin::of(request, env).await?.operator()?, request, env, body::QUESTION).await
        }
        Route::Cache => cache::report(Admin::of(request, env).await?.operator()?, request, env).await,
        Route::Restore => admin::restore(&Admin::of(request, env).await?.operator()?, request, env).await,
        Route::Health => health::report(env).await,
        Route::Demo => assets::page("/demo/index.html", env).await,
        Route::DemoExplain => explain::many(Evaluator::of(request, env).await?.unrestricted()?, request, env).await,
        Route::Asset => assets::file(path, env).await,
    }
}

/// Which methods there are; to a page of another origin, what it may ask.
async fn options(request: &Request, env: &Host, methods: &str, audience: Audience) -> Result<Response, Problem> {
    let answer = ResponseBuilder::new().with_status(204).with_header("allow", methods)?.empty();
    if audience == Audience::Pages {
        cors::preflight(request, env, methods, answer.headers()).await?;
    }
    Ok(answer)
}

/// Sets the headers of every answer: caching, `nosniff`, `no-referrer` and, for pages, CORS and `Vary`.
fn dressed(answer: Response, audience: Audience, request: &Request, env: &Env) -> worker::Result<Response> {
    let answer = changeable(answer)?;
    let headers = answer.headers();
    headers.set("cache-control", kept_by(audience, answer.status_code()))?;
    if audience == Audience::Pages {
        if request.inner().method() != "OPTIONS" {
            headers.append("vary", CREDENTIALS)?;
        }
        cors::allow(request, env, headers)?;
    }
    Ok(answer)
}

/// The answer with what every answer says. Headers of an answer that came from the hub cannot be set: it gets a copy of them.
fn changeable(answer: Response) -> worker::Result<Response> {
    let mark = |headers: &Headers| {
        headers.set("x-content-type-options", "nosniff")?;
        headers.set("referrer-policy", "no-referrer")
    };
    if mark(answer.headers()).is_ok() {
        return Ok(answer);
    }
    let copy = answer.headers().clone();
    mark(&copy)?;
    Ok(answer.with_headers(copy))
}

const fn kept_by(audience: Audience, status: u16) -> &'static str {
    match audience {
        Audience::Pages if status < 400 => "private, no-cache",
        Audience::Visitors if status < 400 => "no-cache",
        _ => "no-store",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// `openapi.json`, which says of HEAD and OPTIONS once and for all that they are there.
    fn description() -> Value {
        serde_json::from_str(include_str!("../openapi.json")).unwrap()
    }

    /// The differences between the routes and a description of them.
    fn disagreements(description: &Value) -> Vec<String> {
        let mut router = Router::new();
        for (place, (path, _)) in ROUTES.iter().enumerate() {
            router.insert(*path, place).unwrap();
        }
        let (mut found, mut undescribed): (Vec<String>, Vec<&str>) = (Vec::new(), ROUTES.iter().map(|(path, _)| *path).collect());
        for (path, operations) in description["paths"].as_object().unwrap() {
            // A route with a parameter may be described by each of its values.
            let Some((route, Served(_, methods, _))) = router.at(path).ok().map(|found| ROUTES[*found.value]) else {
                found.push(format!("{path} is not served"));
                continue;
            };
            undescribed.retain(|path| *path != route);
            for method in ["GET", "POST", "PUT", "DELETE"] {
                if methods.split(", ").any(|served| served == method) != operations.get(method.to_lowercase()).is_some() {
                    found.push(format!("{method} {path}"));
                }
            }
        }
        found.extend(undescribed.into_iter().map(str::to_owned));
        found
    }

    #[test]
    fn what_is_served_is_described_and_nothing_else() {
        assert_eq!(disagreements(&description()), [""; 0]);
        assert_eq!(description()["info"]["version"], env!("CARGO_PKG_VERSION"));
    }

    #[test]
    fn a_description_of_something_else_is_noticed() {
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
}
