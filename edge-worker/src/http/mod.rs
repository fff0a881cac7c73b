//! The edge's rules as a function of plain data: a request in, a response out, without the runtime.
//!
//! [`answer`] calls no server and awaits nothing. If a fact is missing it returns [`Outcome::Needs`]; its caller ([`crate::serve`]) finds
//! that fact out and calls it again.
//! Reading order: [`routes`], [`rights`], [`parts`], [`asked`], [`answer()`].
pub(crate) mod asked;
pub(crate) mod parts;
pub(crate) mod response;
pub(crate) mod rights;
pub(crate) mod routes;
#[cfg(test)]
mod tests;

use core::slice;
use std::rc::Rc;

use self::{
    asked::{Asked, Need, Unanswered},
    parts::Header,
    response::{Answer, Line, standard_headers},
    routes::{Audience, Handler, HeldHandler, Limit, PassedHandler, Route, Served},
};
use crate::{
    auth::Caller,
    body, cors, cross_site,
    handlers::{
        evaluate, health, ofrep, program, sign_in,
        watch::{self, Watcher},
        widget,
    },
    limit,
    problem::Problem,
    settings::Settings,
};

/// The outcome of one call of [`answer`].
pub(crate) enum Outcome {
    /// The response, with all its headers.
    Answer(Answer),
    /// [`answer`] cannot go on without this fact.
    Needs(Need),
    /// The runtime must answer the request.
    Pass(Pass),
}

/// A request for a handler that needs the runtime, such as one in the hub. Its caller has the right to it, and its limit has counted it.
pub(crate) struct Pass {
    pub(crate) handler: PassedHandler,
    pub(crate) audience: Audience,
    pub(crate) caller: Rc<Caller>,
    /// The body, if the caller's right depended on it; `None` while it is unread.
    pub(crate) body: Option<String>,
    /// The client of a stream, which was admitted; `None` on every other route.
    pub(crate) watcher: Option<Watcher>,
}

/// The response of a handler, or the handler that the runtime must call.
enum Answered {
    Answer(Answer),
    Pass(Pass),
}

/// Answers a request, as far as the known facts allow.
pub(crate) fn answer(asked: &Asked<'_>) -> Outcome {
    let Some(served) = find(asked.parts.path(), asked.settings) else {
        return Outcome::Answer(dressed(asked, Audience::Programs, Problem::not_found().answer()));
    };
    match take(asked, &served) {
        Ok(Answered::Answer(answer)) => Outcome::Answer(dressed(asked, served.audience(), answer)),
        Ok(Answered::Pass(pass)) => Outcome::Pass(pass),
        Err(Unanswered::Needs(need)) => Outcome::Needs(need),
        Err(Unanswered::Refused(problem)) => Outcome::Answer(refusal(asked, &served, &counted(problem, asked))),
    }
}

/// The refusal of a request. If its credentials do not hold, it counts, and is refused otherwise when there were too many.
fn counted(problem: Problem, asked: &Asked<'_>) -> Problem {
    let shows_credentials = || [Header::Authorization, Header::ApiKey].iter().any(|name| asked.parts.header(*name).is_some());
    // A request that misses a part comes again on the long way.
    if problem.status == 401 && shows_credentials() && !asked.parts.misses_part() {
        limit::failed(asked).err().unwrap_or(problem)
    } else {
        problem
    }
}

/// The row of a method and a path, if the isolate may answer their requests from what it holds.
pub(crate) fn held_route(method: &str, path: &str) -> Option<&'static Route> {
    // HEAD has no row of its own.
    let [route] = routes::find(path)?.of(method) else { return None };
    (matches!(route.handler, Handler::Held(_)) && method == route.method).then_some(route)
}

/// The rows of a path; `None` if this deployment does not serve it. Without `DEMO=on` it serves no demo page, and explains nothing to pages.
fn find(path: &str, settings: &Settings) -> Option<Served> {
    let is_served = |served: &Served| settings.is_demo || served.routes.first().is_some_and(|route| !route.path.starts_with("/demo"));
    routes::find(path).filter(is_served)
}

