//! Specialisation: evaluating as far as what is known reaches, and keeping the rest.
use alloc::{collections::BTreeMap, string::String, vec, vec::Vec};

use super::{
    FORMAT, MAX_PROGRAM_BYTES,
    fingerprint::fingerprint,
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
        image::{Agreement, Head, Image, Lookup},
        step::{Draw, Guarded, List, Step},
        symbol::Exact,
        words::Run,
        write::Keep,
    },
};

/// How the clients of an environment identify themselves; it decides which attributes are settled when a program is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Identity {
    /// Clients may claim any attribute: only `customerId` and `organizationId` are always known.
    #[default]
    Open,
    /// The identity is pinned by a key or signed: `targetingKey`, `userId`, `sessionId` and the document's `private` attributes are
    /// always known too, so that no rule about them ships.
    Vouched,
}

/// The clients that a program is made for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Audience<'a> {
    /// How the clients identify themselves.
    pub identity: Identity,
    /// The program holds only flags with one of these tags; without any tag, all flags.
    pub tags: &'a [String],
    /// The program format to write; one that cannot be written is [`ProgramError::Format`].
    pub format: u32,
}

impl Default for Audience<'_> {
    /// Open identities, all flags, the newest format.
    fn default() -> Self {
        Self::from(Identity::default())
    }
}

impl From<Identity> for Audience<'_> {
    fn from(identity: Identity) -> Self {
        Self { identity, tags: &[], format: FORMAT }
    }
}

/// Evaluates a ruleset as far as the known attributes of a visitor decide, and keeps the rest as a [`Program`].
///
/// For every context that has at least the attributes in `known`, with the same values, the program answers as the ruleset does.
/// `customerId` and `organizationId` are always known: absent from `known` means known to be absent. `own` are the overrides
/// of the customer and the organization in `known`. Errs where `known` is a refused context, where the audience's format cannot be
/// written, and where the program would be larger than [`MAX_PROGRAM_BYTES`](crate::limits::MAX_PROGRAM_BYTES).
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
/// // Which customers the rule lists is settled and not in the program; which plan this one has is still asked.
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
    made_for(audience.into(), ruleset, own, known)
}

