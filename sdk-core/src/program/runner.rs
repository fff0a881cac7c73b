//! Runs programs.
use alloc::vec::Vec;
use core::fmt;

use super::{
    fingerprint::fingerprint,
    wire::{self, ProgramError},
};
use crate::{
    context::{Context, index::ContextIndex, is_context, value},
    evaluate::{
        evaluation::Evaluation,
        overrides::ApplicableOverrides,
        scratch::Scratch,
        walk::{Now, Walk},
    },
    matching::millis::Millis,
    model::{
        details::{Decision, ErrorCode, FlagType},
        image::{Agreement, Head, Image, PREFIX},
        memory::Memory,
        symbol::{Fingerprints, Symbols as _},
    },
};

/// A ruleset evaluated as far as the known attributes of one visitor decide; made by [`specialise`](crate::specialise), or read from
/// its bytes.
///
/// ```
/// use sdk_core::{Context, Identity, Millis, Program, compile, specialise};
///
/// let document = r#"{ "schema": "twinflag/1", "bucketKey": "000102030405060708090a0b0c0d0e0f", "flags": { "chat": {} } }"#;
/// let compiled = compile(document, None)?;
/// let known = Context::new().string("customerId", "c-1");
/// let bytes = specialise(&compiled.ruleset, compiled.overrides.of(&known), &known, Identity::Open)?.to_bytes();
///
/// // On the other machine:
/// let program = Program::from_bytes(&bytes)?;
/// assert_eq!(program.flag_keys().collect::<Vec<_>>(), ["chat"]);
/// assert_eq!(program.run("chat", &known, Millis(0), None).variant(), Some("off"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Program {
    pub(super) image: Image,
}

impl PartialEq for Program {
    /// Equal programs have the same binary form.
    fn eq(&self, other: &Self) -> bool {
        self.image.bytes().get(PREFIX..) == other.image.bytes().get(PREFIX..)
    }
}

/// The sizes alone: the tables are bytes.
impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("flags", &self.image.flags()).field("bytes", &self.image.bytes().len()).finish()
    }
}

impl Program {
    pub(super) fn new(image: Image) -> Self {
        Self { image }
    }

    /// Reads a program from its binary form, checking all of it once. Bytes that are anything else are refused whole.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProgramError> {
        wire::decode(bytes).map(Self::new)
    }

    /// The program in its binary form; equal arguments of [`specialise`](crate::specialise) give equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(&self.image)
    }

    /// The keys of all flags, each behind those of its prerequisites. Flags that are there only as a prerequisite have no key and are
    /// left out.
    pub fn flag_keys(&self) -> impl Iterator<Item = &str> {
        (0..self.image.flags()).map(|flag| self.image.str(self.image.flag(flag).key)).filter(|key| !key.is_empty())
    }

    /// Evaluates one flag, named by its key or an alias, with the answer of the ruleset; see
    /// [`Ruleset::evaluate`](crate::Ruleset::evaluate).
    ///
    /// A context that does not have the attributes the program was made for, or has others of them, answers
    /// [`ErrorCode::ProviderNotReady`].
    pub fn run(&self, flag_key: &str, context: &Context, now: Millis, requested: Option<FlagType>) -> Evaluation<'_> {
        let mut runner = Runner { image: self.image.clone(), ..Runner::default() };
        runner.room = context.members().to_vec().into();
        runner.identify(context.members().len(), now);
        if context.refusal().is_some() {
            runner.fault = Some(ErrorCode::InvalidContext);
        }
        let decision = match self.find(flag_key) {
            Some(flag) => runner.decide(flag, requested.map_or(0, |kind| kind as u32)),
            None => Decision::error(runner.fault.unwrap_or(ErrorCode::FlagNotFound)),
        };
        Evaluation::new(&self.image, self.find(flag_key).unwrap_or(u32::MAX), decision)
    }

    /// The moments at which a condition on `now` may change its answer, ascending. Between two of them every answer stays the same.
    pub fn moments(&self) -> impl Iterator<Item = Millis> {
        self.image.moments().map(Millis)
    }

    fn find(&self, key: &str) -> Option<u32> {
        if key.is_empty() {
            return None;
        }
        let flags = (0..self.image.flags()).find(|flag| self.image.text(self.image.flag(*flag).key) == key.as_bytes());
        flags.or_else(|| {
            let mut aliases = (0..self.image.head(Head::Aliases)).map(|alias| self.image.alias(alias));
            aliases.find(|(name, _)| self.image.text(*name) == key.as_bytes()).map(|(_, flag)| flag)
        })
    }
}

/// One program, one context and its answers, as the browser's engine holds them; flags are named by their number in the program.
///
/// A runner takes memory as it needs it and uses it again for the next program and the next context. Its answers are words that the
/// browser's engine reads; to get an [`Evaluation`] in Rust, use [`Program::run`].
///
/// ```
/// use sdk_core::{Context, Identity, Millis, Runner, compile, specialise};
///
/// let document = r#"{ "schema": "twinflag/1", "bucketKey": "000102030405060708090a0b0c0d0e0f", "flags": { "chat": {} } }"#;
/// let compiled = compile(document, None)?;
/// let context = Context::new().string("customerId", "c-1");
/// let program = specialise(&compiled.ruleset, compiled.overrides.of(&context), &context, Identity::Open)?;
///
/// let mut runner = Runner::new();
/// runner.load(&program.to_bytes())?;
/// let bytes = context.encoded();
/// runner.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
/// runner.identify(bytes.len(), Millis(0));
/// let answer = runner.evaluate(0, 0);
/// assert_eq!(runner.evaluate_all(), answer.to_le_bytes());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Runner {
    image: Image,
    /// Memory for contexts and for the next program; the first `length` bytes are the members of the context in force.
    room: Memory,
    length: usize,
    scratch: Scratch,
    now: Now,
    fault: Option<ErrorCode>,
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").field("flags", &self.image.flags()).finish_non_exhaustive()
    }
}

