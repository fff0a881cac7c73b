//! `GET /api/admin/jobs`: what the hub will do by itself, and what of it failed.
use serde::Serialize;
use worker::Response;

use super::{AdminRequest, json, view};
use crate::{
    hub::FlagHub,
    problem::Problem,
    store::{
        Read,
        jobs::{Job, JobKey},
    },
};

/// The most jobs that one answer lists.
const MOST: u32 = 1_000;

impl FlagHub {
    /// `?limit=`: those that are due first come first; also those of a later release, which this one does not carry out.
    pub(super) fn list_jobs(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let query = &asked.query;
        let jobs = self.store.jobs(None, query.limit(50, MOST)?)?;
        let view = |(JobKey { kind, payload }, Job { due, failures, error })| {
            view::raw(serde_json::to_string(&View { due: due.to_rfc3339(), error, failures, kind, payload }).map_err(worker::Error::from)?)
        };
        json(view::list("jobs", &jobs.into_iter().map(view).collect::<Result<Vec<_>, _>>()?))
    }
}

#[derive(Serialize)]
struct View {
    due: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    failures: u32,
    kind: String,
    payload: String,
}
