//! The names that `source` has in the admin API and in the widget's configuration for the layers that answer.
use sdk_core::Layer;

/// The layers that have a name of their own as the source of several answers, highest first. Answers by other layers, such as a rollout,
/// a rule or a target, count as `default`.
const SOURCES: [(&str, &str); 3] =
    [("customer", "customer_override"), ("organization", "organization_override"), ("environment", "environment")];

/// The source of several answers: the highest layer among [`SOURCES`], else `default`.
pub(crate) fn highest(layers: impl Iterator<Item = Layer>) -> &'static str {
    let place = layers.filter_map(|layer| SOURCES.iter().position(|(name, _)| *name == layer.as_str())).min();
    place.and_then(|place| SOURCES.get(place)).map_or("default", |(_, source)| source)
}

/// The source of one answer: the name in [`SOURCES`], else the layer's own.
pub(crate) fn of(layer: Layer) -> &'static str {
    SOURCES.iter().find(|(name, _)| *name == layer.as_str()).map_or(layer.as_str(), |(_, source)| source)
}
