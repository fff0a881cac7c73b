//! A program as JSON, for people and tools: what is settled, and what is still asked.
use alloc::{format, string::String};

use super::runner::Program;
use crate::{
    evaluate::{
        Include,
        evaluation::Evaluation,
        explain::{write_operand, write_portion},
    },
    json::{
        Object,
        canonical::{write_number, write_string},
    },
    model::{
        condition::Condition,
        details::Decision,
        image::{Head, Image},
        step::{Guarded, Step},
        words::Run,
    },
};

impl Program {
    /// The program as JSON. Symbols are shown as the fingerprints they are. It is not read back: clients take the bytes.
    pub fn to_json(&self) -> String {
        let image = &self.image;
        let mut out = String::new();
        let mut program = Object::open(&mut out);
        let mut flags = Object::open(program.member("flags"));
        for flag in 0..image.flags() {
            let mut object = Object::open(flags.member(&name(image, flag)));
            if let Some(metadata) = image.metadata(flag) {
                object.member("metadata").push_str(metadata);
            }
            write_steps(object.member("steps"), image, flag);
            object.member("type").push_str(&format!("\"{}\"", image.flag_type(flag).map_or("", |kind| kind.as_str())));
            object.close();
        }
        flags.close();
        write_number(program.member("format"), f64::from(super::FORMAT));
        let known = (0..image.head(Head::Known)).map(|index| image.str(image.known(index).name));
        write_list(program.member("known"), known, write_string);
        #[expect(clippy::cast_precision_loss, reason = "moments are whole numbers below 2^53")]
        write_list(program.member("moments"), image.moments(), |out, moment| write_number(out, moment as f64));
        program.close();
        out
    }
}

/// A flag's key; one that the asker may not see goes by its number.
fn name(image: &Image, flag: u32) -> String {
    let key = image.str(image.flag(flag).key);
    if key.is_empty() { format!("#{flag}") } else { key.into() }
}

fn write_list<T>(out: &mut String, items: impl Iterator<Item = T>, write: impl Fn(&mut String, T)) {
    out.push('[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

fn write_steps(out: &mut String, image: &Image, flag: u32) {
    let mut at = image.steps(flag);
    out.push('[');
    loop {
        let Guarded { condition, step, next } = image.words().step(at);
        write_step(out, image, flag, condition, &step);
        if condition == 0 && matches!(step, Step::Const(_) | Step::Nothing) {
            break;
        }
        out.push(',');
        at = next;
    }
    out.push(']');
}

fn write_step(out: &mut String, image: &Image, flag: u32, condition: u32, step: &Step) {
    let write_answer = |out: &mut String, decision: Decision| {
        Evaluation::new(image, flag, decision).write_canonical(out, None, Include { bucket: true, ..Include::default() });
    };
    let mut object = Object::open(out);
    let decision = match step {
        Step::Const(decision) => Some(*decision),
        Step::List(list) => Some(list.listed),
        Step::Prerequisite { unmet, .. } => Some(*unmet),
        Step::Draw(_) | Step::Overrides | Step::Nothing => None,
    };
    if let Some(decision) = decision {
        write_answer(object.member("answer"), decision);
    }
    if condition != 0 {
        write_condition(object.member("if"), image, condition);
    }
    match step {
        Step::Prerequisite { flag, .. } => write_string(object.member("unless"), &name(image, *flag)),
        Step::List(list) => {
            let symbols = image.words().run(list.symbols);
            write_list(object.member("listed"), symbols, |out, symbol| out.push_str(&fingerprint(image, symbol)));
            write_attribute(object.member("unit"), image, list.attribute);
        }
        Step::Draw(draw) => {
            write_list(object.member("shares"), image.words().pairs(draw.shares), |out, [bound, word]| {
                let mut share = Object::open(out);
                write_answer(share.member("answer"), Decision::of(word));
                write_number(share.member("below"), f64::from(bound));
                share.close();
            });
            write_attribute(object.member("unit"), image, draw.attribute);
        }
        Step::Const(_) | Step::Overrides | Step::Nothing => {}
    }
    object.close();
}

fn write_attribute(out: &mut String, image: &Image, attribute: u32) {
    write_string(out, image.str(image.attribute(attribute).name));
}

fn fingerprint(image: &Image, symbol: u32) -> String {
    format!("\"{:016x}\"", image.fingerprint(symbol))
}

fn write_condition(out: &mut String, image: &Image, at: u32) {
    let mut object = Object::open(out);
    let children = |out: &mut String, run: Run| {
        write_list(out, image.words().run(run), |out, child| write_condition(out, image, child));
    };
    match image.words().condition(at) {
        Condition::All(run) => children(object.member("all"), run),
        Condition::Any(run) => children(object.member("any"), run),
        Condition::Not(inner) => write_condition(object.member("not"), image, inner),
        Condition::Segment { condition, .. } => write_condition(object.member("segment"), image, condition),
        Condition::Percentage(portion) => {
            write_portion(object.member("percentage"), &portion);
            write_attribute(object.member("unit"), image, portion.attribute);
        }
        Condition::Test { attribute, test } => {
            write_attribute(object.member("attribute"), image, attribute);
            write_string(object.member("op"), test.name());
            let mut operand = String::new();
            write_operand(&mut operand, image, &test, |symbol| fingerprint(image, symbol));
            if !operand.is_empty() {
                object.member("value").push_str(&operand);
            }
        }
        Condition::Nothing => {}
    }
    object.close();
}
