//! One flag as a document writes it, read and checked on its own.
use alloc::{borrow::Cow, format, vec::Vec};

use super::{
    condition::{Compiled, Conditions, Draws},
    key::key_fault,
    limits::{MAX_ENVIRONMENTS, MAX_RULES, MAX_TARGETS},
    metadata,
    operand::compile_target,
    reader::{Fields, Report, duplicates},
    rollout::Rollout,
    variants::{Names, Variants},
};
use crate::{
    bucket::BUCKETS,
    json::{Json, Place},
    matching::time,
    model::details::FlagType,
};

/// A flag whose own members are sound; what it refers to is still to be found. It owns what it says, or borrows it from the text.
pub(crate) struct Draft<'t> {
    pub(crate) key: Cow<'t, str>,
    /// With their places in the list.
    pub(crate) aliases: Vec<(usize, Cow<'t, str>)>,
    pub(crate) tags: Vec<Cow<'t, str>>,
    pub(crate) kind: FlagType,
    pub(crate) enabled: bool,
    pub(crate) variants: Names<'t>,
    /// Where the table of variants stands.
    pub(crate) table: u32,
    pub(crate) on: u32,
    pub(crate) off: Option<u32>,
    pub(crate) default: Option<u32>,
    /// The default of the document's environment, if the flag names it.
    pub(crate) environment: Option<EnvironmentDefault>,
    pub(crate) unit: Cow<'t, str>,
    pub(crate) on_missing_unit: OnMissingUnit,
    pub(crate) salt: Cow<'t, str>,
    pub(crate) murmurhash_js: bool,
    pub(crate) prerequisites: Vec<Prerequisite<'t>>,
    pub(crate) targets: Vec<Target>,
    pub(crate) rules: Vec<Rule<'t>>,
    pub(crate) rollout: Rollout,
}

impl Draft<'_> {
    /// Its key and its aliases.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.aliases.iter().map(|(_, alias)| alias).chain([&self.key]).map(Cow::as_ref)
    }
}

/// What a draw does where the unit is missing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnMissingUnit {
    /// It answers an error.
    Error,
    /// It does not apply.
    Continue,
}

/// What a flag is in one environment: a variant, or the caller's default.
#[derive(Clone, Copy)]
pub(crate) struct EnvironmentDefault(pub(crate) Option<u32>);

pub(crate) struct Prerequisite<'t> {
    /// Where it stands in the list.
    pub(crate) index: usize,
    /// A key or an alias.
    pub(crate) flag: Cow<'t, str>,
    pub(crate) variants: Vec<Cow<'t, str>>,
}

/// An individual target: a compiled test and what it serves.
pub(crate) struct Target {
    pub(crate) condition: u32,
    pub(crate) variant: u32,
}

pub(crate) struct Rule<'t> {
    /// 0 for a rule without condition.
    pub(crate) condition: u32,
    pub(crate) serve: Serve<'t>,
}

pub(crate) enum Serve<'t> {
    Variant(u32),
    /// Upper bounds of buckets and variants, in their order.
    Split {
        shares: Vec<(u32, u32)>,
        unit: Option<Cow<'t, str>>,
        salt: Cow<'t, str>,
    },
}

const TARGETING_KEY: &str = "targetingKey";

const MEMBERS: &[&str] = &[
    "type",
    "aliases",
    "stage",
    "description",
    "owner",
    "lifetime",
    "expires",
    "tags",
    "metadata",
    "enabled",
    "variants",
    "on",
    "off",
    "default",
    "environments",
    "unit",
    "onMissingUnit",
    "salt",
    "hash",
    "prerequisites",
    "targets",
    "rules",
    "rollout",
];

