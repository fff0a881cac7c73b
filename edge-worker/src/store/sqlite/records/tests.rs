//! Lists of records: what they find, and how much of the trail they read for it.
use control::rows::{RowKey, RowKind};
use serde_json::json;

use super::*;
use crate::store::{
    Read, Store,
    audit::EventsQuery,
    sqlite::{Sqlite, database::tests::Memory, events},
};

/// A record as the naive filter sees it.
#[derive(Clone)]
struct Told {
    sequence: u64,
    fields: [(&'static str, Option<String>); 6],
    version: u32,
}

const NAMES: [&str; 6] = ["flagPath", "customerId", "organizationId", "action", "changedBy", "pointer"];

fn store() -> Sqlite<Memory> {
    let store = Sqlite::new(Memory::new());
    let member = |customer: &str, organization: &str| (RowKey::of(RowKind::Membership, customer), Some(format!("\"{organization}\"")));
    let writes = [member("c-0", "o-0"), member("c\"1\n", "o-0"), member("c-2", "o-1")];
    let commit = Commit { writes: &writes, ..Commit::default() };
    store.commit(store.newest().unwrap(), &commit, Millis(1)).unwrap().unwrap();
    store
}

/// Fills the trail with records of every combination of few values, in an order without a period of theirs.
fn fill(store: &Sqlite<Memory>, count: u64) -> Vec<Told> {
    let mut state = 7_u64;
    let mut draw = |most: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % most
    };
    (1..=count)
        .map(|sequence| {
            let mut some = |names: &[&str]| names.get(usize::try_from(draw(4)).unwrap()).map(|name| (*name).to_owned());
            let values = [
                some(&["a", "b", "c"]),
                some(&["c-0", "c\"1\n", "c-2"]),
                some(&["o-0", "o-1"]),
                some(&["flag.kill", "customer.assign", "override.set", "flag.revive"]),
                some(&["ann", "bob"]),
                some(&["/segments/s"]),
            ];
            let version = u32::try_from(sequence / 3).unwrap() + 1;
            let made = vec![i64::from(version).into(), 1.into()];
            store.database.run("INSERT INTO versions VALUES (?, ?) ON CONFLICT DO NOTHING", made).unwrap();
            let fields = std::array::from_fn(|place| (NAMES[place], values[place].clone()));
            let mut payload = json!({ "id": format!("id-{sequence}") });
            for (name, value) in &fields {
                if let Some(value) = value {
                    payload[*name] = value.as_str().into();
                }
            }
            let row = vec![
                whole(sequence).unwrap(),
                i64::from(version).into(),
                payload.to_string().into(),
                "".into(),
                SqlStorageValue::Null,
                "".into(),
            ];
            store.database.run(INSERT, row).unwrap();
            Told { sequence, fields, version }
        })
        .collect()
}

/// Every query of filters that are given or not.
fn queries() -> impl Iterator<Item = ChangesQuery> {
    (0..256_u32).map(|given| {
        let some = |bit: u32, text: &str| (given & (1 << bit) != 0).then(|| text.to_owned());
        ChangesQuery {
            id: None,
            flags: if given & 1 == 0 { Vec::new() } else { vec!["a".to_owned(), "b".to_owned()] },
            pointer: some(1, "/segments/s"),
            customer: some(2, "c\"1\n"),
            organization: some(3, "o-0"),
            action: some(4, "flag.kill"),
            actor: some(5, "ann"),
            version: (given & 64 != 0).then_some(5),
            within: some(7, "o-0"),
            ..ChangesQuery::default()
        }
    })
}

/// The numbers of the records that match, found by looking at all of them.
fn naive(records: &[Told], asked: &ChangesQuery) -> Vec<u64> {
    let field = |record: &Told, name: &str| record.fields.iter().find(|(own, _)| *own == name).and_then(|(_, value)| value.clone());
    let assigned = |customer: &str| {
        let last = records.iter().rev().find(|record| {
            field(record, "customerId").as_deref() == Some(customer) && field(record, "action").as_deref() == Some("customer.assign")
        });
        last.map_or(0, |record| record.sequence)
    };
    let is = |record: &Told, name: &str, wanted: &Option<String>| wanted.is_none() || field(record, name) == *wanted;
    let is_within = |record: &Told| {
        let own =
            field(record, "organizationId") == asked.within && field(record, "action").is_some_and(|action| action != "customer.assign");
        let customer = field(record, "customerId").filter(|customer| customer != "c-2");
        asked.within.is_none() || own || customer.is_some_and(|customer| record.sequence > assigned(&customer))
    };
    let mut found: Vec<u64> = records
        .iter()
        .filter(|record| asked.flags.is_empty() || field(record, "flagPath").is_some_and(|flag| asked.flags.contains(&flag)))
        .filter(|record| is(record, "pointer", &asked.pointer) && is(record, "customerId", &asked.customer))
        .filter(|record| is(record, "organizationId", &asked.organization) && is(record, "action", &asked.action))
        .filter(|record| is(record, "changedBy", &asked.actor) && asked.version.is_none_or(|version| version == record.version))
        .filter(|record| is_within(record))
        .map(|record| record.sequence)
        .collect();
    found.reverse();
    found
}

#[test]
fn pages_of_every_combination_of_filters_hold_what_all_records_hold() {
    let store = store();
    let records = fill(&store, 600);
    for asked in queries() {
        let expected = naive(&records, &asked);
        for (limit, budget) in [(1_000, None), (3, Some(11)), (50, Some(40))] {
            let (mut found, mut below, mut pages) = (Vec::new(), None, 0);
            loop {
                let page = store
                    .changes(&ChangesQuery {
                        flags: asked.flags.clone(),
                        pointer: asked.pointer.clone(),
                        customer: asked.customer.clone(),
                        organization: asked.organization.clone(),
                        action: asked.action.clone(),
                        actor: asked.actor.clone(),
                        within: asked.within.clone(),
                        version: asked.version,
                        below,
                        limit,
                        budget,
                        id: None,
                    })
                    .unwrap();
                found.extend(page.entries.iter().map(|record| record.link.sequence));
                assert!(page.entries.len() <= limit as usize);
                pages += 1;
                match page.next {
                    Some(next) => assert!(below.replace(next).is_none_or(|before| next < before)),
                    None => break,
                }
            }
            assert!(pages <= 602, "{pages}");
            assert_eq!(found, expected, "{:?}", search(&asked).unwrap().statement(COLUMNS).0);
        }
    }
}

#[test]
fn a_page_looks_at_no_more_records_than_it_may() {
    let store = store();
    fill(&store, 600);
    // The newest 40 records: no two pages overlap, and an empty page goes on.
    let asked = ChangesQuery { within: Some("none".into()), limit: 10, budget: Some(40), ..ChangesQuery::default() };
    let page = store.changes(&asked).unwrap();
    assert_eq!((page.entries.len(), page.next), (0, Some(561)));
    let page = store.changes(&ChangesQuery { below: Some(40), ..asked }).unwrap();
    assert_eq!((page.entries.len(), page.next), (0, None));
}

#[derive(Deserialize)]
struct Step {
    detail: String,
}

/// Refuses the plan of a search that walks a table, by its rows or in the order of its key where a filter has an index to follow.
fn check_plan(store: &Sqlite<Memory>, search: &Search) {
    let (statement, values) = search.statement("sequence");
    let plan: Vec<Step> = store.database.exec(&format!("EXPLAIN QUERY PLAN {statement}"), values).unwrap();
    assert!(!plan.is_empty());
    let by_key = format!("SEARCH {} USING INTEGER PRIMARY KEY (rowid<?)", search.table);
    for Step { detail } in plan {
        let is_bounded =
            ["SCAN looked", "SCAN wanted", "SCAN json_each", "SCAN (subquery"].iter().any(|bounded| detail.starts_with(bounded));
        assert!(!detail.starts_with("SCAN") || is_bounded, "{detail}\n{statement}");
        assert!(search.followed.is_none() || detail != by_key, "{detail}\n{statement}");
        let sorts = detail.contains("TEMP B-TREE") && search.followed.is_none() && search.tested.is_empty();
        assert!(!sorts, "{detail}\n{statement}");
    }
}

#[test]
fn no_combination_of_filters_walks_the_trail_or_a_log() {
    let store = store();
    fill(&store, 10);
    for asked in queries() {
        check_plan(&store, &search(&asked).unwrap());
    }
    let many = ChangesQuery { flags: (0..50_000).map(|name| name.to_string()).collect(), ..ChangesQuery::default() };
    check_plan(&store, &search(&many).unwrap());
    check_plan(&store, &search(&ChangesQuery { id: Some("i".into()), ..ChangesQuery::default() }).unwrap());
    for given in 0..8 {
        let some = |bit: u32| (given & (1 << bit) != 0).then(|| "x".to_owned());
        let asked = EventsQuery { flag: some(0), customer: some(1), event: some(2), ..EventsQuery::default() };
        check_plan(&store, &events::search(&asked));
    }
}

#[test]
fn each_filter_follows_its_own_index() {
    let store = store();
    let plan = |asked: &ChangesQuery| {
        let (statement, values) = search(asked).unwrap().statement(COLUMNS);
        let plan: Vec<Step> = store.database.exec(&format!("EXPLAIN QUERY PLAN {statement}"), values).unwrap();
        plan.into_iter().map(|step| step.detail).collect::<Vec<_>>().join("\n")
    };
    let some = || Some("x".to_owned());
    let one = ChangesQuery::default;
    for (asked, index) in [
        (ChangesQuery { id: some(), ..one() }, "by_id (id=? AND rowid<?)"),
        (ChangesQuery { pointer: some(), ..one() }, "by_pointer (<expr>=? AND rowid<?)"),
        (ChangesQuery { customer: some(), ..one() }, "by_customer (customer_id=? AND rowid<?)"),
        (ChangesQuery { organization: some(), ..one() }, "by_organization (organization_id=? AND rowid<?)"),
        (ChangesQuery { actor: some(), ..one() }, "by_actor (changed_by=? AND rowid<?)"),
        (ChangesQuery { action: some(), ..one() }, "by_action (action=? AND rowid<?)"),
        (ChangesQuery { version: Some(1), ..one() }, "by_version (version=? AND rowid<?)"),
        (ChangesQuery { flags: vec!["a".into(), "b".into()], ..one() }, "by_flag (flag_path=? AND rowid<?)"),
        (ChangesQuery { within: some(), ..one() }, "of_assignments (customer_id=?)"),
    ] {
        let plan = plan(&asked);
        assert!(plan.contains(&format!("INDEX feature_flag_changes_{index}")), "{index}\n{plan}");
    }
}
