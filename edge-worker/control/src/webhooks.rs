//! Webhooks: the targets that the hub tells of changes, and the commands that make, change, disable and remove them.
//!
//! A webhook is a row beside the documents, under a public id. The row holds the whole address and the secret that signs deliveries. No
//! record and no view holds the secret, nor the path of the address: chat services put a secret there.
mod notice;
mod text;

use alloc::{format, string::String, vec::Vec};

use sdk_core::Millis;
use serde::{Deserialize, Serialize};

pub use self::notice::NoticeKind;
use crate::{
    CommandOutcome, CurrentState, Field, Refusal, RefusalKind, RefusalPlace,
    change::{Action, Actor, Change},
    command::check_id,
    keys::is_origin,
    rows::{RowKey, RowKind, Rows},
};

/// The most webhooks of an environment.
pub const MAX_WEBHOOKS: usize = 10;
/// The longest label, in bytes.
const MAX_LABEL: usize = 128;
/// The longest address, in bytes.
const MAX_URL: usize = 2_000;
/// The number of random bytes in a secret.
pub const WEBHOOK_SECRET: usize = 32;

/// The form of the messages that a webhook receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum WebhookFormat {
    /// The record of the change, as JSON.
    Generic,
    /// A line of text, as Slack's incoming webhooks take it.
    Slack,
}

const FORMATS: [(WebhookFormat, &str); 2] = [(WebhookFormat::Generic, "generic"), (WebhookFormat::Slack, "slack")];

impl WebhookFormat {
    /// The name of the format, as requests and rows have it.
    pub fn as_str(self) -> &'static str {
        FORMATS.iter().find(|(format, _)| *format == self).map_or("", |(_, name)| name)
    }

    /// The format with this name; `None` if there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        FORMATS.iter().find(|(_, known)| *known == name).map(|(format, _)| *format)
    }
}

/// The terms of a webhook, which an operator sets.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebhookTerms {
    /// A label for operators, 1 to 128 bytes.
    pub label: String,
    /// The address: `https:`, or also `http:` if it is private.
    pub url: String,
    /// The form of the messages.
    pub format: WebhookFormat,
    /// The kinds of changes that the target is told of; at least one.
    pub kinds: Vec<NoticeKind>,
    /// True for a target in a private network, or on the hub's machine.
    pub is_private: bool,
    /// False if nothing is delivered.
    pub is_enabled: bool,
}

/// A webhook as its row holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The terms of the webhook.
    pub terms: WebhookTerms,
    /// The key that signs deliveries.
    pub secret: WebhookSecret,
    /// The moment at which the webhook was created.
    pub created_at: Millis,
    /// The moment at which the hub disabled it; `None` if it did not, or an operator enabled it again.
    pub disabled_at: Option<Millis>,
}

/// The key that signs deliveries, which `Debug` does not show.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct WebhookSecret(pub [u8; WEBHOOK_SECRET]);

impl core::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}

/// A webhook that the hub has drawn, for a command that creates one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWebhook {
    /// The id of the webhook.
    pub id: String,
    /// The key that signs its deliveries.
    pub secret: WebhookSecret,
}

/// A command on a webhook.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum WebhookCommand {
    /// Creates a webhook.
    Create {
        /// The terms of the webhook.
        terms: WebhookTerms,
    },
    /// Gives a webhook other terms; its secret stays.
    Change {
        /// The id of the webhook.
        id: String,
        /// The new terms.
        terms: WebhookTerms,
    },
    /// Disables a webhook whose target takes no deliveries.
    Disable {
        /// The id of the webhook.
        id: String,
    },
    /// Removes a webhook.
    Remove {
        /// The id of the webhook.
        id: String,
    },
}

/// The ids and the webhooks in these rows, ordered by id. A row that this release does not understand is none.
pub fn webhooks(rows: &Rows) -> impl Iterator<Item = (&str, Webhook)> {
    rows.of(RowKind::Webhook).filter_map(|(id, text)| Some((id, Webhook::from_row(text)?)))
}

