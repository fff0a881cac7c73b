//! Verifies a saved audit trail without the server that it is from: `audit FILE [--head HASH]`.
//!
//! The file has one record a line, in any order, as `GET /api/admin/changes` returns them. `--head` is a hash that was noted down earlier:
//! the trail must have a record with this hash, or records were removed from its end.
use std::{env, fs, process::ExitCode};

use control::change::{Action, Hash, Hashes, Link, Verifier};
use sdk_core::json::canonical::canonical_text;
use serde_json::{Map, Value};

struct Line {
    link: Link,
    /// The payload; `None` if it was erased.
    payload: Option<String>,
    hashes: Hashes,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let said = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [file] => walk(file, None),
        [file, "--head", head] => walk(file, Some(head)),
        _ => Err("expected FILE and, if one is known, --head with the hash of a record".to_owned()),
    };
    match said {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn walk(file: &str, head: Option<&str>) -> Result<String, String> {
    let head = head.map(|hex| Hash::from_hex(hex).ok_or("expected a hash of 64 lower-case digits")).transpose()?;
    let text = fs::read_to_string(file).map_err(|error| format!("cannot read {file}: {error}"))?;
    let read = |(index, line)| Line::read(line).ok_or_else(|| format!("line {} is no record", index + 1));
    let mut lines = text.lines().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
    // In canonical JSON the action stands first, so a text of the operator's is not taken for it.
    let baseline = format!(r#"{{"action":"{}","#, Action::Baseline.as_str());
    lines.sort_by_key(|line| line.link.sequence);
    let (mut verifier, mut erased, mut seen, mut proved_from) = (Verifier::default(), 0, None, Some(1));
    for Line { link, payload, hashes } in lines {
        verifier.next(link, payload.as_deref(), hashes)?;
        erased += u32::from(payload.is_none());
        if hashes.rows.is_none() {
            proved_from = None;
        } else if payload.is_some_and(|payload| payload.starts_with(&baseline)) {
            proved_from = Some(link.sequence);
        }
        seen = seen.or((head == Some(hashes.chain)).then_some(link.sequence));
    }
    let (newest, records) = verifier.head();
    let rows = match proved_from {
        Some(record) => format!("the trail commits to rows from record {record} on"),
        None => "not every record commits to rows".to_owned(),
    };
    let noted = match (head, seen) {
        (Some(_), None) => return Err("no record has the hash that was noted: records were cut off or written anew".to_owned()),
        (_, seen) => seen.map_or_else(String::new, |sequence| format!("; the hash that was noted is that of record {sequence}")),
    };
    Ok(format!("{records} records hold, {erased} of them erased; {rows}; the newest has the hash {}{noted}", newest.to_hex()))
}

impl Line {
    /// A payload is canonical JSON, whatever the line was written by.
    fn read(line: &str) -> Option<Self> {
        let mut members: Map<String, Value> = serde_json::from_str(line).ok()?;
        let mut hash = |name: &str| Hash::from_hex(members.remove(name)?.as_str()?);
        let hashes = Hashes { payload: hash("payloadHash")?, rows: hash("rowsHash"), chain: hash("hash")? };
        let number = |name: &str| members.get(name)?.as_u64();
        let link = Link { sequence: number("sequence")?, version: u32::try_from(number("version")?).ok()? };
        let is_erased = members.get("erased") == Some(&Value::Bool(true));
        let payload = if is_erased { None } else { Some(canonical_text(&Value::Object(members).to_string())?) };
        Some(Self { link, payload, hashes })
    }
}
