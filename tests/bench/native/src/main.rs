//! The native core beside Eppo's, on one workload: `bench-native FOLDER` reads what `tests/bench/js/dump.mjs` wrote and prints
//! nanoseconds and bytes as JSON.
//!
//! Times are CPU time of this thread; the lower quartile of many short batches, because others share the cores.
use std::{
    alloc::{GlobalAlloc, Layout, System},
    hint::black_box,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use eppo_core::{
    AttributeValue, Attributes, CategoricalAttribute, Configuration, SdkMetadata, Str,
    eval::get_assignment,
    ufc::{AssignmentValue, UniversalFlagConfig, VariationType},
};
use sdk_core::{BucketKey, Compiled, CompiledFlag, Compiler, Context, Environment, FlagState, FlagType, Millis, Value};
use serde::Deserialize;
use serde_json::json;

/// Counts what is held.
struct Counting;
static HELD: AtomicUsize = AtomicUsize::new(0);

// SAFETY: hands everything to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        HELD.fetch_add(size, Relaxed);
        HELD.fetch_sub(layout.size(), Relaxed);
        unsafe { System.realloc(place, layout, size) }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(Deserialize)]
struct User {
    id: String,
    plan: String,
    country: String,
    org: String,
}

#[derive(Deserialize)]
struct Flag {
    key: String,
    attribute: String,
    values: Vec<String>,
    allow: Vec<String>,
}

impl Flag {
    /// Whether the list or the rule switches the flag on; what is left is drawn.
    fn settled(&self, user: &User) -> bool {
        let attribute = if self.attribute == "country" { &user.country } else { &user.plan };
        self.allow.contains(&user.id) || self.values.contains(attribute)
    }
}

const NOW: Millis = Millis(1_762_128_000_000);
const BOOLEAN: Option<FlagType> = Some(FlagType::Boolean);

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).expect("expected the folder of the workload"));
    let users: Vec<User> = serde_json::from_str(&std::fs::read_to_string(folder.join("users.json"))?)?;
    let mut results = json!({});
    for size in [10, 100, 1000] {
        let flags: Vec<Flag> = serde_json::from_str(&std::fs::read_to_string(folder.join(format!("flags-{size}.json")))?)?;
        results["Twinflag"][size.to_string()] = ours(&folder, &flags, &users)?;
        results["eppo_core"][size.to_string()] = eppo(&folder, &flags, &users)?;
    }
    results["extremes"] = extremes(&folder)?;
    println!("{results}");
    Ok(())
}

/// Documents at the edge of what is usual, each beside a plain twin: see `tests/bench/js/extremes.mjs`.
fn extremes(folder: &Path) -> std::io::Result<serde_json::Value> {
    let text = |name: &str| std::fs::read_to_string(folder.join(name).with_extension("json"));
    let compile = |text: &str| sdk_core::compile(text, None).expect("the document is sound");
    let load = |name: &str| -> std::io::Result<f64> {
        let text = text(name)?;
        Ok(least_call(|| drop(black_box(compile(&text)))))
    };
    let all = |name: &str, context: &Context| -> std::io::Result<f64> {
        let compiled = compile(&text(name)?);
        Ok(time(|_| {
            black_box(compiled.ruleset.visitor(compiled.overrides.of(context), context, NOW).evaluate_all().count());
        }))
    };
    let one = |name: &str, context: &Context| -> std::io::Result<f64> {
        let compiled = compile(&text(name)?);
        Ok(time(|_| {
            black_box(compiled.ruleset.evaluate(compiled.overrides.of(context), black_box("flag-0000"), context, NOW, BOOLEAN).value());
        }))
    };
    let (ascii, cyrillic) = ("Alexandra Konstantinopolis", "Александра Константинополь");
    let pro = Context::new().string("plan", "pro");
    let chain = compile(&text("chain-5000")?);
    let keys: Vec<&str> = chain.ruleset.flag_keys().collect();
    let one_by_one = least_call(|| {
        let mut visitor = chain.ruleset.visitor(chain.overrides.of(&pro), &pro, NOW);
        for key in &keys {
            black_box(visitor.evaluate(key, BOOLEAN).value());
        }
    });
    let (before, changed, killed) = (text("patterns-5000")?, text("patterns-5000-changed")?, text("patterns-5000-killed")?);
    let again = |text: &str| {
        let mut compiler = Compiler::new();
        least(|| {
            compiler.compile(&before, None).expect("the document is sound");
            let start = cpu();
            drop(black_box(compiler.compile(text, None).expect("the document is sound")));
            cpu() - start
        })
    };
    let full = rows(&text("full-5000")?);
    Ok(json!({
        "patterns 1000": load("patterns-1000")?,
        "patterns 5000": load("patterns-5000")?,
        "row changed": one_row(rows(&before), &definitions(&changed), |row, (key, definition, _)| {
            row.0 = CompiledFlag::compile(key, definition).expect("the flag is sound");
        }),
        "row killed": one_row(rows(&before), &definitions(&killed), |row, (key, _, state)| row.1 = FlagState::read(key, state)),
        "restated": restated(&before, &killed),
        "full linked": least_call(|| drop(black_box(link(&full)))),
        "document changed": again(&changed),
        "document killed": again(&killed),
        "ascii": all("names-ascii", &Context::new().string("name", ascii))?,
        "cyrillic": all("names-cyrillic", &Context::new().string("name", cyrillic))?,
        "attribute": one("attributes-1", &pro)?,
        "attributes": one("attributes-5000", &pro)?,
        "at once": all("chain-5000", &pro)?,
        "one by one": one_by_one,
    }))
}

