//! Sets and removes the overrides of one customer or organization.
use alloc::{
    collections::BTreeSet,
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use sdk_core::{
    Context, Millis, Overrides, OwnerKind, OwnerOverrides, Ruleset, Value,
    document::{Leaf, Members, VisitLeaves, retain_leaves, visit_leaves},
    json::{self, Json, Name, Node, Place, Tape, quoted},
};

use crate::{
    CommandOutcome, CurrentState, Field, Refusal, RefusalKind, RefusalPlace,
    change::{Action, Actor, Change},
    command::check_id,
    leaves::Leaves,
    organization_of, rollout_overrides,
    rows::{RowKey, RowKind, spelling},
    state_row,
};

/// The most levels of a tree of overrides: no flag key has more segments.
const MAX_DEPTH: usize = 64;

/// Sets and removes the overrides that the tree of a command names; other flags of the owner keep theirs.
pub(crate) fn set(current: CurrentState<'_>, owner: OwnerKind, id: &str, tree: &str, actor: &Actor) -> Result<CommandOutcome, Refusal> {
    check_new_owner(owner, id)?;
    let key = RowKey::of(owner.into(), id);
    let before = current.paged.text(&key);
    let stored = Leaves::of(current.ruleset, owner, id, before.unwrap_or("{}"));
    let given = leaves(&stored, tree)?;
    if given.found.is_empty() && given.gone.is_empty() {
        return Err(Refusal::invalid(Field::Overrides, "expected one override at least"));
    }
    let TreeEdit { changed, gone, after } = given.edit(before);
    if changed.is_empty() && gone.is_empty() {
        return Ok(CommandOutcome::default());
    }
    let own_before = &stored.own;
    let (own_after, _) = current.ruleset.owner_overrides(owner, id, after.as_deref().unwrap_or("{}"));
    let who = OwnerView::new(current, owner, id);
    let [with_before, with_after] = [own_before.clone(), own_after].map(|own| who.overrides(own));
    let mut outcome = CommandOutcome::default();
    for leaf in changed {
        let flag = current.ruleset.key_of(leaf.flag);
        let old = own_before.variant(leaf.flag);
        let action = if leaf.variant.is_some() { Action::OverrideSet } else { Action::OverrideRemoved };
        let named = |variant: Option<u32>| variant.map(|variant| quoted(current.ruleset.variant_name(leaf.flag, variant)));
        outcome.changes.push(Change {
            flag: Some(flag.into()),
            old_value: who.value(current.ruleset, &with_before, flag, actor.at),
            new_value: who.value(current.ruleset, &with_after, flag, actor.at),
            old: named(old),
            new: named(leaf.variant),
            had_override: old.is_some(),
            ..who.change(action)
        });
        if leaf.variant.is_some() {
            outcome.warnings.extend(who.warning(current, flag));
            outcome.writes.extend(rollout_overrides::belongs(current, (owner, id), leaf.flag, actor)?);
        }
    }
    for path in gone {
        let old = stored.said(&path);
        outcome.changes.push(Change { flag: Some(path), old, had_override: true, ..who.change(Action::OverrideRemoved) });
    }
    outcome.writes.push((key, after));
    Ok(outcome)
}

fn check_owner(owner: OwnerKind, id: &str) -> Result<(), Refusal> {
    check_id(id, field_of(owner))
}

/// Refuses an id that no owner should get. Overrides that are stored under such an id can be cleared.
pub(crate) fn check_new_owner(owner: OwnerKind, id: &str) -> Result<(), Refusal> {
    check_owner(owner, id)?;
    let trimmed = id.trim();
    if trimmed == id {
        return Ok(());
    }
    let detail = format!("expected an id without spaces at its ends: contexts name {trimmed:?}, and {id:?} is another owner");
    Err(Refusal::invalid(field_of(owner), detail))
}

pub(crate) fn field_of(owner: OwnerKind) -> Field {
    match owner {
        OwnerKind::Customer => Field::Customer,
        OwnerKind::Organization => Field::Organization,
    }
}

/// Removes all overrides of one owner, also those that the ruleset cannot evaluate.
pub(crate) fn clear(current: CurrentState<'_>, owner: OwnerKind, id: &str, actor: &Actor) -> Result<CommandOutcome, Refusal> {
    check_owner(owner, id)?;
    let key = RowKey::of(owner.into(), id);
    let Some(before) = current.paged.text(&key) else { return Ok(CommandOutcome::default()) };
    let leaves = Leaves::of(current.ruleset, owner, id, before);
    let who = OwnerView::new(current, owner, id);
    let [with_before, with_after] = [leaves.own.clone(), OwnerOverrides::default()].map(|own| who.overrides(own));
    let mut outcome = CommandOutcome::default();
    for flag in leaves.names() {
        outcome.changes.push(Change {
            old_value: who.value(current.ruleset, &with_before, &flag, actor.at),
            new_value: who.value(current.ruleset, &with_after, &flag, actor.at),
            old: leaves.said(&flag),
            flag: Some(flag),
            had_override: true,
            ..who.change(Action::OverrideRemoved)
        });
    }
    if outcome.changes.is_empty() {
        outcome.changes.push(Change { pointer: Some(key.pointer()), old: Some(before.into()), ..who.change(Action::OverrideRemoved) });
    }
    outcome.writes.push((key, None));
    Ok(outcome)
}

/// A context that names a customer, an organization or both, and nothing else.
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
pub fn overrides_of(current: CurrentState<'_>, customer: Option<&str>, organization: Option<&str>) -> Overrides {
    let mut overrides = Overrides::default();
    for (kind, id) in [(OwnerKind::Customer, customer), (OwnerKind::Organization, organization)] {
        if let Some(id) = id
            && let Some(tree) = current.paged.text(&RowKey::of(kind.into(), id))
        {
            overrides.insert(kind, id.into(), current.ruleset.owner_overrides(kind, id, tree).0);
        }
    }
    overrides
}

/// The paths of an owner's stored overrides whose flags are gone, in their order. They count again if the flags return.
pub fn overrides_without_flag(ruleset: &Ruleset, owner: OwnerKind, id: &str, tree: &str) -> Vec<String> {
    let names = Leaves::of(ruleset, owner, id, tree).names();
    names.into_iter().filter(|name| ruleset.find(name).is_none()).collect()
}

/// The owner whose overrides are set, as a visitor of whom nothing else is known: it evaluates flags before and after a change.
pub(crate) struct OwnerView<'h> {
    owner: OwnerKind,
    id: &'h str,
    context: Context,
    /// The overrides of the customer's organization.
    organization: Overrides,
}

