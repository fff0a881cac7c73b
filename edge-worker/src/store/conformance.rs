//! The conformance suite of stores: each kind of store runs all of it, on its real storage.
use std::collections::BTreeSet;

use control::{
    Command, CurrentState, Event, Supplies, apply,
    change::{Actor, Hash, Link, Record, RowsHasher, Verifier},
    execute,
    lifecycle::Observed,
    rows::{RowKey, RowKind, Rows},
};
use sdk_core::{Compiler, Millis};

use super::{
    Answer, Commit, Conflict, Outcome, Store, Transfer, Wanted,
    audit::{self, Asked, AskedEvents, ForExplain, Head},
    backup::{self, Line, Place},
    jobs::{Expired, Forget, Job, JobKey, Retained},
};
use crate::version::Version;

/// Runs everything, each time on a store that is empty.
pub(crate) fn check<S: Store + Transfer>(fresh: impl Fn() -> S) {
    for test in [
        starts_empty,
        keeps_every_version,
        orders_versions_by_time,
        writes_all_or_nothing,
        numbers_versions_without_a_gap,
        refuses_a_commit_on_another_version,
        loads_what_a_commit_names,
        keeps_long_and_odd_texts,
        keeps_rows_of_a_later_release,
        lays_owners_on_pages,
        lists_what_each_version_wrote,
        lists_records_and_versions,
        holds_the_chain,
        explains_by_the_level_that_answered,
        answers_the_same_request_once,
        counts_units_once,
        keeps_jobs,
        forgets_the_oldest,
    ] {
        test(&fresh());
    }
    is_carried_to_another(&fresh(), &fresh());
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
    assert_eq!((store.head().unwrap(), store.parts(None).unwrap().len(), store.untold().unwrap()), (head, 0, None));
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
        let job = Job { due: Millis(3), failures: 0, error: None };
        let commit = Commit {
            writes: &[(key(RowKind::Flag, "a"), Some(stale()))],
            records: &[record],
            events: &[(stale(), event)],
            answer: Some(Answer { subject: "ann", key: "stale", request: "r", body: "b" }),
            forget: Some(Forget { what: Retained::Answers, before: Millis(9), most: 9 }),
            jobs: &[(JobKey { kind: stale(), payload: stale() }, Some(job))],
            clock_ahead: Some(7),
        };
        assert_eq!(store.commit(expected, &commit, Millis(3)).unwrap(), Err(Conflict), "{expected} of {newest}");
        assert_eq!((store.newest().unwrap(), text(store, RowKind::Flag, "a")), (newest, Some("2".to_owned())));
        assert_eq!((store.head().unwrap().link.sequence, store.clock_ahead().unwrap()), (0, 0));
        assert!(store.answered("ann", "stale").unwrap().is_none() && store.next_job(&["stale"]).unwrap().is_none());
        assert!(store.events(&AskedEvents { limit: 9, ..AskedEvents::default() }).unwrap().is_empty());
    };
    refused(loaded);
    refused(Version { number: newest.number + 1, ..newest });
    // The same number of the epoch before a restore is another version.
    let (head, lines) = backup(store, || ());
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
    let later = [row("schedule", "{}"), paged];
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

/// The parts of everything, with where each stands.
fn all_parts(store: &impl Store) -> Vec<audit::Part> {
    let mut all: Vec<audit::Part> = Vec::new();
    loop {
        let more = store.parts(all.last()).unwrap();
        if more.is_empty() {
            return all;
        }
        all.extend(more);
    }
}

fn lists_what_each_version_wrote<S: Store>(store: &S) {
    let long = "x".repeat(1_200_000);
    let writes = [
        (key(RowKind::Segment, "long"), Some(long.as_str())),
        (key(RowKind::Customer, "c"), Some("{}")),
        (key(RowKind::Flag, "a"), Some("1")),
    ];
    put(store, &writes, 10);
    put(store, &[(key(RowKind::Flag, "a"), None)], 20);
    let many: Vec<String> = (0..200).map(|number| format!("f{number:03}")).collect();
    put(store, &many.iter().map(|name| (key(RowKind::Flag, name), Some("{}"))).collect::<Vec<_>>(), 20);
    let parts = all_parts(store);
    let place = |part: &audit::Part| (part.version, part.kind.clone(), part.name.clone(), part.number);
    assert!(parts.is_sorted_by_key(place), "{:?}", parts.iter().map(place).collect::<Vec<_>>());
    assert_eq!(parts.iter().map(|part| part.made.unwrap().0).collect::<BTreeSet<_>>(), BTreeSet::from([10, 20]));
    let of = |version: u32, kind: &str| -> Vec<&audit::Part> {
        parts.iter().filter(|part| part.version == version && part.kind == kind).collect()
    };
    assert_eq!(of(1, "segment").iter().map(|part| part.text.as_deref().unwrap()).collect::<String>(), long);
    assert_eq!(of(1, "customer")[0].page, key(RowKind::Customer, "c").page());
    assert!(of(2, "flag").len() == 1 && of(2, "flag")[0].text.is_none());
    assert_eq!(of(3, "flag").iter().map(|part| part.name.clone()).collect::<Vec<_>>(), many);
}

