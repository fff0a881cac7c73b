//! `/api/admin/rollout/{create,start,advance,pause,resume,complete,rollback,lists,percentage,guard}`: commands on rollouts.
use control::{Command, Field, GuardEdit, Lists, RolloutCommand, RolloutPlan, lifecycle::Step};
use sdk_core::{
    Percentage,
    stage::{Method, Rate},
};
use serde::{Deserialize, de::DeserializeOwned};
use worker::Response;

use super::{
    AdminRequest,
    body::{Object, read},
    spelling,
};
use crate::{http::routes::Verb, hub::FlagHub, problem::Problem};

impl FlagHub {
    pub(super) fn change_rollout(&self, asked: &AdminRequest, verb: Verb) -> Result<Response, Problem> {
        let Named { flag, order, reason, changed_by } = match verb {
            Verb::Create => body::<Create>(asked)?,
            Verb::Start => step(asked, Step::Start)?,
            Verb::Advance => body::<Advance>(asked)?,
            Verb::Pause => step(asked, Step::Pause)?,
            Verb::Resume => step(asked, Step::Resume)?,
            Verb::Complete => step(asked, Step::Complete)?,
            Verb::Rollback => wanting_reason(step(asked, Step::RollBack)?)?,
            Verb::Lists => body::<Other>(asked)?,
            Verb::Percentage => body::<Share>(asked)?,
            Verb::Guard => body::<Watch>(asked)?,
        };
        let by = asked.by(reason, changed_by)?;
        self.carry_out(asked, &Command::Rollout { flag, order }, &by)
    }
}

/// A command on the rollout of one flag.
struct Named {
    flag: String,
    order: RolloutCommand,
    reason: Option<String>,
    changed_by: Option<String>,
}

fn body<T: DeserializeOwned + TryInto<Named, Error = Problem>>(asked: &AdminRequest) -> Result<Named, Problem> {
    read::<T>(&asked.body)?.try_into()
}

fn step(asked: &AdminRequest, step: Step) -> Result<Named, Problem> {
    let Plain { feature_name, reason, changed_by } = read(&asked.body)?;
    Ok(Named { flag: feature_name, order: RolloutCommand::Step(step), reason, changed_by })
}

