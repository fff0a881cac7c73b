//! One flag as a document writes it, read and checked on its own.
use alloc::{borrow::Cow, format, string::String, vec::Vec};

use super::{
    MAX_LIST, MAX_RULES,
    condition::{Compiled, Conditions},
    key::{is_variant_name, key_fault},
    reader::{Fields, Report, duplicates, report_duplicates_within},
    rollout::Rollout,
};
use crate::{
    bucket::BUCKETS,
    context::value,
    json::{Json, Place, canonical},
    model::{
        build::Builder,
        details::{Decision, FlagType},
    },
};

/// A flag whose own members are sound; what it refers to is still to be found.
pub(crate) struct Draft<'j> {
    pub(crate) key: &'j str,
    /// With their places in the list.
    pub(crate) aliases: Vec<(usize, &'j str)>,
    pub(crate) tags: Vec<&'j str>,
    pub(crate) kind: FlagType,
    pub(crate) enabled: bool,
    /// Names in the order of their numbers.
    pub(crate) variants: Vec<&'j str>,
    /// Where the table of variants stands.
    pub(crate) table: u32,
    pub(crate) on: u32,
    pub(crate) off: Option<u32>,
    pub(crate) default: Option<u32>,
    /// The default of the document's environment, if the flag names it.
    pub(crate) environment: Option<EnvironmentDefault>,
    pub(crate) unit: &'j str,
    pub(crate) salt: &'j str,
    pub(crate) murmurhash_js: bool,
    pub(crate) prerequisites: Vec<Prerequisite<'j>>,
    pub(crate) targets: Vec<Target>,
    pub(crate) rules: Vec<Rule<'j>>,
    pub(crate) rollout: Rollout,
}

impl<'j> Draft<'j> {
    /// Its key and its aliases.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'j str> {
        self.aliases.iter().map(|(_, alias)| *alias).chain([self.key])
    }
}

/// What a flag is in one environment: a variant, or the caller's default.
#[derive(Clone, Copy)]
pub(crate) struct EnvironmentDefault(pub(crate) Option<u32>);

pub(crate) struct Prerequisite<'j> {
    pub(crate) flag: &'j str,
    pub(crate) variants: Vec<&'j str>,
}

/// An individual target: a compiled test and what it serves.
pub(crate) struct Target {
    pub(crate) condition: u32,
    pub(crate) variant: u32,
}

pub(crate) struct Rule<'j> {
    /// 0 for a rule without condition.
    pub(crate) condition: u32,
    pub(crate) serve: Serve<'j>,
}

pub(crate) enum Serve<'j> {
    Variant(u32),
    /// Upper bounds of buckets and variants, in their order.
    Split {
        shares: Vec<(u32, u32)>,
        unit: Option<&'j str>,
        salt: Cow<'j, str>,
    },
}

const MEMBERS: &[&str] = &[
    "type",
    "aliases",
    "stage",
    "description",
    "owner",
    "tags",
    "metadata",
    "enabled",
    "variants",
    "on",
    "off",
    "default",
    "environments",
    "unit",
    "salt",
    "hash",
    "prerequisites",
    "targets",
    "rules",
    "rollout",
];

