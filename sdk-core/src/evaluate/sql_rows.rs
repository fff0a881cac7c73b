//! The flags of a ruleset as rows for a database, whose functions interpret them.
//!
//! A flag is the list of its steps; a condition stands in the step that it guards. Segments are apart, and a step names those that it
//! needs in an order in which each stands behind those that it names itself, so that each is asked once. Long lists are apart too, for
//! an index.
use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::ruleset::Ruleset;
use crate::{
    bucket::DrawHash,
    context::value::{self, Encoded},
    hex,
    json::{
        Object,
        canonical::{write_list, write_number, write_string},
    },
    matching::{comparison::Comparison, pattern},
    model::{
        condition::{Among, Condition, Kinds, Portion, Test},
        details::{Decision, Layer},
        image::{Image, Span},
        step::{Guarded, Step},
        words::Run,
    },
};

/// The most entries of a list that stands in its step; a longer list is a row of its own.
const MOST_INLINE: u32 = 64;

/// The rows of one ruleset, as they are written.
pub(crate) struct SqlRows<'r> {
    ruleset: &'r Ruleset,
    /// The place of the condition of each segment that a flag uses, by the segment's number.
    segments: BTreeMap<u32, u32>,
    lists: Vec<Vec<String>>,
}

impl<'r> SqlRows<'r> {
    pub(crate) fn new(ruleset: &'r Ruleset) -> Self {
        Self { ruleset, segments: BTreeMap::new(), lists: Vec::new() }
    }

    /// Appends all flags, in the order of their numbers: each behind those of its prerequisites.
    pub(crate) fn write_flags(&mut self, out: &mut String) {
        out.push('[');
        for flag in 0..self.ruleset.image.flags() {
            if flag > 0 {
                out.push(',');
            }
            self.write_flag(out, flag);
        }
        out.push(']');
    }

