//! The rows and the ruleset of the newest version, kept in memory between commands.
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use control::{
    Command, CommandOutcome, CompiledRows, CurrentState, Definitions, Difference, OwnerRows, Refusal, SqlEdit, Supplies, apply,
    change::Actor,
    compile_rows, difference, edited_by_sql,
    rows::{DocumentDigest, RowKey, RowKind, Rows},
};
use sdk_core::{Compiler, DocumentError, Ruleset};

use crate::{
    problem::Problem,
    store::{Snapshot, Store, Wanted, audit::Head},
    version::Version,
};

/// [`control::execute`], or [`control::draft`] for a command that is only tried.
pub(super) type Rule = fn(CurrentState<'_>, &Command, Supplies<'_>, &Actor, &mut Compiler) -> Result<CommandOutcome, Refusal>;

/// The newest rows without those on pages, and the ruleset that they compile to.
#[derive(Clone)]
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
    /// The digest of `rows`, from the first time that it is asked for.
    digest: Cell<Option<DocumentDigest>>,
}

impl Ground {
    fn of(Snapshot { version, head, rows }: Snapshot, compiler: &mut Compiler) -> Result<Self, Problem> {
        let compiled = compile_rows(&rows, compiler).map_err(|error| Problem::document(&error))?;
        let CompiledRows { ruleset, sound, errors, error_count, is_served } = compiled;
        Ok(Self { version, head, rows, ruleset, sound, errors, error_count, is_served, digest: Cell::default() })
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

    /// The digest of the document of all rows.
    pub(super) fn digest(&self) -> DocumentDigest {
        let digest = self.digest.get().unwrap_or_else(|| DocumentDigest::of(&self.rows));
        self.digest.set(Some(digest));
        digest
    }

    /// The error for which the whole document is refused; `None` if it is served.
    pub(super) fn refusal(&self) -> Option<&DocumentError> {
        self.errors.first().filter(|_| !self.is_served)
    }
}

/// The ground that was read last.
#[derive(Default)]
pub(super) struct GroundCache {
    newest: RefCell<Option<Rc<Ground>>>,
    /// Compiles one ground after another, and of each only what changed.
    compiler: RefCell<Compiler>,
}

impl GroundCache {
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

    /// The ground that was kept last, if it is of this version, which the store need not have taken yet.
    pub(super) fn of(&self, version: Version) -> Option<Rc<Ground>> {
        self.newest.borrow().as_ref().filter(|ground| ground.version == version).map(Rc::clone)
    }

    /// Takes a row that SQL changed.
    pub(super) fn edited_by_sql(&self, ground: &Ground, paged: &Rows, edit: &SqlEdit, actor: &Actor) -> Result<CommandOutcome, Refusal> {
        edited_by_sql(ground.held(paged), edit, actor, &mut self.compiler.borrow_mut())
    }

    /// Forgets the ground that was read last: a record was written behind it, without a version.
    pub(super) fn forget(&self) {
        self.newest.replace(None);
    }

    /// Carries out a command on the newest ground; compiles only what the command changes.
    pub(super) fn execute(
        &self,
        rule: Rule,
        ground: &Ground,
        paged: &Rows,
        command: &Command,
        supplies: Supplies<'_>,
        actor: &Actor,
    ) -> Result<CommandOutcome, Refusal> {
        let current = match command {
            // They replace or keep rows that no longer compile, too.
            Command::Import { .. } | Command::Copy(_) | Command::Define(_) | Command::Revert(_) => {
                CurrentState { rows: &ground.rows, ..ground.held(paged) }
            }
            Command::Override { .. }
            | Command::Clear { .. }
            | Command::Kill { .. }
            | Command::Revive { .. }
            | Command::Rollout { .. }
            | Command::Assign { .. }
            | Command::Key(_)
            | Command::Webhook(_)
            | Command::RenewEpoch {}
            | Command::Schedule(_)
            | Command::CreateEnvironment { .. }
            | Command::RemoveEnvironment { .. } => ground.held(paged),
        };
        rule(current, command, supplies, actor, &mut self.compiler.borrow_mut())
    }