impl<'h> OwnerView<'h> {
    /// The owner as a visitor; a customer brings the organization that the rows name, with its overrides.
    pub(crate) fn new(current: CurrentState<'_>, owner: OwnerKind, id: &'h str) -> Self {
        let organization = (owner == OwnerKind::Customer).then(|| organization_of(current.paged, id)).flatten();
        let overrides = overrides_of(current, None, organization.as_deref());
        let context = match owner {
            OwnerKind::Customer => visitor(Some(id), organization.as_deref()),
            OwnerKind::Organization => visitor(None, Some(id)),
        };
        Self { owner, id, context, organization: overrides }
    }

    /// An owner with an empty context, to name the owner in records and not to evaluate flags.
    pub(crate) fn of_id(owner: OwnerKind, id: &'h str) -> Self {
        Self { owner, id, context: Context::new(), organization: Overrides::default() }
    }

    /// The overrides of this owner, with those of the customer's organization.
    pub(crate) fn overrides(&self, own: OwnerOverrides) -> Overrides {
        let mut overrides = self.organization.clone();
        overrides.insert(self.owner, self.id.into(), own);
        overrides
    }

    /// The value of the flag for this owner; `None` if it is no boolean.
    pub(crate) fn value(&self, ruleset: &Ruleset, overrides: &Overrides, flag: &str, now: Millis) -> Option<bool> {
        match ruleset.evaluate(overrides.of(&self.context), flag, &self.context, now, None).value() {
            Some(Value::Boolean(value)) => Some(value),
            _ => None,
        }
    }

    /// A change of this owner's overrides, with every other field empty.
    pub(crate) fn change(&self, action: Action) -> Change {
        let id = |owner| (self.owner == owner).then(|| self.id.to_string());
        Change { customer: id(OwnerKind::Customer), organization: id(OwnerKind::Organization), ..Change::new(action) }
    }

    /// Warns of an override that beats the deny list.
    fn warning(&self, current: CurrentState<'_>, flag: &str) -> Option<String> {
        let rollout = state_row::rollout(current.rows.get(RowKind::State, flag)?, None)?;
        let denied = self.owner == OwnerKind::Customer && rollout.deny.iter().any(|unit| unit == self.id);
        denied.then(|| format!("customer {:?} is on the deny list of {flag}; the override comes before it", self.id))
    }
}

/// A leaf of the command: a flag, and the variant it gets; `None` removes its override.
pub(crate) struct Wanted<'j> {
    pub(crate) flag: u32,
    pub(crate) variant: Option<u32>,
    value: Json<'j>,
}

/// Reads the tree of a command; unlike in a document, any error in it refuses the tree whole.
pub(crate) fn leaves<'r, 't>(stored: &'r Leaves<'r>, tree: &'t str) -> Result<Given<'r, 't>, Refusal> {
    let invalid = |detail: String| Refusal::invalid(Field::Overrides, detail);
    let tape: Tape<'t> = serde_json::from_str(tree).map_err(|error| invalid(format!("{error}")))?;
    let json = tape.root();
    if json.members().is_none() {
        return Err(invalid(format!("expected an object of overrides, found {}", json.kind())));
    }
    let mut given = Given { stored, found: Vec::new(), gone: BTreeSet::new() };
    visit_leaves(json, Place::ROOT, &mut given)?;
    let mut seen = BTreeSet::new();
    if let Some(twice) = given.found.iter().find(|leaf| !seen.insert(leaf.flag)) {
        return Err(invalid(format!("flag {:?} is named twice", stored.ruleset.key_of(twice.flag))));
    }
    Ok(given)
}

