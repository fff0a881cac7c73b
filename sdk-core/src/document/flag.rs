//! The definition of one flag as a document writes it, read and checked by itself.
use alloc::{borrow::Cow, boxed::Box, format, sync::Arc, vec::Vec};

use super::{
    condition::{Conditions, Draws},
    definition::{Definition, OnMissingUnit, Prerequisite, Rule, Serve, TARGETING_KEY, Target},
    key::key_fault,
    limits::{MAX_ENVIRONMENTS, MAX_RULES, MAX_TARGETS},
    metadata,
    operand::compile_target,
    reader::{Fields, Report, duplicates},
    state,
    texts::Texts,
    variants::Variants,
};
use crate::{
    bucket::BUCKETS,
    json::{Items, Name, Node, Place, Value},
    matching::time,
    model::details::FlagType,
};

const MEMBERS: &[&str] = &[
    "type",
    "aliases",
    "stage",
    "description",
    "owner",
    "lifetime",
    "expires",
    "locked",
    "tags",
    "metadata",
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
    state::ENABLED,
    state::ROLLOUT,
];

/// Reads the definition of a flag, without its state; `None` after reporting its errors.
pub(crate) fn read<'t>(key: &str, json: Value<'_, 't>, place: Place<'_>, conditions: &mut Conditions<'_, 't>) -> Option<Definition> {
    let mark = conditions.report.mark();
    if let Some(fault) = key_fault(key) {
        conditions.report.error(place, fault);
    }
    let fields = Fields::of(json, place, MEMBERS, conditions.report)?;
    let report = &mut *conditions.report;
    let kind = match fields.string("type", report).as_deref() {
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
    let tags = Arc::new(fields.strings("tags", report));
    let metadata = metadata::read(&fields, report);
    let variants = Variants::read(kind, &fields, metadata.as_deref(), conditions.builder, (&mut conditions.contents, report))?;
    let on = variants.named(&fields, "on", report);
    let off = variants.optional(&fields, "off", Some("off"), report);
    let default = if fields.get("default").is_some() { variants.optional(&fields, "default", None, report) } else { off };
    let environments = read_environments(&fields, &variants, report);
    let salt = fields.string("salt", report);
    let murmurhash_js = match fields.string("hash", report).as_deref() {
        None | Some("sip-1") => false,
        Some("murmurhash-js") => true,
        Some(_) => {
            report.error(place.name("hash"), "expected sip-1 or murmurhash-js");
            false
        }
    };
    let on_missing_unit = match fields.string("onMissingUnit", report).as_deref() {
        None | Some("error") => OnMissingUnit::Error,
        Some("continue") => OnMissingUnit::Continue,
        Some(_) => {
            report.error(place.name("onMissingUnit"), "expected error or continue");
            OnMissingUnit::Error
        }
    };
    let unit = fields.string("unit", report);
    conditions.draws = Some(Draws { unit: unit.clone().unwrap_or(TARGETING_KEY.into()), murmurhash_js });
    let report = &mut *conditions.report;
    let prerequisites = read_prerequisites(&fields, report);
    let aliases = fields.list("aliases", report);
    conditions.builder.flag(&[], kind, variants.table, 0);
    let mut definition = Definition {
        aliases: Texts::default(),
        malformed_aliases: Vec::new(),
        tags,
        kind,
        on: on.unwrap_or(0),
        off,
        default,
        environments,
        unit: unit.map(Box::from),
        on_missing_unit,
        murmurhash_js,
        prerequisites,
        targets: read_targets(&fields, &variants, conditions),
        rules: read_rules(&fields, &variants, salt.as_deref().unwrap_or(key), conditions),
        salt: salt.map(Box::from),
        usual_variants: variants.usual,
        variants: variants.names,
    };
    if conditions.report.mark() != mark {
        return None;
    }
    // A bad alias is dropped, and the flag stays.
    (definition.aliases, definition.malformed_aliases) = read_aliases(aliases, place.name("aliases"), conditions.report);
    Some(definition)
}

/// Checks the members that are for operators and change no answer.
fn check_description(fields: &Fields<'_, '_, '_>, report: &mut Report) {
    for name in ["stage", "description", "owner"] {
        fields.string(name, report);
    }
    if let Some(lifetime) = fields.string("lifetime", report)
        && !matches!(&*lifetime, "release" | "experiment" | "operational" | "permission")
    {
        report.error(fields.place.name("lifetime"), "expected release, experiment, operational or permission");
    }
    if let Some(locked) = fields.get("locked")
        && !matches!(locked.node(), Node::Boolean(_))
    {
        report.error(fields.place.name("locked"), "expected true or false");
    }
    let is_time = match fields.get("expires").map(Value::node) {
        None => true,
        Some(Node::String(text)) => time::parse_millis(text.as_bytes()).is_some(),
        Some(Node::Number(number)) => time::is_whole(number),
        Some(Node::Null | Node::Boolean(_) | Node::Array(_) | Node::Object(_)) => false,
    };
    if !is_time {
        report.error(fields.place.name("expires"), "expected a time such as 2026-01-31T12:00:00Z or whole milliseconds since 1970");
    }
}

/// Reads the defaults by environment.
fn read_environments(fields: &Fields<'_, '_, '_>, variants: &Variants, report: &mut Report) -> Vec<(Box<str>, Option<u32>)> {
    let place = fields.place.name("environments");
    let Some(environments) = fields.object("environments", report) else { return Vec::new() };
    if report.too_many(place, environments.len(), MAX_ENVIRONMENTS, "environments") {
        return Vec::new();
    }
    let read = |(name, value): (Name<'_, '_>, Value<'_, '_>)| {
        let name = name.text();
        let variant = variants.or_null(value, place.name(&name), report);
        (Box::from(name), variant)
    };
    environments.map(read).collect()
}

/// The aliases, and the places of those that are no text.
fn read_aliases(aliases: Items<'_, '_>, place: Place<'_>, report: &mut Report) -> (Texts, Vec<usize>) {
    let (mut read, mut others) = (Texts::with_capacity(aliases.len()), Vec::new());
    for (index, alias) in aliases.enumerate() {
        let text = alias.as_str();
        read.push(text.as_deref().unwrap_or_default());
        if text.is_none() {
            report.expected(place.index(index), "a string", alias);
            others.push(index);
        }
    }
    (read.trimmed(), others)
}

fn read_prerequisites(fields: &Fields<'_, '_, '_>, report: &mut Report) -> Vec<Prerequisite> {
    let mut prerequisites = Vec::new();
    let place = fields.place.name("prerequisites");
    for (index, json) in fields.list("prerequisites", report).enumerate() {
        let Some(fields) = Fields::of(json, place.index(index), &["flag", "variants"], report) else { continue };
        let flag = fields.string("flag", report);
        let flag = fields.require("flag", flag, report);
        let variants = fields.strings("variants", report);
        fields.require("variants", Some(()), report);
        if let Some(flag) = flag {
            prerequisites.push(Prerequisite { index, flag: flag.into(), variants });
        }
    }
    prerequisites
}

fn read_targets(fields: &Fields<'_, '_, '_>, variants: &Variants, conditions: &mut Conditions<'_, '_>) -> Vec<Target> {
    let place = fields.place.name("targets");
    let entries = fields.list("targets", conditions.report);
    if conditions.report.too_many(place, entries.len(), MAX_TARGETS, "targets") {
        return Vec::new();
    }
    let mut targets = Vec::with_capacity(entries.len());
    for (index, json) in entries.enumerate() {
        let place = place.index(index);
        let Some(fields) = Fields::of(json, place, &["attribute", "values", "variant"], conditions.report) else { continue };
        let attribute = fields.string("attribute", conditions.report);
        let attribute = fields.require("attribute", attribute, conditions.report);
        let variant = fields.get("variant").and_then(|json| variants.of(json, place.name("variant"), conditions.report));
        let variant = fields.require("variant", variant, conditions.report);
        let values = fields.get("values");
        let values = fields.require("values", values, conditions.report);
        let (Some(attribute), Some(variant), Some(values)) = (attribute, variant, values) else { continue };
        if let Some(condition) = compile_target(&attribute, values, place.name("values"), conditions) {
            targets.push(Target { condition, variant });
        }
    }
    targets
}

fn read_rules(fields: &Fields<'_, '_, '_>, variants: &Variants, salt: &str, conditions: &mut Conditions<'_, '_>) -> Vec<Rule> {
    let place = fields.place.name("rules");
    let rules = fields.list("rules", conditions.report);
    if conditions.report.too_many(place, rules.len(), MAX_RULES, "rules") {
        return Vec::new();
    }
    let names: Vec<Cow<'_, str>> = rules.clone().filter_map(|rule| rule.members()?.get("name")?.as_str()).collect();
    let twice = duplicates(names.iter().map(Cow::as_ref));
    let mut read = Vec::with_capacity(rules.len());
    for (index, json) in rules.enumerate() {
        let place = place.index(index);
        let Some(fields) = Fields::of(json, place, &["name", "if", "serve"], conditions.report) else { continue };
        let name = fields.string("name", conditions.report);
        let condition = match fields.get("if") {
            None => Some(0),
            Some(json) => conditions.compile(json, place.name("if"), 1),
        };
        let serve = fields.get("serve").and_then(|json| {
            let name = name.as_deref().map(|name| (name, twice.binary_search(&name).is_ok()));
            read_serve(json, place, variants, salt, name, conditions.report)
        });
        let serve = fields.require("serve", serve, conditions.report);
        if let Some((condition, serve)) = condition.zip(serve) {
            read.push(Rule { condition, serve });
        }
    }
    read
}

/// Reads the member `serve` of the rule at the place `rule`. `name` is the rule's name, and true if another rule of the flag has it too.
fn read_serve(
    json: Value<'_, '_>,
    rule: Place<'_>,
    variants: &Variants,
    salt: &str,
    name: Option<(&str, bool)>,
    report: &mut Report,
) -> Option<Serve> {
    let place = rule.name("serve");
    if json.members().is_none() {
        return variants.of(json, place, report).map(Serve::Variant);
    }
    let fields = Fields::of(json, place, &["split", "unit", "salt"], report)?;
    let unit = fields.string("unit", report).map(Box::from);
    let salt: Box<str> = match (fields.string("salt", report), name) {
        (Some(own), _) => own.into(),
        (None, Some((name, false))) => format!("{salt}/{name}").into(),
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
    let split = fields.require("split", split, report)?;
    let Some(entries) = split.items() else {
        report.expected(place, "a list of variants and weights", split);
        return None;
    };
    let mark = report.mark();
    let (mut shares, mut sum) = (Vec::with_capacity(entries.len()), 0);
    for (index, entry) in entries.enumerate() {
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
fn read_share(json: Value<'_, '_>, place: Place<'_>, variants: &Variants, report: &mut Report) -> Option<(u32, u32)> {
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
