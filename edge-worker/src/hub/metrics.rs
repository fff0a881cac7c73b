//! `/metrics`: what the hub and the isolates count, for a monitor.
//!
//! The first hub has the counts of isolates; every hub has those of its own environment.
mod exposition;

use std::cell::Cell;

use control::{features, rows::Rows, webhooks};
use sdk_core::Percentage;
use worker::{Request, Response, ResponseBuilder};

use self::exposition::{Exposition, Kind};
use super::{FlagHub, sums::is_running};
use crate::{
    counts::{BOUNDS_MS, ROUTES, STATUSES},
    problem::Problem,
    store::Read,
    tally::wire::{Batch, COUNTED},
};

/// The media type of `OpenMetrics`.
const OPEN_METRICS: &str = "application/openmetrics-text";
/// The most rollouts whose figures are told; each is a few lines.
const MOST_ROLLOUTS: usize = 1_000;
/// The most jobs that are counted.
const MOST_JOBS: u32 = 1_000;

/// The outcomes that the hub was told of since it started: those that rollouts count by name, and all others.
#[derive(Default)]
pub(super) struct Events([Cell<u64>; COUNTED.len() + 1]);

impl Events {
    /// Adds the outcomes of a batch that was not stored before.
    pub(super) fn add(&self, batch: &Batch) {
        for (.., event, count) in &batch.usage {
            let place = COUNTED.iter().position(|counted| counted == event).unwrap_or(COUNTED.len());
            if let Some(cell) = self.0.get(place) {
                cell.set(cell.get().saturating_add(*count));
            }
        }
    }
}

impl FlagHub {
    /// The text, in the form that the monitor accepts.
    pub(super) async fn metrics(&self, request: &Request) -> Result<Response, Problem> {
        let accepted = request.headers().get("accept")?.unwrap_or_default();
        let sockets = self.sockets().await;
        self.check_open()?;
        let mut out = Exposition::new(accepted.contains(OPEN_METRICS));
        self.tell_state(&mut out)?;
        if let Some(sockets) = sockets {
            out.family("twinflag_sockets", Kind::Gauge, "Open streams of the environment's relays.");
            out.sample("", &[], sockets);
        }
        self.tell_rollouts(&mut out)?;
        if self.registered().is_none() {
            self.tell_isolates(&mut out);
        }
        let (content_type, text) = out.end();
        Ok(ResponseBuilder::new().with_header("content-type", content_type)?.fixed(text.into_bytes()))
    }

