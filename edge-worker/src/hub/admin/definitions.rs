//! `/api/admin/flags` and `/api/admin/segments`: definitions one by one. Each has an entity tag of its own, so that two operators who change
//! two flags never meet, and a kill or an override makes nobody's tag old.
use control::{
    Command, DefinitionChange, PatchError, Section, patched,
    rows::{RowKey, RowKind, Rows},
};
use sdk_core::{
    Object,
    json::{canonical::write_string, quoted, unquoted},
};
use serde::{Deserialize, de::IgnoredAny};
use worker::{Method, Response};

use super::{AdminRequest, CommandAnswer, body::read, json, view};
use crate::{
    etag::Etag,
    hub::{FlagHub, ground::Ground, wire},
    problem::Problem,
    store::{Read, audit},
};

/// The most definitions in one answer: each tells its last change, which is a query of its own.
const MOST: u32 = 200;

impl FlagHub {
    /// GET `?after=&limit=&archived=`: the definitions of a section by their names, each with its last change. An archived flag was removed,
    /// and its state and its overrides are kept.
    pub(super) fn list_definitions(&self, asked: &AdminRequest, section: Section) -> Result<Response, Problem> {
        let query = &asked.query;
        let limit = query.limit(50, MOST)? as usize;
        let after = unquoted(&quoted(query.get("after").unwrap_or_default())).to_owned();
        let ground = self.ground()?;
        let behind = |name: &&str| query.get("after").is_none() || **name > *after;
        let archived = query.flag("archived")?;
        let is_listed = |name: &&str| !archived || ground.rows.get(RowKind::Flag, name).is_none();
        let listed = ground.rows.of(if archived { RowKind::State } else { section.kind() });
        let names: Vec<&str> = listed.map(|(name, _)| name).filter(behind).filter(is_listed).take(limit + 1).collect();
        let mut out = String::from(r#"{"definitions":["#);
        for (index, name) in names.iter().take(limit).enumerate() {
            out.push_str(if index > 0 { "," } else { "" });
            out.push_str(&self.definition(&ground, &RowKey { kind: section.kind(), name: (*name).to_owned() })?);
        }
        out.push(']');
        if names.len() > limit
            && let Some(last) = names.get(limit - 1)
        {
            out.push_str(&format!(r#","next":"{last}""#));
        }
        json(Ok(out + "}"))
    }

    /// POST `{ reason, changedBy }`: an archived flag serves again, with the definition, the state and the overrides that it had.
    pub(super) fn restore_flag(&self, asked: &AdminRequest, name: &str) -> Result<Response, Problem> {
        let Body { reason, changed_by } = if asked.body.trim().is_empty() { Body::default() } else { read(&asked.body)? };
        let by = asked.by(reason, changed_by)?;
        let ground = self.ground()?;
        let key = RowKey::of(RowKind::Flag, name);
        let definition = match ground.rows.text(&key) {
            Some(text) => text.to_owned(),
            None => self.last_definition(&key)?.ok_or_else(|| not_found(&key))?,
        };
        let (section, definition) = (Section::Flags, Some(definition));
        let change = DefinitionChange { section, name: name.to_owned(), definition, remove: Vec::new(), restore: true };
        self.carry_out(asked, &Command::Define(change), &by)
    }

    /// The definition that a row had last; `None` if there was none.
    fn last_definition(&self, key: &RowKey) -> Result<Option<String>, Problem> {
        let mut below = None;
        while let Some(version) = self.store.last_write(key, below)? {
            let text = self.store.written(key, version)?;
            if text.is_some() {
                return Ok(text);
            }
            below = Some(version);
        }
        Ok(None)
    }

    /// GET: one definition, with its last change; its tag is of the definition alone.
    pub(super) fn show_definition(&self, section: Section, name: &str) -> Result<Response, Problem> {
        let ground = self.ground()?;
        let key = RowKey::of(section.kind(), name);
        let tag = tag(&ground.rows, &key).ok_or_else(|| not_found(&key))?;
        with_tag(json(self.definition(&ground, &key))?, Some(&tag))
    }

    /// PUT the definition, PATCH it by a JSON Patch (RFC 6902), or DELETE it; `?remove=&reason=`. Over a definition that is there,
    /// `If-Match` names its tag.
    pub(super) fn change_definition(&self, asked: &AdminRequest, section: Section, name: &str) -> Result<Response, Problem> {
        if asked.method != Method::Delete {
            serde_json::from_str::<IgnoredAny>(&asked.body).map_err(|error| Problem::malformed(error.to_string()))?;
        }
        let ground = self.ground()?;
        let key = RowKey::of(section.kind(), name);
        let held = ground.rows.text(&key);
        match (tag(&ground.rows, &key), asked.if_match.as_deref()) {
            (Some(tag), None) => return Err(Problem::no_definition_tag(tag.as_str())),
            (Some(tag), Some(given)) if !wire::names(given, &tag) => return Err(Problem::definition_mismatch(Some(tag.as_str()))),
            (None, Some(_)) => return Err(Problem::definition_mismatch(None)),
            (Some(_), Some(_)) | (None, None) => {}
        }
        let definition = match (&asked.method, held) {
            (Method::Delete, _) => None,
            (Method::Patch, None) => return Err(not_found(&key)),
            (Method::Patch, Some(held)) => {
                let refused = |PatchError { pointer, message }| Problem::malformed_at(pointer, message);
                Some(patched(held, &asked.body).map_err(refused)?)
            }
            _ => Some(asked.body.trim().to_owned()),
        };
        let by = asked.by(asked.query.get("reason").map(str::to_owned), None)?;
        let change = DefinitionChange { section, name: name.to_owned(), definition, remove: asked.query.all("remove"), restore: false };
        let after = change.definition.as_deref().map(|text| Etag::strong(text.as_bytes()));
        let decision = self.decide(&by, &Command::Define(change), &[])?;
        // A definition that is only spelled differently stays as it is written.
        let after = if decision.outcome.writes.iter().any(|(written, _)| *written == key) { after } else { tag(&ground.rows, &key) };
        drop(ground);
        let answer = self.commit_and_tell(asked, &by, decision, |written, outcome| {
            Ok(CommandAnswer { kept: view::replayed(written.version, outcome)?, once: Some(view::written(written, outcome, None)?) })
        })?;
        with_tag(answer, after.as_ref())
    }

    /// A definition as JSON: its name, its tag, its state, and its last change.
    fn definition(&self, ground: &Ground, key: &RowKey) -> Result<String, Problem> {
        let held = ground.rows.text(key);
        let last = if held.is_none() { self.last_definition(key)? } else { None };
        let text = held.or(last.as_deref()).unwrap_or("null");
        let mut out = String::new();
        let mut object = Object::open(&mut out);
        if held.is_none() {
            object.member("archived").push_str("true");
        }
        object.member("definition").push_str(&shown(text));
        if held.is_some() {
            write_string(object.member("etag"), Etag::strong(text.as_bytes()).as_str());
        }
        let query = match key.kind {
            RowKind::Flag => audit::ChangesQuery { flags: vec![key.name.clone()], limit: 1, ..audit::ChangesQuery::default() },
            _ => audit::ChangesQuery { pointer: Some(key.pointer()), limit: 1, ..audit::ChangesQuery::default() },
        };
        let last = self.store.changes(&query)?;
        let last = last.entries.first().map(view::stored).transpose()?;
        object.member("lastChange").push_str(last.as_ref().map_or("null", |last| last.get()));
        object.member("name").push_str(&format!("\"{}\"", key.name));
        if let Some(refused) = ground.rows.refused_text(key) {
            object.member("refused").push_str(&shown(&refused));
        }
        if key.kind == RowKind::Flag {
            object.member("state").push_str(ground.rows.get(RowKind::State, &key.name).unwrap_or("{}"));
        }
        object.close();
        Ok(out)
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    reason: Option<String>,
    changed_by: Option<String>,
}

/// The entity tag of a definition; `None` if there is none.
fn tag(rows: &Rows, key: &RowKey) -> Option<Etag> {
    rows.text(key).map(|text| Etag::strong(text.as_bytes()))
}

fn not_found(key: &RowKey) -> Problem {
    Problem::refused(404, "NOT_FOUND", format!("the document has no {}", key.pointer()), String::new())
}

/// A definition as JSON: one that stands twice in its document is no value, and is told as text.
fn shown(text: &str) -> String {
    if serde_json::from_str::<IgnoredAny>(text).is_ok() { text.to_owned() } else { quoted(text) }
}

/// An answer with the tag of a definition, or with none.
fn with_tag(answer: Response, tag: Option<&Etag>) -> Result<Response, Problem> {
    match tag {
        Some(tag) => answer.headers().set("etag", tag.as_str())?,
        None => answer.headers().delete("etag")?,
    }
    Ok(answer)
}
