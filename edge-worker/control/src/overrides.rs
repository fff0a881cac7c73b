//! Setting and removing overrides of one customer or organization.
use alloc::{
    borrow::Cow,
    collections::BTreeSet,
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use sdk_core::{
    Context, Millis, Overrides, Own, OwnerKind, OwnerOverrides, Ruleset, Value,
    document::duplicates,
    json::{Json, quoted},
};

use crate::{
    Held, Refusal, RefusalKind, Steered,
    change::{Action, By, Change},
    command::check_id,
    leaves::Leaves,
    organization_of,
    rows::{
        RowKey, RowKind,
        spelling::{self, Order},
    },
    state_row,
};

/// How deep a tree of overrides may be: more than any key has segments.
const MAX_DEPTH: usize = 64;

pub(crate) fn set(held: Held<'_>, owner: OwnerKind, id: &str, tree: &str, by: &By) -> Result<Steered, Refusal> {
    check_owner(owner, id)?;
    let given = leaves(held.ruleset, tree)?;
    let key = RowKey::of(owner.into(), id);
    let before = held.paged.text(&key);
    let (own_before, _) = held.ruleset.owner_overrides(owner, id, before.unwrap_or("{}"));
    let changed: Vec<&Leaf<'_>> = given.iter().filter(|leaf| own_before.variant(leaf.flag) != leaf.variant).collect();
    if changed.is_empty() {
        return Ok(Steered::default());
    }
    let after = edited(held.ruleset, before.unwrap_or("{}"), &changed);
    let (own_after, _) = held.ruleset.owner_overrides(owner, id, after.as_deref().unwrap_or("{}"));
    let who = Who::new(held, owner, id);
    let mut steered = Steered::default();
    for leaf in changed {
        let flag = held.ruleset.key_of(leaf.flag);
        let old = own_before.variant(leaf.flag);
        let action = if leaf.variant.is_some() { Action::OverrideSet } else { Action::OverrideRemoved };
        let named = |variant: Option<u32>| variant.map(|variant| quoted(held.ruleset.variant_name(leaf.flag, variant)));
        steered.changes.push(Change {
            flag: Some(flag.into()),
            old_value: who.value(held.ruleset, &own_before, flag, by.at),
            new_value: who.value(held.ruleset, &own_after, flag, by.at),
            old: named(old),
            new: named(leaf.variant),
            had_override: old.is_some(),
            ..who.change(action)
        });
        steered.warnings.extend(leaf.variant.and_then(|_| who.warning(held, flag)));
    }
    steered.writes.push((key, after));
    Ok(steered)
}

fn check_owner(owner: OwnerKind, id: &str) -> Result<(), Refusal> {
    check_id(id, if owner == OwnerKind::Customer { "/customerId" } else { "/organizationId" })
}

/// Removes all overrides of one owner, also those that evaluate to nothing.
pub(crate) fn clear(held: Held<'_>, owner: OwnerKind, id: &str, by: &By) -> Result<Steered, Refusal> {
    check_owner(owner, id)?;
    let key = RowKey::of(owner.into(), id);
    let Some(before) = held.paged.text(&key) else { return Ok(Steered::default()) };
    let leaves = Leaves::of(held.ruleset, owner, id, before);
    let who = Who::new(held, owner, id);
    let mut steered = Steered::default();
    for flag in leaves.names() {
        steered.changes.push(Change {
            old_value: who.value(held.ruleset, &leaves.own, &flag, by.at),
            new_value: who.value(held.ruleset, &OwnerOverrides::default(), &flag, by.at),
            old: leaves.said(&flag),
            flag: Some(flag),
            had_override: true,
            ..who.change(Action::OverrideRemoved)
        });
    }
    if steered.changes.is_empty() {
        steered.changes.push(Change { pointer: Some(key.pointer()), old: Some(before.into()), ..who.change(Action::OverrideRemoved) });
    }
    steered.writes.push((key, None));
    Ok(steered)
}

/// The context of somebody of whom nothing else is known.
pub fn visitor(customer: Option<&str>, organization: Option<&str>) -> Context {
    let mut context = Context::new();
    for (name, id) in [("customerId", customer), ("organizationId", organization)] {
        if let Some(id) = id {
            context = context.string(name, id);
        }
    }
    context
}

/// The overrides of a customer and an organization, compiled from their rows.
pub fn overrides_of(held: Held<'_>, customer: Option<&str>, organization: Option<&str>) -> Overrides {
    let mut overrides = Overrides::default();
    for (kind, id) in [(OwnerKind::Customer, customer), (OwnerKind::Organization, organization)] {
        if let Some(id) = id
            && let Some(tree) = held.paged.text(&RowKey::of(kind.into(), id))
        {
            overrides.insert(kind, id.into(), held.ruleset.owner_overrides(kind, id, tree).0);
        }
    }
    overrides
}

/// The owner whose overrides are set, and as whom a change is judged: a visitor of whom nothing else is known.
pub(crate) struct Who<'h> {
    owner: OwnerKind,
    id: &'h str,
    context: Context,
    organization: Option<OwnerOverrides>,
}

