//! The messages that targets receive, and their signatures (Standard Webhooks, 1.0).
use control::{NoticeKind, Webhook, WebhookFormat, WebhookSecret};
use sdk_core::Millis;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    base64,
    hmac::hmac_sha256,
    hub::{admin::view, record::uuid},
    problem::Problem,
    store::audit::Stored,
};

/// The beginning of a secret as text.
const SECRET: &str = "whsec_";
/// The most characters of the text for a chat.
const MOST_TEXT: usize = 2_000;
/// The kind and the type of the message that tries a target.
const TEST: (&str, &str) = ("test", "webhook.test");

/// A message to a target.
pub(in crate::hub) struct Message {
    /// The id of the message: that of the record it tells of, so that a message that is sent again has it again.
    pub(in crate::hub) id: String,
    pub(in crate::hub) body: String,
}

/// The members of a record's payload that a message needs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Told {
    pub(super) id: String,
    pub(super) action: String,
    changed_at: String,
    changed_by: String,
    #[serde(default)]
    flag_path: Option<String>,
    #[serde(default)]
    reason: String,
}

impl Told {
    /// The record's own words; `None` if its payload was erased.
    pub(super) fn of(record: &Stored) -> Option<Self> {
        serde_json::from_str(record.payload.as_deref()?).ok()
    }

    pub(super) fn kind(&self) -> NoticeKind {
        NoticeKind::of_action(&self.action)
    }
}

#[derive(Serialize)]
struct Generic<'m> {
    data: Box<RawValue>,
    environment: Option<&'m str>,
    kind: &'m str,
    timestamp: &'m str,
    r#type: &'m str,
}

#[derive(Serialize)]
struct Slack {
    text: String,
}

impl Message {
    /// The message that tells a target of a record.
    pub(super) fn of(webhook: &Webhook, record: &Stored, told: &Told, environment: Option<&str>) -> Result<Self, Problem> {
        let body = match webhook.terms.format {
            WebhookFormat::Generic => json(&Generic {
                data: view::stored(record)?,
                environment,
                kind: told.kind().as_str(),
                timestamp: &told.changed_at,
                r#type: &told.action,
            }),
            WebhookFormat::Slack => {
                let flag = told.flag_path.as_deref().map(|flag| format!(" of `{}`", escaped(flag))).unwrap_or_default();
                let (by, reason) = (escaped(&told.changed_by), escaped(&told.reason));
                slack(&format!("*{}*{flag}{} by {by}: {reason}", escaped(&told.action), within(environment)))
            }
        }?;
        Ok(Self { id: told.id.clone(), body })
    }

    /// A message that tries a target, and tells of no change.
    pub(in crate::hub) fn test(webhook: &Webhook, environment: Option<&str>, now: Millis) -> Result<Self, Problem> {
        let (kind, name) = TEST;
        let body = match webhook.terms.format {
            WebhookFormat::Generic => {
                let data = RawValue::from_string("{}".to_owned()).map_err(worker::Error::from)?;
                json(&Generic { data, environment, kind, timestamp: &now.to_rfc3339(), r#type: name })
            }
            WebhookFormat::Slack => slack(&format!("*{name}*{}: this target receives what Twinflag tells it", within(environment))),
        }?;
        Ok(Self { id: uuid()?, body })
    }

    /// The signature of the message at a moment in seconds since 1970: the value of `webhook-signature`.
    pub(super) fn signature(&self, secret: &WebhookSecret, seconds: i64) -> String {
        let signed = format!("{}.{seconds}.{}", self.id, self.body);
        format!("v1,{}", base64::encode(&hmac_sha256(&secret.0, signed.as_bytes())))
    }
}

/// A secret as text, for the one answer that shows it.
pub(in crate::hub) fn shown(secret: &WebhookSecret) -> String {
    SECRET.to_owned() + &base64::encode(&secret.0)
}

fn within(environment: Option<&str>) -> String {
    environment.map(|name| format!(" in {}", escaped(name))).unwrap_or_default()
}

fn slack(text: &str) -> Result<String, Problem> {
    let most = text.floor_char_boundary(MOST_TEXT);
    let cut = if most < text.len() { "…" } else { "" };
    json(&Slack { text: format!("{}{cut}", text.get(..most).unwrap_or_default()) })
}

/// A text in which Slack finds no mention and no link, on one line.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace(char::is_control, " ")
}

fn json(value: &impl Serialize) -> Result<String, Problem> {
    Ok(serde_json::to_string(value).map_err(worker::Error::from)?)
}

#[cfg(test)]
mod tests {
    use control::{
        WebhookTerms,
        change::{Hash, Hashes, Link},
    };

