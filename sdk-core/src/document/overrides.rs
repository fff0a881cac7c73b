//! Overrides as documents write them: trees or dotted keys, by owner. They are compiled for a ruleset, which is compiled already.
use alloc::{borrow::Cow, collections::BTreeMap, string::String, vec::Vec};
use core::convert::Infallible;

use super::{
    error::DocumentError,
    key::MAX_KEY,
    override_tree::{Leaf, VisitLeaves, visit_leaves},
    reader::{Repeated, Report},
};
use crate::{
    evaluate::{
        overrides::{Overrides, OwnerKind, OwnerOverrides},
        ruleset::Ruleset,
    },
    json::{
        Members, Name, Node, Object, Place, Tape,
        cursor::{Cursor, members},
    },
};

impl Ruleset {
    /// Compiles the overrides of one owner, written as in a document, and reports the leaves that are left out.
    ///
    /// The overrides and the errors are those of the same owner in a whole document; of the errors, the first
    /// [`MAX_ERRORS`](crate::limits::MAX_ERRORS). The overrides hold for this ruleset: one with other flags, aliases or variants takes
    /// nothing from them.
    pub fn owner_overrides(&self, kind: OwnerKind, id: &str, tree: &str) -> (OwnerOverrides, Vec<DocumentError>) {
        let (section, mut report) = (Place::ROOT.name("overrides"), Report::default());
        let section = section.name(kind.section());
        let place = section.name(id);
        let overrides =
            Reader { variants: BTreeMap::new(), ruleset: self, report: &mut report }.owner(Tape::read(tree, place), tree, place);
        (overrides, report.finish().0)
    }
}

/// Reads the overrides of a document, which stand at `at` in its text. A bad leaf is left out alone.
pub(crate) fn read(raw: &str, at: usize, ruleset: &Ruleset, report: &mut Report) -> Overrides {
    let place = Place::ROOT.name("overrides");
    let (mut overrides, mut reader) = (Overrides::default(), Reader { variants: BTreeMap::new(), ruleset, report });
    let mut found: [Option<(usize, &str)>; 2] = [None; 2];
    let mut repeated = [false; 2];
    for member in members(raw, place) {
        reader.report.reading(at + member.at);
        let name = match &member.name {
            Ok(name) => name.as_ref(),
            Err(fault) => {
                reader.report.error(place, fault);
                continue;
            }
        };
        let kind = match name {
            "customers" => 0,
            "organizations" => 1,
            _ => {
                reader.report.error(place.name(name), "unknown member, expected one of customers, organizations");
                continue;
            }
        };
        if found[kind].replace((at + member.at, member.raw)).is_some() {
            repeated[kind] = true;
            reader.report.twice(place.name(name));
        }
    }
    // Of a section that stands there twice neither counts.
    for (section, repeated) in found.iter_mut().zip(repeated) {
        *section = section.filter(|_| !repeated);
    }
    let mut owners = |section: Option<(usize, &str)>, kind: OwnerKind| {
        section.map(|(at, raw)| reader.owners(raw, at, place.name(kind.section()))).unwrap_or_default()
    };
    overrides.customers = owners(found[0], OwnerKind::Customer);
    overrides.organizations = owners(found[1], OwnerKind::Organization);
    overrides
}

/// Reads the overrides of owners, one tree at a time.
struct Reader<'l> {
    ruleset: &'l Ruleset,
    report: &'l mut Report,
    /// The variants of each flag that was overridden so far.
    variants: BTreeMap<u32, Variants<'l>>,
}

/// The variants of a flag, for looking up many times.
struct Variants<'l> {
    by_name: BTreeMap<&'l str, u32>,
    /// The numbers of the first variant that is false, and of the first that is true.
    booleans: [Option<u32>; 2],
}

impl<'l> Reader<'l> {
    /// Reads all customers, or all organizations. An owner without overrides is left out.
    fn owners(&mut self, raw: &str, at: usize, place: Place<'_>) -> BTreeMap<String, OwnerOverrides> {
        let mut owners = BTreeMap::new();
        self.report.reading(at);
        if !Cursor::new(raw).open(b'{') {
            self.report.error(place, "expected an object of owners");
        }
        // A document may name a million owners, so the list of their names is freed before their trees are read.
        let mut names: Vec<Cow<'_, str>> = Vec::with_capacity(members(raw, place).count());
        names.extend(members(raw, place).filter_map(|member| member.name.ok()));
        let mut repeated = Repeated::of(names.iter().map(Cow::as_ref));
        drop(names);
        for member in members(raw, place) {
            self.report.reading(at + member.at);
            match &member.name {
                Err(fault) => self.report.error(place, fault),
                Ok(name) if repeated.leaves_out(name, place, self.report) => {}
                Ok(name) => {
                    let place = place.name(name);
                    let overrides = self.owner(Tape::of(&member, place), member.raw, place);
                    if !overrides.is_empty() {
                        owners.insert(name.as_ref().into(), overrides);
                    }
                }
            }
        }
        owners
    }

