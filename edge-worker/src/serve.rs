//! The long way of a request: calls [`http::answer`] and finds out each fact that it lacks, until there is a response.
use std::{cell::Cell, mem, rc::Rc};

use worker::{Headers, Request, Response, ResponseBuilder, console_error, js_sys::Reflect, wasm_bindgen::JsValue};

use crate::{
    body, clock, counts,
    handlers::{admin, assets, cache, copy, document, environments, explain, me, outcomes, owners, point_in_time, ruleset, watch},
    host::Host,
    http::{
        self, Outcome, Pass,
        asked::{Asked, Known, Need, Overridden},
        parts::{ALL, HEADERS, Parts},
        response::{Answer, Line, standard_headers},
        routes::{self, Audience, HubHandler, PassedHandler},
    },
    hub::client as hub,
    log::{self, Answered},
    problem::Problem,
    readers, ruleset_cache,
    settings::Settings,
    token_uses,
};

/// Answers any request; a refusal is an answer too. `is_counted` is true if the fast way has counted the request already.
pub(crate) async fn answer(request: Request, host: &Host, is_counted: bool) -> worker::Result<Response> {
    let began = clock::now();
    let audience = routes::find(&request.path()).map_or(Audience::Programs, |served| served.audience());
    let answered = find_answer(request, host, is_counted).await;
    counts::answered(audience, answered.as_ref().map_or(500, Response::status_code), clock::since(began));
    answered
}

async fn find_answer(mut request: Request, host: &Host, is_counted: bool) -> worker::Result<Response> {
    readers::learn_place(&request);
    let head = head(&request, &host.settings)?;
    let parts = Parts::parse(&head, ALL).ok_or("the runtime's request has no address")?;
    let mut known = Known { is_counted: Cell::new(is_counted), ..Known::default() };
    let mut is_logged = false;
    loop {
        let asked = Asked { parts: &parts, settings: &host.settings, known: &known, clock: clock::now() };
        let outcome = http::answer(&asked);
        if known.is_break_glass.get() && !mem::replace(&mut is_logged, true) {
            log::break_glass(&parts);
        }
        if let Some(used) = known.token_use.take() {
            token_uses::tell(host, used);
        }
        match outcome {
            Outcome::Answer(answer) => return logged(answer, &parts, Answered::default()),
            Outcome::Pass(pass) => {
                let (audience, caller) = (pass.audience, Rc::clone(&pass.caller));
                let known = Answered { caller: Some(&caller), ..Answered::default() };
                let answer = match noted(pass, &parts, &mut request, host).await {
                    Ok(answer) => {
                        let tag = answer.headers().get("etag")?;
                        log::answer(&parts, &Answered { status: answer.status_code(), tag: tag.as_deref(), ..known });
                        answer
                    }
                    Err(problem) => logged(problem.answer(), &parts, Answered { problem: Some(&problem), ..known })?,
                };
                let lines = standard_headers(&asked, audience, answer.status_code());
                return dressed(answer, lines);
            }
            Outcome::Needs(need) => {
                let moment = asked.moment();
                find_out(need, &mut known, &mut request, host, moment).await;
            }
        }
    }
}

/// Refuses a request to a deployment whose settings cannot be read.
pub(crate) fn refuse(request: &Request, problem: &Problem) -> worker::Result<Response> {
    let settings = Settings::default();
    let head = head(request, &settings)?;
    let parts = Parts::parse(&head, ALL).ok_or("the runtime's request has no address")?;
    respond(http::refuse(&Asked { parts: &parts, settings: &settings, known: &Known::default(), clock: clock::now() }, problem))
}

/// Finds out a missing fact, and puts it into `known`.
async fn find_out(need: Need, known: &mut Known, request: &mut Request, host: &Host, moment: sdk_core::Millis) {
    match need {
        Need::Body(most) => known.body = Some(body::read(request, most).await),
        Need::Keys(of) => {
            let keys = ruleset_cache::keys(host, &of).await;
            known.keys.push((of, keys));
        }
        Need::NewerKeys(of) => {
            let (keys, is_sure) = ruleset_cache::newer_keys(host, &of).await;
            known.newer_keys.push((of, keys, is_sure));
        }
        Need::Signature(signed) => known.verified = Some(signed.check(host, moment).await),
        Need::Ruleset(of, min_version) => known.serving = Some(ruleset_cache::newest(host, &of, min_version).await),
        Need::Overrides(mut serving, mut contexts) => {
            let overrides = serving.overrides(host, contexts.iter_mut()).await;
            known.overrides.replace(Some(Overridden { stale: serving.stale, contexts, overrides }));
            // They fit this ruleset, and no other one that may have come meanwhile.
            known.serving = Some(Ok(serving));
        }
    }
}

/// The parts of a request, in the lines that [`Parts::parse`] reads.
fn head(request: &Request, settings: &Settings) -> worker::Result<String> {
    let inner = request.inner();
    let mut head = format!("{}\n{}\n{}", inner.method(), inner.url(), peer(inner));
    let own = settings.client_address_header.as_deref();
    for name in HEADERS.into_iter().map(Some).chain([own]) {
        head.push('\n');
        if let Some(value) = name.map(|name| request.headers().get(name)).transpose()?.flatten() {
            head.push(':');
            head.push_str(&value);
        }
    }
    Ok(head)
}

