//! Running programs.
use alloc::vec::Vec;
use core::marker::PhantomData;

use super::{
    fingerprint::fingerprint,
    wire::{self, ProgramError},
};
use crate::{
    context::{Context, is_context},
    details::{Decision, ErrorCode, Evaluation, FlagType},
    evaluate::{Now, Scratch, Walk},
    model::{
        image::{Agreement, Image},
        symbol::Fingerprints,
    },
    overrides::Own,
    ruleset::{Millis, evaluation},
    value,
};

/// A ruleset settled for what is known of one visitor; made by [`crate::specialise`] or read from its bytes.
#[derive(Clone)]
pub struct Program {
    pub(super) image: Image,
}

impl Program {
    pub(super) fn new(image: Image) -> Self {
        Self { image }
    }

    /// Reads a program, checking all of it once. It is refused whole if anything is off.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProgramError> {
        wire::decode(bytes).map(Self::new)
    }

    /// The binary form; equal arguments of [`crate::specialise`] give equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(&self.image)
    }

    /// The keys of all flags.
    pub fn flag_keys(&self) -> impl Iterator<Item = &str> {
        (0..self.image.head.flags).map(|flag| self.image.str(self.image.flag(flag).key))
    }

    /// Answers one question as the ruleset would have.
    ///
    /// A context that does not extend what the program was made for is answered by [`ErrorCode::ProviderNotReady`].
    pub fn run(&self, flag_key: &str, context: &Context, now: Millis, requested: Option<FlagType>) -> Evaluation<'_> {
        let mut runner = Runner { image: self.image.clone(), ..Runner::default() };
        runner.buffer.extend_from_slice(context.members());
        runner.identify(context.members().len(), now);
        if context.refusal().is_some() {
            runner.fault = Some(ErrorCode::InvalidContext);
        }
        let decision = match self.find(flag_key) {
            Some(flag) => runner.decide(flag, requested),
            None => Decision::error(runner.fault.unwrap_or(ErrorCode::FlagNotFound)),
        };
        evaluation(&self.image, self.find(flag_key).unwrap_or(u32::MAX), decision)
    }

    fn find(&self, key: &str) -> Option<u32> {
        let flags = (0..self.image.head.flags).find(|flag| self.image.text(self.image.flag(*flag).key) == key.as_bytes());
        flags.or_else(|| {
            let mut aliases = (0..self.image.head.aliases).map(|alias| self.image.alias(alias));
            aliases.find(|(name, _)| self.image.text(*name) == key.as_bytes()).map(|(_, flag)| flag)
        })
    }
}

/// What the browser holds: one program, one context, and the answers. Flags are asked by their number.
#[derive(Default)]
pub struct Runner {
    image: Image,
    scratch: Scratch,
    /// Room for contexts; the first `length` bytes are the members of the one in force, encoded.
    buffer: Vec<u8>,
    length: usize,
    now: Now,
    fault: Option<ErrorCode>,
    answers: Vec<u32>,
}

impl Runner {
    /// Takes a program; a refused one changes nothing.
    pub fn load(&mut self, bytes: &[u8]) -> Result<(), ProgramError> {
        self.image = wire::decode(bytes)?;
        self.identify_again();
        Ok(())
    }

    /// Room for at least this many bytes of encoded members, to be written before [`Runner::identify`]; what was written stays.
    pub fn context_buffer(&mut self, length: usize) -> &mut [u8] {
        if self.buffer.len() < length {
            self.buffer.resize(length, 0);
        }
        &mut self.buffer
    }

    /// Takes the first `length` bytes of the buffer as a context, and a moment.
    pub fn identify(&mut self, length: usize, now: Millis) {
        self.length = length;
        self.now = Now::new(now.0);
        self.identify_again();
    }

    /// The context's members; what is longer than the buffer is no context.
    fn members(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or(&[u8::MAX])
    }

    fn identify_again(&mut self) {
        self.scratch.reset(&self.image);
        self.fault = if !is_context(self.members()) {
            Some(ErrorCode::InvalidContext)
        } else if self.extends() {
            None
        } else {
            Some(ErrorCode::ProviderNotReady)
        };
    }

    /// Whether the context extends what the program was made for.
    fn extends(&self) -> bool {
        (0..self.image.head.known).all(|known| {
            let record = self.image.known(known);
            let found = value::member(self.members(), self.image.text(record.name));
            match (record.agreement, found) {
                (Agreement::AbsentOrNull, found) => found.is_none_or(|value| value.first() == Some(&value::NULL)),
                (Agreement::Absent, found) => found.is_none(),
                (Agreement::Equal(print), Some(value)) => fingerprint(self.image.symbol_key(), value) == print,
                (Agreement::Equal(_), None) => false,
            }
        })
    }

    /// Answers for every flag, two words each in the order of their numbers: the decision and the compared bucket plus one.
    pub fn evaluate_all(&mut self) -> &[u32] {
        self.answers.clear();
        let mut answers = core::mem::take(&mut self.answers);
        if let Some(code) = self.fault {
            answers.extend((0..self.image.head.flags).flat_map(|_| [Decision::error(code).word, 0]));
        } else {
            answers.extend(self.walk().all().iter().flat_map(|decision| [decision.word, decision.bucket_plus_one]));
        }
        self.answers = answers;
        &self.answers
    }

    /// Answers for one flag: the decision and the compared bucket plus one.
    pub fn evaluate(&mut self, flag: u32, requested: Option<FlagType>) -> [u32; 2] {
        let decision = self.decide(flag, requested);
        [decision.word, decision.bucket_plus_one]
    }

    fn decide(&mut self, flag: u32, requested: Option<FlagType>) -> Decision {
        if let Some(code) = self.fault {
            return Decision::error(code);
        }
        if flag >= self.image.head.flags {
            return Decision::error(ErrorCode::FlagNotFound);
        }
        match self.image.flag_type(flag) {
            kind if requested.is_some() && requested != kind => Decision::error(ErrorCode::TypeMismatch),
            _ => self.walk().flag(flag),
        }
    }

    fn walk(&mut self) -> Walk<'_, Fingerprints, ()> {
        Walk {
            image: &self.image,
            members: self.buffer.get(..self.length).unwrap_or_default(),
            now: &self.now,
            own: Own::NONE,
            scratch: &mut self.scratch,
            visit: (),
            symbols: PhantomData,
        }
    }

    /// How many flags the program has, and how many aliases.
    pub fn counts(&self) -> (u32, u32) {
        (self.image.head.flags, self.image.head.aliases)
    }

    /// The type of a flag, as the number of [`FlagType`].
    pub fn flag_type(&self, flag: u32) -> u32 {
        self.image.flag(flag).kind
    }

    /// The key of a flag, UTF-8.
    pub fn key(&self, flag: u32) -> &[u8] {
        self.image.text(self.image.flag(flag).key)
    }

    /// An alias, UTF-8, and its flag.
    pub fn alias(&self, alias: u32) -> (&[u8], u32) {
        let (name, flag) = self.image.alias(alias);
        (self.image.text(name), flag)
    }

    /// The name of a flag's variant, UTF-8, and its value in the byte form of contexts (objects as JSON text under tag 8).
    pub fn variant(&self, flag: u32, variant: u32) -> (&[u8], &[u8]) {
        let (name, encoded) = self.image.variant(flag, variant);
        (self.image.text(name), value::split(encoded).map_or(&[], |(whole, _)| whole))
    }
}
