//! Audit records of changes, in a chain that reveals altered and removed records.
//!
//! Sealing a record writes its payload as canonical JSON. The hash of each record commits to the hash of the record before, to its own
//! number and version, to the hash of its payload, and to that of the rows that its version wrote. So a payload can be erased and the
//! chain still holds; the payload has a random id, so that nobody guesses an erased one from its hash. And a row that was altered in the
//! store no longer has the hash that its record names.
mod action;

use alloc::{
    format,
    string::{String, ToString as _},
};

use sdk_core::{
    Millis, hex,
    json::{
        Object,
        canonical::{canonical_text, write_string},
    },
};
use sha2::{Digest as _, Sha256};

pub use self::action::Action;

/// The longest old or new value that a record holds whole, in bytes; of a longer one it holds the length and the hash.
const MAX_JSON: usize = 32_000;

/// The actor who gave a command, their reason, and the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The subject of the token; `system` for the hub itself.
    pub subject: String,
    /// The role by which the actor may give the command.
    pub role: String,
    /// The person for whom the actor says they act; `None` if nobody is named.
    pub on_behalf_of: Option<String>,
    /// The reason, in the actor's words.
    pub reason: String,
    /// The moment of the command, by the clock of the hub.
    pub at: Millis,
}

/// The beginning of the subject of an API token; its name follows.
pub const TOKEN_PREFIX: &str = "token:";

/// The subject of the break-glass token.
pub const BREAK_GLASS: &str = "break-glass";

/// Returns true for the subjects that the edge gives to its own tokens: no issuer's token may have one.
pub fn is_own_subject(subject: &str) -> bool {
    subject == BREAK_GLASS || subject.starts_with(TOKEN_PREFIX)
}

/// The reason in a record whose actor gave none.
pub const NO_REASON: &str = "no reason was given";

impl Actor {
    /// Returns true if the actor gave a reason.
    pub fn has_reason(&self) -> bool {
        self.reason != NO_REASON
    }

    /// The hub itself, which acts for a reason of its own and on behalf of nobody.
    pub fn system(reason: impl Into<String>, at: Millis) -> Self {
        Self { subject: "system".into(), role: "system".into(), on_behalf_of: None, reason: reason.into(), at }
    }
}

/// One change, of which [`Record::seal`] makes an audit record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The kind of the change.
    pub action: Action,
    /// The key of the changed flag; `None` if the change is about no flag.
    pub flag: Option<String>,
    /// The changed place in the document, as a JSON pointer; only for a change that is about no flag.
    pub pointer: Option<String>,
    /// The id of the customer whose answers change; `None` for a change that is about no customer.
    pub customer: Option<String>,
    /// The id of the organization whose answers change; `None` for a change that is about no organization.
    pub organization: Option<String>,
    /// The boolean before: the value that was in effect, or true for a flag that was switched on.
    pub old_value: Option<bool>,
    /// The boolean after the change.
    pub new_value: Option<bool>,
    /// The old value, as JSON; `None` if there was none.
    pub old: Option<String>,
    /// The new value, as JSON; `None` if there is none.
    pub new: Option<String>,
    /// True if the customer or the organization had an override of the flag before.
    pub had_override: bool,
    /// True if the actor forced an advance that the time or the gate stood against.
    pub forced: bool,
    /// The environment from which the definition was copied, with its version, as JSON; `None` if it was not copied.
    pub copied_from: Option<String>,
    /// The id of the change that was reverted; `None` for another action.
    pub reverts: Option<String>,
    /// The number of the record whose payload was erased; `None` for another action.
    pub erases: Option<u64>,
    /// The guard's evidence for its decision, as JSON; `None` for the change of another actor.
    pub evidence: Option<String>,
    /// The id of the schedule that the change is about, or that carried it out; `None` for another change.
    pub schedule: Option<String>,
}

impl Change {
    /// No change of a row: from this record on, the trail commits to all rows.
    pub fn baseline() -> Self {
        Self::new(Action::Baseline)
    }

    /// No change of a row: the guard had evidence against the rollout of this flag, and held it.
    pub fn held(flag: String, evidence: String) -> Self {
        Self { flag: Some(flag), evidence: Some(evidence), ..Self::new(Action::RolloutHeld) }
    }

    /// No change of a row: the payload of the record with this number was erased.
    pub fn erasure(record: u64) -> Self {
        Self { erases: Some(record), ..Self::new(Action::Erased) }
    }

