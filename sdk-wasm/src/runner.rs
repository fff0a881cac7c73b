//! The engine of a page: one program, one context, and the answers, read in place.
//!
//! What is longer than a number does not cross: the page writes a context into [`Engine::context_buffer`] and reads answers,
//! keys and values where they stand in memory. `npm/client/src/engine.ts` is the other half.

use sdk_core::{FlagType, Millis, Runner};
use wasm_bindgen::prelude::wasm_bindgen;

/// One program, one context, and the answers.
#[wasm_bindgen]
#[derive(Default)]
pub struct Engine {
    runner: Runner,
    /// Length of the text that was last pointed at.
    length: usize,
    /// The compared bucket plus one of the flag last evaluated, 0 where none was compared.
    bucket: u32,
}

#[wasm_bindgen]
impl Engine {
    /// An engine without a program: it knows no flag.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a program. 0 if it is in force now; else why it was refused, as the number of `ProgramError`: the one before stays.
    pub fn load(&mut self, bytes: &[u8]) -> u32 {
        match self.runner.load(bytes) {
            Ok(()) => 0,
            Err(error) => error as u32,
        }
    }

    /// Where to write a context of up to this many bytes, in the form of `sdk-core/src/value.rs`; what was written stays.
    #[wasm_bindgen(js_name = contextBuffer)]
    pub fn context_buffer(&mut self, length: usize) -> *const u8 {
        self.runner.context_buffer(length).as_ptr()
    }

    /// Takes the first `length` bytes of the buffer as a context, and a moment in milliseconds since 1970.
    #[expect(clippy::cast_possible_truncation, reason = "the clock counts whole milliseconds")]
    pub fn identify(&mut self, length: usize, now: f64) {
        self.runner.identify(length, Millis(now as i64));
    }

    /// Answers for every flag: two words each, where they stand. See `Decision` in `sdk-core/src/details.rs` for their bits.
    #[wasm_bindgen(js_name = evaluateAll)]
    pub fn evaluate_all(&mut self) -> *const u32 {
        self.runner.evaluate_all().as_ptr()
    }

    /// Answers for one flag. `requested` is the number of the type that the caller's default has, 0 for any.
    pub fn evaluate(&mut self, flag: u32, requested: u32) -> u32 {
        let requested = requested.checked_sub(1).and_then(|index| FlagType::ALL.get(index as usize)).copied();
        let [decision, bucket] = self.runner.evaluate(flag, requested);
        self.bucket = bucket;
        decision
    }

    /// The compared bucket plus one of the flag last evaluated.
    pub fn bucket(&self) -> u32 {
        self.bucket
    }

    /// How many flags the program has.
    pub fn flags(&self) -> u32 {
        self.runner.counts().0
    }

    /// How many aliases.
    pub fn aliases(&self) -> u32 {
        self.runner.counts().1
    }

    /// The number of a flag's type.
    #[wasm_bindgen(js_name = flagType)]
    pub fn flag_type(&self, flag: u32) -> u32 {
        self.runner.flag_type(flag)
    }

    /// The flag that an alias stands for.
    #[wasm_bindgen(js_name = aliasedFlag)]
    pub fn aliased_flag(&self, alias: u32) -> u32 {
        self.runner.alias(alias).1
    }

    /// Where the key of a flag stands, or, counted on from there, an alias; [`Engine::length`] tells how long it is.
    pub fn name(&mut self, number: u32) -> *const u8 {
        let text = match number.checked_sub(self.flags()) {
            None => self.runner.key(number),
            Some(alias) => self.runner.alias(alias).0,
        };
        self.length = text.len();
        text.as_ptr()
    }

    /// Where the name of a flag's variant stands.
    #[wasm_bindgen(js_name = variantName)]
    pub fn variant_name(&mut self, flag: u32, variant: u32) -> *const u8 {
        let (name, _) = self.runner.variant(flag, variant);
        self.length = name.len();
        name.as_ptr()
    }

    /// Where the value of a flag's variant stands, in the form of `sdk-core/src/value.rs`.
    #[wasm_bindgen(js_name = variantValue)]
    pub fn variant_value(&mut self, flag: u32, variant: u32) -> *const u8 {
        let (_, value) = self.runner.variant(flag, variant);
        self.length = value.len();
        value.as_ptr()
    }

    /// How long the text is that was last pointed at, in bytes.
    pub fn length(&self) -> usize {
        self.length
    }
}
