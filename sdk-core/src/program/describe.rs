//! A program as JSON, for people and tools: what is settled, and what is still asked.
use alloc::{format, string::String};

use super::runner::Program;
use crate::{
    evaluate::{
        evaluation::Evaluation,
        explain::{op, rendered},
    },
    json::{
        Object,
        canonical::{write_number, write_string},
    },
    model::{
        code,
        details::Decision,
        image::{Head, Image},
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
            write_steps(object.member("steps"), image, flag);
            object.member("type").push_str(&format!("\"{}\"", image.flag_type(flag).map_or("", |kind| kind.as_str())));
            object.close();
        }
        flags.close();
        write_number(program.member("format"), f64::from(super::FORMAT));
        let known = program.member("known");
        for index in 0..image.head(Head::Known) {
            known.push(if index == 0 { '[' } else { ',' });
            write_string(known, image.str(image.known(index).name));
        }
        known.push(']');
        program.close();
        out
    }
}

/// A flag's key; one that the asker may not see goes by its number.
fn name(image: &Image, flag: u32) -> String {
    let key = image.str(image.flag(flag).key);
    if key.is_empty() { format!("#{flag}") } else { key.into() }
}

fn write_steps(out: &mut String, image: &Image, flag: u32) {
    let mut at = image.steps(flag);
    if code::operation(image.word(at)) == code::NEEDS {
        at += 2;
    }
    out.push('[');
    loop {
        let mut step = Object::open(out);
        let answer = |step: &mut Object<'_>, decision: Decision| {
            Evaluation::new(image, flag, decision).write_canonical(step.member("answer"), None, true);
        };
        let plain = |at: u32| Decision { word: image.word(at), bucket_plus_one: 0 };
        let mut guard = 0;
        if code::operation(image.word(at)) == code::IF {
            guard = code::condition(image.word(at));
            at += 1;
        }
        let word = image.word(at);
        match code::operation(word) {
            code::PREREQUISITE => {
                answer(&mut step, plain(at + 2));
                write_string(step.member("unless"), &name(image, image.word(at + 1)));
            }
            code::LIST => {
                answer(&mut step, plain(at + 2));
                write_fingerprints(step.member("listed"), image, at + 3, code::count(word));
                write_attribute(step.member("unit"), image, at + 1);
            }
            code::DRAW => {
                if guard != 0 {
                    write_condition(step.member("if"), image, guard);
                }
                let count = code::count(word);
                let shares = step.member("shares");
                for share in 0..count {
                    shares.push(if share == 0 { '[' } else { ',' });
                    let mut object = Object::open(shares);
                    answer(&mut object, plain(at + 7 + 2 * share));
                    write_number(object.member("below"), f64::from(image.word(at + 6 + 2 * share)));
                    object.close();
                }
                shares.push_str(if count == 0 { "[]" } else { "]" });
                write_attribute(step.member("unit"), image, at + 1);
            }
            _ => {
                answer(&mut step, image.tables().constant(at));
                if guard != 0 {
                    write_condition(step.member("if"), image, guard);
                }
            }
        }
        step.close();
        if code::operation(word) == code::CONST && guard == 0 {
            out.push(']');
            return;
        }
        out.push(',');
        at += image.tables().step_size(at);
    }
}

fn write_attribute(out: &mut String, image: &Image, at: u32) {
    write_string(out, image.str(image.attribute(image.word(at)).name));
}

fn write_fingerprints(out: &mut String, image: &Image, at: u32, count: u32) {
    out.push('[');
    for (index, symbol) in image.words(at, count).enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&format!("\"{:016x}\"", image.fingerprint(symbol)));
    }
    out.push(']');
}

fn write_condition(out: &mut String, image: &Image, at: u32) {
    let word = image.word(at);
    let mut object = Object::open(out);
    match code::operation(word) {
        code::ALL | code::ANY => {
            let list = object.member(op(word));
            list.push('[');
            for (index, child) in image.words(at + 2, image.word(at + 1)).enumerate() {
                if index > 0 {
                    list.push(',');
                }
                write_condition(list, image, child);
            }
            list.push(']');
        }
        code::NOT => write_condition(object.member("not"), image, image.word(at + 1)),
        code::SEGMENT => write_condition(object.member("segment"), image, image.word(at + 2)),
        operation => {
            write_attribute(object.member("attribute"), image, at + 1);
            write_string(object.member("op"), op(word));
            match operation {
                code::IN => write_fingerprints(object.member("value"), image, at + 2, code::count(word)),
                code::NUMBER | code::TIME => write_number(object.member("value"), image.tables().double(at + 2)),
                code::SEMVER => write_string(object.member("value"), image.str(image.span(at + 2))),
                code::CONTAINS | code::STARTS_WITH | code::ENDS_WITH => {
                    object.member("value").push_str(&rendered(image.text(image.span(at + 2))));
                }
                _ => {}
            }
        }
    }
    object.close();
}