/// Reads one flag; `None` after reporting what is wrong with it.
pub(crate) fn read<'j>(
    key: &'j str,
    json: &'j Json<'j>,
    place: Place<'_>,
    environment: Option<&str>,
    conditions: &mut Conditions<'_>,
) -> Option<Draft<'j>> {
    let mark = conditions.report.mark();
    if let Some(fault) = key_fault(key) {
        conditions.report.error(place, fault);
    }
    let fields = Fields::of(json, place, MEMBERS, conditions.report)?;
    let report = &mut *conditions.report;
    let kind = match fields.string("type", report) {
        None | Some("boolean") => FlagType::Boolean,
        Some("string") => FlagType::String,
        Some("number") => FlagType::Number,
        Some("object") => FlagType::Object,
        Some(_) => {
            report.error(place.name("type"), "expected boolean, string, number or object");
            return None;
        }
    };
    let tags = read_description(&fields, report);
    let variants = Variants::read(kind, &fields, conditions.builder, report)?;
    let on = variants.named(&fields, "on", report);
    let off = variants.optional(&fields, "off", Some("off"), report);
    let default = if fields.get("default").is_some() { variants.optional(&fields, "default", None, report) } else { off };
    let environments = fields.object("environments", report).unwrap_or_default();
    let environments_place = place.name("environments");
    let mut environment_default = None;
    for (name, value) in environments {
        let variant = variants.or_null(value, environments_place.name(name), report);
        if Some(name.as_ref()) == environment {
            environment_default = Some(EnvironmentDefault(variant));
        }
    }
    let salt = fields.string("salt", report).unwrap_or(key);
    let murmurhash_js = match fields.string("hash", report) {
        None | Some("sip-1") => false,
        Some("murmurhash-js") => true,
        Some(_) => {
            report.error(place.name("hash"), "expected sip-1 or murmurhash-js");
            false
        }
    };
    let mut dropped = Report::default();
    let aliases = read_aliases(&fields, report, &mut dropped);
    let prerequisites = read_prerequisites(&fields, report);
    let rollout = fields.get("rollout").map(|json| Rollout::read(json, place.name("rollout"), report)).unwrap_or_default();
    let draft = Draft {
        key,
        aliases,
        tags,
        kind,
        enabled: fields.boolean("enabled", report).unwrap_or(true),
        table: variants.table,
        on: on.unwrap_or(0),
        off,
        default,
        environment: environment_default,
        unit: fields.string("unit", report).unwrap_or("targetingKey"),
        salt,
        murmurhash_js,
        prerequisites,
        targets: read_targets(&fields, &variants, conditions),
        rules: read_rules(&fields, &variants, salt, conditions),
        rollout,
        variants: variants.names,
    };
    let sound = conditions.report.mark() == mark;
    conditions.report.errors.append(&mut dropped.errors);
    sound.then_some(draft)
}

/// What mostly people read; answers the tags, by which keys may be held to some flags.
fn read_description<'j>(fields: &Fields<'j, '_>, report: &mut Report) -> Vec<&'j str> {
    for name in ["stage", "description", "owner"] {
        fields.string(name, report);
    }
    let tags = fields.strings("tags", report);
    let place = fields.place.name("metadata");
    for (name, value) in fields.object("metadata", report).unwrap_or_default() {
        report_duplicates_within(value, place.name(name), report);
    }
    tags
}

/// The variants of a flag.
struct Variants<'j> {
    names: Vec<&'j str>,
    table: u32,
}

impl<'j> Variants<'j> {
    fn read(kind: FlagType, fields: &Fields<'j, '_>, builder: &mut Builder, report: &mut Report) -> Option<Self> {
        let place = fields.place.name("variants");
        let mut variants = Self { names: Vec::new(), table: 0 };
        let mut table: Vec<(&[u8], Vec<u8>)> = Vec::new();
        if fields.get("variants").is_none() && kind == FlagType::Boolean {
            variants = Self { names: Vec::from(["on", "off"]), table: 0 };
            table = Vec::from([(b"on".as_slice(), Vec::from([value::TRUE])), (b"off", Vec::from([value::FALSE]))]);
        } else {
            let members = fields.object("variants", report);
            let members = fields.require("variants", members, report)?;
            if members.is_empty() || members.len() > Decision::VARIANTS {
                report.error(place, "expected at least one variant");
                return None;
            }
            for (name, json) in members {
                if !is_variant_name(name) {
                    report.error(place.name(name), "a variant's name is a letter or _, then letters, digits, _ and -");
                }
                report_duplicates_within(json, place.name(name), report);
                // A variant of the wrong type keeps its place, so that what names it is not reported too.
                let encoded = encode(kind, json).unwrap_or_else(|| {
                    report.expected(place.name(name), article(kind), json);
                    Vec::from([value::FALSE])
                });
                variants.names.push(name);
                table.push((name.as_bytes(), encoded));
            }
        }
        variants.table = builder.variants(table.iter().map(|(name, value)| (*name, value.as_slice())));
        Some(variants)
    }

    fn number(&self, name: &str) -> Option<u32> {
        self.names.iter().position(|known| *known == name).and_then(|position| u32::try_from(position).ok())
    }

    /// The number of the variant that a value names.
    fn of(&self, json: &Json<'_>, place: Place<'_>, report: &mut Report) -> Option<u32> {
        match json {
            Json::String(name) => self.number(name).or_else(|| {
                report.error(place, format!("unknown variant {name:?}"));
                None
            }),
            other => {
                report.expected(place, "a variant's name", other);
                None
            }
        }
    }

    fn or_null(&self, json: &Json<'_>, place: Place<'_>, report: &mut Report) -> Option<u32> {
        if *json == Json::Null { None } else { self.of(json, place, report) }
    }

