//! One request to a target.
use std::time::Duration;

use control::Webhook;
use futures_util::{
    Stream, StreamExt,
    future::{Either, select},
};
use worker::{AbortController, AbortSignal, Delay, Env, Headers, Method, RequestInit};

use super::message::Message;
use crate::{
    clock,
    outgoing::{self, Unanswered},
    settings,
};

/// The longest wait for a target's answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes that are read of an answer that refuses a message.
const MOST_READ: usize = 1_000;
/// The most characters of such an answer that are kept.
const MOST_KEPT: usize = 200;
const USER_AGENT: &str = concat!("twinflag/", env!("CARGO_PKG_VERSION"));

/// The outcome of a request to a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::hub) struct Sent {
    /// The status of the answer; `None` without an answer.
    pub(in crate::hub) status: Option<u16>,
    /// The reason why the message was not taken; `None` if it was.
    pub(in crate::hub) error: Option<String>,
    /// The milliseconds that the request took.
    pub(in crate::hub) milliseconds: u32,
}

/// Sends a message to a target, which has ten seconds to answer. Of the answer only the status counts.
pub(in crate::hub) async fn send(env: &Env, webhook: &Webhook, message: &Message) -> Sent {
    let began = clock::now();
    let controller = AbortController::default();
    let answered = match select(Box::pin(ask(env, webhook, message, controller.signal())), Delay::from(PATIENCE)).await {
        Either::Left((answered, _)) => answered,
        Either::Right(_) => (None, Some("it took longer than 10 s to answer".to_owned())),
    };
    // The hub does not receive the rest of the answer.
    controller.abort();
    let milliseconds = u32::try_from(clock::since(began)).unwrap_or(u32::MAX);
    Sent { status: answered.0, error: answered.1, milliseconds }
}

async fn ask(env: &Env, webhook: &Webhook, message: &Message, signal: AbortSignal) -> (Option<u16>, Option<String>) {
    let unsent = |why: &str| (None, Some(why.to_owned()));
    let is_private = webhook.terms.is_private;
    if is_private && !settings::of(env).is_ok_and(|settings| settings.is_webhooks_private) {
        return unsent("the target is private, and WEBHOOKS_PRIVATE is off");
    }
    let Ok(mut init) = request(webhook, message) else { return unsent("the request could not be made") };
    let mut answer = match outgoing::send(env, &webhook.terms.url, &mut init, is_private, &signal).await {
        Ok(answer) => answer,
        Err(Unanswered::NoAddress) => return unsent("the runtime takes the address for none"),
        Err(Unanswered::NoBinding) => return unsent("the target is private, and the worker has no binding INSIDE"),
        Err(Unanswered::Unreached) if is_private => return unsent("it cannot be reached; a private target must be in a private network"),
        Err(Unanswered::Unreached) => return unsent("it cannot be reached; one in a private network must be made as private"),
    };
    let status = answer.status_code();
    if (200..300).contains(&status) {
        return (Some(status), None);
    }
    let said = match answer.stream() {
        Ok(chunks) => beginning(chunks).await,
        Err(_) => String::new(),
    };
    (Some(status), Some(refusal(status, &said)))
}

fn request(webhook: &Webhook, message: &Message) -> worker::Result<RequestInit> {
    let seconds = clock::now().0.div_euclid(1_000);
    let headers = Headers::new();
    headers.set("content-type", "application/json")?;
    headers.set("user-agent", USER_AGENT)?;
    headers.set("webhook-id", &message.id)?;
    headers.set("webhook-timestamp", &seconds.to_string())?;
    headers.set("webhook-signature", &message.signature(&webhook.secret, seconds))?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_headers(headers).with_body(Some(message.body.as_str().into()));
    Ok(init)
}

/// The reason of a status that refuses a message.
fn refusal(status: u16, said: &str) -> String {
    let what = if (300..400).contains(&status) { "a redirect, which is not followed" } else { said };
    if what.is_empty() { format!("it answered {status}") } else { format!("it answered {status}: {what}") }
}

/// The first line of an answer, cut; empty if it is no text.
async fn beginning<E>(mut chunks: impl Stream<Item = Result<Vec<u8>, E>> + Unpin) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < MOST_READ {
        let Some(Ok(chunk)) = chunks.next().await else { break };
        bytes.extend_from_slice(&chunk);
    }
    bytes.truncate(MOST_READ);
    let text = String::from_utf8_lossy(&bytes);
    text.lines().next().unwrap_or_default().chars().filter(|letter| !letter.is_control()).take(MOST_KEPT).collect()
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, stream};

    use super::*;

    #[test]
    fn an_answer_is_read_up_to_its_bound_and_no_further() {
        let mut received = 0;
        let endless = stream::iter(0..1_000_000).map(|_| {
            received += 1;
            Ok::<_, ()>(vec![b'x'; 300])
        });
        assert_eq!(beginning(endless).now_or_never(), Some("x".repeat(200)));
        assert_eq!(received, 4);
        let said = |chunks: Vec<Result<Vec<u8>, ()>>| beginning(stream::iter(chunks)).now_or_never().unwrap();
        assert_eq!(said(vec![Ok(b"no_".to_vec()), Ok(b"service\nmore".to_vec())]), "no_service");
        assert_eq!(said(vec![Ok(b"be\x07ll".to_vec()), Err(())]), "bell");
        assert_eq!(said(Vec::new()), "");
    }

    #[test]
    fn a_refusal_has_the_status_and_the_answers_first_words() {
        assert_eq!(refusal(400, "invalid_payload"), "it answered 400: invalid_payload");
        assert_eq!(refusal(500, ""), "it answered 500");
        assert_eq!(refusal(302, "Found"), "it answered 302: a redirect, which is not followed");
    }
}
