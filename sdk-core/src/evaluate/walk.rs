//! Evaluation: walking the steps of a flag for one context at one moment.
//!
//! The compiler of documents lays the steps in their order of precedence, and the walk follows them. Total: tables and contexts of any
//! content are walked without panic, and each segment and each prerequisite once.
use core::{cmp::Ordering, marker::PhantomData};

use super::{
    overrides::ApplicableOverrides,
    scratch::{ABSENT, AT, NO_SYMBOL, Scratch, THE_MOMENT, UNKNOWN, known},
    visit::Visit,
};
use crate::{
    context::{
        index::ContextIndex,
        unit::{Digits, Unit},
        value::{self, Encoded},
    },
    matching::{
        cidr,
        comparison::Comparison,
        decimal, pattern, semver,
        text::{self, Part},
        time,
    },
    model::{
        condition::{Among, Condition, Kinds, Portion, Test},
        details::{Decision, ErrorCode},
        image::{AttributeRecord, Head, Image, Lookup, Span},
        step::{Draw, List, Step},
        symbol::Symbols,
        words::{Front, Run, Words},
    },
};

/// The most symbols that a value is compared with one by one; in a longer list, its symbol is searched.
const FEW: u32 = 8;

/// A moment as an encoded number: the value of the reserved attribute `now`.
#[derive(Clone)]
pub(crate) struct Now([u8; 9]);

impl Now {
    pub(crate) const UNKNOWN: Self = Self([0; 9]);

