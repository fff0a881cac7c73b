use control::{
    Allowed, CommandOutcome, NewWebhook, RolloutCommand, RolloutPlan, Supplies, WebhookFormat, WebhookSecret, WebhookTerms, change::Actor,
    lifecycle::Step, rows::State as Side,
};

use super::{
    super::{
        ground::GroundCache,
        record::{Beside, write},
    },
    *,
};
use crate::store::sqlite::{Sqlite, database::tests::Memory};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const ID: &str = "w-1";

struct Hub {
    store: Sqlite<Memory>,
    ground: GroundCache,
}

impl Hub {
    /// A hub with a flag and a webhook that is told of these kinds.
    fn new(kinds: &[NoticeKind]) -> Self {
        let hub = Self { store: Sqlite::new(Memory::new()), ground: GroundCache::default() };
        let document = r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{"a":{"default":"on"}}}"#;
        hub.carry_out(&Command::Import { document: document.into(), state: Side::Keep, allowed: Allowed::default() });
        hub.carry_out(&Command::Webhook(WebhookCommand::Create { terms: terms(kinds) }));
        hub
    }

    fn carry_out(&self, command: &Command) -> CommandOutcome {
        let by = Actor { role: "admin".into(), ..Actor::system("a test", Millis(7)) };
        let new_webhook = Some(NewWebhook { id: ID.into(), secret: WebhookSecret([1; 32]) });
        let ground = self.ground.newest(&self.store).unwrap();
        let supplies = Supplies { new_webhook, ..Supplies::default() };
        let outcome = self.ground.execute(control::execute, &ground, &Rows::default(), command, supplies, &by);
        let outcome = outcome.unwrap_or_else(|refusal| panic!("{command:?}: {refusal:?}"));
        write(&self.store, &self.ground, ground, outcome, &by, Beside::default(), |_, _| Ok(String::new())).unwrap().1
    }

    /// Kills and revives the flag.
    fn toggle(&self, times: u32) {
        for _ in 0..times {
            self.carry_out(&Command::Kill { flag: "a".into() });
            self.carry_out(&Command::Revive { flag: "a".into() });
        }
    }

    /// Starts a rollout of the flag and rolls it back.
    fn roll_back(&self) {
        for order in [RolloutCommand::Create(RolloutPlan { start: true, ..RolloutPlan::default() }), RolloutCommand::Step(Step::RollBack)] {
            self.carry_out(&Command::Rollout { flag: "a".into(), order });
        }
    }

    fn job(&self) -> Option<Job> {
        jobs(&self.store).unwrap().pop().map(|(key, job)| {
            assert_eq!(key.payload, ID);
            job
        })
    }

    /// Tells the target what it is to be told next, with this outcome. Returns the actions until one was not told or none is left.
    fn tell(&self, error: Option<&str>, status: Option<u16>, failures: u32, now: i64) -> Vec<String> {
        let mut told = Vec::new();
        while let Some(delivery) = next(&self.store, ID, Some("production"), Millis(now)).unwrap() {
            told.push(delivery.told.action.clone());
            let sent = Sent { status, error: error.map(Into::into), milliseconds: 3 };
            if !settle(&self.store, ID, delivery, sent, failures, Millis(now), Millis(now + 3)).unwrap() {
                break;
            }
        }
        told
    }

    /// The number of the newest record.
    fn newest(&self) -> u64 {
        self.store.head().unwrap().link.sequence
    }

    fn progress(&self) -> Option<WebhookProgress> {
        self.store.webhook_progress(ID).unwrap()
    }

    fn change(&self, terms: WebhookTerms) {
        self.carry_out(&Command::Webhook(WebhookCommand::Change { id: ID.into(), terms }));
    }
}

fn terms(kinds: &[NoticeKind]) -> WebhookTerms {
    WebhookTerms {
        label: "on call".into(),
        url: "https://hooks.example/1".into(),
        format: WebhookFormat::Generic,
        kinds: kinds.to_vec(),
        is_private: false,
        is_enabled: true,
    }
}

#[test]
fn a_target_is_told_of_each_record_since_it_was_made_in_order() {
    let hub = Hub::new(&NoticeKind::ALL);
    // Its own making is not told.
    assert_eq!((hub.job(), hub.progress()), (None, None));
    let before = hub.newest();
    hub.toggle(2);
    assert_eq!(hub.job().map(|job| (job.due, job.failures)), Some((Millis(7), 0)));
    assert_eq!(hub.tell(None, Some(204), 1, 10), ["flag.kill", "flag.revive", "flag.kill", "flag.revive"]);
    assert_eq!(hub.job(), None);
    hub.toggle(1);
    assert_eq!(hub.tell(None, Some(204), 1, 10), ["flag.kill", "flag.revive"]);
    let attempts: Vec<_> = hub.store.webhook_attempts(ID, 9).unwrap().iter().map(|attempt| (attempt.record, attempt.status)).collect();
    assert_eq!(attempts, (before + 1..=before + 6).rev().map(|record| (record, Some(204))).collect::<Vec<_>>());
}