/// The flags of a document: key, definition and state.
fn definitions(document: &str) -> Vec<(String, String, String)> {
    let mut document: serde_json::Value = serde_json::from_str(document).expect("the document is JSON");
    let flags = document["flags"].as_object_mut().map(std::mem::take).expect("the document has flags");
    let apart = |(key, mut definition): (String, serde_json::Value)| {
        let members = definition.as_object_mut().expect("a flag is an object");
        let state: serde_json::Map<_, _> =
            ["enabled", "rollout"].into_iter().filter_map(|name| Some((name.to_owned(), members.remove(name)?))).collect();
        (key, definition.to_string(), serde_json::Value::Object(state).to_string())
    };
    flags.into_iter().map(apart).collect()
}

/// A flag as a store keeps it: what its definition compiles to, and its state.
type Row = (CompiledFlag, FlagState);

fn rows(document: &str) -> Vec<Row> {
    let row = |(key, definition, state): &(String, String, String)| {
        (CompiledFlag::compile(key, definition).expect("the flag is sound"), FlagState::read(key, state))
    };
    definitions(document).iter().map(row).collect()
}

fn link(rows: &[Row]) -> Compiled {
    let environment = Environment { name: None, key: BucketKey::from_bytes([7; 16]), private: &[] };
    let linked = sdk_core::link(&environment, [], rows.iter().map(|(flag, state)| (flag, state))).expect("the rows are sound");
    assert_eq!((linked.ruleset.len(), linked.error_count), (rows.len(), 0));
    linked
}

/// The row in the middle replaced and all linked.
fn one_row(mut rows: Vec<Row>, new: &[(String, String, String)], replace: impl Fn(&mut Row, &(String, String, String))) -> f64 {
    let middle = rows.len() / 2;
    least_call(|| {
        replace(&mut rows[middle], &new[middle]);
        drop(black_box(link(&rows)));
    })
}

/// The flag in the middle of a document is killed in the ruleset, as the hub and the isolates do it; no other flag is looked at.
fn restated(before: &str, killed: &str) -> f64 {
    let read = |document: &str| -> serde_json::Value { serde_json::from_str(document).expect("the document is JSON") };
    let (before, killed) = (read(before), read(killed));
    let flags = killed["flags"].as_object().expect("the document has flags");
    let (key, flag) = flags.iter().nth(flags.len() / 2).expect("the document has flags");
    let (text, mut compiler) = (flag.to_string(), Compiler::new());
    let mut ruleset = compiler.compile(&before.to_string(), None).expect("the document is sound").ruleset;
    least_call(|| {
        let change = compiler.restate(&ruleset, key, black_box(&text)).expect("the definition is the same");
        assert!(ruleset.restate(&change), "the ruleset takes the change");
    })
}

fn ours(folder: &Path, flags: &[Flag], users: &[User]) -> std::io::Result<serde_json::Value> {
    let text = std::fs::read_to_string(folder.join(format!("document-{}.json", flags.len())))?;
    let load = || sdk_core::compile(&text, None).expect("the document is sound");
    let context = |user: &User| {
        Context::with_capacity(128)
            .string("targetingKey", &user.id)
            .string("plan", &user.plan)
            .string("country", &user.country)
            .string("org", &user.org)
    };
    let is_on = |value: Option<Value<'_>>| value == Some(Value::Boolean(true));
    let one = |compiled: &Compiled, key: &str, context: &Context| {
        is_on(compiled.ruleset.evaluate(compiled.overrides.of(context), key, context, NOW, BOOLEAN).value())
    };
    let all = |compiled: &Compiled, context: &Context| {
        compiled.ruleset.visitor(compiled.overrides.of(context), context, NOW).evaluate_all().filter(|answer| is_on(answer.value())).count()
    };
    let engine = Engine { load, context, one, all };
    let mut result = engine.measure(flags, users);
    // Somebody who is asked about more than one flag is a `Visitor`; one flag of a held context is a question to it.
    let (compiled, held) = (load(), context(&users[4242]));
    let mut visitor = compiled.ruleset.visitor(compiled.overrides.of(&held), &held, NOW);
    result["held"] = result["same"].take();
    result["same"] = time(|i| {
        black_box(is_on(visitor.evaluate(black_box(&flags[i % flags.len()].key), BOOLEAN).value()));
    })
    .into();
    Ok(result)
}

