//! `POST /api/admin/overrides/import`: overrides of any number of owners, as lines of JSON.
//!
//! A body is taken in slices of [`ndjson`](crate::hub::ndjson). A slice is one turn of the hub and one transaction: its rows, its record,
//! and how far the import has come. Other commands go between slices. An import has an id of the client's: lines that were taken are
//! passed over when they come again, so that an import that was cut goes on where it was; other lines under its id are refused.
use std::{collections::BTreeSet, time::Duration};

use control::{BulkMode, CommandOutcome, LineTree, OverrideLine, OverridesSlice, change::Actor, rows::RowKey};
use sdk_core::OwnerKind;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use worker::{Delay, Request, Response};

use super::{
    body::Given,
    check_reason_given, json, read,
    taken_lines::{LinesHash, TakenLines},
};
use crate::{
    clock,
    hub::{
        FlagHub,
        journaled::TRIES,
        named_rows,
        ndjson::{BodyLines, Line, MOST_LINE, Slice},
        record::{self, Beside},
        stored_edits::StoredEdits,
        wire,
    },
    problem::Problem,
    query::Query,
    settings,
    store::{self, Read},
};

/// The time between two slices, in which the hub answers others.
const PAUSE: Duration = Duration::from_millis(1);
/// The most refused lines of an import that its progress names.
const MOST_ERRORS: usize = 100;
/// The most bytes of the reason for which a line is refused.
const MOST_DETAIL: usize = 300;

/// An import, as a request names it.
struct Asked {
    import: String,
    mode: BulkMode,
    skips_errors: bool,
    is_dry_run: bool,
    /// The number of the first line of the body.
    from: u64,
    actor: String,
    role: String,
    on_behalf_of: Option<String>,
    reason: String,
}

impl Asked {
    fn of(request: &Request, query: &Query) -> Result<Self, Problem> {
        let headers = request.headers();
        let header = |name: &str| Ok::<_, Problem>(headers.get(name)?.map(|value| wire::decoded(&value)).unwrap_or_default());
        if headers.get("if-match")?.is_some() {
            return Err(Problem::malformed("expected no If-Match: an import of overrides makes many versions, and others go between them"));
        }
        let (actor, role) = (header(wire::ACTOR)?, header(wire::ROLE)?);
        check_reason_given(&actor, query.get("reason"))?;
        let on_behalf_of = query.get("changedBy").map(str::to_owned);
        if on_behalf_of.is_some() && role != "service" {
            return Err(Problem::wrong_credentials("the role service for changedBy; who changes is the token's subject"));
        }
        let mode = query.get("mode").map_or(Some(BulkMode::Merge), BulkMode::from_name);
        let skips_errors = match query.get("onError") {
            None | Some("stop") => false,
            Some("skip") => true,
            Some(_) => return Err(Problem::malformed("expected onError to be stop or skip")),
        };
        let from = query.number("from")?.unwrap_or(1);
        if from == 0 {
            return Err(Problem::malformed("expected from to be the number of the body's first line; the first line of an import is 1"));
        }
        Ok(Self {
            import: import_id(query.get("import"))?,
            mode: mode.ok_or_else(|| Problem::malformed("expected mode to be merge or replace"))?,
            skips_errors,
            is_dry_run: query.flag("dryRun")?,
            from: from.into(),
            actor,
            role,
            on_behalf_of,
            reason: query.get("reason").ok_or_else(|| Problem::malformed("expected a reason"))?.to_owned(),
        })
    }
}

/// The id of an import; refused unless it has 1 to 64 letters, digits, dots, hyphens and underscores.
fn import_id(given: Option<&str>) -> Result<String, Problem> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let id = given.filter(|id| (1..=64).contains(&id.len()) && id.bytes().all(is_plain));
    id.map(str::to_owned).ok_or_else(|| Problem::malformed("expected import to be an id of 1 to 64 letters, digits, '.', '_' and '-'"))
}

