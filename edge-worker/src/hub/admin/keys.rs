//! The keys that open evaluation: `/api/admin/keys`, `/api/admin/keys/{id}` and `/api/admin/keys/{id}/rotate`; and the API tokens that open
//! operators' routes: `/api/admin/tokens` and `/api/admin/tokens/{id}`.
//!
//! The hub makes a key and shows it in one answer, that to the request that made it. Neither the store nor the log has it: a client that
//! repeats the request with its idempotency key gets `"key": null, "replayed": true`, and an operator who lost a key makes another.
//! A key that was revoked or rotated out opens nothing in the isolate that forwarded the command, and nothing in another isolate once that
//! one has asked the hub: within 10 s, and later only while it cannot reach the hub.
use std::collections::BTreeMap;

use control::{
    Command, CommandOutcome, Expiry, Field, Key, KeyCommand, KeyIdentity, KeyKind, KeyTerms, OVERLAP_MS, TokenRole, change::Actor, keys,
};
use sdk_core::Millis;
use serde::Deserialize;
use serde_json::value::RawValue;
use worker::Response;

use super::{
    AdminRequest, CommandAnswer,
    body::{Given, read},
    json, spelling,
    view::{self, Shown},
};
use crate::{hub::FlagHub, problem::Problem, store::Read as _, token_uses::HOUR_MS};

impl FlagHub {
    /// GET: all keys, also those that ended within the last 90 days. The hub does not record the use of keys, which are shown with every
    /// evaluation.
    pub(super) fn list_keys(&self) -> Result<Response, Problem> {
        self.list_of(Form::Key)
    }

    /// GET: all API tokens, likewise, each with the hour in which it was last used.
    pub(super) fn list_tokens(&self) -> Result<Response, Problem> {
        self.list_of(Form::Token)
    }

    fn list_of(&self, form: Form) -> Result<Response, Problem> {
        let ground = self.ground()?;
        let uses = if form == Form::Token { self.store.token_uses()? } else { BTreeMap::new() };
        let listed = keys(&ground.rows).filter(|(_, key)| Form::of(key.terms.kind) == form);
        let views = listed.map(|(id, key)| shown(key.to_view(id), uses.get(id).copied())).collect::<Result<Vec<_>, _>>()?;
        json(view::list(form.plural(), &views))
    }

    /// POST `{ kind, label, origins?, tags?, identity?, expiresAt?, reason? }`: creates a key.
    pub(super) fn create_key(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let Create { kind, label, origins, tags, identity, expires_at, reason, changed_by } = read(&asked.body)?;
        let kind = KeyKind::from_name(&kind)
            .filter(|kind| Form::of(*kind) == Form::Key)
            .ok_or_else(|| Problem::malformed_at(spelling::of(Field::KeyKind), "expected client or server"))?;
        let expires_at = expires_at.map(|text| moment(&text, spelling::of(Field::ExpiresAt))).transpose()?;
        let (identity, signed_attributes) = identity.read()?;
        let terms = KeyTerms { kind, label, origins, tags, identity, signed_attributes, expires_at, role: None };
        self.carry_out_key(asked, KeyCommand::Create { terms }, &asked.by(reason, changed_by)?)
    }

    /// POST `{ name, role, expiresAt?, reason? }`: creates an API token.
    pub(super) fn create_token(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let CreateToken { name, role, expires_at, reason, changed_by } = read(&asked.body)?;
        let unknown = || Problem::malformed_at(spelling::of(Field::Role), "expected viewer, operator or admin");
        let terms = KeyTerms {
            kind: KeyKind::Api,
            label: name,
            origins: Vec::new(),
            tags: Vec::new(),
            identity: KeyIdentity::Open,
            signed_attributes: Vec::new(),
            expires_at: expires_at.map(|text| moment(&text, spelling::of(Field::ExpiresAt))).transpose()?,
            role: Some(TokenRole::from_name(&role).ok_or_else(unknown)?),
        };
        self.carry_out_key(asked, KeyCommand::Create { terms }, &asked.by(reason, changed_by)?)
    }

    /// POST `{ overlap?, expiresAt?, reason? }`: creates a successor. `overlap` is the milliseconds for which both keys are valid, and
    /// `expiresAt` the successor's expiry, `null` for none.
    pub(super) fn rotate_key(&self, asked: &AdminRequest, id: &str) -> Result<Response, Problem> {
        let Rotate { overlap, expires_at, reason, changed_by } = read(&asked.body)?;
        let expiry = match expires_at {
            Given::Absent => Expiry::Kept,
            Given::Null => Expiry::At(None),
            Given::Value(text) => Expiry::At(Some(moment(&text, spelling::of(Field::ExpiresAt))?)),
        };
        let order = KeyCommand::Rotate { id: id.to_owned(), overlap_ms: overlap.unwrap_or(OVERLAP_MS), expiry };
        self.carry_out_key(asked, order, &asked.by(reason, changed_by)?)
    }

    /// DELETE `?reason=`: revokes a key.
    pub(super) fn revoke_key(&self, asked: &AdminRequest, id: &str) -> Result<Response, Problem> {
        self.revoke_of(Form::Key, asked, id)
    }

