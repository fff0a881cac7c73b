//! What a machine found out about a case, and the verdict on it.
use crate::case::{Check, Input, Outcome};

/// What came of running a case.
#[derive(Default)]
pub(crate) struct Found {
    /// Instructions of the honest input.
    pub(crate) honest: Option<u64>,
    /// Instructions, bytes or inputs; `None` where the worst input was stopped.
    pub(crate) worst: Option<u64>,
    /// What else went wrong.
    pub(crate) faults: Vec<String>,
}

impl Found {
    /// Notes an outcome that is not the expected one.
    pub(crate) fn expect(&mut self, which: &str, input: &Input, outcome: Outcome) {
        if outcome != input.outcome {
            self.faults.push(format!("{which}: {outcome:?}, not {:?}", input.outcome));
        }
    }

    /// The ratio of the two counts.
    pub(crate) fn ratio(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "counts of instructions are far below 2^53")]
        Some(self.worst? as f64 / self.honest.filter(|honest| *honest > 0)? as f64)
    }

    /// Whether the case holds.
    pub(crate) fn is_met(&self, check: &Check) -> bool {
        let within = match check {
            Check::Instructions { times, .. } => self.ratio().is_some_and(|ratio| ratio <= *times),
            Check::Memory { bytes, .. } => self.worst.is_some_and(|worst| worst > 0 && worst <= *bytes),
            Check::Outcomes(_) => self.worst.is_some_and(|inputs| inputs > 0),
        };
        within && self.faults.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECK: Check = Check::Instructions { honest: || unreachable!(), worst: || unreachable!(), times: 2.0 };

    #[test]
    fn a_ratio_above_the_ceiling_misses() {
        let found = |honest, worst| Found { honest, worst, faults: Vec::new() };
        assert!(found(Some(100), Some(200)).is_met(&CHECK));
        assert!(!found(Some(100), Some(201)).is_met(&CHECK));
        assert!(!found(Some(100), None).is_met(&CHECK));
    }

    #[test]
    fn nothing_counted_misses() {
        let found = |honest, worst| Found { honest, worst, faults: Vec::new() };
        assert!(!found(Some(0), Some(0)).is_met(&CHECK));
        assert!(!found(None, Some(1)).is_met(&CHECK));
        assert!(!found(None, Some(0)).is_met(&Check::Outcomes(Vec::new)));
    }

    #[test]
    fn another_outcome_misses() {
        let found = Found { honest: Some(1), worst: Some(1), faults: vec!["worst: Taken, not Refused".into()] };
        assert!(!found.is_met(&CHECK));
    }
}
