//! What operators are answered, as JSON.
use sdk_core::{
    Evaluation, Millis,
    change::Record,
    rollout::{Guard, Observed, Rollout, Stop, Tier},
    steering::{Feature, Steered},
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::body::Owner;
use crate::{
    hub::record::Written,
    problem::Problem,
    source,
    store::audit::{Happened, Stored, Version},
};

/// The answer to a command; `feature` is the flag that it was about, as it is from now on.
pub(super) fn written(written: &Written, steered: &Steered, feature: Option<Box<RawValue>>) -> Result<String, Problem> {
    #[derive(Serialize)]
    struct View<'v> {
        changed: bool,
        changes: Vec<Box<RawValue>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        feature: Option<Box<RawValue>>,
        success: bool,
        version: u32,
        warnings: &'v [String],
    }
    let changes = written.records.iter().map(sealed).collect::<Result<_, _>>()?;
    let (changed, warnings) = (!steered.writes.is_empty(), &steered.warnings);
    let view = View { changed, changes, feature, success: true, version: written.version, warnings };
    text(&view)
}

/// A key that was made.
pub(super) struct Shown<'v> {
    pub(super) id: &'v str,
    pub(super) key: &'v str,
    /// Where the key's identities are signed.
    pub(super) identity_secret: Option<&'v String>,
}

/// The answer to who made a key: with its secrets, or for who asks again, without.
pub(super) fn key(written: &Written, steered: &Steered, shown: &Shown<'_>, with_secrets: bool) -> Result<String, Problem> {
    let secret = |secret: &str| if with_secrets { serde_json::Value::from(secret).to_string() } else { "null".to_owned() };
    // The members of any other command's answer stand behind them.
    let mut out = format!(r#"{{"id":"{}","key":{}"#, shown.id, secret(shown.key));
    if let Some(identity_secret) = shown.identity_secret {
        out += &format!(r#","identitySecret":{}"#, secret(identity_secret));
    }
    if !with_secrets {
        out += r#","replayed":true"#;
    }
    Ok(out + &self::written(written, steered, None)?.replacen('{', ",", 1))
}

/// A record: what its payload says, and its hashes.
pub(super) fn sealed(record: &Record) -> Result<Box<RawValue>, Problem> {
    let (payload_hash, hash) = (record.payload_hash.to_hex(), record.hash.to_hex());
    with_hashes(&record.payload, &payload_hash, &hash)
}

/// The same of one that lies in the store; of an erased one there is only its place.
pub(in crate::hub) fn stored(record: &Stored) -> Result<Box<RawValue>, Problem> {
    let (payload_hash, hash) = (record.payload_hash.to_hex(), record.hash.to_hex());
    let (sequence, version) = (record.link.sequence, record.link.version);
    match &record.payload {
        Some(payload) => with_hashes(payload, &payload_hash, &hash),
        None => with_hashes(&format!(r#"{{"erased":true,"sequence":{sequence},"version":{version}}}"#), &payload_hash, &hash),
    }
}

fn with_hashes(payload: &str, payload_hash: &str, hash: &str) -> Result<Box<RawValue>, Problem> {
    let open = payload.strip_suffix('}').unwrap_or(payload);
    raw(format!(r#"{open},"payloadHash":"{payload_hash}","hash":"{hash}"}}"#))
}

/// Records, and where the next ones begin.
pub(super) fn changes(records: &[Stored], next: Option<u64>) -> Result<String, Problem> {
    #[derive(Serialize)]
    struct View {
        changes: Vec<Box<RawValue>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<u64>,
    }
    text(&View { changes: records.iter().map(stored).collect::<Result<_, _>>()?, next })
}

pub(super) fn versions(versions: &[Version], next: Option<u32>) -> Result<String, Problem> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct View {
        version: u32,
        created_at: String,
        changes: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        first: Option<Box<RawValue>>,
    }
    #[derive(Serialize)]
    struct Page {
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<u32>,
        versions: Vec<View>,
    }
    let view = |version: &Version| {
        let first = version.first.clone().map(raw).transpose()?;
        Ok::<_, Problem>(View { version: version.number, created_at: version.at.to_rfc3339(), changes: version.changes, first })
    };
    text(&Page { next, versions: versions.iter().map(view).collect::<Result<_, _>>()? })
}

pub(super) fn events(events: &[Happened], next: Option<u32>) -> Result<String, Problem> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct View<'v> {
        customer_id: Option<&'v str>,
        event: &'v str,
        feature_name: &'v str,
        flag_path: &'v str,
        id: &'v str,
        metadata: Box<RawValue>,
        sequence: u32,
        timestamp: String,
        unit: Option<&'v str>,
    }
    #[derive(Serialize)]
    struct Page<'v> {
        events: Vec<View<'v>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<u32>,
    }
    let mut page = Page { events: Vec::with_capacity(events.len()), next };
    for Happened { sequence, id, flag, feature, customer, unit, event, metadata, at } in events {
        page.events.push(View {
            customer_id: customer.as_deref(),
            event,
            feature_name: feature,
            flag_path: flag,
            id,
            metadata: raw(metadata.clone())?,
            sequence: *sequence,
            timestamp: at.to_rfc3339(),
            unit: unit.as_deref(),
        });
    }
    text(&page)
}

/// All flags, and where the answer for this visitor comes from.
pub(super) fn features(
    features: &[Box<RawValue>],
    version: u32,
    (customer, organization): (Option<&str>, Option<&str>),
    source: &'static str,
    is_off: bool,
    now: Millis,
) -> Result<String, Problem> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Of<'v> {
        #[serde(skip_serializing_if = "Option::is_none")]
        customer_id: Option<&'v str>,
        /// Whether all flags are switched off: then nobody is answered what stands here.
        disabled: bool,
        evaluated_at: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        organization_id: Option<&'v str>,
        source: &'static str,
    }
    #[derive(Serialize)]
    struct View<'v> {
        evaluation: Of<'v>,
        features: &'v [Box<RawValue>],
        success: bool,
        version: u32,
    }
    let evaluation = Of { customer_id: customer, disabled: is_off, evaluated_at: now.to_rfc3339(), organization_id: organization, source };
    text(&View { evaluation, features, success: true, version })
}

