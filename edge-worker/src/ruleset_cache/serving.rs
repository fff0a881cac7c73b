//! A ruleset that requests are answered from, with the overrides of their contexts.
use std::{collections::BTreeMap, rc::Rc};

use control::{
    guard::ReceiptKey,
    rows::{RowKey, RowKind},
};
#[cfg(test)]
use sdk_core::compile;
use sdk_core::{Context, Overrides, OwnerKind, Ruleset};
use worker::Env;

use super::{refresh, serve};
use crate::{
    context_owners::{NoOverrides, Owned, join, memberships},
    environment::Environment,
    held_owners::{self, Lack, Owners, Wanted},
    problem::Problem,
    stream_key::StreamKey,
    version::Version,
};

/// A ruleset to answer one request from.
#[derive(Clone)]
pub(crate) struct Serving {
    pub(super) environment: Environment,
    pub(crate) version: Version,
    pub(crate) ruleset: Rc<Ruleset>,
    /// The hub did not answer when it was asked: there may be a newer version.
    pub(crate) stale: bool,
    /// The number of errors of the stored document, each of which leaves out a part of it.
    pub(crate) errors: usize,
    /// The key of the environment's streams; `None` from a hub of an earlier release.
    pub(crate) stream_key: Option<StreamKey>,
    /// The numbers of the pages of overrides that are not empty, with their versions.
    pub(super) pages: Rc<BTreeMap<u16, u32>>,
    /// The earliest version of this epoch from which on the isolate knows that all but overrides has stayed as it is.
    pub(super) defined: u32,
    /// True for a ruleset of the past, which newer ones do not replace.
    pub(super) is_past: bool,
    /// The key of receipts; `None` if the hub has not told it, and for a ruleset of the past.
    pub(crate) receipts: Option<Rc<ReceiptKey>>,
}