    /// A change with this action and every other field empty; fill in what applies with struct update.
    pub(crate) fn new(action: Action) -> Self {
        Self {
            action,
            flag: None,
            pointer: None,
            customer: None,
            organization: None,
            old_value: None,
            new_value: None,
            old: None,
            new: None,
            had_override: false,
            forced: false,
            copied_from: None,
            reverts: None,
            erases: None,
            evidence: None,
            schedule: None,
        }
    }
}

/// A SHA-256 hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The hash that stands before the first record: all zero.
    pub const NONE: Self = Self([0; 32]);

    /// The hash of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash as 64 lower-case hexadecimal digits.
    pub fn to_hex(self) -> String {
        hex::encode(&self.0)
    }

    /// Reads 64 lower-case hexadecimal digits; `None` if the text is anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        hex::decode_lower(text).map(Self)
    }
}

/// Hashes bytes that come in pieces, by SHA-256.
#[derive(Clone, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Takes the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all pieces.
    pub fn finish(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

/// The place of a record in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The number of the record; the first is 1.
    pub sequence: u64,
    /// The version of the hub that the change made.
    pub version: u32,
}

/// A record as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The place of the record in the chain.
    pub link: Link,
    /// The change, its actor and its place, as canonical JSON.
    pub payload: String,
    /// The hashes that the record commits to, and that of the chain up to it.
    pub hashes: Hashes,
}

/// The hashes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashes {
    /// The hash of the record's payload.
    pub payload: Hash,
    /// The hash of the rows that the record's version wrote, by [`RowsHasher::new`]; all records of a version have the same. That of
    /// [`Action::Baseline`] is of all rows that served at its version, by [`RowsHasher::of_all`]. `None` in a record of a release whose
    /// records did not commit to rows.
    pub rows: Option<Hash>,
    /// The hash of the chain up to and with the record.
    pub chain: Hash,
}

impl Record {
    /// Seals a change behind the record whose hash is `before`. `id` is random: a UUID. `rows` is the hash of the rows of its version.
    pub fn seal(change: &Change, actor: &Actor, link: Link, id: &str, rows: Hash, before: Hash) -> Self {
        let payload = payload(change, actor, link, id);
        let payload_hash = Hash::of(payload.as_bytes());
        let hashes = Hashes { payload: payload_hash, rows: Some(rows), chain: chained(before, link, payload_hash, Some(rows)) };
        Self { link, payload, hashes }
    }
}

/// The hash of the chain with one more record. `rows` is `None` for a record of a release whose records did not commit to rows.
pub fn chained(before: Hash, link: Link, payload: Hash, rows: Option<Hash>) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(if rows.is_some() { b"twinflag/chain/2\n" } else { b"twinflag/chain/1\n" });
    hasher.update(before.0);
    hasher.update(link.sequence.to_be_bytes());
    hasher.update(link.version.to_be_bytes());
    hasher.update(payload.0);
    if let Some(rows) = rows {
        hasher.update(rows.0);
    }
    Hash(hasher.finalize().into())
}

/// Hashes the rows that one version wrote, or all that serve, in the order of their kinds and names as bytes.
#[derive(Clone)]
pub struct RowsHasher(Sha256);

impl RowsHasher {
    /// Begins with the moment at which the version was made.
    pub fn new(made: Millis) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(b"twinflag/rows/1\n");
        hasher.update(made.0.to_be_bytes());
        Self(hasher)
    }

    /// Begins with the version at which all rows serve.
    pub fn of_all(version: u32) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(b"twinflag/rows-of-all/1\n");
        hasher.update(version.to_be_bytes());
        Self(hasher)
    }

    /// Takes the next row: the name of its kind, its name, its page if it has one, and its text; `None` if the version removed the row.
    #[must_use]
    pub fn row(mut self, kind: &str, name: &str, page: Option<u16>, text: Option<&str>) -> Self {
        for part in [Some(kind), Some(name), text] {
            // A length that no text can have stands for `None`.
            self.0.update(part.map_or(u64::MAX, |part| part.len() as u64).to_be_bytes());
            self.0.update(part.unwrap_or_default());
        }
        self.0.update(page.unwrap_or(u16::MAX).to_be_bytes());
        self
    }

    /// The hash of all rows.
    pub fn finish(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

/// Walks a chain of records from the first on, and checks each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verifier {
    head: Hash,
    sequence: u64,
}

impl Default for Verifier {
    fn default() -> Self {
        Self { head: Hash::NONE, sequence: 0 }
    }
}

impl Verifier {
    /// Goes on behind a record that was checked before, with this hash and this number.
    pub fn behind(head: Hash, sequence: u64) -> Self {
        Self { head, sequence }
    }