    #[expect(clippy::cast_precision_loss, reason = "every number is first its nearest double")]
    pub(crate) fn new(millis: i64) -> Self {
        Self(value::encoded(millis as f64))
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

    /// Decides one flag, after the flags that it depends on; each of them is decided once.
    pub(crate) fn flag(&mut self, flag: u32) -> Decision {
        if !self.scratch.all && self.is_open(flag) {
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
        self.scratch.decide(flag, self.image.flags(), decision);
        decision
    }

    /// Decides one flag, and keeps the decision where others are remembered already, such as those of prerequisites. To remember one thing
    /// and to forget it takes a seventh of most questions, and a page keeps the answer itself.
    pub(crate) fn keep_beside_others(&mut self, flag: u32) -> Decision {
        let decision = self.flag(flag);
        if self.scratch.memo.is_used() {
            self.scratch.decide(flag, self.image.flags(), decision);
        }
        decision
    }

    /// Decides every flag in the order of their numbers, in which a prerequisite stands before the flags that need it. With a `fault`,
    /// every decision is that error.
    pub(crate) fn all(&mut self, fault: Option<ErrorCode>) {
        let flags = self.image.flags();
        self.scratch.all = true;
        self.scratch.expect(flags);
        for flag in 0..flags {
            let decision = fault.map_or_else(|| self.steps(flag), Decision::error);
            self.scratch.decide_among_all(flag, decision);
        }
    }

    /// Decides the flags that wait and all that they depend on, deepest first, until all that `flag` depends on is decided. It does not
    /// recurse, because a chain may have as many links as there are flags.
    #[inline(never)]
    fn prerequisites(&mut self, flag: u32) {
        while let Some(next) = self.scratch.next_waiting() {
            if self.is_open(next) {
                continue;
            }
            self.scratch.stop_waiting();
            if self.scratch.decision(next).is_none() {
                let decision = self.unwatched().steps(next);
                self.scratch.decide(next, self.image.flags(), decision);
                if self.scratch.decision(next).is_none() {
                    // Waiting would not end if memory has run out, or with forged decisions in the tables.
                    return self.scratch.stop_all_waiting();
                }
            }
            if self.scratch.next_waiting().is_none() {
                self.is_open(flag);
            }
        }
    }

    /// Lets each undecided flag wait that `flag` depends on; returns true if there is one.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size: it is called from several places
    fn is_open(&mut self, flag: u32) -> bool {
        let (mut at, mut is_open) = (self.first_step(flag), false);
        while let Some([needed, behind]) = self.words.front(at).prerequisite() {
            // Only a prerequisite with a lower number waits, whatever the tables say, so that waiting ends.
            is_open |= needed < flag && self.scratch.decision(needed).is_none() && self.scratch.wait(needed);
            at = behind;
        }
        is_open
    }

    /// The same walk without its watcher, for prerequisites, which the question is not about.
    fn unwatched(&mut self) -> Walk<'_, S, ()> {
        let Self { image, words, members, now, own, ref mut scratch, .. } = *self;
        Walk { image, words, members, now, own, scratch, visit: (), symbols: PhantomData }
    }

    fn steps(&mut self, flag: u32) -> Decision {
        let mut at = self.first_step(flag);
        loop {
            self.visit.begin(&self.words.step(at).step);
            let (condition, front) = self.words.guarded(at);
            if condition != 0 && !self.holds(condition) {
                let (step, next) = front.step();
                self.visit.step(&step, None);
                at = next;
                continue;
            }
            // The step is decoded again behind the condition: the compiler builds no enum of a step that is matched at once.
            let (step, next) = front.step();
            let answer = match step {
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
        let mut digits = Digits::default();
        let listed = match self.unit(list.attribute, &mut digits) {
            Unit::Missing => return None,
            Unit::Unfit => return Some(list.listed.step_error(ErrorCode::InvalidContext)),
            Unit::Text { encoded, written: true, .. } => self.is_listed(list.symbols, list.attribute, encoded, false),
            Unit::Text { encoded, .. } => S::find(self.image, encoded).is_some_and(|symbol| self.is_in(list.symbols, symbol)),
        };
        listed.then_some(list.listed)
    }

    /// The decision of a draw; `None` if the draw does not apply.
    pub(crate) fn drawn(&mut self, draw: &Draw) -> Option<Decision> {
        let mut digits = Digits::default();
        let words = self.words;
        let error = |code| words.decision(draw.shares.at.wrapping_add(1)).step_error(code);
        let text = match self.unit(draw.attribute, &mut digits) {
            Unit::Text { text, .. } => text,
            Unit::Missing if draw.continues => return None,
            Unit::Missing => return Some(error(ErrorCode::TargetingKeyMissing)),
            Unit::Unfit => return Some(error(ErrorCode::InvalidContext)),
        };
        let bucket = self.words.front(draw.shares.at.wrapping_sub(6)).bucket(text);
        self.visit.bucket(bucket);
        let mut shares = self.words.pairs(draw.shares);
        let [_, word] = shares.find(|[bound, _]| bucket < *bound)?;
        Some(Decision::of(word).with_bucket(bucket))
    }

    /// Returns true if the condition at `at` holds.
    pub(crate) fn holds(&mut self, at: u32) -> bool {
        let front = self.words.front(at);
        let condition = front.condition();
        self.visit.enter(at, &condition);
        let held = match &condition {
            Condition::All(children) => !self.has_child(*children, false),
            Condition::Any(children) => self.has_child(*children, true),
            Condition::Not(inner) => !self.holds(*inner),
            Condition::Segment { number, condition } => self.segment(*number, *condition),
            Condition::Percentage(portion) => self.is_in_portion(front, portion),
            Condition::Test { attribute, .. } => self.test(*attribute, front),
            Condition::Nothing => false,
        };
        self.visit.leave(&condition, held);
        held
    }

    /// Asks conditions until one answers `wanted`; returns true if one did.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size: it is called from two places
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

    fn is_in_portion(&mut self, front: Front<'a>, portion: &Portion) -> bool {
        let mut digits = Digits::default();
        let Some(text) = self.unit(portion.attribute, &mut digits).text() else { return false };
        let bucket = front.bucket(text);
        self.visit.bucket(bucket);
        (portion.from..portion.to).contains(&bucket)
    }

    fn test(&mut self, attribute: u32, front: Front<'a>) -> bool {
        let value = self.value(attribute);
        self.visit.attribute(value);
        let (image, Some(encoded)) = (self.image, value) else { return false };
        let text = || value::text(encoded);
        match front.test() {
            Some(Test::Exists) => true,
            Some(Test::Among(among)) => self.is_among(attribute, &among, encoded),
            Some(Test::Members { symbols, every, ignore_case }) => self.has_members(attribute, encoded, symbols, every, ignore_case),
            Some(Test::Contains { operand, symbol, ignore_case }) => {
                self.has_text(attribute, encoded, operand, ignore_case, Part::Any)
                    || self.has_members(attribute, encoded, symbol, false, ignore_case)
            }
            Some(Test::StartsWith { operand, ignore_case }) => self.has_text(attribute, encoded, operand, ignore_case, Part::Start),
            Some(Test::EndsWith { operand, ignore_case }) => self.has_text(attribute, encoded, operand, ignore_case, Part::End),
            Some(Test::Number { comparison, operand, as_number }) => {
                compares(self.number(attribute, encoded, as_number), operand, comparison)
            }
            Some(Test::Time { comparison, operand, .. }) => compares(moment(encoded), operand, comparison),
            Some(Test::Semver { comparison, operand, loose }) => {
                text().is_some_and(|text| semver::holds(text, comparison, image.text(operand), loose))
            }
            Some(Test::Matches { table, .. }) => text().is_some_and(|text| pattern::found(image.text(table), text)),
            Some(Test::Cidr { narrow, wide, .. }) => {
                let mut words = [0; 4];
                text().and_then(|text| cidr::address(text, &mut words)).is_some_and(|address| self.is_in_networks(narrow, wide, address))
            }
            None => false,
        }
    }

    /// Returns true if an attribute is text that has the operand as a part.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size: it is called from three places
    fn has_text(&mut self, attribute: u32, encoded: &[u8], operand: Span, folds: bool, part: Part) -> bool {
        let (Some(text), Some(operand)) = (value::text(encoded), value::text(self.image.text(operand))) else { return false };
        let text = if folds { self.fold(attribute, text).get(value::HEAD..).unwrap_or_default() } else { text };
        text::has_part(text, operand, part)
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

    /// As [`Self::is_among`], for text that counts as the number that it spells.
    fn is_among_numbers(&mut self, attribute: u32, among: &Among, encoded: &'a [u8]) -> bool {
        let number = self.number(attribute, encoded, true);
        let symbol = S::find(self.image, &value::encoded(number));
        !number.is_nan() && symbol.is_some_and(|symbol| self.is_in(among.symbols, symbol)) != among.none_of
    }

    /// The number that an attribute is, or that its text is read as; NaN if there is none. Text is read once: zeros at its front may be as
    /// many as a context holds bytes.
    #[expect(clippy::cast_possible_truncation, reason = "split into its halves")]
    fn number(&mut self, attribute: u32, encoded: &[u8], as_number: bool) -> f64 {
        let Some((value, _)) = value::read(encoded) else { return f64::NAN };
        match value {
            Encoded::Number(number) => number,
            Encoded::Text(text) if as_number => {
                if let Some([low, high, ..]) = self.scratch.memo.get(known::number(attribute)) {
                    return f64::from_bits(u64::from(*low) | u64::from(*high) << 32);
                }
                let number = decimal::parse(text).unwrap_or(f64::NAN);
                let bits = number.to_bits();
                self.scratch.memo.set(known::number(attribute), [bits as u32, (bits >> 32) as u32, 0, 0]);
                number
            }
            Encoded::Null | Encoded::Boolean(_) | Encoded::Text(_) | Encoded::List(..) | Encoded::Object(..) => f64::NAN,
        }
    }

    /// Returns true if an attribute is a list that has one of the symbols as a member, or every one.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size: it is called from two places
    fn has_members(&mut self, attribute: u32, encoded: &[u8], symbols: Run, every: bool, folds: bool) -> bool {
        let Some((Encoded::List(count, items), _)) = value::read(encoded) else { return false };
        if self.symbol(attribute, folds) == UNKNOWN {
            self.remember_members(attribute, (count, items), folds);
        }
        // The first symbol that the list has decides; if it must have every one, the first that it lacks.
        for symbol in self.words.run(symbols) {
            if self.scratch.memo.get(known::member(attribute, folds, symbol)).is_some() != every {
                return !every;
            }
        }
        every
    }

    /// Looks up the symbols of a list's members, as they are or folded, and remembers them.
    fn remember_members(&mut self, attribute: u32, (count, mut items): (u32, &[u8]), folds: bool) {
        self.scratch.keep_symbol(attribute, folds, NO_SYMBOL);
        for _ in 0..count {
            let Some((item, rest)) = value::split(items) else { break };
            items = rest;
            let symbol = match value::text(item).filter(|_| folds) {
                Some(text) => {
                    let folded = self.scratch.fold(text);
                    S::find(self.image, value::with_head(value::FOLDED, self.scratch.folded(folded)))
                }
                None => S::find(self.image, item),
            };
            if let Some(symbol) = symbol {
                self.scratch.memo.set(known::member(attribute, folds, symbol), [0; 4]);
            }
        }
    }

    fn is_in_networks(&self, narrow: Run, wide: Run, address: &[u32]) -> bool {
        let networks = if address.len() == 1 { narrow } else { wide };
        let mut place = networks.at;
        // No more networks than the code has words.
        for _ in 0..networks.count.min(self.image.head(Head::Code)) {
            let first = self.order(&mut place, address);
            let last = self.order(&mut place, address);
            if first.is_le() && last.is_ge() {
                return true;
            }
        }
        false
    }

    /// Compares the address at a place with another one, and moves the place behind it.
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

    /// Returns true if an attribute's value, as it is or folded, is one of the symbols.
    fn is_listed(&mut self, symbols: Run, attribute: u32, encoded: &[u8], folds: bool) -> bool {
        let mut symbol = self.symbol(attribute, folds);
        if symbol == UNKNOWN {
            if S::READABLE && symbols.count <= FEW && !folds && !self.scratch.all {
                return self.words.run(symbols).any(|symbol| S::is(self.image, symbol, encoded));
            }
            symbol = self.look_up_symbol(attribute, encoded, folds);
        }
        symbol != NO_SYMBOL && self.is_in(symbols, symbol.wrapping_sub(2))
    }

    /// Returns true if a symbol is among symbols that ascend.
    fn is_in(&self, symbols: Run, symbol: u32) -> bool {
        self.words.slice(symbols.at, symbols.count).binary_search_by_key(&symbol, |found| u32::from_le_bytes(*found)).is_ok()
    }

    /// The symbol of an attribute's value, as it is or folded, plus two; [`NO_SYMBOL`] or [`UNKNOWN`].
    #[inline]
    fn symbol(&self, attribute: u32, folds: bool) -> u32 {
        let [.., plain, folded] = self.scratch.attribute(attribute);
        if folds { *folded } else { *plain }
    }

    /// The same as [`Self::symbol`], looked up and remembered.
    #[inline(never)]
    fn look_up_symbol(&mut self, attribute: u32, encoded: &[u8], folds: bool) -> u32 {
        let image = self.image;
        let symbol = if folds {
            let folded = self.fold(attribute, value::text(encoded).unwrap_or_default());
            S::find(image, value::with_head(value::FOLDED, folded))
        } else {
            S::find(image, encoded)
        };
        let symbol = symbol.map_or(NO_SYMBOL, |symbol| symbol + 2);
        self.scratch.keep_symbol(attribute, folds, symbol);
        symbol
    }

    /// An attribute's text in lower case, behind room for a value's head; folded once and remembered.
    #[inline(never)]
    fn fold(&mut self, attribute: u32, text: &[u8]) -> &mut [u8] {
        let known = self.scratch.memo.get(known::folded(attribute)).map(|[place, length, ..]| [*place as usize, *length as usize]);
        let folded = known.unwrap_or_else(|| {
            let folded = self.scratch.fold(text);
            self.scratch.keep(folded);
            self.scratch.memo.set(known::folded(attribute), [word(folded[0]), word(folded[1]), 0, 0]);
            folded
        });
        self.scratch.folded(folded)
    }

    /// The value of an attribute, read as a unit.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size: it is called from three places
    #[cfg_attr(
        not(target_arch = "wasm32"),
        expect(clippy::inline_always, reason = "a unit answered through memory costs a twentieth of all flags"),
        inline(always)
    )]
    fn unit<'d>(&mut self, attribute: u32, digits: &'d mut Digits) -> Unit<'d>
    where
        'a: 'd,
    {
        let value = self.value(attribute);
        self.visit.unit(attribute, value);
        Unit::of(value, digits)
    }

    /// The value of an attribute, encoded; null is absence.
    #[inline]
    fn value(&mut self, attribute: u32) -> Option<&'a [u8]> {
        let [place, length, ..] = *self.scratch.attribute(attribute);
        match place {
            UNKNOWN => self.look_up(attribute),
            ABSENT => None,
            THE_MOMENT => Some(&self.now.0),
            place => self.members.get((place - AT) as usize..)?.get(..length as usize),
        }
    }

