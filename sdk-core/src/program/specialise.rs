//! Specialisation: evaluates a ruleset as far as the known attributes decide, and copies the rest into a program.
use alloc::{collections::BTreeMap, string::String, vec, vec::Vec};

use super::{
    FORMAT, MAX_PROGRAM_BYTES,
    audience::{Audience, Identity},
    known::{Openness, leads_into_any, write_agreements},
    runner::Program,
    shown::{Shown, shown},
    wire::ProgramError,
};
use crate::{
    bucket::{BUCKETS, Subkey},
    context::{Context, value},
    evaluate::{
        overrides::ApplicableOverrides,
        ruleset::Ruleset,
        scratch::Scratch,
        walk::{Now, Walk},
    },
    model::{
        build::Builder,
        condition::{Condition, Portion},
        details::{Decision, ErrorCode, FlagType},
        image::{Head, Image},
        step::{Draw, Guarded, List, Step},
        symbol::Exact,
        words::Run,
        write::{Keep, StepTables as _},
    },
};

/// Evaluates a ruleset as far as the known attributes of a visitor decide, and keeps the rest as a [`Program`].
///
/// For every context that has at least the attributes in `known`, with the same values, the program answers as the ruleset does.
/// `customerId` and `organizationId` are always known: absent from `known` means known to be absent. `own` are the overrides
/// of the customer and the organization in `known`. Of contexts with an attribute whose name is a path into one of [`Audience::vouched`], the
/// program answers as the ruleset does without that attribute.
///
/// # Errors
///
/// [`ProgramError::Context`] if `known` is a refused context, [`ProgramError::Format`] if the audience's format is not [`FORMAT`], and
/// [`ProgramError::Length`] if the program would be larger than [`MAX_PROGRAM_BYTES`](crate::limits::MAX_PROGRAM_BYTES).
///
/// # Examples
///
/// ```
/// use sdk_core::{Context, ErrorCode, Identity, Millis, Value, compile, specialise};
///
/// let compiled = compile(
///     r#"{
///         "schema": "twinflag/1",
///         "bucketKey": "000102030405060708090a0b0c0d0e0f",
///         "flags": { "chat": {
///             "rules": [{ "if": { "all": [
///                 { "attribute": "customerId", "op": "in", "value": ["c-1", "c-2"] },
///                 { "attribute": "plan", "op": "eq", "value": "pro" }
///             ] }, "serve": "on" }]
///         } }
///     }"#,
///     None,
/// )?;
/// let known = Context::new().string("customerId", "c-1");
/// let program = specialise(&compiled.ruleset, compiled.overrides.of(&known), &known, Identity::Open)?;
///
/// // The rule's list of customers is settled and not in the program; the attribute `plan` is still asked.
/// let answer = program.run("chat", &known.clone().string("plan", "pro"), Millis(0), None);
/// assert_eq!(answer.value(), Some(Value::Boolean(true)));
/// // The program is for customer c-1 alone.
/// let other = program.run("chat", &Context::new().string("customerId", "c-2"), Millis(0), None);
/// assert_eq!(other.error_code(), Some(ErrorCode::ProviderNotReady));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Flags outside the audience are left out. One exception: an unsettled prerequisite of a visible flag is included anonymously (no
/// key, aliases, type, metadata, variant names or values), because the page must be able to finish evaluating it.
pub fn specialise<'a>(
    ruleset: &Ruleset,
    own: ApplicableOverrides<'_>,
    known: &Context,
    audience: impl Into<Audience<'a>>,
) -> Result<Program, ProgramError> {
    specialise_for(audience.into(), ruleset, own, known)
}

fn specialise_for(
    audience: Audience<'_>,
    ruleset: &Ruleset,
    own: ApplicableOverrides<'_>,
    known: &Context,
) -> Result<Program, ProgramError> {
    let own = own.held_by(ruleset.numbering);
    let stated = audience.stated.unwrap_or(known);
    if known.refusal().is_some() || stated.refusal().is_some() {
        return Err(ProgramError::Context);
    }
    if audience.format != FORMAT {
        return Err(ProgramError::Format);
    }
    let mut attempt = 0_u8;
    loop {
        let mut salt = Vec::from(*b"\0program");
        salt.push(attempt);
        salt.extend_from_slice(stated.members());
        let key = ruleset.key.subkey(&salt);
        let builder = settle(ruleset, own, known, audience, key);
        // If two fingerprints collide, another key is tried; after 16 collisions the tables themselves are at fault.
        match builder.finish_fingerprints() {
            Some(image) if image.bytes().len() > MAX_PROGRAM_BYTES => return Err(ProgramError::Length),
            Some(image) => return Ok(Program::new(image)),
            None if attempt == 16 => return Err(ProgramError::Length),
            None => attempt += 1,
        }
    }
}