    /// Compares definitions with those of the ground, as the copy does.
    pub(super) fn difference(&self, ground: &Ground, given: &Definitions, owners: Option<&dyn OwnerRows>) -> Difference {
        let none = Rows::default();
        let current = CurrentState { rows: &ground.rows, ..ground.held(&none) };
        difference(current, given, owners, &mut self.compiler.borrow_mut())
    }

    /// Keeps the ground of the version that a command made: changes that of the version before in place, which costs what changed, unless
    /// somebody else still reads it. Takes the outcome's ruleset if it is that of all rows, or restates one flag, and compiles if definitions
    /// changed otherwise.
    pub(super) fn advance(&self, before: Rc<Ground>, version: Version, head: Head, outcome: &mut CommandOutcome) -> Result<(), Problem> {
        self.newest.replace(None);
        let mut ground = Rc::unwrap_or_clone(before);
        let writes: Vec<_> = outcome.writes.iter().filter(|(key, _)| key.page().is_none()).cloned().collect();
        match ground.digest.get_mut() {
            Some(digest) => digest.apply(&mut ground.rows, &writes),
            None => apply(&mut ground.rows, &writes),
        }
        // A refused definition is no part of the document, and is told among its errors.
        let is_part = |key: &RowKey| !key.kind.is_beside_documents() || key.kind == RowKind::Refused;
        let is_kept = match (outcome.ruleset.take(), outcome.restated.take()) {
            (Some(ruleset), _) if ground.error_count == 0 => {
                ground.ruleset = ruleset;
                writes.iter().all(|(key, _)| !is_part(key) || key.kind == RowKind::State)
            }
            (Some(_), _) => false,
            (None, Some(restated)) => ground.ruleset.restate(&restated),
            (None, None) => !writes.iter().any(|(key, _)| is_part(key)),
        };
        let ground = if is_kept {
            if let Some(sound) = &mut ground.sound {
                apply(sound, &writes);
            }
            Ground { version, head, ..ground }
        } else {
            let digest = ground.digest;
            Ground { digest, ..Ground::of(Snapshot { version, head, rows: ground.rows }, &mut self.compiler.borrow_mut())? }
        };
        self.newest.replace(Some(Rc::new(ground)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use control::{
        change::{Hash, Link},
        rows::{ChangeKind, State},
    };
    use sdk_core::{Millis, compile};

    use super::*;

    #[test]
    fn a_copy_repairs_a_flag_that_the_ruleset_leaves_out() {
        let document = r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{"left":7,"good":{}}}"#;
        let rows = Rows::default().merge(Rows::split(document).unwrap(), State::Replace).rows;
        let mut sound = rows.clone();
        sound.remove(&RowKey::of(RowKind::Flag, "left"));
        let ground = Ground {
            version: "0a1b2c3d4e5f.7".parse().unwrap(),
            head: Head { chain: Hash([0; 32]), link: Link { sequence: 1, version: 7 }, made: Millis(0) },
            ruleset: compile(document, None).unwrap().ruleset,
            rows,
            sound: Some(sound),
            errors: Vec::new(),
            error_count: 1,
            is_served: true,
            digest: Cell::default(),
        };
        let given = Definitions {
            from: "staging".into(),
            version: "0a1b2c3d4e5f.1".into(),
            flags: vec![("left".into(), r#"{"default":"on"}"#.into())],
            segments: Vec::new(),
            remove: Vec::new(),
        };
        let kept = GroundCache::default();
        assert_eq!(kept.difference(&ground, &given, None).copied[0].kind, Some(ChangeKind::Changed));
        let by = Actor::system("a test", Millis(0));
        let outcome = kept.execute(control::execute, &ground, &Rows::default(), &Command::Copy(given), Supplies::default(), &by).unwrap();
        // Its place in the order and its state are there already.
        assert_eq!(outcome.writes, [(RowKey::of(RowKind::Flag, "left"), Some(r#"{"default":"on"}"#.to_owned()))]);
    }
}
