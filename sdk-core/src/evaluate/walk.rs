//! Evaluation: walking the steps of a flag for one context at one moment.
//!
//! The compiler of documents lays the steps in their order of precedence; here they are only followed. Total: tables and
//! contexts of any content are walked without panic, and each segment and each prerequisite once.
use core::{cmp::Ordering, marker::PhantomData};

use super::{
    overrides::ApplicableOverrides,
    scratch::{
        Scratch,
        known::{self, ABSENT, AT, NONE, THE_MOMENT, UNKNOWN},
    },
    symbol_set::SymbolSet,
    visit::Visit,
};
use crate::{
    context::{
        index::ContextIndex,
        unit::{Digits, Unit},
        value::{self, Encoded},
    },
    matching::{cidr, comparison::Comparison, decimal, pattern, semver::Version, text, time},
    model::{
        condition::{Among, Condition, Kinds, Portion, Test},
        details::{Decision, ErrorCode},
        image::{Head, Image, Lookup, Span},
        step::{Draw, Guarded, List, Step},
        symbol::Symbols,
        words::{Run, Words},
    },
};

/// So many symbols are compared as they stand sooner than a value is looked up among all.
const FEW: u32 = 8;

/// A moment as an encoded number: the value of the reserved attribute `now`.
#[derive(Clone)]
pub(crate) struct Now([u8; 9]);

impl Now {
    pub(crate) const UNKNOWN: Self = Self([0; 9]);

    #[expect(clippy::cast_precision_loss, reason = "every number is first its nearest double")]
    pub(crate) fn new(millis: i64) -> Self {
        let mut encoded = [value::NUMBER; 9];
        if let Some(number) = encoded.last_chunk_mut() {
            *number = (millis as f64).to_le_bytes();
        }
        Self(encoded)
    }
}

/// One walk: the tables, the context, the moment, the overrides, and a watcher.
pub(crate) struct Walk<'a, S, V> {
    image: &'a Image,
    words: Words<'a>,
    members: &'a [u8],
    now: &'a Now,
    own: ApplicableOverrides<'a>,
    scratch: &'a mut Scratch,
    visit: V,
    symbols: PhantomData<S>,
}

impl<'a, S: Symbols, V: Visit> Walk<'a, S, V> {
    pub(crate) fn new(
        image: &'a Image,
        members: &'a [u8],
        now: &'a Now,
        own: ApplicableOverrides<'a>,
        scratch: &'a mut Scratch,
        visit: V,
    ) -> Self {
        Self { image, words: image.words(), members, now, own, scratch, visit, symbols: PhantomData }
    }

    /// The place of a flag's first step.
    fn first_step(&self, flag: u32) -> u32 {
        self.words.word(self.image.flag_at(flag).wrapping_add(3))
    }

    /// Decides one flag; what it depends on is decided first, and each flag once.
    pub(crate) fn flag(&mut self, flag: u32) -> Decision {
        if !self.scratch.all && matches!(self.words.step(self.first_step(flag)).step, Step::Prerequisite { .. }) {
            self.prerequisites(flag);
        }
        self.steps(flag)
    }

    /// Decides one flag and keeps the decision for the flags that depend on it.
    pub(crate) fn keep(&mut self, flag: u32) -> Decision {
        if let Some(decision) = self.scratch.decision(flag) {
            return decision;
        }
        let decision = self.flag(flag);
        self.scratch.decide(flag, decision);
        decision
    }

    /// Decides every flag, unless there is a fault, in the order of their numbers: a prerequisite stands before what needs it.
    pub(crate) fn all(&mut self, fault: Option<ErrorCode>) {
        let flags = self.image.flags();
        self.scratch.expect_all(flags);
        for flag in 0..flags {
            let decision = fault.map_or_else(|| self.steps(flag), Decision::error);
            self.scratch.decide(flag, decision);
        }
    }

