//! Data that a store keeps for a limited time: answers and outcomes; and the jobs that delete them.
use super::*;

pub(super) fn answers_the_same_request_once<S: Store>(store: &S) {
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

pub(super) fn keeps_jobs<S: Store>(store: &S) {
    let named = |kind: &str, payload: &str| JobKey { kind: kind.into(), payload: payload.into() };
    let due = |at, failures, error: Option<&str>| Some(Job { due: Millis(at), failures, error: error.map(Into::into) });
    let write = |jobs: &[_]| commit(store, &Commit { jobs, ..Commit::default() }, 0).unwrap();
    let next =
        |kinds: &[&str]| store.jobs(Some(kinds), 1).unwrap().pop().map(|(key, job)| (key.payload, job.due.0, job.failures, job.error));
    let expected = |payload: &str, at, failures, error: Option<&str>| Some((payload.to_owned(), at, failures, error.map(str::to_owned)));
    write(&[(named("a", "1"), due(30, 0, None)), (named("a", "2"), due(20, 0, None)), (named("b", "1"), due(10, 0, None))]);
    assert_eq!(next(&["a"]), expected("2", 20, 0, None));
    assert_eq!(next(&["a", "b"]), expected("1", 10, 0, None));
    assert_eq!(next(&["c"]), None);
    let all = |limit| -> Vec<i64> {
        let jobs = store.jobs(None, limit).unwrap();
        jobs.into_iter().filter(|(key, _)| ["a", "b"].contains(&key.kind.as_str())).map(|(_, job)| job.due.0).collect()
    };
    assert_eq!((all(99), all(2)), (vec![10, 20, 30], vec![10, 20]));
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

pub(super) fn forgets_the_oldest<S: Store>(store: &S) {
    for (key, at) in [("k-1", 30), ("k-2", 10), ("k-3", 20), ("k-4", 40)] {
        let answer = Some(Answer { subject: "ann", key, request: "r", body: "b" });
        commit(store, &Commit { answer, ..Commit::default() }, at).unwrap();
    }
    let forget = |before, most| Forget { what: Retained::Answers, before: Millis(before), most };
    let expired = |before, most| {
        let Expired { has_any, next } = store.expired(forget(before, most)).unwrap();
        (has_any, next.map(|at| at.0))
    };
    assert_eq!(
        [expired(10, 9), expired(30, 9), expired(30, 1), expired(99, 9)],
        [(false, Some(10)), (true, Some(30)), (true, Some(20)), (true, None)]
    );
    commit(store, &Commit { forget: Some(forget(31, 2)), ..Commit::default() }, 50).unwrap();
    let has = |key| store.answered("ann", key).unwrap().is_some();
    assert_eq!(["k-1", "k-2", "k-3", "k-4"].map(has), [true, false, false, true]);
}

/// A batch of sums: each is a flag, the beginning of a stage, exposures and errors.
pub(super) fn batch(tally: &str, number: i64, sums: &[(&str, i64, u64, u64)]) -> Batch {
    let sums = sums.iter().map(|(flag, since, exposures, errors)| FlagSums {
        flag: (*flag).into(),
        since: *since,
        exposures: *exposures,
        errors: *errors,
        ..FlagSums::default()
    });
    let usage = vec![("a".into(), 7, "on".into(), "enabled".into(), 2), ("a".into(), 8, String::new(), "other".into(), 1)];
    Batch { tally: tally.into(), number, sums: sums.collect(), usage, unknown: vec![("x".into(), 3)] }
}

pub(super) fn adds_a_batch_once<S: Store>(store: &S) {
    let observed = |flag, since| store.observed(flag, Millis(since)).unwrap();
    let state = |text: &str, held_at: Option<i64>| GuardRow { flag: "a".into(), state: text.into(), held_at: held_at.map(Millis) };
    let keep = |batch: &Batch, states: &[GuardRow]| store.keep_sums(batch, states, Millis(50)).unwrap();
    keep(&batch("t-1", 1, &[("a", 10, 3, 1), ("b", 20, 4, 0)]), &[state("1", None)]);
    keep(&batch("t-1", 1, &[("a", 10, 3, 1)]), &[state("2", Some(9))]);
    assert_eq!(store.last_batch("t-1").unwrap(), 1);
    assert_eq!(observed("a", 10), Observed { exposures: 3, errors: 1 }, "sent twice");
    assert_eq!(store.guard_state("a").unwrap(), Some(("2".into(), Some(Millis(9)))));
    // Another tally counts its own batches, and the same one goes on.
    keep(&batch("t-2", 1, &[("a", 10, 1, 1)]), &[]);
    keep(&batch("t-1", 2, &[("a", 10, 1, 0), ("a", 30, 5, 5)]), &[]);
    assert_eq!(observed("a", 10), Observed { exposures: 5, errors: 2 });
    assert_eq!([observed("a", 30).exposures, observed("b", 20).exposures, observed("b", 10).exposures], [5, 4, 0]);
    let used = |hour, variant: &str, event: &str, outcomes| Used { hour, variant: variant.into(), event_type: event.into(), outcomes };
    assert_eq!(store.usage("a", 7).unwrap(), [used(7, "on", "enabled", 6), used(8, "", "other", 3)]);
    assert_eq!(store.usage("a", 8).unwrap().len(), 1);
    assert_eq!([store.last_used("a").unwrap(), store.last_used("b").unwrap()], [Some(8), None]);
    assert_eq!(store.unknown_flags(9).unwrap(), [UnknownFlag { name: "x".into(), outcomes: 9, last_at: 50 }]);
    assert_eq!(store.newest().unwrap().number, 0, "sums make no version");
    assert_eq!(store.receipt_key().unwrap(), None);
    store.keep_receipt_key("ab").unwrap();
    assert_eq!(store.receipt_key().unwrap().as_deref(), Some("ab"));
}

pub(super) fn finds_the_steps_of_rollouts<S: Store>(store: &S) {
    for (id, flag, name) in [("1", "a", "enabled"), ("2", "b", "enabled"), ("3", "a", "disabled"), ("4", "a", "rollback")] {
        let event = Event { flag: flag.into(), feature: flag.into(), name, metadata: "{}".into() };
        commit(store, &Commit { events: &[(id.into(), event)], ..Commit::default() }, 40).unwrap();
    }
    let ids = |asked: EventsQuery| -> Vec<String> {
        store.events(&EventsQuery { limit: 10, ..asked }).unwrap().entries.into_iter().map(|event| event.id).collect()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(ids(EventsQuery::default()), ["4", "3", "2", "1"]);
    assert_eq!(ids(EventsQuery { event: some("enabled"), ..EventsQuery::default() }), ["2", "1"]);
    assert_eq!(ids(EventsQuery { flag: some("a"), below: Some(4), ..EventsQuery::default() }), ["3", "1"]);
    assert!(ids(EventsQuery { customer: some("c"), ..EventsQuery::default() }).is_empty());
    assert_eq!(store.events(&EventsQuery { limit: 2, ..EventsQuery::default() }).unwrap().entries.len(), 2);
}

pub(super) fn keeps_the_progress_of_imports<S: Store>(store: &S) {
    let put = |import: &str, text: &str, at| {
        commit(store, &Commit { progress: Some(Progress { import, text }), ..Commit::default() }, at).unwrap();
    };
    put("first", "1", 1);
    put("first", "2", 2);
    assert_eq!(store.import_progress("first").unwrap().as_deref(), Some("2"));
    assert_eq!(store.import_progress("second").unwrap(), None);
    assert_eq!(store.newest().unwrap().number, 0, "progress makes no version");
    // It is committed with its rows, or neither is.
    let writes = [(key(RowKind::Customer, "c"), Some("{}".to_owned()))];
    let record = Record::seal(&change("a", true), &by(3), Link { sequence: 1, version: 1 }, "id", Hash::NONE, Hash::NONE);
    let twice = [record.clone(), record];
    let bad = Commit { writes: &writes, records: &twice, progress: Some(Progress { import: "first", text: "3" }), ..Commit::default() };
    assert!(store.commit(store.newest().unwrap(), &bad, Millis(3)).is_err());
    assert_eq!(store.import_progress("first").unwrap().as_deref(), Some("2"));
    // The oldest of more than a thousand goes.
    for number in 0..1_000 {
        put(&format!("i-{number}"), "1", 10 + number);
    }
    assert_eq!(store.import_progress("first").unwrap(), None);
    assert!(store.import_progress("i-0").unwrap().is_some());
}

pub(super) fn keeps_the_name_of_the_hub<S: Store>(store: &S) {
    assert_eq!(store.registered_name().unwrap(), None);
    for name in ["staging", "qa"] {
        store.keep_registered_name(name).unwrap();
        assert_eq!(store.registered_name().unwrap().as_deref(), Some(name));
    }
    assert_eq!(store.newest().unwrap().number, 0);
}

pub(super) fn keeps_the_last_use_of_each_token_that_is_there<S: Store>(store: &S) {
    put(store, &[(key(RowKind::Key, "t-1"), Some("{}")), (key(RowKind::Key, "t-2"), Some("{}"))], 10);
    let uses = || store.token_uses().unwrap().into_iter().collect::<Vec<_>>();
    let of = |token: &str, hour| (token.to_owned(), hour);
    assert_eq!(uses(), []);
    store.keep_token_use("t-1", 494_000).unwrap();
    store.keep_token_use("t-2", 494_001).unwrap();
    store.keep_token_use("t-1", 494_002).unwrap();
    // An isolate whose clock is behind.
    store.keep_token_use("t-2", 493_999).unwrap();
    assert_eq!(uses(), [of("t-1", 494_002), of("t-2", 494_001)]);
    // No version and no record tells of a use, and that of a token without a row is gone with the next one.
    assert_eq!((store.newest().unwrap().number, store.head().unwrap().link.sequence), (1, 0));
    put(store, &[(key(RowKind::Key, "t-1"), None)], 20);
    store.keep_token_use("absent", 494_003).unwrap();
    assert_eq!(uses(), [of("t-2", 494_001)]);
}
