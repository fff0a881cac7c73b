//! Holding a case: its inputs run on a machine, and the verdict on what they took.
use anyhow::{Result, ensure};

use crate::case::{Check, Input, Outcome, PER_MILLISECOND};

/// More instructions than any honest input takes.
pub(crate) const PLENTY: u64 = 1 << 40;
/// More instructions than refusing any input takes, of which the longest is 200 kB.
const TO_REFUSE: u64 = 500_000_000;

/// The cost of an input.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Measured {
    /// `None` where the input was stopped.
    pub(crate) outcome: Option<Outcome>,
    pub(crate) instructions: u64,
    /// The peak of its memory.
    pub(crate) bytes: u64,
    /// The errors that were told, and how many there are.
    pub(crate) errors: (u64, u64),
}

/// The outcome of running a case.
#[derive(Default)]
pub(crate) struct Found {
    /// Instructions of the honest input.
    pub(crate) honest: Option<u64>,
    /// Instructions, bytes, errors or inputs; `None` where the worst input was stopped.
    pub(crate) worst: Option<u64>,
    /// Another fault of the run.
    pub(crate) faults: Vec<String>,
}

/// Runs the inputs of a check. `measure` is given the number of an input, the input, and how many instructions it may take.
pub(crate) fn hold(check: &Check, measure: impl Fn(usize, &Input, u64) -> Result<Measured>) -> Found {
    let mut found = Found::default();
    for (number, (which, input)) in check.inputs().into_iter().enumerate() {
        let input = input();
        let measured = measure(number, &input, found.allowed(check)).unwrap_or_else(|error| {
            found.faults.push(format!("{which}: {error:#}"));
            Measured::default()
        });
        if let Some(outcome) = measured.outcome
            && outcome != input.outcome
        {
            found.faults.push(format!("{which}: {outcome:?}, not {:?}", input.outcome));
        }
        let count = match *check {
            Check::Instructions { .. } | Check::Time { .. } => measured.instructions,
            Check::Memory { .. } => measured.bytes,
            Check::Errors { all, .. } => {
                if measured.errors.1 != all {
                    found.faults.push(format!("{} errors were counted, not {all}", measured.errors.1));
                }
                measured.errors.0
            }
            Check::Outcomes(_) => number as u64 + 1,
        };
        let count = measured.outcome.map(|_| count);
        if matches!(check, Check::Instructions { .. }) && number == 0 {
            found.honest = count;
        } else {
            found.worst = count;
        }
        if count.is_none() {
            break;
        }
    }
    found
}

/// Does a load as often as an input says; equal loads have equal outcomes.
pub(crate) fn repeat(input: &Input, mut perform: impl FnMut() -> Result<Outcome>) -> Result<Outcome> {
    let first = perform()?;
    for _ in 1..input.times {
        ensure!(perform()? == first, "equal loads differ");
    }
    Ok(first)
}

impl Found {
    /// The instructions that the next input may take.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "far below 2^53")]
    fn allowed(&self, check: &Check) -> u64 {
        match check {
            Check::Instructions { times, .. } => self.honest.map_or(PLENTY, |honest| (honest as f64 * times) as u64),
            Check::Time { milliseconds, .. } => (milliseconds * PER_MILLISECOND) as u64,
            Check::Memory { .. } | Check::Errors { .. } => PLENTY,
            Check::Outcomes(_) => TO_REFUSE,
        }
    }

    /// The ratio of the two counts.
    #[expect(clippy::cast_precision_loss, reason = "counts of instructions are far below 2^53")]
    pub(crate) fn ratio(&self) -> Option<f64> {
        Some(self.worst? as f64 / self.honest.filter(|honest| *honest > 0)? as f64)
    }

    /// The time that the worst input takes.
    #[expect(clippy::cast_precision_loss, reason = "counts of instructions are far below 2^53")]
    pub(crate) fn milliseconds(&self) -> Option<f64> {
        Some(self.worst.filter(|worst| *worst > 0)? as f64 / PER_MILLISECOND)
    }

    /// Returns true if the case holds.
    pub(crate) fn is_met(&self, check: &Check) -> bool {
        let within = match check {
            Check::Instructions { times, .. } => self.ratio().is_some_and(|ratio| ratio <= *times),
            Check::Time { milliseconds, .. } => self.milliseconds().is_some_and(|taken| taken <= *milliseconds),
            Check::Memory { bytes, .. } => self.worst.is_some_and(|worst| worst > 0 && worst <= *bytes),
            Check::Errors { told, .. } => self.worst == Some(*told),
            Check::Outcomes(_) => self.worst.is_some_and(|inputs| inputs > 0),
        };
        within && self.faults.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATIO: Check = Check::Instructions { honest: || unreachable!(), worst: || unreachable!(), times: 2.0 };
    const TIME: Check = Check::Time { worst: || unreachable!(), milliseconds: 2.0 };

    fn found(honest: Option<u64>, worst: Option<u64>) -> Found {
        Found { honest, worst, faults: Vec::new() }
    }

    #[test]
    fn a_count_above_the_ceiling_misses() {
        assert!(found(Some(100), Some(200)).is_met(&RATIO));
        assert!(!found(Some(100), Some(201)).is_met(&RATIO));
        assert!(!found(Some(100), None).is_met(&RATIO));
        assert!(found(None, Some(10_000_000)).is_met(&TIME));
        assert!(!found(None, Some(10_000_001)).is_met(&TIME));
    }

    #[test]
    fn nothing_counted_misses() {
        assert!(!found(Some(0), Some(0)).is_met(&RATIO));
        assert!(!found(None, Some(1)).is_met(&RATIO));
        assert!(!found(None, Some(0)).is_met(&TIME));
        assert!(!found(None, Some(0)).is_met(&Check::Outcomes(Vec::new)));
    }

    #[test]
    fn another_outcome_misses() {
        assert!(!Found { faults: vec!["worst: Taken, not Refused".into()], ..found(Some(1), Some(1)) }.is_met(&RATIO));
    }
}