#[test]
fn a_target_is_told_of_its_kinds_alone_and_commits_of_others_write_no_job() {
    let hub = Hub::new(&[NoticeKind::Rollback]);
    hub.toggle(60);
    assert_eq!((hub.job(), hub.progress()), (None, None));
    hub.change(terms(&[NoticeKind::Change]));
    // That change itself was not of a kind that the webhook had then.
    assert_eq!(hub.job(), None);
    hub.toggle(1);
    assert_eq!(hub.tell(None, Some(200), 1, 10), ["flag.kill", "flag.revive"]);
    // The hub skips the following changes in slices, and stores them as told.
    hub.change(terms(&[NoticeKind::Rollback]));
    hub.toggle(60);
    assert_eq!(hub.tell(None, Some(200), 1, 10), [""; 0]);
    assert_eq!((hub.job(), hub.progress().map(|progress| progress.behind)), (None, Some(hub.newest())));
}

#[test]
fn a_message_that_was_not_taken_is_sent_again_before_the_next_one() {
    let hub = Hub::new(&NoticeKind::ALL);
    let before = hub.newest();
    hub.toggle(1);
    for (failures, delay) in [(1, 2_000), (2, 4_000), (3, 8_000), (12, 3_600_000)] {
        assert_eq!(hub.tell(Some("it answered 500"), Some(500), failures, 100), ["flag.kill"]);
        let job = hub.job().unwrap();
        assert_eq!((job.due, job.failures, job.error.as_deref()), (Millis(103 + delay), failures, Some("it answered 500")));
    }
    assert_eq!(hub.progress(), Some(WebhookProgress { behind: before, failing_since: Some(Millis(100)), is_gone: false }));
    assert_eq!(hub.tell(None, Some(200), 13, 200), ["flag.kill", "flag.revive"]);
    assert_eq!(hub.progress(), Some(WebhookProgress { behind: before + 2, failing_since: None, is_gone: false }));
}

#[test]
fn a_run_that_ends_between_two_messages_repeats_none_that_was_stored_as_told() {
    let hub = Hub::new(&NoticeKind::ALL);
    hub.toggle(1);
    let first = next(&hub.store, ID, None, Millis(10)).unwrap().unwrap();
    let again = next(&hub.store, ID, None, Millis(10)).unwrap().unwrap();
    assert_eq!((first.record, &first.message.id), (again.record, &again.message.id));
    let taken = Sent { status: Some(200), error: None, milliseconds: 3 };
    assert!(settle(&hub.store, ID, first, taken, 1, Millis(10), Millis(13)).unwrap());
    // Here the hub is killed: the alarm finds the job.
    assert_eq!(hub.job().map(|job| (job.due, job.failures, job.error)), Some((Millis(13 + LEASE_MS), 0, None)));
    assert_eq!(hub.tell(None, Some(200), 1, 20), ["flag.revive"]);
}

#[test]
fn a_job_that_waits_for_its_next_attempt_is_not_brought_forward_by_a_commit() {
    let hub = Hub::new(&NoticeKind::ALL);
    hub.toggle(1);
    hub.tell(Some("away"), None, 8, 100);
    let waits = hub.job();
    hub.toggle(1);
    assert_eq!(hub.job(), waits);
}

#[test]
fn a_webhook_is_given_up_after_a_day_of_failures_or_if_its_target_is_gone() {
    let failing = WebhookProgress { behind: 1, failing_since: Some(Millis(1_000)), is_gone: false };
    for (progress, failures, now, expected) in [
        (failing, 30, 1_000 + DAY_MS - 1, false),
        (failing, 30, 1_000 + DAY_MS, true),
        // The hub was away, and has not tried.
        (failing, 10, 1_000 + DAY_MS, false),
        (failing, 11, 1_000 + DAY_MS, true),
        (WebhookProgress { failing_since: None, ..failing }, 30, 1_000 + DAY_MS, false),
        (WebhookProgress { is_gone: true, ..failing }, 1, 1_000, true),
    ] {
        assert_eq!(is_spent(progress, failures, Millis(now)), expected, "{failures} {now}");
    }
    let hub = Hub::new(&NoticeKind::ALL);
    hub.toggle(1);
    hub.tell(Some("it answered 410"), Some(410), 1, 100);
    // The alarm gives the target up at once.
    assert_eq!((hub.progress().unwrap().is_gone, hub.job().unwrap().due), (true, Millis(103)));
}

