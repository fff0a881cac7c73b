//! The shipped modules under an interpreter that counts fuel, about one unit an instruction: `full`, which compiles documents, and
//! the engine of a page. A count is exact, and an input that takes more than it may is stopped there.
use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail, ensure};
use sdk_core::Context;
use wasmi::{Config, Engine, ExternType, Instance, Linker, Memory, Module, Store, TrapCode, Val};

use crate::{
    case::{BOTH, Input, Load, Machine, Outcome, Questions},
    hold::{Measured, PLENTY, repeat},
    prepare,
};

const NOW: f64 = 1_762_128_000_000.0;
const PAGE: u64 = 65_536;
/// The bits of a decision that number its variant; an error has none.
const VARIANT: u64 = 0xFFF;
/// An answer of `load` below this number is the reason why it refuses the program.
const REFUSALS: u64 = 8;

/// The machines that this build measures.
pub(crate) const MACHINES: &[Machine] = BOTH;

/// Both modules, compiled for the interpreter.
pub(crate) struct Modules {
    engine: Engine,
    full: Module,
    page: Module,
}

impl Modules {
    /// Reads the modules of `npm/client/dist`.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let mut config = Config::default();
        config.consume_fuel(true).set_max_recursion_depth(100_000).set_max_stack_height(64 << 20);
        let engine = Engine::new(&config);
        let module = |name: &str| -> Result<Module> {
            let path = folder.join(name);
            Ok(Module::new(&engine, fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?)?)
        };
        let (full, page) = (module("full/full_bg.wasm")?, module("engine/engine.wasm")?);
        Ok(Self { engine, full, page })
    }

    /// Runs an input, which is stopped at the instructions that it may take; an error says what trapped.
    pub(crate) fn measure(&self, input: &Input, allowed: u64) -> Result<Measured> {
        let mut spent = Spent { fuel: 0, allowed, memory: 0 };
        let outcome = match repeat(input, || self.perform(&input.load, &mut spent)) {
            // The module does not tell how much it left out.
            Ok(Outcome::Taken) if input.outcome == Outcome::LeftOut => Some(Outcome::LeftOut),
            Ok(outcome) => Some(outcome),
            Err(error) if error.downcast_ref::<wasmi::Error>().and_then(wasmi::Error::as_trap_code) == Some(TrapCode::OutOfFuel) => None,
            Err(error) => return Err(error),
        };
        Ok(Measured { outcome, instructions: spent.fuel, bytes: spent.memory, errors: (0, 0) })
    }

    fn perform(&self, load: &Load, spent: &mut Spent) -> Result<Outcome> {
        match load {
            Load::ReadContext(_) | Load::Recompile { .. } | Load::Command { .. } => bail!("no module of a page does this"),
            Load::Compile(text) | Load::CompileBothWays(text) => Ok(self.full(text, spent)?.map_or(Outcome::Refused, |_| Outcome::Taken)),
            Load::Specialise { document, known } => {
                // To compile is free of charge here.
                let mut free = Spent { fuel: 0, allowed: PLENTY, memory: 0 };
                let Some((mut full, ruleset)) = self.full(document, &mut free)? else { return Ok(Outcome::Refused) };
                let known = full.write("__wbindgen_malloc", Context::from_json(known).encoded())?;
                let program = full.counted("ruleset_specialise", &[ruleset, known.0, known.1], spent)?;
                Ok(if is_thrown(&program)? { Outcome::Refused } else { Outcome::Taken })
            }
            Load::ReadProgram(bytes) => {
                let mut page = self.instance(&self.page)?;
                let room = page.room(bytes)?;
                let loaded = page.counted("load", &[Val::I32(0), room], spent)?;
                Ok(if number(&loaded)? < REFUSALS { Outcome::Refused } else { Outcome::Taken })
            }
            Load::Ask { document, known, context, questions } => self.ask(document, known, context, *questions, spent),
        }
    }

    /// Compiles a document in the `full` module; `None` where it is refused.
    fn full(&self, text: &str, spent: &mut Spent) -> Result<Option<(Running, Val)>> {
        let mut full = self.instance(&self.full)?;
        full.free("__wbindgen_start", &[])?;
        let text = full.write("__wbindgen_malloc", text.as_bytes())?;
        let made = full.counted("ruleset_new", &[text.0, text.1, Val::I32(0), Val::I32(0)], spent)?;
        if is_thrown(&made)? {
            return Ok(None);
        }
        let ruleset = made.into_iter().next().context("no ruleset")?;
        Ok(Some((full, ruleset)))
    }

    fn ask(&self, document: &str, known: &str, context: &str, questions: Questions, spent: &mut Spent) -> Result<Outcome> {
        let compiled = prepare::sound(document)?;
        let program = prepare::program(&compiled, &Context::from_json(known))?.to_bytes();
        let mut page = self.instance(&self.page)?;
        let room = page.room(&program)?;
        ensure!(number(&page.free("load", &[Val::I32(0), room])?)? >= REFUSALS, "the page refused the program");
        let context = Context::from_json(context);
        let (flags, times) = match questions {
            Questions::All => (0, 1),
            Questions::OneByOne => (i32::try_from(compiled.ruleset.len())?, 1),
            Questions::First { times } => (1, times),
        };
        let mut decisions = Vec::new();
        for _ in 0..times {
            let room = page.room(context.encoded())?;
            page.counted("identify", &[Val::I32(0), room, Val::F64(NOW.into())], spent)?;
            if let Questions::All = questions {
                let at = usize::try_from(number(&page.counted("all", &[Val::I32(0)], spent)?)?)?;
                let answers = page.memory.data(&page.store).get(at..at + 8 * compiled.ruleset.len()).context("no answers")?;
                decisions.extend(answers.as_chunks().0.iter().map(|answer| u64::from_le_bytes(*answer)));
            }
            for flag in 0..flags {
                decisions.push(number(&page.counted("one", &[Val::I32(0), Val::I32(flag), Val::F64(0.0_f64.into())], spent)?)?);
            }
        }
        ensure!(!decisions.is_empty(), "nothing was asked");
        Ok(if decisions.iter().all(|decision| decision & VARIANT != 0) { Outcome::Taken } else { Outcome::Refused })
    }

    /// A fresh instance. A module imports functions only to throw errors; here they do nothing.
    fn instance(&self, module: &Module) -> Result<Running> {
        let mut store = Store::new(&self.engine, ());
        store.set_fuel(PLENTY)?;
        let mut linker = Linker::new(&self.engine);
        for import in module.imports() {
            let ExternType::Func(kind) = import.ty() else { bail!("{} is imported and no function", import.name()) };
            linker.func_new(import.module(), import.name(), kind.clone(), |_, _, _| Ok(()))?;
        }
        let instance = linker.instantiate_and_start(&mut store, module)?;
        let memory = instance.get_memory(&store, "memory").context("no memory")?;
        Ok(Running { store, instance, memory })
    }
}