/// The leaves of a command, each checked against the ruleset and the stored overrides.
pub(crate) struct Given<'r, 't> {
    stored: &'r Leaves<'r>,
    found: Vec<Wanted<'t>>,
    /// The paths of stored leaves to remove whose flags are gone.
    gone: BTreeSet<String>,
}

impl<'t> Given<'_, 't> {
    /// Also removes the stored overrides that the tree does not name. Those of flags that are gone stay: they count again if the flags return.
    pub(crate) fn replacing(mut self) -> Self {
        let named: BTreeSet<u32> = self.found.iter().map(|leaf| leaf.flag).collect();
        let others = self.stored.own.flags().filter(|flag| !named.contains(flag));
        self.found.extend(others.map(|flag| Wanted { flag, variant: None, value: Json::Null }));
        self
    }

    /// The effect of the tree on the stored one, whose text is `before`.
    pub(crate) fn edit(self, before: Option<&str>) -> TreeEdit<'t> {
        let Self { stored, found, gone } = self;
        let changed: Vec<Wanted<'t>> = found.into_iter().filter(|leaf| stored.own.variant(leaf.flag) != leaf.variant).collect();
        let is_change = !changed.is_empty() || !gone.is_empty();
        let after = if is_change { edited(stored.ruleset, before.unwrap_or("{}"), &changed, &gone) } else { before.map(Into::into) };
        TreeEdit { changed, gone, after }
    }
}

/// The effect of a tree on the stored overrides of one owner.
pub(crate) struct TreeEdit<'t> {
    /// The flags whose override is another one than before.
    pub(crate) changed: Vec<Wanted<'t>>,
    /// The paths of removed leaves whose flags are gone.
    pub(crate) gone: BTreeSet<String>,
    /// The text to store; `None` if no leaf is left.
    pub(crate) after: Option<String>,
}

impl<'t> VisitLeaves<'t> for Given<'_, 't> {
    type Error = Refusal;

    fn object<'j>(&mut self, place: Place<'_>, depth: usize, members: &json::Members<'j, 't>) -> Result<Vec<Name<'j, 't>>, Refusal> {
        if depth >= MAX_DEPTH {
            return Err(Refusal::invalid(Field::Overrides, format!("expected a tree of at most {MAX_DEPTH} levels")));
        }
        match members.repeated().first() {
            Some(twice) => Err(Refusal::invalid(below(place), format!("the member {:?} stands here twice", twice.text()))),
            None => Ok(Vec::new()),
        }
    }

    fn leaf(&mut self, Leaf { path, place, value, .. }: Leaf<'_, '_, 't>) -> Result<(), Refusal> {
        let ruleset = self.stored.ruleset;
        let Some(flag) = ruleset.find(path) else {
            if matches!(value.node(), Node::Null) && self.stored.said(path).is_some() {
                self.gone.insert(path.to_string());
                return Ok(());
            }
            return Err(Refusal::new(RefusalKind::FlagNotFound, below(place), format!("no flag has the key or alias {path:?}")));
        };
        let variant = match value.node() {
            Node::Null => None,
            Node::Boolean(boolean) => {
                let variant = ruleset.first_boolean(flag, boolean);
                let detail = || format!("the flag has no variant with the value {boolean}");
                Some(variant.ok_or_else(|| Refusal::invalid(below(place), detail()))?)
            }
            Node::String(text) => {
                let variant = ruleset.variant_number(flag, &text);
                Some(variant.ok_or_else(|| Refusal::invalid(below(place), format!("unknown variant {text:?}")))?)
            }
            Node::Number(_) | Node::Array(_) | Node::Object(_) => {
                let detail = format!("expected true, false, a variant's name or null, found {}", value.kind());
                return Err(Refusal::invalid(below(place), detail));
            }
        };
        self.found.push(Wanted { flag, variant, value: value.tree() });
        Ok(())
    }
}

/// A place in the tree of a command.
fn below(place: Place<'_>) -> RefusalPlace {
    RefusalPlace::Field { field: Field::Overrides, below: place.pointer() }
}

/// A stored tree with the leaves of these flags replaced and those of flags that are gone removed; others stay as they are written. `None`
/// if no leaf is left.
fn edited(ruleset: &Ruleset, tree: &str, changed: &[Wanted<'_>], gone: &BTreeSet<String>) -> Option<String> {
    let flags: BTreeSet<u32> = changed.iter().map(|leaf| leaf.flag).collect();
    let mut members = match serde_json::from_str(tree) {
        Ok(Json::Object(members)) => members,
        _ => Vec::new(),
    };
    // Every leaf of these flags, by whatever name.
    retain_leaves(&mut members, |path| match ruleset.find(path) {
        Some(flag) => !flags.contains(&flag),
        None => !gone.contains(path),
    });
    for leaf in changed.iter().filter(|leaf| leaf.variant.is_some()) {
        insert(&mut members, ruleset.key_of(leaf.flag), leaf.value.clone());
    }
    if members.is_empty() {
        return None;
    }
    Some(spelling::written(&Json::Object(members)))
}

/// Adds a leaf at a dotted path. If another leaf stands in its way, the whole path becomes a single name.
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
