//! The roles of a token. The table of routes says what each permits.
use crate::http::rights::CallerKind;

/// The role in a token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// A program of the deployment's own.
    Service,
    /// A person who runs the deployment.
    Admin,
    /// A person on call: moves rollouts and kills flags.
    Operator,
    /// Reads everything.
    Viewer,
    /// Decides about the overrides of one organization and of its customers.
    OrganizationAdmin { organization: String },
    /// Reads what concerns one organization.
    Member { organization: String },
}

impl Role {
    /// The role with this name; `None` if there is none, or if it is for one organization and none is named.
    pub(super) fn named(name: &str, organization: Option<&str>) -> Option<Self> {
        let organization = organization.filter(|name| !name.is_empty()).map(str::to_owned);
        match name {
            "service" => Some(Self::Service),
            "admin" => Some(Self::Admin),
            "operator" => Some(Self::Operator),
            "viewer" => Some(Self::Viewer),
            "organization_admin" => organization.map(|organization| Self::OrganizationAdmin { organization }),
            "member" => organization.map(|organization| Self::Member { organization }),
            _ => None,
        }
    }

    /// The role's column in the matrix of rights, whose name stands in a token and in the record of a change.
    pub(super) const fn kind(&self) -> CallerKind {
        match self {
            Self::Service => CallerKind::Service,
            Self::Admin => CallerKind::Admin,
            Self::Operator => CallerKind::Operator,
            Self::Viewer => CallerKind::Viewer,
            Self::OrganizationAdmin { .. } => CallerKind::OrganizationAdmin,
            Self::Member { .. } => CallerKind::Member,
        }
    }

    /// The one organization that the role is for.
    pub(super) fn organization(&self) -> Option<&str> {
        match self {
            Self::Service | Self::Admin | Self::Operator | Self::Viewer => None,
            Self::OrganizationAdmin { organization } | Self::Member { organization } => Some(organization),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_a_name_and_may_be_for_one_organization() {
        let organization = || "o-1".to_owned();
        for (role, name, reach) in [
            (Role::Service, "service", None),
            (Role::Admin, "admin", None),
            (Role::Operator, "operator", None),
            (Role::Viewer, "viewer", None),
            (Role::OrganizationAdmin { organization: organization() }, "organization_admin", Some("o-1")),
            (Role::Member { organization: organization() }, "member", Some("o-1")),
        ] {
            assert_eq!((role.kind().as_str(), role.organization()), (name, reach));
            assert_eq!(Role::named(name, Some("o-1")), Some(role.clone()));
            assert_eq!(Role::named(name, None).is_none(), reach.is_some());
            assert_eq!(Role::named(name, Some("")).is_none(), reach.is_some());
        }
    }
}
