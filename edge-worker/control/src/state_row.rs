//! Reads and writes the row of a flag's state, and the row of its rollout's course.
use alloc::{string::String, vec, vec::Vec};

use sdk_core::{
    Millis, Percentage,
    document::Members,
    json::Json,
    stage::{Method, Rate, Status, Tier, whole},
};
use serde::{Deserialize, Serialize};

use crate::{
    lifecycle::{Course, Guard, Rollout},
    rows::spelling,
};

/// Returns true if a flag with this state is switched on.
pub(crate) fn enabled(state: &str) -> bool {
    !matches!(read(state).get("enabled"), Some(Json::Boolean(false)))
}

/// The text of a state with the kill switch set: `enabled` is false for a killed flag.
pub(crate) fn with_enabled(state: &str, enabled: bool) -> String {
    with(state, "enabled", Json::Boolean(enabled))
}

/// The text of a state with this rollout.
pub(crate) fn with_rollout(state: &str, rollout: &Rollout) -> String {
    with(state, "rollout", document_form(rollout))
}

/// The rollout of a flag; `None` if it has none. The state must be that of a flag that compiles.
pub(crate) fn rollout(state: &str, course: Option<&str>) -> Option<Rollout> {
    let state = read(state);
    let rollout = state.get("rollout").filter(|rollout| matches!(rollout, Json::Object(members) if !members.is_empty()))?;
    let list = |name| match rollout.get(name) {
        Some(Json::Array(entries)) => entries.iter().filter_map(unit).collect(),
        _ => Vec::new(),
    };
    Some(Rollout {
        status: rollout.get("status").and_then(Json::as_str).and_then(Status::from_name).unwrap_or(Status::Planned),
        tier: rollout.get("tier").and_then(Json::as_number).and_then(Tier::from_number),
        percentage: rollout.get("percentage").and_then(Json::as_number).and_then(Percentage::of).unwrap_or_default(),
        allow: list("allow"),
        deny: list("deny"),
        guard: rollout.get("guard").map(guard),
        course: course.map(read_course).unwrap_or_default(),
    })
}

/// A rollout as documents write it.
pub(crate) fn written(rollout: &Rollout) -> String {
    spelling::written(&document_form(rollout))
}

/// The text of the row of a course.
pub(crate) fn write_course(course: &Course) -> String {
    let millis = |moment: Option<Millis>| moment.map(|Millis(millis)| millis);
    let wire = CourseWire {
        created_at: millis(course.created_at),
        started_at: millis(course.started_at),
        stage_since: millis(course.stage_since),
        min_tier_ms: Some(course.min_tier_ms),
        success_rate: Some(course.success_rate.in_millionths()),
    };
    serde_json::to_string(&wire).unwrap_or_default()
}

fn read_course(text: &str) -> Course {
    let wire: CourseWire = serde_json::from_str(text).unwrap_or_default();
    let absent = Course::default();
    Course {
        created_at: wire.created_at.map(Millis),
        started_at: wire.started_at.map(Millis),
        stage_since: wire.stage_since.map(Millis),
        min_tier_ms: wire.min_tier_ms.unwrap_or(absent.min_tier_ms),
        success_rate: wire.success_rate.map_or(absent.success_rate, Rate::millionths),
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CourseWire {
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_since: Option<i64>,
    min_tier_ms: Option<i64>,
    /// Millionths.
    success_rate: Option<u32>,
}

fn read(state: &str) -> Json<'_> {
    serde_json::from_str(state).unwrap_or(Json::Null)
}

fn with(state: &str, name: &'static str, value: Json<'_>) -> String {
    let mut members = match read(state) {
        Json::Object(members) => members,
        _ => Vec::new(),
    };
    match members.iter_mut().find(|(known, _)| known == name) {
        Some((_, held)) => *held = value,
        None => members.push((name.into(), value)),
    }
    spelling::written(&Json::Object(members))
}

/// A rollout as documents write it; absent members are left out.
fn document_form(rollout: &Rollout) -> Json<'static> {
    let mut members: Members<'static> = vec![("status".into(), word(rollout.status.as_str()))];
    if let Some(tier) = rollout.tier {
        members.push(("tier".into(), Json::Number(tier.number().into())));
    }
    members.push(("percentage".into(), Json::Number(rollout.percentage.percent())));
    for (name, units) in [("allow", &rollout.allow), ("deny", &rollout.deny)] {
        if !units.is_empty() {
            members.push((name.into(), Json::Array(units.iter().map(|unit| Json::String(unit.clone().into())).collect())));
        }
    }
    if let Some(guard) = rollout.guard {
        #[expect(clippy::cast_precision_loss, reason = "both were read from a document, where they are at most 2^53")]
        let [window, samples] = [guard.time_window_ms as f64, guard.min_samples as f64];
        let guard = vec![
            ("method".into(), word(guard.method.as_str())),
            ("errorRate".into(), Json::Number(guard.error_rate.share())),
            ("timeWindow".into(), Json::Number(window)),
            ("minSamples".into(), Json::Number(samples)),
        ];
        members.push(("guard".into(), Json::Object(guard)));
    }
    Json::Object(members)
}

fn guard(json: &Json<'_>) -> Guard {
    let absent = Guard::default();
    let number = |name| json.get(name).and_then(Json::as_number);
    Guard {
        method: json.get("method").and_then(Json::as_str).and_then(Method::from_name).unwrap_or(absent.method),
        error_rate: number("errorRate").and_then(Rate::of).unwrap_or(absent.error_rate),
        time_window_ms: number("timeWindow").and_then(whole).unwrap_or(absent.time_window_ms),
        min_samples: number("minSamples").and_then(whole).and_then(|samples| u64::try_from(samples).ok()).unwrap_or(absent.min_samples),
    }
}

fn word(text: &'static str) -> Json<'static> {
    Json::String(text.into())
}

/// An entry of a list as the text it is compared by.
fn unit(json: &Json<'_>) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone().into_owned()),
        Json::Number(_) => Some(spelling::written(json)),
        _ => None,
    }
}
