//! The law of programs: for every context that extends what is known, `run(specialise(ruleset, known), context)` is
//! `evaluate(ruleset, context)`; for every other, `PROVIDER_NOT_READY`.

use sdk_core::{ApplicableOverrides, Context, ErrorCode, Identity, Layer, Millis, Runner, specialise};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};
use tests_identity::{Line, Lines, count::Counts};
use tests_native::LineRunner;

/// Generated questions answered both ways, and what their answers are by the law.
#[track_caller]
fn check(seed: u64, pairs: usize) -> Counts {
    let (mut evaluate, mut run, mut counts) = (LineRunner::default(), LineRunner::by_program(), Counts::default());
    for line in Lines::new(seed, pairs).with_strangers(true) {
        match line {
            Line::Document(text) => {
                assert_eq!(evaluate.answer(&text), None);
                assert_eq!(run.answer(&text), None);
            }
            Line::Question(text, asked) => {
                let (evaluated, ran) = (answer(&mut evaluate, &text), answer(&mut run, &text));
                let expected = if is_ready(&text, &evaluated) { evaluated } else { not_ready(&text) };
                assert_eq!(ran, expected, "of {text}");
                counts.add(&asked, &ran);
            }
        }
    }
    counts
}

fn answer(runner: &mut LineRunner, line: &str) -> String {
    runner.answer(line).expect("a question is answered")
}

/// Returns true if the program must answer: a document is in force, and the context is refused or extends the known one.
fn is_ready(line: &str, evaluated: &str) -> bool {
    if evaluated.starts_with("{\"error\":") || is_refused(line, evaluated) {
        return true;
    }
    let question: Map<String, Value> = parse(line);
    let Some(Value::Object(known)) = question.get("known") else { return true };
    let nothing = Map::new();
    let context = question.get("context").and_then(Value::as_object).unwrap_or(&nothing);
    let of = |members: &Map<String, Value>, name: &str| members.get(name).filter(|value| !value.is_null()).cloned();
    let agree = ["customerId", "organizationId"].iter().all(|id| match (of(context, id), of(known, id)) {
        (Some(told), Some(known)) => equal(&told, &known),
        (told, known) => told.is_none() && known.is_none(),
    });
    agree
        && known
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "customerId" | "organizationId" | "now"))
            .all(|(name, value)| context.get(name).is_some_and(|told| equal(told, value)))
}

/// Returns true if the context is refused: then a flag that nobody has is an invalid context, too.
fn is_refused(line: &str, evaluated: &str) -> bool {
    // A unit that is unfit is answered by the same code; a context that is refused is refused whatever is asked.
    evaluated.contains("INVALID_CONTEXT") && {
        let mut runner = LineRunner::default();
        runner.answer("{\"document\":{\"schema\":\"twinflag/1\",\"bucketKey\":\"00000000000000000000000000000000\"}}");
        answer(&mut runner, line).contains("INVALID_CONTEXT")
    }
}

/// Equality of JSON values, numbers by the double they are.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b))),
        _ => a == b,
    }
}

/// The caller's default, as runners print it.
fn not_ready(line: &str) -> String {
    let mut runner = LineRunner::default();
    runner.answer("{\"document\":{\"schema\":\"twinflag/1\",\"bucketKey\":\"00000000000000000000000000000000\"}}");
    let mut question: Map<String, Value> = parse(line);
    question.remove("context");
    question.insert("flag".into(), "nobody".into());
    answer(&mut runner, &Value::Object(question).to_string()).replace("FLAG_NOT_FOUND", "PROVIDER_NOT_READY")
}

/// The members of a line, a flag key that is no text aside.
fn parse(line: &str) -> Map<String, Value> {
    serde_json::from_str(&line.replacen("\"\\ud800\"", "\"\"", 1)).expect("a line is JSON")
}

#[test]
fn a_program_answers_as_its_ruleset_would() {
    let counts = check(7, 20_000);
    for code in ErrorCode::ALL {
        assert!(counts.of("errorCode", code.as_str()) > 20, "{code:?}\n{counts}");
    }
    for layer in Layer::ALL {
        assert!(counts.of("layer", layer.as_str()) > 200, "{layer:?}\n{counts}");
    }
}

