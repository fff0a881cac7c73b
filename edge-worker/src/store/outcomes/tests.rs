use super::*;
use crate::{
    store::sqlite::database::tests::Memory,
    tally::wire::{Outcome, Stage},
};

const START: i64 = 1_700_000_000_000;
const EPOCH: &str = "0a1b2c3d4e5f";

fn book(bounds: Bounds) -> Book<Memory> {
    Book::new(Memory::new(), bounds)
}

fn stages() -> Stages {
    let stage = Stage { since: START, version: 1, window_ms: 3_600_000, on: "on".into() };
    Stages { epoch: EPOCH.into(), flags: [("f".to_owned(), stage)].into() }
}

fn outcome(id: &str, unit: &str, event: &str) -> Outcome {
    Outcome {
        id: id.into(),
        flag: "f".into(),
        unit: unit.into(),
        event: event.into(),
        variant: None,
        customer: None,
        metadata: "{}".into(),
        trust: Trust::Server,
        evaluated_at: None,
    }
}

fn arriving(outcomes: Vec<Outcome>) -> Arriving {
    Arriving { outcomes, ..Arriving::default() }
}

/// Works until nothing more is to do at once, and returns what was left.
fn work(book: &Book<Memory>, now: i64) -> Left {
    loop {
        match book.work(&stages(), &[], Millis(now)).unwrap() {
            Left::More => {}
            left => return left,
        }
    }
}

/// The batches that are not confirmed, of which the hub takes all.
fn sent(book: &Book<Memory>) -> Vec<Batch> {
    let mut all = Vec::new();
    while let Some((number, text)) = book.unsent(START).unwrap() {
        all.push(read_batch(&text).unwrap());
        book.confirmed(number, START).unwrap();
    }
    all
}

fn exposures(batches: &[Batch]) -> u64 {
    batches.iter().flat_map(|batch| &batch.sums).map(|sums| sums.exposures).sum()
}

fn count(book: &Book<Memory>, table: &str) -> i64 {
    book.database.number(&format!("SELECT count(*) AS n FROM {table}"), Vec::new()).unwrap().unwrap()
}

#[test]
fn an_outcome_that_is_sent_twice_counts_once_for_a_day() {
    let book = book(BOUNDS);
    let two = arriving(vec![outcome("1", "u", "enabled"), outcome("1", "v", "enabled")]);
    let taken = book.take(&two, Millis(START)).unwrap();
    assert_eq!(taken, Some(Taken { counted: 1, kept: 0, duplicates: 1 }));
    work(&book, START);
    work(&book, START + DAY_MS - 1);
    assert_eq!(book.take(&two, Millis(START + DAY_MS - 1)).unwrap().unwrap().duplicates, 2);
    work(&book, START + DAY_MS);
    assert_eq!(book.take(&two, Millis(START + DAY_MS)).unwrap().unwrap().duplicates, 1);
}