    /// All segments that flags use, as a JSON list. Call it after [`Self::write_flags`].
    pub(crate) fn segments(&mut self) -> String {
        let mut out = String::from("[");
        let used: Vec<(u32, u32)> = self.segments.iter().map(|(number, condition)| (*number, *condition)).collect();
        for (index, (number, condition)) in used.into_iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            let mut object = Object::open(&mut out);
            self.write_condition(object.member("if"), condition);
            write_string(object.member("name"), self.segment_name(number));
            object.close();
        }
        out.push(']');
        out
    }

    /// Appends the long lists, each with its entries. Call it after [`Self::segments`].
    pub(crate) fn write_lists(&self, out: &mut String) {
        write_list(out, self.lists.iter(), |out, list| write_list(out, list.iter(), |out, entry| write_string(out, entry)));
    }

    fn image(&self) -> &'r Image {
        &self.ruleset.image
    }

    fn segment_name(&self, number: u32) -> &'r str {
        self.ruleset.segments.get(number as usize).map_or("", |name| name)
    }

    fn write_flag(&mut self, out: &mut String, flag: u32) {
        let (image, view) = (self.image(), self.ruleset.view(flag));
        let mut object = Object::open(out);
        write_list(object.member("aliases"), view.aliases(), write_string);
        write_string(object.member("key"), view.key());
        if let Some(metadata) = view.metadata() {
            object.member("metadata").push_str(metadata);
        }
        // Each of these steps answers the off variant, and a flag has one of them.
        let off = image.steps_of(flag).find_map(|Guarded { step, .. }| match step {
            Step::List(list) if !list.allows => Some(list.listed),
            Step::Prerequisite { unmet, .. } => Some(unmet),
            Step::Const(decision) if decision.layer() == Some(Layer::Kill) => Some(decision),
            Step::List(_) | Step::Const(_) | Step::Draw(_) | Step::Overrides | Step::Nothing => None,
        });
        let off = off.and_then(Decision::variant).map_or_else(|| String::from("null"), |variant| variant.to_string());
        object.member("off").push_str(&off);
        let is_plain = image.steps_of(flag).all(|Guarded { step, .. }| match step {
            Step::Overrides | Step::List(_) => true,
            Step::Draw(draw) => rollout_share(image, draw.shares).is_some(),
            Step::Const(decision) => matches!(decision.layer(), Some(Layer::Environment | Layer::Default)),
            Step::Prerequisite { .. } | Step::Nothing => false,
        });
        object.member("plain").push_str(if is_plain { "true" } else { "false" });
        let steps = object.member("steps");
        steps.push('[');
        for (index, guarded) in image.steps_of(flag).enumerate() {
            if index > 0 {
                steps.push(',');
            }
            self.write_step(steps, &guarded);
        }
        steps.push(']');
        write_string(object.member("type"), view.flag_type().as_str());
        write_list(object.member("variants"), view.variants(), |out, (name, value)| {
            let mut variant = Object::open(out);
            write_string(variant.member("name"), name);
            value.write_canonical(variant.member("value"));
            variant.close();
        });
        object.close();
    }

    fn write_step(&mut self, out: &mut String, Guarded { condition, step, .. }: &Guarded) {
        let image = self.image();
        let mut object = Object::open(out);
        match step {
            Step::Prerequisite { unmet, .. } => write_decision(object.member("answer"), *unmet),
            Step::List(list) => write_decision(object.member("answer"), list.listed),
            Step::Const(decision) => write_decision(object.member("answer"), *decision),
            Step::Draw(draw) => {
                let word = rollout_share(image, draw.shares).unwrap_or_else(|| image.word(draw.shares.at.wrapping_add(1)));
                write_decision(object.member("answer"), Decision::of(word));
                object.member("continue").push_str(if draw.continues { "true" } else { "false" });
            }
            Step::Overrides | Step::Nothing => {}
        }
        let name = match step {
            Step::Prerequisite { .. } => "require",
            Step::Overrides => "overrides",
            Step::List(list) if list.allows => "allow",
            Step::List(_) => "deny",
            Step::Draw(draw) if rollout_share(image, draw.shares).is_some() => "rollout",
            Step::Draw(_) => "split",
            Step::Const(_) => "answer",
            Step::Nothing => "nothing",
        };
        write_string(object.member("do"), name);
        if let Step::Prerequisite { flag, .. } = step {
            write_string(object.member("flag"), self.ruleset.key_of(*flag));
        }
        if let Step::Draw(draw) = step {
            write_hash(object.member("hash"), draw.hash);
        }
        if *condition != 0 {
            self.write_condition(object.member("if"), *condition);
            let mut needed = Vec::new();
            self.add_needed(*condition, &mut needed);
            write_list(object.member("segments"), needed.iter(), |out, number| write_string(out, self.segment_name(*number)));
        }
        if let Step::Draw(draw) = step
            && name == "split"
        {
            write_list(object.member("shares"), image.words().pairs(draw.shares), |out, [bound, word]| {
                let variant = Decision::of(word).variant().map_or_else(|| String::from("null"), |variant| variant.to_string());
                out.push_str(&format!("[{bound},{variant}]"));
            });
        }
        match step {
            Step::List(list) => write_attribute(object.member("unit"), image, list.attribute),
            Step::Draw(draw) => write_attribute(object.member("unit"), image, draw.attribute),
            Step::Prerequisite { flag, variants, .. } => {
                let variants = image.words().run(*variants).map(|variant| self.ruleset.variant_name(*flag, variant));
                write_list(object.member("variants"), variants, write_string);
            }
            Step::Overrides | Step::Const(_) | Step::Nothing => {}
        }
        object.close();
    }

    /// Adds the segments that a condition needs, each behind those that it needs itself, and remembers where they stand.
    fn add_needed(&mut self, at: u32, needed: &mut Vec<u32>) {
        let image = self.image();
        match image.words().condition(at) {
            Condition::All(run) | Condition::Any(run) => image.words().run(run).for_each(|child| self.add_needed(child, needed)),
            Condition::Not(inner) => self.add_needed(inner, needed),
            Condition::Segment { number, condition } => {
                self.segments.insert(number, condition);
                if !needed.contains(&number) {
                    self.add_needed(condition, needed);
                    needed.push(number);
                }
            }
            Condition::Percentage(_) | Condition::Test { .. } | Condition::Nothing => {}
        }
    }

    fn write_condition(&mut self, out: &mut String, at: u32) {
        let mut object = Object::open(out);
        match self.image().words().condition(at) {
            Condition::All(run) => self.write_children(&mut object, "all", run),
            Condition::Any(run) => self.write_children(&mut object, "any", run),
            Condition::Not(inner) => {
                self.write_condition(object.member("of"), inner);
                write_string(object.member("op"), "not");
            }
            Condition::Segment { number, .. } => {
                write_string(object.member("name"), self.segment_name(number));
                write_string(object.member("op"), "segment");
            }
            Condition::Percentage(Portion { attribute, hash, from, to }) => {
                write_attribute(object.member("at"), self.image(), attribute);
                write_number(object.member("from"), from.into());
                write_hash(object.member("hash"), hash);
                write_string(object.member("op"), "percentage");
                write_number(object.member("to"), to.into());
            }
            Condition::Test { attribute, test } => {
                write_attribute(object.member("at"), self.image(), attribute);
                self.write_test(&mut object, &test);
            }
            Condition::Nothing => write_string(object.member("op"), "nothing"),
        }
        object.close();
    }

    fn write_children(&mut self, object: &mut Object<'_>, op: &str, run: Run) {
        let out = object.member("of");
        out.push('[');
        for (index, child) in self.image().words().run(run).enumerate() {
            if index > 0 {
                out.push(',');
            }
            self.write_condition(out, child);
        }
        out.push(']');
        write_string(object.member("op"), op);
    }

    fn write_test(&mut self, object: &mut Object<'_>, test: &Test) {
        let image = self.image();
        let flag = |object: &mut Object<'_>, name: &str, is_set: bool| object.member(name).push_str(if is_set { "true" } else { "false" });
        match *test {
            Test::Exists => write_string(object.member("op"), "exists"),
            Test::Among(Among { symbols, none_of, kinds, ignore_case, as_number, .. }) => {
                flag(object, "fold", ignore_case);
                self.write_symbols(object.member("in"), symbols);
                let named = [(Kinds::STRINGS, 's'), (Kinds::NUMBERS, 'n'), (Kinds::BOOLEANS, 'b')];
                let kinds: String = named.into_iter().filter_map(|(kind, name)| kinds.has(kind).then_some(name)).collect();
                write_string(object.member("kinds"), &kinds);
                flag(object, "none", none_of);
                flag(object, "number", as_number);
                write_string(object.member("op"), "among");
            }
            Test::Members { symbols, every, ignore_case } => {
                flag(object, "every", every);
                flag(object, "fold", ignore_case);
                self.write_symbols(object.member("in"), symbols);
                write_string(object.member("op"), "members");
            }
            Test::Contains { operand, symbol, ignore_case } => {
                flag(object, "fold", ignore_case);
                self.write_symbols(object.member("in"), symbol);
                write_string(object.member("op"), "contains");
                write_operand(object, image, operand);
            }
            Test::StartsWith { operand, ignore_case } => {
                flag(object, "fold", ignore_case);
                write_string(object.member("op"), "starts");
                write_operand(object, image, operand);
            }
            Test::EndsWith { operand, ignore_case } => {
                flag(object, "fold", ignore_case);
                write_string(object.member("op"), "ends");
                write_operand(object, image, operand);
            }
            Test::Number { comparison, operand, as_number } => {
                write_comparison(object, comparison);
                flag(object, "number", as_number);
                write_string(object.member("op"), "number");
                write_number(object.member("value"), operand);
            }
            Test::Time { comparison, operand, .. } => {
                write_comparison(object, comparison);
                write_string(object.member("op"), "time");
                write_number(object.member("value"), operand);
            }
            Test::Semver { comparison, operand, loose } => {
                write_comparison(object, comparison);
                flag(object, "loose", loose);
                write_string(object.member("op"), "semver");
                write_string(object.member("text"), image.str(operand));
            }
            Test::Matches { table, .. } => {
                write_string(object.member("op"), "matches");
                pattern::write_automaton(object.member("table"), image.text(table));
            }
            Test::Cidr { narrow, wide, .. } => {
                write_networks(object.member("narrow"), image, narrow, 1);
                write_string(object.member("op"), "cidr");
                write_networks(object.member("wide"), image, wide, 4);
            }
        }
    }

    /// Writes a list of scalars, or the number of the list that they are.
    fn write_symbols(&mut self, out: &mut String, symbols: Run) {
        let entries: Vec<String> = self.image().scalars(symbols).map(symbol).collect();
        if symbols.count <= MOST_INLINE {
            return write_list(out, entries.iter(), |out, entry| write_string(out, entry));
        }
        out.push_str(&self.lists.len().to_string());
        self.lists.push(entries);
    }
}

