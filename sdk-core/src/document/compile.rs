//! From the text of a document to a ruleset, its overrides, and everything that is wrong with it.
use alloc::{boxed::Box, collections::BTreeMap, format, string::String, vec::Vec};

use serde_json::value::RawValue;

use super::{
    MAX_DOCUMENT_BYTES, MAX_FLAGS,
    condition::{Conditions, Segment, segments_in},
    error::DocumentError,
    flag::{self, Draft},
    key::key_fault,
    order::in_order,
    overrides,
    reader::{Report, duplicates},
    steps::{self, Required},
};
use crate::{
    bucket::BucketKey,
    evaluate::{overrides::Overrides, ruleset::Ruleset},
    json::{
        Place,
        tree::{Json, NUL_IN_NAME, Raw, RawMembers, plain},
    },
    model::build::Builder,
};

/// A document, compiled.
#[derive(Clone)]
pub struct Compiled {
    /// The flags that are sound.
    pub ruleset: Ruleset,
    /// The overrides that are sound, by owner.
    pub overrides: Overrides,
    /// What was left out and why, in no particular order.
    pub errors: Vec<DocumentError>,
}

/// Compiles a document.
///
/// `missing_key` stands in where the document has no `bucketKey`. An error refuses the document whole: it is not JSON or larger
/// than [`MAX_DOCUMENT_BYTES`], its schema or bucket key is wrong, a top-level member is unknown or of the wrong kind, or a
/// limit is broken.
pub fn compile(text: &str, missing_key: Option<BucketKey>) -> Result<Compiled, DocumentError> {
    if text.len() > MAX_DOCUMENT_BYTES {
        return Err(DocumentError::at(Place::ROOT, format!("{} bytes, at most {MAX_DOCUMENT_BYTES} are allowed", text.len())));
    }
    let document = Top::read(text, missing_key)?;
    let mut report = Report::default();
    let mut builder = Builder::new(document.key.subkey(b"\0symbols"));

    let segment_trees = trees(&document.segments, Place::ROOT.name("segments"), &mut report);
    let segments = compile_segments(&segment_trees, &mut builder, &mut report);
    if document.flags.len() > MAX_FLAGS {
        report.refuse(Place::ROOT.name("flags"), format!("{} flags, at most {MAX_FLAGS} are allowed", document.flags.len()));
    }
    let flag_trees = trees(&document.flags, Place::ROOT.name("flags"), &mut report);
    let mut drafts = Vec::with_capacity(flag_trees.len());
    {
        let place = Place::ROOT.name("flags");
        let mut conditions = Conditions { builder: &mut builder, report: &mut report, segments: &segments };
        for (key, tree) in &flag_trees {
            if let Some(tree) = tree {
                drafts.extend(flag::read(key, tree, place.name(key), document.environment.as_deref(), &mut conditions));
            }
        }
    }
    if let Some(refusal) = report.refusal {
        return Err(refusal);
    }
    leave_out_prefixes(&flag_trees, &mut drafts, &mut report);
    drop_aliases(&flag_trees, &mut drafts, &mut report);
    let drafts = order_by_prerequisites(drafts, &mut report);

    let mut flags: BTreeMap<&str, (u32, &Draft<'_>)> = BTreeMap::new();
    let mut lowest: Vec<u32> = Vec::with_capacity(drafts.len());
    for (number, draft) in (0..).zip(&drafts) {
        let required: Vec<Required> = draft
            .prerequisites
            .iter()
            .filter_map(|prerequisite| {
                let (flag, other) = flags.get(prerequisite.flag)?;
                let numbers = prerequisite.variants.iter().filter_map(|name| other.variants.iter().position(|known| known == name));
                Some(Required { flag: *flag, variants: numbers.filter_map(|number| u32::try_from(number).ok()).collect() })
            })
            .collect();
        let reach = required.iter().filter_map(|required| lowest.get(required.flag as usize)).min().copied().unwrap_or(number);
        lowest.push(reach);
        let steps = steps::lay(draft, &required, reach, document.key, &mut builder);
        builder.flag(draft.key.as_bytes(), draft.kind, draft.table, steps);
        for name in draft.names() {
            flags.insert(name, (number, draft));
        }
    }
    for (number, draft) in (0..).zip(&drafts) {
        for (_, alias) in &draft.aliases {
            builder.alias(alias.as_bytes(), number);
        }
    }
    let too_large = || DocumentError::at(Place::ROOT, "the document does not fit the tables");
    let image = builder.finish_exact().ok_or_else(too_large)?;
    let tags = drafts.iter().map(|draft| draft.tags.iter().map(|tag| Box::from(*tag)).collect()).collect();
    let ruleset = Ruleset::new(image, document.key, document.private, segment_names(segments), tags);

    let mut all = Overrides::default();
    let place = Place::ROOT.name("overrides");
    let [customers, organizations] = overrides::sections(&document.overrides, place, &mut report);
    let mut owners = |raw: Option<&RawValue>, name| raw.map(|raw| overrides::owners(raw, place.name(name), &ruleset, &mut report));
    all.customers = owners(customers, "customers").unwrap_or_default();
    all.organizations = owners(organizations, "organizations").unwrap_or_default();
    Ok(Compiled { ruleset, overrides: all, errors: report.errors })
}

/// The members of a document.
const NAMES: [&str; 7] = ["schema", "environment", "bucketKey", "private", "segments", "flags", "overrides"];

/// The top level of a document.
struct Top<'t> {
    environment: Option<String>,
    key: BucketKey,
    private: Vec<String>,
    segments: Raw<'t>,
    flags: Raw<'t>,
    overrides: Raw<'t>,
}