    /// Decides all that a flag depends on, deepest first, without recursion: chains may be as long as there are flags.
    #[inline(never)]
    fn prerequisites(&mut self, flag: u32) {
        let mut has_room = self.scratch.wait(flag);
        while let Some(next) = self.scratch.next_waiting() {
            let (mut at, mut is_open) = (self.first_step(next), false);
            while let Guarded { step: Step::Prerequisite { flag: needed, .. }, next: behind, .. } = self.words.step(at) {
                // A prerequisite stands before what needs it, in tables of any origin: waiting ends.
                if needed < next && has_room && self.scratch.decision(needed).is_none() {
                    has_room = self.scratch.wait(needed);
                    is_open = true;
                }
                at = behind;
            }
            if !is_open {
                self.scratch.stop_waiting();
                if next != flag && self.scratch.decision(next).is_none() {
                    let decision = self.watched_by_nobody().steps(next);
                    self.scratch.decide(next, decision);
                }
            }
        }
    }

    /// The same walk without its watcher, for what is not asked about.
    fn watched_by_nobody(&mut self) -> Walk<'_, S, ()> {
        Walk::new(self.image, self.members, self.now, self.own, self.scratch, ())
    }

    fn steps(&mut self, flag: u32) -> Decision {
        let mut at = self.first_step(flag);
        loop {
            let Guarded { condition, step, next } = self.words.step(at);
            self.visit.begin(&step);
            let is_taken = condition == 0 || self.holds(condition);
            let answer = match step {
                _ if !is_taken => None,
                Step::List(list) => self.listed(&list),
                Step::Draw(draw) => self.drawn(&draw),
                Step::Const(decision) => Some(decision),
                Step::Overrides if S::HAVE_OVERRIDES => self.own.decision(flag),
                Step::Overrides => None,
                Step::Prerequisite { flag, unmet, variants } => self.unmet(flag, unmet, variants),
                Step::Nothing => return Decision::error(ErrorCode::FlagNotFound),
            };
            self.visit.step(&step, answer);
            if let Some(decision) = answer {
                return decision;
            }
            at = next;
        }
    }

    fn unmet(&mut self, flag: u32, unmet: Decision, variants: Run) -> Option<Decision> {
        let variant = self.scratch.decision(flag).and_then(Decision::variant);
        self.visit.prerequisite(flag, variant);
        let met = variant.is_some_and(|variant| self.words.run(variants).any(|meeting| meeting == variant));
        (!met).then_some(unmet)
    }

    /// The decision of a list; `None` if the list does not apply.
    pub(crate) fn listed(&mut self, list: &List) -> Option<Decision> {
        let (value, mut digits) = (self.unit(list.attribute), Digits::default());
        let listed = match Unit::of(value, &mut digits) {
            Unit::Missing => return None,
            Unit::Unfit => return Some(list.listed.step_error(ErrorCode::InvalidContext)),
            Unit::Text { encoded, written: true, .. } => self.is_listed(list.symbols, list.attribute, encoded, false),
            Unit::Text { encoded, .. } => S::find(self.image, encoded).is_some_and(|symbol| self.is_in(list.symbols, symbol)),
        };
        listed.then_some(list.listed)
    }

    /// The decision of a draw; `None` if the draw does not apply.
    pub(crate) fn drawn(&mut self, draw: &Draw) -> Option<Decision> {
        let (value, mut digits) = (self.unit(draw.attribute), Digits::default());
        let first = self.words.decision(draw.shares.at.wrapping_add(1));
        let text = match Unit::of(value, &mut digits) {
            Unit::Text { text, .. } => text,
            Unit::Missing if draw.continues => return None,
            Unit::Missing => return Some(first.step_error(ErrorCode::TargetingKeyMissing)),
            Unit::Unfit => return Some(first.step_error(ErrorCode::InvalidContext)),
        };
        let bucket = draw.hash.bucket(text);
        self.visit.bucket(bucket);
        let mut shares = self.words.pairs(draw.shares);
        let [_, word] = shares.find(|[bound, _]| bucket < *bound)?;
        Some(Decision::of(word).with_bucket(bucket))
    }

    /// Whether the condition at `at` holds.
    pub(crate) fn holds(&mut self, at: u32) -> bool {
        let condition = self.words.condition(at);
        self.visit.enter(at, &condition);
        let held = match &condition {
            Condition::All(children) => !self.has_child(*children, false),
            Condition::Any(children) => self.has_child(*children, true),
            Condition::Not(inner) => !self.holds(*inner),
            Condition::Segment { number, condition } => self.segment(*number, *condition),
            Condition::Percentage(portion) => self.is_in_portion(portion),
            Condition::Test { attribute, test } => self.test(*attribute, test),
            Condition::Nothing => false,
        };
        self.visit.leave(&condition, held);
        held
    }

    /// Asks conditions until one answers `wanted`; whether one did.
    fn has_child(&mut self, children: Run, wanted: bool) -> bool {
        self.words.run(children).any(|child| self.holds(child) == wanted)
    }

    fn segment(&mut self, number: u32, condition: u32) -> bool {
        if let Some(held) = self.scratch.segment(number) {
            return held;
        }
        let held = self.holds(condition);
        self.scratch.keep_segment(number, held);
        held
    }

    fn is_in_portion(&mut self, portion: &Portion) -> bool {
        let (value, mut digits) = (self.value(portion.attribute), Digits::default());
        self.visit.attribute(value);
        let Some(text) = Unit::of(value, &mut digits).text() else { return false };
        let bucket = portion.hash.bucket(text);
        self.visit.bucket(bucket);
        (portion.from..portion.to).contains(&bucket)
    }

    fn test(&mut self, attribute: u32, test: &Test) -> bool {
        let value = self.value(attribute);
        self.visit.attribute(value);
        let Some(encoded) = value else { return false };
        match test {
            Test::Exists => return true,
            Test::Among(among) => return self.is_among(attribute, among, encoded),
            _ => {}
        }
        let Some((value, _)) = value::read(encoded) else { return false };
        match (test, value) {
            (Test::Members { symbols, every, ignore_case }, Encoded::List(count, items)) => {
                self.has_members(attribute, (count, items), *symbols, *every, *ignore_case)
            }
            (Test::Contains { symbol, ignore_case, .. }, Encoded::List(count, items)) => {
                self.has_members(attribute, (count, items), *symbol, false, *ignore_case)
            }
            (Test::Contains { operand, ignore_case, .. }, Encoded::Text(text)) => {
                self.operand(*operand).is_some_and(|operand| text::contains(self.folded(attribute, text, *ignore_case), operand))
            }
            (Test::StartsWith { operand, ignore_case }, Encoded::Text(text)) => {
                self.operand(*operand).is_some_and(|operand| self.folded(attribute, text, *ignore_case).starts_with(operand))
            }
            (Test::EndsWith { operand, ignore_case }, Encoded::Text(text)) => {
                self.operand(*operand).is_some_and(|operand| self.folded(attribute, text, *ignore_case).ends_with(operand))
            }
            (Test::Number { comparison, operand, .. }, Encoded::Number(number)) => compares(number, *operand, *comparison),
            (Test::Time { comparison, operand, .. }, Encoded::Number(number)) => {
                time::is_whole(number) && compares(number, *operand, *comparison)
            }
            (Test::Number { comparison, operand, as_number: true }, Encoded::Text(text)) => {
                let number = self.decimal(attribute, text).and_then(number_of);
                number.is_some_and(|number| compares(number, *operand, *comparison))
            }
            #[expect(clippy::cast_precision_loss, reason = "a written time is far below 2^53 milliseconds")]
            (Test::Time { comparison, operand, .. }, Encoded::Text(text)) => {
                time::parse_millis(text).is_some_and(|millis| compares(millis as f64, *operand, *comparison))
            }
            (Test::Semver { comparison, operand, loose }, Encoded::Text(text)) => {
                let operand = Version::parse_as(self.image.text(*operand), *loose);
                let Some((version, operand)) = Version::parse_as(text, *loose).zip(operand) else { return false };
                match comparison {
                    Comparison::Caret => version.caret(&operand),
                    Comparison::Tilde => version.tilde(&operand),
                    comparison => comparison.admits(version.precedence(&operand)),
                }
            }
            (Test::Matches { table, .. }, Encoded::Text(text)) => pattern::found(self.image.text(*table), text),
            (Test::Cidr { narrow, wide, .. }, Encoded::Text(text)) => {
                cidr::Words::of(text).is_some_and(|address| self.is_in_networks(*narrow, *wide, address.words()))
            }
            (
                Test::Exists
                | Test::Among(_)
                | Test::Members { .. }
                | Test::Contains { .. }
                | Test::StartsWith { .. }
                | Test::EndsWith { .. }
                | Test::Number { .. }
                | Test::Time { .. }
                | Test::Semver { .. }
                | Test::Matches { .. }
                | Test::Cidr { .. },
                _,
            ) => false,
        }
    }

    /// The text of an operand that is a string.
    fn operand(&self, operand: Span) -> Option<&'a [u8]> {
        value::text(self.image.text(operand))
    }

    fn is_among(&mut self, attribute: u32, among: &Among, encoded: &'a [u8]) -> bool {
        let (kind, folds) = match encoded.first() {
            Some(&value::STRING) => (Kinds::STRINGS, among.ignore_case),
            Some(&value::NUMBER) => (Kinds::NUMBERS, false),
            Some(&(value::FALSE | value::TRUE)) => (Kinds::BOOLEANS, false),
            _ => return false,
        };
        if among.as_number && kind != Kinds::NUMBERS {
            return self.is_among_numbers(attribute, among, encoded);
        }
        if !among.kinds.has(kind) {
            return among.kinds.is_empty() && among.none_of;
        }
        self.is_listed(among.symbols, attribute, encoded, folds) != among.none_of
    }

    /// As [`Self::is_among`], for text that counts as a number where it is one.
    fn is_among_numbers(&mut self, attribute: u32, among: &Among, encoded: &'a [u8]) -> bool {
        let image = self.image;
        let text = if encoded.first() == Some(&value::STRING) { value::text(encoded) } else { None };
        let Some(number) = text.and_then(|text| self.decimal(attribute, text)) else { return false };
        let symbol = S::find(image, number);
        symbol.is_some_and(|symbol| self.is_in(among.symbols, symbol)) != among.none_of
    }

    /// Whether a list has one of the symbols as a member, or every one.
    fn has_members(&mut self, attribute: u32, list: (u32, &[u8]), symbols: Run, every: bool, folds: bool) -> bool {
        let set = self.members_of(attribute, list, folds);
        let has = |symbol| self.scratch.has_symbol(set, symbol);
        let mut symbols = self.words.run(symbols);
        if every { symbols.all(has) } else { symbols.any(has) }
    }

    /// The symbols of a list's members, as they are or folded, looked up and remembered.
    fn members_of(&mut self, attribute: u32, (count, mut items): (u32, &[u8]), folds: bool) -> SymbolSet {
        let entry = self.scratch.attributes.place(attribute);
        let slot = self.scratch.attributes.slot(entry);
        let (place, size) = (known::SYMBOL + usize::from(folds), known::FOLDED + usize::from(folds));
        if let [Some(found @ 1..), Some(size)] = [slot.get(place), slot.get(size)].map(Option::<&u32>::copied) {
            return SymbolSet { place: found - 1, size };
        }
        let set = self.scratch.new_symbol_set(count);
        for _ in 0..count {
            let Some((item, rest)) = value::split(items) else { break };
            items = rest;
            let symbol = match value::text(item).filter(|_| folds && item.first() == Some(&value::STRING)) {
                Some(text) => self.scratch.fold(text).and_then(|(place, _)| {
                    let symbol = S::find(self.image, value::with_head(value::FOLDED, self.scratch.taken_mut(place)));
                    self.scratch.give_back(place, 0);
                    symbol
                }),
                None => S::find(self.image, item),
            };
            if let Some(symbol) = symbol {
                self.scratch.add_symbol(set, symbol);
            }
        }
        self.scratch.attributes.set(entry, place, set.place + 1);
        self.scratch.attributes.set(entry, size, set.size);
        set
    }

    fn is_in_networks(&self, narrow: Run, wide: Run, address: &[u32]) -> bool {
        let networks = if address.len() == 1 { narrow } else { wide };
        let mut place = networks.at;
        // No more than there can be.
        for _ in 0..networks.count.min(self.image.head(Head::Code)) {
            let first = self.order(&mut place, address);
            let last = self.order(&mut place, address);
            if first.is_le() && last.is_ge() {
                return true;
            }
        }
        false
    }

    /// How the address at a place stands to another one; goes on behind it.
    fn order(&self, place: &mut u32, address: &[u32]) -> Ordering {
        let mut order = Ordering::Equal;
        for word in address {
            if order.is_eq() {
                order = self.words.word(*place).cmp(word);
            }
            *place = place.wrapping_add(1);
        }
        order
    }

    /// Whether an attribute's value, as it is or folded, is one of the symbols.
    fn is_listed(&mut self, symbols: Run, attribute: u32, encoded: &[u8], folds: bool) -> bool {
        let entry = self.scratch.attributes.place(attribute);
        let [_, _, _, plain, folded, ..] = self.scratch.attributes.slot(entry);
        let mut known = if folds { folded } else { plain };
        if known == UNKNOWN {
            if S::READABLE && symbols.count <= FEW && !folds && !self.scratch.all {
                return self.words.run(symbols).any(|symbol| S::is(self.image, symbol, encoded));
            }
            known = self.look_up_symbol(attribute, encoded, folds);
        }
        known != NONE && self.is_in(symbols, known.wrapping_sub(2))
    }

    /// Whether a symbol is among symbols that ascend.
    fn is_in(&self, symbols: Run, symbol: u32) -> bool {
        let (mut low, mut high) = (symbols.at, symbols.at.wrapping_add(symbols.count));
        while low < high {
            let middle = low + (high - low) / 2;
            let found = self.words.word(middle);
            if found == symbol {
                return true;
            }
            if found < symbol {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        false
    }

    /// The symbol of an attribute's value, as it is or folded, plus two, looked up and remembered; [`NONE`] if it is none.
    #[inline(never)]
    fn look_up_symbol(&mut self, attribute: u32, encoded: &[u8], folds: bool) -> u32 {
        let image = self.image;
        let symbol = if folds {
            let folded = self.fold(attribute, value::text(encoded).unwrap_or_default());
            S::find(image, value::with_head(value::FOLDED, folded))
        } else {
            S::find(image, encoded)
        };
        let known = symbol.map_or(NONE, |symbol| symbol + 2);
        let entry = self.scratch.attributes.place(attribute);
        self.scratch.attributes.set(entry, known::SYMBOL + usize::from(folds), known);
        known
    }

    /// An attribute's text, in lower case where it is compared so.
    fn folded<'t>(&'t mut self, attribute: u32, text: &'t [u8], folds: bool) -> &'t [u8] {
        if folds { self.fold(attribute, text).get(value::HEAD..).unwrap_or_default() } else { text }
    }

    /// An attribute's text in lower case, behind room for a value's head; folded once and remembered.
    #[inline(never)]
    fn fold(&mut self, attribute: u32, text: &[u8]) -> &mut [u8] {
        let entry = self.scratch.attributes.place(attribute);
        let [.., place, length, _] = self.scratch.attributes.slot(entry);
        let (place, length) = if let Some(place) = place.checked_sub(1) {
            (place as usize, length as usize)
        } else {
            let (place, length) = self.scratch.fold(text).unwrap_or_default();
            self.scratch.attributes.set(entry, known::FOLDED, word(place + 1));
            self.scratch.attributes.set(entry, known::FOLDED + 1, word(length));
            (place, length)
        };
        self.scratch.taken_mut(place).get_mut(..length).unwrap_or_default()
    }

    /// An attribute's text as the encoded decimal number that it is; read once and remembered.
    fn decimal(&mut self, attribute: u32, text: &[u8]) -> Option<&[u8]> {
        let entry = self.scratch.attributes.place(attribute);
        let [.., known] = self.scratch.attributes.slot(entry);
        let place = match known.checked_sub(2) {
            Some(place) => place as usize,
            None if known == NONE => return None,
            None => {
                let place = decimal::parse(text).and_then(|number| self.scratch.keep_number(number));
                self.scratch.attributes.set(entry, known::DECIMAL, place.map_or(NONE, |place| word(place + 2)));
                place?
            }
        };
        self.scratch.taken(place).get(..value::NUMBER_BYTES)
    }

    fn unit(&mut self, attribute: u32) -> Option<&'a [u8]> {
        let value = self.value(attribute);
        self.visit.unit(attribute, value);
        value
    }

    /// The value of an attribute, encoded; null is absence.
    fn value(&mut self, attribute: u32) -> Option<&'a [u8]> {
        let entry = self.scratch.attributes.place(attribute);
        let [_, place, length, ..] = self.scratch.attributes.slot(entry);
        match place {
            UNKNOWN => self.look_up(attribute, entry),
            ABSENT => None,
            THE_MOMENT => Some(&self.now.0),
            place => self.members.get((place - AT) as usize..)?.get(..length as usize),
        }
    }

    /// Finds an attribute in the context, and remembers where it is.
    #[inline(never)]
    fn look_up(&mut self, attribute: u32, entry: usize) -> Option<&'a [u8]> {
        let record = self.image.attribute(attribute);
        if record.lookup == Lookup::Now {
            self.scratch.attributes.set(entry, known::PLACE, THE_MOMENT);
            return Some(&self.now.0);
        }
        let found = find(&mut self.scratch.index, self.members, self.image.text(record.name), record.lookup);
        let [place, length] = found.map_or([ABSENT, 0], |value| {
            [word((value.as_ptr() as usize).wrapping_sub(self.members.as_ptr() as usize)) + AT, word(value.len())]
        });
        self.scratch.attributes.set(entry, known::PLACE, place);
        self.scratch.attributes.set(entry, known::LENGTH, length);
        found
    }
}

fn compares(number: f64, operand: f64, comparison: Comparison) -> bool {
    number.partial_cmp(&operand).is_some_and(|order| comparison.admits(order))
}

fn number_of(encoded: &[u8]) -> Option<f64> {
    match value::read(encoded)? {
        (Encoded::Number(number), _) => Some(number),
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "contexts are far smaller than 4 GB")]
const fn word(place: usize) -> u32 {
    place as u32
}

/// Looks an attribute up: an own member as written, even when null; else, where the name has dots, walked through objects.
fn find<'a>(index: &mut ContextIndex, members: &'a [u8], name: &[u8], lookup: Lookup) -> Option<&'a [u8]> {
    let present = |value: &&[u8]| value.first() != Some(&value::NULL);
    let mut found = index.member(members, name);
    match lookup {
        Lookup::UserId if !found.as_ref().is_some_and(present) => found = index.member(members, b"targetingKey"),
        Lookup::Path if found.is_none() => found = index.path(members, name),
        Lookup::UserId | Lookup::Path | Lookup::Member | Lookup::Now => {}
    }
    found.filter(present)
}
