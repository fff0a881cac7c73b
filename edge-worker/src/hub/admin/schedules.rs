//! `/api/admin/schedules` and `/api/admin/schedules/{id}`: requests that the hub carries out at a later moment.
//!
//! A step is a request as its route takes it. The same functions read it when it is scheduled, to refuse what could never be carried out,
//! and when it is due.
use std::collections::BTreeMap;

use control::{
    Command, Section,
    change::Actor,
    rows::RowKind,
    schedules::{MAX_SCHEDULES, MAX_STEPS, Schedule, ScheduleCommand, ScheduledRequest, ScheduledStep, refused_row},
};
use sdk_core::{
    Millis,
    json::{Object, canonical::write_string},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use worker::{Method, Response};

use super::{
    AdminRequest, CommandAnswer, Scheduled,
    body::{self, read},
    json,
    keys::moment,
    view,
};
use crate::{
    http::routes::{self, Handler, HubHandler, PassedHandler},
    hub::{FlagHub, ground::Ground, record::uuid, schedules::JOB, wire},
    problem::Problem,
    query::Query,
    store::{Read, jobs::Job},
};

/// The place of a step's path in it.
const PATH: &str = "/path";
/// The most schedules that one answer lists.
#[expect(clippy::cast_possible_truncation, reason = "it is 500")]
const MOST: u32 = MAX_SCHEDULES as u32;

impl FlagHub {
    /// GET `?flag=&limit=`: the pending schedules, those that are due first first, and behind them those that this release cannot read.
    pub(super) fn list_schedules(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let (flag, limit) = (asked.query.get("flag"), asked.query.limit(50, MOST)?);
        let jobs = self.schedule_jobs()?;
        let ground = self.ground()?;
        let mut listed: Vec<(Option<Schedule>, &str, &str)> =
            ground.rows.of(RowKind::Schedule).map(|(id, text)| (Schedule::from_row(text), id, text)).collect();
        let of = |schedule: &Option<Schedule>| schedule.as_ref().and_then(|schedule| schedule.step.flag.clone());
        listed.retain(|(schedule, ..)| flag.is_none_or(|flag| of(schedule).as_deref() == Some(flag)));
        listed.sort_by_key(|(schedule, ..)| schedule.as_ref().map_or(Millis(i64::MAX), |schedule| schedule.step.at));
        listed.truncate(limit as usize);
        let view = |(schedule, id, text): &(Option<Schedule>, &str, &str)| shown(schedule.as_ref(), id, text, jobs.get(*id));
        let views: Vec<String> = listed.iter().map(view).collect();
        json(Ok(format!(r#"{{"schedules":[{}]}}"#, views.join(","))))
    }

    /// GET: one pending schedule.
    pub(super) fn show_schedule(&self, id: &str) -> Result<Response, Problem> {
        let ground = self.ground()?;
        let text = ground.rows.get(RowKind::Schedule, id).ok_or_else(|| {
            Problem::refused(404, "SCHEDULE_NOT_FOUND", "no pending schedule has this id; the trail has those that ended", String::new())
        })?;
        json(Ok(shown(Schedule::from_row(text).as_ref(), id, text, self.schedule_jobs()?.get(id))))
    }

    /// POST `{ steps: [{ at, until?, method, path, body?, ifMatch? }], reason?, changedBy? }`: schedules requests, all of them or none.
    pub(super) fn add_schedules(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let Body { steps, reason, changed_by } = read(&asked.body)?;
        let by = asked.by(reason, changed_by)?;
        if steps.len() > MAX_STEPS {
            return Err(Problem::malformed_at("/steps", format!("expected 1 to {MAX_STEPS} steps")));
        }
        let mut accepted = Vec::with_capacity(steps.len());
        for (index, body::Object(step)) in steps.into_iter().enumerate() {
            let place = format!("/steps/{index}");
            accepted.push(self.accepted(step, &by).map_err(|problem| {
                let below = problem.pointer().unwrap_or_default().to_owned();
                problem.at(place + &below)
            })?);
        }
        let ids: Vec<String> = accepted.iter().map(|step| step.id.clone()).collect();
        let decision = self.decide(&by, &Command::Schedule(ScheduleCommand::Add { steps: accepted }), &[])?;
        let answer = self.commit_and_tell(asked, &by, decision, |written, outcome| {
            let written = view::written(written, outcome, None)?;
            let ids = serde_json::to_string(&ids).map_err(worker::Error::from)?;
            Ok(CommandAnswer::again(format!(r#"{{"ids":{ids},{}"#, written.trim_start_matches('{'))))
        })?;
        // In the turn of the commit: the runtime keeps both or neither.
        self.arm()?;
        Ok(answer)
    }

    /// DELETE `?reason=`: cancels a pending schedule.
    pub(super) fn cancel_schedule(&self, asked: &AdminRequest, id: &str) -> Result<Response, Problem> {
        let by = asked.by(asked.query.get("reason").map(str::to_owned), None)?;
        self.carry_out(asked, &Command::Schedule(ScheduleCommand::Cancel { id: id.to_owned() }), &by)
    }

    /// Carries out the request of a schedule that is due, and ends the schedule with it.
    pub(in crate::hub) fn carry_out_due(&self, schedule: &Schedule, now: Millis) -> Result<(), Problem> {
        let routed = Routed::of(&schedule.step.request, &schedule.role)?;
        self.attempt(&routed, &schedule.step.request, Scheduled { by: schedule.actor(now), due: Some(schedule.clone()) })
    }

    /// The step to store; refused if its request could not be carried out at any time, or not by this operator.
    fn accepted(&self, step: Step, by: &Actor) -> Result<ScheduledStep, Problem> {
        let at = moment(&step.at, "/at")?;
        let until = step.until.map(|text| moment(&text, "/until")).transpose()?;
        let body = step.body.map(|body| body.get().to_owned()).unwrap_or_default();
        let request = ScheduledRequest { method: step.method, path: step.path, body, if_match: step.if_match };
        let routed = Routed::of(&request, &by.role)?;
        match self.attempt(&routed, &request, Scheduled { by: by.clone(), due: None }) {
            Ok(()) => {}
            // The state stands against it, and may be another one when it is due.
            Err(problem) if problem.status == 409 => {}
            Err(problem) => {
                let below = problem.pointer().unwrap_or_default().to_owned();
                // The handler of a request that cannot wait names the path.
                return Err(if below == PATH { problem } else { problem.at(format!("/body{below}")) });
            }
        }
        let ground = self.ground()?;
        let flag = routed.flag(&request.body, &ground);
        Ok(ScheduledStep { id: uuid()?, at, until, request, flag })
    }

    /// Carries out a request for an operator who scheduled it, or only decides it.
    fn attempt(&self, routed: &Routed, request: &ScheduledRequest, scheduled: Scheduled) -> Result<(), Problem> {
        let Actor { subject, role, at, .. } = &scheduled.by;
        let asked = AdminRequest {
            actor: subject.clone(),
            role: role.clone(),
            within: None,
            now: *at,
            idempotency: None,
            if_match: request.if_match.clone(),
            method: Method::from(request.method.clone()),
            environment: None,
            path: request.path.clone(),
            query: Query::any(&request.path)?,
            body: request.body.clone(),
            client_body: None,
            scheduled: Some(Box::new(scheduled)),
        };
        self.check_precondition(routed.handler, &asked)?;
        self.change(routed.handler, &asked, &routed.parameter)?;
        Ok(())
    }

    fn schedule_jobs(&self) -> Result<BTreeMap<String, Job>, Problem> {
        Ok(self.store.jobs(Some(&[JOB]), MOST)?.into_iter().map(|(key, job)| (key.payload, job)).collect())
    }
}

/// The route of a scheduled request.
struct Routed {
    handler: HubHandler,
    /// The parameter in the path.
    parameter: String,
}

impl Routed {
    /// Refuses a request that no route takes, or not from this role.
    fn of(request: &ScheduledRequest, role: &str) -> Result<Self, Problem> {
        let path = request.path.split(['?', '#']).next().unwrap_or_default();
        let served = routes::find(path).ok_or_else(|| Problem::malformed_at(PATH, "expected a path of the admin API"))?;
        let route = routes::choose(served.of(&request.method), &request.path, &request.body)
            .ok_or_else(|| Problem::malformed_at("/method", format!("expected one of {}", served.methods())))?;
        let Handler::Passed(PassedHandler::Hub(handler)) = route.handler else { return Err(not_to_wait()) };
        if !route.open_to.iter().any(|caller| caller.as_str() == role) {
            return Err(Problem::wrong_credentials("the right to send the request at once").at(PATH.to_owned()));
        }
        let query = Query::of(&request.path, route.query).map_err(|problem| problem.at(PATH.to_owned()))?;
        if query.get("dryRun").is_some() {
            return Err(Problem::malformed_at(PATH, "a dry run cannot wait: it changes nothing"));
        }
        Ok(Self { handler, parameter: wire::decoded(&served.parameter) })
    }

    /// The key of the flag that the request is about; `None` if it is about none that is there.
    fn flag(&self, body: &str, ground: &Ground) -> Option<String> {
        #[derive(Deserialize)]
        struct Named {
            #[serde(rename = "featureName")]
            feature_name: String,
        }
        if matches!(self.handler, HubHandler::ChangeDefinition(Section::Flags) | HubHandler::RestoreFlag) {
            return Some(self.parameter.clone());
        }
        let Named { feature_name } = serde_json::from_str(body).ok()?;
        Some(ground.ruleset.key_of(ground.ruleset.find(&feature_name)?).to_owned())
    }
}

/// The refusal of a request that makes a secret, or that the hub does not decide by itself.
pub(super) fn not_to_wait() -> Problem {
    Problem::malformed_at(PATH, "this request is carried out at once or not at all")
}

/// A schedule as operators see it, as JSON.
fn shown(schedule: Option<&Schedule>, id: &str, row: &str, job: Option<&Job>) -> String {
    let mut out = String::new();
    let mut object = Object::open(&mut out);
    let mut member = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            write_string(object.member(name), value);
        }
    };
    member("id", Some(id));
    member("nextAttemptAt", job.map(|job| job.due.to_rfc3339()).as_deref());
    let Some(Schedule { step, subject, role, on_behalf_of, reason, created_at, .. }) = schedule else {
        member("unreadable", Some(refused_row(row).as_deref().unwrap_or(row)));
        object.close();
        return out;
    };
    let ScheduledStep { at, until, request: ScheduledRequest { method, path, body, if_match }, flag, .. } = step;
    member("at", Some(&at.to_rfc3339()));
    member("createdAt", Some(&created_at.to_rfc3339()));
    member("createdBy", Some(subject));
    member("flag", flag.as_deref());
    member("ifMatch", if_match.as_deref());
    member("method", Some(method));
    member("onBehalfOf", on_behalf_of.as_deref());
    member("path", Some(path));
    member("reason", Some(reason));
    member("role", Some(role));
    member("until", until.map(Millis::to_rfc3339).as_deref());
    // The reason why the last attempt did not carry the request out.
    member("waitingFor", job.and_then(|job| job.error.as_deref()));
    if !body.is_empty() {
        object.member("body").push_str(body);
    }
    object.close();
    out
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    steps: Vec<body::Object<Step>>,
    reason: Option<String>,
    changed_by: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Step {
    at: String,
    until: Option<String>,
    method: String,
    path: String,
    body: Option<Box<RawValue>>,
    if_match: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routed(role: &str, method: &str, path: &str, body: &str) -> Result<(HubHandler, String), (u16, String)> {
        let request = ScheduledRequest { method: method.into(), path: path.into(), body: body.into(), if_match: None };
        let place = |problem: Problem| (problem.status, problem.pointer().unwrap_or_default().to_owned());
        Routed::of(&request, role).map(|Routed { handler, parameter }| (handler, parameter)).map_err(place)
    }

    #[test]
    fn a_request_waits_by_the_right_to_send_it_at_once() {
        let kill = r#"{"action":"kill"}"#;
        for (role, method, path, body, expected) in [
            ("operator", "POST", "/api/admin/feature-flags", kill, 200),
            ("viewer", "POST", "/api/admin/feature-flags", kill, 403),
            // An override of one owner, of which operators of rollouts have no right.
            ("operator", "POST", "/api/admin/feature-flags", r#"{"enabled":true}"#, 403),
            ("admin", "POST", "/api/admin/feature-flags", r#"{"enabled":true}"#, 200),
            ("operator", "POST", "/api/admin/rollout/percentage", "", 200),
            ("operator", "DELETE", "/api/admin/tokens/t-1", "", 403),
            ("admin", "DELETE", "/api/admin/tokens/t-1?reason=x", "", 200),
            ("system", "POST", "/api/admin/rollout/rollback", "", 403),
            ("", "POST", "/api/admin/rollout/rollback", "", 403),
        ] {
            assert_eq!(
                routed(role, method, path, body).map_or_else(|(status, _)| status, |_| 200),
                expected,
                "{role} {method} {path} {body}"
            );
        }
    }

    #[test]
    fn a_request_that_no_route_takes_or_that_changes_nothing_does_not_wait() {
        for (method, path, place) in [
            ("POST", "/api/admin/nothing", "/path"),
            ("POST", "rollout/start", "/path"),
            ("GET", "/health", "/path"),
            ("PATCH", "/api/admin/rollout/start", "/method"),
            ("POST", "/api/admin/rollout/start?environment=staging", "/path"),
            ("POST", "/api/admin/rollout/start?other=1", "/path"),
            ("DELETE", "/api/admin/keys/k?reason=x&reason=y", "/path"),
            ("DELETE", "/api/admin/keys/k?reason=%ff", "/path"),
            ("POST", "/api/admin/changes/c-1/revert?dryRun=true", "/path"),
            ("POST", "/api/admin/changes/c-1/revert?dryRun=false", "/path"),
        ] {
            assert_eq!(routed("service", method, path, ""), Err((400, place.to_owned())), "{method} {path}");
        }
        assert_eq!(
            routed("service", "PUT", "/api/admin/flags/a%2Fb", "{}"),
            Ok((HubHandler::ChangeDefinition(Section::Flags), "a/b".to_owned()))
        );
    }
}
