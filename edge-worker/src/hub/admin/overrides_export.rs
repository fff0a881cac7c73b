//! `GET /api/admin/overrides/export`: the overrides of all owners as the lines that an import takes, at one version.
use std::time::Duration;

use control::{
    organization_of, override_line,
    rows::{RowKey, RowKind, Rows},
};
use futures_util::stream;
use sdk_core::{OwnerKind, Ruleset};
use worker::{Delay, Response, ResponseBuilder};

use super::AdminRequest;
use crate::{
    etag::Etag,
    hub::FlagHub,
    problem::Problem,
    store::{self, HubStore, Read, Wanted},
    version::Version,
};

/// The most owners that are read at a time.
const PIECE: u32 = 500;
/// The time between two pieces, in which the hub answers others.
const PAUSE: Duration = Duration::from_millis(1);

/// The kinds of owners in the order of an export, each with its name in a query.
const KINDS: [(OwnerKind, &str); 2] = [(OwnerKind::Customer, "customers"), (OwnerKind::Organization, "organizations")];

/// The place of an export: the kinds of owners that are left, and the name in a row's key behind which the first of them goes on.
struct Place {
    kinds: Vec<OwnerKind>,
    after: String,
}

/// The owners that an export names, at one version.
struct Export {
    store: HubStore,
    ruleset: Ruleset,
    version: Version,
    flag: Option<u32>,
}

impl FlagHub {
    /// GET `?kind=customers|organizations&flag=&after=<kind>/<id>&version=`: customers, then organizations, each in the order of their names.
    pub(super) fn export_overrides(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let query = &asked.query;
        let kind = query.get("kind").map(kind_of).transpose()?;
        let mut place = Place { kinds: KINDS.iter().map(|(kind, _)| *kind).collect(), after: String::new() };
        if let Some(after) = query.get("after") {
            let (behind, id) =
                after.split_once('/').ok_or_else(|| Problem::malformed("expected after to be customers/<id> or organizations/<id>"))?;
            let behind = kind_of(behind)?;
            let gone = place.kinds.iter().take_while(|kind| **kind != behind).count();
            place.kinds.drain(..gone);
            place.after = RowKey::of(behind.into(), id).name;
        }
        if let Some(only) = kind {
            if place.kinds.first() != Some(&only) {
                place.after.clear();
            }
            place.kinds.retain(|kind| *kind == only);
        }
        let ground = self.ground()?;
        if !ground.has_document() {
            return Err(self.nothing_to_serve());
        }
        let number = query.number("version")?.unwrap_or(ground.version.number);
        if !(1..=ground.version.number).contains(&number) {
            return Err(Problem::no_version());
        }
        let version = Version { number, ..ground.version };
        let find = |name| ground.ruleset.find(name).ok_or_else(|| Problem::no_flag(name));
        let flag = query.get("flag").map(find).transpose()?;
        let export = Export { store: store::open(&self.state), ruleset: ground.ruleset.clone(), version, flag };
        // The first use of a store mends what a crash left of a restore: here, because one may be going on when the first piece is read.
        export.store.newest()?;
        let lines = stream::try_unfold((export, place), |(export, mut place)| async move {
            loop {
                if export.store.newest()?.epoch != export.version.epoch {
                    return Err(worker::Error::RustError("the hub was restored while its overrides were exported".to_owned()));
                }
                let Some(lines) = export.next(&mut place)? else { return Ok(None) };
                Delay::from(PAUSE).await;
                // An empty piece would end the body.
                if !lines.is_empty() {
                    return Ok::<_, worker::Error>(Some((lines.into_bytes(), (export, place))));
                }
            }
        });
        let response = ResponseBuilder::new().with_header("content-type", "application/x-ndjson")?;
        Ok(response.with_header("etag", Etag::version(version).as_str())?.from_stream(lines)?)
    }
}

fn kind_of(name: &str) -> Result<OwnerKind, Problem> {
    let kind = KINDS.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind);
    kind.ok_or_else(|| Problem::malformed("expected the kind of owners to be customers or organizations"))
}

impl Export {
    /// The lines of the next owners; `None` behind the last.
    fn next(&self, place: &mut Place) -> worker::Result<Option<String>> {
        let Some(owner) = place.kinds.first().copied() else { return Ok(None) };
        let kind = RowKind::from(owner);
        let number = self.version.number;
        let mut names = self.store.owners_at(kind.as_str(), &place.after, number, PIECE)?;
        if owner == OwnerKind::Customer && self.flag.is_none() {
            // A customer of an organization may have no overrides.
            names.extend(self.store.owners_at(RowKind::Membership.as_str(), &place.after, number, PIECE)?);
            names.sort_unstable();
            names.dedup();
            names.truncate(PIECE as usize);
        }
        let Some(last) = names.last() else {
            place.kinds.remove(0);
            place.after.clear();
            return Ok(Some(String::new()));
        };
        place.after.clone_from(last);
        let keys: Vec<RowKey> = names.into_iter().map(|name| RowKey { kind, name }).collect();
        let mut rows = self.store.rows(Wanted::KeysAt(&keys, number))?;
        if owner == OwnerKind::Customer {
            let memberships: Vec<RowKey> = keys.iter().map(|key| RowKey { kind: RowKind::Membership, name: key.name.clone() }).collect();
            rows.append(self.store.rows(Wanted::KeysAt(&memberships, number))?);
        }
        let lines = keys.iter().filter_map(|key| self.line(owner, key, &rows));
        Ok(Some(lines.map(|line| line + "\n").collect()))
    }

    fn line(&self, owner: OwnerKind, key: &RowKey, rows: &Rows) -> Option<String> {
        let id: String = serde_json::from_str(&format!("\"{}\"", key.name)).ok()?;
        let organization = if owner == OwnerKind::Customer { organization_of(rows, &id) } else { None };
        override_line(&self.ruleset, owner, &id, rows.text(key), organization.as_deref(), self.flag)
    }
}