/// The decision of a rollout's draw; `None` for the draw of a rule.
fn rollout_share(image: &Image, shares: Run) -> Option<u32> {
    let [_, word] = image.words().pairs(shares).next()?;
    (Decision::of(word).layer() == Some(Layer::Rollout)).then_some(word)
}

/// A scalar as text: two such texts are equal exactly if the scalars are.
fn symbol(encoded: &[u8]) -> String {
    match value::read(encoded) {
        Some((Encoded::Text(text), _)) => format!("s{}", core::str::from_utf8(text).unwrap_or_default()),
        Some((Encoded::Number(number), _)) => format!("n{:016x}", number.to_bits()),
        Some((Encoded::Boolean(boolean), _)) => String::from(if boolean { "b1" } else { "b0" }),
        _ => String::new(),
    }
}

/// A decision as a list: variant or null, reason, layer, step.
fn write_decision(out: &mut String, decision: Decision) {
    let number = |number: Option<u32>| number.map_or_else(|| String::from("null"), |number| number.to_string());
    let layer = decision.layer().map_or("", Layer::as_str);
    let (variant, reason, step) = (number(decision.variant()), decision.reason().as_str(), number(decision.step()));
    out.push_str(&format!(r#"[{variant},"{reason}","{layer}",{step}]"#));
}

/// An attribute as a list: its name, and how it is looked up: 0 a member, 1 the moment, 2 `userId`, 3 a path.
fn write_attribute(out: &mut String, image: &Image, attribute: u32) {
    let record = image.attribute(attribute);
    out.push('[');
    write_string(out, image.str(record.name));
    out.push_str(&format!(",{}]", record.lookup as u32));
}

/// The two halves of a subkey as signed numbers in text; null for a hash that has none.
fn write_hash(out: &mut String, hash: DrawHash) {
    match hash {
        DrawHash::Sip(subkey) => {
            let [one, other] = subkey.0.map(u64::cast_signed);
            out.push_str(&format!("[{one},{other}]"));
        }
        DrawHash::MurmurhashJs | DrawHash::Unkeyed { .. } => out.push_str("null"),
    }
}

/// Writes the operand of a test of text; writes nothing if it is no text.
fn write_operand(object: &mut Object<'_>, image: &Image, operand: Span) {
    if let Some(text) = value::text(image.text(operand)).and_then(|text| core::str::from_utf8(text).ok()) {
        write_string(object.member("text"), text);
    }
}

fn write_comparison(object: &mut Object<'_>, comparison: Comparison) {
    let name = match comparison {
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Equal => "=",
        Comparison::GreaterOrEqual => ">=",
        Comparison::Greater => ">",
        Comparison::Caret => "^",
        Comparison::Tilde => "~",
    };
    write_string(object.member("compare"), name);
}

/// Pairs of first and last address, each of `width` words, in hexadecimal digits: addresses and their texts have the same order.
fn write_networks(out: &mut String, image: &Image, networks: Run, width: u32) {
    let address = |at: u32| -> String {
        let bytes: Vec<u8> = (0..width).flat_map(|word| image.word(at.wrapping_add(word)).to_be_bytes()).collect();
        hex::encode(&bytes)
    };
    write_list(out, 0..networks.count, |out, network| {
        let at = networks.at.wrapping_add(network.wrapping_mul(2 * width));
        out.push_str(&format!(r#"["{}","{}"]"#, address(at), address(at.wrapping_add(width))));
    });
}