impl<'t> Top<'t> {
    fn read(text: &'t str, missing_key: Option<BucketKey>) -> Result<Self, DocumentError> {
        let root = Place::ROOT;
        let members = serde_json::from_str::<RawMembers<'t>>(text).map_err(|error| DocumentError::at(root, plain(&error)))?;
        let mut found: BTreeMap<&str, &'t RawValue> = BTreeMap::new();
        for (name, raw) in &members.0 {
            let name = name.as_deref().map_err(|why| DocumentError::at(root, why))?;
            let Some(known) = NAMES.into_iter().find(|known| *known == name) else {
                return Err(DocumentError::at(root.name(name), format!("unknown member, expected one of {}", NAMES.join(", "))));
            };
            if found.insert(known, raw).is_some() {
                return Err(DocumentError::at(root.name(name), "a member of this name stands here twice"));
            }
        }
        let string = |name: &str| -> Result<Option<String>, DocumentError> {
            let Some(raw) = found.get(name) else { return Ok(None) };
            match Json::read(raw, root.name(name))? {
                Json::String(text) => Ok(Some(text.into())),
                other => Err(DocumentError::at(root.name(name), format!("expected a string, found {}", other.kind()))),
            }
        };
        let object = |name: &str| -> Result<Raw<'t>, DocumentError> {
            let Some(raw) = found.get(name) else { return Ok(Vec::new()) };
            let members = serde_json::from_str::<RawMembers<'t>>(raw.get());
            members.map(|members| members.0).map_err(|error| DocumentError::at(root.name(name), plain(&error)))
        };
        match string("schema")?.as_deref() {
            Some("twinflag/1") => {}
            Some(_) => return Err(DocumentError::at(root.name("schema"), "expected \"twinflag/1\"")),
            None => return Err(DocumentError::at(root, "expected a member \"schema\" with the value \"twinflag/1\"")),
        }
        let key = match string("bucketKey")? {
            Some(text) => {
                BucketKey::from_hex(&text).ok_or_else(|| DocumentError::at(root.name("bucketKey"), "expected 32 hexadecimal digits"))?
            }
            None => missing_key.ok_or_else(|| DocumentError::at(root, "expected a member \"bucketKey\" of 32 hexadecimal digits"))?,
        };
        let mut private = Vec::new();
        if let Some(raw) = found.get("private") {
            let place = root.name("private");
            let Json::Array(names) = Json::read(raw, place)? else {
                return Err(DocumentError::at(place, "expected a list of attribute names"));
            };
            for (index, name) in names.into_iter().enumerate() {
                let Json::String(name) = name else {
                    return Err(DocumentError::at(place.index(index), "expected an attribute's name"));
                };
                private.push(name.into());
            }
        }
        Ok(Self {
            environment: string("environment")?,
            key,
            private,
            segments: object("segments")?,
            flags: object("flags")?,
            overrides: object("overrides")?,
        })
    }
}

