//! The environments of a deployment: their names, and the commands that register them.
//!
//! The first environment is the one whose hub every deployment has; that hub holds a row for each other environment. To remove an
//! environment is to close it: its hub keeps its data, and opens again once the name is registered anew.
use alloc::{format, string::String};
use core::fmt;

use sdk_core::{BucketKey, Millis, json::Place};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    Allowed, CommandOutcome, CurrentState, Field, Refusal, RefusalKind, RefusalPlace,
    change::{Action, Change},
    keys,
    rows::{BUCKET_KEY, RowKey, RowKind, Rows},
};

/// The longest name, in bytes.
const MAX_NAME: usize = 32;
/// The most environments besides the first one.
const MAX_ENVIRONMENTS: usize = 50;
/// The name that no environment can have: `/api/admin/environments/copy` is another route.
const RESERVED: &str = "copy";
/// The spelling that a refusal says was expected.
const EXPECTED: &str = "expected a name of 1 to 32 letters a to z, digits and hyphens";

/// The name of an environment that has a hub: 1 to 32 of `a` to `z`, `0` to `9` and `-`.
///
/// ```
/// use control::EnvironmentName;
///
/// assert_eq!(EnvironmentName::parse("eu-staging").map(|name| name.to_string()), Some("eu-staging".into()));
/// assert_eq!(EnvironmentName::parse("EU"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EnvironmentName(String);

impl EnvironmentName {
    /// Reads a name; `None` if no environment can have it.
    pub fn parse(text: &str) -> Option<Self> {
        let is_name = (1..=MAX_NAME).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        is_name.then(|| Self(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EnvironmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for EnvironmentName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EnvironmentName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).ok_or_else(|| D::Error::custom(EXPECTED))
    }
}

/// An environment that the first hub has registered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Registered {
    /// The moment at which it was registered, in milliseconds.
    #[serde(with = "crate::spelled")]
    pub created_at: Millis,
}

/// The registered environments in these rows, ordered by name. A row that this release does not understand is none.
pub fn environments(rows: &Rows) -> impl Iterator<Item = (EnvironmentName, Registered)> {
    rows.of(RowKind::Environment).filter_map(|(name, text)| Some((EnvironmentName::parse(name)?, serde_json::from_str(text).ok()?)))
}

/// The name that a document gives its environment; `None` if it names none.
pub(crate) fn named_environment(rows: &Rows) -> Option<String> {
    serde_json::from_str(rows.get(RowKind::Member, "environment")?).ok()
}

/// The name of the first environment, by the rows of its hub; `None` if it has none. A document from the backup of a registered environment
/// names that one, and gives the first one no name.
pub fn first_environment(rows: &Rows) -> Option<String> {
    named_environment(rows).filter(|named| environments(rows).all(|(known, _)| known.as_str() != named))
}

/// Registers an environment, in the first hub.
pub(crate) fn create(
    current: CurrentState<'_>,
    hub: Option<&EnvironmentName>,
    name: &EnvironmentName,
    now: Millis,
) -> Result<CommandOutcome, Refusal> {
    let rows = current.rows;
    let taken = |why: String| Err(Refusal::new(RefusalKind::EnvironmentTaken, Field::Environment, why));
    check_hub(hub)?;
    if name.as_str() == RESERVED {
        return Err(Refusal::invalid(Field::Environment, format!("no environment can have the name {RESERVED:?}")));
    }
    if named_environment(rows).as_deref() == Some(name.as_str()) {
        return taken(format!("{:?} is the name of the first environment", name.as_str()));
    }
    if environments(rows).any(|(known, _)| known == *name) {
        return taken(format!("the environment {:?} is registered already", name.as_str()));
    }
    // A key opens the environment that its text names: those of the first one would become keys of this one.
    if keys::keys(rows).any(|(_, key)| key.holds(now) && key.environment().as_ref() == Some(name)) {
        return taken(format!(
            "valid keys or API tokens of the first environment have the name {:?} in them: replace them first",
            name.as_str()
        ));
    }
    if environments(rows).count() >= MAX_ENVIRONMENTS {
        let detail = format!("there are already {MAX_ENVIRONMENTS} environments besides the first one; remove one first");
        return Err(Refusal::invalid(RefusalPlace::Command, detail));
    }
    Ok(outcome(registering(name, &Registered { created_at: now })))
}