#[test]
fn a_disabled_webhook_is_told_nothing_and_goes_on_behind_what_it_missed() {
    let hub = Hub::new(&NoticeKind::ALL);
    hub.toggle(1);
    hub.tell(Some("away"), None, 1, 100);
    hub.change(WebhookTerms { is_enabled: false, ..terms(&NoticeKind::ALL) });
    assert_eq!(hub.tell(None, Some(200), 1, 200), [""; 0]);
    assert_eq!((hub.job(), hub.progress(), hub.store.webhook_attempts(ID, 9).unwrap().len()), (None, None, 1));
    hub.toggle(1);
    assert_eq!(hub.job(), None);
    hub.change(terms(&NoticeKind::ALL));
    hub.toggle(1);
    assert_eq!(hub.tell(None, Some(200), 1, 300), ["flag.kill", "flag.revive"]);
}

#[test]
fn a_webhook_that_does_not_tell_of_its_own_disabling_goes_on_behind_what_it_missed_too() {
    let kinds = [NoticeKind::Rollback];
    for is_waiting in [false, true] {
        let hub = Hub::new(&kinds);
        hub.roll_back();
        let away = is_waiting.then_some("away");
        assert_eq!(hub.tell(away, None, 9, 100), ["rollout.rollback"]);
        hub.change(WebhookTerms { is_enabled: false, ..terms(&kinds) });
        assert_eq!((hub.job(), hub.progress()), (None, None));
        hub.roll_back();
        hub.change(terms(&kinds));
        assert_eq!((hub.job(), hub.progress()), (None, None));
        hub.roll_back();
        // Neither does the delay of the failures before it hold up the first message.
        assert_eq!(hub.job().map(|job| (job.due, job.failures)), Some((Millis(7), 0)), "{is_waiting}");
        assert_eq!(hub.tell(None, Some(200), 1, 300), ["rollout.rollback"], "{is_waiting}");
    }
}

#[test]
fn the_outcome_of_a_message_that_was_under_way_while_its_webhook_was_off_begins_nothing_that_it_missed() {
    let kinds = [NoticeKind::Rollback];
    let sent = || Sent { status: Some(200), error: None, milliseconds: 3 };
    let under_way = |meanwhile: &[bool], removed: bool| {
        let hub = Hub::new(&kinds);
        hub.roll_back();
        let delivery = next(&hub.store, ID, None, Millis(10)).unwrap().unwrap();
        for is_enabled in meanwhile {
            hub.change(WebhookTerms { is_enabled: *is_enabled, ..terms(&kinds) });
            hub.roll_back();
        }
        if removed {
            hub.carry_out(&Command::Webhook(WebhookCommand::Remove { id: ID.into() }));
        }
        assert!(settle(&hub.store, ID, delivery, sent(), 1, Millis(10), Millis(13)).unwrap());
        hub
    };
    let hub = under_way(&[false], false);
    assert_eq!((hub.job(), hub.progress(), hub.store.webhook_attempts(ID, 9).unwrap().len()), (None, None, 1));
    // Of the two rollbacks since, the first happened while it was off.
    let hub = under_way(&[false, true], false);
    assert_eq!(hub.tell(None, Some(200), 1, 300), ["rollout.rollback"]);
    assert_eq!(hub.store.webhook_attempts(ID, 9).unwrap().len(), 2);
    let hub = under_way(&[], true);
    assert_eq!((hub.job(), hub.progress(), hub.store.webhook_attempts(ID, 9).unwrap()), (None, None, Vec::new()));
}

#[test]
fn nothing_is_left_of_a_removed_webhook() {
    for kinds in [&NoticeKind::ALL[..], &[NoticeKind::Rollback]] {
        let hub = Hub::new(kinds);
        hub.roll_back();
        hub.tell(Some("away"), None, 1, 100);
        hub.carry_out(&Command::Webhook(WebhookCommand::Remove { id: ID.into() }));
        assert_eq!((hub.job(), hub.progress(), hub.store.webhook_attempts(ID, 9).unwrap()), (None, None, Vec::new()));
        assert_eq!(hub.tell(None, Some(200), 1, 200), [""; 0]);
    }
}

#[test]
fn one_run_at_a_time_tells_a_target() {
    let deliveries = Deliveries::default();
    let first = UnderWay::begin(&deliveries, "a").unwrap();
    assert!(UnderWay::begin(&deliveries, "a").is_none());
    assert!(UnderWay::begin(&deliveries, "b").is_some());
    drop(first);
    assert!(UnderWay::begin(&deliveries, "a").is_some());
}