#[test]
fn of_any_seed() {
    for seed in 100..110 {
        check(seed, 2_000);
    }
}

/// A line's flag and context, the latter as it is written.
#[derive(Deserialize)]
struct Question<'l> {
    #[serde(borrow)]
    flag: &'l RawValue,
    #[serde(borrow)]
    context: Option<&'l RawValue>,
    now: Option<f64>,
}

/// Where identity is vouched for, whoever asks is known too: the program answers them alone.
#[test]
fn a_program_of_a_vouched_identity_answers_nobody_else() {
    let known_names = ["customerId", "organizationId", "targetingKey", "userId", "sessionId", "email", "geo.region", "geo", "company"];
    let (mut runner, mut answered) = (LineRunner::default(), 0);
    for line in Lines::new(8, 10_000).with_strangers(true) {
        let text = match line {
            Line::Document(text) => {
                runner.answer(&text);
                continue;
            }
            Line::Question(text, _) => text,
        };
        let question: Question<'_> = serde_json::from_str(&text).expect("a line is JSON");
        let context = question.context.map_or_else(Context::new, |context| Context::from_json(context.get()));
        let (Some(compiled), Ok(flag)) = (runner.document(), serde_json::from_str::<String>(question.flag.get())) else { continue };
        if context.refusal().is_some() {
            continue;
        }
        #[expect(clippy::cast_possible_truncation, reason = "a moment is whole and within 2^53")]
        let now = Millis(question.now.unwrap_or_default() as i64);
        let (own, known) = (compiled.overrides.of(&context), context.only(&known_names));
        let program = specialise(&compiled.ruleset, own, &known, Identity::Vouched).expect("a sound context specialises");
        assert_eq!(program.run(&flag, &context, now, None), compiled.ruleset.evaluate(own, &flag, &context, now, None), "of {text}");
        for name in ["targetingKey", "userId", "sessionId", "customerId"] {
            let other = context.clone().string(name, "somebody else");
            // A context at its limits has no room for one more.
            if other.refusal().is_some() {
                continue;
            }
            let answer = program.run(&flag, &other, now, None);
            assert_eq!(answer.error_code(), Some(ErrorCode::ProviderNotReady), "{name} of {text}");
        }
        answered += 1;
    }
    assert!(answered > 9_000, "{answered}");
}

/// Watching changes nothing: an explanation holds the very answer, and its last step is the one that gave it.
#[test]
fn an_explanation_answers_as_the_evaluation_does() {
    let (mut runner, mut explained) = (LineRunner::default(), 0);
    for line in Lines::new(9, 10_000) {
        let text = match line {
            Line::Document(text) => {
                runner.answer(&text);
                continue;
            }
            Line::Question(text, _) => text,
        };
        let question: Question<'_> = serde_json::from_str(&text).expect("a line is JSON");
        let context = question.context.map_or_else(Context::new, |context| Context::from_json(context.get()));
        let (Some(compiled), Ok(flag)) = (runner.document(), serde_json::from_str::<String>(question.flag.get())) else { continue };
        let own = compiled.overrides.of(&context);
        let evaluation = compiled.ruleset.evaluate(own, &flag, &context, Millis(0), None);
        let explanation = compiled.ruleset.visitor(own, &context, Millis(0)).explain(&flag, None);
        assert_eq!(explanation.evaluation, evaluation, "of {text}");
        if let Some(step) = explanation.steps.last() {
            assert!(step.answered, "of {text}");
            explained += 1;
        }
        serde_json::from_str::<Value>(&explanation.to_json(None)).unwrap_or_else(|error| panic!("{error} in the explanation of {text}"));
    }
    assert!(explained > 8_000, "only {explained} explained");
}