    fn tell_state(&self, out: &mut Exposition) -> Result<(), Problem> {
        let ground = self.ground()?;
        out.family("twinflag_build_info", Kind::Gauge, "The release that answers.");
        out.sample("", &[("version", env!("CARGO_PKG_VERSION"))], 1);
        out.family("twinflag_version", Kind::Gauge, "The newest version of the environment.");
        out.sample("", &[], ground.version.number.into());
        out.family("twinflag_flags", Kind::Gauge, "Flags that serve.");
        out.sample("", &[], ground.ruleset.len() as u64);
        let jobs = self.store.jobs(None, MOST_JOBS)?;
        let mut kinds: Vec<&str> = jobs.iter().map(|(key, _)| key.kind.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let of = |kind: &str| jobs.iter().filter(|(key, _)| key.kind == kind).count() as u64;
        out.family("twinflag_jobs", Kind::Gauge, "Jobs of the hub that wait, by kind.");
        for kind in kinds {
            out.sample("", &[("kind", kind)], of(kind));
        }
        out.family("twinflag_jobs_failing", Kind::Gauge, "Jobs of the hub whose last attempt failed or has not ended.");
        out.sample("", &[], jobs.iter().filter(|(_, job)| job.failures > 0).count() as u64);
        let all: Vec<_> = webhooks(&ground.rows).collect();
        out.family("twinflag_webhooks", Kind::Gauge, "Webhooks, by what becomes of their messages.");
        let mut counts = [0_u64; 3];
        for (id, webhook) in all {
            let is_failing = self.store.webhook_progress(id)?.is_some_and(|progress| progress.failing_since.is_some());
            let place = match (webhook.terms.is_enabled, is_failing) {
                (false, _) => 2,
                (true, true) => 1,
                (true, false) => 0,
            };
            if let Some(count) = counts.get_mut(place) {
                *count += 1;
            }
        }
        for (state, count) in ["delivering", "failing", "disabled"].into_iter().zip(counts) {
            out.sample("", &[("state", state)], count);
        }
        out.family("twinflag_events", Kind::Counter, "Outcomes that were reported, by event.");
        for (event, count) in COUNTED.into_iter().chain(["other"]).zip(&self.events.0) {
            out.sample("_total", &[("event", event)], count.get());
        }
        Ok(())
    }

    /// The figures of the rollouts that run, each in its present stage.
    fn tell_rollouts(&self, out: &mut Exposition) -> Result<(), Problem> {
        let ground = self.ground()?;
        let none = Rows::default();
        let mut figures = Vec::new();
        for feature in features(ground.held(&none)) {
            let Some(rollout) = feature.rollout.as_ref().filter(|rollout| is_running(rollout)) else { continue };
            let of = self.figures(&feature)?;
            let buckets = rollout.percentage.threshold();
            figures.push((feature.key, u64::from(buckets), of));
            if figures.len() == MOST_ROLLOUTS {
                break;
            }
        }
        out.family("twinflag_rollout_ratio", Kind::Gauge, "The share of units that a running rollout gives the feature.");
        for (flag, buckets, _) in &figures {
            out.fraction(&[("flag", flag)], *buckets, Percentage::FULL.threshold().into());
        }
        out.family("twinflag_rollout_exposures", Kind::Gauge, "Units that had the feature in the present stage of a running rollout.");
        for (flag, _, of) in &figures {
            out.sample("", &[("flag", flag)], of.observed.exposures);
        }
        out.family("twinflag_rollout_errors", Kind::Gauge, "Units with an error in the present stage of a running rollout.");
        for (flag, _, of) in &figures {
            out.sample("", &[("flag", flag)], of.observed.errors);
        }
        out.family("twinflag_guard_evidence_ratio", Kind::Gauge, "Evidence against a running rollout; the guard rolls back at 1.");
        for (flag, _, of) in &figures {
            if let Some(permille) = of.evidence_permille {
                out.fraction(&[("flag", flag)], permille.into(), 1_000);
            }
        }
        Ok(())
    }

    /// Writes the counts that isolates have handed over since the hub started.
    fn tell_isolates(&self, out: &mut Exposition) {
        let counts = &self.counts;
        let [evaluations, hits, misses] = counts.evaluations();
        out.family("twinflag_evaluations", Kind::Counter, "Flags that the edge evaluated.");
        out.sample("_total", &[], evaluations);
        out.family("twinflag_cache_lookups", Kind::Counter, "Look-ups of a ruleset; a miss waited for the hub.");
        out.sample("_total", &[("result", "hit")], hits);
        out.sample("_total", &[("result", "miss")], misses);
        out.family("twinflag_responses", Kind::Counter, "Responses, by class of routes and of status; 4xx has neither 401, 404 nor 429.");
        for (route, class) in ROUTES.into_iter().enumerate() {
            for (place, status) in STATUSES.into_iter().enumerate() {
                out.sample("_total", &[("class", class), ("status", status)], counts.responses(route, place));
            }
        }
        out.family("twinflag_response_seconds", Kind::Histogram, "The time that a response waited for the runtime and the hub.");
        for (route, class) in ROUTES.into_iter().enumerate() {
            out.histogram(&[("class", class)], &BOUNDS_MS, &counts.durations(route));
        }
        out.family("twinflag_hub_request_seconds", Kind::Histogram, "The time that an isolate waited for the hub and its store.");
        out.histogram(&[], &BOUNDS_MS, &counts.hub());
    }
}
