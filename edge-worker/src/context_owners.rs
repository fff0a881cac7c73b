//! The owners of overrides that contexts name: customers and organizations, and the organizations that customers belong to.
use std::collections::BTreeSet;

use control::rows::{RowKey, RowKind};
use sdk_core::{Context, OwnerKind};

use crate::{held_owners::Owners, problem::Problem};

/// The owners of overrides that contexts name, each once.
pub(crate) struct Owned(BTreeSet<(OwnerKind, String)>);

impl Owned {
    /// The customers and the organizations that contexts name.
    pub(crate) fn of(contexts: &[&mut Context]) -> Self {
        let mut owners = BTreeSet::new();
        for context in contexts {
            owners.extend(OwnerKind::ALL.into_iter().filter_map(|kind| Some((kind, kind.id(context)?))));
        }
        Self(owners)
    }

    /// The organizations that contexts lack.
    pub(crate) fn organizations(learned: &[(usize, String)]) -> Self {
        Self(learned.iter().map(|(_, id)| (OwnerKind::Organization, id.clone())).collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(OwnerKind, String)> {
        self.0.iter()
    }
}

impl IntoIterator for Owned {
    type Item = (OwnerKind, String);
    type IntoIter = std::collections::btree_set::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// The organizations that contexts lack, each with the index of its context, by the rows of their customers.
pub(crate) fn memberships(contexts: &[&mut Context], rows: &Owners) -> Result<Vec<(usize, String)>, NoOverrides> {
    let mut learned = Vec::new();
    for (index, context) in contexts.iter().enumerate() {
        let Some(customer) = OwnerKind::Customer.id(context) else { continue };
        let membership = rows.get(&RowKey::of(RowKind::Membership, &customer));
        let Some(organization) = membership.and_then(|text| serde_json::from_str::<String>(text).ok()) else { continue };
        match OwnerKind::Organization.id(context) {
            Some(given) if given != organization => return Err(NoOverrides::OtherOrganization(index)),
            Some(_) => {}
            None => learned.push((index, organization)),
        }
    }
    Ok(learned)
}

/// Gives contexts their organizations, and returns these.
pub(crate) fn join(contexts: &mut [&mut Context], learned: Vec<(usize, String)>) -> Owned {
    let owners = Owned::organizations(&learned);
    for (index, organization) in learned {
        if let Some(context) = contexts.get_mut(index) {
            **context = core::mem::take(*context).string("organizationId", &organization);
        }
    }
    owners
}

/// The reason why there are no overrides to evaluate with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoOverrides {
    /// The context with this index names another organization than its customer's.
    OtherOrganization(usize),
    /// The hub answered without the rows of some owners.
    Missing,
}

impl NoOverrides {
    pub(crate) fn problem(self) -> Problem {
        match self {
            Self::OtherOrganization(_) => Problem::other_organization(),
            Self::Missing => Problem::no_ruleset("NO_OVERRIDES", "the overrides of an owner cannot be read at the moment"),
        }
    }
}
