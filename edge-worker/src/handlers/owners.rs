//! `POST /v1/overrides`: the overrides of customers and organizations, for servers that evaluate the document themselves.
//!
//! `{ customers?, organizations?, since?, minVersion? }`, at most a thousand ids in the two lists together, answers
//! `{ customers: { id: { organizationId?, tree? } }, epoch, organizations: { id: { tree? } }, stale?, version }`. Each `tree` is the JSON text
//! of the owner's overrides, byte for byte as it is stored; an owner without one has no overrides. The organizations of the customers are
//! among the answers. With `since`, owners whose overrides are the same as at that version may be left out.
use control::rows::{RowKey, RowKind};
use sdk_core::{
    Context, Object, OwnerKind,
    json::canonical::{write_number, write_string},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use worker::{Request, Response};

use super::{
    json,
    question::{Given, object, version},
    versioned,
};
use crate::{
    body, context_owners::NoOverrides, environment::Environment, held_owners::Owners, host::Host, problem::Problem, ruleset_cache,
    version::Version,
};

/// The most ids in one question.
const MOST: usize = 1_000;

pub(crate) async fn of_named(environment: &Environment, request: &mut Request, env: &Host) -> Result<Response, Problem> {
    let body = body::read(request, body::QUESTION).await?;
    let Question { mut contexts, since, min_version } = parse(body::text(&body)?)?;
    let mut serving = ruleset_cache::current(env, environment, min_version).await?;
    let is_wanted = |context: &Context| {
        let written =
            |kind: OwnerKind| kind.id(context).is_some_and(|id| since.is_none_or(|since| serving.is_written_since(kind, &id, since)));
        OwnerKind::ALL.into_iter().any(written)
    };
    contexts.retain(is_wanted);
    let mut named: Vec<&mut Context> = contexts.iter_mut().collect();
    let (mut owners, rows) = serving.rows(env, &mut named).await.map_err(NoOverrides::problem)?;
    owners.sort_unstable();
    owners.dedup();
    let mut out = String::new();
    let mut answer = Object::open(&mut out);
    write_owners(answer.member("customers"), OwnerKind::Customer, &owners, &rows);
    write_string(answer.member("epoch"), &serving.version.epoch.to_string());
    write_owners(answer.member("organizations"), OwnerKind::Organization, &owners, &rows);
    if serving.stale {
        answer.member("stale").push_str("true");
    }
    write_number(answer.member("version"), f64::from(serving.version.number));
    answer.close();
    versioned(json(out)?, &serving)
}

/// The owners that are asked about, each as a context that names it, and the two versions.
#[derive(Debug)]
struct Question {
    contexts: Vec<Context>,
    since: Option<Version>,
    min_version: Option<Version>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(borrow, default)]
    customers: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    organizations: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    since: Given<'a>,
    #[serde(borrow, default)]
    min_version: Given<'a>,
}

fn parse(body: &str) -> Result<Question, Problem> {
    let Wire { customers, organizations, since, min_version } = object(body).map_err(Problem::malformed)?;
    let count = customers.len() + organizations.len();
    if count > MOST {
        return Err(Problem::malformed(format!("expected at most {MOST} customers and organizations, found {count}")));
    }
    let mut contexts = Vec::with_capacity(count);
    for (list, attribute, ids) in [("customers", "customerId", customers), ("organizations", "organizationId", organizations)] {
        for (index, raw) in ids.into_iter().enumerate() {
            let id = serde_json::from_str::<String>(raw.get()).ok().filter(|id| !id.is_empty());
            let context = id.map(|id| Context::new().string(attribute, &id)).filter(|context| context.refusal().is_none());
            let unusable = || Problem::malformed_at(format!("/{list}/{index}"), "expected an id: a string that is not empty");
            contexts.push(context.ok_or_else(unusable)?);
        }
    }
    Ok(Question { contexts, since: version(since, "/since")?, min_version: version(min_version, "/minVersion")? })
}

/// Writes the owners of one kind, which are sorted, as an object by id.
fn write_owners(out: &mut String, kind: OwnerKind, owners: &[(OwnerKind, String)], rows: &Owners) {
    let mut all = Object::open(out);
    for (_, id) in owners.iter().filter(|(of, _)| *of == kind) {
        let mut owner = Object::open(all.member(id));
        let membership = (kind == OwnerKind::Customer).then(|| rows.get(&RowKey::of(RowKind::Membership, id))).flatten();
        if let Some(organization) = membership {
            // The row is the JSON text of the organization's id.
            owner.member("organizationId").push_str(organization);
        }
        if let Some(tree) = rows.get(&RowKey::of(kind.into(), id)) {
            write_string(owner.member("tree"), tree);
        }
        owner.close();
    }
    all.close();
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    #[test]
    fn a_question_with_too_many_ids_or_an_unusable_one_is_refused_with_its_place() {
        let ids = |count: usize| (0..count).map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(",");
        let lists = |customers, organizations| format!(r#"{{"customers":[{}],"organizations":[{}]}}"#, ids(customers), ids(organizations));
        assert_eq!(parse(&lists(999, 1)).unwrap().contexts.len(), 1_000);
        assert!(parse(&lists(999, 2)).unwrap_err().detail.contains("found 1001"));
        for (body, place) in [
            (r#"{"customers":["c",""]}"#, "/customers/1"),
            (r#"{"organizations":[7]}"#, "/organizations/0"),
            (r#"{"customers":["\ud800"]}"#, "/customers/0"),
            (r#"{"customers":["\u0000"]}"#, "/customers/0"),
            (r#"{"since":"1"}"#, "/since"),
            (r#"{"minVersion":1}"#, "/minVersion"),
        ] {
            assert_eq!(parse(body).unwrap_err().pointer(), Some(place), "{body}");
        }
        for body in ["", "[]", "{", r#"{"users":[]}"#, r#"{"customers":{}}"#] {
            assert!(parse(body).is_err(), "{body}");
        }
    }

    #[test]
    fn owners_are_written_by_id_with_the_text_of_their_rows() {
        let mut rows = Owners::new();
        rows.insert(RowKey::of(RowKind::Customer, "c"), Rc::from(r#"{"a":true}"#));
        rows.insert(RowKey::of(RowKind::Membership, "c"), Rc::from("\"o\""));
        rows.insert(RowKey::of(RowKind::Organization, "c"), Rc::from("{}"));
        let owners = [(OwnerKind::Customer, "c".to_owned()), (OwnerKind::Customer, "d".to_owned())];
        let mut out = String::new();
        write_owners(&mut out, OwnerKind::Customer, &owners, &rows);
        assert_eq!(out, r#"{"c":{"organizationId":"o","tree":"{\"a\":true}"},"d":{}}"#);
        let mut none = String::new();
        write_owners(&mut none, OwnerKind::Organization, &owners, &rows);
        assert_eq!(none, "{}");
    }
}
