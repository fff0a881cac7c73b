//! The rows and the ruleset of the newest version, kept in memory between commands.
use std::{cell::RefCell, rc::Rc};

use control::{
    Command, CommandOutcome, CompiledRows, CurrentState, Definitions, Difference, Refusal, Supplies, apply,
    change::Actor,
    compile_rows, difference, execute,
    rows::{RowKey, RowKind, Rows},
};
use sdk_core::{Compiler, DocumentError, Ruleset};

use crate::{
    problem::Problem,
    store::{Snapshot, Store, Wanted, audit::Head},
    version::Version,
};

/// The newest rows without those on pages, and the ruleset that they compile to.
pub(super) struct Ground {
    pub(super) version: Version,
    /// The record that the next one is linked to.
    pub(super) head: Head,
    pub(super) rows: Rows,
    pub(super) ruleset: Ruleset,
    /// The rows that the ruleset was compiled from; `None` if they are all rows.
    sound: Option<Rows>,
    /// The first errors of the document. Each leaves a part of it out, or, if nothing is served, refuses the document.
    pub(super) errors: Vec<DocumentError>,
    pub(super) error_count: usize,
    is_served: bool,
}

impl Ground {
    fn of(Snapshot { version, head, rows }: Snapshot, compiler: &mut Compiler) -> Result<Self, Problem> {
        let compiled = compile_rows(&rows, compiler).map_err(|error| Problem::document(&error))?;
        let CompiledRows { ruleset, sound, errors, error_count, is_served } = compiled;
        Ok(Self { version, head, rows, ruleset, sound, errors, error_count, is_served })
    }

    /// Returns true if a document was imported. Before that there may be keys and customers.
    pub(super) fn has_document(&self) -> bool {
        self.rows.bucket_key().is_some()
    }

    pub(super) fn held<'h>(&'h self, paged: &'h Rows) -> CurrentState<'h> {
        CurrentState { rows: self.sound(), paged, ruleset: &self.ruleset }
    }

    /// The rows that the ruleset was compiled from.
    pub(super) fn sound(&self) -> &Rows {
        self.sound.as_ref().unwrap_or(&self.rows)
    }

    /// The error for which the whole document is refused; `None` if it is served.
    pub(super) fn refusal(&self) -> Option<&DocumentError> {
        self.errors.first().filter(|_| !self.is_served)
    }
}

/// The ground that was read last.
#[derive(Default)]
pub(super) struct Kept {
    newest: RefCell<Option<Rc<Ground>>>,
    /// Compiles one ground after another, and of each only what changed.
    compiler: RefCell<Compiler>,
}

impl Kept {
    /// The ground of the newest version.
    pub(super) fn newest(&self, store: &impl Store) -> Result<Rc<Ground>, Problem> {
        let version = store.newest()?;
        if let Some(ground) = self.newest.borrow().as_ref().filter(|ground| ground.version == version) {
            return Ok(Rc::clone(ground));
        }
        let snapshot = store.load(Wanted::Unpaged)?;
        let ground = Rc::new(Ground::of(snapshot, &mut self.compiler.borrow_mut())?);
        self.newest.replace(Some(Rc::clone(&ground)));
        Ok(ground)
    }

    /// Forgets the ground that was read last: a record was written behind it, without a version.
    pub(super) fn forget(&self) {
        self.newest.replace(None);
    }

    /// Carries out a command on the newest ground; compiles only what the command changes.
    pub(super) fn execute(
        &self,
        ground: &Ground,
        paged: &Rows,
        command: &Command,
        supplies: Supplies,
        actor: &Actor,
    ) -> Result<CommandOutcome, Refusal> {
        let mut current = ground.held(paged);
        if let Command::Import { .. } = command {
            // An import replaces or keeps rows that no longer compile, too.
            current.rows = &ground.rows;
        }
        execute(current, command, supplies, actor, &mut self.compiler.borrow_mut())
    }

    /// Compares definitions with those of the ground.
    pub(super) fn difference(&self, ground: &Ground, given: &Definitions) -> Difference {
        difference(ground.held(&Rows::default()), given, &mut self.compiler.borrow_mut())
    }

    /// Keeps the ground of the version that a command made. Uses the outcome's ruleset if it is that of all rows, and compiles otherwise.
    pub(super) fn advance(&self, before: &Ground, version: Version, head: Head, outcome: &CommandOutcome) -> Result<(), Problem> {
        let mut rows = before.rows.clone();
        let writes: Vec<_> = outcome.writes.iter().filter(|(key, _)| key.page().is_none()).cloned().collect();
        apply(&mut rows, &writes);
        let is_part = |key: &RowKey| !key.kind.is_beside_documents();
        let has_whole_ruleset = match &outcome.ruleset {
            Some(_) => writes.iter().all(|(key, _)| !is_part(key) || key.kind == RowKind::State),
            None => !writes.iter().any(|(key, _)| is_part(key)),
        };
        let ground = if has_whole_ruleset && before.error_count == 0 {
            let ruleset = outcome.ruleset.as_ref().unwrap_or(&before.ruleset).clone();
            Ground { version, head, rows, ruleset, sound: None, errors: Vec::new(), error_count: 0, is_served: true }
        } else {
            Ground::of(Snapshot { version, head, rows }, &mut self.compiler.borrow_mut())?
        };
        self.newest.replace(Some(Rc::new(ground)));
        Ok(())
    }
}
