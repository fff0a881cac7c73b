//! The steps of a flag as JSON, for people and tools.
use alloc::{format, string::String};

use super::{
    Include,
    evaluation::Evaluation,
    explain::{write_as, write_operand, write_portion, write_switches},
};
use crate::{
    json::{
        Object,
        canonical::{write_list, write_number, write_string},
    },
    model::{
        condition::Condition,
        details::Decision,
        image::Image,
        step::{Guarded, Step},
        words::Run,
    },
};

/// A flag's key; a flag without one, which a program holds for others alone, goes by its number.
pub(crate) fn name(image: &Image, flag: u32) -> String {
    let key = image.str(image.flag(flag).key);
    if key.is_empty() { format!("#{flag}") } else { key.into() }
}

/// Writes the entry of a list, a symbol of the tables, as JSON.
type WriteSymbol<'a> = &'a dyn Fn(u32) -> String;

/// Appends the steps of a flag as a JSON list.
pub(crate) fn write_steps(out: &mut String, image: &Image, flag: u32, symbol: WriteSymbol<'_>) {
    write_list(out, image.steps_of(flag), |out, guarded| write_step(out, image, flag, &guarded, symbol));
}

fn write_step(out: &mut String, image: &Image, flag: u32, Guarded { condition, step, .. }: &Guarded, symbol: WriteSymbol<'_>) {
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
    if *condition != 0 {
        write_condition(object.member("if"), image, *condition, symbol);
    }
    match step {
        Step::Prerequisite { flag, variants, .. } => {
            write_string(object.member("unless"), &name(image, *flag));
            let variants = image.words().run(*variants).map(|variant| image.str(image.variant(*flag, variant).0));
            write_list(object.member("variants"), variants, write_string);
        }
        Step::Overrides => object.member("overrides").push_str("true"),
        Step::List(list) => {
            let symbols = image.words().run(list.symbols);
            write_list(object.member("listed"), symbols, |out, entry| out.push_str(&symbol(entry)));
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
        Step::Const(_) | Step::Nothing => {}
    }
    object.close();
}

fn write_attribute(out: &mut String, image: &Image, attribute: u32) {
    write_string(out, image.str(image.attribute(attribute).name));
}

fn write_condition(out: &mut String, image: &Image, at: u32, symbol: WriteSymbol<'_>) {
    let mut object = Object::open(out);
    let children = |out: &mut String, run: Run| {
        write_list(out, image.words().run(run), |out, child| write_condition(out, image, child, symbol));
    };
    match image.words().condition(at) {
        Condition::All(run) => children(object.member("all"), run),
        Condition::Any(run) => children(object.member("any"), run),
        Condition::Not(inner) => write_condition(object.member("not"), image, inner, symbol),
        Condition::Segment { condition, .. } => write_condition(object.member("segment"), image, condition, symbol),
        Condition::Percentage(portion) => {
            write_portion(object.member("percentage"), &portion);
            write_attribute(object.member("unit"), image, portion.attribute);
        }
        Condition::Test { attribute, test } => {
            write_as(&mut object, test.options());
            write_attribute(object.member("attribute"), image, attribute);
            write_switches(&mut object, test.options());
            write_string(object.member("op"), test.name());
            let mut operand = String::new();
            write_operand(&mut operand, image, &test, symbol);
            if !operand.is_empty() {
                object.member("value").push_str(&operand);
            }
        }
        Condition::Nothing => {}
    }
    object.close();
}