/// Writes the tables of the program, with symbols under this key.
fn settle(ruleset: &Ruleset, own: ApplicableOverrides<'_>, known: &Context, audience: Audience<'_>, key: Subkey) -> Builder {
    let mut always = vec!["customerId", "organizationId"];
    if audience.identity == Identity::Vouched {
        always.extend(["targetingKey", "userId", "sessionId"]);
        // A path into a vouched attribute is known, whatever a client states under that name.
        let is_vouched = |name: &&str| leads_into_any(name.as_bytes(), audience.vouched);
        always.extend(ruleset.private.iter().map(String::as_str).filter(|name| !is_vouched(name)));
    }
    always.extend(audience.vouched.iter().map(String::as_str));
    let (image, now, mut scratch) = (&ruleset.image, Now::new(0), Scratch::new());
    let walk = Walk::new(image, known.members(), &now, own, &mut scratch, ());
    let segments = image.head(Head::Segments) as usize;
    let mut settling = Settling {
        image,
        own,
        openness: Openness::new(image, known.members(), &always, audience.vouched),
        walk,
        settled: vec![SegmentAnswer::NotAsked; segments],
        copied: vec![None; segments],
        flags: Vec::with_capacity(ruleset.len()),
        builder: Builder::new(key),
    };
    write_agreements(&mut settling.builder, audience.stated.unwrap_or(known).members(), &always, key);
    let steps: Vec<Vec<Open>> = (0..image.flags()).map(|flag| settling.settle(flag)).collect();
    let needs = |flag: usize| {
        let steps = steps.get(flag).map_or(&[][..], Vec::as_slice);
        steps.iter().filter_map(|step| if let Residual::Prerequisite { flag, .. } = step.residual { Some(flag) } else { None })
    };
    let shown: Vec<Shown> = shown(steps.len(), needs, |flag| ruleset.shows(flag, audience.tags));
    for ((flag, steps), shown) in (0..).zip(&steps).zip(&shown) {
        settling.lay_flag(flag, steps, *shown);
    }
    for alias in 0..image.head(Head::Aliases) {
        let (name, flag) = image.alias(alias);
        if shown.get(flag as usize) == Some(&Shown::Whole)
            && let Some(settled) = settling.flags.get(flag as usize)
        {
            settling.builder.alias(image.text(name), settled.number);
        }
    }
    settling.builder
}

/// A step that is still open, in terms of the ruleset's tables.
struct Open {
    /// The place of the condition under which the step is taken; 0 if it always is.
    condition: u32,
    residual: Residual,
}

/// The part of an open step that the program holds.
enum Residual {
    Prerequisite { flag: u32, unmet: Decision, variants: Vec<u32> },
    List(List),
    Draw(Draw),
    Const(Decision),
}

/// A flag of the ruleset after it was settled.
struct Settled {
    /// The flag's answer; `None` if a step is open.
    answer: Option<Decision>,
    /// The variants that the flag can still have, each with its new number.
    variants: BTreeMap<u32, u32>,
    /// The flag's number in the program.
    number: u32,
}

/// The answer of a segment; `Known(None)` if it is open.
#[derive(Clone, Copy)]
enum SegmentAnswer {
    NotAsked,
    Known(Option<bool>),
}

struct Settling<'a> {
    image: &'a Image,
    own: ApplicableOverrides<'a>,
    openness: Openness,
    /// Evaluates the settled steps and conditions.
    walk: Walk<'a, Exact, ()>,
    /// The answer of each segment.
    settled: Vec<SegmentAnswer>,
    /// For each segment: its new number and the place of its condition; `None` until it is copied.
    copied: Vec<Option<(u32, u32)>>,
    flags: Vec<Settled>,
    builder: Builder,
}

