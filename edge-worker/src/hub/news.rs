//! The hub's answers to isolates and readers that ask for the newest ruleset: the whole document, or what changed since a version.
use std::{cell::RefCell, collections::BTreeSet, rc::Rc};

use control::{
    environments, first_environment,
    rows::{DocumentDigest, RowKey, RowKind},
};
use sdk_core::BucketKey;
use serde_json::value::RawValue;

use super::{ground::Ground, keys_in_use, receipts, wire::RulesetAnswer};
use crate::{etag::Etag, problem::Problem, store::Store, version::Version};

/// The most rows that may have been written since a version, overrides included, for an answer with changes.
const MOST_CHANGES: u32 = 1_000;

/// The newest answers: all isolates ask for the same.
#[derive(Default)]
pub(super) struct News {
    whole: RefCell<Option<(Version, Rc<str>)>>,
    changes: RefCell<Option<Changes>>,
}

/// The newest answer with changes.
struct Changes {
    since: Version,
    /// The version that they lead to.
    to: Version,
    proof: Proof,
    text: Rc<str>,
}

/// The way in which an isolate checks that changed rows lead to the hub's document.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// By the digest of the document, which costs what changed.
    Digest,
    /// By the document's entity tag, as isolates of earlier releases do.
    EntityTag,
}

impl News {
    /// The whole ruleset. `refused` is the reason why the document that the deployment brings is not served.
    pub(super) fn whole(&self, store: &impl Store, ground: &Ground, refused: Option<String>) -> Result<Rc<str>, Problem> {
        let held = self.whole.borrow().as_ref().filter(|(held, _)| *held == ground.version).map(|(_, text)| Rc::clone(text));
        if let Some(text) = held {
            return Ok(text);
        }
        let refusal = ground.refusal().map(|error| Problem::document(error).detail);
        let is_served = ground.has_document() && refusal.is_none();
        let document = is_served.then(|| RawValue::from_string(ground.sound().compose(false)).map_err(worker::Error::from)).transpose()?;
        let keys = keys_in_use(ground)?;
        let answer = RulesetAnswer {
            pages: store.pages(None)?,
            document: document.as_deref(),
            stream_key: store.stream_key()?,
            refused: refusal.or(refused),
            receipts: receipts::key(store)?,
            ..about(ground, Some(&keys))
        };
        let text: Rc<str> = serde_json::to_string(&answer).map_err(worker::Error::from)?.into();
        self.whole.replace(Some((ground.version, Rc::clone(&text))));
        Ok(text)
    }

    /// The whole ruleset that was last asked for, with its version.
    pub(super) fn held(&self) -> Option<(Version, Rc<str>)> {
        self.whole.borrow().clone()
    }

    /// Forgets all answers: the store is about to be replaced.
    pub(super) fn forget(&self) {
        self.whole.replace(None);
        self.changes.replace(None);
    }