fn take(asked: &Asked<'_>, served: &Served) -> Result<Answered, Unanswered> {
    let method = asked.parts.method;
    if method == "OPTIONS" {
        return options(asked, served).map(Answered::Answer);
    }
    let routes = served.of(method);
    if routes.is_empty() {
        return Err(Problem::method(&served.methods()).into());
    }
    if served.audience() == Audience::Operators {
        cross_site::refuse(asked)?;
    }
    let caller = Caller::of(asked, routes)?;
    let (route, body) = row(asked, routes, &caller)?;
    match route.limit {
        Limit::Read => limit::read(&caller.counted(), asked)?,
        Limit::Change => limit::change(&caller.counted(), asked)?,
        // `Caller::of` has counted an evaluation; nothing counts the others.
        Limit::Evaluation | Limit::Never => {}
    }
    let handler = match route.handler {
        Handler::Held(handler) => handler,
        Handler::Passed(handler) => {
            let watcher = match handler {
                PassedHandler::Watch => Some(watch::admit(&caller, asked)?),
                PassedHandler::WatchEvents => Some(watch::admit_token(asked)?),
                PassedHandler::WatchChanges => Some(watch::admit_operator(&caller, asked)?),
                _ => None,
            };
            return Ok(Answered::Pass(Pass { handler, audience: route.audience, caller: Rc::new(caller), body, watcher }));
        }
    };
    let answer = match handler {
        HeldHandler::OfrepFlag => ofrep::flag(&caller, asked, &served.parameter)?,
        HeldHandler::OfrepFlags => ofrep::flags(&caller, asked)?,
        HeldHandler::Program => program::make(&caller, asked)?,
        HeldHandler::Widget => widget::config(&caller, asked)?,
        HeldHandler::Evaluate => evaluate::many(&caller, asked)?,
        HeldHandler::Health => health::report(asked)?,
        HeldHandler::Version => health::version(),
        HeldHandler::SignIn => sign_in::ways(asked.settings),
    };
    Ok(Answered::Answer(answer))
}

/// The row of a request, and its body if that was read: if a method and a path have several rows, the query or the body decides.
fn row(asked: &Asked<'_>, routes: &'static [Route], caller: &Caller) -> Result<(&'static Route, Option<String>), Unanswered> {
    if let [route] = routes {
        return Ok((route, None));
    }
    let body = if routes::depend_on_body(routes) { Some(asked.body(body::QUESTION)?) } else { None };
    let route = routes::choose(routes, asked.parts.url, body.unwrap_or_default()).ok_or_else(Problem::not_found)?;
    caller.check(slice::from_ref(route), asked)?;
    Ok((route, body.map(str::to_owned)))
}

/// Answers OPTIONS with the methods of the path; a page of another origin is also told which requests it may send.
fn options(asked: &Asked<'_>, served: &Served) -> Result<Answer, Unanswered> {
    let methods = served.methods();
    let lines = cors::preflight(asked, served.audience(), &methods)?;
    let mut answer = Answer::empty(204).with_own("allow", methods);
    answer.own.extend(lines);
    Ok(answer)
}

/// Refuses a request in the form that its route gives to refusals: OFREP has one of its own.
pub(crate) fn refuse(asked: &Asked<'_>, problem: &Problem) -> Answer {
    match routes::find(asked.parts.path()) {
        Some(served) => refusal(asked, &served, problem),
        None => dressed(asked, Audience::Programs, problem.answer()),
    }
}

fn refusal(asked: &Asked<'_>, served: &Served, problem: &Problem) -> Answer {
    let answer = match served.routes.first().map(|route| route.handler) {
        Some(Handler::Held(HeldHandler::OfrepFlag)) => ofrep::refusal(problem, Some(&served.parameter)),
        Some(Handler::Held(HeldHandler::OfrepFlags)) => ofrep::refusal(problem, None),
        _ => problem.answer(),
    };
    dressed(asked, served.audience(), answer)
}

/// Adds the headers that every answer has.
fn dressed(asked: &Asked<'_>, audience: Audience, mut answer: Answer) -> Answer {
    let lines: Vec<Line> = standard_headers(asked, audience, answer.status);
    answer.shared.splice(..0, lines);
    Answer { audience, ..answer }
}
