//! A digest of the document of rows. To keep it up to date takes as long as the changed rows are large, not the document.
use alloc::{collections::BTreeSet, string::String, vec::Vec};

use sdk_core::Subkey;

use super::{RowKey, RowKind, Rows};

/// A digest of a document's members, segments, flags and their order, and the number of their bytes; without overrides.
///
/// Two hubs or isolates whose digests are equal compose the same document. It guards against mistakes, and not against somebody who looks
/// for two documents with one digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DocumentDigest {
    /// The sum of the hashes of all parts: a part is added and taken away without the others.
    sum: u128,
    bytes: usize,
}

/// The keys of the two halves of a hash. Isolates and hubs of two releases compare digests, so these never change.
const HALVES: [Subkey; 2] =
    [Subkey([0x6469_6765_7374_206f, 0x6620_6120_646f_6375]), Subkey([0x6d65_6e74_2069_6e20, 0x726f_7773_2e20_2e2e])];

impl DocumentDigest {
    /// The digest of rows.
    pub fn of(rows: &Rows) -> Self {
        rows.iter().filter_map(|(key, _)| part_of(key).filter(|part| part == key)).fold(Self::default(), |digest, part| {
            let (hash, bytes) = rows.hash(&part);
            Self { sum: digest.sum.wrapping_add(hash), bytes: digest.bytes + bytes }
        })
    }

    /// Carries out writes on rows whose digest this is, which makes it the digest of the new rows.
    pub fn apply(&mut self, rows: &mut Rows, writes: &[(RowKey, Option<String>)]) {
        let parts: BTreeSet<RowKey> = writes.iter().filter_map(|(key, _)| part_of(key)).collect();
        for part in &parts {
            let (hash, bytes) = rows.hash(part);
            *self = Self { sum: self.sum.wrapping_sub(hash), bytes: self.bytes.saturating_sub(bytes) };
        }
        crate::apply(rows, writes);
        for part in &parts {
            let (hash, bytes) = rows.hash(part);
            *self = Self { sum: self.sum.wrapping_add(hash), bytes: self.bytes + bytes };
        }
    }

    /// The number of bytes of the document's parts, a few less than the document has.
    pub fn bytes(self) -> usize {
        self.bytes
    }

    /// The digest as text, for an answer that crosses a wire.
    pub fn to_text(self) -> String {
        alloc::format!("{:032x}-{:x}", self.sum, self.bytes)
    }
}

/// The row that stands for the part of the document which a row belongs to: a flag's state belongs to the flag. `None` for rows that are in
/// no document, and for overrides.
fn part_of(key: &RowKey) -> Option<RowKey> {
    let kind = match key.kind {
        RowKind::Flag | RowKind::State => RowKind::Flag,
        RowKind::Member | RowKind::Order | RowKind::Segment => key.kind,
        RowKind::BucketKey
        | RowKind::Customer
        | RowKind::Organization
        | RowKind::Course
        | RowKind::Membership
        | RowKind::Key
        | RowKind::Environment
        | RowKind::Epoch
        | RowKind::BreakGlass
        | RowKind::Refused
        | RowKind::Webhook
        | RowKind::Schedule
        | RowKind::RolloutOverride => return None,
    };
    Some(RowKey { kind, name: key.name.clone() })
}

impl Rows {
    /// The hash of a part as the document writes it, and the number of its bytes; nothing for a part that the rows do not have.
    fn hash(&self, part: &RowKey) -> (u128, usize) {
        let mut text: Vec<u8> = Vec::new();
        let mut push = |piece: &str| {
            text.extend_from_slice(&u64::try_from(piece.len()).unwrap_or(u64::MAX).to_le_bytes());
            text.extend_from_slice(piece.as_bytes());
        };
        push(part.kind.as_str());
        push(&part.name);
        let mut bytes = 0;
        if part.kind == RowKind::Flag {
            self.compose_member(RowKind::Flag, &part.name, &[], false, |value| {
                bytes += part.name.len() + 4;
                for piece in value {
                    push(piece);
                    bytes += piece.len();
                }
            });
        } else if let Some(row) = self.text(part) {
            push(row);
            bytes += if part.kind == RowKind::Order { 0 } else { part.name.len() + 4 + row.len() };
        }
        if self.text(part).is_none() {
            return (0, 0);
        }
        let [low, high] = HALVES.map(|half| u128::from(half.hash(&text)));
        (low | high << 64, bytes)
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, vec};

    use super::*;
    use crate::rows::State;

    const DOCUMENT: &str = r#"{"schema":"twinflag/1","environment":"test","segments":{"s":{"attribute":"a","op":"exists"}},"flags":{"a":{"default":"on"},"b":{"enabled":false},"c":{}}}"#;

    fn rows(text: &str) -> Rows {
        Rows::default().merge(Rows::split(text).unwrap(), State::Replace).rows
    }

    #[test]
    fn a_digest_that_is_kept_up_to_date_is_that_of_the_rows() {
        let mut kept = rows(DOCUMENT);
        let mut digest = DocumentDigest::of(&kept);
        let write = |kind, name: &str, text: Option<&str>| (RowKey::of(kind, name), text.map(String::from));
        let steps = [
            vec![write(RowKind::State, "a", Some(r#"{"enabled":false}"#))],
            vec![write(RowKind::State, "a", Some(r#"{"enabled":true}"#)), write(RowKind::Course, "a", Some("{}"))],
            vec![write(RowKind::Flag, "b", None), write(RowKind::Order, "flags", Some("a\nc"))],
            vec![write(RowKind::Segment, "s", Some("{}")), write(RowKind::Member, "private", Some(r#"["x"]"#))],
            // A removed flag's state stays, and is no part of the document.
            vec![write(RowKind::State, "b", Some(r#"{"enabled":true}"#))],
            vec![write(RowKind::Flag, "b", Some("{}")), write(RowKind::State, "b", None), write(RowKind::Order, "flags", Some("a\nb\nc"))],
            vec![write(RowKind::Customer, "x", Some("{}")), write(RowKind::Refused, "flag a", Some("{}"))],
        ];
        for writes in &steps {
            let (before, composed) = (digest, kept.compose(false));
            digest.apply(&mut kept, writes);
            assert_eq!(digest, DocumentDigest::of(&kept), "{writes:?}");
            let is_same = kept.compose(false) == composed;
            assert_eq!(digest == before, is_same, "{writes:?}");
            assert_eq!(digest.to_text() == before.to_text(), is_same);
        }
    }

    #[test]
    fn the_digest_of_split_rows_is_that_of_the_rows_they_were_composed_of() {
        let whole = rows(DOCUMENT);
        let split = Rows::split(&whole.compose(false)).unwrap();
        assert_eq!(DocumentDigest::of(&whole), DocumentDigest::of(&split));
    }

    #[test]
    fn a_digest_counts_the_bytes_of_the_document() {
        let flags: alloc::vec::Vec<String> =
            (0..1_000).map(|number| format!(r#""flag-{number}":{{"default":"on","enabled":false}}"#)).collect();
        let whole = rows(&format!(r#"{{"schema":"twinflag/1","flags":{{{}}}}}"#, flags.join(",")));
        let (bytes, length) = (DocumentDigest::of(&whole).bytes(), whole.compose(false).len());
        // Between the braces of a thousand members there is a comma less; the schema and the names of sections are 40 bytes.
        assert!(bytes <= length && length <= bytes + 40, "{bytes} of {length}");
    }
}
