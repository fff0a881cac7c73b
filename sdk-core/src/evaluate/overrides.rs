//! Overrides: the variants that one customer or organization gets, whatever the rules say. They are an argument of an evaluation; a ruleset
//! holds none.
use alloc::{boxed::Box, collections::BTreeMap, string::String};
use core::fmt;

use super::numbering::Numbering;
use crate::{
    context::{
        Context,
        unit::{Digits, Unit},
        value,
    },
    model::details::{Decision, Layer, Reason, StepIndex},
};

/// The overrides of one customer or organization, by flag; made by [`Ruleset::owner_overrides`](crate::Ruleset::owner_overrides).
///
/// They hold for the ruleset they were compiled for, and for any other with the same flags, aliases and variants in the same order.
/// For every other ruleset they override nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnerOverrides {
    /// The flags and variants that the numbers stand for.
    numbering: Numbering,
    /// Numbers of flag and variant in the ruleset these were compiled for, ascending by flag.
    by_flag: Box<[(u32, u32)]>,
}

impl OwnerOverrides {
    pub(crate) fn new(numbering: Numbering, by_flag: BTreeMap<u32, u32>) -> Self {
        // Empty overrides are equal, whatever ruleset they were compiled for.
        let numbering = if by_flag.is_empty() { Numbering::default() } else { numbering };
        Self { numbering, by_flag: by_flag.into_iter().collect() }
    }

    /// These overrides, if they hold for a ruleset with this numbering; `None` otherwise.
    pub(crate) fn held_by(&self, numbering: Numbering) -> Option<&Self> {
        (self.numbering == numbering).then_some(self)
    }

    /// The number of the variant that this owner gets of the flag with this number; `None` if the flag is not overridden. Numbers are
    /// those of the ruleset that the overrides were compiled for.
    pub fn variant(&self, flag: u32) -> Option<u32> {
        let place = self.by_flag.binary_search_by_key(&flag, |(flag, _)| *flag).ok()?;
        self.by_flag.get(place).map(|(_, variant)| *variant)
    }

    /// The numbers of the flags that are overridden, ascending.
    pub fn flags(&self) -> impl Iterator<Item = u32> {
        self.by_flag.iter().map(|(flag, _)| *flag)
    }

    /// Returns true if nothing is overridden.
    pub fn is_empty(&self) -> bool {
        self.by_flag.is_empty()
    }
}

/// The two kinds of owners that overrides are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OwnerKind {
    /// Found by `customerId`.
    Customer,
    /// Found by `organizationId`.
    Organization,
}

impl OwnerKind {
    /// Both kinds; the overrides of the first precede those of the second.
    pub const ALL: [Self; 2] = [Self::Customer, Self::Organization];

    /// The member of a document's `overrides` that holds those of this kind.
    pub const fn section(self) -> &'static str {
        match self {
            Self::Customer => "customers",
            Self::Organization => "organizations",
        }
    }

    /// The id of a context's customer or organization, or `None` if the attribute is absent or neither text nor a whole number.
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
///
/// ```
/// use sdk_core::{Context, Layer, Millis, Overrides, OwnerKind, compile};
///
/// let document = r#"{ "schema": "twinflag/1", "bucketKey": "000102030405060708090a0b0c0d0e0f", "flags": { "chat": { "default": "off" } } }"#;
/// let ruleset = compile(document, None)?.ruleset;
///
/// // A store of its own keeps the overrides of each customer as a tree of flag keys.
/// let (own, errors) = ruleset.owner_overrides(OwnerKind::Customer, "c-1", r#"{ "chat": true }"#);
/// assert_eq!(errors, []);
/// let mut overrides = Overrides::default();
/// overrides.insert(OwnerKind::Customer, "c-1".into(), own);
///
/// let flags = ruleset.at(Millis(0)).with_overrides(&overrides);
/// let answer = flags.evaluate("chat", &Context::new().string("customerId", "c-1"), None);
/// assert_eq!((answer.variant(), answer.layer()), (Some("on"), Some(Layer::Customer)));
/// assert!(!flags.boolean("chat", &Context::new().string("customerId", "c-2"), true));
/// # Ok::<(), sdk_core::DocumentError>(())
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Overrides {
    pub(crate) customers: BTreeMap<String, OwnerOverrides>,
    pub(crate) organizations: BTreeMap<String, OwnerOverrides>,
}