pub(super) fn feature(
    feature: &Feature,
    observed: Observed,
    now: Millis,
    evaluation: &Evaluation<'_>,
    (customer, organization): (Option<&str>, Option<&str>),
    for_operator: bool,
) -> Result<Box<RawValue>, Problem> {
    #[derive(Serialize)]
    struct Overridden<'v> {
        customer: Option<&'v str>,
        organization: Option<&'v str>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct View<'v> {
        aliases: &'v [String],
        description: Option<&'v str>,
        enabled: bool,
        evaluation: Box<RawValue>,
        feature_name: &'v str,
        flag_path: &'v str,
        overrides: Overridden<'v>,
        owner: Option<&'v str>,
        rollout: Option<RolloutView<'v>>,
        source: Option<&'static str>,
        stage: Option<&'v str>,
        statistics: Statistics,
        status: &'static str,
        tags: &'v [String],
        #[serde(rename = "type")]
        kind: &'v str,
    }
    let mut answer = String::new();
    evaluation.write_canonical(&mut answer, Some("null"), false);
    let view = View {
        aliases: &feature.aliases,
        description: feature.description.as_deref(),
        enabled: feature.enabled,
        evaluation: raw(answer)?,
        feature_name: &feature.name,
        flag_path: &feature.key,
        overrides: Overridden { customer, organization },
        owner: feature.owner.as_deref(),
        rollout: feature.rollout.as_ref().map(|rollout| RolloutView::of(rollout, observed, now, for_operator)),
        source: evaluation.layer().map(source::of),
        stage: feature.stage.as_deref(),
        statistics: Statistics::of(observed),
        status: status(feature),
        tags: &feature.tags,
        kind: &feature.kind,
    };
    raw(text(&view)?)
}

/// A flag's state, and where its rollout stands.
pub(super) fn state(feature: &Feature, observed: Observed, now: Millis) -> Result<Box<RawValue>, Problem> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct View<'v> {
        enabled: bool,
        feature_name: &'v str,
        flag_path: &'v str,
        rollout: Option<RolloutView<'v>>,
        statistics: Statistics,
        status: &'static str,
    }
    let view = View {
        enabled: feature.enabled,
        feature_name: &feature.name,
        flag_path: &feature.key,
        rollout: feature.rollout.as_ref().map(|rollout| RolloutView::of(rollout, observed, now, true)),
        statistics: Statistics::of(observed),
        status: status(feature),
    };
    raw(text(&view)?)
}

fn status(feature: &Feature) -> &'static str {
    match (&feature.rollout, feature.enabled) {
        (_, false) => "killed",
        (Some(rollout), true) => rollout.status.as_str(),
        (None, true) => "enabled",
    }
}

pub(super) fn statistics_of(feature: &Feature, observed: Observed) -> Result<Box<RawValue>, Problem> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct View<'v> {
        current_tier: Option<&'static str>,
        feature_name: &'v str,
        flag_path: &'v str,
        percentage: Option<f64>,
        #[serde(flatten)]
        statistics: Statistics,
        status: Option<&'static str>,
    }
    let rollout = feature.rollout.as_ref();
    let view = View {
        current_tier: rollout.and_then(|rollout| rollout.tier).map(Tier::as_str),
        feature_name: &feature.name,
        flag_path: &feature.key,
        percentage: rollout.map(|rollout| rollout.percentage.percent()),
        statistics: Statistics::of(observed),
        status: rollout.map(|rollout| rollout.status.as_str()),
    };
    raw(text(&view)?)
}