/// Fuel and memory of a load.
struct Spent {
    fuel: u64,
    allowed: u64,
    memory: u64,
}

/// An instance of a module.
struct Running {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
}

impl Running {
    /// Calls a function without counting it.
    fn free(&mut self, name: &str, arguments: &[Val]) -> Result<Vec<Val>> {
        self.store.set_fuel(PLENTY)?;
        self.call(name, arguments)
    }

    /// Calls a function with what is left of the fuel.
    fn counted(&mut self, name: &str, arguments: &[Val], spent: &mut Spent) -> Result<Vec<Val>> {
        let left = spent.allowed.saturating_sub(spent.fuel);
        self.store.set_fuel(left)?;
        let results = self.call(name, arguments);
        spent.fuel += left - self.store.get_fuel()?;
        spent.memory = spent.memory.max(self.memory.size(&self.store) * PAGE);
        results
    }

    fn call(&mut self, name: &str, arguments: &[Val]) -> Result<Vec<Val>> {
        let function = self.instance.get_func(&self.store, name).with_context(|| format!("no export {name}"))?;
        let mut results: Vec<Val> = function.ty(&self.store).results().iter().map(|kind| Val::default_for_ty(*kind)).collect();
        function.call(&mut self.store, arguments, &mut results)?;
        Ok(results)
    }

    /// Writes bytes into memory of the `full` module; answers place and length.
    fn write(&mut self, allocate: &str, bytes: &[u8]) -> Result<(Val, Val)> {
        let length = i32::try_from(bytes.len())?;
        let place = self.free(allocate, &[Val::I32(length), Val::I32(1)])?;
        self.memory.write(&mut self.store, usize::try_from(number(&place)?)?, bytes)?;
        Ok((place.into_iter().next().context("no place")?, Val::I32(length)))
    }

    /// Writes bytes into the room of the engine; answers their length.
    fn room(&mut self, bytes: &[u8]) -> Result<Val> {
        let length = Val::I32(i32::try_from(bytes.len())?);
        let place = number(&self.free("room", &[Val::I32(0), length.clone()])?)?;
        ensure!(place > 0, "the engine has no room");
        self.memory.write(&mut self.store, usize::try_from(place)?, bytes)?;
        Ok(length)
    }
}

/// The only result, as a number.
fn number(results: &[Val]) -> Result<u64> {
    match results {
        #[expect(clippy::cast_sign_loss, reason = "places in memory cross with a sign")]
        [Val::I32(word), ..] => Ok(u64::from(*word as u32)),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number below 2^53")]
        [Val::F64(double), ..] => Ok(f64::from(*double) as u64),
        other => bail!("expected a number, found {other:?}"),
    }
}

/// Returns true if the glue would throw: its last result says so.
fn is_thrown(results: &[Val]) -> Result<bool> {
    match results.last() {
        Some(Val::I32(thrown)) if results.len() > 2 => Ok(*thrown != 0),
        other => bail!("expected a result that may be an error, found {other:?}"),
    }
}