/// The numbers of owners alone: their ids name customers.
impl fmt::Debug for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { customers, organizations } = self;
        f.debug_struct("Overrides").field("customers", &customers.len()).field("organizations", &organizations.len()).finish()
    }
}

impl Overrides {
    /// Finds the overrides that apply to a context: those of its `customerId` and its `organizationId`. An id that is absent, or
    /// neither text nor a whole number, finds none.
    pub fn of(&self, context: &Context) -> ApplicableOverrides<'_> {
        let own = |kind| owner(self.section(kind), kind, context);
        ApplicableOverrides { customer: own(OwnerKind::Customer), organization: own(OwnerKind::Organization) }
    }

    /// The overrides of one owner, or `None` if they are not here.
    pub fn get(&self, kind: OwnerKind, id: &str) -> Option<&OwnerOverrides> {
        self.section(kind).get(id)
    }

    /// Adds the overrides of one owner; they replace those that the owner had.
    pub fn insert(&mut self, kind: OwnerKind, id: String, overrides: OwnerOverrides) {
        let section = match kind {
            OwnerKind::Customer => &mut self.customers,
            OwnerKind::Organization => &mut self.organizations,
        };
        section.insert(id, overrides);
    }

    /// Removes the overrides of one owner, if they are here.
    pub fn remove(&mut self, kind: OwnerKind, id: &str) {
        match kind {
            OwnerKind::Customer => self.customers.remove(id),
            OwnerKind::Organization => self.organizations.remove(id),
        };
    }

    pub(crate) fn section(&self, kind: OwnerKind) -> &BTreeMap<String, OwnerOverrides> {
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
/// [`Overrides::of`] finds them. Evaluate the context that they were found for: with another one, its answers are those of these owners.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ApplicableOverrides<'o> {
    customer: Option<&'o OwnerOverrides>,
    organization: Option<&'o OwnerOverrides>,
}

impl<'o> ApplicableOverrides<'o> {
    /// No overrides.
    pub const NONE: Self = Self { customer: None, organization: None };