fn eppo(folder: &Path, flags: &[Flag], users: &[User]) -> std::io::Result<serde_json::Value> {
    let text = std::fs::read_to_string(folder.join(format!("eppo-{}.json", flags.len())))?;
    let now = chrono::Utc::now();
    let load = || {
        let metadata = SdkMetadata { name: "bench", version: "0" };
        Configuration::from_server_response(
            UniversalFlagConfig::from_json(metadata, text.clone().into_bytes()).expect("the configuration is sound"),
            None,
        )
    };
    let context = |user: &User| {
        let mut attributes = Attributes::default();
        for (name, value) in [("plan", &user.plan), ("country", &user.country), ("org", &user.org)] {
            attributes.insert(Str::new(name), AttributeValue::categorical(CategoricalAttribute::from(Str::new(value))));
        }
        (Str::new(&user.id), Arc::new(attributes))
    };
    let one = |configuration: &Configuration, key: &str, context: &(Str, Arc<Attributes>)| {
        let assigned = get_assignment(Some(configuration), key, &context.0, &context.1, Some(VariationType::Boolean), now);
        matches!(assigned, Ok(Some(assignment)) if matches!(assignment.value, AssignmentValue::Boolean(true)))
    };
    let all = |configuration: &Configuration, context: &(Str, Arc<Attributes>)| {
        flags.iter().filter(|flag| one(configuration, &flag.key, context)).count()
    };
    Ok(Engine { load, context, one, all }.measure(flags, users))
}

/// How one engine is loaded and asked.
struct Engine<L, C, O, A> {
    load: L,
    context: C,
    one: O,
    all: A,
}

impl<E, T, L: Fn() -> E, C: Fn(&User) -> T, O: Fn(&E, &str, &T) -> bool, A: Fn(&E, &T) -> usize> Engine<L, C, O, A> {
    fn measure(&self, flags: &[Flag], users: &[User]) -> serde_json::Value {
        let Self { load, context, one, all } = self;
        let before = HELD.load(Relaxed);
        let engine = load();
        let memory = HELD.load(Relaxed).saturating_sub(before);
        let share = self.check(&engine, flags, users);
        let user = |i: usize| &users[i % users.len()];
        let flag = |i: usize| flags[i % flags.len()].key.as_str();
        let held = context(user(4242));
        json!({
            "memory": memory,
            "share": share,
            "load": time(|_| drop(black_box(load()))),
            "same": time(|i| { black_box(one(&engine, black_box(flag(i)), &held)); }),
            "fresh": time(|i| { black_box(one(&engine, black_box(flag(i)), &context(user(i)))); }),
            "all": time(|i| { black_box(all(&engine, &context(user(i)))); }),
        })
    }

    /// Panics at the first wrong answer; tells which share of the draws was true.
    fn check(&self, engine: &E, flags: &[Flag], users: &[User]) -> f64 {
        let Self { context, one, all, .. } = self;
        for flag in flags {
            for user in users.iter().filter(|user| flag.allow.contains(&user.id)) {
                assert!(one(engine, &flag.key, &context(user)), "{} for {}, who is on its list", flag.key, user.id);
            }
        }
        let (mut drawn, mut on) = (0, 0);
        for (i, user) in users.iter().enumerate() {
            let flag = &flags[i * 7 % flags.len()];
            let answer = one(engine, &flag.key, &context(user));
            if flag.settled(user) {
                assert!(answer, "{} for {}, whom a list or the rule names", flag.key, user.id);
            } else {
                drawn += 1;
                on += u32::from(answer);
            }
        }
        let share = f64::from(on) / f64::from(drawn);
        let deviation = (0.1 * 0.9 / f64::from(drawn)).sqrt();
        assert!((share - 0.1).abs() < 5.0 * deviation, "{on} of {drawn} draws are true, expected 10 %");
        for user in users.iter().step_by(251) {
            let single = flags.iter().filter(|flag| one(engine, &flag.key, &context(user))).count();
            assert_eq!(all(engine, &context(user)), single, "flags that are true for {}", user.id);
        }
        share
    }
}

/// Nanoseconds of CPU that this thread has used.
fn cpu() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the place is ours.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// Nanoseconds of one long call: the least of seven.
fn least_call(mut call: impl FnMut()) -> f64 {
    least(|| {
        let start = cpu();
        call();
        cpu() - start
    })
}

/// The least of seven times.
fn least(time: impl FnMut() -> f64) -> f64 {
    std::iter::repeat_with(time).take(7).fold(f64::INFINITY, f64::min)
}

/// Nanoseconds of one call: the tenth percentile of 60 batches of about 3 ms.
fn time(mut call: impl FnMut(usize)) -> f64 {
    let (mut count, mut from) = (1_usize, 0);
    let mut batch = |count: usize| {
        let start = cpu();
        for i in from..from + count {
            call(i);
        }
        from += count;
        cpu() - start
    };
    loop {
        let taken = batch(count);
        if taken > 2e6 {
            count = ((count as f64 * 3e6 / taken) as usize).max(1);
            break;
        }
        count *= 2;
    }
    let mut batches: Vec<f64> = (0..60).map(|_| batch(count) / count as f64).collect();
    batches.sort_by(f64::total_cmp);
    batches[6]
}
