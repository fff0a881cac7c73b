//! Imports a whole document, or tries it and names the contexts whose answers would change: `PUT /api/admin/document`.
use std::collections::BTreeSet;

use control::{
    Allowed, AnswerDiff, Command, CommandOutcome, answer_diffs, organization_of,
    rows::{RowKey, Rows, State},
};
use sdk_core::{Context, Millis, Overrides, OwnerKind, Ruleset};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use worker::Response;

use super::{
    AdminRequest, CommandAnswer, tagged,
    view::{ConsequenceView, Fault},
};
use crate::{
    hub::{FlagHub, ground::Ground, record::Written, wire},
    problem::Problem,
    query::Query,
    version::Version,
};

/// The most contexts that a dry run may try.
const MOST_CONTEXTS: usize = 1_000;
/// The most answers that a dry run may compare.
const MOST_ANSWERS: usize = 500_000;
/// The most contexts that a dry run names for each flag.
const EXAMPLES: usize = 5;

impl FlagHub {
    /// PUT `?state=keep|replace&dryRun=&partial=&remove=&overwrite=&seen=&newEnvironment=&newBucketKey=&reason=`: the body is the document
    /// or, for a dry run, it may be `{ document, contexts }`.
    pub(super) fn import_document(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let query = &asked.query;
        let state = match query.get("state") {
            None | Some("keep") => State::Keep,
            Some("replace") => State::Replace,
            Some(_) => return Err(Problem::malformed("expected state to be keep or replace")),
        };
        let dry_run = query.flag("dryRun")?;
        let named = |name: &str| query.get(name).map(str::to_owned);
        let allowed = Allowed {
            partial: query.flag("partial")?,
            remove: query.all("remove"),
            overwrite: query.all("overwrite"),
            seen: is_seen(asked.if_match.as_deref(), query)?,
            new_environment: named("newEnvironment"),
            new_bucket_key: named("newBucketKey"),
        };
        let ground = self.ground()?;
        if !dry_run && ground.has_document() && asked.if_match.is_none() {
            return Err(Problem::no_precondition(ground.version));
        }
        let tried = if dry_run { Tried::of(&asked.body)? } else { None };
        let document = tried.as_ref().map_or(asked.body.as_str(), |tried| tried.document.get()).to_owned();
        if let Some(named) = asked.environment.as_deref().filter(|_| self.registered().is_none()) {
            check_name(named, &document, &allowed)?;
        }
        let contexts = tried.as_ref().map(Tried::contexts).transpose()?.unwrap_or_default();
        let by = asked.by(query.get("reason").map(str::to_owned), None)?;
        let command = Command::Import { document, state, allowed };
        if dry_run {
            let decision = self.try_out(&by, &command, &contexts)?;
            let mut view = View::of(&decision.outcome, ground.version);
            view.blast_radius = (!contexts.is_empty()).then(|| self.blast(&ground, &decision.outcome, &contexts, asked.now)).transpose()?;
            return tagged(view.to_text()?, ground.version);
        }
        drop(ground);
        let decision = self.decide(&by, &command, &contexts)?;
        let tell = |written: &Written, outcome: &CommandOutcome| Ok(CommandAnswer::again(View::of(outcome, written.version).to_text()?));
        self.commit_and_tell(asked, &by, decision, tell)
    }

    /// The contexts among these that would get another answer than now.
    fn blast(&self, ground: &Ground, outcome: &CommandOutcome, contexts: &[Context], now: Millis) -> Result<Blast, Problem> {
        let (after, none) = (outcome.ruleset.as_ref().unwrap_or(&ground.ruleset), Rows::default());
        let rows = outcome.imported.as_ref().map_or(&none, |imported| &imported.rows);
        let answers = contexts.len() * ground.ruleset.len().max(after.len());
        if answers > MOST_ANSWERS {
            return Err(Problem::malformed_at("/contexts", format!("{answers} answers to compare, at most {MOST_ANSWERS} are")));
        }
        let held = self.named_in("{}", contexts)?;
        let contexts: Vec<Context> = contexts.iter().map(|context| with_organization(context, &held)).collect();
        let compiled = |ruleset: &Ruleset, rows: &Rows| {
            let mut overrides = Overrides::default();
            for context in &contexts {
                for kind in OwnerKind::ALL {
                    if let Some(id) = kind.id(context)
                        && let Some(tree) = rows.text(&RowKey::of(kind.into(), &id))
                    {
                        overrides.insert(kind, id.clone(), ruleset.owner_overrides(kind, &id, tree).0);
                    }
                }
            }
            overrides
        };
        let (before, then) = (compiled(&ground.ruleset, &held), compiled(after, rows));
        Ok(Blast::of(contexts.len(), &answer_diffs((&ground.ruleset, &before), (after, &then), &contexts, now)))
    }
}