/// The progress of an import. The store keeps it, and responses show it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Progress {
    /// The lines that changed something.
    changed: u64,
    /// The first refused lines.
    errors: Vec<LineError>,
    /// The first version that the import made; `None` if it has made none.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_version: Option<u32>,
    import: String,
    /// The number of the last line that was taken; the import goes on with the next one.
    lines: u64,
    mode: String,
    /// The lines for an owner that an earlier line of the import had changed or stands in the same slice: the later one counts.
    repeated: u64,
    /// The lines that were refused and passed over.
    skipped: u64,
    /// The line that stopped the import; `None` since the import goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<LineError>,
    /// The lines that changed nothing.
    unchanged: u64,
    /// The newest version that the import made.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
}

/// An import as the store keeps it.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(flatten)]
    progress: Progress,
    #[serde(default)]
    taken: TakenLines,
}

/// The reason why a line was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct LineError {
    code: String,
    detail: String,
    line: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
}

impl LineError {
    fn of(line: u64, problem: &Problem) -> Self {
        let mut detail = problem.detail.clone();
        detail.truncate(detail.floor_char_boundary(MOST_DETAIL));
        // The place in a tree with long names tells less than the line's number.
        let pointer = problem.pointer().filter(|pointer| pointer.len() <= MOST_DETAIL).map(str::to_owned);
        Self { code: problem.code.to_owned(), detail, line, pointer }
    }
}

impl Progress {
    /// An import of which no line was taken.
    fn of(import: &str, mode: BulkMode) -> Self {
        Self { import: import.to_owned(), mode: mode.as_str().to_owned(), ..Self::default() }
    }

