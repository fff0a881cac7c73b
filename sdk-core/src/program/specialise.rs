//! Specialisation: evaluating as far as what is known reaches, and keeping the rest.
use alloc::{collections::BTreeMap, string::String, vec, vec::Vec};

use super::{fingerprint::fingerprint, runner::Program, wire::ProgramError};
use crate::{
    bucket::{BUCKETS, Subkey},
    context::{Context, value},
    evaluate::{
        overrides::Own,
        ruleset::Ruleset,
        walk::{Now, Scratch, Walk},
    },
    model::{
        build::Builder,
        code,
        details::{Decision, ErrorCode, FlagType},
        image::{Agreement, Head, Image, Lookup},
        symbol::Exact,
    },
};

/// How an environment's clients say who they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Identity {
    /// Anybody may say anything: only customer and organization are always known.
    #[default]
    Open,
    /// Pinned by the key or signed: `targetingKey`, `userId`, `sessionId` and the document's `private` attributes are always
    /// known too, so that nothing about them ships.
    Vouched,
}

/// For whom programs are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Audience<'a> {
    /// How they say who they are.
    pub identity: Identity,
    /// Only flags with one of these tags are seen; without any, all are.
    pub tags: &'a [String],
}

impl From<Identity> for Audience<'_> {
    fn from(identity: Identity) -> Self {
        Self { identity, tags: &[] }
    }
}

/// Settles a ruleset for what is known.
///
/// `customerId` and `organizationId` are always known: absent from `known` means known to be absent. `own` are the overrides
/// of the customer and the organization in `known`. Errs where `known` is a refused context.
///
/// A flag that is not seen is not in the program. Where one that is seen waits for it, and what is known does not settle it, what
/// is open of it goes along without its key, its aliases, its type and the names and values of its variants: a program is settled
/// where the rest becomes known, so it cannot do without.
pub fn specialise<'a>(
    ruleset: &Ruleset,
    own: Own<'_>,
    known: &Context,
    audience: impl Into<Audience<'a>>,
) -> Result<Program, ProgramError> {
    made_for(audience.into(), ruleset, own, known)
}

fn made_for(audience: Audience<'_>, ruleset: &Ruleset, own: Own<'_>, known: &Context) -> Result<Program, ProgramError> {
    if known.refusal().is_some() {
        return Err(ProgramError::Context);
    }
    let mut attempt = 0_u8;
    loop {
        let mut salt = Vec::from(*b"\0program");
        salt.push(attempt);
        salt.extend_from_slice(known.members());
        let key = ruleset.key.subkey(&salt);
        let builder = settle(ruleset, own, known, audience, key);
        // Where two fingerprints collide another key is taken; after some the tables themselves are at fault.
        match builder.finish_fingerprints() {
            Some(image) => return Ok(Program::new(image)),
            None if attempt == 16 => return Err(ProgramError::Length),
            None => attempt += 1,
        }
    }
}

/// Writes what stays of a ruleset.
fn settle(ruleset: &Ruleset, own: Own<'_>, known: &Context, audience: Audience<'_>, key: Subkey) -> Builder {
    let mut always = vec!["customerId", "organizationId"];
    if audience.identity == Identity::Vouched {
        always.extend(["targetingKey", "userId", "sessionId"]);
        always.extend(ruleset.private.iter().map(String::as_str));
    }
    let (image, now, mut scratch) = (&ruleset.image, Now::new(0), Scratch::default());
    scratch.reset(image);
    let walk = Walk::new(image, known.members(), &now, own, &mut scratch, ());
    let segments = image.head(Head::Segments) as usize;
    let mut settling = Settling {
        image,
        own,
        known: known.members(),
        always,
        walk,
        settled: vec![SegmentAnswer::NotAsked; segments],
        copied: vec![None; segments],
        flags: Vec::with_capacity(ruleset.len()),
        builder: Builder::new(key),
    };
    settling.recognise(key);
    let steps: Vec<Vec<Step>> = (0..image.flags()).map(|flag| settling.settle(flag)).collect();
    let shown: Vec<Shown> = shown(&steps, |flag| ruleset.shows(flag, audience.tags));
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

/// How much of a flag goes into a program.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nothing,
    /// What another flag waits for.
    Nameless,
    Whole,
}

