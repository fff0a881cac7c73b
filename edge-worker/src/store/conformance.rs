//! The conformance suite of stores: each kind of store runs all of it, on its real storage.
mod carried;
mod kept;
mod pages;
mod trail;
mod webhooks;

use std::collections::BTreeSet;

use control::{
    Command, CurrentState, Event, Supplies, apply,
    change::{Action, Actor, Change, Hash, Link, Record, RowsHasher, Verifier},
    execute,
    lifecycle::Observed,
    rows::{RowKey, RowKind, Rows},
};
use sdk_core::{Compiler, Millis};

use super::{
    Answer, Commit, Conflict, GuardRow, Progress, Store, Transfer, UnknownFlag, Used, Wanted,
    audit::{self, ChangesQuery, Compared, ComparisonPlace, ComparisonStep, EventsQuery, ForExplain, Head},
    backup::{self, Line, Place},
    jobs::{Expired, Forget, Job, JobKey, Retained},
    webhooks::WebhookWrite,
};
use crate::{
    tally::wire::{Batch, FlagSums},
    version::{Epoch, Version},
};

/// Runs everything, each time on a store that is empty.
pub(crate) fn check<S: Store + Transfer>(fresh: impl Fn() -> S) {
    for test in [
        starts_empty,
        keeps_every_version,
        orders_versions_by_time,
        writes_all_or_nothing,
        numbers_versions_without_a_gap,
        refuses_a_commit_on_another_version,
        takes_a_new_epoch_with_a_version,
        loads_what_a_commit_names,
        keeps_long_and_odd_texts,
        keeps_rows_of_a_later_release,
        lays_owners_on_pages,
        pages::reads_texts_of_every_length,
        pages::reads_a_thousand_owners_at_once,
        pages::tells_the_versions_of_definitions_and_overrides_apart,
        pages::knows_the_versions_of_pages_then,
        pages::takes_backups_with_parts_of_any_length,
        trail::lists_what_each_version_wrote,
        trail::lists_what_serves,
        trail::tells_what_a_version_replaced,
        trail::knows_which_versions_no_record_commits_to,
        trail::takes_a_version_behind_a_proved_one_for_no_earlier_releases,
        trail::lists_records_and_versions,
        trail::holds_the_chain,
        trail::explains_by_the_level_that_answered,
        kept::answers_the_same_request_once,
        kept::adds_a_batch_once,
        kept::finds_the_steps_of_rollouts,
        kept::keeps_jobs,
        kept::forgets_the_oldest,
        kept::keeps_the_progress_of_imports,
        kept::keeps_the_name_of_the_hub,
        kept::keeps_the_last_use_of_each_token_that_is_there,
        webhooks::begins_a_webhook_once,
        webhooks::keeps_the_latest_attempts_of_each_webhook,
        trail::finds_the_slices_that_wrote_an_owner,
        trail::finds_the_rows_that_were_last_written_or_removed_by_an_action,
    ] {
        test(&fresh());
    }
    carried::is_carried_to_another(&fresh(), &fresh());
}

/// The first contradiction between what serves and the history, found in slices of two rows.
pub(super) fn untold(store: &impl Store) -> Option<String> {
    let mut place = ComparisonPlace::of(ComparisonStep::Rows);
    loop {
        place = match store.compare(None, &place, 2).unwrap() {
            Compared::Next { place, .. } => place,
            Compared::End => return None,
            Compared::Fault(why) => return Some(why),
        };
    }
}

fn key(kind: RowKind, name: &str) -> RowKey {
    RowKey::of(kind, name)
}

fn text(store: &impl Store, kind: RowKind, name: &str) -> Option<String> {
    let key = key(kind, name);
    store.rows(Wanted::Keys(core::slice::from_ref(&key))).unwrap().text(&key).map(Into::into)
}

/// Writes rows as the next version.
fn put(store: &impl Store, writes: &[(RowKey, Option<&str>)], at: i64) -> u32 {
    let writes: Vec<_> = writes.iter().map(|(key, text)| (key.clone(), text.map(Into::into))).collect();
    commit(store, &Commit { writes: &writes, ..Commit::default() }, at).unwrap().number
}

/// Commits on the newest version.
fn commit(store: &impl Store, commit: &Commit<'_>, at: i64) -> worker::Result<Version> {
    Ok(store.commit(store.newest()?, commit, Millis(at))?.unwrap())
}

