//! Records, their chain, and what they commit to.
use super::*;

/// The parts of everything, with where each stands.
pub(super) fn all_parts(store: &impl Store) -> Vec<audit::Part> {
    let mut all: Vec<audit::Part> = Vec::new();
    loop {
        let more = store.parts(all.last()).unwrap();
        if more.is_empty() {
            return all;
        }
        all.extend(more);
    }
}

pub(super) fn lists_what_each_version_wrote<S: Store>(store: &S) {
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

pub(super) fn tells_what_a_version_replaced<S: Store>(store: &S) {
    let (a, b, c) = (key(RowKind::Flag, "a"), key(RowKind::Flag, "b"), key(RowKind::Customer, "c"));
    let long = "x".repeat(1_200_000);
    put(store, &[(a.clone(), Some(&long)), (b.clone(), Some("1")), (c.clone(), Some("{}"))], 10);
    put(store, &[(b.clone(), Some("2"))], 20);
    put(store, &[(a.clone(), None), (b.clone(), Some("3"))], 30);
    put(store, &[(b.clone(), Some("4"))], 40);
    let of = |version: u32| -> Vec<_> {
        let rows = store.reverted(version).unwrap().rows.into_iter();
        rows.map(|row| (row.key, row.before, row.written, row.newest)).collect()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(of(3), [(a.clone(), some(&long), None, 3), (b.clone(), some("2"), some("3"), 4)]);
    assert_eq!(of(1), [(c, None, some("{}"), 1), (a.clone(), None, some(&long), 3), (b.clone(), None, some("1"), 4)]);
    assert_eq!(of(7), []);
    assert_eq!([None, Some(3), Some(1)].map(|below| store.last_write(&a, below).unwrap()), [Some(3), Some(1), None]);
    assert_eq!([1, 2, 3].map(|version| store.written(&a, version).unwrap()), [some(&long), None, None]);
    assert_eq!([3, 4].map(|version| store.written(&b, version).unwrap()), [some("3"), some("4")]);
}

pub(super) fn lists_records_and_versions<S: Store>(store: &S) {
    fill(store, &[change("a", false), of_customer("a", "c-1"), of_organization("b", "o-1"), change("a", true), of_customer("b", "c-2")]);
    put(store, &[(key(RowKind::Membership, "c-2"), Some("\"o-1\""))], 9_000);
    let numbers = |asked: ChangesQuery| -> Vec<u64> {
        store.changes(&ChangesQuery { limit: 10, ..asked }).unwrap().entries.iter().map(|record| record.link.sequence).collect()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(numbers(ChangesQuery::default()), [5, 4, 3, 2, 1]);
    assert_eq!(numbers(ChangesQuery { flags: vec!["a".to_owned()], ..ChangesQuery::default() }), [4, 2, 1]);
    assert_eq!(numbers(ChangesQuery { flags: vec!["a".to_owned()], below: Some(4), ..ChangesQuery::default() }), [2, 1]);
    assert_eq!(numbers(ChangesQuery { flags: vec!["a".to_owned(), "b".to_owned()], ..ChangesQuery::default() }), [5, 4, 3, 2, 1]);
    assert_eq!(numbers(ChangesQuery { customer: some("c-1"), ..ChangesQuery::default() }), [2]);
    assert_eq!(numbers(ChangesQuery { organization: some("o-1"), ..ChangesQuery::default() }), [3]);
    assert_eq!(numbers(ChangesQuery { action: some("flag.kill"), ..ChangesQuery::default() }), [1]);
    assert_eq!(numbers(ChangesQuery { actor: some("bob"), ..ChangesQuery::default() }), [0_u64; 0]);
    assert_eq!(numbers(ChangesQuery { version: Some(3), ..ChangesQuery::default() }), [3]);
    // Those of the organization and of its customers.
    assert_eq!(numbers(ChangesQuery { within: some("o-1"), ..ChangesQuery::default() }), [5, 3]);
    assert_eq!(store.changes(&ChangesQuery { limit: 2, ..ChangesQuery::default() }).unwrap().entries.len(), 2);
    let versions = store.versions(None, 3).unwrap();
    let seen: Vec<_> = versions.iter().map(|version| (version.number, version.at.0, version.changes, version.first.is_some())).collect();
    assert_eq!(seen, [(6, 9_000, 0, false), (5, 5_000, 1, true), (4, 4_000, 1, true)]);
    assert_eq!(store.versions(Some(3), 10).unwrap().len(), 2);
}

pub(super) fn holds_the_chain<S: Store>(store: &S) {
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
    assert_eq!(untold(store), None);
}

pub(super) fn explains_by_the_level_that_answered<S: Store>(store: &S) {
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
    // Of later records about the flag that change no answer, none is the cause of one.
    for (number, change) in (6..).zip([
        Change::held("a".to_owned(), "{}".to_owned()),
        Change { action: Action::EditAdopted, ..change("a", true) },
        Change { action: Action::ScheduleIdle, ..change("a", true) },
    ]) {
        let link = Link { sequence: number, version: 5 };
        let record = Record::seal(&change, &by(9_000), link, &format!("id-{number}"), Hash::NONE, store.head().unwrap().chain);
        commit(store, &Commit { records: &[record], ..Commit::default() }, 9_000).unwrap();
    }
    assert_eq!(store.head().unwrap().link.sequence, 8);
    for layer in ["kill", "rollout", "default"] {
        assert_eq!(found(layer, None, None, 5), if layer == "rollout" { None } else { Some(1) }, "{layer}");
    }
}

pub(super) fn lists_what_serves<S: Store>(store: &S) {
    let long = "y".repeat(1_200_000);
    put(
        store,
        &[(key(RowKind::Flag, "a"), Some("1")), (key(RowKind::Flag, "b"), Some("1")), (key(RowKind::Segment, "s"), Some(&long))],
        10,
    );
    put(store, &[(key(RowKind::Flag, "a"), Some("2")), (key(RowKind::Flag, "b"), None), (key(RowKind::Customer, "c"), Some("{}"))], 20);
    let many: Vec<String> = (0..200).map(|number| format!("f{number:03}")).collect();
    put(store, &many.iter().map(|name| (key(RowKind::Flag, name), Some("{}"))).collect::<Vec<_>>(), 30);
    let serving = |version| -> Vec<(String, String, u32, String)> {
        let mut all: Vec<audit::Part> = Vec::new();
        while let Some(more) = Some(store.serving_parts(version, all.last()).unwrap()).filter(|more| !more.is_empty()) {
            all.extend(more);
        }
        all.retain(|part| part.text.is_some());
        let place = |part: &audit::Part| (part.kind.clone(), part.name.clone(), part.number);
        assert!(all.is_sorted_by_key(place), "{:?}", all.iter().map(place).collect::<Vec<_>>());
        assert!(all.iter().all(|part| (part.page.is_some()) == (part.kind == "customer")));
        let mut rows: Vec<(String, String, u32, String)> = Vec::new();
        for part in all {
            let text = part.text.unwrap();
            match rows.last_mut().filter(|(kind, name, ..)| *kind == part.kind && *name == part.name) {
                Some((_, _, _, whole)) => whole.push_str(&text),
                None => rows.push((part.kind, part.name, part.version, text)),
            }
        }
        rows
    };
    let row = |kind: &str, name: &str, version, text: &str| (kind.to_owned(), name.to_owned(), version, text.to_owned());
    assert_eq!(serving(0), []);
    assert_eq!(serving(1), [row("flag", "a", 1, "1"), row("flag", "b", 1, "1"), row("segment", "s", 1, &long)]);
    assert_eq!(serving(2), [row("customer", "c", 2, "{}"), row("flag", "a", 2, "2"), row("segment", "s", 1, &long)]);
    assert_eq!(serving(3).len(), 203);
    assert_eq!(serving(99), serving(3));
}

pub(super) fn knows_which_versions_no_record_commits_to<S: Store>(store: &S) {
    assert!(!store.lacks_baseline().unwrap());
    // As releases wrote that kept no trail, and one behind them.
    put(store, &[(key(RowKind::Flag, "a"), Some("1"))], 100);
    put(store, &[(key(RowKind::Flag, "a"), Some("2"))], 200);
    assert!(store.lacks_baseline().unwrap());
    fill(store, &[change("a", false), change("a", true)]);
    assert!(store.lacks_baseline().unwrap() && untold(store).is_none());
    let baseline = |version| {
        let Head { chain, link, .. } = store.head().unwrap();
        let link = Link { sequence: link.sequence + 1, version };
        let record = Record::seal(&control::change::Change::baseline(), &by(9_000), link, &format!("b-{version}"), Hash::NONE, chain);
        commit(store, &Commit { records: &[record], ..Commit::default() }, 9_000).unwrap();
    };
    baseline(4);
    assert!(!store.lacks_baseline().unwrap() && untold(store).is_none());
    // A version that no release wrote: no baseline may commit to its rows, and one that does is no record of it.
    put(store, &[(key(RowKind::Flag, "a"), Some("10"))], 10_000);
    let expected = || Some("version 5 has no record".to_owned());
    assert!(!store.lacks_baseline().unwrap() && untold(store) == expected());
    baseline(5);
    assert_eq!(untold(store), expected());
    let Head { chain, link, .. } = store.head().unwrap();
    let link = Link { sequence: link.sequence + 1, version: 5 };
    let erasure = Record::seal(&control::change::Change::erasure(1), &by(9_000), link, "e", Hash::NONE, chain);
    commit(store, &Commit { records: &[erasure], erase: Some(1), ..Commit::default() }, 10_000).unwrap();
    assert_eq!(untold(store), expected());
    assert!(store.records(0, 1).unwrap()[0].payload.is_none());
}

pub(super) fn takes_a_version_behind_a_proved_one_for_no_earlier_releases<S: Store>(store: &S) {
    fill(store, &[change("a", false)]);
    put(store, &[(key(RowKind::Flag, "a"), Some("9"))], 9_000);
    assert!(!store.lacks_baseline().unwrap());
}

pub(super) fn finds_the_slices_that_wrote_an_owner<S: Store>(store: &S) {
    let (a, b, o) = (key(RowKind::Customer, "a\""), key(RowKind::Customer, "b"), key(RowKind::Organization, "b"));
    // The import "one" writes a and b, another actor b, the import "two" a and the organization b, and an actor takes a away.
    let put = |version: u32, action: Action, import: &str, rows: &[(&RowKey, Option<&str>)]| {
        let new = Some(format!(r#"{{"import":"{import}"}}"#));
        let change = Change { action, new, flag: None, ..change("x", true) };
        let link = Link { sequence: version.into(), version };
        let record = Record::seal(&change, &by(version.into()), link, &format!("id-{version}"), Hash::NONE, Hash::NONE);
        let writes: Vec<_> = rows.iter().map(|(key, text)| ((*key).clone(), text.map(str::to_owned))).collect();
        commit(store, &Commit { writes: &writes, records: &[record], ..Commit::default() }, version.into()).unwrap();
    };
    put(1, Action::OverridesImported, "one", &[(&a, Some("1")), (&b, Some("1"))]);
    put(2, Action::OverrideSet, "one", &[(&b, Some("2"))]);
    put(3, Action::OverridesImported, "two", &[(&a, Some("3")), (&o, Some("3"))]);
    put(4, Action::OverrideRemoved, "", &[(&a, None)]);

    let keys = [a.clone(), b.clone(), o.clone()];
    let written = |import, from| store.written_by_import(&keys, import, from).unwrap();
    assert_eq!(written("one", 1), [a.clone(), b.clone()]);
    assert_eq!(written("one", 2), []);
    assert_eq!(written("two", 1), [a.clone(), o.clone()]);
    assert_eq!(written("three", 0), []);

    let versions = |key: &RowKey, upto, limit| store.import_versions(key, upto, limit).unwrap();
    assert_eq!((versions(&a, 9, 9), versions(&a, 9, 1), versions(&a, 2, 9)), (vec![3, 1], vec![3], vec![1]));
    assert_eq!((versions(&b, 9, 9), versions(&o, 9, 9)), (vec![1], vec![3]));

    // Records of slices name no owner.
    let of = |customer: Option<&str>, organization: Option<&str>| -> Vec<u32> {
        let some = |id: Option<&str>| id.map(str::to_owned);
        let query = ChangesQuery { customer: some(customer), organization: some(organization), limit: 9, ..ChangesQuery::default() };
        store.changes(&query).unwrap().entries.iter().map(|record| record.link.version).collect()
    };
    assert_eq!((of(Some("a\""), None), of(Some("b"), None), of(None, Some("b"))), (vec![3, 1], vec![1], vec![3]));
    assert!(of(Some("c"), None).is_empty());
    // An organization's people do not see records that count other owners, too.
    put(5, Action::OverrideSet, "", &[(&key(RowKind::Membership, "b"), Some("\"b\""))]);
    let query = ChangesQuery { customer: Some("b".to_owned()), within: Some("b".to_owned()), limit: 9, ..ChangesQuery::default() };
    assert!(store.changes(&query).unwrap().entries.is_empty());

    let owners = |after: &str, version, limit| store.owners_at("customer", after, version, limit).unwrap();
    assert_eq!(
        (owners("", 9, 9), owners("", 9, 1), owners(&a.name, 9, 9)),
        (vec![a.name.clone(), b.name.clone()], vec![a.name.clone()], vec![b.name.clone()])
    );
    assert_eq!((owners("", 0, 9), store.owners_at("organization", "", 2, 9).unwrap()), (vec![], vec![]));
}

pub(super) fn finds_the_rows_that_were_last_written_or_removed_by_an_action<S: Store>(store: &S) {
    let put = |version: u32, action: Action, rows: &[(RowKind, &str, Option<&str>)]| {
        let link = Link { sequence: version.into(), version };
        let record = Record::seal(
            &Change { action, ..change("x", true) },
            &by(version.into()),
            link,
            &format!("id-{version}"),
            Hash::NONE,
            Hash::NONE,
        );
        let writes: Vec<_> = rows.iter().map(|(kind, name, text)| (key(*kind, name), text.map(str::to_owned))).collect();
        commit(store, &Commit { writes: &writes, records: &[record], ..Commit::default() }, version.into()).unwrap();
    };
    let (flag, segment) = (RowKind::Flag, RowKind::Segment);
    put(
        1,
        Action::DefinitionImported,
        &[(flag, "a", Some("1")), (flag, "b\"", Some("1")), (flag, "c", Some("1")), (segment, "a", Some("1"))],
    );
    put(2, Action::DefinitionSet, &[(flag, "a", None)]);
    put(3, Action::Reverted, &[(segment, "a", None), (RowKind::State, "c", None), (RowKind::Customer, "c", None)]);
    put(4, Action::DefinitionImported, &[(flag, "b\"", None)]);
    put(5, Action::DefinitionSet, &[(flag, "c", Some("2")), (flag, "d", Some("2"))]);
    let edits = [Action::DefinitionSet, Action::Reverted];
    let removed = || store.last_removed_by(&[flag, segment], &edits).unwrap();
    assert_eq!(store.last_written_by(&[flag, segment], &edits).unwrap(), [key(flag, "c"), key(flag, "d")]);
    assert_eq!(removed(), [key(flag, "a"), key(segment, "a")]);
    assert_eq!(store.last_removed_by(&[segment], &[Action::DefinitionSet]).unwrap(), []);
    // Removed once more by an import, or written again.
    put(6, Action::EditAdopted, &[(flag, "a", None)]);
    assert_eq!(removed(), [key(segment, "a")]);
    put(7, Action::DefinitionSet, &[(segment, "a", Some("1")), (flag, "d", None)]);
    assert_eq!(removed(), [key(flag, "d")]);
    put(8, Action::DefinitionSet, &[(flag, "b\"", Some("3"))]);
    put(9, Action::DefinitionSet, &[(flag, "b\"", None)]);
    assert_eq!(removed(), [key(flag, "b\""), key(flag, "d")]);
}
