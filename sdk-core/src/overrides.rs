//! Overrides: what one customer or organization gets whatever the rules say. They are an argument of an evaluation; a ruleset
//! holds none.
use alloc::{boxed::Box, collections::BTreeMap, string::String};

use crate::{
    context::Context,
    details::{Decision, Layer, Reason},
    unit::{Digits, Unit},
    value,
};

/// The overrides of one customer or organization, by flag.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnerOverrides {
    /// Numbers of flag and variant in the ruleset these were compiled for, ascending by flag.
    by_flag: Box<[(u32, u32)]>,
}

impl OwnerOverrides {
    pub(crate) fn new(by_flag: BTreeMap<u32, u32>) -> Self {
        Self { by_flag: by_flag.into_iter().collect() }
    }

    /// The number of the variant that this owner gets of a flag.
    pub(crate) fn variant(&self, flag: u32) -> Option<u32> {
        let place = self.by_flag.binary_search_by_key(&flag, |(flag, _)| *flag).ok()?;
        self.by_flag.get(place).map(|(_, variant)| *variant)
    }

    /// Whether nothing is overridden.
    pub fn is_empty(&self) -> bool {
        self.by_flag.is_empty()
    }
}

/// All overrides of a document, by owner.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    pub(crate) customers: BTreeMap<String, OwnerOverrides>,
    pub(crate) organizations: BTreeMap<String, OwnerOverrides>,
}

impl Overrides {
    /// Those of the context's customer and organization. An absent or unfit id finds none.
    pub fn of(&self, context: &Context) -> Own<'_> {
        Own {
            customer: owner(&self.customers, context, b"customerId"),
            organization: owner(&self.organizations, context, b"organizationId"),
        }
    }
}

fn owner<'o>(owners: &'o BTreeMap<String, OwnerOverrides>, context: &Context, attribute: &[u8]) -> Option<&'o OwnerOverrides> {
    if owners.is_empty() {
        return None;
    }
    let mut digits = Digits::default();
    let unit = Unit::of(value::member(context.members(), attribute), &mut digits);
    owners.get(core::str::from_utf8(unit.text()?).ok()?)
}

/// The overrides that concern one context.
#[derive(Clone, Copy, Debug, Default)]
pub struct Own<'o> {
    /// Those of its customer.
    pub customer: Option<&'o OwnerOverrides>,
    /// Those of its organization.
    pub organization: Option<&'o OwnerOverrides>,
}

impl Own<'_> {
    /// Nothing is overridden.
    pub const NONE: Self = Self { customer: None, organization: None };

    /// What is answered for a flag, if it is overridden: the customer's comes before the organization's.
    pub(crate) fn decision(self, flag: u32) -> Option<Decision> {
        let of = |owner: Option<&OwnerOverrides>, layer| Some(Decision::new(Some(owner?.variant(flag)?), Reason::TargetingMatch, layer));
        of(self.customer, Layer::Customer).or_else(|| of(self.organization, Layer::Organization))
    }
}