/// Reads one flag; `None` after reporting what is wrong with it.
pub(crate) fn read<'j, 't>(
    key: &Cow<'t, str>,
    json: &'j Json<'t>,
    place: Place<'_>,
    environment: Option<&str>,
    conditions: &mut Conditions<'_, 'j>,
) -> Option<Draft<'t>> {
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
    check_description(&fields, report);
    let tags = fields.strings("tags", report);
    let metadata = metadata::read(&fields, report);
    let variants = Variants::read(kind, &fields, metadata.as_deref(), conditions.builder, report)?;
    let on = variants.named(&fields, "on", report);
    let off = variants.optional(&fields, "off", Some("off"), report);
    let default = if fields.get("default").is_some() { variants.optional(&fields, "default", None, report) } else { off };
    let environment = read_environments(&fields, environment, &variants, report);
    let salt = fields.text("salt", report).unwrap_or_else(|| key.clone());
    let murmurhash_js = match fields.string("hash", report) {
        None | Some("sip-1") => false,
        Some("murmurhash-js") => true,
        Some(_) => {
            report.error(place.name("hash"), "expected sip-1 or murmurhash-js");
            false
        }
    };
    let on_missing_unit = match fields.string("onMissingUnit", report) {
        None | Some("error") => OnMissingUnit::Error,
        Some("continue") => OnMissingUnit::Continue,
        Some(_) => {
            report.error(place.name("onMissingUnit"), "expected error or continue");
            OnMissingUnit::Error
        }
    };
    // Borrowed for the draws of conditions; the draft has its own.
    let unit = fields.string("unit", report).unwrap_or(TARGETING_KEY);
    conditions.draws = Some(Draws { unit, murmurhash_js });
    let report = &mut *conditions.report;
    let prerequisites = read_prerequisites(&fields, report);
    let rollout = fields.get("rollout").map(|json| Rollout::read(json, place.name("rollout"), report)).unwrap_or_default();
    let aliases = fields.list("aliases", report);
    let mut draft = Draft {
        key: key.clone(),
        aliases: Vec::new(),
        tags,
        kind,
        enabled: fields.boolean("enabled", report).unwrap_or(true),
        table: variants.table,
        on: on.unwrap_or(0),
        off,
        default,
        environment,
        unit: fields.text("unit", &mut Report::default()).unwrap_or(Cow::Borrowed(TARGETING_KEY)),
        on_missing_unit,
        murmurhash_js,
        prerequisites,
        targets: read_targets(&fields, &variants, conditions),
        rules: read_rules(&fields, &variants, &salt, conditions),
        salt,
        rollout,
        variants: variants.names,
    };
    if conditions.report.mark() != mark {
        return None;
    }
    // A bad alias is dropped alone.
    draft.aliases = read_aliases(aliases, place.name("aliases"), conditions.report);
    Some(draft)
}

/// Checks what is for operators and changes no answer.
fn check_description(fields: &Fields<'_, '_, '_>, report: &mut Report) {
    for name in ["stage", "description", "owner"] {
        fields.string(name, report);
    }
    if let Some(lifetime) = fields.string("lifetime", report)
        && !matches!(lifetime, "release" | "experiment" | "operational" | "permission")
    {
        report.error(fields.place.name("lifetime"), "expected release, experiment, operational or permission");
    }
    let is_time = match fields.get("expires") {
        None => true,
        Some(Json::String(text)) => time::parse_millis(text.as_bytes()).is_some(),
        Some(Json::Number(number)) => time::is_whole(*number),
        Some(Json::Null | Json::Boolean(_) | Json::Array(_) | Json::Object(_)) => false,
    };
    if !is_time {
        report.error(fields.place.name("expires"), "expected a time such as 2026-01-31T12:00:00Z or whole milliseconds since 1970");
    }
}