    /// Checks the next record; an erased one has no payload. The error is a sentence about the fault, for people.
    pub fn next(&mut self, link: Link, payload: Option<&str>, hashes: Hashes) -> Result<(), String> {
        let Link { sequence, .. } = link;
        let expected = self.sequence + 1;
        if sequence != expected {
            return Err(format!("record {expected} is missing; {sequence} follows"));
        }
        if payload.is_some_and(|payload| Hash::of(payload.as_bytes()) != hashes.payload) {
            return Err(format!("the payload of record {sequence} was altered"));
        }
        if chained(self.head, link, hashes.payload, hashes.rows) != hashes.chain {
            return Err(format!("the chain does not hold at record {sequence}"));
        }
        *self = Self { head: hashes.chain, sequence };
        Ok(())
    }

    /// The hash of the newest record, and its number.
    pub fn head(&self) -> (Hash, u64) {
        (self.head, self.sequence)
    }
}

/// The payload of a record: canonical JSON, its members written in their sorted order.
fn payload(change: &Change, actor: &Actor, link: Link, id: &str) -> String {
    let mut out = String::new();
    let mut object = Object::open(&mut out);
    write_string(object.member("action"), change.action.as_str());
    write_string(object.member("changedAt"), &actor.at.to_rfc3339());
    write_string(object.member("changedBy"), &actor.subject);
    json(&mut object, "copiedFrom", change.copied_from.as_deref());
    text(&mut object, "customerId", change.customer.as_deref());
    if let Some(record) = change.erases {
        object.member("erases").push_str(&record.to_string());
    }
    json(&mut object, "evidence", change.evidence.as_deref());
    text(&mut object, "flagPath", change.flag.as_deref());
    if change.forced {
        boolean(&mut object, "forced", Some(true));
    }
    boolean(&mut object, "hadOverride", Some(change.had_override));
    write_string(object.member("id"), id);
    json(&mut object, "newJson", change.new.as_deref());
    boolean(&mut object, "newValue", change.new_value);
    json(&mut object, "oldJson", change.old.as_deref());
    boolean(&mut object, "oldValue", change.old_value);
    text(&mut object, "onBehalfOf", actor.on_behalf_of.as_deref());
    text(&mut object, "organizationId", change.organization.as_deref());
    text(&mut object, "pointer", change.pointer.as_deref());
    write_string(object.member("reason"), &actor.reason);
    text(&mut object, "reverts", change.reverts.as_deref());
    write_string(object.member("role"), &actor.role);
    text(&mut object, "schedule", change.schedule.as_deref());
    object.member("sequence").push_str(&link.sequence.to_string());
    object.member("version").push_str(&link.version.to_string());
    object.close();
    out
}

/// Appends a member with a text, if there is one.
pub(crate) fn text(object: &mut Object<'_>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        write_string(object.member(name), value);
    }
}

fn boolean(object: &mut Object<'_>, name: &str, value: Option<bool>) {
    if let Some(value) = value {
        object.member(name).push_str(if value { "true" } else { "false" });
    }
}

