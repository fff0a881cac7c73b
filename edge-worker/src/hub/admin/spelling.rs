//! The admin API's names for the fields of commands.
use control::{Field, RefusalPlace};

/// The JSON pointer of a command's field in a request's body.
pub(super) const fn of(field: Field) -> &'static str {
    match field {
        Field::Flag => "/featureName",
        Field::Reason => "/reason",
        Field::OnBehalfOf => "/changedBy",
        Field::Customer => "/customerId",
        Field::Organization => "/organizationId",
        Field::Overrides => "/flags",
        Field::Percentage => "/percentage",
        Field::Allow => "/whitelistedCustomers",
        Field::Deny => "/blacklistedCustomers",
        Field::AddAllow => "/add/whitelistedCustomers",
        Field::AddDeny => "/add/blacklistedCustomers",
        Field::Method => "/rollbackThreshold/method",
        Field::ErrorRate => "/rollbackThreshold/errorRate",
        Field::TimeWindow => "/rollbackThreshold/timeWindow",
        Field::MinSamples => "/rollbackThreshold/minSamples",
        Field::MinTierDuration => "/minTierDuration",
        Field::SuccessRate => "/successRate",
        Field::KeyId => "/id",
        Field::KeyKind => "/kind",
        Field::Label => "/label",
        Field::Origins => "/origins",
        Field::Tags => "/tags",
        Field::Identity => "/identity",
        Field::IdentityKind => "/identity/kind",
        Field::IdentityAttributes => "/identity/attributes",
        Field::IdentityCustomer => "/identity/customerId",
        Field::IdentityOrganization => "/identity/organizationId",
        Field::ExpiresAt => "/expiresAt",
        Field::Overlap => "/overlap",
        Field::Url => "/url",
        Field::Format => "/format",
        Field::Kinds => "/kinds",
        Field::Private => "/private",
        Field::Environment | Field::TokenName => "/name",
        Field::Role => "/role",
        Field::Steps => "/steps",
        // These are parameters of the query.
        Field::Remove | Field::Overwrite | Field::NewEnvironment | Field::NewBucketKey => "",
    }
}

/// The JSON pointer of a refusal; empty for the body as a whole.
pub(super) fn pointer(place: RefusalPlace) -> String {
    match place {
        RefusalPlace::Command => String::new(),
        RefusalPlace::Field { field, below } => of(field).to_owned() + &below,
        RefusalPlace::Document(pointer) => pointer,
    }
}
