//! From a request to its answer: the route, the caller, the limits, the handler, and the headers that every answer has.
use worker::{Env, Headers, Request, Response, ResponseBuilder};

use crate::{
    auth::Caller,
    body, cors, cross_site,
    handlers::{admin, assets, cache, document, evaluate, explain, health, ofrep, outcomes, program, ruleset, widget},
    host::Host,
    http::{
        rights,
        routes::{self, Audience, Handler, HubHandler, Limit, Route, Served},
    },
    limit,
    problem::Problem,
    settings,
};

/// The headers with credentials. Caches separate answers by the first one themselves, by the others only if `Vary` names them.
const CREDENTIALS: &str = "authorization, twinflag-identity, x-api-key";

/// Answers any request; a refusal is an answer too.
pub(crate) async fn answer(mut request: Request, env: &Host) -> worker::Result<Response> {
    let path = request.path();
    let Some(served) = find(&path, env) else {
        return dressed(Problem::not_found().into_response()?, Audience::Programs, &request, env);
    };
    let audience = served.audience();
    // The crate takes a method it does not know for GET.
    let method = request.inner().method();
    let answered = if method == "OPTIONS" {
        options(&request, env, &served.methods(), audience).await
    } else {
        match served.of(&method) {
            [] => Err(Problem::method(&served.methods())),
            of_method => match check(audience, &request, &method) {
                Ok(()) => dispatch(of_method, &mut request, env, &path, &served.parameter).await,
                Err(problem) => Err(problem),
            },
        }
    };
    let handler = served.routes.first().map(|route| route.handler);
    let answer = match (answered, handler) {
        (Ok(answer), _) => answer,
        (Err(problem), Some(Handler::OfrepFlag)) => ofrep::refusal(&problem, Some(&served.parameter))?,
        (Err(problem), Some(Handler::OfrepFlags)) => ofrep::refusal(&problem, None)?,
        (Err(problem), _) => problem.into_response()?,
    };
    dressed(answer, audience, &request, env)
}

/// The rows of a path, as far as the deployment serves them.
fn find(path: &str, env: &Env) -> Option<Served> {
    let is_served =
        |served: &Served| served.routes.first().is_some_and(|route| route.handler != Handler::DemoExplain || settings::is_demo(env));
    routes::find(path).filter(is_served)
}

/// Refusals that need no credentials.
fn check(audience: Audience, request: &Request, method: &str) -> Result<(), Problem> {
    if audience == Audience::Operators { cross_site::refuse(request, method) } else { Ok(()) }
}

/// Answers by the row of a method and a path. Where there are several, the body tells them apart.
async fn dispatch(
    of_method: &'static [Route],
    request: &mut Request,
    env: &Host,
    path: &str,
    parameter: &str,
) -> Result<Response, Problem> {
    let caller = Caller::of(request, env, of_method).await?;
    let (route, body) = match of_method {
        [route] => (route, None),
        _ => {
            let body = body::read(request, body::QUESTION).await?;
            let route = routes::choose(of_method, &body).ok_or_else(Problem::not_found)?;
            rights::check(core::slice::from_ref(route), caller.kind())?;
            (route, Some(body))
        }
    };
    match route.limit {
        Limit::Read => limit::read(caller.subject(), env)?,
        Limit::Change => limit::admin(caller.subject(), env)?,
        // Counted with the credentials, or not at all.
        Limit::Evaluation | Limit::Never => {}
    }
    match route.handler {
        Handler::OfrepFlag => ofrep::flag(&caller, request, env, parameter).await,
        Handler::OfrepFlags => ofrep::flags(&caller, request, env).await,
        Handler::Program => program::make(&caller, request, env).await,
        Handler::Widget => widget::config(&caller, request, env).await,
        Handler::Evaluate => evaluate::many(request, env).await,
        Handler::Ruleset => ruleset::newest(request, env).await,
        Handler::Outcomes => outcomes::take(request, env).await,
        Handler::Explain => explain::one(request, env).await,
        Handler::ExportDocument => document::export(env).await,
        Handler::Hub(HubHandler::ImportDocument) => admin::pass_on(&caller, request, body, body::DOCUMENT, env).await,
        Handler::Hub(_) | Handler::BackUp => admin::pass_on(&caller, request, body, body::QUESTION, env).await,
        Handler::Restore => admin::restore(request, env).await,
        Handler::Cache => cache::report(request, env).await,
        Handler::Health => health::report(env).await,
        Handler::Version => health::version(),
        Handler::Demo => assets::page("/demo/index.html", env).await,
        Handler::DemoExplain => {
            caller.unrestricted()?;
            explain::many(request, env).await
        }
        Handler::Asset => assets::file(path, env).await,
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
