//! Every path that is served, on one screen.
use matchit::{Match, Router};
use worker::{
    Env,
    Method::{Get, Post, Put},
    Request, Response,
};

use crate::{
    auth::{Admin, Evaluator, Server},
    handlers::{assets, document, evaluate, health, ofrep, program},
    problem::Problem,
};

#[derive(Clone, Copy)]
enum Route {
    OfrepFlag,
    OfrepFlags,
    Evaluate,
    Program,
    Document,
    Health,
    Demo,
    Asset,
}

const ROUTES: &[(&str, Route)] = &[
    ("/ofrep/v1/evaluate/flags/{key}", Route::OfrepFlag),
    ("/ofrep/v1/evaluate/flags", Route::OfrepFlags),
    ("/v1/evaluate", Route::Evaluate),
    ("/v1/program", Route::Program),
    ("/api/admin/document", Route::Document),
    ("/health", Route::Health),
    ("/demo", Route::Demo),
    ("/demo/{file}", Route::Asset),
];

thread_local! {
    static ROUTER: Router<Route> = ROUTES.iter().fold(Router::new(), |mut router, (path, route)| {
        // Two routes that exclude each other would both be unreachable; a test asks for every one of them.
        router.insert(*path, *route).ok();
        router
    });
}

/// Answers any request; a refusal is an answer too.
pub(crate) async fn answer(mut request: Request, env: &Env) -> worker::Result<Response> {
    let path = request.path();
    let found = ROUTER.with(|router| {
        let Match { value, params } = router.at(&path).ok()?;
        Some((*value, params.get("key").map(str::to_owned)))
    });
    match found {
        Some((Route::OfrepFlag, key)) => ofrep::flag(&mut request, env, &key.unwrap_or_default()).await,
        Some((Route::OfrepFlags, _)) => ofrep::flags(&mut request, env).await,
        Some((route, _)) => dispatch(route, &mut request, env, &path).await.or_else(Problem::into_response),
        None => Problem::not_found().into_response(),
    }
}

async fn dispatch(route: Route, request: &mut Request, env: &Env, path: &str) -> Result<Response, Problem> {
    match (route, request.method()) {
        (Route::Evaluate, Post) => evaluate::many(Server::of(request, env)?, request, env).await,
        (Route::Program, Post) => program::make(Evaluator::of(request, env)?, request, env).await,
        (Route::Document, Get) => document::export(Admin::of(request, env)?, env).await,
        (Route::Document, Put) => document::import(Admin::of(request, env)?, request, env).await,
        (Route::Health, Get) => health::report(env).await,
        (Route::Demo, Get) => assets::page("/demo/index.html", env).await,
        (Route::Asset, Get) => assets::file(path, env).await,
        (Route::Evaluate | Route::Program, _) => Err(Problem::method("POST")),
        (Route::Document, _) => Err(Problem::method("GET, PUT")),
        _ => Err(Problem::method("GET")),
    }
}
