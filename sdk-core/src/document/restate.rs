//! Compiles the state of one flag to that flag's steps, the part of a ruleset that a kill or a step of a rollout changes.
use alloc::vec::Vec;

use super::{
    Compiler,
    compile::read_members,
    definition::Definition,
    kept::{Pieces, digest_flag},
    limits::MAX_DOCUMENT_BYTES,
    report::Report,
    state::State,
    steps::{self, Required},
};
use crate::{
    evaluate::{restated::Restated, ruleset::Ruleset},
    json::{Place, cursor::Cursor},
    model::{
        details::StepIndex,
        image::Image,
        step::{Guarded, Step},
        steps_of_one::NewSteps,
    },
};

impl Compiler {
    /// The change of a ruleset by which one flag has the state that `text` says. `text` is the whole flag, an object as it stands in a document
    /// under the flag's key: its definition unchanged, and its new `enabled` and `rollout`.
    ///
    /// It takes time by the size of the flag and the number of the ruleset's attributes, and none by the number of flags. The flag must
    /// have this definition in the document that the ruleset was compiled from. `None` means that the whole document must be compiled, and
    /// says nothing about the state: this compiler does not keep the flag's definition, the flag cannot be read, or its lists name units
    /// that the tables do not have.
    ///
    /// ```
    /// use sdk_core::{Compiler, Context, Millis};
    ///
    /// let document = r#"{ "schema": "twinflag/1", "bucketKey": "000102030405060708090a0b0c0d0e0f", "flags": { "chat": { "default": "on" } } }"#;
    /// let mut compiler = Compiler::new();
    /// let mut ruleset = compiler.compile(document, None)?.ruleset;
    /// let killed = compiler.restate(&ruleset, "chat", r#"{ "default": "on", "enabled": false }"#);
    /// assert!(killed.is_some_and(|killed| ruleset.restate(&killed)));
    /// assert!(!ruleset.at(Millis(0)).boolean("chat", &Context::new(), true));
    /// # Ok::<(), sdk_core::DocumentError>(())
    /// ```
    pub fn restate(&self, ruleset: &Ruleset, key: &str, text: &str) -> Option<Restated> {
        let (flags, mut report) = (Place::ROOT.name("flags"), Report::default());
        let place = flags.name(key);
        let entry = self.kept_flag(key)?;
        // Only text that a document could hold: what follows looks for members, and stops at what is no JSON.
        if text.len() > MAX_DOCUMENT_BYTES {
            return None;
        }
        let mut cursor = Cursor::new(text);
        cursor.skip(place.level()).and_then(|_| cursor.finish()).ok()?;
        let (digest, members) = digest_flag(&mut Pieces::default(), key, text, place);
        let members = read_members(&members, place).ok().filter(|_| entry.definition == digest)?;
        let member = |name: &str| members.iter().find(|(known, _)| *known == name).map(|(_, tape)| tape.root());
        let state = State::read(member, place, &mut report)?;
        let definition = entry.compiled.definition.as_ref()?;
        let flag = ruleset.find(key).filter(|flag| ruleset.key_of(*flag) == key)?;
        let Unchanged { required, conditions } = Unchanged::read(&ruleset.image, flag, definition)?;
        let mut tables = NewSteps::over(&ruleset.image);
        let (environment, key_of_draws) = (ruleset.environment.as_deref(), ruleset.key);
        let (required, conditions, state) = (&*required, &*conditions, &state);
        steps::lay(&steps::Plan { flag_key: key, definition, state, required, conditions, environment, key: key_of_draws }, &mut tables);
        ruleset.restated(flag, tables.finish()?, definition.off)
    }
}

/// The parts of a flag's steps that no state changes, as they stand in the tables.
struct Unchanged {
    required: Vec<Required>,
    /// The places of the conditions of all targets, then of all rules; 0 for a rule without one.
    conditions: Vec<u32>,
}

impl Unchanged {
    /// Reads the parts from the steps of a flag with this definition; `None` if the steps are not of it.
    fn read(image: &Image, flag: u32, definition: &Definition) -> Option<Self> {
        let (prerequisites, targets) = (definition.prerequisites.len(), definition.targets.len());
        let has_condition: Vec<bool> =
            core::iter::repeat_n(true, targets).chain(definition.rules.iter().map(|rule| rule.condition != 0)).collect();
        let mut guards = Vec::with_capacity(has_condition.len());
        let mut required = Vec::with_capacity(prerequisites);
        let wanted = has_condition.iter().filter(|has| **has).count();
        let mut at = image.steps(flag);
        while guards.len() < wanted || required.len() < prerequisites {
            let Guarded { condition, step, next } = image.words().step(at);
            match step {
                Step::Prerequisite { flag, unmet: _, variants } => {
                    required.push(Required::Flag { flag, variants: image.words().run(variants).collect() });
                }
                Step::Const(decision) if condition == 0 && decision.step() == Some(StepIndex::PREREQUISITES.0) => {
                    required.push(Required::Never);
                }
                Step::Nothing => return None,
                Step::Const(_) | Step::Overrides | Step::List(_) | Step::Draw(_) => {}
            }
            if condition != 0 {
                guards.push(condition);
            }
            at = next;
        }
        let mut guards = guards.into_iter();
        let conditions = has_condition.into_iter().map(|has| if has { guards.next().unwrap_or_default() } else { 0 }).collect();
        Some(Self { required, conditions })
    }
}