/// The row of a registered environment, and its record.
pub(crate) fn registering(name: &EnvironmentName, row: &Registered) -> ((RowKey, Option<String>), Change) {
    let text = serde_json::to_string(row).unwrap_or_default();
    ((row_of(name), Some(text)), Change { new: Some(shown(name)), ..Change::new(Action::EnvironmentCreated) })
}

/// Closes an environment.
pub(crate) fn remove(current: CurrentState<'_>, hub: Option<&EnvironmentName>, name: &EnvironmentName) -> Result<CommandOutcome, Refusal> {
    check_hub(hub)?;
    if named_environment(current.rows).as_deref() == Some(name.as_str()) {
        return Err(Refusal::new(RefusalKind::EnvironmentTaken, RefusalPlace::Command, "the first environment cannot be removed"));
    }
    if current.rows.get(RowKind::Environment, name.as_str()).is_none() {
        let detail = format!("no environment has the name {:?}", name.as_str());
        return Err(Refusal::new(RefusalKind::EnvironmentNotFound, RefusalPlace::Command, detail));
    }
    Ok(outcome(((row_of(name), None), Change { old: Some(shown(name)), ..Change::new(Action::EnvironmentRemoved) })))
}

fn row_of(name: &EnvironmentName) -> RowKey {
    RowKey { kind: RowKind::Environment, name: name.as_str().into() }
}

/// The name as JSON.
fn shown(name: &EnvironmentName) -> String {
    format!("{:?}", name.as_str())
}

fn outcome((write, change): ((RowKey, Option<String>), Change)) -> CommandOutcome {
    CommandOutcome { writes: [write].into(), changes: [change].into(), ..CommandOutcome::default() }
}

/// Refuses a hub other than the first one, which has no registry.
fn check_hub(hub: Option<&EnvironmentName>) -> Result<(), Refusal> {
    match hub {
        None => Ok(()),
        Some(_) => Err(Refusal::invalid(RefusalPlace::Command, "the first environment registers the others: leave ?environment= out")),
    }
}

/// Refuses a document that names another environment than the one into which it is imported, or brings another bucket key, unless the
/// command allows it. An environment without a name takes that of its document, except that of a registered one.
pub(crate) fn check_document(rows: &Rows, hub: Option<&EnvironmentName>, document: &Rows, allowed: &Allowed) -> Result<(), Refusal> {
    check_environment(rows, hub, document, allowed)?;
    let key = |rows: &Rows| rows.get(RowKind::Member, BUCKET_KEY).and_then(|raw| serde_json::from_str::<String>(raw).ok());
    let named = allowed.new_bucket_key.as_deref();
    let new = key(document).and_then(|key| BucketKey::from_hex(&key)).map(BucketKey::to_hex);
    let beginning = new.as_ref().and_then(|key| key.get(..8));
    if named.is_some_and(|named| beginning.is_none_or(|beginning| !beginning.eq_ignore_ascii_case(named))) {
        return Err(Refusal::invalid(Field::NewBucketKey, "expected the first eight digits of the document's bucketKey"));
    }
    let is_other = new.as_ref().zip(rows.bucket_key()).is_some_and(|(new, held)| *new != held.to_hex());
    if !is_other || named.is_some() {
        return Ok(());
    }
    let why = format!(
        "the document has another bucketKey than the one in force, by which every rollout and split would draw other units: leave it out, \
         or name its first eight digits, ?newBucketKey={}",
        beginning.unwrap_or_default()
    );
    Err(Refusal::new(RefusalKind::OtherBucketKey, RefusalPlace::Document(Place::ROOT.name(BUCKET_KEY).pointer()), why))
}