impl<'h> Who<'h> {
    pub(crate) fn new(held: Held<'_>, owner: OwnerKind, id: &'h str) -> Self {
        let organization = (owner == OwnerKind::Customer).then(|| organization_of(held.paged, id)).flatten();
        let overrides = organization.as_deref().map(|organization| {
            let tree = held.paged.text(&RowKey::of(RowKind::Organization, organization)).unwrap_or("{}");
            held.ruleset.owner_overrides(OwnerKind::Organization, organization, tree).0
        });
        let context = match owner {
            OwnerKind::Customer => visitor(Some(id), organization.as_deref()),
            OwnerKind::Organization => visitor(None, Some(id)),
        };
        Self { owner, id, context, organization: overrides }
    }

    /// Somebody of whom nothing is asked but the name.
    pub(crate) fn of_id(owner: OwnerKind, id: &'h str) -> Self {
        Self { owner, id, context: Context::new(), organization: None }
    }

    /// What the flag is for this owner; `None` where it is no boolean.
    pub(crate) fn value(&self, ruleset: &Ruleset, own: &OwnerOverrides, flag: &str, now: Millis) -> Option<bool> {
        let own = match self.owner {
            OwnerKind::Customer => Own { customer: Some(own), organization: self.organization.as_ref() },
            OwnerKind::Organization => Own { customer: None, organization: Some(own) },
        };
        match ruleset.evaluate(own, flag, &self.context, now, None).value() {
            Some(Value::Boolean(value)) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn change(&self, action: Action) -> Change {
        let id = |owner| (self.owner == owner).then(|| self.id.to_string());
        Change { customer: id(OwnerKind::Customer), organization: id(OwnerKind::Organization), ..Change::new(action) }
    }

    /// An override beats the deny list, which may not be what is wanted.
    fn warning(&self, held: Held<'_>, flag: &str) -> Option<String> {
        let rollout = state_row::rollout(held.rows.get(RowKind::State, flag)?, None)?;
        let denied = self.owner == OwnerKind::Customer && rollout.deny.iter().any(|unit| unit == self.id);
        denied.then(|| format!("customer {:?} is on the deny list of {flag}; the override comes before it", self.id))
    }
}

/// A leaf of what was given: a flag, and the variant it gets; `None` removes.
struct Leaf<'j> {
    flag: u32,
    variant: Option<u32>,
    json: Json<'j>,
}

/// Reads a tree; unlike in a document anything wrong in it refuses it whole.
fn leaves<'t>(ruleset: &Ruleset, tree: &'t str) -> Result<Vec<Leaf<'t>>, Refusal> {
    let invalid = |detail: String| Refusal::invalid("/flags", detail);
    let json: Json<'t> = serde_json::from_str(tree).map_err(|error| invalid(format!("{error}")))?;
    let Json::Object(_) = json else { return Err(invalid(format!("expected an object of overrides, found {}", json.kind()))) };
    let mut found = Vec::new();
    collect(ruleset, json, &mut Vec::new(), &mut found)?;
    if found.is_empty() {
        return Err(invalid("expected one override at least".into()));
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = found.iter().find(|leaf| !seen.insert(leaf.flag)) {
        return Err(invalid(format!("flag {:?} is named twice", ruleset.key_of(twice.flag))));
    }
    Ok(found)
}

