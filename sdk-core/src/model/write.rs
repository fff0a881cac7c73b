//! Writes the steps and the conditions that [`super::step`] and [`super::condition`] read.
//!
//! A method that writes a condition returns the place of the condition.
use super::{
    build::Builder,
    code::{self, Operation},
    condition::{Among, Portion, Test},
    details::Decision,
    image::{Image, Lookup, Span},
    moments,
    words::Run,
};
use crate::{
    bucket::{DrawHash, Subkey},
    context::value::{self, Encoded},
    matching::comparison::Comparison,
};

/// The parts of a test that are copied.
#[derive(Clone, Copy)]
pub(crate) enum Keep {
    /// All of it.
    All,
    /// The parts that answers depend on, without operands as they are written: only explanations show those.
    Decisive,
}

/// Tables that the steps of a flag are written into: those of all flags while they are linked, or those of one flag whose state changes.
pub(crate) trait StepTables {
    /// The place of the next word.
    fn here(&self) -> u32;

    /// Appends words.
    fn push(&mut self, words: &[u32]);

    /// Replaces the word at a place.
    fn set(&mut self, at: u32, word: u32);

    /// The number of the attribute with this name.
    fn attribute(&mut self, name: &str) -> u32;

    /// Appends the numbers of encoded scalars as a list, ascending. A scalar twice stands once; returns how many there are.
    fn push_symbols<'a>(&mut self, encoded: impl Iterator<Item = &'a [u8]>) -> usize;

    /// Makes the next step depend on a condition, if there is one.
    fn guard(&mut self, condition: u32) {
        if condition != 0 {
            self.push(&[code::guard(condition)]);
        }
    }

    /// A constant answer; without a guard it ends the flag's steps.
    fn constant(&mut self, decision: Decision) {
        let drawn = decision.bucket_plus_one() != 0;
        self.push(&[code::with_count(Operation::Const, 0, usize::from(drawn)), decision.word()]);
        if drawn {
            self.push(&[decision.bucket_plus_one()]);
        }
    }

    /// Answers `unmet` unless another flag has one of these variants.
    fn prerequisite(&mut self, flag: u32, unmet: Decision, variants: &[u32]) {
        self.push(&[code::with_count(Operation::Prerequisite, 0, variants.len()), flag, unmet.word()]);
        self.push(variants);
    }

    /// The place of the overrides.
    fn overrides(&mut self) {
        self.push(&[Operation::Overrides as u32]);
    }

    /// A list of units, encoded.
    fn list<'a>(&mut self, attribute: u32, listed: Decision, allows: bool, units: impl Iterator<Item = &'a [u8]>) {
        let start = self.here();
        self.push(&[0, attribute, listed.word()]);
        let count = self.push_symbols(units);
        self.set(start, code::with_count(Operation::List, if allows { code::ALLOW } else { 0 }, count));
    }

    /// A draw; `shares` are upper bounds and decisions.
    fn draw(&mut self, attribute: u32, hash: DrawHash, continues: bool, shares: impl ExactSizeIterator<Item = (u32, Decision)>) {
        let flags = hash_flags(hash) | if continues { code::CONTINUE } else { 0 };
        self.push(&[code::with_count(Operation::Draw, flags, shares.len()), attribute]);
        self.push_subkey(hash.parameters());
        for (bound, decision) in shares {
            self.push(&[bound, decision.word()]);
        }
    }

    /// Appends the two halves of a key, the lower word of each first.
    #[expect(clippy::cast_possible_truncation, reason = "split into its halves")]
    fn push_subkey(&mut self, subkey: Subkey) {
        for half in subkey.0 {
            self.push(&[half as u32, (half >> 32) as u32]);
        }
    }
}

/// The methods that write conditions.
impl Builder {
    pub(crate) fn all(&mut self, children: &[u32]) -> u32 {
        self.children(Operation::All, children)
    }

    pub(crate) fn any(&mut self, children: &[u32]) -> u32 {
        self.children(Operation::Any, children)
    }

    fn children(&mut self, operation: Operation, children: &[u32]) -> u32 {
        let at = self.here();
        self.push(&[code::with_count(operation, 0, children.len())]);
        self.push(children);
        at
    }