fn made_for(audience: Audience<'_>, ruleset: &Ruleset, own: ApplicableOverrides<'_>, known: &Context) -> Result<Program, ProgramError> {
    let own = own.held_by(ruleset.numbering);
    if known.refusal().is_some() {
        return Err(ProgramError::Context);
    }
    if audience.format != FORMAT {
        return Err(ProgramError::Format);
    }
    let mut attempt = 0_u8;
    loop {
        let mut salt = Vec::from(*b"\0program");
        salt.push(attempt);
        salt.extend_from_slice(known.members());
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

/// Writes what stays of a ruleset.
fn settle(ruleset: &Ruleset, own: ApplicableOverrides<'_>, known: &Context, audience: Audience<'_>, key: Subkey) -> Builder {
    let mut always = vec!["customerId", "organizationId"];
    if audience.identity == Identity::Vouched {
        always.extend(["targetingKey", "userId", "sessionId"]);
        always.extend(ruleset.private.iter().map(String::as_str));
    }
    let (image, now, mut scratch) = (&ruleset.image, Now::new(0), Scratch::new());
    let walk = Walk::new(image, known.members(), &now, own, &mut scratch, ());
    let segments = image.head(Head::Segments) as usize;
    let mut settling = Settling {
        image,
        own,
        openness: Openness::new(image, known.members(), &always),
        walk,
        settled: vec![SegmentAnswer::NotAsked; segments],
        copied: vec![None; segments],
        flags: Vec::with_capacity(ruleset.len()),
        builder: Builder::new(key),
    };
    recognise(&mut settling.builder, known.members(), &always, key);
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

/// Writes down what a context must agree with to extend what is known.
fn recognise(builder: &mut Builder, known: &[u8], always: &[&str], key: Subkey) {
    let mut names: BTreeMap<&[u8], (bool, Option<&[u8]>)> = BTreeMap::new();
    let mut members = known;
    while let Some((name, rest)) = value::split(members) {
        let Some((member, rest)) = value::split(rest) else { break };
        names.insert(value::text(name).unwrap_or_default(), (false, Some(member)));
        members = rest;
    }
    for name in always {
        let name = name.as_bytes();
        names.entry(name).or_default().0 = true;
        // A path is settled by its first name, and by nobody having the whole of it.
        if let Some(head) = name.split(|byte| *byte == b'.').next().filter(|head| head.len() < name.len()) {
            names.entry(head).or_default();
        }
    }
    // A context cannot set the moment, so it need not agree on it.
    names.remove(b"now".as_slice());
    for (name, (always, found)) in names {
        let plain = always && !name.contains(&b'.');
        let agreement = match found {
            // Null is absence, and whoever is always known may also be absent.
            None | Some([value::NULL, ..]) if plain => Agreement::AbsentOrNull,
            None => Agreement::Absent,
            Some(encoded) => Agreement::Equal(fingerprint(key, encoded)),
        };
        builder.known(name, agreement);
    }
}

/// A step that stays, still in terms of the ruleset's tables.
struct Open {
    /// The condition under which it is taken; 0 where it always is.
    condition: u32,
    residual: Residual,
}

enum Residual {
    Prerequisite { flag: u32, unmet: Decision, variants: Vec<u32> },
    List(List),
    Draw(Draw),
    Const(Decision),
}

/// A flag after it was settled.
struct Settled {
    /// Its answer, where nothing is open.
    answer: Option<Decision>,
    /// The new numbers of the variants that it can still have.
    variants: BTreeMap<u32, u32>,
    /// Its number in the program.
    number: u32,
}

/// True if a segment holds, as far as that was asked and is settled.
#[derive(Clone, Copy)]
enum SegmentAnswer {
    NotAsked,
    Known(Option<bool>),
}

struct Settling<'a> {
    image: &'a Image,
    own: ApplicableOverrides<'a>,
    openness: Openness,
    /// Evaluates what is settled.
    walk: Walk<'a, Exact, ()>,
    /// By segment: whether it holds.
    settled: Vec<SegmentAnswer>,
    /// By segment: its new number and where its condition stands.
    copied: Vec<Option<(u32, u32)>>,
    flags: Vec<Settled>,
    builder: Builder,
}

/// By attribute: whether a context that extends what is known may still change what it is.
struct Openness(Vec<bool>);

impl Openness {
    fn new(image: &Image, known: &[u8], always: &[&str]) -> Self {
        let mut names: Vec<(&[u8], bool)> = always.iter().map(|name| (name.as_bytes(), true)).collect();
        let mut members = known;
        while let Some((name, rest)) = value::split(members) {
            let Some((member, rest)) = value::split(rest) else { break };
            names.push((value::text(name).unwrap_or_default(), member.first() == Some(&value::NULL)));
            members = rest;
        }
        names.sort_unstable();
        let found = |name: &[u8]| {
            let first = names.partition_point(|(known, _)| *known < name);
            names.get(first).filter(|(known, _)| *known == name)
        };
        let attributes = (0..image.head(Head::Attributes)).map(|attribute| {
            let record = image.attribute(attribute);
            let name = image.text(record.name);
            match record.lookup {
                Lookup::Now => true,
                Lookup::UserId => {
                    // Sorted with `false` first: a value that is there comes before one that is null or only always known.
                    let has_value = found(name).is_some_and(|(_, is_absent)| !is_absent);
                    !(has_value || found(name).is_some() && found(b"targetingKey").is_some())
                }
                Lookup::Member | Lookup::Path => found(name).is_none(),
            }
        });
        Self(attributes.collect())
    }

    fn of(&self, attribute: u32) -> bool {
        self.0.get(attribute as usize).copied().unwrap_or(true)
    }
}

impl Settling<'_> {
    /// Works out what stays of a flag: its steps.
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

    /// Writes down what stays of a flag, as far as it is shown.
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

    /// The steps of a flag that stay; the last is an answer without condition.
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

    /// Settles a step as far as it goes; whether it is the flag's last.
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

    /// Returns true if a condition holds, as far as that is settled.
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

    /// Returns true if every child answers `wanted`, as far as that is settled.
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

    /// Copies what is open of an open condition and answers where it stands.
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
            // No compiled condition is none; one that never holds stands for it.
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
