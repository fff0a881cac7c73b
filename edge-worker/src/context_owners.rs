//! The owners of overrides that contexts name: customers and organizations, and the organizations that customers belong to.
use std::collections::BTreeSet;

use control::rows::{RowKey, RowKind};
use sdk_core::{Context, OwnerKind};

use crate::{held_owners::Owners, problem::Problem};

/// The owners of overrides that contexts name, each once.
pub(crate) struct Owned(BTreeSet<(OwnerKind, String)>);

impl Owned {
    /// The customers that contexts name, and the organizations of contexts without one. A customer's organization is looked for when the
    /// customer's row is known: which organization a context names beside its customer changes nothing that is read.
    pub(crate) fn of(contexts: &[&mut Context]) -> Self {
        let mut owners = BTreeSet::new();
        for context in contexts {
            owners.extend(OwnerKind::ALL.into_iter().find_map(|kind| Some((kind, kind.id(context)?))));
        }
        Self(owners)
    }

    /// The organizations of customers.
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

/// The organizations of the customers that contexts name, each with the index of its context: that of the customer's row, else the one
/// that the context names.
pub(crate) fn memberships(contexts: &[&mut Context], rows: &Owners) -> Vec<(usize, String)> {
    let mut learned = Vec::new();
    for (index, context) in contexts.iter().enumerate() {
        let Some(customer) = OwnerKind::Customer.id(context) else { continue };
        let membership = rows.get(&RowKey::of(RowKind::Membership, &customer));
        let own = membership.and_then(|text| serde_json::from_str::<String>(text).ok());
        learned.extend(own.or_else(|| OwnerKind::Organization.id(context)).map(|organization| (index, organization)));
    }
    learned
}

/// Gives contexts their organizations, and returns these.
pub(crate) fn join(contexts: &mut [&mut Context], learned: Vec<(usize, String)>) -> Owned {
    let owners = Owned::organizations(&learned);
    for (index, organization) in learned {
        if let Some(context) = contexts.get_mut(index)
            && OwnerKind::Organization.id(context).as_ref() != Some(&organization)
        {
            **context = core::mem::take(*context).string("organizationId", &organization);
        }
    }
    owners
}

/// Refuses contexts that named another organization than their customer's; `joined` are the contexts with their organizations.
pub(crate) fn check(stated: &[Context], joined: &[Context]) -> Result<(), NoOverrides> {
    let contradicts = |(stated, joined): (&Context, &Context)| {
        OwnerKind::Organization.id(stated).is_some_and(|stated| OwnerKind::Organization.id(joined).as_ref() != Some(&stated))
    };
    match stated.iter().zip(joined).position(contradicts) {
        Some(index) => Err(NoOverrides::OtherOrganization(index)),
        None => Ok(()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The organizations that are looked for, and the contexts that come of it, where `acme-1` belongs to `org-acme`.
    fn joined(contexts: &[&str]) -> (Vec<String>, Vec<Context>) {
        let mut contexts: Vec<Context> = contexts.iter().map(|context| Context::from_json(context)).collect();
        let mut rows = Owners::new();
        rows.insert(RowKey::of(RowKind::Membership, "acme-1"), "\"org-acme\"".into());
        let mut all: Vec<&mut Context> = contexts.iter_mut().collect();
        let learned = memberships(&all, &rows);
        let looked_for = join(&mut all, learned).into_iter().map(|(_, id)| id).collect();
        (looked_for, contexts)
    }

    #[test]
    fn a_customers_own_organization_replaces_the_one_that_a_context_names() {
        let own = Context::from_json(r#"{"customerId":"acme-1","organizationId":"org-acme"}"#);
        for named in ["", r#","organizationId":"org-acme""#, r#","organizationId":"org-other""#, r#","organizationId":["x"]"#] {
            let (looked_for, contexts) = joined(&[&format!(r#"{{"customerId":"acme-1"{named}}}"#)]);
            assert_eq!((looked_for, &contexts[0]), (vec!["org-acme".to_owned()], &own), "{named}");
        }
        let stranger = r#"{"customerId":"nobody","organizationId":"org-other"}"#;
        assert_eq!(joined(&[stranger]), (vec!["org-other".to_owned()], vec![Context::from_json(stranger)]));
        assert_eq!(joined(&[r#"{"organizationId":"org-other"}"#]).0, [""; 0]);
        // A number keeps its type where it names the same organization.
        let number = r#"{"customerId":"nobody","organizationId":7}"#;
        assert_eq!(joined(&[number]), (vec!["7".to_owned()], vec![Context::from_json(number)]));
    }

    #[test]
    fn the_same_rows_are_read_first_whichever_organization_a_context_names_beside_its_customer() {
        let read = |context: &str| {
            let mut context = Context::from_json(context);
            Owned::of(&[&mut context]).into_iter().collect::<Vec<_>>()
        };
        let customer = vec![(OwnerKind::Customer, "acme-1".to_owned())];
        for named in ["", r#","organizationId":"org-acme""#, r#","organizationId":"org-other""#] {
            assert_eq!(read(&format!(r#"{{"customerId":"acme-1"{named}}}"#)), customer);
        }
        assert_eq!(read(r#"{"organizationId":"org-other"}"#), [(OwnerKind::Organization, "org-other".to_owned())]);
    }

    #[test]
    fn a_contradiction_is_found_by_the_index_of_its_context() {
        let stated = [r#"{"customerId":"acme-1"}"#, r#"{"organizationId":"o"}"#, r#"{"customerId":"acme-1","organizationId":"org-other"}"#];
        let (_, joined) = joined(&stated);
        let stated = stated.map(Context::from_json);
        assert_eq!(check(&stated[..2], &joined[..2]), Ok(()));
        assert_eq!(check(&stated, &joined), Err(NoOverrides::OtherOrganization(2)));
    }
}