    /// Finds an attribute in the context, and remembers its place.
    #[inline(never)]
    fn look_up(&mut self, attribute: u32) -> Option<&'a [u8]> {
        let AttributeRecord { name, lookup } = self.image.attribute(attribute);
        let (name, mut index) = (self.image.text(name), ContextIndex { members: self.members, memo: &mut self.scratch.memo });
        // A member with the whole name counts, even if it is null; if there is none, a name with dots is a path through objects.
        let mut found = if lookup == Lookup::Now { Some(&self.now.0[..]) } else { index.member(name) };
        match lookup {
            Lookup::UserId if !found.is_some_and(is_present) => found = index.member(b"targetingKey"),
            Lookup::Path if found.is_none() => found = index.path(name),
            Lookup::UserId | Lookup::Path | Lookup::Member | Lookup::Now => {}
        }
        let found = found.filter(|value| is_present(value));
        let place = match found {
            None => ABSENT,
            Some(_) if lookup == Lookup::Now => THE_MOMENT,
            Some(value) => word(value::offset(self.members, value)) + AT,
        };
        self.scratch.keep_attribute(attribute, [place, word(found.map_or(0, <[u8]>::len)), UNKNOWN, UNKNOWN]);
        found
    }
}

/// The moment that a value is, whole milliseconds or a time in text; NaN if it is none.
#[inline(never)] // keeps its code away from that of other tests, for their speed
fn moment(encoded: &[u8]) -> f64 {
    let Some((value, _)) = value::read(encoded) else { return f64::NAN };
    match value {
        Encoded::Number(number) if time::is_whole(number) => number,
        #[expect(clippy::cast_precision_loss, reason = "a written time is far below 2^53 milliseconds")]
        Encoded::Text(text) => time::parse_millis(text).map_or(f64::NAN, |millis| millis as f64),
        Encoded::Null | Encoded::Boolean(_) | Encoded::Number(_) | Encoded::List(..) | Encoded::Object(..) => f64::NAN,
    }
}

/// Returns true if a number compares so with its operand; NaN never does.
fn compares(number: f64, operand: f64, comparison: Comparison) -> bool {
    number.partial_cmp(&operand).is_some_and(|order| comparison.admits(order))
}

#[expect(clippy::cast_possible_truncation, reason = "contexts are far smaller than 4 GB")]
const fn word(place: usize) -> u32 {
    place as u32
}

fn is_present(value: &[u8]) -> bool {
    value.first() != Some(&value::NULL)
}