/// By time alone an answer changes at the moments that the tables tell, and at no other.
#[test]
fn between_two_moments_no_answer_changes() {
    let (mut runner, mut compared) = (LineRunner::default(), 0_usize);
    for line in Lines::new(10, 10_000) {
        let text = match line {
            Line::Document(text) => {
                runner.answer(&text);
                continue;
            }
            Line::Question(text, _) => text,
        };
        let question: Question<'_> = serde_json::from_str(&text).expect("a line is JSON");
        let context = question.context.map_or_else(Context::new, |context| Context::from_json(context.get()));
        let Some(compiled) = runner.document().filter(|_| context.refusal().is_none()) else { continue };
        let own = compiled.overrides.of(&context);
        let answers = |now: i64| compiled.ruleset.visitor(own, &context, Millis(now)).evaluate_all().collect::<Vec<_>>();
        let moments: Vec<i64> = compiled.ruleset.moments().map(|moment| moment.0).collect();
        let Some(place) = compared.checked_rem(moments.len()) else { continue };
        let (start, end) = (moments[place], moments.get(place + 1).copied().unwrap_or(i64::MAX >> 11));
        assert_eq!(answers(start), answers(end - 1), "from {start} to before {end}, of {text}");
        compared += 1;
    }
    assert!(compared > 500, "{compared}");
}

/// What one context left behind in a runner decides nothing for the next.
#[test]
fn a_runner_answers_each_context_as_a_fresh_one_does() {
    let (mut lines, mut program, mut runner, mut answered) = (LineRunner::default(), Vec::new(), Runner::new(), 0);
    for line in Lines::new(11, 10_000) {
        let text = match line {
            Line::Document(text) => {
                lines.answer(&text);
                if let Some(compiled) = lines.document() {
                    program = specialise(&compiled.ruleset, ApplicableOverrides::NONE, &Context::new(), Identity::Open)
                        .expect("nothing is known")
                        .to_bytes();
                    runner.load(&program).expect("a program is sound");
                }
                continue;
            }
            Line::Question(text, _) => text,
        };
        let question: Question<'_> = serde_json::from_str(&text).expect("a line is JSON");
        let context = question.context.map_or_else(Context::new, |context| Context::from_json(context.get()));
        let context = context.without(&["customerId", "organizationId"]);
        if lines.document().is_none() || context.refusal().is_some() {
            continue;
        }
        let identify = |runner: &mut Runner| {
            let encoded = context.encoded();
            runner.room(encoded.len()).iter_mut().zip(encoded).for_each(|(place, byte)| *place = *byte);
            runner.identify(encoded.len(), Millis(0));
        };
        let mut fresh = Runner::new();
        fresh.load(&program).expect("a program is sound");
        identify(&mut fresh);
        identify(&mut runner);
        for flag in 0..40 {
            assert_eq!(runner.evaluate(flag, 0), fresh.evaluate(flag, 0), "flag {flag} of {text}");
        }
        answered += 1;
    }
    assert!(answered > 8_000, "{answered}");
}

/// A visitor keeps segments and decisions between its questions: no question changes the answer to a later one.
#[test]
fn a_visitor_answers_each_flag_as_if_it_were_asked_alone() {
    let (mut runner, mut asked) = (LineRunner::default(), 0_usize);
    for line in Lines::new(12, 4_000) {
        let text = match line {
            Line::Document(text) => {
                runner.answer(&text);
                continue;
            }
            Line::Question(text, _) => text,
        };
        let question: Question<'_> = serde_json::from_str(&text).expect("a line is JSON");
        let context = question.context.map_or_else(Context::new, |context| Context::from_json(context.get()));
        let Some(compiled) = runner.document() else { continue };
        let (ruleset, own) = (&compiled.ruleset, compiled.overrides.of(&context));
        let keys: Vec<&str> = ruleset.flag_keys().collect();
        let alone: Vec<_> = keys.iter().map(|key| ruleset.evaluate(own, key, &context, Millis(0), None)).collect();
        let mut visitor = ruleset.visitor(own, &context, Millis(0));
        // The last flags first, so that prerequisites are decided behind what needs them.
        for (key, alone) in keys.iter().zip(&alone).rev() {
            assert_eq!(visitor.evaluate(key, None), *alone, "{key} of {text}");
        }
        assert_eq!(visitor.evaluate_all().collect::<Vec<_>>(), alone, "of {text}");
        asked += keys.len();
    }
    assert!(asked > 20_000, "{asked}");
}
