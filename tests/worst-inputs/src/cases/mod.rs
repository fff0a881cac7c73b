//! The rows. Sizes are large enough that a square is seen, and small enough that one ends.
use crate::case::Case;

pub(crate) use controls::SAME_WORK;

mod commands;
mod contexts;
mod controls;
mod documents;
mod lists;
mod memory;
mod patterns;
mod programs;
mod questions;

/// Every case, by row.
pub(crate) fn all() -> Vec<&'static Case> {
    let files = [
        commands::CASES,
        contexts::CASES,
        documents::CASES,
        lists::CASES,
        memory::CASES,
        patterns::CASES,
        programs::CASES,
        questions::CASES,
    ];
    let mut cases: Vec<&Case> = files.into_iter().flatten().collect();
    cases.sort_by_key(|case| case.row);
    cases
}

/// The controls: cases that must be missed, and one that must be met.
pub(crate) fn controls() -> impl Iterator<Item = (&'static Case, bool)> {
    controls::MISSED.iter().map(|case| (case, false)).chain(controls::MET.iter().map(|case| (case, true)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Machine;

    #[test]
    fn every_row_is_held() {
        let rows: Vec<u8> = all().iter().map(|case| case.row).collect();
        assert!((1..=19).all(|row| rows.contains(&row)), "{rows:?}");
    }

    #[test]
    fn no_case_was_lost() {
        let on = |machine| all().iter().filter(|case| case.machines.contains(&machine)).count();
        assert!(on(Machine::Native) >= 75, "{}", on(Machine::Native));
        assert!(on(Machine::Wasm) >= 20, "{}", on(Machine::Wasm));
    }

    #[test]
    fn every_check_has_a_control_on_every_machine_that_it_runs_on() {
        let kind = |case: &Case| std::mem::discriminant(&case.check);
        for case in all() {
            for machine in case.machines {
                let mut missed = controls().filter(|(_, expected)| !expected).map(|(control, _)| control);
                let controlled = missed.any(|control| kind(control) == kind(case) && control.machines.contains(machine));
                assert!(controlled, "W{} {} on {}", case.row, case.name, machine.name());
            }
        }
    }

    #[test]
    fn no_two_cases_have_one_name() {
        let mut names: Vec<_> = all().iter().map(|case| (case.row, case.name)).collect();
        names.dedup();
        assert_eq!(names.len(), all().len());
    }
}