/// What is shown of each flag. A flag stands behind those that it needs.
fn shown(steps: &[Vec<Step>], is_seen: impl Fn(u32) -> bool) -> Vec<Shown> {
    let mut shown: Vec<Shown> = (0..).zip(steps).map(|(flag, _)| if is_seen(flag) { Shown::Whole } else { Shown::Nothing }).collect();
    for (flag, steps) in steps.iter().enumerate().rev() {
        if shown.get(flag) == Some(&Shown::Nothing) {
            continue;
        }
        for step in steps {
            if let Kind::Prerequisite { flag: need, .. } = step.kind
                && let Some(need) = shown.get_mut(need as usize).filter(|need| **need == Shown::Nothing)
            {
                *need = Shown::Nameless;
            }
        }
    }
    shown
}

/// A step that stays, still in terms of the ruleset's tables.
struct Step {
    /// The condition under which it is taken; 0 where it always is.
    condition: u32,
    kind: Kind,
}

enum Kind {
    Prerequisite { flag: u32, unmet: Decision, variants: Vec<u32> },
    List { at: u32 },
    Draw { at: u32 },
    Const(Decision),
}

/// What became of a flag.
struct Settled {
    /// Its answer, where nothing is open.
    answer: Option<Decision>,
    /// The new numbers of the variants that it can still have.
    variants: BTreeMap<u32, u32>,
    /// Its number in the program, and the lowest number there of any flag it still depends on.
    number: u32,
    lowest: u32,
}

/// Whether a segment holds, as far as that was asked and is settled.
#[derive(Clone, Copy)]
enum SegmentAnswer {
    NotAsked,
    Known(Option<bool>),
}

struct Settling<'a> {
    image: &'a Image,
    own: Own<'a>,
    /// The members of the known context.
    known: &'a [u8],
    /// Names that are known even where they are absent.
    always: Vec<&'a str>,
    /// Evaluates what is settled.
    walk: Walk<'a, Exact, ()>,
    /// By segment: whether it holds.
    settled: Vec<SegmentAnswer>,
    /// By segment: its new number and where its condition stands.
    copied: Vec<Option<(u32, u32)>>,
    flags: Vec<Settled>,
    builder: Builder,
}

