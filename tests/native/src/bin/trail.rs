//! Makes the backup of a hub with a long history: `trail OVERRIDES FOLDER` writes pieces `1`, `2` and so on into a folder.
//!
//! The hub has one flag, `pay`, and an override of it for each customer, each set by a change of its own.
use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use control::{
    change::{Action, Actor, Change, Hash, Hasher, Link, Record, RowsHasher},
    rows::{RowKey, RowKind, Rows, State},
};
use sdk_core::Millis;
use serde_json::json;

/// The bytes of a piece.
const PIECE: usize = 8_000_000;
const DOCUMENT: &str = r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{"pay":{}}}"#;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [overrides, folder] = arguments.as_slice() else {
        eprintln!("error: expected OVERRIDES and FOLDER");
        return ExitCode::FAILURE;
    };
    let made = overrides.parse().map_err(|_| "expected a number of overrides".to_owned()).and_then(|overrides| write(overrides, folder));
    match made {
        Ok(pieces) => {
            println!("{pieces}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn write(overrides: u32, folder: &str) -> Result<u32, String> {
    let hub = Hub { first: Rows::default().merge(Rows::split(DOCUMENT).ok_or("the document is none")?, State::Replace).rows };
    let versions = overrides.checked_add(1).ok_or("too many overrides")?;
    let chain = (1..=versions).fold(Hash::NONE, |before, version| hub.record(version, before).hashes.chain);
    let head = json!({"backup": 1, "version": versions, "records": versions, "chain": chain.to_hex(), "events": 0});
    let mut pieces = Pieces { folder: folder.into(), head: head.to_string(), number: 0, text: String::new(), lines: 0, before: Hash::NONE };
    for version in 1..=versions {
        pieces.add(&json!({"version": [version, made(version).0]}).to_string())?;
    }
    for version in 1..=versions {
        for (key, text) in hub.rows(version) {
            pieces.add(&json!({"row": [key.kind.as_str(), key.name, version, 0, text]}).to_string())?;
        }
    }
    let mut before = Hash::NONE;
    for version in 1..=versions {
        let Record { payload, hashes, .. } = hub.record(version, before);
        before = hashes.chain;
        let [payload_hash, rows, chain] = [Some(hashes.payload), hashes.rows, Some(before)].map(|hash| hash.map(Hash::to_hex));
        pieces.add(&json!({"record": [version, version, payload, payload_hash, rows, chain]}).to_string())?;
    }
    pieces.end(true)?;
    Ok(pieces.number)
}

/// The history of a hub: version 1 is its document, and each later version is one customer's override.
struct Hub {
    first: Rows,
}

impl Hub {
    fn rows(&self, version: u32) -> Vec<(RowKey, String)> {
        if version == 1 {
            return self.first.iter().map(|(key, text)| (key.clone(), text.to_owned())).collect();
        }
        vec![(RowKey::of(RowKind::Customer, &format!("c-{version}")), r#"{"pay":true}"#.to_owned())]
    }

    fn record(&self, version: u32, before: Hash) -> Record {
        let at = made(version);
        let mut rows = self.rows(version);
        rows.sort_unstable_by(|(one, _), (other, _)| (one.kind.as_str(), &one.name).cmp(&(other.kind.as_str(), &other.name)));
        let hasher =
            rows.iter().fold(RowsHasher::new(at), |hasher, (key, text)| hasher.row(key.kind.as_str(), &key.name, key.page(), Some(text)));
        let change = if version == 1 {
            Change { action: Action::DefinitionImported, flag: Some("pay".into()), new: Some("{}".into()), ..Change::baseline() }
        } else {
            let customer = Some(format!("c-{version}"));
            Change { action: Action::OverrideSet, flag: Some("pay".into()), customer, new_value: Some(true), ..Change::baseline() }
        };
        let actor = Actor::system("a long history", at);
        let id = format!("00000000-0000-4000-8000-{version:012}");
        Record::seal(&change, &actor, Link { sequence: version.into(), version }, &id, hasher.finish(), before)
    }
}

/// The moment at which a version was made.
fn made(version: u32) -> Millis {
    Millis(1_700_000_000_000 + i64::from(version))
}

/// Writes lines into one piece after another.
struct Pieces {
    folder: PathBuf,
    head: String,
    /// The number of the piece that is being written.
    number: u32,
    text: String,
    lines: u32,
    before: Hash,
}

impl Pieces {
    fn add(&mut self, line: &str) -> Result<(), String> {
        if self.text.len() >= PIECE {
            self.end(false)?;
        }
        if self.text.is_empty() {
            self.number += 1;
            self.text = format!(r#"{{"piece":{},"before":"{}","of":{}}}"#, self.number, self.before.to_hex(), self.head) + "\n";
        }
        self.lines += 1;
        self.text.push_str(line);
        self.text.push('\n');
        Ok(())
    }

    fn end(&mut self, is_last: bool) -> Result<(), String> {
        let mut hasher = Hasher::default();
        hasher.update(self.text.as_bytes());
        self.before = hasher.finish();
        let next = if is_last { "null".to_owned() } else { format!("\"{}\"", self.number + 1) };
        writeln!(self.text, r#"{{"lines":{},"sha256":"{}","next":{next}}}"#, self.lines, self.before.to_hex())
            .map_err(|error| error.to_string())?;
        let file = Path::new(&self.folder).join(self.number.to_string());
        fs::write(&file, &self.text).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        self.text.clear();
        self.lines = 0;
        Ok(())
    }
}