    /// The variant that a member names; an absent member names the variant of its own name.
    fn named(&self, fields: &Fields<'_, '_>, member: &str, report: &mut Report) -> Option<u32> {
        match fields.get(member) {
            Some(json) => self.of(json, fields.place.name(member), report),
            None => self.number(member).or_else(|| {
                report.error(fields.place, format!("expected a member {member:?}: there is no variant of that name"));
                None
            }),
        }
    }

    /// As [`Self::named`], but null stands for the caller's default.
    fn optional(&self, fields: &Fields<'_, '_>, member: &str, absent: Option<&str>, report: &mut Report) -> Option<u32> {
        match (fields.get(member), absent) {
            (Some(json), _) => self.or_null(json, fields.place.name(member), report),
            (None, Some(_)) => self.named(fields, member, report),
            (None, None) => None,
        }
    }
}

fn article(kind: FlagType) -> &'static str {
    match kind {
        FlagType::Boolean => "true or false",
        FlagType::String => "a string",
        FlagType::Number => "a number",
        FlagType::Object => "an object or a list",
    }
}

/// A variant's value in the form of the tables; `None` where it is not of the flag's type.
fn encode(kind: FlagType, json: &Json<'_>) -> Option<Vec<u8>> {
    let mut encoded = Vec::new();
    match (kind, json) {
        (FlagType::Boolean, Json::Boolean(boolean)) => encoded.push(if *boolean { value::TRUE } else { value::FALSE }),
        (FlagType::String, Json::String(text)) => value::push_text(&mut encoded, value::STRING, text.as_bytes()),
        (FlagType::Number, Json::Number(number)) => value::push_number(&mut encoded, *number),
        (FlagType::Object, Json::Object(_) | Json::Array(_)) => {
            let mut text = String::new();
            canonical::write_json(&mut text, json);
            value::push_text(&mut encoded, value::JSON, text.as_bytes());
        }
        _ => return None,
    }
    Some(encoded)
}

/// The aliases that are text; what is not is dropped, like any bad alias: the flag stays.
fn read_aliases<'j>(fields: &Fields<'j, '_>, report: &mut Report, dropped: &mut Report) -> Vec<(usize, &'j str)> {
    let mut aliases = Vec::new();
    let place = fields.place.name("aliases");
    for (index, alias) in fields.list("aliases", report).iter().enumerate() {
        match alias {
            Json::String(alias) => aliases.push((index, alias.as_ref())),
            other => dropped.expected(place.index(index), "a string", other),
        }
    }
    aliases
}

fn read_prerequisites<'j>(fields: &Fields<'j, '_>, report: &mut Report) -> Vec<Prerequisite<'j>> {
    let mut prerequisites = Vec::new();
    let place = fields.place.name("prerequisites");
    for (index, json) in fields.list("prerequisites", report).iter().enumerate() {
        let Some(fields) = Fields::of(json, place.index(index), &["flag", "variants"], report) else { continue };
        let flag = fields.string("flag", report);
        let flag = fields.require("flag", flag, report);
        let variants = fields.strings("variants", report);
        fields.require("variants", Some(()), report);
        if let Some(flag) = flag {
            prerequisites.push(Prerequisite { flag, variants });
        }
    }
    prerequisites
}

fn read_targets(fields: &Fields<'_, '_>, variants: &Variants<'_>, conditions: &mut Conditions<'_>) -> Vec<Target> {
    let mut targets = Vec::new();
    let place = fields.place.name("targets");
    for (index, json) in fields.list("targets", conditions.report).iter().enumerate() {
        let place = place.index(index);
        let Some(fields) = Fields::of(json, place, &["attribute", "values", "variant"], conditions.report) else { continue };
        let attribute = fields.string("attribute", conditions.report);
        let attribute = fields.require("attribute", attribute, conditions.report);
        let variant = fields.get("variant").and_then(|json| variants.of(json, place.name("variant"), conditions.report));
        let variant = fields.require("variant", variant, conditions.report);
        let values = fields.get("values");
        let values = fields.require("values", values, conditions.report);
        let (Some(attribute), Some(variant), Some(values)) = (attribute, variant, values) else { continue };
        if let Some(condition) = conditions.among(attribute, values, place.name("values")) {
            targets.push(Target { condition: condition.at, variant });
        }
    }
    targets
}

