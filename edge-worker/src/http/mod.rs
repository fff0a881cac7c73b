//! What the edge answers, without the runtime: a request as plain data in, a response as plain data out.
//!
//! [`answer`] asks nobody and waits for nothing. Where something must be known first it says so; whoever finds it out asks again.
//! Reading order: [`routes`], [`rights`], [`parts`], [`asked`], [`answer()`].
pub(crate) mod asked;
pub(crate) mod parts;
pub(crate) mod response;
pub(crate) mod rights;
pub(crate) mod routes;
#[cfg(test)]
mod tests;

use core::slice;

use self::{
    asked::{Asked, Need, Stop},
    response::{Answer, Line, standing},
    routes::{Audience, Handler, HeldHandler, Limit, PassedHandler, Route, Served},
};
use crate::{
    auth::Caller,
    body, cors, cross_site,
    handlers::{evaluate, health, ofrep, program, widget},
    limit,
    problem::Problem,
    settings::Settings,
};

/// What becomes of a request.
pub(crate) enum Outcome {
    /// Its answer, with all its headers.
    Answer(Answer),
    /// It must be known first.
    Needs(Need),
    /// The runtime answers it.
    Pass(Pass),
}

/// A request that the hub answers, or a file, or something that takes the runtime: its caller may ask, and it was counted.
pub(crate) struct Pass {
    pub(crate) handler: PassedHandler,
    pub(crate) audience: Audience,
    pub(crate) caller: Caller,
    /// The body, where it had to be read.
    pub(crate) body: Option<String>,
}

/// What a handler answers, or the way to another one.
enum Answered {
    Answer(Answer),
    Pass(Pass),
}

/// Answers a request, as far as that is possible with what is known.
pub(crate) fn answer(asked: &Asked<'_>) -> Outcome {
    let Some(served) = find(asked.parts.path(), asked.settings) else {
        return Outcome::Answer(dressed(asked, Audience::Programs, Problem::not_found().answer()));
    };
    match take(asked, &served) {
        Ok(Answered::Answer(answer)) => Outcome::Answer(dressed(asked, served.audience(), answer)),
        Ok(Answered::Pass(pass)) => Outcome::Pass(pass),
        Err(Stop::Needs(need)) => Outcome::Needs(need),
        Err(Stop::Refused(problem)) => Outcome::Answer(refusal(asked, &served, &problem)),
    }
}

/// The row of a method and a path whose requests may be answered from what the isolate holds.
pub(crate) fn held_route(method: &str, path: &str) -> Option<&'static Route> {
    // HEAD has no row of its own.
    let [route] = routes::find(path)?.of(method) else { return None };
    (matches!(route.handler, Handler::Held(_)) && method == route.method).then_some(route)
}

/// The rows of a path, as far as the deployment serves them.
fn find(path: &str, settings: &Settings) -> Option<Served> {
    let is_served = |served: &Served| {
        settings.is_demo || served.routes.first().is_some_and(|route| route.handler != Handler::Passed(PassedHandler::DemoExplain))
    };
    routes::find(path).filter(is_served)
}

fn take(asked: &Asked<'_>, served: &Served) -> Result<Answered, Stop> {
    let method = asked.parts.method;
    if method == "OPTIONS" {
        return options(asked, served).map(Answered::Answer);
    }
    let routes = served.of(method);
    if routes.is_empty() {
        return Err(Problem::method(&served.methods()).into());
    }
    if served.audience() == Audience::Operators {
        cross_site::refuse(asked.parts)?;
    }
    let caller = Caller::of(asked, routes)?;
    let (route, body) = row(asked, routes, &caller)?;
    match route.limit {
        Limit::Read => limit::read(caller.subject(), asked)?,
        Limit::Change => limit::change(caller.subject(), asked)?,
        // Counted with the credentials, or not at all.
        Limit::Evaluation | Limit::Never => {}
    }
    let handler = match route.handler {
        Handler::Held(handler) => handler,
        Handler::Passed(handler) => return Ok(Answered::Pass(Pass { handler, audience: route.audience, caller, body })),
    };
    let answer = match handler {
        HeldHandler::OfrepFlag => ofrep::flag(&caller, asked, &served.parameter)?,
        HeldHandler::OfrepFlags => ofrep::flags(&caller, asked)?,
        HeldHandler::Program => program::make(&caller, asked)?,
        HeldHandler::Widget => widget::config(&caller, asked)?,
        HeldHandler::Evaluate => evaluate::many(asked)?,
        HeldHandler::Health => health::report(asked)?,
        HeldHandler::Version => health::version(),
    };
    Ok(Answered::Answer(answer))
}

/// The row of a method and a path. Where there are several, the body tells them apart.
fn row(asked: &Asked<'_>, routes: &'static [Route], caller: &Caller) -> Result<(&'static Route, Option<String>), Stop> {
    if let [route] = routes {
        return Ok((route, None));
    }
    let body = asked.body(body::QUESTION)?;
    let route = routes::choose(routes, body).ok_or_else(Problem::not_found)?;
    rights::check(slice::from_ref(route), caller.kind())?;
    Ok((route, Some(body.to_owned())))
}

/// Which methods there are; to a page of another origin, what it may ask.
fn options(asked: &Asked<'_>, served: &Served) -> Result<Answer, Stop> {
    let methods = served.methods();
    let lines = if served.audience() == Audience::Pages { cors::preflight(asked, &methods)? } else { Vec::new() };
    let mut answer = Answer::empty(204).with_own("allow", methods);
    answer.own.extend(lines);
    Ok(answer)
}

/// A refusal of any request, in the words of its route.
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

/// An answer with the headers that every answer has.
fn dressed(asked: &Asked<'_>, audience: Audience, mut answer: Answer) -> Answer {
    let lines: Vec<Line> = standing(asked, audience, answer.status);
    answer.shared.splice(..0, lines);
    answer
}