impl Default for Runner {
    fn default() -> Self {
        Self::new()
    }
}

impl Runner {
    /// A runner without a program: it knows no flag.
    pub const fn new() -> Self {
        Self { image: Image::EMPTY, room: Memory::new(), length: 0, scratch: Scratch::new(), now: Now::UNKNOWN, fault: None }
    }

    /// Makes room for at least this many bytes, which the caller fills before [`Runner::load_room`] or [`Runner::identify`]. Earlier bytes
    /// stay; the room is shorter if memory has run out.
    pub fn room(&mut self, length: usize) -> &mut [u8] {
        self.room.fit(length)
    }

    /// Takes a program. A refused program leaves the one before in force; either way the runner forgets its context.
    pub fn load(&mut self, program: &[u8]) -> Result<(), ProgramError> {
        for (place, byte) in self.room(program.len()).iter_mut().zip(program) {
            *place = *byte;
        }
        self.load_room(program.len())
    }

    /// Takes the first `length` bytes of the room as a program. A refused program leaves the one before in force; either way the runner
    /// forgets its context.
    pub fn load_room(&mut self, length: usize) -> Result<(), ProgramError> {
        core::mem::swap(&mut self.image.memory, &mut self.room);
        let checked = wire::check(&mut self.image, length);
        if checked.is_err() {
            core::mem::swap(&mut self.image.memory, &mut self.room);
            self.image.read_head(Fingerprints::WIDTH);
        }
        self.identify_written(0, Millis(0));
        checked
    }

    /// Takes the first `length` bytes of the room as a context, and a moment. Bytes that are no context make every answer an error.
    pub fn identify(&mut self, length: usize, now: Millis) {
        let sound = self.room.bytes().get(..length).is_some_and(is_context);
        self.identify_written(if sound { length } else { usize::MAX }, now);
    }

    /// Takes the first `length` bytes of the room as a context that the caller has checked, and a moment. A length past the end of the
    /// room stands for a refused context. Bytes that are no context lead to answers without a meaning, and to nothing worse.
    pub fn identify_written(&mut self, length: usize, now: Millis) {
        self.length = length;
        self.now = Now::new(now.0);
        self.scratch.reset();
        self.fault = if self.room.bytes().len() < length {
            Some(ErrorCode::InvalidContext)
        } else if self.extends() {
            None
        } else {
            Some(ErrorCode::ProviderNotReady)
        };
    }

    /// Returns true if the context agrees with the program on every known attribute.
    fn extends(&mut self) -> bool {
        let members = self.room.bytes().get(..self.length).unwrap_or_default();
        let mut index = ContextIndex { members, memo: &mut self.scratch.memo };
        (0..self.image.head(Head::Known)).all(|known| {
            let record = self.image.known(known);
            let found = index.member(self.image.text(record.name));
            match (record.agreement, found) {
                (Agreement::AbsentOrNull, found) => found.is_none_or(|value| value.first() == Some(&value::NULL)),
                (Agreement::Absent, found) => found.is_none(),
                (Agreement::Equal(print), Some(value)) => fingerprint(self.image.symbol_key(), value) == print,
                (Agreement::Equal(_), None) => false,
            }
        })
    }

    /// Evaluates every flag. The answers are two words a flag (4 bytes each, lowest first), in the order of the flags' numbers: the decision,
    /// and the compared bucket plus one.
    pub fn evaluate_all(&mut self) -> &[u8] {
        let fault = self.fault;
        self.walk().all(fault);
        self.scratch.decisions()
    }

    /// Evaluates one flag: the decision, and times 2^32 the compared bucket plus one. `requested` is the number of the
    /// [`FlagType`] that the caller's default has, 0 for any.
    pub fn evaluate(&mut self, flag: u32, requested: u32) -> u64 {
        self.decide(flag, requested).0
    }

    fn decide(&mut self, flag: u32, requested: u32) -> Decision {
        if let Some(code) = self.fault {
            Decision::error(code)
        } else if flag >= self.image.flags() {
            Decision::error(ErrorCode::FlagNotFound)
        } else if requested != 0 && requested != self.image.kind(flag) {
            Decision::error(ErrorCode::TypeMismatch)
        } else {
            self.walk().keep_beside_others(flag)
        }
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size: it is called from two places
    fn walk(&mut self) -> Walk<'_, Fingerprints, ()> {
        let members = self.room.bytes().get(..self.length).unwrap_or_default();
        Walk::new(&self.image, members, &self.now, ApplicableOverrides::NONE, &mut self.scratch, ())
    }

    /// The texts of the program, to be read in place.
    pub fn texts(&self) -> &[u8] {
        self.image.value(0)
    }

    /// Forgets the program and the context; keeps the memory.
    pub fn clear(&mut self) {
        self.image.clear();
        self.identify_written(0, Millis(0));
    }
}