/// Reads the values of an object's members, each on its own: what cannot be read, or stands there twice, is reported and none.
fn trees<'t>(members: &'t Raw<'t>, place: Place<'_>, report: &mut Report) -> Vec<(&'t str, Option<Json<'t>>)> {
    let names: Vec<&str> = members.iter().filter_map(|(name, _)| name.as_deref().ok()).collect();
    let twice = duplicates(names.into_iter());
    for name in &twice {
        report.error(place.name(name), "a member of this name stands here twice");
    }
    let mut trees = Vec::with_capacity(members.len());
    for (name, raw) in members {
        let name = match name.as_deref() {
            Ok(name) => name,
            Err(why) => {
                report.error(place, why);
                continue;
            }
        };
        if twice.binary_search(&name).is_ok() {
            if trees.iter().all(|(known, _)| *known != name) {
                trees.push((name, None));
            }
            continue;
        }
        let read =
            if name.contains('\0') { Err(DocumentError::at(place.name(name), NUL_IN_NAME)) } else { Json::read(raw, place.name(name)) };
        match read {
            Ok(tree) => trees.push((name, Some(tree))),
            Err(error) => {
                report.errors.push(error);
                trees.push((name, None));
            }
        }
    }
    trees
}

/// Compiles all segments, each after those it names.
fn compile_segments(trees: &[(&str, Option<Json<'_>>)], builder: &mut Builder, report: &mut Report) -> BTreeMap<Box<str>, Segment> {
    let numbers: BTreeMap<&str, usize> = trees.iter().enumerate().map(|(number, (name, _))| (*name, number)).collect();
    let needs: Vec<Vec<usize>> = trees
        .iter()
        .map(|(_, tree)| {
            let mut names = Vec::new();
            if let Some(tree) = tree {
                segments_in(tree, &mut names);
            }
            names.iter().filter_map(|name| numbers.get(name).copied()).collect()
        })
        .collect();
    let mut segments: BTreeMap<Box<str>, Segment> = trees.iter().map(|(name, _)| ((*name).into(), Segment::Broken)).collect();
    let order = in_order(&needs);
    // What cannot be ordered refers to itself: compiled last, it finds what it refers to broken.
    let mut ordered = alloc::vec![false; trees.len()];
    for number in &order {
        if let Some(mark) = ordered.get_mut(*number) {
            *mark = true;
        }
    }
    let unordered: Vec<usize> = ordered.iter().enumerate().filter(|(_, ordered)| !**ordered).map(|(number, _)| number).collect();
    let place = Place::ROOT.name("segments");
    for number in order.iter().chain(&unordered) {
        let Some((name, Some(tree))) = trees.get(*number) else { continue };
        let mut conditions = Conditions { builder, report, segments: &segments };
        if let Some(condition) = conditions.compile(tree, place.name(name), 1) {
            let number = builder.segment();
            segments.insert((*name).into(), Segment::Sound { number, condition: condition.at, depth: condition.depth });
        }
    }
    segments
}

/// The names of sound segments in the order of their numbers.
fn segment_names(segments: BTreeMap<Box<str>, Segment>) -> Vec<Box<str>> {
    let sound = segments.into_iter().filter_map(|(name, segment)| match segment {
        Segment::Sound { number, .. } => Some((number, name)),
        Segment::Broken => None,
    });
    let mut numbered: Vec<_> = sound.collect();
    numbered.sort_unstable();
    numbered.into_iter().map(|(_, name)| name).collect()
}

/// Of two keys where one is a prefix path of the other both are left out: flags are also served as a tree.
fn leave_out_prefixes(trees: &[(&str, Option<Json<'_>>)], drafts: &mut Vec<Draft<'_>>, report: &mut Report) {
    let mut keys: Vec<&str> = trees.iter().map(|(key, _)| *key).filter(|key| key_fault(key).is_none()).collect();
    keys.sort_unstable();
    let mut left_out: BTreeMap<&str, &str> = BTreeMap::new();
    for key in &keys {
        for (end, _) in key.match_indices('.') {
            if let Some(place) = key.get(..end).and_then(|prefix| keys.binary_search(&prefix).ok()) {
                let prefix = keys.get(place).copied().unwrap_or_default();
                left_out.insert(key, prefix);
                left_out.insert(prefix, key);
            }
        }
    }
    let place = Place::ROOT.name("flags");
    for (key, other) in &left_out {
        report.error(place.name(key), format!("the key and {other:?} cannot both stand in one tree"));
    }
    drafts.retain(|draft| !left_out.contains_key(draft.key));
}

/// Drops aliases that are no keys by their syntax, or that are also a key or another alias, be it of a flag that is left out.
fn drop_aliases(trees: &[(&str, Option<Json<'_>>)], drafts: &mut [Draft<'_>], report: &mut Report) {
    let mut uses: BTreeMap<&str, usize> = trees.iter().map(|(key, _)| (*key, 1)).collect();
    for (_, tree) in trees {
        let Some(Json::Object(members)) = tree else { continue };
        let Some((_, Json::Array(aliases))) = members.iter().find(|(name, _)| name == "aliases") else { continue };
        for alias in aliases {
            if let Json::String(alias) = alias {
                *uses.entry(alias).or_insert(0) += 1;
            }
        }
    }
    let place = Place::ROOT.name("flags");
    for draft in drafts {
        let key_place = place.name(draft.key);
        draft.aliases.retain(|(index, alias)| {
            let taken = uses.get(*alias).is_some_and(|uses| *uses > 1).then_some("the alias is also a key or another alias");
            let fault = key_fault(alias).or(taken);
            if let Some(fault) = fault {
                report.error(key_place.name("aliases").index(*index), fault);
            }
            fault.is_none()
        });
    }
}

/// Puts each flag behind its prerequisites. Left out are those that need themselves, what is unknown, or what is left out.
fn order_by_prerequisites<'j>(drafts: Vec<Draft<'j>>, report: &mut Report) -> Vec<Draft<'j>> {
    let numbers: BTreeMap<&str, usize> =
        drafts.iter().enumerate().flat_map(|(number, draft)| draft.names().map(move |name| (name, number))).collect();
    // One more than there are: nothing ever stands in front of it.
    let unknown = drafts.len();
    let needs: Vec<Vec<usize>> = drafts
        .iter()
        .map(|draft| draft.prerequisites.iter().map(|need| numbers.get(need.flag).copied().unwrap_or(unknown)).collect())
        .collect();
    let mut positions: Vec<Option<usize>> = alloc::vec![None; drafts.len()];
    for (position, number) in in_order(&needs).into_iter().enumerate() {
        if let Some(place) = positions.get_mut(number) {
            *place = Some(position);
        }
    }
    let place = Place::ROOT.name("flags");
    for ((draft, needs), position) in drafts.iter().zip(&needs).zip(&positions) {
        let key_place = place.name(draft.key);
        let list_place = key_place.name("prerequisites");
        for (index, (need, prerequisite)) in needs.iter().zip(&draft.prerequisites).enumerate() {
            if position.is_none() && positions.get(*need).copied().flatten().is_none() {
                let message = format!("the flag {:?} is unknown, left out, or needs this one", prerequisite.flag);
                report.error(list_place.index(index).name("flag"), message);
            }
        }
    }
    let mut placed: Vec<(usize, Draft<'j>)> =
        positions.into_iter().zip(drafts).filter_map(|(position, draft)| Some((position?, draft))).collect();
    placed.sort_by_key(|(position, _)| *position);
    placed.into_iter().map(|(_, draft)| draft).collect()
}