impl Settling<'_> {
    /// Settles a flag and returns its open steps; the last is an answer without condition.
    fn settle(&mut self, flag: u32) -> Vec<Open> {
        let steps = self.steps(flag);
        let answer = match steps.as_slice() {
            [Open { condition: 0, residual: Residual::Const(decision) }] => Some(*decision),
            _ => None,
        };
        // Only variants that can still be answered ship, under new numbers.
        let mut variants = BTreeMap::new();
        let mut keep = |decision: Decision| {
            if let Some(variant) = decision.variant() {
                variants.insert(variant, 0);
            }
        };
        for step in &steps {
            match &step.residual {
                Residual::Prerequisite { unmet: decision, .. } | Residual::Const(decision) => keep(*decision),
                Residual::List(list) => keep(list.listed),
                Residual::Draw(draw) => self.image.words().pairs(draw.shares).for_each(|[_, word]| keep(Decision::of(word))),
            }
        }
        for (new, number) in (0..).zip(variants.values_mut()) {
            *number = new;
        }
        self.flags.push(Settled { answer, variants, number: 0 });
        steps
    }

    /// Writes the open steps of a flag into the program, and its names and values if it is shown whole.
    fn lay_flag(&mut self, flag: u32, steps: &[Open], shown: Shown) {
        let (key, kind, metadata) = match shown {
            Shown::Nothing => return,
            Shown::Whole => (self.image.text(self.image.flag(flag).key), self.image.flag_type(flag), self.image.metadata(flag)),
            Shown::Nameless => (&[][..], Some(FlagType::Boolean), None),
        };
        let (Some(kind), Some(settled)) = (kind, self.flags.get_mut(flag as usize)) else { return };
        let variants = core::mem::take(&mut settled.variants);
        let table: Vec<(&[u8], &[u8])> = variants
            .keys()
            .map(|variant| {
                if shown == Shown::Nameless {
                    return (&[][..], &[value::FALSE][..]);
                }
                let (name, encoded) = self.image.variant(flag, *variant);
                (self.image.text(name), value::split(encoded).map_or(&[] as &[u8], |(whole, _)| whole))
            })
            .collect();
        let table = self.builder.variants(table.into_iter(), metadata);
        // Conditions stand before the steps that refer to them.
        let conditions: Vec<u32> = steps.iter().map(|step| if step.condition == 0 { 0 } else { self.copy(step.condition) }).collect();
        let start = self.builder.here();
        for (step, condition) in steps.iter().zip(conditions) {
            self.builder.guard(condition);
            self.lay(&step.residual, &variants);
        }
        let number = self.builder.flag(key, kind, table, start);
        if let Some(settled) = self.flags.get_mut(flag as usize) {
            settled.number = number;
        }
    }

    /// The open steps of a flag; the last is an answer without condition.
    fn steps(&mut self, flag: u32) -> Vec<Open> {
        let mut steps = Vec::new();
        let mut at = self.image.steps(flag);
        loop {
            let Guarded { condition, step, next } = self.image.words().step(at);
            let held = if condition == 0 { Some(true) } else { self.holds(condition) };
            let condition = if held.is_none() { condition } else { 0 };
            if held != Some(false) && self.step(flag, &step, condition, &mut steps) {
                return steps;
            }
            at = next;
        }
    }

    /// Settles a step and keeps its open part; returns true if the step is the last of the flag.
    fn step(&mut self, flag: u32, step: &Step, condition: u32, steps: &mut Vec<Open>) -> bool {
        let mut keep = |residual| steps.push(Open { condition, residual });
        let answer = match step {
            Step::Prerequisite { flag: other, unmet, variants: meeting } => {
                let mut meeting = self.image.words().run(*meeting);
                match self.flags.get(*other as usize) {
                    Some(Settled { answer: Some(answer), .. }) => {
                        let met = answer.variant().is_some_and(|variant| meeting.any(|meeting| meeting == variant));
                        (!met).then_some(*unmet)
                    }
                    Some(Settled { variants, .. }) => {
                        let variants = meeting.filter_map(|variant| variants.get(&variant).copied()).collect();
                        keep(Residual::Prerequisite { flag: *other, unmet: *unmet, variants });
                        None
                    }
                    None => None,
                }
            }
            Step::Overrides => self.own.decision(flag),
            Step::List(list) if self.openness.of(list.attribute) => {
                keep(Residual::List(*list));
                None
            }
            Step::List(list) => self.walk.listed(list),
            Step::Draw(draw) if self.openness.of(draw.attribute) => {
                keep(Residual::Draw(*draw));
                // Steps after a split without condition are never reached; the tables still end with an answer.
                let everybody = self.image.words().pairs(draw.shares).next_back().is_some_and(|[bound, _]| bound == BUCKETS);
                (condition == 0 && everybody && !draw.continues).then(|| Decision::error(ErrorCode::TargetingKeyMissing))
            }
            Step::Draw(draw) => self.walk.drawn(draw),
            Step::Const(decision) => Some(*decision),
            // No compiled flag ends without an answer.
            Step::Nothing => Some(Decision::error(ErrorCode::FlagNotFound)),
        };
        let Some(answer) = answer else { return false };
        steps.push(Open { condition, residual: Residual::Const(answer) });
        condition == 0
    }

    /// The answer of a condition; `None` if it is open.
    fn holds(&mut self, at: u32) -> Option<bool> {
        match self.image.words().condition(at) {
            Condition::All(children) => self.all_hold(children, true),
            Condition::Any(children) => self.all_hold(children, false).map(|none| !none),
            Condition::Not(inner) => self.holds(inner).map(|held| !held),
            Condition::Segment { number, condition } => {
                let number = number as usize;
                if let Some(SegmentAnswer::Known(known)) = self.settled.get(number) {
                    return *known;
                }
                let held = self.holds(condition);
                if let Some(settled) = self.settled.get_mut(number) {
                    *settled = SegmentAnswer::Known(held);
                }
                held
            }
            Condition::Percentage(Portion { attribute, .. }) | Condition::Test { attribute, .. } => {
                (!self.openness.of(attribute)).then(|| self.walk.holds(at))
            }
            Condition::Nothing => Some(false),
        }
    }

    /// True if every child answers `wanted`, false if one does not, `None` if that is open.
    fn all_hold(&mut self, children: Run, wanted: bool) -> Option<bool> {
        let mut open = false;
        for child in self.image.words().run(children) {
            match self.holds(child) {
                Some(held) if held != wanted => return Some(false),
                Some(_) => {}
                None => open = true,
            }
        }
        (!open).then_some(true)
    }

    /// Copies the open part of an open condition into the program and returns its place.
    fn copy(&mut self, at: u32) -> u32 {
        let image = self.image;
        match image.words().condition(at) {
            Condition::All(children) => self.copy_children(children, Builder::all),
            Condition::Any(children) => self.copy_children(children, Builder::any),
            Condition::Not(inner) => {
                let inner = self.copy(inner);
                self.builder.not(inner)
            }
            Condition::Segment { number, condition } => {
                let place = number as usize;
                let (new, condition) = if let Some(copied) = self.copied.get(place).copied().flatten() {
                    copied
                } else {
                    let condition = self.copy(condition);
                    let copied = (self.builder.segment(), condition);
                    if let Some(place) = self.copied.get_mut(place) {
                        *place = Some(copied);
                    }
                    copied
                };
                self.builder.segment_condition(new, condition)
            }
            Condition::Percentage(portion) => {
                let attribute = self.attribute(portion.attribute);
                self.builder.percentage(Portion { attribute, ..portion })
            }
            Condition::Test { attribute, test } => {
                let attribute = self.attribute(attribute);
                self.builder.copy_test(image, attribute, &test, Keep::Decisive)
            }
            // No compiled condition comes here; one that never holds stands in for it.
            Condition::Nothing => self.builder.any(&[]),
        }
    }

    fn copy_children(&mut self, children: Run, join: impl FnOnce(&mut Builder, &[u32]) -> u32) -> u32 {
        let open: Vec<u32> = self.image.words().run(children).filter(|child| self.holds(*child).is_none()).collect();
        let copies: Vec<u32> = open.into_iter().map(|child| self.copy(child)).collect();
        match copies.as_slice() {
            [only] => *only,
            copies => join(&mut self.builder, copies),
        }
    }

    /// The number in the program of an attribute.
    fn attribute(&mut self, attribute: u32) -> u32 {
        self.builder.attribute(self.image.str(self.image.attribute(attribute).name))
    }

    fn lay(&mut self, residual: &Residual, variants: &BTreeMap<u32, u32>) {
        let image = self.image;
        let renumbered = |decision: Decision| decision.with_variant(decision.variant().and_then(|variant| variants.get(&variant).copied()));
        match residual {
            Residual::Prerequisite { flag, unmet, variants } => {
                let number = self.flags.get(*flag as usize).map_or(0, |need| need.number);
                self.builder.prerequisite(number, renumbered(*unmet), variants);
            }
            Residual::List(list) => {
                let attribute = self.attribute(list.attribute);
                self.builder.list(attribute, renumbered(list.listed), list.allows, image.scalars(list.symbols));
            }
            Residual::Draw(draw) => {
                let attribute = self.attribute(draw.attribute);
                let shares = image.words().pairs(draw.shares).map(|[bound, word]| (bound, renumbered(Decision::of(word))));
                self.builder.draw(attribute, draw.hash, draw.continues, shares);
            }
            Residual::Const(answer) => self.builder.constant(renumbered(*answer)),
        }
    }
}
