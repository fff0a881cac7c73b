//! `/api/admin/schedules` and `/api/admin/schedules/{id}`: commands at a later moment.
use std::collections::BTreeMap;

use control::{
    Command,
    schedules::{Schedule, ScheduleCommand, ScheduledStep, schedules},
};
use sdk_core::Millis;
use serde::{Deserialize, Serialize};
use worker::Response;

use super::{AdminRequest, CommandAnswer, body::read, json, keys::moment, view};
use crate::{
    http::routes,
    hub::{FlagHub, record::uuid, schedules::JOB},
    problem::Problem,
    store::{Read, jobs::Job},
};

/// The most schedules that one answer lists.
const MOST: u32 = 500;

impl FlagHub {
    /// GET `?flag=&limit=`: the pending schedules, those that are due first first.
    pub(super) fn list_schedules(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let (flag, limit) = (asked.query.get("flag"), asked.query.limit(50, MOST)?);
        let jobs = self.schedule_jobs()?;
        let ground = self.ground()?;
        let is_wanted = |schedule: &Schedule| flag.is_none_or(|flag| schedule.flag.as_deref() == Some(flag));
        let mut listed: Vec<Schedule> = schedules(&ground.rows).filter(is_wanted).collect();
        listed.sort_by(|one, other| (one.step.at, &one.step.id).cmp(&(other.step.at, &other.step.id)));
        listed.truncate(limit as usize);
        let views = listed.iter().map(|schedule| shown(schedule, jobs.get(&schedule.step.id))).collect::<Result<Vec<_>, _>>()?;
        json(view::list("schedules", &views))
    }

    /// GET: one pending schedule.
    pub(super) fn show_schedule(&self, id: &str) -> Result<Response, Problem> {
        let jobs = self.schedule_jobs()?;
        let found = schedules(&self.ground()?.rows).find(|schedule| schedule.step.id == id);
        let schedule = found.ok_or_else(|| {
            Problem::refused(404, "SCHEDULE_NOT_FOUND", "no pending schedule has this id; the trail has those that ended", String::new())
        })?;
        json(Ok(shown(&schedule, jobs.get(id))?.get().to_owned()))
    }

    /// POST `{ steps: [{ at, until?, command }], reason?, changedBy? }`: schedules commands, all of them or none.
    pub(super) fn add_schedules(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let Body { steps, reason, changed_by } = read(&asked.body)?;
        let by = asked.by(reason, changed_by)?;
        let step = |(index, step): (usize, Step)| {
            let Some(is_open) = routes::is_open_to(&step.command, &asked.role) else {
                return Err(Problem::malformed_at(format!("/steps/{index}/command"), "this command is carried out at once or not at all"));
            };
            if !is_open {
                return Err(Problem::wrong_credentials(&format!("the right to give the command /steps/{index} at once")));
            }
            let at = moment(&step.at, &format!("/steps/{index}/at"))?;
            let until = step.until.map(|text| moment(&text, &format!("/steps/{index}/until"))).transpose()?;
            Ok(ScheduledStep { id: uuid()?, at, until, command: Box::new(step.command) })
        };
        let steps: Vec<ScheduledStep> = steps.into_iter().enumerate().map(step).collect::<Result<_, _>>()?;
        let ids: Vec<String> = steps.iter().map(|step| step.id.clone()).collect();
        let decision = self.decide(&by, &Command::Schedule(ScheduleCommand::Add { steps }), &[])?;
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

    fn schedule_jobs(&self) -> Result<BTreeMap<String, Job>, Problem> {
        Ok(self.store.jobs(Some(&[JOB]), MOST)?.into_iter().map(|(key, job)| (key.payload, job)).collect())
    }
}

fn shown(schedule: &Schedule, job: Option<&Job>) -> Result<Box<serde_json::value::RawValue>, Problem> {
    let Schedule { step, flag, subject, role, on_behalf_of, reason, created_at, .. } = schedule;
    let view = View {
        at: step.at.to_rfc3339(),
        command: &step.command,
        created_at: created_at.to_rfc3339(),
        created_by: subject,
        flag: flag.as_deref(),
        id: &step.id,
        next_attempt_at: job.map_or_else(|| step.at.to_rfc3339(), |job| job.due.to_rfc3339()),
        on_behalf_of: on_behalf_of.as_deref(),
        reason,
        role,
        until: step.until.map(Millis::to_rfc3339),
        waiting_for: job.and_then(|job| job.error.as_deref()),
    };
    view::raw(serde_json::to_string(&view).map_err(worker::Error::from)?)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'v> {
    at: String,
    command: &'v Command,
    created_at: String,
    created_by: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    flag: Option<&'v str>,
    id: &'v str,
    next_attempt_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_behalf_of: Option<&'v str>,
    reason: &'v str,
    role: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// The reason why the last attempt did not carry the command out.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_for: Option<&'v str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    steps: Vec<Step>,
    reason: Option<String>,
    changed_by: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Step {
    at: String,
    until: Option<String>,
    command: Command,
}