fn read_rules<'j>(fields: &Fields<'j, '_>, variants: &Variants<'j>, salt: &str, conditions: &mut Conditions<'_>) -> Vec<Rule<'j>> {
    let place = fields.place.name("rules");
    let rules = fields.list("rules", conditions.report);
    if rules.len() > MAX_RULES {
        conditions.report.refuse(place, format!("{} rules, at most {MAX_RULES} are allowed", rules.len()));
        return Vec::new();
    }
    let names = rules.iter().filter_map(|rule| match rule {
        Json::Object(members) => members.iter().find(|(name, _)| name == "name"),
        _ => None,
    });
    let names: Vec<&str> = names.filter_map(|(_, name)| if let Json::String(name) = name { Some(name.as_ref()) } else { None }).collect();
    let twice = duplicates(names.into_iter());
    let mut read = Vec::with_capacity(rules.len());
    for (index, json) in rules.iter().enumerate() {
        let place = place.index(index);
        let Some(fields) = Fields::of(json, place, &["name", "if", "serve"], conditions.report) else { continue };
        let name = fields.string("name", conditions.report);
        let condition = match fields.get("if") {
            None => Some(Compiled { at: 0, depth: 0 }),
            Some(json) => conditions.compile(json, place.name("if"), 1),
        };
        let serve = fields.get("serve").and_then(|json| {
            let name = name.map(|name| (name, twice.contains(&name)));
            read_serve(json, place, variants, salt, name, conditions.report)
        });
        let serve = fields.require("serve", serve, conditions.report);
        if let Some((condition, serve)) = condition.zip(serve) {
            read.push(Rule { condition: condition.at, serve });
        }
    }
    read
}

/// Reads what a rule serves; `rule` is its place. `name` is the rule's, and whether another rule of the flag has it too.
fn read_serve<'j>(
    json: &'j Json<'j>,
    rule: Place<'_>,
    variants: &Variants<'j>,
    salt: &str,
    name: Option<(&'j str, bool)>,
    report: &mut Report,
) -> Option<Serve<'j>> {
    let place = rule.name("serve");
    if !matches!(json, Json::Object(_)) {
        return variants.of(json, place, report).map(Serve::Variant);
    }
    let fields = Fields::of(json, place, &["split", "unit", "salt"], report)?;
    let unit = fields.string("unit", report);
    let salt = match (fields.string("salt", report), name) {
        (Some(own), _) => Cow::Borrowed(own),
        (None, Some((name, false))) => Cow::Owned(format!("{salt}/{name}")),
        (None, Some((_, true))) => {
            report.error(
                rule.name("name"),
                "two rules of the flag have this name: a rule that splits needs one of its own, or its split a salt",
            );
            return None;
        }
        (None, None) => {
            report.error(rule, "a rule that splits needs a name, or its split a salt");
            return None;
        }
    };
    let place = place.name("split");
    let split = fields.get("split");
    let Json::Array(entries) = fields.require("split", split, report)? else {
        report.expected(place, "a list of variants and weights", split?);
        return None;
    };
    if entries.len() > MAX_LIST {
        report.refuse(place, format!("{} entries, at most {MAX_LIST} are allowed", entries.len()));
        return None;
    }
    let mark = report.mark();
    let (mut shares, mut sum) = (Vec::with_capacity(entries.len()), 0);
    for (index, entry) in entries.iter().enumerate() {
        if let Some((variant, weight)) = read_share(entry, place.index(index), variants, report) {
            sum += u64::from(weight);
            shares.push((u32::try_from(sum).unwrap_or(u32::MAX), variant));
        }
    }
    if report.mark() != mark {
        return None;
    }
    if sum != u64::from(BUCKETS) {
        report.error(place, format!("the weights sum to {sum}, expected {BUCKETS}"));
        return None;
    }
    Some(Serve::Split { shares, unit, salt })
}

/// Reads one entry of a split: a variant and its weight in buckets.
fn read_share(json: &Json<'_>, place: Place<'_>, variants: &Variants<'_>, report: &mut Report) -> Option<(u32, u32)> {
    let fields = Fields::of(json, place, &["variant", "weight"], report)?;
    let variant = fields.get("variant").and_then(|json| variants.of(json, place.name("variant"), report));
    let variant = fields.require("variant", variant, report);
    let weight = fields.number("weight", report);
    let weight = fields.require("weight", weight, report)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "compared with what it came from")]
    let whole = weight as u32;
    if f64::from(whole).to_bits() != weight.to_bits() {
        report.error(place.name("weight"), "expected a whole number from 0 on");
        return None;
    }
    Some((variant?, whole))
}