impl Serving {
    /// The overrides of these contexts. Each context gets the organization of its customer, if the customer belongs to one.
    ///
    /// Asks the hub for rows that the isolate does not hold, and then for those of the organizations. If the hub is away, the last known
    /// rows serve, or none, and [`Self::stale`] is set. If the hub was restored since, `self` becomes the restored ruleset, and its
    /// overrides serve.
    pub(crate) async fn overrides<'c>(
        &mut self,
        env: &Env,
        contexts: impl IntoIterator<Item = &'c mut Context>,
    ) -> Result<Overrides, NoOverrides> {
        if self.pages.is_empty() {
            return Ok(Overrides::default());
        }
        // Extended, not collected: collecting brings a sort along for each type, which is a kilobyte or two each.
        let mut contexts: Vec<&mut Context> = contexts.into_iter().collect();
        let (owners, rows) = self.rows(env, &mut contexts).await?;
        Ok(self.compiled(owners.into_iter(), &rows))
    }

    /// The owners that these contexts name or belong to, and their rows. Fetches and joins as [`Self::overrides`] says.
    pub(crate) async fn rows(
        &mut self,
        env: &Env,
        contexts: &mut [&mut Context],
    ) -> Result<(Vec<(OwnerKind, String)>, Owners), NoOverrides> {
        let owners = Owned::of(contexts);
        let mut rows = Owners::new();
        if !self.fetch(env, self.wanted(&owners), &mut rows).await? {
            refresh(env, &self.environment).await;
            if let Some(Ok(restored)) = serve(&self.environment, None).filter(|_| !self.is_past) {
                *self = restored;
                rows.clear();
            }
            self.stale |= !self.fetch(env, self.wanted(&owners), &mut rows).await?;
        }
        let learned = memberships(contexts, &rows);
        let learned = join(contexts, learned);
        self.stale |= !self.fetch(env, self.wanted(&learned), &mut rows).await?;
        Ok((owners.into_iter().chain(learned).collect(), rows))
    }

    /// Returns true if nothing but overrides has changed since a version, as far as the isolate knows.
    pub(crate) fn is_defined_since(&self, since: Version) -> bool {
        since.epoch == self.version.epoch && (self.defined..=self.version.number).contains(&since.number)
    }

    /// Returns true if an owner's page was written on after a version. After a version of another epoch everything was.
    pub(crate) fn is_written_since(&self, kind: OwnerKind, id: &str, since: Version) -> bool {
        let page = RowKey::of(kind.into(), id).page().and_then(|page| self.pages.get(&page));
        since.epoch != self.version.epoch || page.is_some_and(|version| *version > since.number)
    }

    /// The overrides of these contexts, which get their organizations, from the rows that the isolate holds; `None` if the hub must be
    /// asked for some, and then the contexts are as they were.
    pub(crate) fn known_overrides(&self, contexts: &mut [Context]) -> Option<Result<Overrides, NoOverrides>> {
        if self.pages.is_empty() {
            return Some(Ok(Overrides::default()));
        }
        if self.is_past {
            return None;
        }
        let known = |owners: &Owned| held_owners::known(&self.environment, self.version.epoch, &self.wanted(owners));
        let mut contexts: Vec<&mut Context> = contexts.iter_mut().collect();
        let owners = Owned::of(&contexts);
        let mut rows = known(&owners)?;
        let learned = memberships(&contexts, &rows);
        rows.append(&mut known(&Owned::organizations(&learned))?);
        let learned = join(&mut contexts, learned);
        Some(Ok(self.compiled(owners.into_iter().chain(learned), &rows)))
    }

    /// The environment whose ruleset it is.
    pub(crate) const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The rows about these owners, each with the version of its page. Owners on empty pages have none.
    fn wanted(&self, owners: &Owned) -> Wanted {
        let mut wanted = Wanted::new();
        for (kind, id) in owners.iter() {
            let key = RowKey::of((*kind).into(), id);
            let Some(version) = key.page().and_then(|page| self.pages.get(&page)) else { continue };
            if *kind == OwnerKind::Customer {
                wanted.insert(RowKey { kind: RowKind::Membership, name: key.name.clone() }, *version);
            }
            wanted.insert(key, *version);
        }
        wanted
    }

    /// The overrides of owners, compiled from their rows.
    fn compiled(&self, owners: impl Iterator<Item = (OwnerKind, String)>, rows: &Owners) -> Overrides {
        let mut overrides = Overrides::default();
        for (kind, id) in owners {
            if let Some(tree) = rows.get(&RowKey::of(kind.into(), &id)) {
                // The hub reported the errors of the tree when it took the tree.
                let (own, _) = self.ruleset.owner_overrides(kind, &id, tree);
                overrides.insert(kind, id, own);
            }
        }
        overrides
    }

    /// A document's ruleset at a version, without overrides.
    #[cfg(test)]
    pub(crate) fn of_document(document: &str, version: Version) -> Self {
        let ruleset = Rc::new(compile(document, None).unwrap().ruleset);
        let (environment, pages, defined) = (Environment::FIRST, Rc::default(), version.number);
        Self { environment, version, ruleset, stale: false, errors: 0, stream_key: None, pages, defined, is_past: false, receipts: None }
    }

    /// The overrides of one context, which gets the organization of its customer.
    pub(crate) async fn overrides_of(&mut self, env: &Env, context: &mut Context) -> Result<Overrides, Problem> {
        self.overrides(env, [context]).await.map_err(NoOverrides::problem)
    }

    /// Adds these rows. Returns false if the hub is of another epoch than this ruleset, and so has no such rows.
    async fn fetch(&mut self, env: &Env, wanted: Wanted, rows: &mut Owners) -> Result<bool, NoOverrides> {
        if wanted.is_empty() {
            return Ok(true);
        }
        let (environment, epoch) = (&self.environment, self.version.epoch);
        let mut found = if self.is_past {
            held_owners::past(env, environment, epoch, &wanted).await
        } else {
            held_owners::get(env, environment, epoch, &wanted).await
        };
        rows.append(&mut found.rows);
        match found.lack {
            None => Ok(true),
            Some(Lack::Away) => {
                self.stale = true;
                Ok(true)
            }
            Some(Lack::OtherEpoch) => Ok(false),
            Some(Lack::Missing) => Err(NoOverrides::Missing),
        }
    }
}