    /// The overrides of the context's customer, or `None` if it has none.
    pub fn customer(self) -> Option<&'o OwnerOverrides> {
        self.customer
    }

    /// The overrides of the context's organization, or `None` if it has none.
    pub fn organization(self) -> Option<&'o OwnerOverrides> {
        self.organization
    }

    /// These overrides, as far as they hold for a ruleset with this numbering.
    pub(crate) fn held_by(self, numbering: Numbering) -> Self {
        let held = |owner: Option<&'o OwnerOverrides>| owner?.held_by(numbering);
        Self { customer: held(self.customer), organization: held(self.organization) }
    }

    /// The decision on an overridden flag, `None` for any other: the customer's override precedes the organization's.
    pub(crate) fn decision(self, flag: u32) -> Option<Decision> {
        let of = |owner: Option<&OwnerOverrides>, layer, step| {
            Some(Decision::new(Some(owner?.variant(flag)?), Reason::TargetingMatch, layer, step))
        };
        of(self.customer, Layer::Customer, StepIndex::CUSTOMER)
            .or_else(|| of(self.organization, Layer::Organization, StepIndex::ORGANIZATION))
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::{ApplicableOverrides, Overrides, OwnerKind};
    use crate::{
        context::Context,
        document::{Compiled, compile},
        matching::millis::Millis,
        model::details::Layer,
        program::{Identity, specialise},
    };

    fn compiled(key: u8, flags: &str, overrides: &str) -> Compiled {
        let document = format!(
            r#"{{"schema":"twinflag/1","bucketKey":"{key:032}","flags":{{{flags}}},"overrides":{{"customers":{{"c":{{{overrides}}}}}}}}}"#
        );
        let compiled = compile(&document, None).unwrap();
        assert_eq!(compiled.errors, []);
        compiled
    }

    const FLAGS: &str = r#""a":{},"b":{"aliases":["x"],"variants":{"on":true,"off":false}}"#;

    /// The layer that answers for the flags of a ruleset when its customer comes with the overrides of another ruleset.
    fn layers(flags: &str) -> [Option<Layer>; 2] {
        let overrides = compiled(0, FLAGS, r#""a":true,"x":true"#).overrides;
        let (ruleset, context) = (compiled(1, flags, "").ruleset, Context::new().string("customerId", "c"));
        ["a", "b"].map(|flag| {
            let own = overrides.of(&context);
            let answer = ruleset.evaluate(own, flag, &context, Millis(0), None);
            assert_eq!(specialise(&ruleset, own, &context, Identity::Open).unwrap().run(flag, &context, Millis(0), None), answer);
            let is_overridden = own.customer().is_some_and(|own| ruleset.overridden(own, flag).is_some());
            assert_eq!(is_overridden, answer.layer() == Some(Layer::Customer), "{flag} of {flags}");
            answer.layer()
        })
    }

    #[test]
    fn overrides_hold_for_a_ruleset_with_the_same_flags_and_variants() {
        assert_eq!(layers(FLAGS), [Some(Layer::Customer); 2]);
        let other_rules = r#""a":{"default":"on","tags":["t"]},"b":{"aliases":["x"],"rules":[{"serve":"on"}]}"#;
        assert_eq!(layers(other_rules), [Some(Layer::Customer); 2]);
    }

    #[test]
    fn overrides_of_another_ruleset_override_nothing() {
        for flags in [
            r#""b":{"aliases":["x"]},"a":{}"#,
            r#""a":{},"b":{"aliases":["x"]},"c":{}"#,
            r#""a":{"aliases":["x"]},"b":{}"#,
            r#""a":{},"b":{"aliases":["x"],"variants":{"off":false,"on":true}}"#,
            r#""a":{},"b":{"aliases":["x"],"variants":{"on":false,"off":true}}"#,
            r#""a":{},"b":{"aliases":["x"],"variants":{"on":true,"of":false},"off":"of"}"#,
        ] {
            assert_eq!(layers(flags), [Some(Layer::Default); 2], "{flags}");
        }
    }

    #[test]
    fn overrides_of_one_context_are_found_by_no_other() {
        let overrides = compiled(0, FLAGS, r#""a":true"#).overrides;
        for (context, has_any) in [
            (Context::new().string("customerId", "c"), true),
            (Context::new().string("customerId", "d"), false),
            (Context::new().string("organizationId", "c"), false),
            (Context::new().list("customerId", ["c"]), false),
            (Context::from_json(r#"{"customerId":"c","x":1e999}"#), false),
        ] {
            assert_eq!(overrides.of(&context) != ApplicableOverrides::NONE, has_any, "{context:?}");
            assert_eq!(overrides.of(&context).customer().is_some(), has_any, "{context:?}");
        }
        assert!(overrides.get(OwnerKind::Customer, "c").is_some());
    }

    #[test]
    fn removed_overrides_are_those_of_one_owner_alone() {
        let (ruleset, context) = (compiled(0, FLAGS, "").ruleset, Context::new().string("customerId", "c").string("organizationId", "c"));
        let mut overrides = Overrides::default();
        for kind in OwnerKind::ALL {
            overrides.insert(kind, "c".into(), ruleset.owner_overrides(kind, "c", r#"{"a":true}"#).0);
        }
        for (removed, left) in
            [(None, Layer::Customer), (Some(OwnerKind::Customer), Layer::Organization), (Some(OwnerKind::Organization), Layer::Default)]
        {
            if let Some(kind) = removed {
                overrides.remove(kind, "c");
            }
            assert_eq!(ruleset.evaluate(overrides.of(&context), "a", &context, Millis(0), None).layer(), Some(left));
        }
    }
}
