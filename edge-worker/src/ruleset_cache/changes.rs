//! The rows that a ruleset was compiled from, and the changes that the hub tells of.
use control::{
    restate,
    rows::{DocumentDigest, RowKey, RowKind, Rows},
};
use sdk_core::{Compiler, Ruleset};

/// The rows of a document, with their digest.
pub(super) struct HeldRows {
    rows: Rows,
    digest: DocumentDigest,
}

/// Changed rows of a document; no text if a row is gone.
type Changed = [(RowKey, Option<String>)];

impl HeldRows {
    pub(super) fn of(rows: Rows) -> Self {
        Self { digest: DocumentDigest::of(&rows), rows }
    }

    /// Carries out changes, and returns the digest of the document that they lead to.
    pub(super) fn apply(&mut self, changed: &Changed) -> String {
        self.digest.apply(&mut self.rows, changed);
        self.digest.to_text()
    }

    /// The text of the document.
    pub(super) fn compose(&self) -> String {
        self.rows.compose(false)
    }

    /// The ruleset of these rows after changes that give one flag another state, which are not carried out yet; `None` after others.
    pub(super) fn restate(&self, ruleset: &Ruleset, changed: &Changed, compiler: &Compiler) -> Option<Ruleset> {
        let [(key, text), (state, _)] = changed else { return None };
        let is_state = key.kind == RowKind::Flag && state.kind == RowKind::State && key.name == state.name;
        let is_defined_so = is_state && text.as_deref() == self.rows.text(key);
        let restated = restate(&self.rows, ruleset, &key.name, changed, compiler).filter(|_| is_defined_so)?;
        let mut ruleset = ruleset.clone();
        ruleset.restate(&restated).then_some(ruleset)
    }
}
