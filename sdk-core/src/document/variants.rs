//! The variants of a flag: their names, their values, and the members that name one.
use alloc::{borrow::Cow, string::String, vec::Vec};

use super::{
    budget::Contents,
    key::variant_name_fault,
    limits::MAX_VARIANTS,
    reader::{Fields, Report, report_repeated_within},
};
use crate::{
    context::value,
    json::{Node, Place, Value, canonical},
    model::{build::Builder, details::FlagType},
};

/// The names of a flag's variants in the order of their numbers.
pub(crate) struct Names {
    names: Vec<Cow<'static, str>>,
    /// Numbers, sorted by their names; none where the names are few.
    sorted: Vec<u32>,
}

/// The most names that are compared one by one; longer lists are sorted.
const FEW: usize = 8;

impl Names {
    fn new(names: Vec<Cow<'static, str>>) -> Self {
        let mut sorted = Vec::new();
        if names.len() > FEW {
            sorted = (0..).zip(&names).map(|(number, _)| number).collect();
            // Stable: of one name twice, which is an error, the first is found.
            sorted.sort_by_key(|number: &u32| names.get(*number as usize));
        }
        Self { names, sorted }
    }

    /// The number of the variant with this name.
    pub(crate) fn number(&self, name: &str) -> Option<u32> {
        if self.sorted.is_empty() {
            return self.names.iter().position(|known| known == name).and_then(|position| u32::try_from(position).ok());
        }
        let named = |number: &u32| self.names.get(*number as usize).map_or("", Cow::as_ref);
        let place = self.sorted.binary_search_by_key(&name, named).ok()?;
        self.sorted.get(place).copied()
    }
}

/// The variants of a flag.
pub(crate) struct Variants {
    pub(crate) names: Names,
    /// The place of their table.
    pub(crate) table: u32,
    /// True if they are `on` and `off` because none are written, and the flag has no metadata: all such tables are the same.
    pub(crate) usual: bool,
}

impl Variants {
    /// Reads the variants of a flag; `None` after reporting that there are none or too many. `contents` counts the values.
    pub(crate) fn read(
        kind: FlagType,
        fields: &Fields<'_, '_, '_>,
        metadata: Option<&str>,
        builder: &mut Builder,
        (contents, report): (&mut Contents, &mut Report),
    ) -> Option<Self> {
        if fields.get("variants").is_none() && kind == FlagType::Boolean {
            let table = [(b"on".as_slice(), [value::TRUE].as_slice()), (b"off", &[value::FALSE])];
            let names = Vec::from([Cow::Borrowed("on"), Cow::Borrowed("off")]);
            let table = builder.variants(table.into_iter(), metadata);
            return Some(Self { names: Names::new(names), table, usual: metadata.is_none() });
        }
        let place = fields.place.name("variants");
        let members = fields.object("variants", report);
        let members = fields.require("variants", members, report)?;
        if members.is_empty() {
            report.error(place, "expected at least one variant");
            return None;
        }
        if report.too_many(place, members.len(), MAX_VARIANTS, "variants") {
            return None;
        }
        let mut names: Vec<Cow<'static, str>> = Vec::with_capacity(members.len());
        let mut table = Vec::with_capacity(members.len());
        for (name, json) in members {
            let name = name.text();
            let place = place.name(&name);
            if let Some(fault) = variant_name_fault(&name) {
                report.error(place, fault);
            }
            report_repeated_within(json, place, report);
            // A variant of the wrong type keeps its place, so that the members that name it are not reported too.
            let encoded = encode(kind, json, contents).unwrap_or_else(|| {
                report.expected(place, article(kind), json);
                Vec::from([value::FALSE])
            });
            names.push(Cow::Owned(String::from(name)));
            table.push(encoded);
        }
        let named = names.iter().zip(&table).map(|(name, value)| (name.as_bytes(), value.as_slice()));
        let table = builder.variants(named, metadata);
        Some(Self { names: Names::new(names), table, usual: false })
    }

    /// The number of the variant that a value names.
    pub(crate) fn of(&self, json: Value<'_, '_>, place: Place<'_>, report: &mut Report) -> Option<u32> {
        let Some(name) = json.as_str() else {
            report.expected(place, "a variant's name", json);
            return None;
        };
        let number = self.names.number(&name);
        if number.is_none() {
            report.error(place, format_args!("unknown variant {name:?}"));
        }
        number
    }

    /// As [`Self::of`], but null stands for the caller's default.
    pub(crate) fn or_null(&self, json: Value<'_, '_>, place: Place<'_>, report: &mut Report) -> Option<u32> {
        if matches!(json.node(), Node::Null) { None } else { self.of(json, place, report) }
    }

    /// The variant that a member names; an absent member names the variant of its own name.
    pub(crate) fn named(&self, fields: &Fields<'_, '_, '_>, member: &str, report: &mut Report) -> Option<u32> {
        match fields.get(member) {
            Some(json) => self.of(json, fields.place.name(member), report),
            None => self.names.number(member).or_else(|| {
                report.error(fields.place, format_args!("expected a member {member:?}: there is no variant of that name"));
                None
            }),
        }
    }

    /// As [`Self::named`], but null stands for the caller's default.
    pub(crate) fn optional(&self, fields: &Fields<'_, '_, '_>, member: &str, absent: Option<&str>, report: &mut Report) -> Option<u32> {
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

/// A variant's value in the form of the tables; `None` if it is not of the flag's type. One for which a document has no room is counted and
/// not kept.
fn encode(kind: FlagType, json: Value<'_, '_>, contents: &mut Contents) -> Option<Vec<u8>> {
    let mut encoded = Vec::new();
    match (kind, json.node()) {
        (FlagType::Boolean, Node::Boolean(boolean)) => encoded.push(if boolean { value::TRUE } else { value::FALSE }),
        (FlagType::String, Node::String(text)) => value::push_text(&mut encoded, value::STRING, text.as_bytes()),
        (FlagType::Number, Node::Number(number)) => value::push_number(&mut encoded, number),
        (FlagType::Object, Node::Object(_) | Node::Array(_)) => {
            let mut text = String::new();
            canonical::write_json_within(&mut text, json, contents.room_for_value());
            let kept = if contents.add_value(text.len()) { text.as_bytes() } else { &[] };
            value::push_text(&mut encoded, value::JSON, kept);
        }
        _ => return None,
    }
    Some(encoded)
}
