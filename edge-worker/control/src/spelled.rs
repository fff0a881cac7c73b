//! The JSON in commands of values that the core defines: the number or the name that documents and the admin API use.
use alloc::string::String;

use sdk_core::{
    Millis, OwnerKind, Percentage,
    stage::{Method, Rate},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A value with a spelling in JSON.
pub(crate) trait Spelled: Sized {
    type Json: Serialize + for<'de> Deserialize<'de>;
    const EXPECTED: &'static str;

    fn spell(&self) -> Self::Json;
    fn read(json: Self::Json) -> Option<Self>;
}

impl Spelled for OwnerKind {
    type Json = String;
    const EXPECTED: &'static str = "customer or organization";

    fn spell(&self) -> String {
        crate::rows::RowKind::from(*self).as_str().into()
    }

    fn read(json: String) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.spell() == json)
    }
}

impl Spelled for Percentage {
    type Json = f64;
    const EXPECTED: &'static str = "0 to 100 with at most three decimals";

    fn spell(&self) -> f64 {
        self.percent()
    }

    fn read(json: f64) -> Option<Self> {
        Self::of(json)
    }
}

impl Spelled for Rate {
    type Json = f64;
    const EXPECTED: &'static str = "a share from 0 to 1";

    fn spell(&self) -> f64 {
        self.share()
    }

    fn read(json: f64) -> Option<Self> {
        Self::of(json)
    }
}

impl Spelled for Method {
    type Json = String;
    const EXPECTED: &'static str = "threshold or sequential";

    fn spell(&self) -> String {
        self.as_str().into()
    }

    fn read(json: String) -> Option<Self> {
        Self::from_name(&json)
    }
}

impl Spelled for Millis {
    type Json = i64;
    const EXPECTED: &'static str = "milliseconds since 1970";

    fn spell(&self) -> i64 {
        self.0
    }

    fn read(json: i64) -> Option<Self> {
        Some(Self(json))
    }
}

pub(crate) fn serialize<T: Spelled, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.spell().serialize(serializer)
}

pub(crate) fn deserialize<'de, T: Spelled, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let expected = || D::Error::custom(alloc::format!("expected {}", T::EXPECTED));
    T::read(T::Json::deserialize(deserializer)?).ok_or_else(expected)
}

/// Serializes a value that may be absent; `None` is `null`.
pub(crate) mod option {
    use super::{Deserialize, Deserializer, Error, Serialize, Serializer, Spelled};

    #[expect(clippy::ref_option, reason = "serde passes the field")]
    pub(crate) fn serialize<T: Spelled, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
        value.as_ref().map(Spelled::spell).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, T: Spelled, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
        let Some(json) = Option::<T::Json>::deserialize(deserializer)? else { return Ok(None) };
        let expected = || D::Error::custom(alloc::format!("expected {}", T::EXPECTED));
        T::read(json).map(Some).ok_or_else(expected)
    }
}
