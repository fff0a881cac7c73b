//! The progress of webhooks, and their attempts.
use super::*;
use crate::store::webhooks::{MOST_ATTEMPTS, WebhookAttempt, WebhookProgress};

fn write<S: Store>(store: &S, id: &str, write: WebhookWrite) {
    let webhooks = [(id.to_owned(), write)];
    commit(store, &Commit { webhooks: &webhooks, ..Commit::default() }, 7).unwrap();
}

fn attempt(record: u64, status: Option<u16>, error: Option<&str>) -> WebhookAttempt {
    WebhookAttempt {
        record,
        record_id: format!("id of {record}"),
        action: "flag.kill".into(),
        at: Millis(1_700_000_000_000),
        milliseconds: 12,
        status,
        error: error.map(Into::into),
    }
}

pub(super) fn begins_a_webhook_once<S: Store>(store: &S) {
    assert_eq!(store.webhook_progress("w-1").unwrap(), None);
    write(store, "w-1", WebhookWrite::Begin(7));
    write(store, "w-1", WebhookWrite::Begin(9));
    assert_eq!(store.webhook_progress("w-1").unwrap(), Some(WebhookProgress { behind: 7, ..WebhookProgress::default() }));
    let failing = WebhookProgress { behind: 8, failing_since: Some(Millis(1_700_000_000_000)), is_gone: true };
    write(store, "w-1", WebhookWrite::Progress(failing));
    write(store, "w-2", WebhookWrite::Begin(1));
    assert_eq!(store.webhook_progress("w-1").unwrap(), Some(failing));
    write(store, "w-1", WebhookWrite::Attempt(attempt(8, None, Some("away"))));
    write(store, "w-1", WebhookWrite::End);
    assert_eq!((store.webhook_progress("w-1").unwrap(), store.webhook_attempts("w-1", 9).unwrap().len()), (None, 1));
    write(store, "w-1", WebhookWrite::Forget);
    assert_eq!(store.webhook_attempts("w-1", 9).unwrap(), []);
    assert_eq!(store.webhook_progress("w-2").unwrap().map(|progress| progress.behind), Some(1));
}

pub(super) fn keeps_the_latest_attempts_of_each_webhook<S: Store>(store: &S) {
    write(store, "w-2", WebhookWrite::Attempt(attempt(1, Some(204), None)));
    for record in 1..=u64::from(MOST_ATTEMPTS) + 5 {
        write(store, "w-1", WebhookWrite::Attempt(attempt(record, Some(500), Some("it answered 500"))));
    }
    let kept = store.webhook_attempts("w-1", 1_000).unwrap();
    let records: Vec<u64> = kept.iter().map(|attempt| attempt.record).collect();
    assert_eq!(records, (6..=105).rev().collect::<Vec<_>>());
    assert_eq!(store.webhook_attempts("w-1", 1).unwrap(), [attempt(105, Some(500), Some("it answered 500"))]);
    assert_eq!(store.webhook_attempts("w-2", 9).unwrap(), [attempt(1, Some(204), None)]);
}