fn lists_records_and_versions<S: Store>(store: &S) {
    fill(store, &[change("a", false), of_customer("a", "c-1"), of_organization("b", "o-1"), change("a", true), of_customer("b", "c-2")]);
    put(store, &[(key(RowKind::Membership, "c-2"), Some("\"o-1\""))], 9_000);
    let numbers = |asked: Asked| -> Vec<u64> {
        store.changes(&Asked { limit: 10, ..asked }).unwrap().iter().map(|record| record.link.sequence).collect()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(numbers(Asked::default()), [5, 4, 3, 2, 1]);
    assert_eq!(numbers(Asked { flag: some("a"), ..Asked::default() }), [4, 2, 1]);
    assert_eq!(numbers(Asked { flag: some("a"), below: Some(4), ..Asked::default() }), [2, 1]);
    assert_eq!(numbers(Asked { customer: some("c-1"), ..Asked::default() }), [2]);
    assert_eq!(numbers(Asked { organization: some("o-1"), ..Asked::default() }), [3]);
    assert_eq!(numbers(Asked { action: some("flag.kill"), ..Asked::default() }), [1]);
    assert_eq!(numbers(Asked { actor: some("bob"), ..Asked::default() }), [0_u64; 0]);
    assert_eq!(numbers(Asked { version: Some(3), ..Asked::default() }), [3]);
    // Those of the organization and of its customers.
    assert_eq!(numbers(Asked { within: some("o-1"), ..Asked::default() }), [5, 3]);
    assert_eq!(store.changes(&Asked { limit: 2, ..Asked::default() }).unwrap().len(), 2);
    let versions = store.versions(None, 3).unwrap();
    let seen: Vec<_> = versions.iter().map(|version| (version.number, version.at.0, version.changes, version.first.is_some())).collect();
    assert_eq!(seen, [(6, 9_000, 0, false), (5, 5_000, 1, true), (4, 4_000, 1, true)]);
    assert_eq!(store.versions(Some(3), 10).unwrap().len(), 2);
}

fn holds_the_chain<S: Store>(store: &S) {
    let changes: Vec<_> = (0..25).map(|number| change("a", number % 2 == 0)).collect();
    fill(store, &changes);
    let mut verifier = Verifier::default();
    let mut seen = BTreeSet::new();
    while let Some(records) = Some(store.records(verifier.head().1, 10).unwrap()).filter(|records| !records.is_empty()) {
        for record in records {
            verifier.next(record.link, record.payload.as_deref(), record.hashes).unwrap();
            seen.insert(record.payload);
        }
    }
    assert_eq!((verifier.head().1, seen.len()), (25, 25));
    assert_eq!(verifier.head().0, store.head().unwrap().chain);
    assert_eq!(store.untold().unwrap(), None);
}

fn explains_by_the_level_that_answered<S: Store>(store: &S) {
    fill(store, &[change("a", false), of_customer("a", "c-1"), of_organization("a", "o-1"), of_customer("a", "c-2"), change("b", false)]);
    let found = |layer, customer, organization, version| {
        let asked = ForExplain { flag: "a", layer, customer, organization, version };
        store.explaining(&asked).unwrap().map(|record| record.link.sequence)
    };
    assert_eq!(found("customer", Some("c-1"), None, 5), Some(2));
    assert_eq!(found("customer", Some("c-3"), None, 5), None);
    assert_eq!(found("organization", Some("c-1"), Some("o-1"), 5), Some(3));
    assert_eq!(found("organization", Some("c-1"), Some("o-1"), 2), None);
    assert_eq!(found("kill", Some("c-1"), Some("o-1"), 5), Some(1));
    assert_eq!(found("default", None, None, 5), Some(1));
    assert_eq!(found("default", None, None, 0), None);
}

fn answers_the_same_request_once<S: Store>(store: &S) {
    let keep = |subject, key, body, at| {
        let answer = Some(Answer { subject, key, request: "r", body });
        commit(store, &Commit { answer, ..Commit::default() }, at)
    };
    keep("ann", "k", "first", 0).unwrap();
    assert!(keep("ann", "k", "second", 1).is_err(), "one answer to one key");
    keep("bob", "k", "third", 1).unwrap();
    let answered = |subject| store.answered(subject, "k").unwrap().map(|(_, body)| body);
    assert_eq!((answered("ann").as_deref(), answered("bob").as_deref(), answered("eve")), (Some("first"), Some("third"), None));
}

fn keeps_jobs<S: Store>(store: &S) {
    let named = |kind: &str, payload: &str| JobKey { kind: kind.into(), payload: payload.into() };
    let due = |at, failures, error: Option<&str>| Some(Job { due: Millis(at), failures, error: error.map(Into::into) });
    let write = |jobs: &[_]| commit(store, &Commit { jobs, ..Commit::default() }, 0).unwrap();
    let next = |kinds: &[&str]| store.next_job(kinds).unwrap().map(|(key, job)| (key.payload, job.due.0, job.failures, job.error));
    let expected = |payload: &str, at, failures, error: Option<&str>| Some((payload.to_owned(), at, failures, error.map(str::to_owned)));
    write(&[(named("a", "1"), due(30, 0, None)), (named("a", "2"), due(20, 0, None)), (named("b", "1"), due(10, 0, None))]);
    assert_eq!(next(&["a"]), expected("2", 20, 0, None));
    assert_eq!(next(&["a", "b"]), expected("1", 10, 0, None));
    assert_eq!(next(&["c"]), None);
    write(&[(named("a", "2"), due(40, 3, Some("why")))]);
    assert_eq!(next(&["a"]), expected("1", 30, 0, None));
    write(&[(named("a", "1"), None)]);
    assert_eq!(next(&["a"]), expected("2", 40, 3, Some("why")));

    // A job is written with the rows of its commit, or not at all.
    put(store, &[(key(RowKind::Segment, "s"), Some("1"))], 50);
    let writes = [(key(RowKind::Flag, "a"), Some("1".to_owned()))];
    let last = Commit { writes: &writes, jobs: &[(named("a", "2"), None)], ..Commit::default() };
    assert!(commit(store, &last, 49).is_err(), "a version before the newest");
    assert!(next(&["a"]).is_some());
    assert_eq!((commit(store, &last, 50).unwrap().number, next(&["a"])), (2, None));
}

fn forgets_the_oldest<S: Store>(store: &S) {
    for (key, at) in [("k-1", 30), ("k-2", 10), ("k-3", 20), ("k-4", 40)] {
        let answer = Some(Answer { subject: "ann", key, request: "r", body: "b" });
        commit(store, &Commit { answer, ..Commit::default() }, at).unwrap();
    }
    let forget = |before, most| Forget { what: Retained::Answers, before: Millis(before), most };
    let expired = |before, most| {
        let Expired { count, next } = store.expired(forget(before, most)).unwrap();
        (count, next.map(|at| at.0))
    };
    assert_eq!([expired(10, 9), expired(30, 9), expired(30, 1), expired(99, 9)], [(0, Some(10)), (2, Some(30)), (1, Some(20)), (4, None)]);
    commit(store, &Commit { forget: Some(forget(31, 2)), ..Commit::default() }, 50).unwrap();
    let has = |key| store.answered("ann", key).unwrap().is_some();
    assert_eq!(["k-1", "k-2", "k-3", "k-4"].map(has), [true, false, false, true]);
}

fn counts_units_once<S: Store>(store: &S) {
    let outcome = |id: &str, unit: &str, event: &str, at| Outcome {
        id: id.into(),
        flag: "a".into(),
        feature: "the a".into(),
        customer: None,
        unit: unit.into(),
        event: event.into(),
        metadata: "{}".into(),
        at: Millis(at),
    };
    let first = [
        outcome("1", "u-1", "enabled", 10),
        outcome("2", "u-1", "enabled", 11),
        outcome("3", "u-2", "enabled", 20),
        outcome("4", "u-2", "error", 21),
    ];
    assert_eq!(store.keep_outcomes(&first).unwrap(), 4);
    assert_eq!(store.keep_outcomes(&first).unwrap(), 0, "sent twice");
    let more = [
        outcome("5", "u-3", "error", 30),
        outcome("6", "u-4", "disabled", 30),
        outcome("7", "u-2", "error", 31),
        outcome("8", "u-5", "viewed", 31),
    ];
    assert_eq!(store.keep_outcomes(&more).unwrap(), 4);
    let observed = |flag, since| store.observed(flag, Millis(since)).unwrap();
    assert_eq!(observed("a", 0), Observed { exposures: 3, errors: 2 });
    assert_eq!(observed("a", 15), Observed { exposures: 2, errors: 2 });
    assert_eq!(observed("b", 0), Observed::default());
    // The steps of a rollout stand in the same log and count for nobody.
    let event = Event { flag: "a".into(), feature: "the a".into(), name: "enabled", metadata: "{}".into() };
    commit(store, &Commit { events: &[("9".into(), event)], ..Commit::default() }, 40).unwrap();
    assert_eq!(observed("a", 0), Observed { exposures: 3, errors: 2 });

    let ids = |asked: AskedEvents| -> Vec<String> {
        store.events(&AskedEvents { limit: 10, ..asked }).unwrap().into_iter().map(|event| event.id).collect()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(ids(AskedEvents::default()), ["9", "8", "7", "6", "5", "4", "3", "2", "1"]);
    assert_eq!(ids(AskedEvents { event: some("error"), ..AskedEvents::default() }), ["7", "5", "4"]);
    assert_eq!(ids(AskedEvents { flag: some("a"), below: Some(3), ..AskedEvents::default() }), ["2", "1"]);
    assert!(ids(AskedEvents { customer: some("c"), ..AskedEvents::default() }).is_empty());
    assert_eq!(store.events(&AskedEvents { limit: 2, ..AskedEvents::default() }).unwrap().len(), 2);
}

/// All lines of a backup of the store as it was when it began.
fn backup(store: &impl Transfer, meanwhile: impl Fn()) -> (backup::Head, Vec<Line>) {
    let head = store.backup_head().unwrap();
    meanwhile();
    let (mut place, mut all) = (Place::default(), Vec::new());
    while let Some((lines, next)) = store.backup(&head, place).unwrap() {
        all.extend(lines);
        place = next;
    }
    (head, all)
}

fn is_carried_to_another<S: Store + Transfer>(from: &S, to: &S) {
    fill(from, &[change("a", false), of_customer("a", "c-1"), change("b", true)]);
    put(from, &[(key(RowKind::Customer, "c-1"), Some("{}")), (key(RowKind::Segment, "long"), Some(&"x".repeat(1_200_000)))], 4_000);
    put(from, &[(key(RowKind::Segment, "gone"), Some("1"))], 5_000);
    put(from, &[(key(RowKind::Segment, "gone"), None)], 6_000);
    let outcome = Outcome {
        id: "1".into(),
        flag: "a".into(),
        feature: "the a".into(),
        customer: None,
        unit: "u".into(),
        event: "error".into(),
        metadata: "{}".into(),
        at: Millis(1),
    };
    from.keep_outcomes(&[outcome]).unwrap();
    let (head, lines) = backup(from, || {
        put(from, &[(key(RowKind::Flag, "a"), Some("later"))], 7_000);
    });
    assert_eq!((head.version, head.records, head.events), (6, 3, 1));
    assert!(lines.len() > 10);

    // Earlier rows are deleted, and versions are of another epoch.
    fill(to, &[change("z", true)]);
    let replaced = to.newest().unwrap().epoch;
    to.begin_restore().unwrap();
    to.restore(&lines).unwrap();
    to.end_restore(true).unwrap();
    let restored = to.newest().unwrap();
    assert_eq!((restored.number, to.head().unwrap().chain), (6, from.head().unwrap().chain));
    assert!(restored.epoch != replaced && restored.epoch != from.newest().unwrap().epoch);
    for version in 1..=6 {
        assert_eq!(to.rows(Wanted::UnpagedAt(version)).unwrap(), from.rows(Wanted::UnpagedAt(version)).unwrap());
    }
    assert_eq!(to.rows(Wanted::Unpaged).unwrap(), from.rows(Wanted::UnpagedAt(6)).unwrap());
    assert_eq!(to.rows(Wanted::Paged).unwrap(), from.rows(Wanted::Paged).unwrap());
    assert_eq!(to.pages(None).unwrap(), from.pages(Some(6)).unwrap());
    assert_eq!(to.observed("a", Millis(0)).unwrap(), Observed { exposures: 1, errors: 1 });
    assert_eq!(backup(to, || ()).1, lines);
    // It goes on from there.
    fill(to, &[change("a", true)]);

    // An unfinished restore is not visible, and takes nothing away.
    let all = || (to.newest().unwrap(), backup(to, || ()).1, to.untold().unwrap());
    let before = all();
    for part in [0, 3, lines.len()] {
        to.begin_restore().unwrap();
        assert_eq!((to.newest().unwrap().number, to.rows(Wanted::Unpaged).unwrap().is_empty()), (0, true));
        to.restore(lines.get(..part).unwrap()).unwrap();
        to.end_restore(false).unwrap();
        assert_eq!(all(), before);
    }
    fill(to, &[change("b", true)]);
}