    /// The lines of a slice that were not taken yet; `None` if all were. Refuses another mode, and lines behind others that did not come.
    fn untaken(&self, mut slice: Slice, mode: BulkMode) -> Result<Option<Slice>, Problem> {
        if self.mode != mode.as_str() {
            let detail = format!("this import began with mode={}: go on with that, or begin another", self.mode);
            return Err(Problem::refused(409, "OTHER_MODE", detail, String::new()));
        }
        if slice.first > self.lines + 1 {
            let detail = format!("the import goes on with line {}, and line {} came", self.lines + 1, slice.first);
            let members = format!(r#""progress":{}"#, self.text()?);
            return Err(Problem::refused(409, "IMPORT_GAP", detail, String::new()).with_members(members));
        }
        slice.lines.retain(|(number, _)| *number > self.lines);
        Ok((slice.last > self.lines).then_some(slice))
    }

    fn text(&self) -> Result<String, Problem> {
        Ok(serde_json::to_string(self).map_err(worker::Error::from)?)
    }

    /// Refuses a request whose line stopped the import. The lines before it are taken.
    fn check_goes_on(&self) -> Result<(), Problem> {
        let Some(error) = &self.stopped else { return Ok(()) };
        let stored = match self.lines {
            0 => "no line is taken".to_owned(),
            lines => format!("the lines up to {lines} are taken"),
        };
        let LineError { line, detail, .. } = error;
        let told =
            format!("line {line}: {detail}; {stored}: mend the line and send the import again, or pass over such lines by onError=skip");
        let refused = Problem::refused(422, "LINE_REFUSED", told, error.pointer.clone().unwrap_or_default());
        Err(refused.with_members(format!(r#""progress":{}"#, self.text()?)))
    }
}

impl FlagHub {
    /// POST `?import=&mode=merge|replace&onError=stop|skip&from=&dryRun=&reason=&changedBy=`, lines of [`Body`].
    pub(super) async fn import_overrides(&self, mut request: Request) -> Result<Response, Problem> {
        self.import_first_if_empty().await?;
        self.check_open()?;
        let mut query = Query::any(&request.inner().url())?;
        self.take_environment(&mut query)?;
        let asked = Asked::of(&request, &query)?;
        if !self.ground()?.has_document() {
            return Err(self.nothing_to_serve());
        }
        let mut lines = BodyLines::new(&mut request, asked.from)?;
        let mut tried = Progress { lines: asked.from - 1, ..Progress::of(&asked.import, asked.mode) };
        // Behind a later line nothing tells what stood before it.
        let mut before = (asked.from == 1).then_some(LinesHash::NONE);
        loop {
            let Some(slice) = lines.slice().await? else { break };
            // While the lines were awaited, a restore may have begun, and the token been revoked.
            self.check_open()?;
            self.check_token(&request)?;
            let now = clock::told(&request, &*settings::of(&self.env)?);
            let actor = Actor {
                subject: asked.actor.clone(),
                role: asked.role.clone(),
                on_behalf_of: asked.on_behalf_of.clone(),
                reason: asked.reason.clone(),
                at: now,
            };
            if asked.is_dry_run {
                self.take_slice(&asked, &actor, &mut tried, slice)?;
                tried.check_goes_on()?;
            } else {
                let behind = before.map(|before| before.behind(&slice.lines));
                self.store_whole_slice(&asked, &actor, slice, before).await?;
                before = behind;
            }
            Delay::from(PAUSE).await;
        }
        let progress = if asked.is_dry_run { Some(tried) } else { self.progress(&asked.import)? };
        match progress {
            Some(progress) => json(progress.text()),
            None => Err(Problem::malformed("expected a line at least")),
        }
    }

    /// GET: how far an import has come.
    pub(super) fn show_import(&self, id: &str) -> Result<Response, Problem> {
        let progress = self.progress(&import_id(Some(id))?)?;
        json(progress.ok_or_else(|| Problem::refused(404, "IMPORT_NOT_FOUND", "no import has this id", String::new()))?.text())
    }

    fn progress(&self, import: &str) -> Result<Option<Progress>, Problem> {
        Ok(self.stored_import(import)?.map(|stored| stored.progress))
    }

    fn stored_import(&self, import: &str) -> Result<Option<Stored>, Problem> {
        let text = self.store.import_progress(import)?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose().map_err(worker::Error::from)?)
    }

    /// Stores a slice, again while others are first.
    async fn store_whole_slice(&self, asked: &Asked, actor: &Actor, slice: Slice, before: Option<LinesHash>) -> Result<(), Problem> {
        if self.journal()?.is_none() {
            return self.store_slice(asked, actor, slice, before);
        }
        for _ in 1..TRIES {
            let stored = self.store_slice(asked, actor, slice.clone(), before);
            match self.write_journal().await {
                Err(problem) if problem.is_conflict() => self.catch_up().await?,
                settled => return settled.and(stored),
            }
        }
        Err(Problem::conflict())
    }

    /// Takes the lines that were not taken before, and commits what they write with the progress. Awaits nothing. `hash` is that of the body's
    /// lines before the slice.
    fn store_slice(&self, asked: &Asked, actor: &Actor, slice: Slice, hash: Option<LinesHash>) -> Result<(), Problem> {
        let kept = self.stored_import(&asked.import)?;
        let Stored { progress: before, mut taken } =
            kept.unwrap_or_else(|| Stored { progress: Progress::of(&asked.import, asked.mode), taken: TakenLines::default() });
        if hash.is_some_and(|hash| !taken.agree(hash, &slice.lines)) {
            let detail =
                format!("the import {:?} took other lines: send the same ones again, or choose another id for these", asked.import);
            return Err(Problem::refused(409, "OTHER_LINES", detail, String::new()));
        }
        let Some(slice) = before.untaken(slice, asked.mode)? else { return Ok(()) };
        let (mut progress, lines) = (before.clone(), slice.lines.clone());
        let outcome = self.take_slice(asked, actor, &mut progress, slice)?;
        if progress != before {
            let ground = self.ground()?;
            if !outcome.writes.is_empty() {
                let version = ground.version.number.saturating_add(1);
                progress.first_version.get_or_insert(version);
                progress.version = Some(version);
            }
            taken.add(before.lines, &lines, progress.lines);
            let stored = Stored { progress, taken };
            let text = serde_json::to_string(&stored).map_err(worker::Error::from)?;
            let beside = Beside { again: None, progress: Some(store::Progress { import: &asked.import, text: &text }) };
            record::write(&self.store, &self.ground, ground, outcome, actor, beside, |_, _| Ok(String::new()))?;
            progress = stored.progress;
        }
        progress.check_goes_on()
    }

    /// Takes the lines of a slice up to one that stops the import, and counts them in the progress. Returns what they write.
    fn take_slice(&self, asked: &Asked, actor: &Actor, progress: &mut Progress, slice: Slice) -> Result<CommandOutcome, Problem> {
        let lines: Vec<(u64, Result<OverrideLine, Problem>)> =
            slice.lines.into_iter().map(|(number, line)| (number, parse(line))).collect();
        let sound = || lines.iter().filter_map(|(_, line)| line.as_ref().ok());
        let paged = named_rows::newest(&self.store, &sound().flat_map(OverrideLine::keys).collect())?;
        let mut known: BTreeSet<RowKey> = BTreeSet::new();
        if let Some(first) = progress.first_version {
            let owners: Vec<RowKey> = sound().filter_map(|line| line.keys().next()).collect();
            known.extend(self.store.written_by_import(&owners, &asked.import, first)?);
        }
        let ground = self.ground()?;
        let mut taking = OverridesSlice::new(ground.held(&paged), asked.mode, actor)?;
        let from = progress.lines + 1;
        (progress.lines, progress.stopped) = (slice.last, None);
        for (number, line) in lines {
            let taken = line.and_then(|line| Ok((taking.take(&line)?, line)));
            match taken {
                Ok((is_change, line)) => {
                    *(if is_change { &mut progress.changed } else { &mut progress.unchanged }) += 1;
                    progress.repeated += line.keys().next().map_or(0, |owner| u64::from(!known.insert(owner)));
                }
                Err(problem) if asked.skips_errors => {
                    progress.skipped += 1;
                    if progress.errors.len() < MOST_ERRORS {
                        progress.errors.push(LineError::of(number, &problem));
                    }
                }
                Err(problem) => {
                    (progress.lines, progress.stopped) = (number - 1, Some(LineError::of(number, &problem)));
                    break;
                }
            }
        }
        let edits = StoredEdits::new(&self.store);
        let outcome = taking.finish(&asked.import, (from, progress.lines), Some(&edits))?;
        edits.check()?;
        Ok(outcome)
    }
}

/// A line: a customer or an organization with its overrides, where `null` removes all. A customer may name the organization that it is
/// assigned to, where `null` is none.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    customer_id: Option<String>,
    #[serde(default)]
    organization_id: Given<String>,
    #[serde(default)]
    flags: Given<Box<RawValue>>,
}

fn parse(line: Line) -> Result<OverrideLine, Problem> {
    let text = match line {
        Line::Text(text) => text,
        Line::TooLong => return Err(Problem::malformed(format!("the line has more than {MOST_LINE} bytes"))),
        Line::NotUtf8 => return Err(Problem::malformed("the line is not UTF-8")),
    };
    let Body { customer_id, organization_id, flags } = read(&text)?;
    let (owner, id, organization) = match (customer_id, organization_id) {
        (Some(id), Given::Absent) => (OwnerKind::Customer, id, None),
        (Some(id), Given::Null) => (OwnerKind::Customer, id, Some(None)),
        (Some(id), Given::Value(organization)) => (OwnerKind::Customer, id, Some(Some(organization))),
        (None, Given::Value(id)) => (OwnerKind::Organization, id, None),
        (None, Given::Absent | Given::Null) => return Err(Problem::malformed("expected a customerId or an organizationId")),
    };
    let tree = match flags {
        Given::Absent if organization.is_none() => {
            return Err(Problem::malformed_at("/flags", "expected flags: a tree, or null to remove all"));
        }
        Given::Absent => LineTree::Kept,
        Given::Null => LineTree::Cleared,
        Given::Value(tree) => LineTree::Given(tree.get().to_owned()),
    };
    Ok(OverrideLine { owner, id, tree, organization })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Result<OverrideLine, Problem> {
        parse(Line::Text(text.to_owned()))
    }

    #[test]
    fn a_line_names_one_owner_and_its_overrides() {
        let (customer, organization) = (OwnerKind::Customer, OwnerKind::Organization);
        let given = |tree: &str| LineTree::Given(tree.to_owned());
        let to = |organization: &str| Some(Some(organization.to_owned()));
        for (text, owner, id, tree, assigned) in [
            (r#"{"customerId":"c","flags":{"a": true}}"#, customer, "c", given(r#"{"a": true}"#), None),
            (r#"{"flags":null,"customerId":"c"}"#, customer, "c", LineTree::Cleared, None),
            (r#"{"customerId":"c","organizationId":"o"}"#, customer, "c", LineTree::Kept, to("o")),
            (r#"{"customerId":"c","organizationId":null,"flags":{}}"#, customer, "c", given("{}"), Some(None)),
            (r#"{"organizationId":"o","flags":{}}"#, organization, "o", given("{}"), None),
        ] {
            let expected = OverrideLine { owner, id: id.to_owned(), tree, organization: assigned };
            assert_eq!(line(text).ok(), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_line_of_another_form_is_refused() {
        for text in [
            "",
            "[]",
            r#"["c",null,{}]"#,
            "null",
            r#"{"customerId":"c"}"#,
            r#"{"flags":{}}"#,
            r#"{"organizationId":null,"flags":{}}"#,
            r#"{"customerId":7,"flags":{}}"#,
            r#"{"customerId":"\ud800","flags":{}}"#,
            r#"{"customerId":"a","customerId":"b","flags":{}}"#,
            r#"{"customerId":"a","flags":{},"reason":"no"}"#,
            r#"{"customerId":"a","flags":{}} {}"#,
            "\u{feff}{\"customerId\":\"a\",\"flags\":{}}",
        ] {
            assert_eq!(line(text).err().map(|problem| problem.code), Some("PARSE_ERROR"), "{text}");
        }
        assert!(parse(Line::TooLong).is_err() && parse(Line::NotUtf8).is_err());
    }

    #[test]
    fn an_import_has_a_plain_id() {
        for id in ["a", "2026-11-29_full.1", &"x".repeat(64)] {
            assert_eq!(import_id(Some(id)).ok().as_deref(), Some(id));
        }
        for id in [None, Some(""), Some("a b"), Some("a/b"), Some("ü"), Some(&*"x".repeat(65))] {
            assert!(import_id(id).is_err(), "{id:?}");
        }
    }

    #[test]
    fn lines_are_taken_once_and_none_is_left_out() {
        let slice = |numbers: std::ops::RangeInclusive<u64>| {
            let (first, last) = (*numbers.start(), *numbers.end());
            Slice { first, last, lines: numbers.map(|number| (number, Line::TooLong)).collect() }
        };
        let progress = Progress { lines: 7, ..Progress::of("i", BulkMode::Merge) };
        let taken = |numbers| {
            let slice = progress.untaken(slice(numbers), BulkMode::Merge).map_err(|problem| problem.code)?;
            Ok(slice.map(|slice| slice.lines.iter().map(|(number, _)| *number).collect::<Vec<_>>()))
        };
        assert_eq!(taken(1..=7), Ok(None));
        assert_eq!(taken(5..=9), Ok(Some(vec![8, 9])));
        assert_eq!(taken(8..=9), Ok(Some(vec![8, 9])));
        assert_eq!(taken(9..=9), Err("IMPORT_GAP"));
        // Blank lines are numbered, and have nothing to take.
        let blank = Slice { first: 8, last: 9, lines: Vec::new() };
        assert!(progress.untaken(blank, BulkMode::Merge).is_ok_and(|slice| slice.is_some()));
        assert_eq!(progress.untaken(slice(8..=8), BulkMode::Replace).err().map(|problem| problem.code), Some("OTHER_MODE"));
    }

    #[test]
    fn the_reason_for_a_refused_line_is_kept_short() {
        let problem = Problem::malformed_at("/flags/".to_owned() + &"x".repeat(1_000), "ü".repeat(1_000));
        let error = LineError::of(7, &problem);
        assert!(error.detail.len() <= MOST_DETAIL && error.pointer.is_none(), "{error:?}");
    }
}
