//! The operators of tests: their names in documents, their forms, and the options they take.
use super::condition::{Among, Test};
use crate::matching::comparison::Comparison;

/// An operator as documents name it. Parsing, validation of options, explanations and descriptions all read this table.
pub(crate) struct Operator {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    pub(crate) options: TestOptions,
}

/// The question that an operator asks, without its operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    Exists,
    Among { none_of: bool, single: bool },
    Members { every: bool },
    Contains,
    StartsWith,
    EndsWith,
    Number(Comparison),
    Time(Comparison),
    Semver(Comparison),
    Matches,
    Cidr,
}

/// The options by which a test compares an attribute with its operand. For an operator, they are the options that it takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TestOptions {
    /// `ignoreCase`: strings are compared in lower case.
    pub ignore_case: bool,
    /// `loose`: versions may begin with `v` and have any count of numbers.
    pub loose: bool,
    /// `"as": "number"`: a string that is a decimal number counts as that number.
    pub as_number: bool,
}

const NONE: TestOptions = TestOptions { ignore_case: false, loose: false, as_number: false };
const CASE: TestOptions = TestOptions { ignore_case: true, ..NONE };
const CASE_OR_NUMBER: TestOptions = TestOptions { as_number: true, ..CASE };
const NUMBER: TestOptions = TestOptions { as_number: true, ..NONE };
const LOOSE: TestOptions = TestOptions { loose: true, ..NONE };

const fn operator(name: &'static str, form: Form, options: TestOptions) -> Operator {
    Operator { name, form, options }
}

/// Every operator.
pub(crate) const OPERATORS: &[Operator] = &[
    operator("eq", Form::Among { none_of: false, single: true }, CASE_OR_NUMBER),
    operator("neq", Form::Among { none_of: true, single: true }, CASE_OR_NUMBER),
    operator("in", Form::Among { none_of: false, single: false }, CASE_OR_NUMBER),
    operator("notIn", Form::Among { none_of: true, single: false }, CASE_OR_NUMBER),
    operator("contains", Form::Contains, CASE),
    operator("hasAny", Form::Members { every: false }, CASE),
    operator("hasAll", Form::Members { every: true }, CASE),
    operator("startsWith", Form::StartsWith, CASE),
    operator("endsWith", Form::EndsWith, CASE),
    operator("lt", Form::Number(Comparison::Less), NUMBER),
    operator("lte", Form::Number(Comparison::LessOrEqual), NUMBER),
    operator("gt", Form::Number(Comparison::Greater), NUMBER),
    operator("gte", Form::Number(Comparison::GreaterOrEqual), NUMBER),
    operator("before", Form::Time(Comparison::Less), NONE),
    operator("after", Form::Time(Comparison::Greater), NONE),
    operator("semverEq", Form::Semver(Comparison::Equal), LOOSE),
    operator("semverGt", Form::Semver(Comparison::Greater), LOOSE),
    operator("semverGte", Form::Semver(Comparison::GreaterOrEqual), LOOSE),
    operator("semverLt", Form::Semver(Comparison::Less), LOOSE),
    operator("semverLte", Form::Semver(Comparison::LessOrEqual), LOOSE),
    operator("semverCaret", Form::Semver(Comparison::Caret), LOOSE),
    operator("semverTilde", Form::Semver(Comparison::Tilde), LOOSE),
    operator("matches", Form::Matches, NONE),
    operator("cidr", Form::Cidr, NONE),
    operator("exists", Form::Exists, NONE),
];

/// The operators that a test may name, each with the names of the options it takes.
pub fn operators() -> impl Iterator<Item = (&'static str, impl Iterator<Item = &'static str>)> {
    OPERATORS
        .iter()
        .map(|operator| (operator.name, operator.options.named().into_iter().filter_map(|(name, is_taken)| is_taken.then_some(name))))
}

impl TestOptions {
    /// Each option by the name that documents have for it.
    pub(crate) const fn named(self) -> [(&'static str, bool); 3] {
        [("ignoreCase", self.ignore_case), ("loose", self.loose), ("as", self.as_number)]
    }
}

impl Operator {
    /// The operator with this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        OPERATORS.iter().find(|operator| operator.name == name)
    }
}

impl Form {
    fn of(test: &Test) -> Self {
        match test {
            Test::Exists => Self::Exists,
            Test::Among(Among { none_of, single, .. }) => Self::Among { none_of: *none_of, single: *single },
            Test::Members { every, .. } => Self::Members { every: *every },
            Test::Contains { .. } => Self::Contains,
            Test::StartsWith { .. } => Self::StartsWith,
            Test::EndsWith { .. } => Self::EndsWith,
            Test::Number { comparison, .. } => Self::Number(*comparison),
            Test::Time { comparison, .. } => Self::Time(*comparison),
            Test::Semver { comparison, .. } => Self::Semver(*comparison),
            Test::Matches { .. } => Self::Matches,
            Test::Cidr { .. } => Self::Cidr,
        }
    }
}

impl Test {
    /// The operator's name in documents; empty for tables that no document compiles to.
    pub(crate) fn name(&self) -> &'static str {
        let form = Form::of(self);
        OPERATORS.iter().find(|operator| operator.form == form).map_or("", |operator| operator.name)
    }

    /// The options that the document gives this test.
    pub(crate) fn options(&self) -> TestOptions {
        match *self {
            Self::Among(Among { ignore_case, as_number, .. }) => TestOptions { ignore_case, as_number, ..NONE },
            Self::Members { ignore_case, .. }
            | Self::Contains { ignore_case, .. }
            | Self::StartsWith { ignore_case, .. }
            | Self::EndsWith { ignore_case, .. } => TestOptions { ignore_case, ..NONE },
            Self::Number { as_number, .. } => TestOptions { as_number, ..NONE },
            Self::Semver { loose, .. } => TestOptions { loose, ..NONE },
            Self::Exists | Self::Time { .. } | Self::Matches { .. } | Self::Cidr { .. } => NONE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::OPERATORS;

    #[test]
    fn names_and_forms_stand_once() {
        for (index, operator) in OPERATORS.iter().enumerate() {
            for other in OPERATORS.iter().skip(index + 1) {
                assert!(operator.name != other.name && operator.form != other.form, "{} and {}", operator.name, other.name);
            }
        }
    }
}
