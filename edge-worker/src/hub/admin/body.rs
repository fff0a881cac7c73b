//! Reads JSON bodies. A refusal has a pointer to the wrong value.
use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::problem::Problem;

/// Reads a body, which must be one JSON object.
pub(crate) fn read<T: DeserializeOwned>(body: &str) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_str(body);
    let Object(value) = serde_path_to_error::deserialize(&mut reader).map_err(refusal)?;
    reader.end().map_err(|error| Problem::malformed(error.to_string()))?;
    Ok(value)
}

/// The refusal of a body. Apart from [`read`], so that the worker has it once and not once for each kind of body.
fn refusal(error: serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let pointer: String = error
        .path()
        .iter()
        .filter_map(|step| match step {
            serde_path_to_error::Segment::Seq { index } => Some(format!("/{index}")),
            serde_path_to_error::Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            _ => None,
        })
        .collect();
    let error = error.into_inner().to_string();
    // The body that registers an environment has its name; that of a copy names two.
    if error.starts_with("unknown field `environment`, expected one of `name`") {
        return Problem::malformed_at(pointer, "expected `name`");
    }
    if error.starts_with("unknown field `environment`") && !error.contains("`fromVersion`") {
        return Problem::malformed_at(pointer, "expected the environment in the query, ?environment=");
    }
    Problem::malformed_at(pointer, error)
}

/// A struct that is read only from an object. serde alone also reads it from an array, member by member.
#[derive(Default)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members(PhantomData)).map(Self)
    }
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

/// A member for which `null` means something else than absence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Given<T> {
    #[default]
    Absent,
    Null,
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

/// The owner that a request names; refused unless it names exactly one.
pub(super) fn owner(customer: Option<String>, organization: Option<String>) -> Result<Owner, Problem> {
    match (customer, organization) {
        (Some(customer), None) => Ok(Owner::Customer(customer)),
        (None, Some(organization)) => Ok(Owner::Organization(organization)),
        _ => Err(Problem::malformed("expected exactly one of customerId and organizationId")),
    }
}

/// The customer or the organization that overrides belong to.
pub(super) enum Owner {
    Customer(String),
    Organization(String),
}

impl Owner {
    pub(super) fn customer(&self) -> Option<&str> {
        if let Self::Customer(id) = self { Some(id) } else { None }
    }

    pub(super) fn organization(&self) -> Option<&str> {
        if let Self::Organization(id) = self { Some(id) } else { None }
    }
}
