//! `PUT /api/admin/document`: a whole document, in; what it would do, and to whom.
use std::collections::BTreeSet;

use control::{
    AnswerDiff, Import, Imported, answer_diffs, import, organization_of,
    rows::{RowKey, RowKind, Rows, State},
};
use sdk_core::{BucketKey, Context, Millis, Overrides, OwnerKind, Ruleset};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use worker::Response;

use super::{Asked, json, view::Fault};
use crate::{
    etag::Etag,
    hub::{
        FlagHub,
        ground::Ground,
        record::{Again, Written, write},
    },
    problem::Problem,
    store::Store,
    version::Version,
};

/// How many contexts a dry run may try, and how many answers.
const MOST_CONTEXTS: usize = 1_000;
const MOST_ANSWERS: usize = 500_000;
/// How many of those who would get another answer are named, for each flag.
const EXAMPLES: usize = 5;
/// With more owners than this in a document, all are read at once.
const MANY: usize = 200;

impl FlagHub {
    /// `?state=keep|replace&dryRun=&reason=`; a dry run also takes `{ document, contexts }`.
    pub(super) fn import_document(&self, asked: &Asked) -> Result<Response, Problem> {
        self.check_within(asked, None, None)?;
        let query = asked.query.only(&["state", "dryRun", "reason"])?;
        let state = match query.get("state") {
            None | Some("keep") => State::Keep,
            Some("replace") => State::Replace,
            Some(_) => return Err(Problem::malformed("expected state to be keep or replace")),
        };
        let dry_run = match query.get("dryRun") {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(Problem::malformed("expected dryRun to be true or false")),
        };
        let ground = self.ground()?;
        if !dry_run && ground.has_document() && asked.if_match.is_none() {
            return Err(Problem::no_precondition(ground.version));
        }
        let tried = if dry_run { Tried::of(&asked.body)? } else { None };
        let text = tried.as_ref().map_or(asked.body.as_str(), |tried| tried.document.get());
        let contexts = tried.as_ref().map(Tried::contexts).transpose()?.unwrap_or_default();
        let reason = query.get("reason").unwrap_or("the document was imported").to_owned();
        self.import(asked, &ground, text, state, &contexts, reason, dry_run)
    }

    /// Imports the document that a deployment brings.
    pub(in crate::hub) fn import_first(&self, text: &str, now: Millis) -> Result<Vec<String>, Problem> {
        let asked = Asked {
            actor: "system".to_owned(),
            role: "system".to_owned(),
            within: None,
            now,
            idempotency: None,
            if_match: None,
            method: worker::Method::Put,
            path: "document".to_owned(),
            query: crate::query::Query::none(),
            body: String::new(),
        };
        let ground = self.ground()?;
        let by = asked.by(Some("the document that the deployment brings".to_owned()), None)?;
        let imported = self.imported(&ground, text, State::Keep, &[], &by)?;
        let left_out = imported.errors.iter().map(|error| format!("{}: {}", error.pointer, error.message)).collect();
        write(&self.store, &self.ground, &ground, imported.outcome, &by, None, |_, _| Ok(String::new()))?;
        Ok(left_out)
    }

    #[expect(clippy::too_many_arguments, reason = "one call, and each says what it is")]
    fn import(
        &self,
        asked: &Asked,
        ground: &Ground,
        text: &str,
        state: State,
        contexts: &[Context],
        reason: String,
        dry_run: bool,
    ) -> Result<Response, Problem> {
        let by = asked.by(Some(reason), None)?;
        let imported = self.imported(ground, text, state, contexts, &by)?;
        let mut view = View::of(&imported);
        if dry_run {
            let after = imported.outcome.ruleset.as_ref().unwrap_or(&ground.ruleset);
            view.blast_radius =
                (!contexts.is_empty()).then(|| self.blast(ground, after, &imported.rows, contexts, asked.now)).transpose()?;
            view.version = ground.version.number;
            return tagged(&serde_json::to_string(&view).map_err(worker::Error::from)?, ground.version);
        }
        let fingerprint = asked.fingerprint();
        let again = asked.idempotency.as_deref().map(|key| Again { subject: &asked.actor, key, request: &fingerprint });
        let body = |written: &Written, _: &_| {
            view.version = written.version.number;
            Ok(serde_json::to_string(&view).map_err(worker::Error::from)?)
        };
        let (written, body) = write(&self.store, &self.ground, ground, imported.outcome, &by, again, body)?;
        tagged(&body, written.version)
    }