#[test]
fn a_batch_stays_until_it_is_confirmed_and_numbers_go_on() {
    let book = book(BOUNDS);
    for (number, unit) in [(1, "u"), (2, "v")] {
        book.take(&arriving(vec![outcome(unit, unit, "enabled")]), Millis(START)).unwrap();
        work(&book, START);
        let (first, _) = book.unsent(START).unwrap().unwrap();
        assert_eq!((first, count(&book, "outbox")), (1, number));
    }
    // The same tables, after a restart.
    let opened = Book::new(book.database, BOUNDS);
    let batches = sent(&opened);
    assert_eq!(batches.iter().map(|batch| batch.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(exposures(&batches), 2);
    assert!(batches[0].tally == batches[1].tally && batches[0].tally.len() == 16);
    assert_eq!(work(&opened, START + 1), Left::Until(START + 60_000), "nothing is counted twice");
    assert!(sent(&opened).is_empty());
}

#[test]
fn exposures_settle_when_their_minute_is_over() {
    let book = book(BOUNDS);
    book.take(&arriving(vec![outcome("1", "u", "enabled"), outcome("2", "v", "enabled"), outcome("3", "v", "error")]), Millis(START))
        .unwrap();
    assert_eq!(work(&book, START), Left::Until(START + 60_000));
    let before = sent(&book);
    assert_eq!((before[0].sums[0].stage, before[0].sums[0].open), ((1, 1), OpenUnits { stage: 1, treatment: 1, control: 0 }));
    // A restart counts the open exposures anew.
    let book = Book::new(book.database, BOUNDS);
    book.sql(START).unwrap();
    assert_eq!(book.open("f"), OpenUnits { stage: 1, treatment: 1, control: 0 });
    work(&book, START + 59_999);
    assert!(sent(&book).is_empty());
    work(&book, START + 60_000);
    let [batch] = sent(&book).try_into().unwrap();
    assert_eq!((batch.sums[0].stage, batch.sums[0].treatment, batch.sums[0].open), ((1, 0), (1, 0), OpenUnits::default()));
    assert_eq!(count(&book, "waiting"), 0);
}

#[test]
fn more_than_a_slice_is_counted_in_batches() {
    let book = book(BOUNDS);
    for part in 0..3 {
        let all = (0..1_000).map(|index| outcome(&format!("{part}-{index}"), &format!("{part}-{index}"), "enabled")).collect();
        book.take(&arriving(all), Millis(START)).unwrap();
    }
    work(&book, START);
    let batches = sent(&book);
    assert_eq!((batches.len(), exposures(&batches), count(&book, "arrived")), (3, 3_000, 0));
}

#[test]
fn five_anonymous_units_of_a_block_count_in_an_hour_also_after_a_restart() {
    let book = book(BOUNDS);
    let one = |number: i64| {
        let outcome = outcome(&number.to_string(), &number.to_string(), "error");
        let evaluated_at = Some((EPOCH.to_owned(), 1));
        let outcome = Outcome { trust: Trust::Anonymous, evaluated_at, ..outcome };
        Arriving { outcomes: vec![outcome], block: Some(9), unknown: Vec::new() }
    };
    let sums = |book: &Book<Memory>, now| {
        work(book, now);
        let all: Vec<_> = sent(book).into_iter().flat_map(|batch| batch.sums).collect();
        all.iter().fold((0, 0), |sum, one| (sum.0 + one.exposures, sum.1 + one.over_cap))
    };
    (0..4).for_each(|number| assert!(book.take(&one(number), Millis(START)).unwrap().is_some()));
    assert_eq!(sums(&book, START), (4, 0));
    let opened = Book::new(book.database, BOUNDS);
    (4..8).for_each(|number| assert!(opened.take(&one(number), Millis(START + 1)).unwrap().is_some()));
    assert_eq!(sums(&opened, START + 1), (1, 3));
    let hour = (START / 3_600_000 + 1) * 3_600_000;
    opened.take(&one(8), Millis(hour)).unwrap();
    assert_eq!(sums(&opened, hour), (1, 0));
}

#[test]
fn every_table_is_bounded() {
    let book = book(Bounds { arrived: 30, bytes: 4_000, units: 8, ids: 12 });
    for number in 0..40 {
        let id = number.to_string();
        book.take(&arriving(vec![outcome(&id, &id, "enabled")]), Millis(START + number)).unwrap();
        if number % 10 == 9 {
            work(&book, START + number);
        }
    }
    assert_eq!((count(&book, "units"), count(&book, "arrived")), (8, 0));
    assert!(count(&book, "events") <= 20 && count(&book, "ids") <= 12, "{} {}", count(&book, "events"), count(&book, "ids"));
    // While the hub is away, outcomes are refused before there are too many.
    let many = (0..31).map(|number| outcome(&format!("m-{number}"), "u", "enabled")).collect();
    assert_eq!(book.take(&arriving(many), Millis(START)).unwrap(), None);
    // What is old goes.
    work(&book, START + 8 * DAY_MS);
    for table in ["events", "ids", "units", "admitted", "waiting"] {
        assert_eq!(count(&book, table), 0, "{table}");
    }
    assert_eq!(work(&book, START + 8 * DAY_MS), Left::Nothing);
}

#[test]
fn stored_outcomes_are_found_newest_first() {
    let book = book(BOUNDS);
    let of = |id: &str, event: &str, customer: Option<&str>| Outcome { customer: customer.map(Into::into), ..outcome(id, "u", event) };
    let all = vec![of("1", "enabled", Some("c")), of("2", "error", Some("c")), of("3", "error", None)];
    book.take(&arriving(all), Millis(START)).unwrap();
    let ids = |asked: Asked| -> Vec<String> {
        let asked = Asked { limit: 9, ..asked };
        book.list(&asked, START).unwrap().outcomes.into_iter().map(|outcome| outcome.id).collect()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(ids(Asked::default()), ["3", "2", "1"]);
    assert_eq!(ids(Asked { event: some("error"), customer: some("c"), ..Asked::default() }), ["2"]);
    assert_eq!(ids(Asked { below: Some(3), flag: some("f"), ..Asked::default() }), ["2", "1"]);
    let page = book.list(&Asked { limit: 2, ..Asked::default() }, START).unwrap();
    assert_eq!((page.outcomes[0].timestamp, page.next), (START, Some(2)));
}
