//! A webhook as text: its row, and the view for operators, which has neither the secret nor the path of the address.
use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use sdk_core::{
    Millis, hex,
    json::{Object, canonical::write_string},
};
use serde::{Deserialize, Serialize};

use super::{NoticeKind, Webhook, WebhookFormat, WebhookSecret, WebhookTerms};
use crate::change::text;

/// The number of characters from the end of an address that a view shows.
const SHOWN: usize = 4;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row<'r> {
    #[serde(borrow)]
    label: Cow<'r, str>,
    url: Cow<'r, str>,
    format: Cow<'r, str>,
    kinds: Vec<Cow<'r, str>>,
    private: bool,
    enabled: bool,
    secret: Cow<'r, str>,
    created_at: i64,
    disabled_at: Option<i64>,
}

impl Webhook {
    /// The text of the webhook's row, as JSON.
    pub(crate) fn to_row(&self) -> String {
        let WebhookTerms { label, url, format, kinds, is_private, is_enabled } = &self.terms;
        let row = Row {
            label: label.into(),
            url: url.into(),
            format: format.as_str().into(),
            kinds: kinds.iter().map(|kind| kind.as_str().into()).collect(),
            private: *is_private,
            enabled: *is_enabled,
            secret: hex::encode(&self.secret.0).into(),
            created_at: self.created_at.0,
            disabled_at: self.disabled_at.map(|moment| moment.0),
        };
        serde_json::to_string(&row).unwrap_or_default()
    }

    /// Reads a row; `None` if this release does not understand it, so that nothing is delivered. Kinds of a later release are left out.
    pub fn from_row(text: &str) -> Option<Self> {
        let row: Row<'_> = serde_json::from_str(text).ok()?;
        let terms = WebhookTerms {
            label: row.label.into(),
            url: row.url.into(),
            format: WebhookFormat::from_name(&row.format)?,
            kinds: row.kinds.iter().filter_map(|name| NoticeKind::from_name(name)).collect(),
            is_private: row.private,
            is_enabled: row.enabled,
        };
        let secret = WebhookSecret(hex::decode_lower(&row.secret)?);
        Some(Self { terms, secret, created_at: Millis(row.created_at), disabled_at: row.disabled_at.map(Millis) })
    }

    /// The webhook as a JSON object for operators and records: everything but its secret and the path of its address.
    pub fn to_view(&self, id: &str) -> String {
        let mut out = String::new();
        let mut object = Object::open(&mut out);
        write_string(object.member("createdAt"), &self.created_at.to_rfc3339());
        let disabled = self.disabled_at.map(Millis::to_rfc3339);
        text(&mut object, "disabledAt", disabled.as_deref());
        object.member("enabled").push_str(&self.terms.is_enabled.to_string());
        write_string(object.member("format"), self.terms.format.as_str());
        write_string(object.member("id"), id);
        let kinds: Vec<&str> = self.terms.kinds.iter().map(|kind| kind.as_str()).collect();
        object.member("kinds").push_str(&serde_json::Value::from(kinds).to_string());
        write_string(object.member("label"), &self.terms.label);
        object.member("private").push_str(&self.terms.is_private.to_string());
        write_string(object.member("url"), &shown(&self.terms.url));
        object.close();
        out
    }
}

/// An address without its path: the origin, and the last characters of what follows if that is long enough to stay unknown.
fn shown(url: &str) -> String {
    let rest = url.find("://").map_or(0, |at| at + "://".len());
    let path = url.get(rest..).and_then(|behind| behind.find(['/', '?'])).map_or(url.len(), |at| rest + at);
    let (origin, path) = url.split_at(path);
    match path.len().checked_sub(SHOWN).and_then(|at| path.get(at..)) {
        _ if path.len() <= 1 => url.into(),
        Some(end) if path.len() >= 4 * SHOWN => format!("{origin}/…{end}"),
        _ => format!("{origin}/…"),
    }
}