    /// DELETE `?reason=`: revokes an API token.
    pub(super) fn revoke_token(&self, asked: &AdminRequest, id: &str) -> Result<Response, Problem> {
        self.revoke_of(Form::Token, asked, id)
    }

    fn revoke_of(&self, form: Form, asked: &AdminRequest, id: &str) -> Result<Response, Problem> {
        if keys(&self.ground()?.rows).any(|(known, key)| known == id && Form::of(key.terms.kind) != form) {
            return Err(Problem::refused(404, "KEY_NOT_FOUND", format!("there is no {} with this id", form.name()), String::new()));
        }
        let query = &asked.query;
        let by = asked.by(query.get("reason").map(str::to_owned), None)?;
        self.carry_out(asked, &Command::Key(KeyCommand::Revoke { id: id.to_owned() }), &by)
    }

    /// Carries out a command that creates a key. Only the answer to this request holds the key's secrets.
    fn carry_out_key(&self, asked: &AdminRequest, order: KeyCommand, by: &Actor) -> Result<Response, Problem> {
        let name = match &order {
            KeyCommand::Create { terms } => Form::of(terms.kind).name(),
            KeyCommand::Rotate { .. } | KeyCommand::Revoke { .. } => Form::Key.name(),
        };
        let mut decision = self.decide(by, &Command::Key(order), &[])?;
        let Some(secrets) = decision.secrets.take() else { return Err(Problem::not_found()) };
        let is_signed = |outcome: &CommandOutcome| {
            let row = outcome.writes.iter().find(|(key, _)| key.name == secrets.id).and_then(|(_, row)| row.as_deref());
            row.and_then(Key::from_row).is_some_and(|key| key.identity_secret.is_some())
        };
        self.commit_and_tell(asked, by, decision, |written, outcome| {
            let identity_secret = is_signed(outcome).then_some(&secrets.identity);
            let shown = Shown { id: &secrets.id, name, key: &secrets.key, identity_secret };
            Ok(CommandAnswer { kept: view::key(written, outcome, &shown, false)?, once: Some(view::key(written, outcome, &shown, true)?) })
        })
    }
}

/// The view of a key or a token, with the beginning of the hour since 1970 in which it was last used.
fn shown(view: String, hour: Option<i64>) -> Result<Box<RawValue>, Problem> {
    let Some(hour) = hour else { return view::raw(view) };
    let mut members: BTreeMap<&str, Box<RawValue>> = serde_json::from_str(&view).map_err(worker::Error::from)?;
    let used = Millis(hour.saturating_mul(HOUR_MS)).to_rfc3339();
    members.insert("lastUsed", view::raw(format!("\"{used}\""))?);
    view::raw(serde_json::to_string(&members).map_err(worker::Error::from)?)
}

/// The two things that a row of a key may be to an operator.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Key,
    Token,
}

impl Form {
    const fn of(kind: KeyKind) -> Self {
        match kind {
            KeyKind::Client | KeyKind::Server => Self::Key,
            KeyKind::Api => Self::Token,
        }
    }

    /// The name of the member that shows the secret.
    const fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Token => "token",
        }
    }

    /// The name of the member with all of them.
    const fn plural(self) -> &'static str {
        match self {
            Self::Key => "keys",
            Self::Token => "tokens",
        }
    }
}

/// Reads a moment that stands at a pointer in a body.
pub(super) fn moment(text: &str, pointer: &str) -> Result<Millis, Problem> {
    Millis::from_rfc3339(text).ok_or_else(|| Problem::malformed_at(pointer, "expected a time like 2027-01-01T00:00:00Z"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Create {
    kind: String,
    label: String,
    #[serde(default)]
    origins: Vec<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    identity: Identity,
    expires_at: Option<String>,
    reason: Option<String>,
    changed_by: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateToken {
    name: String,
    role: String,
    expires_at: Option<String>,
    reason: Option<String>,
    changed_by: Option<String>,
}

/// The identity of a key: `open`, `pinned` with the customer, the organization or both, or `signed`, with the names of further attributes that
/// count only when they are signed.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Identity {
    kind: Option<String>,
    customer_id: Option<String>,
    organization_id: Option<String>,
    #[serde(default)]
    attributes: Vec<String>,
}

impl Identity {
    fn read(self) -> Result<(KeyIdentity, Vec<String>), Problem> {
        let identity = match (self.kind.as_deref(), self.customer_id, self.organization_id) {
            (Some("pinned"), customer, organization) => KeyIdentity::Pinned { customer, organization },
            (None | Some("open"), None, None) => KeyIdentity::Open,
            (Some("signed"), None, None) => KeyIdentity::Signed,
            (None | Some("open" | "signed"), ..) => {
                let expected = "expected customerId and organizationId beside pinned alone";
                return Err(Problem::malformed_at(spelling::of(Field::Identity), expected));
            }
            _ => return Err(Problem::malformed_at(spelling::of(Field::IdentityKind), "expected open, pinned or signed")),
        };
        Ok((identity, self.attributes))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rotate {
    overlap: Option<i64>,
    #[serde(default)]
    expires_at: Given<String>,
    reason: Option<String>,
    changed_by: Option<String>,
}
