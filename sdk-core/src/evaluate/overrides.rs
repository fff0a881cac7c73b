//! Overrides: what one customer or organization gets whatever the rules say. They are an argument of an evaluation; a ruleset
//! holds none.
use alloc::{boxed::Box, collections::BTreeMap, string::String};

use crate::{
    context::{
        Context,
        unit::{Digits, Unit},
        value,
    },
    model::details::{Decision, Layer, Reason, StepIndex},
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
    pub fn variant(&self, flag: u32) -> Option<u32> {
        let place = self.by_flag.binary_search_by_key(&flag, |(flag, _)| *flag).ok()?;
        self.by_flag.get(place).map(|(_, variant)| *variant)
    }

    /// The numbers of the flags that are overridden, ascending.
    pub fn flags(&self) -> impl Iterator<Item = u32> {
        self.by_flag.iter().map(|(flag, _)| *flag)
    }

    /// Whether nothing is overridden.
    pub fn is_empty(&self) -> bool {
        self.by_flag.is_empty()
    }
}

/// Whom overrides are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OwnerKind {
    /// Found by `customerId`.
    Customer,
    /// Found by `organizationId`.
    Organization,
}

impl OwnerKind {
    /// Both, the stronger first.
    pub const ALL: [Self; 2] = [Self::Customer, Self::Organization];

    /// The member of a document's `overrides` that holds those of this kind.
    pub const fn section(self) -> &'static str {
        match self {
            Self::Customer => "customers",
            Self::Organization => "organizations",
        }
    }

    /// The id of a context's owner of this kind; an absent or unfit one is none.
    pub fn id(self, context: &Context) -> Option<String> {
        let mut digits = Digits::default();
        Some(core::str::from_utf8(self.unit(context, &mut digits).text()?).ok()?.into())
    }

    fn unit<'c>(self, context: &'c Context, digits: &'c mut Digits) -> Unit<'c> {
        let attribute: &[u8] = match self {
            Self::Customer => b"customerId",
            Self::Organization => b"organizationId",
        };
        Unit::of(value::member(context.members(), attribute), digits)
    }
}

/// Overrides by owner: all of a document, or those that some contexts may need.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    pub(crate) customers: BTreeMap<String, OwnerOverrides>,
    pub(crate) organizations: BTreeMap<String, OwnerOverrides>,
}

impl Overrides {
    /// Those of the context's customer and organization. An absent or unfit id finds none.
    pub fn of(&self, context: &Context) -> ApplicableOverrides<'_> {
        let own = |kind| owner(self.section(kind), kind, context);
        ApplicableOverrides { customer: own(OwnerKind::Customer), organization: own(OwnerKind::Organization) }
    }

    /// Those of one owner, if they are here.
    pub fn get(&self, kind: OwnerKind, id: &str) -> Option<&OwnerOverrides> {
        self.section(kind).get(id)
    }

    /// Adds those of one owner.
    pub fn insert(&mut self, kind: OwnerKind, id: String, overrides: OwnerOverrides) {
        let section = match kind {
            OwnerKind::Customer => &mut self.customers,
            OwnerKind::Organization => &mut self.organizations,
        };
        section.insert(id, overrides);
    }

    fn section(&self, kind: OwnerKind) -> &BTreeMap<String, OwnerOverrides> {
        match kind {
            OwnerKind::Customer => &self.customers,
            OwnerKind::Organization => &self.organizations,
        }
    }
}

fn owner<'o>(owners: &'o BTreeMap<String, OwnerOverrides>, kind: OwnerKind, context: &Context) -> Option<&'o OwnerOverrides> {
    if owners.is_empty() {
        return None;
    }
    let mut digits = Digits::default();
    owners.get(core::str::from_utf8(kind.unit(context, &mut digits).text()?).ok()?)
}

/// The overrides that apply to one context: those of its customer and of its organization.
///
/// [`Overrides::of`] finds them; there is no other way to come by any, so that an answer never takes those of another context's owners.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ApplicableOverrides<'o> {
    customer: Option<&'o OwnerOverrides>,
    organization: Option<&'o OwnerOverrides>,
}

impl<'o> ApplicableOverrides<'o> {
    /// Nothing is overridden.
    pub const NONE: Self = Self { customer: None, organization: None };

    /// The overrides of the context's customer, or `None` if it has none.
    pub fn customer(self) -> Option<&'o OwnerOverrides> {
        self.customer
    }

    /// The overrides of the context's organization, or `None` if it has none.
    pub fn organization(self) -> Option<&'o OwnerOverrides> {
        self.organization
    }

    /// What is answered for a flag, if it is overridden: the customer's comes before the organization's.
    pub(crate) fn decision(self, flag: u32) -> Option<Decision> {
        let of = |owner: Option<&OwnerOverrides>, layer, step| {
            Some(Decision::new(Some(owner?.variant(flag)?), Reason::TargetingMatch, layer, step))
        };
        of(self.customer, Layer::Customer, StepIndex::CUSTOMER)
            .or_else(|| of(self.organization, Layer::Organization, StepIndex::ORGANIZATION))
    }
}
