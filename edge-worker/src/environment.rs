//! The environments of a deployment, as the worker addresses them: each has a hub of its own.
//!
//! The first hub registers the others ([`control::environments`]). Isolates learn the registry with its news, as they learn its keys.
use std::rc::Rc;

use control::EnvironmentName;
use sdk_core::Millis;

/// An environment that has a hub. Only a [`Registry`] makes one other than the first: so a name that is not registered costs no durable
/// object, whoever presents it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Environment(Option<Rc<EnvironmentName>>);

impl Environment {
    /// The environment that every deployment has. Its document names it.
    pub(crate) const FIRST: Self = Self(None);

    /// The name under which the environment is registered; `None` for the first one.
    pub(crate) fn name(&self) -> Option<&EnvironmentName> {
        self.0.as_deref()
    }

    /// The name of the hub's durable object.
    pub(crate) fn object(&self) -> String {
        object_of(self.name().map(EnvironmentName::as_str))
    }
}

/// The name of the hub's durable object of the environment with this registered name; `None` for the first one.
pub(crate) fn object_of(name: Option<&str>) -> String {
    name.map_or_else(|| "main".to_owned(), |name| format!("environment/{name}"))
}

/// The environments of a version of the first hub.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    /// The name in the document of the first environment; `None` if it names none.
    first: Option<String>,
    /// The others, each with the moment at which it was registered.
    others: Vec<(Environment, Millis)>,
}

impl Registry {
    pub(crate) fn new(first: Option<String>, others: Vec<(EnvironmentName, Millis)>) -> Self {
        let others = others.into_iter().map(|(name, created_at)| (Environment(Some(Rc::new(name))), created_at)).collect();
        Self { first, others }
    }

    /// The environment with this name; `None` if there is none.
    pub(crate) fn find(&self, name: &str) -> Option<Environment> {
        if self.first.as_deref() == Some(name) {
            return Some(Environment::FIRST);
        }
        let is_named = |other: &&Environment| other.name().is_some_and(|known| known.as_str() == name);
        self.others.iter().map(|(other, _)| other).find(is_named).cloned()
    }

    /// The name of an environment; `None` for the first one if its document names none.
    pub(crate) fn name_of<'r>(&'r self, environment: &'r Environment) -> Option<&'r str> {
        environment.name().map(EnvironmentName::as_str).or(self.first.as_deref())
    }

    /// Returns true for the first environment and each registered one.
    pub(crate) fn has(&self, environment: &Environment) -> bool {
        *environment == Environment::FIRST || self.others.iter().any(|(other, _)| other == environment)
    }

    /// The environments besides the first one, each with the moment at which it was registered.
    pub(crate) fn others(&self) -> &[(Environment, Millis)] {
        &self.others
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_registered_names_have_a_hub() {
        let registry = Registry::new(Some("production".to_owned()), vec![(EnvironmentName::parse("staging").unwrap(), Millis(0))]);
        let object = |name: &str| registry.find(name).map(|found| found.object());
        assert_eq!(object("production").as_deref(), Some("main"));
        assert_eq!(object("staging").as_deref(), Some("environment/staging"));
        for name in ["", "main", "Staging", "staging2", "environment/staging"] {
            assert_eq!(object(name), None, "{name}");
        }
        let staging = registry.find("staging").unwrap();
        assert_eq!((registry.name_of(&Environment::FIRST), registry.name_of(&staging)), (Some("production"), Some("staging")));
        assert!(registry.has(&staging) && registry.has(&Environment::FIRST) && !Registry::default().has(&staging));
    }
}
