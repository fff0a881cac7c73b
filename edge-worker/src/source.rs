//! The source documents' names of the levels that answer.
use sdk_core::Layer;

/// Levels that count for where all of a visitor's flags come from, highest first. An answer by a rollout, a rule or a target
/// is the flag's own.
const SOURCES: [(&str, &str); 3] =
    [("customer", "customer_override"), ("organization", "organization_override"), ("environment", "environment")];

/// The highest of these levels.
pub(crate) fn highest(layers: impl Iterator<Item = Layer>) -> &'static str {
    let place = layers.filter_map(|layer| SOURCES.iter().position(|(name, _)| *name == layer.as_str())).min();
    place.and_then(|place| SOURCES.get(place)).map_or("default", |(_, source)| source)
}

/// The word for one level: theirs, else ours.
pub(crate) fn of(layer: Layer) -> &'static str {
    SOURCES.iter().find(|(name, _)| *name == layer.as_str()).map_or(layer.as_str(), |(_, source)| source)
}
