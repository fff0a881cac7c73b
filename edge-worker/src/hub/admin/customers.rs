//! `/api/admin/customers`: the organizations that customers belong to.
use control::{
    Command, Field, organization_of,
    rows::{RowKey, RowKind},
};
use serde::Deserialize;
use worker::Response;

use super::{
    AdminRequest,
    body::{Given, read},
    json, spelling, view,
};
use crate::{
    hub::FlagHub,
    problem::Problem,
    store::{Read, Wanted},
};

impl FlagHub {
    /// GET: `?customerId=` answers the customer's organization, or `null`; `?after=&limit=` lists customers that belong to one.
    pub(super) fn list_customers(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let query = &asked.query;
        if let Some(customer) = query.get("customerId") {
            query.only("customerId", &[])?;
            self.check_within(asked, Some(customer), None)?;
            let rows = self.store.rows(Wanted::Keys(&[RowKey::of(RowKind::Membership, customer)]))?;
            let organization = organization_of(&rows, customer);
            return json(view::customer(customer, organization.as_deref()));
        }
        self.check_within(asked, None, None)?;
        let limit = query.limit(100, 1_000)?;
        let after = RowKey::of(RowKind::Membership, query.get("after").unwrap_or_default()).name;
        let names = self.store.owners(RowKind::Membership.as_str(), &after, limit)?;
        json(view::owners(&names, names.len() >= limit as usize))
    }

    /// POST `{ customerId, organizationId | null, reason? }`: assigns the customer to the organization, or to none.
    pub(super) fn assign_customer(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let Body { customer_id, organization_id, reason, changed_by } = read(&asked.body)?;
        let organization = match organization_id {
            Given::Absent => return Err(Problem::malformed_at(spelling::of(Field::Organization), "expected an organization or null")),
            Given::Null => None,
            Given::Value(organization) => Some(organization),
        };
        let by = asked.by(reason, changed_by)?;
        let command = Command::Assign { customer: customer_id, organization };
        self.carry_out(asked, &command, &by)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    customer_id: String,
    #[serde(default)]
    organization_id: Given<String>,
    reason: Option<String>,
    changed_by: Option<String>,
}