    fn imported(
        &self,
        ground: &Ground,
        text: &str,
        state: State,
        contexts: &[Context],
        by: &control::change::Actor,
    ) -> Result<Imported, Problem> {
        let mut held = ground.rows.clone();
        held.append(match state {
            State::Replace => self.store.all_paged()?,
            State::Keep => self.named_in(text, contexts)?,
        });
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| worker::Error::RustError(error.to_string()))?;
        let what = Import { text, state, new_key: BucketKey::from_bytes(bytes) };
        let before = ground.has_document().then_some(&ground.ruleset);
        import(&held, before, what, by)?.map_err(|error| Problem::document(&error))
    }

    /// The rows on pages about whom the document and the contexts name.
    fn named_in(&self, text: &str, contexts: &[Context]) -> Result<Rows, Problem> {
        let Some(rows) = Rows::split(text) else { return Ok(Rows::default()) };
        let mut keys: BTreeSet<RowKey> = BTreeSet::new();
        keys.extend(rows.owners().cloned());
        for kind in OwnerKind::ALL {
            keys.extend(contexts.iter().filter_map(|context| Some(RowKey::of(kind.into(), &kind.id(context)?))));
        }
        if keys.len() > MANY {
            return Ok(self.store.all_paged()?);
        }
        let customers: Vec<RowKey> = keys.iter().filter(|key| key.kind == RowKind::Customer).cloned().collect();
        let memberships = customers.into_iter().map(|key| RowKey { kind: RowKind::Membership, ..key }).collect::<Vec<_>>();
        let mut found = self.store.some(keys.iter().chain(&memberships))?;
        let organizations: Vec<RowKey> = memberships
            .iter()
            .filter_map(|key| Some(RowKey::of(RowKind::Organization, &serde_json::from_str::<String>(found.text(key)?).ok()?)))
            .collect();
        found.append(self.store.some(organizations.iter())?);
        Ok(found)
    }

    /// The contexts among these that would get another answer.
    fn blast(&self, ground: &Ground, after: &Ruleset, rows: &Rows, contexts: &[Context], now: Millis) -> Result<Blast, Problem> {
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

/// The context, with the organization of its customer where it names none.
fn with_organization(context: &Context, rows: &Rows) -> Context {
    let known = OwnerKind::Customer.id(context).and_then(|customer| organization_of(rows, &customer));
    match known.filter(|_| OwnerKind::Organization.id(context).is_none()) {
        Some(organization) => context.clone().string("organizationId", &organization),
        None => context.clone(),
    }
}

fn tagged(body: &str, version: Version) -> Result<Response, Problem> {
    let response = json(Ok(body.to_owned()))?;
    if version.number > 0 {
        response.headers().set("etag", Etag::version(version).as_str())?;
    }
    Ok(response)
}

/// A document to try, and on whom.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tried {
    document: Box<RawValue>,
    #[serde(default)]
    contexts: Vec<Box<RawValue>>,
}

impl Tried {
    /// `None` where the body is the document itself: that has a schema, and no member `document`.
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
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    /// The contexts that would get another answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    blast_radius: Option<Blast>,
    /// The differences from the version before.
    changes: Vec<Changed>,
    /// How many errors the document has.
    error_count: usize,
    /// The parts of the document that are left out, and why: of more errors than the core keeps, the first.
    errors: Vec<Fault>,
    /// The flags whose state in the hub differs from the document's and stays.
    kept: Vec<Kept>,
    /// How many records say so.
    records: usize,
    /// The version that serves now; 0 where there is none.
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
struct Kept {
    pointer: String,
}

impl View {
    fn of(imported: &Imported) -> Self {
        let changes = imported.changes.iter();
        Self {
            blast_radius: None,
            changes: changes.map(|change| Changed { kind: change.kind.as_str(), pointer: change.pointer.clone() }).collect(),
            error_count: imported.error_count,
            errors: imported.errors.iter().map(Fault::of).collect(),
            kept: imported.kept.iter().map(|pointer| Kept { pointer: pointer.clone() }).collect(),
            records: imported.outcome.changes.len(),
            version: 0,
            warnings: imported.warnings.iter().map(Fault::of).collect(),
        }
    }
}

/// The contexts that would get another answer, by flag.
#[derive(Serialize)]
struct Blast {
    /// How many contexts were tried,
    contexts: usize,
    /// and how many of them would get another answer.
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
    /// The number of the context.
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
