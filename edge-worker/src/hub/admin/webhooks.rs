//! Webhooks: `/api/admin/webhooks`, `/api/admin/webhooks/{id}`, `…/{id}/test` and `…/{id}/deliveries`.
//!
//! The hub draws the secret of a webhook and shows it in one answer, that to the request that made it. A client that repeats the request
//! with its idempotency key gets `"secret": null, "replayed": true`, and an operator who lost a secret makes another webhook.
use control::{Command, CommandOutcome, Field, NoticeKind, Webhook, WebhookCommand, WebhookFormat, WebhookTerms, webhooks};
use serde::{Deserialize, Serialize};
use worker::Response;

use super::{AdminRequest, CommandAnswer, body::read, json, spelling, view};
use crate::{
    hub::{
        FlagHub,
        webhooks::{
            jobs,
            message::{Message, shown},
            send::send,
        },
    },
    problem::Problem,
    store::{
        Read,
        webhooks::{MOST_ATTEMPTS, WebhookAttempt},
    },
};

impl FlagHub {
    /// GET: all webhooks, each with the moment since which its target has taken nothing.
    pub(super) fn list_webhooks(&self) -> Result<Response, Problem> {
        let ground = self.ground()?;
        let view = |(id, webhook): (&str, Webhook)| {
            let view = webhook.to_view(id);
            let since = self.store.webhook_progress(id)?.and_then(|progress| progress.failing_since);
            view::raw(match since {
                Some(since) => format!(r#"{},"failingSince":"{}"}}"#, view.strip_suffix('}').unwrap_or(&view), since.to_rfc3339()),
                None => view,
            })
        };
        json(view::list("webhooks", &webhooks(&ground.rows).map(view).collect::<Result<Vec<_>, _>>()?))
    }

    /// POST `{ label, url, format?, kinds?, private?, enabled?, reason? }`: creates a webhook, by default a generic one that is told of
    /// everything.
    pub(super) fn create_webhook(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let mut body: Body = read(&asked.body)?;
        let by = asked.by(body.reason.take(), body.changed_by.take())?;
        let missing = |name: &str| Problem::malformed_at("", format!("missing field `{name}`"));
        let none = WebhookTerms {
            label: body.label.take().ok_or_else(|| missing("label"))?,
            url: body.url.take().ok_or_else(|| missing("url"))?,
            format: WebhookFormat::Generic,
            kinds: NoticeKind::ALL.to_vec(),
            is_private: false,
            is_enabled: true,
        };
        let decision = self.decide(&by, &Command::Webhook(WebhookCommand::Create { terms: body.over(none)? }), &[])?;
        let made = made(&decision.outcome).ok_or_else(Problem::not_found)?;
        self.commit_and_tell(asked, &by, decision, |written, outcome| {
            let secret = shown(&made.1.secret);
            let answer = |secret: Option<&str>| {
                let of_command = view::written(written, outcome, None)?;
                let replayed = if secret.is_none() { r#","replayed":true"# } else { "" };
                let secret = serde_json::Value::from(secret);
                Ok::<_, Problem>(format!(r#"{{"id":"{}","secret":{secret}{replayed}{}"#, made.0, of_command.replacen('{', ",", 1)))
            };
            Ok(CommandAnswer { kept: answer(None)?, once: Some(answer(Some(&secret))?) })
        })
    }

    /// PUT `{ label?, url?, format?, kinds?, private?, enabled?, reason? }`: gives a webhook other terms. A member that is left out stays.
    pub(super) fn change_webhook(&self, asked: &AdminRequest, id: &str) -> Result<Response, Problem> {
        let mut body: Body = read(&asked.body)?;
        let by = asked.by(body.reason.take(), body.changed_by.take())?;
        let terms = body.over(self.webhook(id)?.terms)?;
        self.carry_out(asked, &Command::Webhook(WebhookCommand::Change { id: id.to_owned(), terms }), &by)
    }

    /// DELETE `?reason=`: removes a webhook, with its deliveries.
    pub(super) fn remove_webhook(&self, asked: &AdminRequest, id: &str) -> Result<Response, Problem> {
        let by = asked.by(asked.query.get("reason").map(str::to_owned), None)?;
        self.carry_out(asked, &Command::Webhook(WebhookCommand::Remove { id: id.to_owned() }), &by)
    }

    /// POST: sends the target a message that tells of no change, now, and answers how that went. Nothing is stored.
    pub(super) async fn test_webhook(&self, asked: &AdminRequest, id: &str) -> Result<Response, Problem> {
        let webhook = self.webhook(id)?;
        let message = Message::test(&webhook, self.environment()?.as_deref(), asked.now)?;
        let sent = send(&self.env, &webhook, &message).await;
        let view = Tried { delivered: sent.error.is_none(), error: sent.error, milliseconds: sent.milliseconds, status: sent.status };
        json(Ok(serde_json::to_string(&view).map_err(worker::Error::from)?))
    }

    /// GET `?limit=`: the latest attempts of a webhook, and when the next one is due.
    pub(super) fn list_deliveries(&self, asked: &AdminRequest, id: &str) -> Result<Response, Problem> {
        self.webhook(id)?;
        let attempts = self.store.webhook_attempts(id, asked.query.limit(50, MOST_ATTEMPTS)?)?;
        let next = jobs(&self.store)?.into_iter().find(|(key, _)| key.payload == id).map(|(_, job)| job.due.to_rfc3339());
        let since = self.store.webhook_progress(id)?.and_then(|progress| progress.failing_since);
        let view = Page {
            deliveries: attempts.iter().map(DeliveryView::of).collect(),
            failing_since: since.map(sdk_core::Millis::to_rfc3339),
            next_attempt_at: next,
        };
        json(Ok(serde_json::to_string(&view).map_err(worker::Error::from)?))
    }

    fn webhook(&self, id: &str) -> Result<Webhook, Problem> {
        let found = webhooks(&self.ground()?.rows).find(|(known, _)| *known == id).map(|(_, webhook)| webhook);
        found.ok_or_else(|| Problem::refused(404, "WEBHOOK_NOT_FOUND", "there is no webhook with this id", String::new()))
    }
}

/// The webhook that a command creates.
fn made(outcome: &CommandOutcome) -> Option<(String, Webhook)> {
    outcome.writes.iter().find_map(|(key, row)| Some((key.name.clone(), Webhook::from_row(row.as_deref()?)?)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    label: Option<String>,
    url: Option<String>,
    format: Option<String>,
    kinds: Option<Vec<String>>,
    private: Option<bool>,
    enabled: Option<bool>,
    reason: Option<String>,
    changed_by: Option<String>,
}

impl Body {
    /// The terms, with those that the body names.
    fn over(self, before: WebhookTerms) -> Result<WebhookTerms, Problem> {
        let Self { label, url, format, kinds, private, enabled, reason: _, changed_by: _ } = self;
        let unknown = || Problem::malformed_at(spelling::of(Field::Format), "expected generic or slack");
        let format = format.map(|name| WebhookFormat::from_name(&name).ok_or_else(unknown)).transpose()?;
        Ok(WebhookTerms {
            label: label.unwrap_or(before.label),
            url: url.unwrap_or(before.url),
            format: format.unwrap_or(before.format),
            kinds: kinds.map(|names| self::kinds(&names)).transpose()?.unwrap_or(before.kinds),
            is_private: private.unwrap_or(before.is_private),
            is_enabled: enabled.unwrap_or(before.is_enabled),
        })
    }
}

/// The kinds with these names, in the order in which they are listed.
fn kinds(names: &[String]) -> Result<Vec<NoticeKind>, Problem> {
    for (index, name) in names.iter().enumerate() {
        if NoticeKind::from_name(name).is_none() {
            let known = NoticeKind::ALL.map(NoticeKind::as_str).join(", ");
            return Err(Problem::malformed_at(format!("{}/{index}", spelling::of(Field::Kinds)), format!("expected one of {known}")));
        }
    }
    Ok(NoticeKind::ALL.into_iter().filter(|kind| names.iter().any(|name| name == kind.as_str())).collect())
}

#[derive(Serialize)]
struct Tried {
    delivered: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    milliseconds: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<'v> {
    deliveries: Vec<DeliveryView<'v>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failing_since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeliveryView<'v> {
    action: &'v str,
    at: String,
    delivered: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'v str>,
    id: &'v str,
    milliseconds: u32,
    sequence: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

impl<'v> DeliveryView<'v> {
    fn of(attempt: &'v WebhookAttempt) -> Self {
        let WebhookAttempt { record, record_id, action, at, milliseconds, status, error } = attempt;
        Self {
            action,
            at: at.to_rfc3339(),
            delivered: error.is_none(),
            error: error.as_deref(),
            id: record_id,
            milliseconds: *milliseconds,
            sequence: *record,
            status: *status,
        }
    }
}
