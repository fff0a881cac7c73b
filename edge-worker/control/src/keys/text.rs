//! A key as text: its row, and the view for operators, which has no secret.
use alloc::{
    borrow::Cow,
    string::{String, ToString as _},
    vec::Vec,
};

use sdk_core::{
    Millis,
    json::{Object, canonical::write_string},
};
use serde::{Deserialize, Serialize};

use super::{Key, KeyIdentity, KeyKind, KeyTerms, Secret, TokenRole};
use crate::change::{Hash, text};

/// The `identity` in the row of a key with signed attributes. An earlier release does not know this name and refuses the key; under `signed` it
/// would take these attributes from the page.
const SIGNED_ATTRIBUTES: &str = "signedAttributes";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row<'r> {
    #[serde(borrow)]
    kind: Cow<'r, str>,
    label: Cow<'r, str>,
    hash: Cow<'r, str>,
    hint: Cow<'r, str>,
    origins: Vec<String>,
    tags: Vec<String>,
    /// The way in which the edge takes the identity, or [`SIGNED_ATTRIBUTES`].
    identity: Cow<'r, str>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    signed_attributes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<Cow<'r, str>>,
    customer_id: Option<String>,
    organization_id: Option<String>,
    identity_secret: Option<String>,
    created_at: i64,
    expires_at: Option<i64>,
    successor: Option<String>,
    revoked_at: Option<i64>,
}

impl Key {
    /// The text of the key's row, as JSON.
    pub(crate) fn to_row(&self) -> String {
        let (customer, organization) = self.pinned();
        let millis = |moment: Option<Millis>| moment.map(|Millis(millis)| millis);
        let row = Row {
            kind: self.terms.kind.as_str().into(),
            label: (&self.terms.label).into(),
            hash: self.hash.to_hex().into(),
            hint: (&self.hint).into(),
            origins: self.terms.origins.clone(),
            tags: self.terms.tags.clone(),
            identity: if self.terms.signed_attributes.is_empty() { self.terms.identity.as_str() } else { SIGNED_ATTRIBUTES }.into(),
            signed_attributes: self.terms.signed_attributes.clone(),
            role: self.terms.role.map(|role| role.as_str().into()),
            customer_id: customer.map(Into::into),
            organization_id: organization.map(Into::into),
            identity_secret: self.identity_secret.as_ref().map(|Secret(secret)| secret.clone()),
            created_at: self.created_at.0,
            expires_at: millis(self.terms.expires_at),
            successor: self.successor.clone(),
            revoked_at: millis(self.revoked_at),
        };
        serde_json::to_string(&row).unwrap_or_default()
    }

    /// Reads a row; `None` if this release does not understand it, so that such a key opens nothing.
    pub fn from_row(text: &str) -> Option<Self> {
        let row: Row<'_> = serde_json::from_str(text).ok()?;
        let identity = match &*row.identity {
            "open" => KeyIdentity::Open,
            "pinned" => KeyIdentity::Pinned { customer: row.customer_id, organization: row.organization_id },
            "signed" | SIGNED_ATTRIBUTES => KeyIdentity::Signed,
            _ => return None,
        };
        if (row.identity == SIGNED_ATTRIBUTES) == row.signed_attributes.is_empty() {
            return None;
        }
        let role = match row.role {
            Some(name) => Some(TokenRole::from_name(&name)?),
            None => None,
        };
        let terms = KeyTerms {
            kind: KeyKind::from_name(&row.kind)?,
            label: row.label.into(),
            origins: row.origins,
            tags: row.tags,
            identity,
            signed_attributes: row.signed_attributes,
            expires_at: row.expires_at.map(Millis),
            role,
        };
        Some(Self {
            terms,
            hash: Hash::from_hex(&row.hash)?,
            hint: row.hint.into(),
            identity_secret: row.identity_secret.map(Secret),
            created_at: Millis(row.created_at),
            successor: row.successor,
            revoked_at: row.revoked_at.map(Millis),
        })
    }

    /// The key as a JSON object for operators and records: everything but its hash and its secrets.
    pub fn to_view(&self, id: &str) -> String {
        match self.terms.role {
            Some(role) => self.to_token_view(id, role),
            None => self.to_key_view(id),
        }
    }

    fn to_token_view(&self, id: &str, role: TokenRole) -> String {
        let mut out = String::new();
        let mut object = Object::open(&mut out);
        write_string(object.member("createdAt"), &self.created_at.to_rfc3339());
        let end = self.terms.expires_at.map(Millis::to_rfc3339);
        text(&mut object, "expiresAt", end.as_deref());
        write_string(object.member("hint"), &self.hint);
        write_string(object.member("id"), id);
        write_string(object.member("name"), &self.terms.label);
        let revoked = self.revoked_at.map(Millis::to_rfc3339);
        text(&mut object, "revokedAt", revoked.as_deref());
        write_string(object.member("role"), role.as_str());
        object.close();
        out
    }

    fn to_key_view(&self, id: &str) -> String {
        let mut out = String::new();
        let mut object = Object::open(&mut out);
        write_string(object.member("createdAt"), &self.created_at.to_rfc3339());
        let end = self.terms.expires_at.map(Millis::to_rfc3339);
        text(&mut object, "expiresAt", end.as_deref());
        write_string(object.member("hint"), &self.hint);
        write_string(object.member("id"), id);
        let mut identity = Object::open(object.member("identity"));
        let (customer, organization) = self.pinned();
        if !self.terms.signed_attributes.is_empty() {
            list(identity.member("attributes"), &self.terms.signed_attributes);
        }
        text(&mut identity, "customerId", customer);
        write_string(identity.member("kind"), self.terms.identity.as_str());
        text(&mut identity, "organizationId", organization);
        identity.close();
        write_string(object.member("kind"), self.terms.kind.as_str());
        write_string(object.member("label"), &self.terms.label);
        list(object.member("origins"), &self.terms.origins);
        let revoked = self.revoked_at.map(Millis::to_rfc3339);
        text(&mut object, "revokedAt", revoked.as_deref());
        text(&mut object, "successor", self.successor.as_deref());
        list(object.member("tags"), &self.terms.tags);
        object.close();
        out
    }

    fn pinned(&self) -> (Option<&str>, Option<&str>) {
        match &self.terms.identity {
            KeyIdentity::Pinned { customer, organization } => (customer.as_deref(), organization.as_deref()),
            KeyIdentity::Open | KeyIdentity::Signed => (None, None),
        }
    }
}

fn list(out: &mut String, entries: &[String]) {
    out.push_str(&serde_json::Value::from(entries).to_string());
}