    /// The changes since a version; `None` if the whole ruleset must be sent: the version is of another epoch, the document has errors, or
    /// the changes are not shorter.
    pub(super) fn changes(&self, store: &impl Store, ground: &Ground, since: Version, proof: Proof) -> Result<Option<Rc<str>>, Problem> {
        let is_held = |held: &&Changes| (held.since, held.to, held.proof) == (since, ground.version, proof);
        if let Some(Changes { text, .. }) = self.changes.borrow().as_ref().filter(is_held) {
            return Ok(Some(Rc::clone(text)));
        }
        let is_known = since.epoch == ground.version.epoch && (1..ground.version.number).contains(&since.number);
        if !is_known || !ground.has_document() || ground.error_count > 0 {
            return Ok(None);
        }
        let Some(written) = store.written_since(since.number, MOST_CHANGES)? else { return Ok(None) };
        let Some(Written { rows, has_keys }) = Written::of(written) else { return Ok(None) };
        let text = |key: &RowKey| ground.rows.text(key).map(str::to_owned);
        let rows: Vec<_> = rows
            .into_iter()
            .map(|key| (key.kind.as_str().to_owned(), text(&key), key.name))
            .map(|(kind, text, name)| (kind, name, text))
            .collect();
        let digest = if rows.is_empty() { None } else { Some(ground.digest()) };
        let bytes: usize = rows.iter().map(|(_, name, text)| name.len() + text.as_ref().map_or(0, String::len)).sum();
        if digest.is_some_and(|digest| bytes >= digest.bytes()) {
            return Ok(None);
        }
        let tag = |_| Etag::strong(ground.rows.compose(false).as_bytes()).into_text();
        let (digest, sum) = match proof {
            Proof::Digest => (digest.map(DocumentDigest::to_text), None),
            Proof::EntityTag => (None, digest.map(tag)),
        };
        let keys = if has_keys { Some(keys_in_use(ground)?) } else { None };
        let mut pages = store.pages(None)?;
        pages.retain(|(_, version)| *version > since.number);
        let receipts = receipts::key(store)?;
        let stream_key = store.stream_key()?;
        let answer =
            RulesetAnswer { pages, since: Some(since.number), rows, digest, sum, stream_key, receipts, ..about(ground, keys.as_deref()) };
        let text: Rc<str> = serde_json::to_string(&answer).map_err(worker::Error::from)?.into();
        self.changes.replace(Some(Changes { since, to: ground.version, proof, text: Rc::clone(&text) }));
        Ok(Some(text))
    }
}

/// An answer without a document, pages or changes.
fn about<'a>(ground: &Ground, keys: Option<&'a [Box<RawValue>]>) -> RulesetAnswer<'a> {
    let registered = |_| environments(&ground.rows).map(|(name, registered)| (name.to_string(), registered.created_at.0)).collect();
    RulesetAnswer {
        epoch: ground.version.epoch,
        version: ground.version.number,
        bucket_key: ground.rows.bucket_key().map(BucketKey::to_hex).unwrap_or_default(),
        keys: keys.map(|keys| keys.iter().map(|row| &**row).collect()),
        stream_key: None,
        environment: keys.and_then(|_| first_environment(&ground.rows)),
        environments: keys.map(registered).unwrap_or_default(),
        pages: Vec::new(),
        since: None,
        rows: Vec::new(),
        digest: None,
        sum: None,
        document: None,
        errors: ground.error_count,
        refused: None,
        receipts: None,
    }
}

/// The rows that were written since a version, as isolates need them.
struct Written {
    /// The rows of the document, without overrides.
    rows: BTreeSet<RowKey>,
    /// True if keys, environments or a member of the document changed.
    has_keys: bool,
}

impl Written {
    /// Sorts written rows; `None` if the whole document must follow.
    fn of(written: Vec<RowKey>) -> Option<Self> {
        let (mut rows, mut has_keys) = (BTreeSet::new(), false);
        for key in written {
            // A document shows a flag's state only where the definition takes one, so the two go together.
            let beside = match key.kind {
                RowKind::BucketKey => return None,
                RowKind::Key | RowKind::Environment => {
                    has_keys = true;
                    continue;
                }
                RowKind::Member => {
                    has_keys = true;
                    None
                }
                RowKind::Flag => Some(RowKind::State),
                RowKind::State => Some(RowKind::Flag),
                RowKind::Order | RowKind::Segment => None,
                RowKind::Customer
                | RowKind::Organization
                | RowKind::Course
                | RowKind::Membership
                | RowKind::Webhook
                | RowKind::Epoch
                | RowKind::BreakGlass
                | RowKind::Schedule
                | RowKind::RolloutOverride
                | RowKind::Refused => continue,
            };
            rows.extend(beside.map(|kind| RowKey { kind, name: key.name.clone() }));
            rows.insert(key);
        }
        Some(Self { rows, has_keys })
    }
}
