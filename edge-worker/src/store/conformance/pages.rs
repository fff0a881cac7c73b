//! Rows on pages: short and long texts, many owners at once, and the versions of what lies on pages and of what does not.
use std::slice;

use super::*;

/// A text of this many bytes.
fn of(bytes: usize, letter: &str) -> String {
    letter.repeat(bytes)
}

/// A text of any length is the same by every way that leads to it, now and at each version.
pub(super) fn reads_texts_of_every_length<S: Store>(store: &S) {
    let (id, other) = (key(RowKind::Customer, "c"), key(RowKind::Organization, "o"));
    let texts = [
        Some(of(699, "a")),
        Some(of(700, "b")),
        Some(of(701, "c")),
        None,
        Some(of(1_200_000, "d")),
        Some(String::new()),
        Some(of(350, "ü")),
        Some(of(351, "ü")),
    ];
    put(store, &[(other.clone(), Some("{}"))], 1);
    for text in &texts {
        put(store, &[(id.clone(), text.as_deref())], 2);
    }
    let page = id.page().unwrap();
    let found = |wanted: Wanted<'_>| store.rows(wanted).unwrap().text(&id).map(str::to_owned);
    for (version, text) in (2_u32..).zip(&texts) {
        assert!(found(Wanted::KeysAt(&[id.clone(), other.clone()], version)) == *text, "{version}");
        assert!(found(Wanted::PageAt(page, version)) == *text, "{version}");
    }
    assert_eq!([found(Wanted::KeysAt(slice::from_ref(&id), 1)), found(Wanted::PageAt(page, 1))], [None, None]);
    for text in texts {
        put(store, &[(id.clone(), text.as_deref())], 3);
        let newest = store.newest().unwrap().number;
        for wanted in
            [Wanted::Paged, Wanted::PageAt(page, newest), Wanted::Keys(slice::from_ref(&id)), Wanted::KeysAt(slice::from_ref(&id), newest)]
        {
            assert!(found(wanted) == text, "{newest}");
        }
        assert_eq!(store.rows(Wanted::Paged).unwrap().text(&other), Some("{}"));
        assert_eq!(untold(store), None);
    }
}

/// One question names as many owners as an isolate asks for, rows without a page among them.
pub(super) fn reads_a_thousand_owners_at_once<S: Store>(store: &S) {
    let id = |number: usize| key(RowKind::Customer, &format!("c \"{number}\""));
    let text = |number: usize, version: usize| format!("{{\"{}\":true}}", "v".repeat(number % 900 + version));
    let all: Vec<RowKey> = (0..1_000).map(id).collect();
    let write = |version: usize, which: fn(&usize) -> bool| {
        let texts: Vec<(RowKey, String)> = (0..1_000).filter(which).map(|number| (id(number), text(number, version))).collect();
        put(store, &texts.iter().map(|(key, text)| (key.clone(), Some(text.as_str()))).collect::<Vec<_>>(), 1)
    };
    assert_eq!(write(1, |number| number % 10 != 9), 1);
    assert_eq!(write(2, |number| number % 3 == 0), 2);
    put(store, &[(id(5), None), (key(RowKind::Flag, "f"), Some("1"))], 1);
    let keys: Vec<RowKey> = all.iter().cloned().chain([key(RowKind::Flag, "f"), key(RowKind::Member, "private")]).collect();
    let expected = |version: usize| -> Vec<Option<String>> {
        let of = |number: usize| match (number % 10 == 9, number.is_multiple_of(3) && version >= 2) {
            _ if number == 5 && version >= 3 => None,
            (_, true) => Some(text(number, 2)),
            (false, false) => Some(text(number, 1)),
            (true, false) => None,
        };
        (0..1_000).map(of).chain([(version >= 3).then(|| "1".to_owned()), None]).collect()
    };
    let found = |wanted: Wanted<'_>| -> Vec<Option<String>> {
        let rows = store.rows(wanted).unwrap();
        keys.iter().map(|key| rows.text(key).map(str::to_owned)).collect()
    };
    for version in 1..=3 {
        assert_eq!(found(Wanted::KeysAt(&keys, u32::try_from(version).unwrap())), expected(version), "{version}");
    }
    assert_eq!(found(Wanted::Keys(&keys)), expected(3));
}