/// Returns true if the operator has read the difference from the newest version. A program that reads that version by itself and names it,
/// so that no other change comes between, says `?seen=false`.
fn is_seen(if_match: Option<&str>, query: &Query) -> Result<bool, Problem> {
    // `*` names no version.
    let names_version = if_match.is_some_and(|tags| !wire::is_any(tags));
    Ok(query.flag_or("seen", true)? && names_version)
}

/// Refuses a document of another environment than the first one, which the request names: it would rename that one. `control` refuses
/// documents that others do not take.
fn check_name(named: &str, document: &str, allowed: &Allowed) -> Result<(), Problem> {
    #[derive(Deserialize)]
    struct Named {
        environment: Option<String>,
    }
    let of = serde_json::from_str(document).ok().and_then(|Named { environment }| environment);
    match of.filter(|of| of != named && allowed.new_environment.is_none()) {
        None => Ok(()),
        Some(of) => {
            let detail = format!(
                "the document is of the environment {of:?}, and ?environment= names {named:?}: to rename that one, ?newEnvironment={of}"
            );
            Err(Problem::refused(409, "OTHER_ENVIRONMENT", detail, "/environment".to_owned()))
        }
    }
}

/// The context, with the organization of its customer if it names none.
fn with_organization(context: &Context, rows: &Rows) -> Context {
    let known = OwnerKind::Customer.id(context).and_then(|customer| organization_of(rows, &customer));
    match known.filter(|_| OwnerKind::Organization.id(context).is_none()) {
        Some(organization) => context.clone().string("organizationId", &organization),
        None => context.clone(),
    }
}

/// A document to try, and the contexts to try it on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tried {
    document: Box<RawValue>,
    #[serde(default)]
    contexts: Vec<Box<RawValue>>,
}

impl Tried {
    /// Reads the body of a dry run; `None` if the body is the document itself, which has no member `document`.
    fn of(body: &str) -> Result<Option<Self>, Problem> {
        #[derive(Deserialize)]
        struct Probe {
            document: Option<serde::de::IgnoredAny>,
        }
        let is_tried = serde_json::from_str::<Probe>(body).is_ok_and(|probe| probe.document.is_some());
        if is_tried { super::body::read(body).map(Some) } else { Ok(None) }
    }

    fn contexts(&self) -> Result<Vec<Context>, Problem> {
        if self.contexts.len() > MOST_CONTEXTS {
            return Err(Problem::malformed_at("/contexts", format!("expected at most {MOST_CONTEXTS}")));
        }
        let read = |(index, raw): (usize, &RawValue)| {
            let context = Context::from_json(raw.get());
            match context.refusal() {
                Some(refusal) => Err(Problem::malformed_at(format!("/contexts/{index}"), refusal)),
                None => Ok(context),
            }
        };
        self.contexts.iter().map(|raw| &**raw).enumerate().map(read).collect()
    }
}

/// The outcome of an import, or of a dry run.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'v> {
    /// The contexts that would get another answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    blast_radius: Option<Blast>,
    /// The differences from the version before.
    changes: Vec<Changed>,
    /// The losses that the import brings.
    consequences: Vec<ConsequenceView<'v>>,
    /// The number of errors of the document.
    error_count: usize,
    /// The first errors of the document, each of which leaves out a part of it; the core keeps no more.
    errors: Vec<Fault>,
    /// The flags whose state in the hub differs from the document's and stays.
    kept: Vec<KeptPart>,
    /// The number of audit records of the import.
    records: usize,
    /// The flags with new keys, whose state and overrides go on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    renamed: Vec<RenamedFlag>,
    /// The flags that were removed before and have the state and the overrides that they had.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    returned: Vec<ReturnedFlag>,
    /// The number of the newest version; 0 if there is none.
    version: u32,
    /// Warnings to show the operator; the document was imported all the same.
    warnings: Vec<Fault>,
}