fn wanting_reason(named: Named) -> Result<Named, Problem> {
    if named.reason.is_some() { Ok(named) } else { Err(Problem::malformed_at(spelling::of(Field::Reason), "expected a reason")) }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Plain {
    feature_name: String,
    reason: Option<String>,
    changed_by: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Create {
    feature_name: String,
    #[serde(default)]
    whitelisted_customers: Vec<String>,
    #[serde(default)]
    blacklisted_customers: Vec<String>,
    percentage: Option<f64>,
    rollback_threshold: Option<Object<Threshold>>,
    min_tier_duration: Option<i64>,
    success_rate: Option<f64>,
    #[serde(default)]
    start: bool,
    reason: Option<String>,
    changed_by: Option<String>,
}

impl TryFrom<Create> for Named {
    type Error = Problem;

    fn try_from(body: Create) -> Result<Self, Problem> {
        let plan = RolloutPlan {
            allow: body.whitelisted_customers,
            deny: body.blacklisted_customers,
            percentage: body.percentage.map(percentage).transpose()?,
            guard: guard(body.rollback_threshold, body.min_tier_duration, body.success_rate)?,
            start: body.start,
        };
        Ok(Self { flag: body.feature_name, order: RolloutCommand::Create(plan), reason: body.reason, changed_by: body.changed_by })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Advance {
    feature_name: String,
    #[serde(default)]
    force: bool,
    reason: Option<String>,
    changed_by: Option<String>,
}

impl TryFrom<Advance> for Named {
    type Error = Problem;

    fn try_from(body: Advance) -> Result<Self, Problem> {
        let named = Self {
            flag: body.feature_name,
            order: RolloutCommand::Step(Step::Advance { force: body.force }),
            reason: body.reason,
            changed_by: body.changed_by,
        };
        if body.force { wanting_reason(named) } else { Ok(named) }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Other {
    feature_name: String,
    whitelisted_customers: Option<Vec<String>>,
    blacklisted_customers: Option<Vec<String>>,
    #[serde(default)]
    add: Object<Sides>,
    #[serde(default)]
    remove: Object<Sides>,
    reason: Option<String>,
    changed_by: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Sides {
    whitelisted_customers: Vec<String>,
    blacklisted_customers: Vec<String>,
}

impl TryFrom<Other> for Named {
    type Error = Problem;

    fn try_from(body: Other) -> Result<Self, Problem> {
        let (Object(add), Object(remove)) = (body.add, body.remove);
        let lists = Lists {
            allow: body.whitelisted_customers,
            deny: body.blacklisted_customers,
            add_allow: add.whitelisted_customers,
            remove_allow: remove.whitelisted_customers,
            add_deny: add.blacklisted_customers,
            remove_deny: remove.blacklisted_customers,
        };
        if lists == Lists::default() {
            return Err(Problem::malformed("expected a list, or something to add or to remove"));
        }
        Ok(Self { flag: body.feature_name, order: RolloutCommand::Lists(lists), reason: body.reason, changed_by: body.changed_by })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Share {
    feature_name: String,
    percentage: f64,
    reason: Option<String>,
    changed_by: Option<String>,
}

impl TryFrom<Share> for Named {
    type Error = Problem;

    fn try_from(body: Share) -> Result<Self, Problem> {
        let order = RolloutCommand::Step(Step::Percentage(percentage(body.percentage)?));
        Ok(Self { flag: body.feature_name, order, reason: body.reason, changed_by: body.changed_by })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Watch {
    feature_name: String,
    rollback_threshold: Option<Object<Threshold>>,
    min_tier_duration: Option<i64>,
    success_rate: Option<f64>,
    reason: Option<String>,
    changed_by: Option<String>,
}

impl TryFrom<Watch> for Named {
    type Error = Problem;

    fn try_from(body: Watch) -> Result<Self, Problem> {
        let edit = guard(body.rollback_threshold, body.min_tier_duration, body.success_rate)?;
        if edit == GuardEdit::default() {
            return Err(Problem::malformed("expected one of rollbackThreshold, minTierDuration, successRate"));
        }
        Ok(Self { flag: body.feature_name, order: RolloutCommand::Guard(edit), reason: body.reason, changed_by: body.changed_by })
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Threshold {
    method: Option<String>,
    error_rate: Option<f64>,
    time_window: Option<i64>,
    min_samples: Option<u64>,
}

fn guard(threshold: Option<Object<Threshold>>, min_tier_ms: Option<i64>, success_rate: Option<f64>) -> Result<GuardEdit, Problem> {
    let Object(Threshold { method, error_rate, time_window, min_samples }) = threshold.unwrap_or_default();
    let named = |name: String| {
        Method::from_name(&name).ok_or_else(|| Problem::malformed_at(spelling::of(Field::Method), "expected threshold or sequential"))
    };
    Ok(GuardEdit {
        method: method.map(named).transpose()?,
        error_rate: error_rate.map(|share| rate(share, Field::ErrorRate)).transpose()?,
        time_window_ms: time_window,
        min_samples,
        min_tier_ms,
        success_rate: success_rate.map(|share| rate(share, Field::SuccessRate)).transpose()?,
    })
}

fn rate(share: f64, field: Field) -> Result<Rate, Problem> {
    Rate::of(share).ok_or_else(|| Problem::malformed_at(spelling::of(field), "expected a share from 0 to 1"))
}

fn percentage(percent: f64) -> Result<Percentage, Problem> {
    Percentage::of(percent)
        .ok_or_else(|| Problem::malformed_at(spelling::of(Field::Percentage), "expected 0 to 100 with at most three decimals"))
}
