//! The rows and the ruleset of the newest version, kept in memory between commands.
use std::{cell::RefCell, rc::Rc};

use control::{Command, CommandOutcome, CurrentState, Refusal, apply, change::Actor, execute, rows::Rows};
use sdk_core::{BucketKey, Compiler, Ruleset};

use crate::{problem::Problem, store::Store};

/// The newest rows but for those on pages, and what they compile to.
pub(super) struct Ground {
    /// 0 where nothing was ever written.
    pub(super) version: u32,
    pub(super) rows: Rows,
    pub(super) ruleset: Ruleset,
}

impl Ground {
    /// Whether a document was imported. Before that there may be keys and customers.
    pub(super) fn has_document(&self) -> bool {
        self.rows.bucket_key().is_some()
    }

    pub(super) fn held<'h>(&'h self, paged: &'h Rows) -> CurrentState<'h> {
        CurrentState { rows: &self.rows, paged, ruleset: &self.ruleset }
    }
}

/// The ground that was read last.
#[derive(Default)]
pub(super) struct Kept {
    newest: RefCell<Option<Rc<Ground>>>,
    /// Compiles one ground after another; of each only what changed.
    compiler: RefCell<Compiler>,
}

impl Kept {
    /// The ground of the newest version.
    pub(super) fn newest(&self, store: &impl Store) -> Result<Rc<Ground>, Problem> {
        let version = store.newest_version()?.unwrap_or(0);
        if let Some(ground) = self.newest.borrow().as_ref().filter(|ground| ground.version == version) {
            return Ok(Rc::clone(ground));
        }
        let rows = store.rows()?;
        let ruleset = ruleset_of(&rows, &mut self.compiler.borrow_mut())?;
        let ground = Rc::new(Ground { version, rows, ruleset });
        self.newest.replace(Some(Rc::clone(&ground)));
        Ok(ground)
    }

    /// Reads everything again: what the versions were they no longer are.
    pub(super) fn forget(&self) {
        self.newest.take();
    }

    /// Carries out a command on the newest ground; compiles only what the command changes.
    pub(super) fn execute(&self, ground: &Ground, paged: &Rows, command: &Command, by: &Actor) -> Result<CommandOutcome, Refusal> {
        execute(ground.held(paged), command, by, &mut self.compiler.borrow_mut())
    }

    /// Goes on to the version that a command made.
    pub(super) fn advance(&self, before: &Ground, version: u32, outcome: CommandOutcome) {
        let mut rows = before.rows.clone();
        let writes: Vec<_> = outcome.writes.into_iter().filter(|(key, _)| key.page().is_none()).collect();
        apply(&mut rows, &writes);
        let ruleset = outcome.ruleset.unwrap_or_else(|| before.ruleset.clone());
        self.newest.replace(Some(Rc::new(Ground { version, rows, ruleset })));
    }
}

/// Compiles stored rows, which compile because only such rows are stored. Before the first document the ruleset has no flags.
pub(super) fn ruleset_of(rows: &Rows, compiler: &mut Compiler) -> Result<Ruleset, Problem> {
    let key = rows.bucket_key().unwrap_or(BucketKey::from_bytes([0; 16]));
    let compiled = compiler.compile(&rows.compose(false), Some(key)).map_err(|error| Problem::document(&error))?;
    Ok(compiled.ruleset)
}
