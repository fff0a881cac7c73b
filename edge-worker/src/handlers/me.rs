//! `GET /api/admin/me`: the caller of a token, as the edge knows them, so that an operator's program can offer only what the token opens.
//!
//! Answers `{ subject, role, organizationId?, breakGlass? }`. The role is that in the environment of the request.
use sdk_core::{Object, json::canonical::write_string};
use worker::Response;

use super::json;
use crate::{auth::Caller, problem::Problem};

pub(crate) fn show(caller: &Caller) -> Result<Response, Problem> {
    let mut out = String::new();
    let mut object = Object::open(&mut out);
    write_string(object.member("subject"), caller.subject());
    write_string(object.member("role"), caller.kind().as_str());
    if let Some(organization) = caller.within() {
        write_string(object.member("organizationId"), organization);
    }
    if caller.is_break_glass() {
        object.member("breakGlass").push_str("true");
    }
    object.close();
    json(out)
}