fn check_environment(rows: &Rows, hub: Option<&EnvironmentName>, document: &Rows, allowed: &Allowed) -> Result<(), Refusal> {
    let (named, held) = (named_environment(document), named_environment(rows));
    if allowed.new_environment.is_some() && (hub.is_some() || allowed.new_environment != named) {
        let why = "expected the document's environment; only the first environment can be renamed";
        return Err(Refusal::invalid(Field::NewEnvironment, why));
    }
    let why = match (hub, named) {
        (Some(hub), Some(named)) if named == hub.as_str() => return Ok(()),
        // An absent name changes none.
        (Some(_), None) if held.is_some() => return Ok(()),
        (Some(hub), Some(named)) => {
            let this = hub.as_str();
            format!(
                "the document is of the environment {named:?}, and this is {this:?}: name the document's in ?environment=, or set \
                 `environment` in the document to {this:?}"
            )
        }
        (Some(hub), None) => format!("the document names no environment: expected {:?}", hub.as_str()),
        (None, Some(named)) if environments(rows).any(|(known, _)| known.as_str() == named) => {
            format!("the document is of the environment {named:?}: import it with ?environment={named}")
        }
        (None, Some(named)) if allowed.new_environment.is_none() && held.as_ref().is_some_and(|held| *held != named) => {
            let held = held.unwrap_or_default();
            format!(
                "the document is of the environment {named:?}, and this is {held:?}: leave it out, or rename this one by ?newEnvironment={named}"
            )
        }
        (None, _) => return Ok(()),
    };
    Err(Refusal::new(RefusalKind::OtherEnvironment, RefusalPlace::Document(Place::ROOT.name("environment").pointer()), why))
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString as _, vec::Vec};

    use sdk_core::{Compiler, compile};

    use super::*;
    use crate::{
        Command, KeyCommand, KeyIdentity, KeyKind, KeyTerms, NewKey, NewKeySecret, Supplies, apply, change::Actor, execute, rows::State,
    };

    const DOCUMENT: &str =
        r#"{"schema":"twinflag/1","environment":"production","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{"a":{}}}"#;

    fn name(text: &str) -> EnvironmentName {
        EnvironmentName::parse(text).unwrap()
    }

    fn order(rows: &Rows, command: &Command, supplies: Supplies) -> Result<CommandOutcome, Refusal> {
        let ruleset = compile(DOCUMENT, None).unwrap().ruleset;
        let current = CurrentState { rows, paged: &Rows::default(), ruleset: &ruleset };
        let (subject, role, reason) = ("ada".into(), "admin".into(), "why".into());
        let actor = Actor { subject, role, on_behalf_of: None, reason, at: Millis(7) };
        execute(current, command, supplies, &actor, &mut Compiler::new())
    }

    fn create(rows: &Rows, text: &str) -> Result<CommandOutcome, Refusal> {
        order(rows, &Command::CreateEnvironment { name: name(text) }, Supplies::default())
    }

    fn with(mut rows: Rows, names: &[&str]) -> Rows {
        for name in names {
            let writes = create(&rows, name).unwrap().writes;
            apply(&mut rows, &writes);
        }
        rows
    }

    fn first() -> Rows {
        Rows::split(DOCUMENT).unwrap()
    }

    fn registered(rows: &Rows) -> Vec<String> {
        environments(rows).map(|(name, _)| name.to_string()).collect()
    }

    #[test]
    fn names_are_short_lower_case_and_plain() {
        for text in ["a", "0", "-", "eu-staging-2", &"x".repeat(32)] {
            assert_eq!(EnvironmentName::parse(text).map(|name| name.to_string()).as_deref(), Some(text));
        }
        for text in ["", "A", "a_b", "a.b", "a/b", "é", "a b", "a\0", &"x".repeat(33)] {
            assert!(EnvironmentName::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn an_environment_is_registered_once_and_closed() {
        let mut rows = with(first(), &["staging", "dev"]);
        assert_eq!(registered(&rows), ["dev", "staging"]);
        assert_eq!(environments(&rows).next().map(|(_, row)| row.created_at), Some(Millis(7)));
        assert_eq!(create(&rows, "dev").err().map(|refusal| refusal.kind), Some(RefusalKind::EnvironmentTaken));
        let remove = |rows: &Rows| order(rows, &Command::RemoveEnvironment { name: name("dev") }, Supplies::default());
        let outcome = remove(&rows).unwrap();
        assert_eq!(
            outcome.changes.iter().map(|change| (change.action, change.old.as_deref())).collect::<Vec<_>>(),
            [(Action::EnvironmentRemoved, Some("\"dev\""))]
        );
        apply(&mut rows, &outcome.writes);
        assert_eq!(registered(&rows), ["staging"]);
        assert_eq!(remove(&rows).err().map(|refusal| refusal.kind), Some(RefusalKind::EnvironmentNotFound));
        assert_eq!(registered(&with(rows, &["dev"])), ["dev", "staging"]);
        let first = order(&first(), &Command::RemoveEnvironment { name: name("production") }, Supplies::default()).err();
        assert_eq!(first.map(|refusal| refusal.kind), Some(RefusalKind::EnvironmentTaken));
    }

    #[test]
    fn a_name_that_would_mean_two_environments_is_refused() {
        let kind = |text: &str, rows: &Rows| create(rows, text).err().map(|refusal| refusal.kind);
        assert_eq!(kind("production", &first()), Some(RefusalKind::EnvironmentTaken));
        assert_eq!(kind("copy", &first()), Some(RefusalKind::Invalid));
        let terms = KeyTerms {
            kind: KeyKind::Client,
            label: "l".into(),
            origins: Vec::new(),
            tags: Vec::new(),
            identity: KeyIdentity::Open,
            signed_attributes: Vec::new(),
            expires_at: None,
            role: None,
        };
        let secret = NewKeySecret::of(&KeyKind::Client.secret(Some(&name("staging")), [1; crate::RANDOM]), "i");
        let new_key = Some(NewKey { id: "k-1".into(), secret });
        let made = order(&first(), &Command::Key(KeyCommand::Create { terms }), Supplies { new_key, ..Supplies::default() }).unwrap();
        let mut rows = first();
        apply(&mut rows, &made.writes);
        assert_eq!(kind("staging", &rows), Some(RefusalKind::EnvironmentTaken));
        assert_eq!(kind("stagin", &rows), None);
    }

    #[test]
    fn a_first_document_with_the_name_of_a_registered_environment_has_no_name() {
        let rows = with(first(), &["staging"]);
        assert_eq!(first_environment(&rows).as_deref(), Some("production"));
        let mut restored = rows;
        restored.insert(RowKey::of(RowKind::Member, "environment"), r#""staging""#.into());
        assert_eq!(first_environment(&restored), None);
    }

    #[test]
    fn there_is_a_most_of_environments() {
        let names: Vec<String> = (0..MAX_ENVIRONMENTS).map(|number| format!("e{number}")).collect();
        let rows = with(first(), &names.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(create(&rows, "more").err().map(|refusal| refusal.kind), Some(RefusalKind::Invalid));
    }

    #[test]
    fn a_document_is_imported_into_the_environment_that_it_names() {
        let document = |member: &str| DOCUMENT.replace(r#""environment":"production","#, member);
        let import = |rows: &Rows, environment: Option<&str>, member: &str| {
            let command = Command::Import { document: document(member), state: State::Keep, allowed: Allowed::default() };
            let outcome = order(rows, &command, Supplies { environment: environment.map(name), ..Supplies::default() });
            outcome.err().map(|refusal| (refusal.kind, refusal.place))
        };
        let refused = || Some((RefusalKind::OtherEnvironment, RefusalPlace::Document("/environment".into())));
        for (member, first, staging) in [
            (r#""environment":"production","#, None, refused()),
            (r#""environment":"staging","#, refused(), None),
            (r#""environment":"Other","#, refused(), refused()),
            ("", None, refused()),
        ] {
            assert_eq!(import(&with(self::first(), &["staging"]), None, member), first, "{member}");
            assert_eq!(import(&Rows::default(), Some("staging"), member), staging, "{member}");
        }
    }

    #[test]
    fn a_document_that_renames_the_first_environment_is_imported_with_a_warning() {
        let warned = |member: &str| {
            let document = DOCUMENT.replace(r#""environment":"production","#, member);
            let new_environment = named_environment(&Rows::split(&document).unwrap());
            let allowed = Allowed { new_environment, ..Allowed::default() };
            let outcome = order(&first(), &Command::Import { document, state: State::Keep, allowed }, Supplies::default()).unwrap();
            outcome.imported.unwrap().warnings.into_iter().map(|warning| (warning.pointer, warning.message)).collect::<Vec<_>>()
        };
        assert_eq!(warned(r#""environment":"production","#), []);
        let warnings = warned(r#""environment":"produktion","#);
        assert!(
            matches!(&warnings[..], [(pointer, message)] if pointer == "/environment"
                && message.contains("\"production\"") && message.contains("\"produktion\"")),
            "{warnings:?}"
        );
    }

    #[test]
    fn only_the_first_environment_registers_others() {
        let supplies = Supplies { environment: Some(name("staging")), ..Supplies::default() };
        for command in [Command::CreateEnvironment { name: name("dev") }, Command::RemoveEnvironment { name: name("dev") }] {
            let refusal = order(&with(first(), &["dev"]), &command, supplies.clone()).err();
            assert_eq!(refusal.map(|refusal| refusal.kind), Some(RefusalKind::Invalid));
        }
    }
}
