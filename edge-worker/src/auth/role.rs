//! The roles of a token. The table of routes says what each permits.
use super::json::{Json, Object};
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
    /// The role that a token gives; `None` for a user who has none.
    ///
    /// The role stands in `app_metadata`, which only the issuer writes; `user_metadata` is the user's own to write and is never read. The
    /// claim `role` is Supabase's role in the database; only that of its service key counts here, as [`Self::Service`].
    pub(super) fn of(claims: &Object) -> Option<Self> {
        if let Some(Json::Text(role)) = claims.get("role")
            && role == "service_role"
        {
            return Some(Self::Service);
        }
        let Some(Json::Object(metadata)) = claims.get("app_metadata") else { return None };
        let text = |name| metadata.text(name).ok().flatten().filter(|text| !text.is_empty());
        let organization = text("organizationId").map(str::to_owned);
        match text("role")? {
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

    fn read(claims: &str) -> Option<Role> {
        Role::of(&Object::read(claims.as_bytes()).unwrap())
    }

    #[test]
    fn roles_are_read_where_only_the_issuer_writes() {
        let organization = || "o-1".to_owned();
        let admin = r#"{"app_metadata":{"role":"admin","organizationId":null},"user_metadata":{"role":"member"}}"#;
        let deputy = r#"{"role":"authenticated","app_metadata":{"role":"organization_admin","organizationId":"o-1"}}"#;
        let member = r#"{"app_metadata":{"role":"member","organizationId":"o-1","provider":"email"}}"#;
        assert_eq!(read(r#"{"app_metadata":{"role":"service"}}"#), Some(Role::Service));
        assert_eq!(read(admin), Some(Role::Admin));
        assert_eq!(read(r#"{"app_metadata":{"role":"operator"}}"#), Some(Role::Operator));
        assert_eq!(read(r#"{"app_metadata":{"role":"viewer","organizationId":"o-1"}}"#), Some(Role::Viewer));
        assert_eq!(read(deputy), Some(Role::OrganizationAdmin { organization: organization() }));
        assert_eq!(read(member), Some(Role::Member { organization: organization() }));
        assert_eq!(read(r#"{"role":"service_role"}"#), Some(Role::Service));
    }

    #[test]
    fn a_role_in_another_place_or_form_gives_none() {
        for claims in [
            "{}",
            r#"{"role":"service"}"#,
            r#"{"role":"admin","app_metadata":null}"#,
            r#"{"role":["service_role"]}"#,
            r#"{"user_metadata":{"role":"admin"}}"#,
            r#"{"app_metadata":"admin"}"#,
            r#"{"app_metadata":{"role":["admin"]}}"#,
            r#"{"app_metadata":{"role":"Admin"}}"#,
            r#"{"app_metadata":{"role":"service_role"}}"#,
            r#"{"app_metadata":{"role":"member"}}"#,
            r#"{"app_metadata":{"role":"member","organizationId":["o-1"]}}"#,
            r#"{"app_metadata":{"role":"organization_admin","organizationId":""}}"#,
        ] {
            assert_eq!(read(claims), None, "{claims}");
        }
    }

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
        }
    }
}
