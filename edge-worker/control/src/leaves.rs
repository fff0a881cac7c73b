//! The stored overrides of one owner, leaf by leaf. A leaf whose flag or variant is gone is kept: both may come back.
use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::{String, ToString as _},
    vec::Vec,
};
use core::convert::Infallible;

use sdk_core::{
    OwnerKind, OwnerOverrides, Ruleset,
    document::{Leaf, VisitLeaves, visit_leaves},
    json::{Members, Name, Place, Tape, quoted},
};

use crate::rows::spelling;

/// The overrides of one owner, compiled for a ruleset and leaf by leaf.
pub(crate) struct Leaves<'r> {
    pub(crate) ruleset: &'r Ruleset,
    /// The overrides that the ruleset can evaluate.
    pub(crate) own: OwnerOverrides,
    /// By dotted path: the leaf as JSON. Of two leaves with one path it is the one that is written as a single name, else the first.
    texts: BTreeMap<String, String>,
}

impl<'r> Leaves<'r> {
    /// Reads the stored tree of an owner; a tree that is no object has no leaf.
    pub(crate) fn of(ruleset: &'r Ruleset, owner: OwnerKind, id: &str, tree: &str) -> Self {
        let mut texts = Texts::default();
        if let Ok(tape) = serde_json::from_str::<Tape<'_>>(tree)
            && tape.root().members().is_some()
        {
            let Ok(()) = visit_leaves(tape.root(), Place::ROOT, &mut texts);
        }
        Self { ruleset, own: ruleset.owner_overrides(owner, id, tree).0, texts: texts.in_force() }
    }

    /// The keys of flags that are overridden, and the paths of leaves that evaluate to nothing.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let live = self.own.flags().map(|flag| self.ruleset.key_of(flag).to_string());
        live.chain(self.texts.keys().filter(|path| !self.is_live(path)).cloned()).collect()
    }

    /// The override of a flag as JSON: the name of a variant, or the leaf that the ruleset cannot evaluate; `None` if there is none.
    pub(crate) fn said(&self, name: &str) -> Option<String> {
        let variant = self.ruleset.find(name).filter(|flag| self.ruleset.key_of(*flag) == name).and_then(|flag| {
            let variant = self.own.variant(flag)?;
            Some(quoted(self.ruleset.variant_name(flag, variant)))
        });
        variant.or_else(|| self.texts.get(name).filter(|_| !self.is_live(name)).cloned())
    }

    /// Returns true if both have the same leaf, and one ruleset cannot evaluate it: then the flag differs and not the override.
    pub(crate) fn only_the_flag_differs(&self, other: &Self, name: &str) -> bool {
        let text = self.texts.get(name);
        text.is_some() && text == other.texts.get(name) && !(self.is_live(name) && other.is_live(name))
    }

    /// Returns true if the ruleset evaluates the leaf at this path.
    fn is_live(&self, path: &str) -> bool {
        self.ruleset.find(path).is_some_and(|flag| self.own.variant(flag).is_some())
    }
}

/// The leaves of a tree as JSON, each with its path.
#[derive(Default)]
struct Texts {
    /// The leaves whose path is written as a single name.
    whole: Vec<(String, String)>,
    /// The leaves whose path is written as nested objects.
    nested: Vec<(String, String)>,
}

impl Texts {
    /// The leaves by path. Of two leaves with one path it keeps the one that is written as a single name, else the first.
    fn in_force(self) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for (path, text) in self.whole.into_iter().chain(self.nested) {
            texts.entry(path).or_insert(text);
        }
        texts
    }
}

impl<'t> VisitLeaves<'t> for Texts {
    type Error = Infallible;

    /// A member that stands twice is walked twice: it is stored, though it evaluates to nothing.
    fn object<'j>(&mut self, _: Place<'_>, _: usize, _: &Members<'j, 't>) -> Result<Vec<Name<'j, 't>>, Infallible> {
        Ok(Vec::new())
    }

    fn leaf(&mut self, Leaf { path, depth, value, .. }: Leaf<'_, '_, 't>) -> Result<(), Infallible> {
        let texts = if depth == 1 { &mut self.whole } else { &mut self.nested };
        texts.push((path.to_string(), spelling::written(&value.tree())));
        Ok(())
    }
}