fn starts_empty<S: Store>(store: &S) {
    assert_eq!(store.newest().unwrap().number, 0);
    assert_eq!(store.version_at(Millis(i64::MAX)).unwrap(), None);
    assert!(store.rows(Wanted::Unpaged).unwrap().is_empty() && store.rows(Wanted::Paged).unwrap().is_empty());
    let head = Head { chain: Hash::NONE, link: Link { sequence: 0, version: 0 }, made: Millis(i64::MIN) };
    assert_eq!((store.head().unwrap(), store.parts(None).unwrap().len(), untold(store)), (head, 0, None));
    assert!(store.pages(None).unwrap().is_empty() && store.versions(None, 10).unwrap().is_empty());
}

fn keeps_every_version<S: Store>(store: &S) {
    let (a, b) = (key(RowKind::Flag, "a"), key(RowKind::Flag, "b"));
    put(store, &[(a.clone(), Some("1")), (b.clone(), Some("1"))], 100);
    put(store, &[(a.clone(), Some("2"))], 200);
    put(store, &[(b.clone(), None)], 300);
    put(store, &[(b.clone(), Some("4"))], 300);
    let at = |version| {
        let rows = store.rows(Wanted::UnpagedAt(version)).unwrap();
        [&a, &b].map(|key| rows.text(key).map(str::to_owned))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!([1, 2, 3, 4].map(at), [[some("1"), some("1")], [some("2"), some("1")], [some("2"), None], [some("2"), some("4")]]);
    assert_eq!(store.rows(Wanted::Unpaged).unwrap(), store.rows(Wanted::UnpagedAt(4)).unwrap());
    assert_eq!(store.rows(Wanted::UnpagedAt(99)).unwrap(), store.rows(Wanted::UnpagedAt(4)).unwrap());
    assert_eq!([99, 100, 250, 300, 999].map(|at| store.version_at(Millis(at)).unwrap()), [None, Some(1), Some(2), Some(4), Some(4)]);
}

fn orders_versions_by_time<S: Store>(store: &S) {
    put(store, &[(key(RowKind::Flag, "a"), Some("1"))], 100);
    assert_eq!(store.head().unwrap().made, Millis(100));
    let writes = [(key(RowKind::Flag, "a"), Some("2".to_owned()))];
    let commit = |at| commit(store, &Commit { writes: &writes, ..Commit::default() }, at);
    assert!(commit(99).is_err(), "version_at(99) would tell of a version that did not serve then");
    assert!(commit(100).is_ok());
}

fn writes_all_or_nothing<S: Store>(store: &S) {
    put(store, &[(key(RowKind::Flag, "a"), Some("1"))], 1);
    let link = Link { sequence: 1, version: 2 };
    let record = Record::seal(&change("a", true), &by(1), link, "id", Hash::NONE, Hash::NONE);
    // The same record twice cannot be written: so nothing is, the row before it included.
    let writes = [(key(RowKind::Flag, "a"), Some("2".to_owned()))];
    let twice = [record.clone(), record];
    assert!(commit(store, &Commit { writes: &writes, records: &twice, ..Commit::default() }, 2).is_err());
    assert_eq!((store.newest().unwrap().number, text(store, RowKind::Flag, "a").as_deref()), (1, Some("1")));
    assert_eq!(store.head().unwrap().link.sequence, 0);
}

fn numbers_versions_without_a_gap<S: Store>(store: &S) {
    let writes = [(key(RowKind::Flag, "a"), Some("1".to_owned()))];
    let numbers = [1, 2, 3].map(|_| commit(store, &Commit { writes: &writes, ..Commit::default() }, 1).unwrap().number);
    assert_eq!(numbers, [1, 2, 3]);
    // A commit without rows makes no version.
    assert_eq!(commit(store, &Commit::default(), 1).unwrap().number, 3);
    assert_eq!(store.newest().unwrap().number, 3);
}

/// Two writers that loaded one version cannot both write the next.
fn refuses_a_commit_on_another_version<S: Store + Transfer>(store: &S) {
    put(store, &[(key(RowKind::Flag, "a"), Some("1"))], 1);
    let loaded = store.load(Wanted::Unpaged).unwrap().version;
    put(store, &[(key(RowKind::Flag, "a"), Some("2"))], 2);
    let newest = store.newest().unwrap();
    let refused = |expected: Version| {
        let stale = || "stale".to_owned();
        let record = Record::seal(&change("a", true), &by(3), Link { sequence: 1, version: 3 }, "id", Hash::NONE, Hash::NONE);
        let event = Event { flag: "a".into(), feature: "a".into(), name: "enabled", metadata: "{}".into() };
        let job = Job::due(Millis(3));
        let commit = Commit {
            writes: &[(key(RowKind::Flag, "a"), Some(stale()))],
            epoch: Some(Epoch::random().unwrap()),
            records: &[record],
            events: &[(stale(), event)],
            answer: Some(Answer { subject: "ann", key: "stale", request: "r", body: "b" }),
            erase: Some(1),
            progress: Some(Progress { import: "stale", text: "{}" }),
            forget: Some(Forget { what: Retained::Answers, before: Millis(9), most: 9 }),
            jobs: &[(JobKey { kind: stale(), payload: stale() }, Some(job))],
            clock_ahead: Some(7),
            webhooks: &[(stale(), WebhookWrite::Begin(1))],
        };
        assert_eq!(store.commit(expected, &commit, Millis(3)).unwrap(), Err(Conflict), "{expected} of {newest}");
        assert_eq!((store.newest().unwrap(), text(store, RowKind::Flag, "a")), (newest, Some("2".to_owned())));
        assert_eq!((store.head().unwrap().link.sequence, store.clock_ahead().unwrap()), (0, 0));
        assert_eq!((store.import_progress("stale").unwrap(), store.webhook_progress("stale").unwrap()), (None, None));
        assert!(
            store.answered("ann", "stale").unwrap().is_none() && store.jobs(None, 99).unwrap().iter().all(|(key, _)| key.kind != "stale")
        );
        assert!(store.events(&EventsQuery { limit: 9, ..EventsQuery::default() }).unwrap().entries.is_empty());
    };
    refused(loaded);
    refused(Version { number: newest.number + 1, ..newest });
    // The same number of the epoch before a restore is another version.
    let (head, lines) = carried::backup(store, || ());
    store.begin_restore().unwrap();
    store.restore(&lines).unwrap();
    store.end_restore(true).unwrap();
    let (before, newest) = (newest, store.newest().unwrap());
    assert_eq!((before.number, newest.number), (head.version, head.version));
    let writes = [(key(RowKind::Flag, "a"), Some("stale".to_owned()))];
    let commit = Commit { writes: &writes, ..Commit::default() };
    assert_eq!(store.commit(before, &commit, Millis(3)).unwrap(), Err(Conflict));
    assert_eq!((store.newest().unwrap(), text(store, RowKind::Flag, "a")), (newest, Some("2".to_owned())));
    assert_eq!(store.commit(newest, &commit, Millis(3)).unwrap(), Ok(Version { number: newest.number + 1, ..newest }));
}

/// Rows, version and record of a snapshot are of one moment.
fn takes_a_new_epoch_with_a_version(store: &impl Store) {
    put(store, &[(key(RowKind::Flag, "a"), Some("1"))], 1);
    let before = store.newest().unwrap();
    let epoch = "0a1b2c3d4e5f".parse::<Epoch>().unwrap();
    let commit = Commit { writes: &[(key(RowKind::Epoch, "renewed"), Some("{}".to_owned()))], epoch: Some(epoch), ..Commit::default() };
    let renewed = Version { epoch, number: 2 };
    assert_eq!(store.commit(before, &commit, Millis(2)).unwrap(), Ok(renewed));
    assert_eq!(store.newest().unwrap(), renewed);
    // The store refuses a commit that was decided on the epoch before, whatever its number.
    let late = Commit { writes: &[(key(RowKind::Flag, "a"), Some("2".to_owned()))], ..Commit::default() };
    assert_eq!(store.commit(Version { number: 2, ..before }, &late, Millis(3)).unwrap(), Err(Conflict));
    assert_eq!(text(store, RowKind::Flag, "a").as_deref(), Some("1"));
}

fn loads_what_a_commit_names<S: Store>(store: &S) {
    fill(store, &[change("a", false), change("a", true)]);
    put(store, &[(key(RowKind::Customer, "c"), Some("{}"))], 3_000);
    let of = |wanted: Wanted<'_>| store.load(wanted).unwrap();
    for wanted in [Wanted::Unpaged, Wanted::Paged, Wanted::UnpagedAt(1), Wanted::Keys(&[key(RowKind::Customer, "c")])] {
        let snapshot = of(wanted);
        assert_eq!((snapshot.version, snapshot.head), (store.newest().unwrap(), store.head().unwrap()));
        assert_eq!(snapshot.rows, store.rows(wanted).unwrap());
    }
    assert_eq!(of(Wanted::UnpagedAt(1)).rows.get(RowKind::Flag, "a"), Some("1"));
    assert_eq!(of(Wanted::Paged).rows.get(RowKind::Customer, "c"), Some("{}"));
    assert_eq!(of(Wanted::Keys(&[])).rows, Rows::default());
}

fn keeps_long_and_odd_texts<S: Store>(store: &S) {
    let long = "€ü\u{1f600}\n".repeat(250_000);
    let odd = ["", "\u{1}", "\"\\", "'; DROP TABLE history --", "\u{10ffff}", "%_"];
    let mut writes = vec![(key(RowKind::Segment, "long"), Some(long.as_str()))];
    writes.extend(odd.iter().map(|name| (key(RowKind::Segment, name), Some(*name))));
    put(store, &writes, 1);
    assert_eq!(text(store, RowKind::Segment, "long").as_deref(), Some(long.as_str()));
    for name in odd {
        assert_eq!(text(store, RowKind::Segment, name).as_deref(), Some(name), "{name:?}");
    }
    put(store, &[(key(RowKind::Segment, "long"), Some("short"))], 2);
    assert_eq!(text(store, RowKind::Segment, "long").as_deref(), Some("short"));
    assert_eq!(store.rows(Wanted::UnpagedAt(1)).unwrap().get(RowKind::Segment, "long"), Some(long.as_str()));
}

/// Rows of kinds that no release has had yet: nobody sees them, nothing fails for them, and a backup has them all.
fn keeps_rows_of_a_later_release<S: Store + Transfer>(store: &S) {
    let row = |kind: &str, text: &str| Line::Row(kind.into(), "a".into(), 1, 0, Some(text.into()));
    let paged = Line::PagedRow(7, "badge".into(), "c-1".into(), 1, 0, Some("{}".into()));
    let later = [row("later", "{}"), paged];
    store.begin_restore().unwrap();
    store.restore(&[Line::Version(1, 1), row("flag", "1"), later[0].clone(), later[1].clone()]).unwrap();
    store.end_restore(true).unwrap();

    assert_eq!(
        store.rows(Wanted::Unpaged).unwrap().iter().map(|(key, text)| (key.clone(), text)).collect::<Vec<_>>(),
        [(key(RowKind::Flag, "a"), "1")]
    );
    assert_eq!(store.pages(None).unwrap(), [(7, 1)]);
    assert!(
        store.rows(Wanted::PageAt(7, 1)).unwrap().is_empty()
            && store.rows(Wanted::Paged).unwrap().is_empty()
            && store.rows(Wanted::UnpagedAt(1)).unwrap().iter().count() == 1
    );
    put(store, &[(key(RowKind::Flag, "a"), Some("2"))], 2);
    let (head, mut lines, mut place) = (store.backup_head().unwrap(), Vec::new(), Place::default());
    while let Some((some, next)) = store.backup(&head, place).unwrap() {
        lines.extend(some);
        place = next;
    }
    assert!(later.iter().all(|line| lines.contains(line)), "{lines:?}");
}

fn lays_owners_on_pages<S: Store>(store: &S) {
    let ids: Vec<String> = (0..3_000).map(|number| format!("c-{number:04}")).collect();
    let writes: Vec<_> = ids.iter().map(|id| (key(RowKind::Customer, id), Some("{}"))).collect();
    put(store, &writes, 1);
    put(store, &[(key(RowKind::Customer, "c-0007"), Some("{\"a\":true}")), (key(RowKind::Membership, "c-0007"), Some("\"o-1\""))], 2);
    let page = key(RowKind::Customer, "c-0007").page().unwrap();
    assert_eq!(key(RowKind::Membership, "c-0007").page(), Some(page));
    assert!(store.rows(Wanted::Unpaged).unwrap().is_empty(), "what lies on pages is nowhere else");
    assert_eq!(store.rows(Wanted::Paged).unwrap().iter().count(), 3_001);

    let pages = store.pages(None).unwrap();
    assert!(pages.is_sorted() && pages.len() > 900, "{} pages", pages.len());
    assert!(pages.iter().all(|(number, version)| *version == if *number == page { 2 } else { 1 }));
    assert!(store.pages(Some(1)).unwrap().iter().all(|(_, version)| *version == 1));
    let found: usize = pages.iter().map(|(number, version)| store.rows(Wanted::PageAt(*number, *version)).unwrap().iter().count()).sum();
    assert_eq!(found, 3_001);
    assert_eq!(store.rows(Wanted::PageAt(page, 2)).unwrap().get(RowKind::Membership, "c-0007"), Some("\"o-1\""));
    assert_eq!(store.rows(Wanted::PageAt(page, 1)).unwrap().get(RowKind::Customer, "c-0007"), Some("{}"));
    let keys = [(RowKind::Customer, "c-0007"), (RowKind::Membership, "c-0007"), (RowKind::Customer, "c-0008"), (RowKind::Customer, "x")];
    let keys = keys.map(|(kind, id)| key(kind, id));
    let at = |version| {
        let rows = store.rows(Wanted::KeysAt(&keys, version)).unwrap();
        keys.each_ref().map(|key| rows.text(key).map(str::to_owned))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(at(0), [None, None, None, None]);
    assert_eq!(at(1), [some("{}"), None, some("{}"), None]);
    assert_eq!(at(2), [some("{\"a\":true}"), some("\"o-1\""), some("{}"), None]);

    let on = |page| store.page_owners(page, u32::MAX).unwrap().unwrap();
    assert_eq!((store.page_version(page).unwrap(), store.page_version(u16::MAX).unwrap()), (Some(2), None));
    assert_eq!(on(page), store.rows(Wanted::PageAt(page, 2)).unwrap().iter().map(|(key, _)| key.clone()).collect::<Vec<_>>());
    let count = u32::try_from(on(page).len()).unwrap();
    assert_eq!([count - 1, count].map(|most| store.page_owners(page, most).unwrap().is_some()), [false, true]);
    assert_eq!(pages.iter().map(|(number, _)| on(*number).len()).sum::<usize>(), 3_001);

    let mut seen = Vec::new();
    loop {
        let more = store.owners("customer", seen.last().map_or("", String::as_str), 700).unwrap();
        if more.is_empty() {
            break;
        }
        seen.extend(more);
    }
    assert_eq!(seen, ids);
}

fn by(at: i64) -> Actor {
    Actor { subject: "ann".into(), role: "admin".into(), on_behalf_of: None, reason: "to see".into(), at: Millis(at) }
}

/// A change as a command makes it.
fn change(flag: &str, enabled: bool) -> control::change::Change {
    let document = format!(r#"{{"schema":"twinflag/1","bucketKey":"{}","flags":{{"{flag}":{{"enabled":{}}}}}}}"#, "0".repeat(32), !enabled);
    let rows = Rows::split(&document).unwrap();
    let ruleset = sdk_core::compile(&document, None).unwrap().ruleset;
    let held = CurrentState { rows: &rows, paged: &Rows::default(), ruleset: &ruleset };
    let flag = flag.to_owned();
    let command = if enabled { Command::Revive { flag } } else { Command::Kill { flag } };
    let mut outcome = execute(held, &command, Supplies::default(), &by(1), &mut Compiler::new()).unwrap();
    apply(&mut Rows::default(), &outcome.writes);
    outcome.changes.remove(0)
}

/// Changes of flags and owners, a version each, in a chain.
fn fill(store: &impl Store, changes: &[control::change::Change]) {
    for change in changes {
        let version = store.newest().unwrap().number + 1;
        let Head { chain, link, .. } = store.head().unwrap();
        let link = Link { sequence: link.sequence + 1, version };
        let by = by(1_000 * i64::from(version));
        let text = version.to_string();
        let rows = RowsHasher::new(by.at).row("flag", "a", None, Some(&text)).finish();
        let record = Record::seal(change, &by, link, &format!("id-{version}"), rows, chain);
        let writes = [(key(RowKind::Flag, "a"), Some(text))];
        commit(store, &Commit { writes: &writes, records: &[record], ..Commit::default() }, by.at.0).unwrap();
    }
}

fn of_customer(flag: &str, customer: &str) -> control::change::Change {
    control::change::Change { customer: Some(customer.into()), ..change(flag, true) }
}

fn of_organization(flag: &str, organization: &str) -> control::change::Change {
    control::change::Change { organization: Some(organization.into()), ..change(flag, true) }
}
