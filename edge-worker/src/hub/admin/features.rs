//! `/api/admin/feature-flags` and `/api/admin/stats`: the flags and their counts; sets single overrides, and kills and revives flags.
use control::{Command, Field, features, organization_of, overrides_of, rows::Rows, visitor};
use sdk_core::OwnerKind;
use serde::Deserialize;
use worker::Response;

use super::{
    AdminRequest,
    body::{Given, owner, read},
    json, spelling, view,
};
use crate::{hub::FlagHub, problem::Problem, settings, source, store::Read};

const HOUR_MS: i64 = 3_600_000;
/// The most hours of usage in one answer: 31 days.
const MOST_HOURS: u32 = 744;

impl FlagHub {
    /// GET: all flags, or the one of `?featureName=`, with their answers for the visitor with `?customerId=` and `?organizationId=`.
    pub(super) fn list_features(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let query = &asked.query;
        let (customer, organization) = (query.get("customerId"), query.get("organizationId"));
        if customer.is_some() || organization.is_some() {
            self.check_within(asked, customer, organization)?;
        } else if let Some(within) = &asked.within {
            self.check_within(asked, None, Some(within))?;
        }
        let ground = self.ground()?;
        let paged = self.about(customer, organization)?;
        let known = customer.and_then(|customer| organization_of(&paged, customer));
        if known.as_deref().zip(organization).is_some_and(|(known, given)| known != given) {
            return Err(Problem::other_organization());
        }
        let organization = organization.map(str::to_owned).or(known);
        let held = ground.held(&paged);
        let (context, own) = (visitor(customer, organization.as_deref()), overrides_of(held, customer, organization.as_deref()));
        let mut out = Vec::new();
        let mut layers = Vec::new();
        let wanted = match query.get("featureName") {
            Some(name) => vec![held.feature(name).ok_or_else(|| Problem::no_flag(name))?],
            None => features(held),
        };
        for feature in wanted {
            let evaluation = ground.ruleset.evaluate(own.of(&context), &feature.key, &context, asked.now, None);
            layers.extend(evaluation.layer());
            let overridden = own.of(&context);
            let named = |of: Option<&_>| of.and_then(|own| ground.ruleset.overridden(own, &feature.key));
            let overridden = (named(overridden.customer()), named(overridden.organization()));
            out.push(view::flag::feature(&feature, self.figures(&feature)?, asked.now, &evaluation, overridden, asked.within.is_none())?);
        }
        let whose = (customer, organization.as_deref());
        let of = view::flag::EvaluatedFor::new(whose, source::highest(layers.into_iter()), settings::of(&self.env)?.is_off, asked.now);
        let errors: &[_] = if asked.within.is_none() { &ground.errors } else { &[] };
        json(view::flag::features(&out, errors, ground.version.number, of))
    }

    /// POST `{ featureName, enabled | variant, customerId | organizationId, reason }` sets or removes an override.
    /// POST `{ featureName, action, reason }` kills or revives a flag.
    pub(super) fn change_feature(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let Body { feature_name, enabled, variant, action, customer_id, organization_id, reason, changed_by } = read(&asked.body)?;
        let by = asked.by(Some(reason), changed_by)?;
        if let Some(action) = action {
            if enabled != Given::Absent || variant.is_some() || customer_id.is_some() || organization_id.is_some() {
                return Err(Problem::malformed_at("/action", "expected no enabled, variant, customerId or organizationId beside action"));
            }
            self.check_within(asked, None, None)?;
            let command = match action.as_str() {
                "kill" => Command::Kill { flag: feature_name },
                "revive" => Command::Revive { flag: feature_name },
                _ => return Err(Problem::malformed_at("/action", "expected kill or revive")),
            };
            return self.carry_out(asked, &command, &by);
        }
        let (leaf, said) = match (enabled, variant) {
            (Given::Null, None) => ("null".to_owned(), "/enabled"),
            (Given::Value(enabled), None) => (enabled.to_string(), "/enabled"),
            (Given::Absent, Some(variant)) => (serde_json::Value::from(variant).to_string(), "/variant"),
            _ => return Err(Problem::malformed("expected exactly one of enabled, variant and action")),
        };
        let owner = owner(customer_id, organization_id)?;
        self.check_within(asked, owner.customer(), owner.organization())?;
        let tree = format!("{{{}:{leaf}}}", serde_json::Value::from(feature_name));
        let (kind, id) = match (owner.customer(), owner.organization()) {
            (Some(id), _) => (OwnerKind::Customer, id),
            (None, id) => (OwnerKind::Organization, id.unwrap_or_default()),
        };
        let command = Command::Override { owner: kind, id: id.to_owned(), tree };
        // The request has no `flags`: report an error in the tree at the member that it was made from.
        self.carry_out(asked, &command, &by).map_err(|problem| {
            let said = if problem.status == 404 { spelling::of(Field::Flag) } else { said };
            problem.with_pointer_for(spelling::of(Field::Overrides), said)
        })
    }

    /// GET: the figures of every rollout in its present stage, or only of the one of `?featureName=`; with `?hours=` also the outcomes of
    /// its flag in that many hours up to the present one. Behind them stand names that no flag
    /// has.
    pub(super) fn list_stats(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let query = &asked.query;
        let ground = self.ground()?;
        let mut out = Vec::new();
        let paged = Rows::default();
        let held = ground.held(&paged);
        let wanted = match query.get("featureName") {
            Some(name) => vec![held.feature(name).ok_or_else(|| Problem::no_flag(name))?],
            None => features(held),
        };
        let hours = query.number("hours")?;
        if hours.is_some() && query.get("featureName").is_none() {
            return Err(Problem::malformed("expected featureName beside hours"));
        }
        if hours.is_some_and(|hours| !(1..=MOST_HOURS).contains(&hours)) {
            return Err(Problem::malformed(format!("expected hours to be from 1 to {MOST_HOURS}")));
        }
        let from = hours.map(|hours| asked.now.0.div_euclid(HOUR_MS) - i64::from(hours) + 1);
        for feature in wanted.iter().filter(|feature| feature.rollout.is_some() || hours.is_some()) {
            let usage = from.map(|from| self.store.usage(&feature.key, from)).transpose()?;
            out.push(view::flag::statistics_of(feature, self.figures(feature)?, usage.as_deref())?);
        }
        json(view::flag::statistics(&out, &self.unknown_names()?))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    feature_name: String,
    /// `null` removes the override.
    #[serde(default)]
    enabled: Given<bool>,
    variant: Option<String>,
    /// `kill` or `revive`.
    action: Option<String>,
    customer_id: Option<String>,
    organization_id: Option<String>,
    reason: String,
    changed_by: Option<String>,
}
