//! `/api/admin/overrides`: the values that single customers and organizations get, before any rule.
use std::collections::BTreeMap;

use control::{
    Command, OwnerRows as _, overrides_without_flag,
    rows::{RowKey, RowKind},
};
use sdk_core::OwnerKind;
use serde::Deserialize;
use serde_json::value::RawValue;
use worker::{Method, Response};

use super::{
    AdminRequest,
    body::{Owner, owner, read},
    json, view,
};
use crate::{
    hub::{FlagHub, stored_owners::StoredOwners},
    problem::Problem,
    store::{Read, Wanted},
};

/// The most owners in one answer.
const MOST: u32 = 1_000;

impl FlagHub {
    /// GET: `?customerId=` or `?organizationId=` answers one owner's overrides; `?kind=customers|organizations&after=&limit=` lists owners;
    /// `?withoutFlag=true&limit=` lists the overrides of flags that are gone.
    pub(super) fn list_overrides(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let query = &asked.query;
        if query.flag("withoutFlag")? {
            return self.list_overrides_without_flag(asked);
        }
        if let Some(kind) = query.get("kind") {
            query.only("kind", &["after", "limit", "withoutFlag"])?;
            self.check_within(asked, None, None)?;
            let kind = match kind {
                "customers" => RowKind::Customer,
                "organizations" => RowKind::Organization,
                _ => return Err(Problem::malformed("expected kind to be customers or organizations")),
            };
            let limit = query.limit(100, MOST)?;
            let after = RowKey::of(kind, query.get("after").unwrap_or_default()).name;
            let names = self.store.owners(kind.as_str(), &after, limit)?;
            return json(view::owners(&names, names.len() >= limit as usize));
        }
        for name in ["customerId", "organizationId"].into_iter().filter(|name| query.get(name).is_some()) {
            query.only(name, &["customerId", "organizationId", "withoutFlag"])?;
        }
        let owner = owner(query.get("customerId").map(Into::into), query.get("organizationId").map(Into::into))?;
        self.check_within(asked, owner.customer(), owner.organization())?;
        let key = key(&owner);
        let rows = self.store.rows(Wanted::Keys(core::slice::from_ref(&key)))?;
        let tree = rows.text(&key).unwrap_or("{}");
        let (kind, id) = match &owner {
            Owner::Customer(id) => (OwnerKind::Customer, id),
            Owner::Organization(id) => (OwnerKind::Organization, id),
        };
        json(view::overrides(&owner, tree, &overrides_without_flag(&self.ground()?.ruleset, kind, id, tree)))
    }

    /// The overrides of flags that are gone: by flag, the number of owners and the first of them.
    fn list_overrides_without_flag(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        self.check_within(asked, None, None)?;
        let query = &asked.query;
        query.only("withoutFlag", &["limit"])?;
        let limit = query.limit(100, MOST)? as usize;
        let ground = self.ground()?;
        let mut flags: BTreeMap<String, view::WithoutFlag> = BTreeMap::new();
        let owners = StoredOwners::new(&self.store);
        owners.each(&mut |kind, id, tree| {
            for path in overrides_without_flag(&ground.ruleset, kind, id, tree) {
                flags.entry(path).or_default().add(kind, id, limit);
            }
        });
        owners.check()?;
        json(view::without_flag(&flags))
    }

    /// Sets or removes overrides of one owner. POST `{ customerId | organizationId, flags, reason }`: `flags` is a tree of values, in which
    /// `null` removes an override. DELETE `?customerId=|organizationId=&reason=` removes all overrides of the owner.
    pub(super) fn change_overrides(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let (owner, tree, by) = if asked.method == Method::Delete {
            let query = &asked.query;
            let owner = owner(query.get("customerId").map(Into::into), query.get("organizationId").map(Into::into))?;
            let reason = query.get("reason").ok_or_else(|| Problem::malformed("expected a reason"))?;
            (owner, None, asked.by(Some(reason.to_owned()), None)?)
        } else {
            let Body { customer_id, organization_id, flags, reason, changed_by } = read(&asked.body)?;
            (owner(customer_id, organization_id)?, Some(flags.get().to_owned()), asked.by(Some(reason), changed_by)?)
        };
        self.check_within(asked, owner.customer(), owner.organization())?;
        let (kind, id) = match &owner {
            Owner::Customer(id) => (OwnerKind::Customer, id.clone()),
            Owner::Organization(id) => (OwnerKind::Organization, id.clone()),
        };
        let command = match tree {
            Some(tree) => Command::Override { owner: kind, id, tree },
            None => Command::Clear { owner: kind, id },
        };
        self.carry_out(asked, &command, &by)
    }
}

fn key(owner: &Owner) -> RowKey {
    match owner {
        Owner::Customer(id) => RowKey::of(RowKind::Customer, id),
        Owner::Organization(id) => RowKey::of(RowKind::Organization, id),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    customer_id: Option<String>,
    organization_id: Option<String>,
    flags: Box<RawValue>,
    reason: String,
    changed_by: Option<String>,
}