/// Reads the defaults by environment; answers that of the document's environment.
fn read_environments(
    fields: &Fields<'_, '_, '_>,
    environment: Option<&str>,
    variants: &Variants<'_>,
    report: &mut Report,
) -> Option<EnvironmentDefault> {
    let place = fields.place.name("environments");
    let environments = fields.object("environments", report)?;
    if report.too_many(place, environments.len(), MAX_ENVIRONMENTS, "environments") {
        return None;
    }
    let mut found = None;
    for (name, value) in environments {
        let variant = variants.or_null(value, place.name(name), report);
        if Some(name.as_ref()) == environment {
            found = Some(EnvironmentDefault(variant));
        }
    }
    found
}

/// The aliases that are text.
fn read_aliases<'t>(aliases: &[Json<'t>], place: Place<'_>, report: &mut Report) -> Vec<(usize, Cow<'t, str>)> {
    let mut read = Vec::with_capacity(aliases.len());
    for (index, alias) in aliases.iter().enumerate() {
        match alias {
            Json::String(alias) => read.push((index, alias.clone())),
            other => report.expected(place.index(index), "a string", other),
        }
    }
    read
}

fn read_prerequisites<'t>(fields: &Fields<'_, 't, '_>, report: &mut Report) -> Vec<Prerequisite<'t>> {
    let mut prerequisites = Vec::new();
    let place = fields.place.name("prerequisites");
    for (index, json) in fields.list("prerequisites", report).iter().enumerate() {
        let Some(fields) = Fields::of(json, place.index(index), &["flag", "variants"], report) else { continue };
        let flag = fields.text("flag", report);
        let flag = fields.require("flag", flag, report);
        let variants = fields.strings("variants", report);
        fields.require("variants", Some(()), report);
        if let Some(flag) = flag {
            prerequisites.push(Prerequisite { index, flag, variants });
        }
    }
    prerequisites
}

fn read_targets(fields: &Fields<'_, '_, '_>, variants: &Variants<'_>, conditions: &mut Conditions<'_, '_>) -> Vec<Target> {
    let place = fields.place.name("targets");
    let entries = fields.list("targets", conditions.report);
    if conditions.report.too_many(place, entries.len(), MAX_TARGETS, "targets") {
        return Vec::new();
    }
    let mut targets = Vec::with_capacity(entries.len());
    for (index, json) in entries.iter().enumerate() {
        let place = place.index(index);
        let Some(fields) = Fields::of(json, place, &["attribute", "values", "variant"], conditions.report) else { continue };
        let attribute = fields.string("attribute", conditions.report);
        let attribute = fields.require("attribute", attribute, conditions.report);
        let variant = fields.get("variant").and_then(|json| variants.of(json, place.name("variant"), conditions.report));
        let variant = fields.require("variant", variant, conditions.report);
        let values = fields.get("values");
        let values = fields.require("values", values, conditions.report);
        let (Some(attribute), Some(variant), Some(values)) = (attribute, variant, values) else { continue };
        if let Some(condition) = compile_target(attribute, values, place.name("values"), conditions) {
            targets.push(Target { condition, variant });
        }
    }
    targets
}

fn read_rules<'t>(fields: &Fields<'_, 't, '_>, variants: &Variants<'_>, salt: &str, conditions: &mut Conditions<'_, '_>) -> Vec<Rule<'t>> {
    let place = fields.place.name("rules");
    let rules = fields.list("rules", conditions.report);
    if conditions.report.too_many(place, rules.len(), MAX_RULES, "rules") {
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
            let name = name.map(|name| (name, twice.binary_search(&name).is_ok()));
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
fn read_serve<'t>(
    json: &Json<'t>,
    rule: Place<'_>,
    variants: &Variants<'_>,
    salt: &str,
    name: Option<(&str, bool)>,
    report: &mut Report,
) -> Option<Serve<'t>> {
    let place = rule.name("serve");
    if !matches!(json, Json::Object(_)) {
        return variants.of(json, place, report).map(Serve::Variant);
    }
    let fields = Fields::of(json, place, &["split", "unit", "salt"], report)?;
    let unit = fields.text("unit", report);
    let salt = match (fields.text("salt", report), name) {
        (Some(own), _) => own,
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