fn json(object: &mut Object<'_>, name: &str, value: Option<&str>) {
    let Some(value) = value else { return };
    let canonical = canonical_text(value).filter(|canonical| canonical.len() <= MAX_JSON);
    let out = object.member(name);
    if let Some(canonical) = canonical {
        out.push_str(&canonical);
    } else {
        let hash = Hash::of(value.as_bytes()).to_hex();
        out.push_str(&format!(r#"{{"bytes":{},"sha256":"{hash}"}}"#, value.len()));
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn actor() -> Actor {
        Actor {
            subject: "ann".into(),
            role: "admin".into(),
            on_behalf_of: None,
            reason: "why \"not\"".into(),
            at: Millis(1_700_000_000_000),
        }
    }

    fn records(count: u64) -> Vec<Record> {
        let mut records: Vec<Record> = Vec::new();
        for sequence in 1..=count {
            let before = records.last().map_or(Hash::NONE, |record| record.hashes.chain);
            let change = Change { flag: Some("a.b".into()), new_value: Some(sequence % 2 == 0), ..Change::new(Action::OverrideSet) };
            let link = Link { sequence, version: u32::try_from(sequence).unwrap() + 4 };
            records.push(Record::seal(&change, &actor(), link, "id", Hash::of(&sequence.to_be_bytes()), before));
        }
        records
    }

    fn verify(records: &[Record]) -> Result<(Hash, u64), String> {
        let mut verifier = Verifier::default();
        for Record { link, payload, hashes } in records {
            verifier.next(*link, Some(payload).filter(|payload| !payload.is_empty()).map(String::as_str), *hashes)?;
        }
        Ok(verifier.head())
    }

    #[test]
    fn a_payload_is_canonical_json() {
        let change = Change {
            customer: Some("c-1".into()),
            flag: Some("a.b".into()),
            old_value: Some(false),
            new_value: Some(true),
            new: Some("{\"b\": 1.0, \"a\":\"on\"}".into()),
            ..Change::new(Action::OverrideSet)
        };
        let record = Record::seal(&change, &actor(), Link { sequence: 3, version: 9 }, "u-1", Hash::NONE, Hash::NONE);
        let expected = r#"{"action":"override.set","changedAt":"2023-11-14T22:13:20.000Z","changedBy":"ann","customerId":"c-1","flagPath":"a.b","hadOverride":false,"id":"u-1","newJson":{"a":"on","b":1},"newValue":true,"oldValue":false,"reason":"why \"not\"","role":"admin","sequence":3,"version":9}"#;
        assert_eq!(record.payload, expected);
        assert_eq!(canonical_text(&record.payload).as_deref(), Some(expected));
    }

    /// Computed with `sha256sum` and with Python's `hashlib`: the empty text, a chain of one link over it by both forms, two rows of
    /// a version, and one of all.
    #[test]
    fn hashes_are_those_of_another_program() {
        assert_eq!(Hash::of(b"").to_hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        let link = chained(Hash::NONE, Link { sequence: 1, version: 2 }, Hash::of(b""), None);
        assert_eq!(link.to_hex(), "e4e8a7a373fc92940ccc5e9f8e7afb82eaa98f035a7d882967b7833c537d444f");
        let link = chained(Hash::NONE, Link { sequence: 1, version: 2 }, Hash::of(b""), Some(Hash::of(b"")));
        assert_eq!(link.to_hex(), "bd9fa2622dd00803737cfa30bc80c2a88491195d90d610aa7c1f3c4a8bfcd86e");
        let rows = RowsHasher::new(Millis(7)).row("customer", "c", Some(5), Some("{}")).row("flag", "é", None, None);
        assert_eq!(rows.finish().to_hex(), "c986104e063867ffa91c17217943be04f6d835a04f63ee93b169ec26f08b72a5");
        let rows = RowsHasher::of_all(9).row("customer", "c", Some(5), Some("{}"));
        assert_eq!(rows.finish().to_hex(), "fa6f31b2faeac65583b83509b4b746cf5a12429b4968e46f76f5f1eef0a2cce2");
        assert_eq!(Hash::from_hex(&link.to_hex()), Some(link));
        assert_eq!(Hash::from_hex(&link.to_hex().to_uppercase()), None);
    }

    #[test]
    fn an_altered_removed_or_moved_record_breaks_the_chain() {
        let good = records(50);
        assert_eq!(verify(&good), Ok((good[49].hashes.chain, 50)));
        for at in 0..good.len() {
            let altered = |alter: &dyn Fn(&mut Record)| {
                let mut bad = good.clone();
                alter(&mut bad[at]);
                verify(&bad)
            };
            assert!(altered(&|record| record.payload = record.payload.replace("ann", "amn")).is_err());
            assert!(altered(&|record| record.hashes.payload.0[at % 32] ^= 1).is_err());
            assert!(altered(&|record| record.hashes.chain.0[at % 32] ^= 1).is_err());
            assert!(altered(&|record| record.hashes.rows = Some(Hash::of(b"other rows"))).is_err());
            assert!(altered(&|record| record.hashes.rows = None).is_err());
            assert!(altered(&|record| record.link.version += 1).is_err());
            // A payload that was altered together with its hash.
            let forged = altered(&|record| {
                record.payload.push(' ');
                record.hashes.payload = Hash::of(record.payload.as_bytes());
            });
            assert!(forged.is_err());
            // The chain still holds without an erased payload.
            assert!(altered(&|record| record.payload.clear()).is_ok());
            let mut shorter = good.clone();
            shorter.remove(at);
            assert_eq!(verify(&shorter).is_err(), at != 49, "without record {}", at + 1);
        }
        let mut swapped = good;
        swapped.swap(3, 4);
        assert!(verify(&swapped).is_err());
    }

    #[test]
    fn long_values_are_named_by_their_hash() {
        let change = Change { new: Some(format!("\"{}\"", "x".repeat(MAX_JSON))), ..Change::new(Action::RolloutLists) };
        let record = Record::seal(&change, &actor(), Link { sequence: 1, version: 1 }, "i", Hash::NONE, Hash::NONE);
        assert!(record.payload.contains(r#""newJson":{"bytes":32002,"sha256":""#), "{}", record.payload);
    }
}
