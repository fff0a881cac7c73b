//! The core as a native program: each case in a process of its own, its instructions counted by callgrind.
use std::{
    fs,
    hint::black_box,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
};

use anyhow::{Context as _, Result, bail, ensure};
use peak_alloc::PeakAlloc;
use sdk_core::{Compiled, Context, Identity, Millis, Program, Reason, compile, specialise};

use crate::{
    case::{Case, Check, Input, Load, Outcome, Questions},
    machine::Found,
};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// The stack of every native load. A main thread has 8 MB, a page about 1 MB.
const STACK: usize = 256 << 10;

const NOW: Millis = Millis(1_762_128_000_000);

/// Runs a case in processes of their own and reads what they counted.
pub(crate) fn run(index: usize, case: &Case, scratch: &Path) -> Result<Found> {
    let mut found = Found::default();
    match &case.check {
        Check::Instructions { honest, worst, .. } => {
            let counts = scratch.join("callgrind");
            found.honest = count(index, "honest", &honest(), &counts, &mut found)?;
            found.worst = count(index, "worst", &worst(), &counts, &mut found)?;
        }
        Check::Memory { worst, .. } => {
            let (lines, output) = listen(Command::new(std::env::current_exe()?).args(["child", &index.to_string(), "worst"]))?;
            match lines.first() {
                Some((outcome, peak)) => {
                    found.expect("worst", &worst(), *outcome);
                    found.worst = Some(*peak);
                }
                None => found.faults.push(death(&output)),
            }
        }
        Check::Outcomes(inputs) => {
            let (lines, output) = listen(Command::new(std::env::current_exe()?).args(["child", &index.to_string(), "worst"]))?;
            let inputs = inputs();
            for (number, (input, (outcome, _))) in inputs.iter().zip(&lines).enumerate() {
                found.expect(&format!("input {number}"), input, *outcome);
            }
            if lines.len() < inputs.len() {
                found.faults.push(format!("input {}: {}", lines.len(), death(&output)));
            }
            found.worst = Some(lines.len() as u64);
        }
    }
    Ok(found)
}

/// Counts the instructions of an input; `None` where the process died of it.
fn count(index: usize, which: &str, input: &Input, counts: &Path, found: &mut Found) -> Result<Option<u64>> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--toggle-collect=*counted_step*", &format!("--callgrind-out-file={}", counts.display())]);
    let (lines, output) = listen(valgrind.arg(std::env::current_exe()?).args(["child", &index.to_string(), which]))?;
    let Some((outcome, _)) = lines.first() else {
        found.faults.push(format!("{which}: {}", death(&output)));
        return Ok(None);
    };
    found.expect(which, input, *outcome);
    let text = fs::read_to_string(counts).context("callgrind wrote nothing")?;
    Ok(Some(text.lines().find_map(|line| line.strip_prefix("summary: ")).context("callgrind counted nothing")?.trim().parse()?))
}

/// What a child says, line by line.
fn listen(command: &mut Command) -> Result<(Vec<(Outcome, u64)>, Output)> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let lines = said.lines().map(|line| read_line(line).with_context(|| format!("a child said {line:?}"))).collect::<Result<_>>()?;
    Ok((lines, output))
}

/// What [`run`] starts: does the loads of a case and prints for each its outcome and the peak of its memory.
pub(crate) fn child(case: &Case, which: &str) -> Result<()> {
    let inputs = match &case.check {
        Check::Instructions { honest, .. } if which == "honest" => vec![honest()],
        Check::Instructions { worst, .. } | Check::Memory { worst, .. } => vec![worst()],
        Check::Outcomes(inputs) => inputs(),
    };
    for input in inputs {
        let (outcome, peak) = on_small_stack(input)?;
        println!("{outcome:?} {peak}");
    }
    Ok(())
}

/// The line that a child prints for a load.
fn read_line(line: &str) -> Option<(Outcome, u64)> {
    let (outcome, number) = line.split_once(' ')?;
    let outcomes = [Outcome::Refused, Outcome::LeftOut, Outcome::Taken, Outcome::Unreadable];
    Some((outcomes.into_iter().find(|known| format!("{known:?}") == outcome)?, number.parse().ok()?))
}

/// Why a child said nothing more.
fn death(output: &Output) -> String {
    let last = String::from_utf8_lossy(&output.stderr);
    let last = last.lines().rev().find(|line| line.contains("overflow") || line.contains("panicked") || line.contains("rror"));
    format!("{}{}", output.status, last.map(|line| format!(", {line}")).unwrap_or_default())
}

/// Does a load; answers its outcome, and the peak of the bytes held above those from before.
fn on_small_stack(input: Input) -> Result<(Outcome, u64)> {
    let work = move || {
        let mut peak = 0;
        perform(&input.load, &mut peak).map(|outcome| (outcome, peak))
    };
    let joined = thread::Builder::new().stack_size(STACK).spawn(work)?.join();
    joined.unwrap_or_else(|_| bail!("the load panicked"))
}

/// Does what is measured: callgrind counts its instructions, the allocator its memory.
fn counted<T>(peak: &mut u64, step: impl FnOnce() -> T) -> Result<T> {
    let (mut step, mut result) = (Some(step), None);
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    counted_step(&mut || result = step.take().map(|step| step()));
    *peak = (*peak).max(ALLOCATOR.peak_usage().saturating_sub(before) as u64);
    result.context("a step that did not run")
}

/// The function that callgrind counts, with all that it calls.
#[inline(never)]
fn counted_step(step: &mut dyn FnMut()) {
    step();
    black_box(());
}

fn perform(load: &Load, peak: &mut u64) -> Result<Outcome> {
    match load {
        Load::Compile(text) => {
            let compiled = counted(peak, || compile(text, None))?;
            Ok(compiled.map_or(Outcome::Refused, |compiled| outcome_of(&compiled)))
        }
        Load::ReadContext(text) => {
            let context = counted(peak, || Context::from_json(text))?;
            Ok(if context.refusal().is_none() { Outcome::Taken } else { Outcome::Refused })
        }
        Load::Specialise { document, known } => {
            let Ok(compiled) = compile(document, None) else { return Ok(Outcome::Refused) };
            let known = Context::from_json(known);
            let own = compiled.overrides.of(&known);
            let program = counted(peak, || specialise(&compiled.ruleset, own, &known, Identity::Open))?;
            let Ok(program) = program else { return Ok(Outcome::Refused) };
            let is_readable = Program::from_bytes(&program.to_bytes()).is_ok();
            Ok(if is_readable { outcome_of(&compiled) } else { Outcome::Unreadable })
        }
        Load::ReadProgram(bytes) => {
            let program = counted(peak, || Program::from_bytes(bytes))?;
            Ok(if program.is_ok() { Outcome::Taken } else { Outcome::Refused })
        }
        Load::Ask { document, context, questions, known: _ } => {
            let compiled = compile(document, None)?;
            ensure!(compiled.errors.is_empty(), "the document has errors");
            let context = Context::from_json(context);
            let errors = counted(peak, || ask(&compiled, &context, *questions))?;
            Ok(if errors == 0 { Outcome::Taken } else { Outcome::Refused })
        }
        Load::Times(times, load) => {
            let outcomes = (0..*times).map(|_| perform(load, peak)).collect::<Result<Vec<_>>>()?;
            let first = *outcomes.first().context("no load")?;
            ensure!(outcomes.iter().all(|outcome| *outcome == first), "equal loads differ");
            Ok(first)
        }
    }
}

fn outcome_of(compiled: &Compiled) -> Outcome {
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