pub(super) fn list(name: &'static str, items: &[Box<RawValue>]) -> Result<String, Problem> {
    let mut list = std::collections::BTreeMap::new();
    list.insert(name, items);
    text(&list)
}

pub(super) fn owners(names: &[String], more: bool) -> Result<String, Problem> {
    #[derive(Serialize)]
    struct View<'v> {
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<&'v RawValue>,
        owners: &'v [Box<RawValue>],
    }
    // Names as rows spell them are what stands between the quotes of a JSON string.
    let names = names.iter().map(|name| raw(format!("\"{name}\""))).collect::<Result<Vec<_>, _>>()?;
    text(&View { next: names.last().filter(|_| more).map(|name| &**name), owners: &names })
}

pub(super) fn overrides(owner: &Owner, tree: &str) -> Result<String, Problem> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct View<'v> {
        #[serde(skip_serializing_if = "Option::is_none")]
        customer_id: Option<&'v str>,
        flags: Box<RawValue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        organization_id: Option<&'v str>,
    }
    text(&View { customer_id: owner.customer(), flags: raw(tree.to_owned())?, organization_id: owner.organization() })
}

pub(super) fn customer(customer: &str, organization: Option<&str>) -> Result<String, Problem> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct View<'v> {
        customer_id: &'v str,
        organization_id: Option<&'v str>,
    }
    text(&View { customer_id: customer, organization_id: organization })
}

/// What was counted; without an exposure there is no rate.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Statistics {
    error_rate: Option<f64>,
    errors: u64,
    exposures: u64,
    success_rate: Option<f64>,
}

impl Statistics {
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    fn of(Observed { exposures, errors }: Observed) -> Self {
        let share = |part: u64| (exposures > 0).then(|| part as f64 / exposures as f64);
        Self { error_rate: share(errors), errors, exposures, success_rate: share(exposures.saturating_sub(errors)) }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RolloutView<'v> {
    #[serde(skip_serializing_if = "Option::is_none")]
    blacklisted_customers: Option<&'v [String]>,
    created_at: Option<String>,
    current_tier: Option<&'static str>,
    min_tier_duration: i64,
    /// Where advancing leads, and what stands in its way.
    next: Option<Next>,
    percentage: f64,
    rollback_threshold: Threshold,
    started_at: Option<String>,
    status: &'static str,
    success_rate: f64,
    tier: Option<u8>,
    tier_since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    whitelisted_customers: Option<&'v [String]>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Next {
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<String>,
    percentage: f64,
    tier: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Threshold {
    error_rate: f64,
    method: &'static str,
    min_samples: u64,
    time_window: i64,
}

impl<'v> RolloutView<'v> {
    /// The lists name customers of every organization: they are for operators.
    fn of(rollout: &'v Rollout, observed: Observed, now: Millis, for_operator: bool) -> Self {
        let moment = |moment: Option<Millis>| moment.map(Millis::to_rfc3339);
        let Guard { method, error_rate, time_window_ms, min_samples } = rollout.guard.unwrap_or_default();
        Self {
            blacklisted_customers: for_operator.then_some(&rollout.deny),
            created_at: moment(rollout.course.created_at),
            current_tier: rollout.tier.map(Tier::as_str),
            min_tier_duration: rollout.course.min_tier_ms,
            next: next(rollout, observed, now),
            percentage: rollout.percentage.percent(),
            rollback_threshold: Threshold {
                error_rate: error_rate.share(),
                method: method.as_str(),
                min_samples,
                time_window: time_window_ms,
            },
            started_at: moment(rollout.course.started_at),
            status: rollout.status.as_str(),
            success_rate: rollout.course.success_rate.share(),
            tier: rollout.tier.map(Tier::number),
            tier_since: moment(rollout.course.stage_since),
            whitelisted_customers: for_operator.then_some(&rollout.allow),
        }
    }
}

/// Only an active rollout on the ladder can be advanced.
fn next(rollout: &Rollout, observed: Observed, now: Millis) -> Option<Next> {
    let to = rollout.gate(observed, now, true).ok().filter(|_| rollout.status == sdk_core::rollout::Status::Active)?;
    let stop = rollout.gate(observed, now, false).err();
    let (blocked_by, not_before) = match &stop {
        None => (None, None),
        Some(Stop::TooEarly(until)) => (Some("the present tier has to last longer".to_owned()), Some(until.to_rfc3339())),
        Some(Stop::Illegal(why) | Stop::Gate(why)) => (Some(why.clone()), None),
    };
    Some(Next { allowed: stop.is_none(), blocked_by, not_before, percentage: to.percentage().percent(), tier: to.as_str() })
}

pub(super) fn raw(json: String) -> Result<Box<RawValue>, Problem> {
    Ok(RawValue::from_string(json).map_err(worker::Error::from)?)
}

fn text(value: &impl Serialize) -> Result<String, Problem> {
    Ok(serde_json::to_string(value).map_err(worker::Error::from)?)
}