/// The connection's address. Empty if a header names the client's, as on Cloudflare; `-` if the runtime tells no address.
fn peer(request: &JsValue) -> String {
    match Reflect::get(request, &"cf".into()) {
        Ok(cf) if cf.is_object() => Reflect::get(&cf, &"clientIp".into()).ok().and_then(|peer| peer.as_string()).unwrap_or_default(),
        _ => "-".to_owned(),
    }
}

/// The runtime's response, after it was logged.
fn logged(answer: Answer, parts: &Parts<'_>, known: Answered<'_>) -> worker::Result<Response> {
    let cause = answer.cause.as_ref().map(ToString::to_string);
    log::answer(parts, &Answered { status: answer.status, cause: cause.as_deref(), ..known });
    respond(answer)
}

/// The runtime's response.
pub(crate) fn respond(answer: Answer) -> worker::Result<Response> {
    let headers = Headers::new();
    for (name, value) in answer.shared.iter().chain(&answer.own) {
        headers.append(name, value)?;
    }
    let builder = ResponseBuilder::new().with_status(answer.status).with_headers(headers);
    Ok(if answer.body.is_empty() { builder.empty() } else { builder.fixed(answer.body) })
}

/// Adds the headers that every answer has, to a copy: the headers of an answer that came from the hub cannot be changed.
fn dressed(answer: Response, lines: Vec<Line>) -> worker::Result<Response> {
    let headers = answer.headers().clone();
    for (name, value) in lines {
        if name == "vary" { headers.append(name, &value)? } else { headers.set(name, &value)? }
    }
    Ok(answer.with_headers(headers))
}

/// Calls the handler of a request, and has the trail note a use of the break-glass token: before the request is carried out, but after a
/// restore, which brings another trail.
async fn noted(pass: Pass, parts: &Parts<'_>, request: &mut Request, host: &Host) -> Result<Response, Problem> {
    let (caller, is_restore) = (Rc::clone(&pass.caller), matches!(pass.handler, PassedHandler::Restore | PassedHandler::RestorePieces));
    let headers = request.headers().clone();
    let note = async || {
        // A hub that cannot write must not keep the token from being used: the log has the use already.
        if let Err(problem) =
            hub::note_break_glass(host, &caller.environment, &headers, &format!("{} {}", parts.method, parts.path())).await
        {
            console_error!("the trail does not have the use of the break-glass token: {}", problem.why());
        }
    };
    let is_noted = caller.is_break_glass();
    if is_noted && !is_restore {
        note().await;
    }
    let answer = pass_on(pass, parts, request, host).await;
    if is_noted && is_restore && matches!(&answer, Ok(answer) if answer.status_code() == 200) {
        note().await;
    }
    answer
}

/// Calls the handler of a request that needs the runtime.
async fn pass_on(pass: Pass, parts: &Parts<'_>, request: &mut Request, host: &Host) -> Result<Response, Problem> {
    let Pass { handler, caller, body, watcher, .. } = pass;
    let environment = &caller.environment;
    match handler {
        PassedHandler::Ruleset => ruleset::newest(environment, request, host).await,
        PassedHandler::Overrides => owners::of_named(environment, request, host).await,
        PassedHandler::Outcomes => outcomes::take(&caller, parts, request, host).await,
        PassedHandler::Explain => explain::one(environment, request, host).await,
        PassedHandler::ExportDocument => document::export(environment, request, host).await,
        PassedHandler::Cache => cache::report(environment, request, host).await,
        PassedHandler::Metrics => {
            let accepted = request.headers().get("accept")?;
            hub::metrics(host, environment, accepted.as_deref()).await
        }
        PassedHandler::ListEnvironments => environments::list(host).await,
        PassedHandler::Hub(HubHandler::CreateEnvironment | HubHandler::RemoveEnvironment) => {
            environments::change(&caller, parts, request, host).await
        }
        PassedHandler::Hub(HubHandler::CopyDefinitions) => copy::copy(&caller, request, host).await,
        PassedHandler::Hub(HubHandler::ImportDocument | HubHandler::ChangeDefinition(_)) => {
            admin::pass_on(&caller, request, body, body::DOCUMENT, host).await
        }
        PassedHandler::Hub(HubHandler::RestorePoint) => point_in_time::restore(&caller, request, host).await,
        PassedHandler::Hub(_) | PassedHandler::BackUp => admin::pass_on(&caller, request, body, body::QUESTION, host).await,
        PassedHandler::Restore | PassedHandler::RestorePieces | PassedHandler::ImportOverrides => {
            admin::stream(&caller, request, host).await
        }
        PassedHandler::Demo => assets::demo(host).await,
        PassedHandler::DemoExplain => {
            caller.unrestricted()?;
            explain::many(environment, request, host).await
        }
        PassedHandler::Watch | PassedHandler::WatchEvents | PassedHandler::WatchChanges => match watcher {
            Some(watcher) => watch::open(&watcher, request, host).await,
            None => Err(Problem::no_relay()),
        },
        PassedHandler::Me => me::show(&caller),
        PassedHandler::Dashboard => assets::dashboard(host).await,
        PassedHandler::Start => assets::start(host).await,
        PassedHandler::Asset => assets::file(parts.path(), host).await,
    }
}