/// A program that writes overrides all day changes no version of definitions.
pub(super) fn tells_the_versions_of_definitions_and_overrides_apart<S: Store>(store: &S) {
    let versions = || (store.definitions_version().unwrap().number, store.overrides_version().unwrap().number);
    assert_eq!(versions(), (0, 0));
    let mut expected = (0, 0);
    for (number, (kind, changes)) in (1..).zip([
        (RowKind::Flag, (true, false)),
        (RowKind::Customer, (false, true)),
        (RowKind::State, (true, false)),
        (RowKind::Membership, (false, true)),
        (RowKind::Organization, (false, true)),
        (RowKind::Key, (true, false)),
        // A note of the trail.
        (RowKind::BreakGlass, (false, false)),
        (RowKind::Schedule, (false, false)),
        (RowKind::RolloutOverride, (false, false)),
        (RowKind::Epoch, (true, false)),
    ]) {
        assert_eq!(put(store, &[(key(kind, "a"), Some("{}"))], 1), number);
        expected = (if changes.0 { number } else { expected.0 }, if changes.1 { number } else { expected.1 });
        assert_eq!(versions(), expected, "{kind:?}");
    }
    put(store, &[(key(RowKind::Customer, "a"), None)], 1);
    assert_eq!(versions(), (10, 11));
    put(store, &[(key(RowKind::Flag, "a"), None)], 1);
    assert_eq!(versions(), (12, 11));
    let newest = store.newest().unwrap();
    assert_eq!((store.definitions_version().unwrap(), store.overrides_version().unwrap().epoch), (newest, newest.epoch));
}

/// A page that changed since is as it was, and others are not read again in the history.
pub(super) fn knows_the_versions_of_pages_then<S: Store>(store: &S) {
    let ids: Vec<RowKey> = (0..40).map(|number| key(RowKind::Customer, &format!("c-{number}"))).collect();
    for id in &ids {
        put(store, &[(id.clone(), Some("{}"))], 1);
    }
    put(store, &[(ids.first().unwrap().clone(), None)], 1);
    for version in 0..=41 {
        let mut expected = std::collections::BTreeMap::new();
        for (number, id) in (1..=version).zip(ids.iter().chain(ids.first())) {
            expected.insert(id.page().unwrap(), number);
        }
        assert_eq!(store.pages(Some(version)).unwrap(), expected.into_iter().collect::<Vec<_>>(), "{version}");
    }
    assert_eq!(store.pages(Some(41)).unwrap(), store.pages(None).unwrap());
}

/// A backup may cut a text anywhere, also where this release would not.
pub(super) fn takes_backups_with_parts_of_any_length<S: Store + Transfer>(store: &S) {
    let row = |version, part, text: &str| Line::Row("customer".into(), "c".into(), version, part, Some(text.into()));
    store.begin_restore().unwrap();
    store.restore(&[Line::Version(1, 1), row(1, 0, "{\"a\":"), row(1, 1, "true}"), Line::Version(2, 1), row(2, 0, "{}")]).unwrap();
    store.end_restore(true).unwrap();
    let id = key(RowKind::Customer, "c");
    let at = |version| store.rows(Wanted::KeysAt(slice::from_ref(&id), version)).unwrap().text(&id).map(str::to_owned);
    assert_eq!([at(1), at(2)], [Some("{\"a\":true}".to_owned()), Some("{}".to_owned())]);
    assert_eq!(untold(store), None);
    store.begin_restore().unwrap();
    store.restore(&[Line::Version(1, 1), row(1, 0, "{\"a\":"), row(1, 1, "true}")]).unwrap();
    store.end_restore(true).unwrap();
    assert_eq!(store.rows(Wanted::Keys(slice::from_ref(&id))).unwrap().text(&id), Some("{\"a\":true}"));
    assert_eq!(untold(store), None);
}