fn collect<'t>(ruleset: &Ruleset, json: Json<'t>, path: &mut Vec<String>, found: &mut Vec<Leaf<'t>>) -> Result<(), Refusal> {
    let pointer = || path.iter().fold(String::from("/flags"), |pointer, step| pointer + "/" + &step.replace('~', "~0").replace('/', "~1"));
    let Json::Object(members) = json else {
        let name = path.join(".");
        let Some(flag) = ruleset.find(&name) else {
            return Err(Refusal::new(RefusalKind::FlagNotFound, pointer(), format!("no flag has the key or alias {name:?}")));
        };
        let variant = match &json {
            Json::Null => None,
            Json::Boolean(boolean) => Some(
                ruleset
                    .first_boolean(flag, *boolean)
                    .ok_or_else(|| Refusal::invalid(pointer(), format!("the flag has no variant with the value {boolean}")))?,
            ),
            Json::String(text) => {
                let variant = ruleset.variant_number(flag, text);
                Some(variant.ok_or_else(|| Refusal::invalid(pointer(), format!("unknown variant {text:?}")))?)
            }
            other => {
                let detail = format!("expected true, false, a variant's name or null, found {}", other.kind());
                return Err(Refusal::invalid(pointer(), detail));
            }
        };
        found.push(Leaf { flag, variant, json });
        return Ok(());
    };
    if path.len() >= MAX_DEPTH {
        return Err(Refusal::invalid("/flags", format!("expected a tree of at most {MAX_DEPTH} levels")));
    }
    if let Some(twice) = duplicates(members.iter().map(|(name, _)| name.as_ref())).into_iter().next() {
        return Err(Refusal::invalid(pointer(), format!("the member {twice:?} stands here twice")));
    }
    for (name, value) in members {
        path.push(name.into_owned());
        collect(ruleset, value, path, found)?;
        path.pop();
    }
    Ok(())
}

/// The tree with other leaves; what it says of other flags stays as it stands. `None` where nothing is left.
fn edited(ruleset: &Ruleset, tree: &str, changed: &[&Leaf<'_>]) -> Option<String> {
    let flags: BTreeSet<u32> = changed.iter().map(|leaf| leaf.flag).collect();
    let mut members = match serde_json::from_str(tree) {
        Ok(Json::Object(members)) => members,
        _ => Vec::new(),
    };
    without(ruleset, &mut members, &mut String::new(), &flags);
    for leaf in changed.iter().filter(|leaf| leaf.variant.is_some()) {
        insert(&mut members, ruleset.key_of(leaf.flag), leaf.json.clone());
    }
    if members.is_empty() {
        return None;
    }
    let mut out = String::new();
    spelling::write(&mut out, &Json::Object(members), Order::Kept);
    Some(out)
}

type Members<'j> = Vec<(Cow<'j, str>, Json<'j>)>;

/// Takes every leaf of these flags away, by whatever name, and what is empty then.
fn without(ruleset: &Ruleset, members: &mut Members<'_>, path: &mut String, flags: &BTreeSet<u32>) {
    members.retain_mut(|(name, value)| {
        let length = path.len();
        if length > 0 {
            path.push('.');
        }
        path.push_str(name);
        let stays = match value {
            Json::Object(members) => {
                let was_empty = members.is_empty();
                without(ruleset, members, path, flags);
                was_empty || !members.is_empty()
            }
            _ => !ruleset.find(path).is_some_and(|flag| flags.contains(&flag)),
        };
        path.truncate(length);
        stays
    });
}

/// Puts a leaf at a dotted path; where something else stands in its way, under the path as one name.
fn insert<'j>(members: &mut Members<'j>, path: &str, leaf: Json<'j>) {
    if fits(members, path) { place(members, path, leaf) } else { members.push((path.to_string().into(), leaf)) }
}

fn fits(members: &Members<'_>, path: &str) -> bool {
    let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
    match (members.iter().find(|(name, _)| name == step), rest) {
        (None, _) => true,
        (Some((_, Json::Object(below))), Some(rest)) => fits(below, rest),
        (Some(_), _) => false,
    }
}

fn place<'j>(members: &mut Members<'j>, path: &str, leaf: Json<'j>) {
    let Some((step, rest)) = path.split_once('.') else { return members.push((path.to_string().into(), leaf)) };
    if let Some((_, Json::Object(below))) = members.iter_mut().find(|(name, _)| name == step) {
        return place(below, rest, leaf);
    }
    let mut below = Vec::new();
    place(&mut below, rest, leaf);
    members.push((step.to_string().into(), Json::Object(below)));
}