    use super::*;

    const PAYLOAD: &str = r#"{"action":"rollout.rollback","changedAt":"2026-11-29T10:00:00Z","changedBy":"<ada> & co","flagPath":"chat<b>","hadOverride":false,"id":"r-1","reason":"it broke\nagain","role":"admin","sequence":7,"version":3}"#;

    fn webhook(format: WebhookFormat) -> Webhook {
        let terms = WebhookTerms {
            label: "l".into(),
            url: "https://hooks.example/1".into(),
            format,
            kinds: vec![NoticeKind::Rollback],
            is_private: false,
            is_enabled: true,
        };
        Webhook { terms, secret: WebhookSecret([7; 32]), created_at: Millis(0), disabled_at: None }
    }

    fn record() -> Stored {
        let hash = Hash([0; 32]);
        let hashes = Hashes { payload: hash, rows: None, chain: hash };
        Stored { link: Link { sequence: 7, version: 3 }, payload: Some(PAYLOAD.to_owned()), hashes }
    }

    fn message(format: WebhookFormat, environment: Option<&str>) -> Message {
        let record = record();
        Message::of(&webhook(format), &record, &Told::of(&record).unwrap(), environment).unwrap()
    }

    #[test]
    fn the_signature_is_that_of_the_specifications_test() {
        // github.com/standard-webhooks/standard-webhooks: the libraries' test, whose secret is `MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`.
        let key = [
            0x31, 0xf2, 0x90, 0xf6, 0xbf, 0x06, 0x29, 0x8a, 0xab, 0x4f, 0x08, 0xd4, 0x3c, 0x3f, 0x08, 0x2c, 0xf6, 0x48, 0xa3, 0x62, 0xda,
            0x2d, 0xa4, 0xb0, 0, 0, 0, 0, 0, 0, 0, 0,
        ];
        let message = Message { id: "msg_p5jXN8AQM9LWM0D4loKWxJek".into(), body: r#"{"test": 2432232314}"#.into() };
        let signature = message.signature(&WebhookSecret(key), 1_614_265_330);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_generic_message_has_the_record_as_the_trail_shows_it() {
        let body: serde_json::Value = serde_json::from_str(&message(WebhookFormat::Generic, Some("production")).body).unwrap();
        assert_eq!([&body["type"], &body["kind"], &body["environment"]], ["rollout.rollback", "rollback", "production"]);
        assert_eq!((&body["timestamp"], &body["data"]["reason"]), (&"2026-11-29T10:00:00Z".into(), &"it broke\nagain".into()));
        assert_eq!(body["data"]["hash"], "0".repeat(64));
        assert_eq!(message(WebhookFormat::Generic, None).id, "r-1");
    }

    #[test]
    fn a_message_for_slack_is_one_line_without_mentions() {
        let body: serde_json::Value = serde_json::from_str(&message(WebhookFormat::Slack, Some("eu")).body).unwrap();
        assert_eq!(body["text"], "*rollout.rollback* of `chat&lt;b&gt;` in eu by &lt;ada&gt; &amp; co: it broke again");
        let long: serde_json::Value = serde_json::from_str(&slack(&"é".repeat(1_500)).unwrap()).unwrap();
        assert_eq!(long["text"], "é".repeat(1_000) + "…");
    }

    #[test]
    fn an_erased_record_tells_nothing() {
        assert!(Told::of(&Stored { payload: None, ..record() }).is_none());
    }

    #[test]
    fn a_secret_is_shown_in_the_specifications_form() {
        assert_eq!(shown(&WebhookSecret([0; 32])), format!("whsec_{}=", "A".repeat(43)));
    }
}
