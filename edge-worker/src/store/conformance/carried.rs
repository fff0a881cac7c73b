//! Backups.
use super::*;

/// All lines of a backup of the store as it was when it began.
pub(super) fn backup(store: &impl Transfer, meanwhile: impl Fn()) -> (backup::Head, Vec<Line>) {
    let head = store.backup_head().unwrap();
    meanwhile();
    let (mut place, mut all) = (Place::default(), Vec::new());
    while let Some((lines, next)) = store.backup(&head, place).unwrap() {
        all.extend(lines);
        place = next;
    }
    (head, all)
}

pub(super) fn is_carried_to_another<S: Store + Transfer>(from: &S, to: &S) {
    fill(from, &[change("a", false), of_customer("a", "c-1"), change("b", true)]);
    put(from, &[(key(RowKind::Customer, "c-1"), Some("{}")), (key(RowKind::Segment, "long"), Some(&"x".repeat(1_200_000)))], 4_000);
    put(from, &[(key(RowKind::Segment, "gone"), Some("1"))], 5_000);
    put(from, &[(key(RowKind::Segment, "gone"), None)], 6_000);
    let event = Event { flag: "a".into(), feature: "the a".into(), name: "enabled", metadata: "{}".into() };
    commit(from, &Commit { events: &[("1".into(), event)], ..Commit::default() }, 6_000).unwrap();
    let state = GuardRow { flag: "a".into(), state: "{}".into(), held_at: Some(Millis(5)) };
    from.keep_sums(&kept::batch("t", 1, &[("a", 0, 1, 1), ("b", 3, 2, 0)]), &[state], Millis(1)).unwrap();
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
    assert_eq!((to.usage("a", 0).unwrap(), to.guard_state("a").unwrap()), (from.usage("a", 0).unwrap(), from.guard_state("a").unwrap()));
    assert_eq!(backup(to, || ()).1, lines);
    // It goes on from there.
    fill(to, &[change("a", true)]);

    // An unfinished restore is not visible, and takes nothing away.
    let all = || (to.newest().unwrap(), backup(to, || ()).1, untold(to));
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