/// Carries out a command on a webhook at this moment. `takes_private`: the deployment lets targets be private.
pub(crate) fn carry_out(
    current: CurrentState<'_>,
    order: &WebhookCommand,
    new: Option<NewWebhook>,
    takes_private: bool,
    actor: &Actor,
) -> Result<CommandOutcome, Refusal> {
    match order {
        WebhookCommand::Create { terms } => {
            let new = new.ok_or_else(|| Refusal::invalid(RefusalPlace::Command, "no secret was drawn for it"))?;
            create(current, new, terms, takes_private, actor.at)
        }
        WebhookCommand::Change { id, terms } => {
            let before = current.webhook(id)?;
            check(terms, takes_private)?;
            // An operator who enables a webhook lifts the hub's disabling.
            let disabled_at = before.disabled_at.filter(|_| !terms.is_enabled);
            let after = Webhook { terms: terms.clone(), disabled_at, ..before.clone() };
            Ok(if after == before { CommandOutcome::default() } else { changing(id, &before, Some(&after), Action::WebhookChanged) })
        }
        WebhookCommand::Disable { id } => Ok(disabling(id, &current.webhook(id)?, actor.at)),
        WebhookCommand::Remove { id } => Ok(changing(id, &current.webhook(id)?, None, Action::WebhookRemoved)),
    }
}

fn create(
    current: CurrentState<'_>,
    NewWebhook { id, secret }: NewWebhook,
    terms: &WebhookTerms,
    takes_private: bool,
    now: Millis,
) -> Result<CommandOutcome, Refusal> {
    check_id(&id, RefusalPlace::Command)?;
    check(terms, takes_private)?;
    if webhooks(current.rows).count() >= MAX_WEBHOOKS {
        return Err(Refusal::invalid(RefusalPlace::Command, format!("there are already {MAX_WEBHOOKS} webhooks; remove one first")));
    }
    let made = Webhook { terms: terms.clone(), secret, created_at: now, disabled_at: None };
    let change = Change { new: Some(made.to_view(&id)), ..Change::new(Action::WebhookCreated) };
    let writes = [(RowKey::of(RowKind::Webhook, &id), Some(made.to_row()))].into();
    Ok(CommandOutcome { writes, changes: [change].into(), ..CommandOutcome::default() })
}

/// Disables a webhook; changes nothing if it is disabled already.
pub(crate) fn disabling(id: &str, before: &Webhook, now: Millis) -> CommandOutcome {
    if !before.terms.is_enabled {
        return CommandOutcome::default();
    }
    let mut after = Webhook { disabled_at: Some(now), ..before.clone() };
    after.terms.is_enabled = false;
    changing(id, before, Some(&after), Action::WebhookDisabled)
}

fn changing(id: &str, before: &Webhook, after: Option<&Webhook>, action: Action) -> CommandOutcome {
    let view = |webhook: &Webhook| webhook.to_view(id);
    let change = Change { old: Some(view(before)), new: after.map(view), ..Change::new(action) };
    let writes = [(RowKey::of(RowKind::Webhook, id), after.map(Webhook::to_row))].into();
    CommandOutcome { writes, changes: [change].into(), ..CommandOutcome::default() }
}

impl CurrentState<'_> {
    fn webhook(&self, id: &str) -> Result<Webhook, Refusal> {
        let row = self.rows.text(&RowKey::of(RowKind::Webhook, id));
        row.and_then(Webhook::from_row)
            .ok_or_else(|| Refusal::new(RefusalKind::WebhookNotFound, RefusalPlace::Command, "there is no webhook with this id"))
    }
}

/// Refuses terms that no webhook can have.
fn check(terms: &WebhookTerms, takes_private: bool) -> Result<(), Refusal> {
    let WebhookTerms { label, url, kinds, is_private, .. } = terms;
    if label.trim().is_empty() || label.len() > MAX_LABEL || label.chars().any(char::is_control) {
        return Err(Refusal::invalid(Field::Label, format!("expected a label of 1 to {MAX_LABEL} bytes without control characters")));
    }
    if kinds.is_empty() {
        return Err(Refusal::invalid(Field::Kinds, "expected at least one kind"));
    }
    if *is_private && !takes_private {
        return Err(Refusal::invalid(Field::Private, "this deployment has no private targets: they need the setting WEBHOOKS_PRIVATE=on"));
    }
    if is_address(url, *is_private) {
        return Ok(());
    }
    let scheme = if *is_private { "https:// or http://" } else { "https://" };
    let expected = format!(
        "expected an address such as https://hooks.example/twinflag that begins with {scheme}, its host in lower case, without user, \
         fragment, spaces and its scheme's own port, of at most {MAX_URL} bytes"
    );
    Err(Refusal::invalid(Field::Url, expected))
}

/// Returns true for the address of a target.
fn is_address(url: &str, is_private: bool) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let is_scheme = scheme == "https" || is_private && scheme == "http";
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let origin = url.get(..scheme.len() + "://".len() + host.len()).unwrap_or_default();
    let is_visible = url.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte));
    is_scheme && url.len() <= MAX_URL && is_visible && is_origin(origin)
}

#[cfg(test)]
mod tests;
