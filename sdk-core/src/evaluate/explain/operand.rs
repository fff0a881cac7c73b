//! Operands of tests as JSON.
use alloc::{format, string::String, vec::Vec};
use core::net::{Ipv4Addr, Ipv6Addr};

use crate::{
    context::write_value,
    json::{
        Object,
        canonical::{write_number, write_string},
    },
    model::{
        condition::{Among, Portion, Test},
        image::{Image, Span},
        operator::TestOptions,
        words::Run,
    },
};

/// Appends the operand of a test as JSON, in lower case if it is compared so; appends nothing for a test without operand.
///
/// `symbol` writes the entry of a list. A program leaves out operands as they were written, and shows them as they are compiled: networks
/// as ranges of addresses, patterns as the hexadecimal digits of their tables.
pub(crate) fn write_operand(out: &mut String, image: &Image, test: &Test, symbol: impl Fn(u32) -> String) {
    let list = |symbols: Run| {
        // The tables keep a list in the order of its hashes, which tells a reader nothing; here it is sorted by its text.
        let mut entries: Vec<String> = image.words().run(symbols).map(&symbol).collect();
        entries.sort_unstable();
        entries.join(",")
    };
    match test {
        Test::Exists => {}
        Test::Among(Among { symbols, single: true, .. }) => out.push_str(&list(*symbols)),
        Test::Among(Among { symbols, .. }) | Test::Members { symbols, .. } => {
            out.push_str(&format!("[{}]", list(*symbols)));
        }
        Test::Contains { operand, .. } | Test::StartsWith { operand, .. } | Test::EndsWith { operand, .. } => {
            write_value(out, image.text(*operand));
        }
        Test::Number { operand, .. } => write_number(out, *operand),
        Test::Semver { operand, .. } => write_string(out, image.str(*operand)),
        Test::Time { operand, written, .. } => write_written(out, image, *written, |out| write_number(out, *operand)),
        Test::Matches { table, written } => write_written(out, image, *written, |out| {
            let digits: Vec<String> = image.text(*table).iter().map(|byte| format!("{byte:02x}")).collect();
            write_string(out, &digits.concat());
        }),
        Test::Cidr { written, narrow, wide } => write_written(out, image, *written, |out| write_ranges(out, image, *narrow, *wide)),
    }
}

/// Writes the option `as`, which precedes a test's attribute in canonical JSON; writes nothing for a test without that option.
pub(crate) fn write_as(test: &mut Object<'_>, options: TestOptions) {
    if options.as_number {
        write_string(test.member("as"), "number");
    }
}

/// Writes the options `ignoreCase` and `loose`, which precede a test's operator in canonical JSON, where they are `true`.
pub(crate) fn write_switches(test: &mut Object<'_>, options: TestOptions) {
    for (name, is_set) in [("ignoreCase", options.ignore_case), ("loose", options.loose)] {
        if is_set {
            test.member(name).push_str("true");
        }
    }
}

/// The range of a percentage condition as JSON, in percent.
pub(crate) fn write_portion(out: &mut String, portion: &Portion) {
    let percent = |bucket: u32| f64::from(bucket) / 1_000.0;
    out.push_str("{\"from\":");
    write_number(out, percent(portion.from));
    out.push_str(",\"to\":");
    write_number(out, percent(portion.to));
    out.push('}');
}

fn write_written(out: &mut String, image: &Image, written: Span, otherwise: impl FnOnce(&mut String)) {
    match image.str(written) {
        "" => otherwise(out),
        text => out.push_str(text),
    }
}

fn write_ranges(out: &mut String, image: &Image, narrow: Run, wide: Run) {
    let words = image.words();
    let mut ends: Vec<String> = words.pairs(narrow).flatten().map(|end| format!("\"{}\"", Ipv4Addr::from_bits(end))).collect();
    let ends_of_wide = words.pairs(Run { at: wide.at, count: 4 * wide.count }).collect::<Vec<_>>();
    ends.extend(ends_of_wide.as_chunks::<2>().0.iter().map(|groups| {
        let bits = groups.iter().flatten().fold(0, |bits, word| bits << 32 | u128::from(*word));
        format!("\"{}\"", Ipv6Addr::from_bits(bits))
    }));
    let ranges: Vec<String> = ends.chunks(2).map(|ends| format!("[{}]", ends.join(","))).collect();
    out.push_str(&format!("[{}]", ranges.join(",")));
}

/// An encoded value as canonical JSON, with whatever follows it left out.
pub(crate) fn rendered(encoded: &[u8]) -> String {
    let mut out = String::new();
    write_value(&mut out, encoded);
    out
}
