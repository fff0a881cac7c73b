//! The operators of conditions: how their operands are made, and which options they take.

use self::{
    Family::{Affix, Containment, Equality, Intersection, Membership, Network, Order, Pattern, Presence, Time, Version},
    Modifier::{AsNumber, IgnoreCase, Loose},
};

/// An operator of conditions.
#[derive(Debug)]
pub struct Operator {
    /// As documents write it.
    pub name: &'static str,
    /// The kind of operand it takes.
    pub family: Family,
    /// The options it takes.
    pub modifiers: &'static [Modifier],
}

/// Operators whose operands and attributes are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// A scalar that is equal or not.
    Equality,
    /// A list of scalars, one of which is equal or none.
    Membership,
    /// A part of a text, or a member of a list.
    Containment,
    /// A list of scalars, compared with a list.
    Intersection,
    /// The beginning or the end of a text.
    Affix,
    /// A number above or below.
    Order,
    /// A time before or after.
    Time,
    /// A version.
    Version,
    /// A pattern.
    Pattern,
    /// A list of networks.
    Network,
    /// No operand.
    Presence,
}

/// An option of a test that changes how it compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modifier {
    /// `"ignoreCase": true`.
    IgnoreCase,
    /// `"loose": true`.
    Loose,
    /// `"as": "number"`.
    AsNumber,
}

impl Modifier {
    /// The member of a test that sets it.
    pub fn name(self) -> &'static str {
        match self {
            IgnoreCase => "ignoreCase",
            Loose => "loose",
            AsNumber => "as",
        }
    }

    /// The member's value, as JSON.
    pub fn value(self) -> &'static str {
        match self {
            IgnoreCase | Loose => "true",
            AsNumber => "\"number\"",
        }
    }
}

const fn operator(name: &'static str, family: Family, modifiers: &'static [Modifier]) -> Operator {
    Operator { name, family, modifiers }
}

/// Every operator.
pub static OPERATORS: &[Operator] = &[
    operator("eq", Equality, &[IgnoreCase, AsNumber]),
    operator("neq", Equality, &[IgnoreCase, AsNumber]),
    operator("in", Membership, &[IgnoreCase, AsNumber]),
    operator("notIn", Membership, &[IgnoreCase, AsNumber]),
    operator("contains", Containment, &[IgnoreCase]),
    operator("hasAny", Intersection, &[IgnoreCase]),
    operator("hasAll", Intersection, &[IgnoreCase]),
    operator("startsWith", Affix, &[IgnoreCase]),
    operator("endsWith", Affix, &[IgnoreCase]),
    operator("lt", Order, &[AsNumber]),
    operator("lte", Order, &[AsNumber]),
    operator("gt", Order, &[AsNumber]),
    operator("gte", Order, &[AsNumber]),
    operator("before", Time, &[]),
    operator("after", Time, &[]),
    operator("semverEq", Version, &[Loose]),
    operator("semverGt", Version, &[Loose]),
    operator("semverGte", Version, &[Loose]),
    operator("semverLt", Version, &[Loose]),
    operator("semverLte", Version, &[Loose]),
    operator("semverCaret", Version, &[Loose]),
    operator("semverTilde", Version, &[Loose]),
    operator("matches", Pattern, &[]),
    operator("cidr", Network, &[]),
    operator("exists", Presence, &[]),
];
