//! The table.
use crate::{
    case::{Case, Check, Machine},
    machine::Found,
};

pub(crate) fn head() -> String {
    format!("{:<4} {:<6} {:<72} {:>10} {:>10} {:>9} {:>9}", "", "", "", "honest", "worst", "ratio", "ceiling")
}

/// A case, what it counted, and whether it came out as expected.
pub(crate) fn line(machine: Machine, case: &Case, found: &Found, as_expected: bool) -> String {
    let row = if case.row == 0 { "–".into() } else { format!("W{}", case.row) };
    let honest = found.honest.map(short).unwrap_or_default();
    let worst = found.worst.map_or_else(|| "stopped".into(), short);
    let (ratio, ceiling) = match case.check {
        Check::Instructions { times, .. } => {
            (found.ratio().map_or_else(|| format!("> {times}"), |ratio| format!("{ratio:.2}")), format!("≤ {times}"))
        }
        Check::Memory { bytes, .. } => (String::new(), format!("≤ {}", short(bytes))),
        Check::Outcomes(_) => (String::new(), String::new()),
    };
    let verdict = if as_expected { "MET" } else { "MISSED" };
    let faults = if found.faults.is_empty() { String::new() } else { format!(" ({})", found.faults.join("; ")) };
    format!("{row:<4} {:<6} {:<72} {honest:>10} {worst:>10} {ratio:>9} {ceiling:>9}{faults} {verdict}", machine.name(), case.name)
}

/// A count with a unit of thousands or millions.
fn short(count: u64) -> String {
    match count {
        ..10_000 => count.to_string(),
        10_000..10_000_000 => format!("{}.{} k", count / 1_000, count / 100 % 10),
        _ => format!("{}.{} M", count / 1_000_000, count / 100_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_short() {
        assert_eq!([9_999, 12_345, 12_345_678].map(short), ["9999", "12.3 k", "12.3 M"]);
    }
}