#[derive(Serialize)]
struct Changed {
    kind: &'static str,
    pointer: String,
}

#[derive(Serialize)]
struct RenamedFlag {
    from: String,
    to: String,
}

#[derive(Serialize)]
struct ReturnedFlag {
    enabled: bool,
    flag: String,
    overrides: usize,
}

#[derive(Serialize)]
struct KeptPart {
    pointer: String,
}

impl<'v> View<'v> {
    fn of(outcome: &'v CommandOutcome, version: Version) -> Self {
        let (records, version) = (outcome.changes.len(), version.number);
        let Some(imported) = &outcome.imported else { return Self { records, version, ..Self::default() } };
        let changes = imported.changes.iter();
        Self {
            blast_radius: None,
            changes: changes.map(|change| Changed { kind: change.kind.as_str(), pointer: change.pointer.clone() }).collect(),
            consequences: outcome.consequences.iter().map(ConsequenceView::of).collect(),
            error_count: imported.error_count,
            errors: imported.errors.iter().map(Fault::of).collect(),
            kept: imported.kept.iter().map(|pointer| KeptPart { pointer: pointer.clone() }).collect(),
            records,
            renamed: imported.renamed.iter().map(|one| RenamedFlag { from: one.from.clone(), to: one.to.clone() }).collect(),
            returned: imported
                .returned
                .iter()
                .map(|one| ReturnedFlag { enabled: one.enabled, flag: one.flag.clone(), overrides: one.overrides })
                .collect(),
            version,
            warnings: imported.warnings.iter().map(Fault::of).collect(),
        }
    }

    fn to_text(&self) -> Result<String, Problem> {
        Ok(serde_json::to_string(self).map_err(worker::Error::from)?)
    }
}

/// The contexts that would get another answer, by flag.
#[derive(Serialize)]
struct Blast {
    /// The number of contexts that were tried.
    contexts: usize,
    /// The number of contexts that would get another answer.
    changed: usize,
    flags: Vec<BlastOfFlag>,
}

#[derive(Serialize)]
struct BlastOfFlag {
    changed: usize,
    examples: Vec<Example>,
    flag: String,
}

#[derive(Serialize)]
struct Example {
    after: Option<Box<RawValue>>,
    before: Option<Box<RawValue>>,
    /// The index of the context in the request.
    context: usize,
}

impl Blast {
    fn of(contexts: usize, diffs: &[AnswerDiff]) -> Self {
        let mut flags: std::collections::BTreeMap<&str, BlastOfFlag> = std::collections::BTreeMap::new();
        let raw = |json: &Option<String>| json.clone().and_then(|json| RawValue::from_string(json).ok());
        for one in diffs {
            let new = || BlastOfFlag { changed: 0, examples: Vec::new(), flag: one.flag.clone() };
            let flag = flags.entry(&one.flag).or_insert_with(new);
            flag.changed += 1;
            if flag.examples.len() < EXAMPLES {
                flag.examples.push(Example { after: raw(&one.after), before: raw(&one.before), context: one.context });
            }
        }
        let changed: BTreeSet<usize> = diffs.iter().map(|one| one.context).collect();
        Self { contexts, changed: changed.len(), flags: flags.into_values().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_was_read_if_a_version_is_named_and_nothing_says_otherwise() {
        const TAG: &str = "\"0a1b2c3d4e5f.3\"";
        for (if_match, query, expected) in [
            (Some(TAG), "", Some(true)),
            (Some(TAG), "?seen=true", Some(true)),
            (Some(TAG), "?seen=false", Some(false)),
            (Some(TAG), "?seen=no", None),
            (Some("*"), "", Some(false)),
            (Some("*"), "?seen=true", Some(false)),
            (None, "?seen=true", Some(false)),
        ] {
            let query = Query::any(&format!("http://hub/admin/document{query}")).ok().unwrap();
            assert_eq!(is_seen(if_match, &query).ok(), expected, "{if_match:?} {query:?}", query = query.get("seen"));
        }
    }
}