impl Settling<'_> {
    /// Writes down what a context must agree with to extend what is known.
    fn recognise(&mut self, key: Subkey) {
        let mut names: BTreeMap<&[u8], bool> = BTreeMap::new();
        for name in &self.always {
            let name = name.as_bytes();
            names.insert(name, true);
            // A path is settled by its first name, and by nobody having the whole of it.
            if let Some(head) = name.split(|byte| *byte == b'.').next().filter(|head| head.len() < name.len()) {
                names.entry(head).or_insert(false);
            }
        }
        let mut members = self.known;
        while let Some((name, rest)) = value::split(members) {
            let Some((_, rest)) = value::split(rest) else { break };
            names.entry(value::text(name).unwrap_or_default()).or_insert(false);
            members = rest;
        }
        // A context cannot set the moment, so it need not agree on it.
        names.remove(b"now".as_slice());
        for (name, always) in names {
            let found = value::member(self.known, name);
            let plain = always && !name.contains(&b'.');
            let agreement = match found {
                // Null is absence, and whoever is always known may also be absent.
                None | Some([value::NULL, ..]) if plain => Agreement::AbsentOrNull,
                None => Agreement::Absent,
                Some(encoded) => Agreement::Equal(fingerprint(key, encoded)),
            };
            self.builder.known(name, agreement);
        }
    }

    /// Works out what stays of a flag: its steps.
    fn settle(&mut self, flag: u32) -> Vec<Step> {
        let steps = self.steps(flag);
        let answer = match steps.as_slice() {
            [Step { condition: 0, kind: Kind::Const(decision) }] => Some(*decision),
            _ => None,
        };
        // Only variants that can still be answered ship, under new numbers.
        let mut variants = BTreeMap::new();
        let mut keep = |decision: u32| {
            if let Some(variant) = (Decision { word: decision, bucket_plus_one: 0 }).variant_plus_one().checked_sub(1) {
                variants.insert(variant, 0);
            }
        };
        for step in &steps {
            match &step.kind {
                Kind::Prerequisite { unmet: decision, .. } | Kind::Const(decision) => keep(decision.word),
                Kind::List { at } => keep(self.image.word(at + 2)),
                Kind::Draw { at } => self.shares(*at).skip(1).step_by(2).for_each(&mut keep),
            }
        }
        for (new, number) in (0..).zip(variants.values_mut()) {
            *number = new;
        }
        self.flags.push(Settled { answer, variants, number: 0, lowest: 0 });
        steps
    }

    /// Writes down what stays of a flag, as far as it is shown.
    fn lay_flag(&mut self, flag: u32, steps: &[Step], shown: Shown) {
        if shown == Shown::Nothing {
            return;
        }
        let (key, kind) = if shown == Shown::Whole {
            (self.image.text(self.image.flag(flag).key), self.image.flag_type(flag))
        } else {
            (&[][..], Some(FlagType::Boolean))
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
        let table = self.builder.variants(table.into_iter());
        let needs = steps
            .iter()
            .filter_map(|step| if let Kind::Prerequisite { flag, .. } = step.kind { self.flags.get(flag as usize) } else { None });
        let lowest = needs.map(|need| need.lowest).min();
        // Conditions stand before the steps that refer to them.
        let conditions: Vec<u32> = steps.iter().map(|step| if step.condition == 0 { 0 } else { self.copy(step.condition) }).collect();
        let start = self.builder.here();
        if let Some(lowest) = lowest {
            self.builder.push(&[code::NEEDS, lowest]);
        }
        for (step, condition) in steps.iter().zip(conditions) {
            self.builder.push_guard(condition);
            self.lay(&step.kind, &variants);
        }
        let number = self.builder.flag(key, kind, table, start);
        if let Some(settled) = self.flags.get_mut(flag as usize) {
            settled.number = number;
            settled.lowest = lowest.unwrap_or(number);
        }
    }

    /// The steps of a flag that stay; the last is an answer without condition.
    fn steps(&mut self, flag: u32) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut at = self.image.steps(flag);
        loop {
            let (word, mut condition, mut held) = (self.image.word(at), 0, Some(true));
            if code::operation(word) == code::IF {
                held = self.holds(code::condition(word));
                condition = if held.is_none() { code::condition(word) } else { 0 };
                at += 1;
            }
            if held != Some(false) && self.step(flag, at, condition, &mut steps) {
                return steps;
            }
            at += self.image.tables().step_size(at);
        }
    }

    /// Settles a step as far as it goes; whether it is the flag's last.
    fn step(&mut self, flag: u32, at: u32, condition: u32, steps: &mut Vec<Step>) -> bool {
        let word = self.image.word(at);
        let mut keep = |kind| steps.push(Step { condition, kind });
        let answer = match code::operation(word) {
            code::PREREQUISITE => {
                let (other, unmet) = (self.image.word(at + 1), Decision { word: self.image.word(at + 2), bucket_plus_one: 0 });
                let mut meets = self.image.words(at + 4, self.image.word(at + 3));
                match self.flags.get(other as usize) {
                    Some(Settled { answer: Some(answer), .. }) => {
                        let variant = answer.variant_plus_one().checked_sub(1);
                        let met = variant.is_some_and(|variant| meets.any(|meeting| meeting == variant));
                        (!met).then_some(unmet)
                    }
                    Some(Settled { variants, .. }) => {
                        let variants = meets.filter_map(|variant| variants.get(&variant).copied()).collect();
                        keep(Kind::Prerequisite { flag: other, unmet, variants });
                        None
                    }
                    None => None,
                }
            }
            code::OVERRIDES => self.own.decision(flag),
            code::LIST if self.is_open(self.image.word(at + 1)) => {
                keep(Kind::List { at });
                None
            }
            code::LIST => self.walk.listed(at, word),
            code::DRAW if self.is_open(self.image.word(at + 1)) => {
                keep(Kind::Draw { at });
                // What follows a split without condition is never reached; the tables still end with an answer.
                let everybody = self.shares(at).rev().nth(1) == Some(BUCKETS);
                (condition == 0 && everybody).then(|| Decision::error(ErrorCode::TargetingKeyMissing))
            }
            code::DRAW => self.walk.drawn(at, word),
            code::CONST => Some(self.image.tables().constant(at)),
            _ => None,
        };
        let Some(answer) = answer else { return false };
        steps.push(Step { condition, kind: Kind::Const(answer) });
        condition == 0
    }

    /// Pairs of bound and decision of a draw.
    fn shares(&self, at: u32) -> impl DoubleEndedIterator<Item = u32> + use<'_> {
        self.image.words(at + 6, 2 * code::count(self.image.word(at)))
    }

    /// Whether a context that extends what is known may still change what this attribute is.
    fn is_open(&self, attribute: u32) -> bool {
        let record = self.image.attribute(attribute);
        let name = self.image.text(record.name);
        let always = |name: &[u8]| self.always.iter().any(|always| always.as_bytes() == name);
        let is_known = |name: &[u8]| always(name) || value::member(self.known, name).is_some();
        match record.lookup {
            Lookup::Now => true,
            Lookup::UserId => {
                let own = value::member(self.known, name).is_some_and(|value| value.first() != Some(&value::NULL));
                !(own || is_known(name) && is_known(b"targetingKey"))
            }
            Lookup::Member | Lookup::Path => !is_known(name),
        }
    }

    /// Whether a condition holds, as far as that is settled.
    fn holds(&mut self, at: u32) -> Option<bool> {
        let word = self.image.word(at);
        match code::operation(word) {
            operation @ (code::ALL | code::ANY) => {
                let decisive = operation == code::ANY;
                let mut open = false;
                for child in self.image.words(at + 2, self.image.word(at + 1)) {
                    match self.holds(child) {
                        Some(held) if held == decisive => return Some(decisive),
                        Some(_) => {}
                        None => open = true,
                    }
                }
                (!open).then_some(!decisive)
            }
            code::NOT => self.holds(self.image.word(at + 1)).map(|held| !held),
            code::SEGMENT => {
                let number = self.image.word(at + 1) as usize;
                if let Some(SegmentAnswer::Known(known)) = self.settled.get(number) {
                    return *known;
                }
                let held = self.holds(self.image.word(at + 2));
                if let Some(settled) = self.settled.get_mut(number) {
                    *settled = SegmentAnswer::Known(held);
                }
                held
            }
            _ => (!self.is_open(self.image.word(at + 1))).then(|| self.walk.holds(at)),
        }
    }

    /// Copies what is open of an open condition and answers where it stands.
    fn copy(&mut self, at: u32) -> u32 {
        let word = self.image.word(at);
        match code::operation(word) {
            operation @ (code::ALL | code::ANY) => {
                let children = self.image.words(at + 2, self.image.word(at + 1));
                let open: Vec<u32> = children.filter(|child| self.holds(*child).is_none()).collect();
                let copies: Vec<u32> = open.into_iter().map(|child| self.copy(child)).collect();
                if let [only] = copies.as_slice() {
                    return *only;
                }
                let start = self.builder.here();
                self.builder.push(&[operation, u32::try_from(copies.len()).unwrap_or(0)]);
                self.builder.push(&copies);
                start
            }
            code::NOT => {
                let inner = self.copy(self.image.word(at + 1));
                let start = self.builder.here();
                self.builder.push(&[code::NOT, inner]);
                start
            }
            code::SEGMENT => {
                let number = self.image.word(at + 1) as usize;
                let (new, condition) = if let Some(copied) = self.copied.get(number).copied().flatten() {
                    copied
                } else {
                    let condition = self.copy(self.image.word(at + 2));
                    let copied = (self.builder.segment(), condition);
                    if let Some(place) = self.copied.get_mut(number) {
                        *place = Some(copied);
                    }
                    copied
                };
                let start = self.builder.here();
                self.builder.push(&[code::SEGMENT, new, condition]);
                start
            }
            operation => self.copy_test(at, word, operation),
        }
    }

    fn copy_test(&mut self, at: u32, word: u32, operation: u32) -> u32 {
        let (image, builder) = (self.image, &mut self.builder);
        let attribute = builder.attribute(image.str(image.attribute(image.word(at + 1)).name));
        let start = builder.here();
        match operation {
            code::IN => {
                builder.push(&[word, attribute]);
                let symbols = image.words(at + 2, code::count(word));
                builder.push_symbols(symbols.map(|symbol| scalar(image, symbol)));
            }
            code::NUMBER | code::TIME => {
                builder.push(&[word, attribute]);
                builder.push_double(image.tables().double(at + 2));
            }
            code::CIDR => {
                let narrow = image.word(at + 4);
                let size = 1 + 2 * narrow;
                let wide = 1 + 8 * image.word(at + 4 + size);
                builder.push(&[word, attribute, 0, 0]);
                builder.push_all(image.words(at + 4, size + wide));
            }
            code::EXISTS => builder.push(&[word, attribute]),
            _ => {
                let operand = builder.text(image.text(image.span(at + 2)));
                builder.push(&[word, attribute]);
                builder.push_span(operand);
            }
        }
        start
    }

    fn lay(&mut self, step: &Kind, variants: &BTreeMap<u32, u32>) {
        let image = self.image;
        let renumbered = |decision: Decision| {
            let variant = decision.variant_plus_one().checked_sub(1).and_then(|variant| variants.get(&variant));
            decision.with_variant_plus_one(variant.map_or(0, |variant| variant + 1))
        };
        let decision = |at: u32| renumbered(Decision { word: image.word(at), bucket_plus_one: 0 }).word;
        let attribute = |builder: &mut Builder, at: u32| builder.attribute(image.str(image.attribute(image.word(at + 1)).name));
        match step {
            Kind::Prerequisite { flag, unmet, variants } => {
                let count = u32::try_from(variants.len()).unwrap_or(0);
                let number = self.flags.get(*flag as usize).map_or(0, |need| need.number);
                self.builder.push(&[code::PREREQUISITE, number, renumbered(*unmet).word, count]);
                self.builder.push(variants);
            }
            Kind::List { at } => {
                let attribute = attribute(&mut self.builder, *at);
                self.builder.push(&[image.word(*at), attribute, decision(at + 2)]);
                let symbols = image.words(at + 3, code::count(image.word(*at)));
                self.builder.push_symbols(symbols.map(|symbol| scalar(image, symbol)));
            }
            Kind::Draw { at } => {
                let attribute = attribute(&mut self.builder, *at);
                self.builder.push(&[image.word(*at), attribute]);
                self.builder.push_all(image.words(at + 2, 4));
                for share in 0..code::count(image.word(*at)) {
                    self.builder.push(&[image.word(at + 6 + 2 * share), decision(at + 7 + 2 * share)]);
                }
            }
            Kind::Const(answer) => self.builder.push_const(renumbered(*answer)),
        }
    }
}

/// The encoded scalar that is one of a ruleset's symbols.
fn scalar(image: &Image, symbol: u32) -> &[u8] {
    value::split(image.value(symbol)).map_or(&[], |(scalar, _)| scalar)
}
