//! The core as a native program: each input in a process of its own, its instructions counted by callgrind.
use std::{
    fs,
    hint::black_box,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::Instant,
};

use anyhow::{Context as _, Result, bail, ensure};
use control::{CurrentState, Supplies, change::Actor, execute, rows::Rows};
use peak_alloc::PeakAlloc;
use sdk_core::{Compiled, Compiler, Context, Millis, Program, Reason, compile};

use crate::{
    case::{Case, Input, Load, Outcome, Questions},
    cases::SAME_WORK,
    hold::{Measured, repeat},
    prepare,
};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// The stack of every native load. A main thread has 8 MB, a page about 1 MB.
const STACK: usize = 256 << 10;

const NOW: Millis = Millis(1_762_128_000_000);

/// Runs an input in a process of its own; an error says how the process died.
pub(crate) fn measure(case_number: usize, case: &Case, number: usize, scratch: &Path) -> Result<Measured> {
    let program = std::env::current_exe()?;
    let counts = scratch.join(format!("callgrind-{case_number}-{number}"));
    let mut child = if case.check.counts_instructions() {
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--toggle-collect=*counted_step*"]);
        valgrind.arg(format!("--callgrind-out-file={}", counts.display())).arg(program);
        valgrind
    } else {
        Command::new(program)
    };
    child.args(["child", &case_number.to_string(), &number.to_string()]).stdin(Stdio::null());
    let output = child.output().with_context(|| format!("cannot start {}", child.get_program().display()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let Some(mut measured) = said.lines().next().and_then(read_line) else { bail!("{}", death(&output)) };
    if case.check.counts_instructions() {
        let text = fs::read_to_string(counts).context("callgrind wrote nothing")?;
        let summary = text.lines().find_map(|line| line.strip_prefix("summary: ")).context("callgrind counted nothing")?;
        measured.instructions = summary.trim().parse()?;
    }
    Ok(measured)
}

/// The instructions that this machine completes in a millisecond: those of compiling a small document, by the shortest of many runs.
#[expect(clippy::cast_precision_loss, reason = "counts of instructions are far below 2^53")]
pub(crate) fn rate(scratch: &Path) -> Result<f64> {
    let (number, (case, _)) =
        crate::everything().into_iter().enumerate().find(|(_, (case, _))| case.name == SAME_WORK).context("no control counts work")?;
    let counted = measure(number, case, 0, scratch)?.instructions;
    let (_, input) = case.check.inputs().into_iter().next().context("no input")?;
    let input = input();
    let shortest = (0..200).map(|_| {
        let start = Instant::now();
        perform(&input, &mut Measured::default()).map(|_| start.elapsed().as_secs_f64())
    });
    let shortest = shortest.collect::<Result<Vec<_>>>()?.into_iter().fold(f64::MAX, f64::min);
    Ok(counted as f64 / (shortest * 1e3))
}

/// The process that [`measure`] starts: does an input of a case and prints what it took.
pub(crate) fn child(case: &Case, number: usize) -> Result<()> {
    let (_, input) = case.check.inputs().into_iter().nth(number).context("no such input")?;
    let input = input();
    let work = move || {
        let mut measured = Measured::default();
        repeat(&input, || perform(&input, &mut measured)).map(|outcome| (outcome, measured))
    };
    let (outcome, measured) =
        thread::Builder::new().stack_size(STACK).spawn(work)?.join().unwrap_or_else(|_| bail!("the load panicked"))?;
    println!("{outcome:?} {} {} {}", measured.bytes, measured.errors.0, measured.errors.1);
    Ok(())
}

/// The line that a child prints.
fn read_line(line: &str) -> Option<Measured> {
    let (outcome, numbers) = line.split_once(' ')?;
    let outcomes = [Outcome::Refused, Outcome::LeftOut, Outcome::Taken, Outcome::Unreadable];
    let outcome = outcomes.into_iter().find(|known| format!("{known:?}") == outcome)?;
    let numbers: Vec<u64> = numbers.split(' ').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [bytes, told, all] = numbers[..] else { return None };
    Some(Measured { outcome: Some(outcome), instructions: 0, bytes, errors: (told, all) })
}

/// Why a child said nothing.
fn death(output: &Output) -> String {
    let last = String::from_utf8_lossy(&output.stderr);
    let last = last.lines().rev().find(|line| line.contains("overflow") || line.contains("panicked") || line.contains("rror"));
    format!("{}{}", output.status, last.map(|line| format!(", {line}")).unwrap_or_default())
}

/// Does what is measured: callgrind counts its instructions, the allocator its memory.
fn counted<T>(measured: &mut Measured, step: impl FnOnce() -> T) -> Result<T> {
    let (mut step, mut result) = (Some(step), None);
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    counted_step(&mut || result = step.take().map(|step| step()));
    measured.bytes = measured.bytes.max(ALLOCATOR.peak_usage().saturating_sub(before) as u64);
    result.context("a step that did not run")
}

/// The function that callgrind counts, with all that it calls.
#[inline(never)]
fn counted_step(step: &mut dyn FnMut()) {
    step();
    black_box(());
}

fn perform(input: &Input, measured: &mut Measured) -> Result<Outcome> {
    match &input.load {
        Load::Compile(text) => {
            let compiled = counted(measured, || compile(text, None))?;
            Ok(compiled.map_or(Outcome::Refused, |compiled| outcome_of(&compiled, measured)))
        }
        Load::CompileBothWays(text) => {
            let compiled = counted(measured, || compile(text, None))?;
            let outcome = compiled.map_or(Outcome::Refused, |compiled| outcome_of(&compiled, measured));
            let mut compiler = Compiler::new();
            let kept = counted(measured, || compiler.compile(text, None))?;
            ensure!(outcome == kept.map_or(Outcome::Refused, |compiled| outcome_of(&compiled, measured)), "two compilers differ");
            Ok(outcome)
        }
        Load::Recompile { before, after } => {
            let mut compiler = Compiler::new();
            compiler.compile(before, None)?;
            let compiled = counted(measured, || compiler.compile(after, None))?;
            Ok(compiled.map_or(Outcome::Refused, |compiled| outcome_of(&compiled, measured)))
        }
        Load::ReadContext(text) => {
            let context = counted(measured, || Context::from_json(text))?;
            Ok(if context.refusal().is_none() { Outcome::Taken } else { Outcome::Refused })
        }
        Load::Specialise { document, known } => {
            let Ok(compiled) = compile(document, None) else { return Ok(Outcome::Refused) };
            let known = Context::from_json(known);
            let Ok(program) = counted(measured, || prepare::program(&compiled, &known))? else { return Ok(Outcome::Refused) };
            let is_readable = Program::from_bytes(&program.to_bytes()).is_ok();
            Ok(if is_readable { outcome_of(&compiled, measured) } else { Outcome::Unreadable })
        }
        Load::ReadProgram(bytes) => {
            let program = counted(measured, || Program::from_bytes(bytes))?;
            Ok(if program.is_ok() { Outcome::Taken } else { Outcome::Refused })
        }
        Load::Ask { document, context, questions, known: _ } => {
            let compiled = prepare::sound(document)?;
            let context = Context::from_json(context);
            let errors = counted(measured, || ask(&compiled, &context, *questions))?;
            Ok(if errors == 0 { Outcome::Taken } else { Outcome::Refused })
        }
        Load::Command { document, command } => {
            let (rows, mut compiler) = (Rows::split(document).context("no document")?, Compiler::new());
            let ruleset = compiler.compile(&rows.compose(false), rows.bucket_key())?.ruleset;
            let current = CurrentState { rows: &rows, paged: &rows, ruleset: &ruleset };
            let by = Actor { subject: "ann".into(), role: "admin".into(), on_behalf_of: None, reason: "to see".into(), at: NOW };
            let outcome = counted(measured, || execute(current, command, Supplies::default(), &by, &mut compiler))?;
            Ok(if outcome.is_ok_and(|outcome| !outcome.writes.is_empty()) { Outcome::Taken } else { Outcome::Refused })
        }
    }
}

fn outcome_of(compiled: &Compiled, measured: &mut Measured) -> Outcome {
    measured.errors = (compiled.errors.len() as u64, compiled.error_count as u64);
    if compiled.errors.is_empty() { Outcome::Taken } else { Outcome::LeftOut }
}

/// Asks, and answers how many answers are errors.
fn ask(compiled: &Compiled, context: &Context, questions: Questions) -> usize {
    let (ruleset, own) = (&compiled.ruleset, compiled.overrides.of(context));
    match questions {
        Questions::All => {
            let mut visitor = ruleset.visitor(own, context, NOW);
            visitor.evaluate_all().filter(|answer| answer.reason() == Reason::Error).count()
        }
        Questions::OneByOne => {
            let mut visitor = ruleset.visitor(own, context, NOW);
            ruleset.flag_keys().filter(|key| visitor.evaluate(key, None).reason() == Reason::Error).count()
        }
        Questions::First { times } => {
            let first = ruleset.flag_keys().next().unwrap_or_default();
            (0..times).filter(|_| ruleset.evaluate(own, first, context, NOW, None).reason() == Reason::Error).count()
        }
    }
}
