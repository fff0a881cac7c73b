//! `GET /api/admin/me`: the caller of a token, as the edge knows them, so that an operator's program can offer only what the token opens.
//!
//! Answers `{ subject, role, organizationId?, breakGlass? }`. The role is that in the environment of the request.
use sdk_core::{Object, json::canonical::write_string};
use worker::Response;

use super::json;
use crate::{auth::Caller, http::rights::CallerKind, problem::Problem};

pub(crate) fn show(caller: &Caller) -> Result<Response, Problem> {
    json(described(caller.subject(), caller.kind(), caller.within(), caller.is_break_glass()))
}

/// The caller as JSON. `organization` is the only one that the role is for.
fn described(subject: &str, role: CallerKind, organization: Option<&str>, is_break_glass: bool) -> String {
    let mut out = String::new();
    let mut object = Object::open(&mut out);
    write_string(object.member("subject"), subject);
    write_string(object.member("role"), role.as_str());
    if let Some(organization) = organization {
        write_string(object.member("organizationId"), organization);
    }
    if is_break_glass {
        object.member("breakGlass").push_str("true");
    }
    object.close();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_told_their_own_role_and_its_bounds() {
        assert_eq!(described("ada", CallerKind::Viewer, None, false), r#"{"subject":"ada","role":"viewer"}"#);
        assert_eq!(
            described("\"ada\"", CallerKind::Member, Some("o-1"), false),
            r#"{"subject":"\"ada\"","role":"member","organizationId":"o-1"}"#
        );
        assert_eq!(
            described("break-glass", CallerKind::Service, None, true),
            r#"{"subject":"break-glass","role":"service","breakGlass":true}"#
        );
    }
}