    /// Reads the overrides of one owner, whose text is `raw`.
    fn owner(&mut self, tree: Result<Tape<'_>, DocumentError>, raw: &str, place: Place<'_>) -> OwnerOverrides {
        let mut readable = String::new();
        let tree = tree.or_else(|error| {
            // Text that is no JSON, or nests too deep, is no tree.
            if !raw.starts_with('{') || Cursor::new(raw).skip(place.level()).is_err() {
                return Err(error);
            }
            readable_leaves(&mut readable, raw, place, self.report);
            Tape::read(&readable, place)
        });
        let tree = match tree {
            Ok(tree) => tree,
            Err(error) => {
                self.report.add(error);
                return OwnerOverrides::default();
            }
        };
        if tree.root().members().is_none() {
            self.report.expected(place, "an object of overrides", tree.root());
            return OwnerOverrides::default();
        }
        let mut leaves = Leaves { reader: self, found: BTreeMap::new() };
        let Ok(()) = visit_leaves(tree.root(), place, &mut leaves);
        let by_flag = leaves.found.into_iter().map(|(flag, leaf)| (flag, leaf.variant)).collect();
        OwnerOverrides::new(self.ruleset.numbering, by_flag)
    }

    fn variants(&mut self, flag: u32) -> &Variants<'l> {
        let ruleset = self.ruleset;
        self.variants.entry(flag).or_insert_with(|| Variants {
            by_name: ruleset.variant_names(flag).zip(0..).collect(),
            booleans: [false, true].map(|value| ruleset.first_boolean(flag, value)),
        })
    }
}

/// Writes a tree in which an unreadable leaf, such as one with U+0000, is an empty object, and reports each of them. The name of such a leaf
/// stays, so that another one of this name is still told as the second.
fn readable_leaves(out: &mut String, raw: &str, place: Place<'_>, report: &mut Report) {
    let mut object = Object::open(out);
    for member in members(raw, place) {
        let name = match &member.name {
            Ok(name) => name,
            Err(fault) => {
                report.error(place, fault);
                continue;
            }
        };
        let (place, out) = (place.name(name), object.member(name));
        if member.raw.starts_with('{') {
            readable_leaves(out, member.raw, place, report);
        } else if let Err(error) = Tape::of(&member, place) {
            report.add(error);
            out.push_str("{}");
        } else {
            out.push_str(member.raw);
        }
    }
    object.close();
}

/// The overrides of one owner, as far as they are read.
struct Leaves<'r, 'l> {
    reader: &'r mut Reader<'l>,
    /// The override of each flag, by number.
    found: BTreeMap<u32, ChosenVariant>,
}

impl<'t> VisitLeaves<'t> for Leaves<'_, '_> {
    type Error = Infallible;

    fn object<'j>(&mut self, place: Place<'_>, _: usize, members: &Members<'j, 't>) -> Result<Vec<Name<'j, 't>>, Infallible> {
        let twice = members.repeated();
        for name in &twice {
            self.reader.report.twice(place.name(&name.text()));
        }
        Ok(twice)
    }

    fn leaf(&mut self, Leaf { path, depth, place, value }: Leaf<'_, '_, 't>) -> Result<(), Infallible> {
        let Reader { ruleset, .. } = *self.reader;
        // A path may be as long as the document; it is looked up for each of its leaves.
        let known = if path.len() > MAX_KEY { None } else { ruleset.find(path) };
        let Some(flag) = known else {
            self.reader.report.error(place, format_args!("unknown flag {:?}", Shortened(path)));
            return Ok(());
        };
        let variant = match value.node() {
            Node::Boolean(boolean) => {
                let variant = self.reader.variants(flag).booleans[usize::from(boolean)];
                if variant.is_none() {
                    self.reader.report.error(place, format_args!("flag {path:?} has no variant with the value {boolean}"));
                }
                variant
            }
            Node::String(name) => {
                let variant = self.reader.variants(flag).by_name.get(name.as_ref()).copied();
                if variant.is_none() {
                    self.reader.report.error(place, format_args!("unknown variant {name:?}"));
                }
                variant
            }
            Node::Null | Node::Number(_) | Node::Array(_) | Node::Object(_) => {
                self.reader.report.expected(place, "true, false or a variant's name", value);
                None
            }
        };
        let Some(variant) = variant else { return Ok(()) };
        let key = ruleset.key_of(flag);
        let is_key = depth == 1 && path == key;
        let twice = || DocumentError::at(place, format_args!("flag {key:?} is named twice"));
        match self.found.get_mut(&flag) {
            None => {
                self.found.insert(flag, ChosenVariant { variant, loses: (!is_key).then(twice) });
            }
            Some(before) if is_key => {
                if let Some(error) = before.loses.take() {
                    self.reader.report.add(error);
                }
                before.variant = variant;
            }
            Some(_) => self.reader.report.add(twice()),
        }
        Ok(())
    }
}

/// The variant that overrides a flag.
struct ChosenVariant {
    variant: u32,
    /// The error to report if the leaf whose single name is the flag's key comes after this one.
    loses: Option<DocumentError>,
}

/// A path, cut to at most twice the bytes of the longest key, for messages.
struct Shortened<'p>(&'p str);

impl core::fmt::Debug for Shortened<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.get(..self.0.floor_char_boundary(2 * MAX_KEY)).unwrap_or_default().fmt(f)
    }
}