    pub(crate) fn not(&mut self, condition: u32) -> u32 {
        let at = self.here();
        self.push(&[Operation::Not as u32, condition]);
        at
    }

    pub(crate) fn segment_condition(&mut self, number: u32, condition: u32) -> u32 {
        let at = self.here();
        self.push(&[Operation::Segment as u32, number, condition]);
        at
    }

    pub(crate) fn percentage(&mut self, portion: Portion) -> u32 {
        let at = self.here();
        self.push(&[Operation::Percentage as u32 | hash_flags(portion.hash), portion.attribute]);
        self.push_subkey(portion.hash.parameters());
        self.push(&[portion.from, portion.to]);
        at
    }

    pub(crate) fn exists(&mut self, attribute: u32) -> u32 {
        let at = self.here();
        self.push(&[Operation::Exists as u32, attribute]);
        at
    }

    /// Writes the test of a scalar that is, or is not, one of the encoded `entries`; the symbols of `among` are not read.
    pub(crate) fn among<'a>(&mut self, attribute: u32, among: &Among, entries: impl Iterator<Item = &'a [u8]> + Clone) -> u32 {
        if self.is_now(attribute) {
            for entry in entries.clone() {
                if let Some((Encoded::Number(number), _)) = value::read(entry) {
                    self.moments.extend(moments::of(Comparison::Equal, number));
                }
            }
        }
        let flag = |is_set: bool, flag: u32| if is_set { flag } else { 0 };
        let flags = flag(among.none_of, code::NONE_OF)
            | flag(among.ignore_case, code::IGNORE_CASE)
            | flag(among.as_number, code::AS_NUMBER)
            | flag(among.single, code::SINGLE)
            | among.kinds.flags();
        self.symbol_test(Operation::Among, flags, attribute, entries)
    }

    /// Writes the test of a list that has one of the encoded `entries` as a member, or every one.
    pub(crate) fn members<'a>(&mut self, attribute: u32, every: bool, ignore_case: bool, entries: impl Iterator<Item = &'a [u8]>) -> u32 {
        let flags = if every { code::EVERY } else { 0 } | if ignore_case { code::IGNORE_CASE } else { 0 };
        self.symbol_test(Operation::Members, flags, attribute, entries)
    }

    fn symbol_test<'a>(&mut self, operation: Operation, flags: u32, attribute: u32, entries: impl Iterator<Item = &'a [u8]>) -> u32 {
        let at = self.here();
        self.push(&[0, attribute]);
        let count = self.push_symbols(entries);
        self.set(at, code::with_count(operation, flags, count));
        at
    }

    /// Writes the test of a string that has the operand in it, or of a list that has it as a member; the operand is an encoded scalar.
    pub(crate) fn contains(&mut self, attribute: u32, operand: &[u8], ignore_case: bool) -> u32 {
        let at = self.text_test(Operation::Contains, attribute, operand, ignore_case);
        self.push_symbols(core::iter::once(operand));
        at
    }

    /// Writes the test of a string that begins with the operand, an encoded string.
    pub(crate) fn starts_with(&mut self, attribute: u32, operand: &[u8], ignore_case: bool) -> u32 {
        self.text_test(Operation::StartsWith, attribute, operand, ignore_case)
    }

    /// Writes the test of a string that ends with the operand, an encoded string.
    pub(crate) fn ends_with(&mut self, attribute: u32, operand: &[u8], ignore_case: bool) -> u32 {
        self.text_test(Operation::EndsWith, attribute, operand, ignore_case)
    }

    fn text_test(&mut self, operation: Operation, attribute: u32, operand: &[u8], ignore_case: bool) -> u32 {
        let at = self.here();
        let operand = self.text(operand);
        self.push(&[operation as u32 | if ignore_case { code::IGNORE_CASE } else { 0 }, attribute, operand.at, operand.length]);
        at
    }

    pub(crate) fn number(&mut self, attribute: u32, comparison: Comparison, operand: f64, as_number: bool) -> u32 {
        let at = self.here();
        self.compare_now(attribute, comparison, operand);
        let flags = comparison_flags(comparison) | if as_number { code::AS_NUMBER } else { 0 };
        self.push(&[Operation::Number as u32 | flags, attribute]);
        self.push_double(operand);
        at
    }

    /// Writes the test of a time; the operand in milliseconds, and `written` as in the document.
    pub(crate) fn time(&mut self, attribute: u32, comparison: Comparison, operand: f64, written: Span) -> u32 {
        let at = self.here();
        self.compare_now(attribute, comparison, operand);
        self.push(&[Operation::Time as u32 | comparison_flags(comparison), attribute]);
        self.push_double(operand);
        self.push_span(written);
        at
    }

    pub(crate) fn semver(&mut self, attribute: u32, comparison: Comparison, operand: &[u8], loose: bool) -> u32 {
        let (at, operand) = (self.here(), self.text(operand));
        let flags = comparison_flags(comparison) | if loose { code::LOOSE } else { 0 };
        self.push(&[Operation::Semver as u32 | flags, attribute, operand.at, operand.length]);
        at
    }

    /// Writes the test by a pattern's table; `written` is the pattern as in the document.
    pub(crate) fn matches(&mut self, attribute: u32, table: Span, written: Span) -> u32 {
        let at = self.here();
        self.push(&[Operation::Matches as u32, attribute]);
        self.push_span(table);
        self.push_span(written);
        at
    }

    /// Writes the test of an address by networks, first and last address of each: `narrow` with one word an address, `wide` with four.
    pub(crate) fn cidr(
        &mut self,
        attribute: u32,
        written: Span,
        narrow: impl ExactSizeIterator<Item = u32>,
        wide: impl ExactSizeIterator<Item = u32>,
    ) -> u32 {
        let at = self.here();
        self.push(&[code::with_count(Operation::Cidr, 0, narrow.len() / 2), attribute]);
        self.push_span(written);
        self.push(&[u32::try_from(wide.len() / 8).unwrap_or(0)]);
        self.code.extend(narrow);
        self.code.extend(wide);
        at
    }

    /// Copies a test of other tables; returns its place.
    pub(crate) fn copy_test(&mut self, from: &Image, attribute: u32, test: &Test, keep: Keep) -> u32 {
        let written = |builder: &mut Self, written: Span| match keep {
            Keep::All => builder.copy_text(from, written),
            Keep::Decisive => Span::default(),
        };
        match test {
            Test::Exists => self.exists(attribute),
            Test::Among(among) => self.among(attribute, among, from.scalars(among.symbols)),
            Test::Members { symbols, every, ignore_case } => self.members(attribute, *every, *ignore_case, from.scalars(*symbols)),
            Test::Contains { operand, ignore_case, symbol: _ } => self.contains(attribute, from.text(*operand), *ignore_case),
            Test::StartsWith { operand, ignore_case } => self.starts_with(attribute, from.text(*operand), *ignore_case),
            Test::EndsWith { operand, ignore_case } => self.ends_with(attribute, from.text(*operand), *ignore_case),
            Test::Number { comparison, operand, as_number } => self.number(attribute, *comparison, *operand, *as_number),
            Test::Time { comparison, operand, written: shown } => {
                let shown = written(self, *shown);
                self.time(attribute, *comparison, *operand, shown)
            }
            Test::Semver { comparison, operand, loose } => self.semver(attribute, *comparison, from.text(*operand), *loose),
            Test::Matches { table, written: shown } => {
                let shown = written(self, *shown);
                let table = self.copy_text(from, *table);
                self.matches(attribute, table, shown)
            }
            Test::Cidr { written: shown, narrow, wide } => {
                let shown = written(self, *shown);
                let [narrow, wide] = [(narrow, 2), (wide, 8)].map(|(run, words)| Run { at: run.at, count: run.count * words });
                self.cidr(attribute, shown, from.words().run(narrow), from.words().run(wide))
            }
        }
    }

    fn compare_now(&mut self, attribute: u32, comparison: Comparison, operand: f64) {
        if self.is_now(attribute) {
            self.moments.extend(moments::of(comparison, operand));
        }
    }

    fn is_now(&self, attribute: u32) -> bool {
        self.lookup_of(attribute) == Some(Lookup::Now)
    }
}

fn hash_flags(hash: DrawHash) -> u32 {
    hash.number() << code::HASH_SHIFT
}

fn comparison_flags(comparison: Comparison) -> u32 {
    (comparison as u32) << code::COMPARISON_SHIFT
}
