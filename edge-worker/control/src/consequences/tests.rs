use core::cell::Cell;

use sdk_core::{Compiler, Millis, OwnerKind};

use super::{Consequence, Edit, Edits, OverwrittenEdit, OverwrittenMember, OwnerRows};
use crate::{
    Allowed, Command, CommandOutcome, CurrentState, DefinitionChange, Refusal, RefusalKind, Section, Supplies, apply,
    change::{Action, Actor, NO_REASON},
    execute,
    rows::{RowKey, RowKind, Rows, State},
    sound_rows::compile_what_serves,
};
use alloc::{format, string::String, vec::Vec};

/// The rows of a hub that has imported a document with these members.
fn hub(members: &str) -> Rows {
    Rows::default().merge(Rows::split(&document(members)).unwrap(), State::Replace).rows
}

fn document(members: &str) -> String {
    format!(r#"{{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f",{members}}}"#)
}

fn actor(role: &str, reason: &str) -> Actor {
    Actor { subject: "ada".into(), role: role.into(), on_behalf_of: None, reason: reason.into(), at: Millis(7) }
}

fn carry_out(rows: &Rows, command: &Command, actor: &Actor) -> Result<CommandOutcome, Refusal> {
    let ruleset = compile_what_serves(rows, &mut Compiler::new()).unwrap().ruleset;
    let current = CurrentState { rows, paged: rows, ruleset: &ruleset };
    execute(current, command, Supplies::default(), actor, &mut Compiler::new())
}

fn import(rows: &Rows, members: &str, allowed: Allowed) -> Result<CommandOutcome, Refusal> {
    let command = Command::Import { document: document(members), state: State::Keep, allowed };
    carry_out(rows, &command, &actor("admin", "a deploy"))
}

fn removing(names: &[&str]) -> Allowed {
    Allowed { remove: names.iter().map(|name| (*name).into()).collect(), ..Allowed::default() }
}

/// The consequences for which an import is refused: kind, pointer, overrides.
#[track_caller]
fn refused(rows: &Rows, members: &str, allowed: Allowed) -> Vec<String> {
    let refusal = import(rows, members, allowed).err().expect("it is refused");
    assert_eq!(refusal.kind, RefusalKind::Unsafe, "{refusal:?}");
    let shown = refusal.consequences.iter().filter(|found| !found.is_allowed);
    shown.map(|found| format!("{} {} {}", found.kind.as_str(), found.pointer, found.overrides)).collect()
}

#[test]
fn what_serves_goes_only_by_name() {
    let rows = hub(r#""flags":{"a":{},"b":{}},"overrides":{"customers":{"c-1":{"a":true},"c-2":{"a":true,"b":true}}}"#);
    let left = r#""flags":{"b":{}}"#;
    assert_eq!(refused(&rows, left, Allowed::default()), ["removed /flags/a 2"]);
    assert_eq!(refused(&rows, r#""segments":{}"#, removing(&["flags/a"])), ["removed /flags/b 1"]);
    assert!(import(&rows, left, removing(&["flags/a"])).is_ok());
    assert!(import(&rows, r#""segments":{}"#, removing(&["flags"])).is_ok());
    for name in ["flags/b", "flags/absent", "flags", "segments/a", "flags/a/variants/on", "a", ""] {
        let refusal = import(&rows, left, removing(&["flags/a", name])).err().unwrap();
        assert_eq!(refusal.kind, RefusalKind::Invalid, "{name}");
    }
}

#[test]
fn a_flag_that_was_bad_before_takes_nothing_away() {
    let rows = hub(r#""flags":{"bad":{"type":"colour"},"good":{}}"#);
    assert!(import(&rows, r#""flags":{"bad":{"type":"shade"},"good":{},"new":7}"#, Allowed::default()).is_ok());
    assert!(import(&rows, r#""flags":{"good":{}}"#, Allowed::default()).is_ok());
}

#[test]
fn the_last_good_definition_stands_in_until_a_good_one_comes() {
    let mut rows = hub(r#""flags":{"a":{"default":"on"}}"#);
    let partial = || Allowed { partial: true, ..Allowed::default() };
    let typo = r#""flags":{"a":{"default":"onn"}}"#;
    assert_eq!(refused(&rows, typo, Allowed::default()), ["leftOut /flags/a 0"]);
    let outcome = import(&rows, typo, partial()).unwrap();
    assert_eq!(outcome.changes.len(), outcome.writes.len());
    apply(&mut rows, &outcome.writes);
    assert_eq!(rows.text(&RowKey::of(RowKind::Flag, "a")), Some(r#"{"default":"on"}"#));
    assert!(rows.compose_as_written().contains("onn"));
    assert_eq!(rows.compose(true), document(r#""flags":{"a":{"default":"on"}}"#));
    assert_eq!(crate::compile_rows(&rows, &mut Compiler::new()).unwrap().errors[0].pointer, "/flags/a/default");
    // An operator may import a refused text again, but no text with another error.
    assert!(import(&rows, typo, Allowed::default()).unwrap().writes.is_empty());
    assert_eq!(refused(&rows, r#""flags":{"a":{"default":7}}"#, Allowed::default()), ["leftOut /flags/a 0"]);
    let outcome = import(&rows, r#""flags":{"a":{"default":"on"}}"#, Allowed::default()).unwrap();
    assert_eq!(outcome.changes.len(), outcome.writes.len());
    apply(&mut rows, &outcome.writes);
    assert_eq!(rows, hub(r#""flags":{"a":{"default":"on"}}"#));
}

/// Rows whose overrides count how often they are visited.
struct Visited<'r>(&'r Rows, Cell<usize>);

impl OwnerRows for Visited<'_> {
    fn each(&self, visit: &mut dyn FnMut(OwnerKind, &str, &str)) {
        self.1.set(self.1.get() + 1);
        self.0.each(visit);
    }
}

#[test]
fn the_last_good_definitions_stand_in_for_one_another_so_often_and_no_more() {
    let flags = |last: usize, flag: &dyn Fn(usize) -> String| {
        let flags: Vec<String> = (0..=last).map(|number| format!(r#""f{number}":{}"#, flag(number))).collect();
        format!(r#""flags":{{{}}}"#, flags.join(","))
    };
    // Each flag needs a new alias of the one before it, which goes with the new definition of that one.
    let chained = |number: usize| match number.checked_sub(1) {
        None => String::from(r#"{"type":"colour"}"#),
        Some(needed) => format!(r#"{{"aliases":["n{number}"],"prerequisites":[{{"flag":"n{needed}","variants":["on"]}}]}}"#),
    };
    // The first round stands in for two flags, and each that follows for one.
    for (last, stood_in) in [(1, Some(2)), (16, Some(17)), (17, None), (500, None)] {
        let rows = hub(&flags(last, &|_| "{}".into()));
        let ruleset = compile_what_serves(&rows, &mut Compiler::new()).unwrap().ruleset;
        let current = CurrentState { rows: &rows, paged: &rows, ruleset: &ruleset };
        // A new flag may take up overrides, for which they are visited.
        let document = document(&flags(last, &chained)).replace(r#""flags":{"#, r#""flags":{"new":{},"#);
        let allowed = Allowed { partial: true, ..Allowed::default() };
        let command = Command::Import { document, state: State::Keep, allowed };
        let owners = Visited(&rows, Cell::default());
        let supplies = Supplies { owners: Some(&owners), ..Supplies::default() };
        let outcome = execute(current, &command, supplies, &actor("admin", "a deploy"), &mut Compiler::new());
        let told = outcome.map(|outcome| outcome.consequences.len()).map_err(|refusal| refusal.kind);
        assert_eq!(told, stood_in.ok_or(RefusalKind::DocumentRefused), "{last}");
        assert_eq!(owners.1.get(), usize::from(stood_in.is_some()), "{last}");
    }
}

#[test]
fn a_variant_that_prerequisites_name_goes_only_by_name() {
    let flag = |variants: &str| format!(r#""a":{{"type":"string","variants":{{{variants}}},"on":"x","off":"x"}}"#);
    let users = r#""b":{"prerequisites":[{"flag":"a","variants":["y","y","z"]}]},"c":{"prerequisites":[{"flag":"b","variants":["on"]}]}"#;
    let rows = hub(&format!(r#""flags":{{{},{users}}}"#, flag(r#""x":"1","y":"2","z":"3","w":"4""#)));
    let after = format!(r#""flags":{{{},{users}}}"#, flag(r#""x":"1","z":"3""#));
    let refusal = import(&rows, &after, Allowed::default()).err().unwrap();
    let found: Vec<_> = refusal.consequences.iter().map(|found| (found.pointer.as_str(), found.used_by.as_slice())).collect();
    assert_eq!(found, [("/flags/a/variants/y", &[String::from("/flags/b")][..])]);
}

#[test]
fn the_last_good_definition_cannot_stand_in_without_its_segment() {
    let rows = hub(r#""segments":{"s":{"attribute":"x","op":"exists"}},"flags":{"a":{"rules":[{"if":{"segment":"s"},"serve":"on"}]}}"#);
    let allowed = Allowed { partial: true, ..removing(&["segments/s"]) };
    assert_eq!(refused(&rows, r#""flags":{"a":{"rules":7}}"#, allowed), ["leftOut /flags/a 0"]);
}

#[test]
fn a_known_error_stays_known_in_another_place_and_under_another_key() {
    let flag = |key: &str, more: &str, required: [&str; 2]| {
        let required = required.map(|flag| format!(r#"{{"flag":"{flag}","variants":["on"]}}"#)).join(",");
        format!(r#""flags":{{"{key}":{{{more}"prerequisites":[{required}]}},"other":{{}}}}"#)
    };
    let rows = hub(&flag("a", "", ["absent", "other"]));
    assert!(import(&rows, &flag("a", "", ["other", "absent"]), Allowed::default()).is_ok());
    assert!(import(&rows, &flag("z", r#""aliases":["a"],"#, ["absent", "other"]), Allowed::default()).is_ok());
    // Twice is once more than before.
    let refusal = import(&rows, &flag("a", "", ["absent", "absent"]), Allowed::default()).err().unwrap();
    let told: Vec<_> = refusal.consequences.iter().flat_map(|found| &found.errors).map(|error| error.pointer.as_str()).collect();
    assert_eq!(told, ["/flags/a/prerequisites/1/flag"]);
}

#[test]
fn an_error_behind_those_that_the_core_keeps_refuses_an_import() {
    let bad: Vec<String> = (0..1_100).map(|number| format!(r#""bad{number}":{{"type":"colour"}}"#)).collect();
    let members = |last: &str| format!(r#""flags":{{{},"last":{last},"other":{{}}}}"#, bad.join(","));
    let (good, broken) = (members("{}"), members(r#"{"prerequisites":[{"flag":"bad0","variants":["on"]}]}"#));
    let kind = |rows: &Rows, members: &str| import(rows, members, Allowed::default()).err().map(|refusal| refusal.kind);
    assert_eq!(kind(&hub(r#""flags":{"last":{}}"#), &good), Some(RefusalKind::DocumentRefused));
    assert_eq!(kind(&hub(&good), &broken), Some(RefusalKind::DocumentRefused));
    // The hub served no flag, so the import takes none away; and an error that was there already takes none.
    assert_eq!(kind(&Rows::default(), &good), None);
    assert_eq!(kind(&hub(&broken), &broken.replace(r#""other":{}"#, r#""other":{"default":"on"}"#)), None);
}

#[test]
fn overrides_of_a_removed_flag_count_for_no_other_flag_unasked() {
    let overrides = r#""overrides":{"customers":{"c-1":{"x":true},"c-2":{"old":true,"a":true}},"organizations":{"o-1":{"x":"on"}}}"#;
    let mut rows = hub(&format!(r#""flags":{{"x":{{"aliases":["old"]}},"a":{{}}}},{overrides}"#));
    let removed = import(&rows, r#""flags":{"a":{}}"#, removing(&["flags/x"])).unwrap();
    apply(&mut rows, &removed.writes);
    for (flags, found) in [
        (r#""a":{"aliases":["x"]}"#, "overridesRegained /flags/a/overrides 2"),
        (r#""a":{},"old":{}"#, "overridesRegained /flags/old/overrides 1"),
        (r#""a":{},"z":{"aliases":["x","old"]}"#, "overridesRegained /flags/z/overrides 3"),
    ] {
        let flags = format!(r#""flags":{{{flags}}}"#);
        assert_eq!(refused(&rows, &flags, Allowed::default()), [found]);
        let name = found.split(['/', ' ']).nth(3).unwrap();
        assert!(import(&rows, &flags, removing(&[&format!("flags/{name}/overrides")])).is_ok(), "{found}");
        // Overrides that the document has are asked for.
        assert!(import(&rows, &format!("{flags},{overrides}"), Allowed::default()).is_ok(), "{found}");
    }
    // These two count for the flag already: by its key, or as the one that returns.
    assert!(import(&rows, r#""flags":{"a":{"aliases":["old"]}}"#, Allowed::default()).is_ok());
    let outcome = import(&rows, r#""flags":{"a":{},"x":{"aliases":["old"]}}"#, Allowed::default()).unwrap();
    assert_eq!(outcome.imported.unwrap().returned.iter().map(|flag| flag.overrides).collect::<Vec<_>>(), [3]);
}

#[test]
fn a_flag_that_is_mended_or_renamed_has_its_overrides() {
    let rows = hub(r#""flags":{"a":{"type":"colour","aliases":["b"]},"c":{}},"overrides":{"customers":{"c-1":{"b":true,"c":true}}}"#);
    let mended = r#""flags":{"a":{"aliases":["b"]},"d":{"aliases":["c"]}}"#;
    assert!(import(&rows, mended, Allowed::default()).unwrap().consequences.is_empty());
}

#[test]
fn a_kill_goes_with_a_flag_to_its_new_key_and_waits_for_one_that_is_gone() {
    let rows = hub(r#""flags":{"a":{"default":"on","enabled":false},"b":{}}"#);
    let state = |rows: &Rows, key: &str| rows.text(&RowKey::of(RowKind::State, key)).map(String::from);
    let after = |members: &str, allowed: Allowed| {
        let mut rows = rows.clone();
        let outcome = import(&rows, members, allowed).unwrap();
        apply(&mut rows, &outcome.writes);
        rows
    };
    let renamed = after(r#""flags":{"z":{"default":"on","aliases":["a"]},"b":{}}"#, Allowed::default());
    assert_eq!((state(&renamed, "a"), state(&renamed, "z")), (None, Some(r#"{"enabled":false}"#.into())));
    let gone = after(r#""flags":{"b":{}}"#, removing(&["flags/a"]));
    assert_eq!(state(&gone, "a"), Some(r#"{"enabled":false}"#.into()));
    let outcome = import(&gone, r#""flags":{"b":{},"a":{"default":"on","enabled":true}}"#, Allowed::default()).unwrap();
    let returned = outcome.imported.unwrap().returned;
    assert_eq!(returned.iter().map(|flag| (flag.flag.as_str(), flag.enabled)).collect::<Vec<_>>(), [("a", false)]);
}

#[test]
fn a_locked_flag_needs_a_reason_and_an_administrator() {
    let rows = hub(r#""flags":{"a":{"locked":true},"b":{}}"#);
    let kill = |flag: &str| Command::Kill { flag: flag.into() };
    let tree = r#"{"a":true}"#.into();
    let set = Command::Override { owner: sdk_core::OwnerKind::Customer, id: "c-1".into(), tree };
    for command in [kill("a"), set] {
        for (role, reason, is_allowed) in [
            ("admin", "why", true),
            ("service", "why", true),
            ("system", "why", true),
            ("operator", "why", false),
            ("organization_admin", "why", false),
            ("admin", NO_REASON, false),
        ] {
            let kind = carry_out(&rows, &command, &actor(role, reason)).err().map(|refusal| refusal.kind);
            assert_eq!(kind, (!is_allowed).then_some(RefusalKind::Locked), "{role} {reason} {command:?}");
        }
    }
    assert!(carry_out(&rows, &kill("b"), &actor("operator", NO_REASON)).is_ok());
}

#[test]
fn a_live_draw_keeps_its_units() {
    const DRAWN: &str = r#""unit":"customerId","rollout":{"status":"active","percentage":50}"#;
    let split = r#"{"split":[{"variant":"on","weight":50000},{"variant":"off","weight":50000}]"#;
    let rules = format!(r#""rules":[{{"name":"half","serve":{split}}}}}]"#);
    let checked = |before: &str, after: &str| {
        let rows = hub(&format!(r#""flags":{{"a":{{{before}}}}}"#));
        let members = format!(r#""flags":{{"a":{{{after}}}}}"#);
        match import(&rows, &members, Allowed::default()) {
            Ok(_) => Vec::new(),
            Err(_) => refused(&rows, &members, Allowed::default()),
        }
    };
    assert_eq!(checked(DRAWN, &format!(r#"{DRAWN},"salt":"b""#)), ["redrawn /flags/a/salt 0"]);
    assert_eq!(checked(DRAWN, &DRAWN.replace("customerId", "userId")), ["redrawn /flags/a/unit 0"]);
    assert_eq!(checked(DRAWN, &format!(r#"{DRAWN},"hash":"murmurhash-js""#)), ["redrawn /flags/a/hash 0"]);
    assert_eq!(checked(&rules, &format!(r#"{rules},"salt":"b""#)), ["redrawn /flags/a/salt 0"]);
    assert_eq!(checked(&rules, &rules.replace(split, &format!(r#"{split},"unit":"userId""#))), ["redrawn /flags/a/rules 0"]);
    // The salt that counted before, a draw that is none, and one that goes.
    assert_eq!(checked(DRAWN, &format!(r#"{DRAWN},"salt":"a""#)), [""; 0]);
    assert_eq!(checked(&DRAWN.replace("50", "100"), &format!(r#"{},"salt":"b""#, DRAWN.replace("50", "100"))), [""; 0]);
    assert_eq!(checked(&DRAWN.replace("active", "planned"), &format!(r#"{},"salt":"b""#, DRAWN.replace("active", "planned"))), [""; 0]);
    assert_eq!(checked(&rules, r#""salt":"b""#), [""; 0]);
    let own = rules.replace(split, &format!(r#"{split},"salt":"own","unit":"userId""#));
    assert_eq!(checked(&own, &format!(r#"{own},"salt":"b","unit":"customerId""#)), [""; 0]);
    let held = hub(&format!(r#""flags":{{"a":{{{DRAWN}}}}}"#));
    assert!(import(&held, &format!(r#""flags":{{"a":{{{DRAWN},"salt":"b"}}}}"#), removing(&["flags/a/salt"])).is_ok());
}

/// The pointers of the draws that a deploy of `after` over `before` is refused for; both are members of a document.
#[track_caller]
fn redrawn(before: &str, after: &str) -> Vec<String> {
    let rows = hub(before);
    match import(&rows, after, Allowed::default()) {
        Ok(_) => Vec::new(),
        Err(_) => refused(&rows, after, Allowed::default()),
    }
}

/// A split's salt is its own, or the flag's with the name of its rule; a percentage in a condition names its salt.
#[test]
fn a_draw_is_the_same_one_wherever_it_stands() {
    let split = |weight: u32, more: &str| {
        format!(r#""serve":{{"split":[{{"variant":"on","weight":{weight}}},{{"variant":"off","weight":{}}}]{more}}}"#, 100_000 - weight)
    };
    let flag = |rules: &[String]| format!(r#""flags":{{"a":{{"rules":[{}]}}}}"#, rules.join(","));
    let named = |name: &str, weight: u32, more: &str| format!(r#"{{"name":"{name}",{}}}"#, split(weight, more));
    let salted = |salt: &str, weight: u32| format!("{{{}}}", split(weight, &format!(r#","salt":"{salt}""#)));
    let portion = |name: &str, salt: &str| {
        format!(r#"{{{name}"if":{{"any":[{{"percentage":{{"to":5,"salt":"{salt}"}}}},{{"attribute":"x","op":"exists"}}]}},"serve":"on"}}"#)
    };
    let rules = "redrawn /flags/a/rules 0";
    for (before, after, expected) in [
        // A new name is another salt, unless the split has its own.
        ([named("half", 50_000, "")].to_vec(), [named("fifty", 50_000, "")].to_vec(), Some(rules)),
        ([named("half", 50_000, r#","salt":"s""#)].to_vec(), [named("fifty", 10_000, r#","salt":"s""#)].to_vec(), None),
        ([named("half", 50_000, "")].to_vec(), [named("fifty", 50_000, r#","salt":"a/half""#)].to_vec(), None),
        // Other weights, another order, and a rule before another one move nothing.
        ([salted("x", 50_000), salted("y", 1_000)].to_vec(), [salted("y", 2_000), salted("z", 7), salted("x", 9)].to_vec(), None),
        ([portion("", "x")].to_vec(), [portion("", "y"), portion("", "x")].to_vec(), None),
        ([portion("", "x")].to_vec(), [portion("", "y"), portion("", "z")].to_vec(), Some(rules)),
        // Two rules that change their salts draw other units, each.
        (
            [named("eu", 50_000, r#","salt":"x""#), named("us", 50_000, r#","salt":"y""#)].to_vec(),
            [named("eu", 50_000, r#","salt":"y""#), named("us", 50_000, r#","salt":"x""#)].to_vec(),
            Some(rules),
        ),
        // A rule that goes, and a split that becomes a percentage.
        ([named("half", 50_000, ""), salted("x", 5)].to_vec(), [salted("x", 5)].to_vec(), None),
        ([salted("x", 5)].to_vec(), [portion("", "y")].to_vec(), None),
        // The rule of the same name has the salt, though another one had it first.
        ([portion(r#""name":"r","#, "x")].to_vec(), [portion("", "x"), portion(r#""name":"r","#, "y")].to_vec(), Some(rules)),
    ] {
        let found = redrawn(&flag(&before), &flag(&after));
        assert_eq!(found, expected.map(String::from).into_iter().collect::<Vec<_>>(), "{before:?} {after:?}");
    }
}

#[test]
fn a_percentage_in_a_segment_draws_for_every_flag_that_uses_it() {
    let percentage = |salt: &str, unit: &str| format!(r#"{{"percentage":{{"to":5,"salt":"{salt}","unit":"{unit}"}}}}"#);
    let document = |held: &str, flags: &str| {
        format!(r#""segments":{{"held":{held},"all":{{"any":[{{"segment":"held"}}]}}}},"flags":{{{flags},"b":{{}}}}"#)
    };
    let user = r#""a":{"rules":[{"if":{"segment":"all"},"serve":"on"}]}"#;
    let with = |salt, unit, flags: &str| document(&percentage(salt, unit), flags);
    let before = with("x", "userId", user);
    for (salt, unit) in [("y", "userId"), ("x", "customerId")] {
        assert_eq!(redrawn(&before, &with(salt, unit, user)), ["redrawn /segments/held/percentage 0"]);
        let refusal = import(&hub(&before), &with(salt, unit, user), Allowed::default()).err().unwrap();
        assert_eq!(refusal.consequences[0].used_by, ["/flags/a"]);
        assert!(import(&hub(&before), &with(salt, unit, user), removing(&["segments/held/percentage"])).is_ok());
        // No flag uses it, before or afterwards.
        let unused = r#""a":{"default":"on"}"#;
        assert_eq!(redrawn(&with("x", "userId", unused), &with(salt, unit, user)), [""; 0]);
        assert_eq!(redrawn(&before, &with(salt, unit, unused)), [""; 0]);
    }
    let more = format!(r#"{{"any":[{},{}]}}"#, percentage("new", "userId"), percentage("x", "userId"));
    assert_eq!(redrawn(&before, &document(&more, user)), [""; 0]);
}

#[test]
fn a_flag_that_serves_is_not_restored() {
    let mut rows = hub(r#""flags":{"a":{"default":"on"}}"#);
    let partial = Allowed { partial: true, ..Allowed::default() };
    let broken = import(&rows, r#""flags":{"a":{"default":"onn"}}"#, partial).unwrap();
    apply(&mut rows, &broken.writes);
    let change = DefinitionChange {
        section: Section::Flags,
        name: "a".into(),
        definition: Some(r#"{"default":"on"}"#.into()),
        remove: Vec::new(),
        restore: true,
    };
    let outcome = carry_out(&rows, &Command::Define(change.clone()), &actor("admin", "a test")).unwrap();
    assert!(outcome.writes.is_empty() && outcome.changes.is_empty());
    // Written anew, the definition that serves takes the place of the refused one.
    let outcome = carry_out(&rows, &Command::Define(DefinitionChange { restore: false, ..change }), &actor("admin", "a test")).unwrap();
    assert_eq!(outcome.writes, [(RowKey { kind: RowKind::Refused, name: "flags/a".into() }, None)]);
}

/// The one edit of a hub: of the flag `a`, which was `"off"` before.
struct OneEdit;

impl Edits for OneEdit {
    fn edit(&self, definition: &RowKey) -> Option<Edit> {
        let edit = Edit { by: "ada".into(), at: "today".into(), version: 7, base: Some(r#"{"default":"off"}"#.into()) };
        self.edited().contains(definition).then_some(edit)
    }

    fn last_text(&self, definition: &RowKey) -> Option<String> {
        self.edit(definition)?.base
    }

    fn edited(&self) -> Vec<RowKey> {
        [RowKey::of(RowKind::Flag, "a")].into()
    }

    fn removed(&self) -> Vec<RowKey> {
        Vec::new()
    }
}

fn deploy_over_an_edit(rows: &Rows, members: &str, allowed: Allowed, by: &Actor) -> Result<CommandOutcome, Refusal> {
    let ruleset = compile_what_serves(rows, &mut Compiler::new()).unwrap().ruleset;
    let current = CurrentState { rows, paged: rows, ruleset: &ruleset };
    let command = Command::Import { document: document(members), state: State::Keep, allowed };
    execute(current, &command, Supplies { edits: Some(&OneEdit), ..Supplies::default() }, by, &mut Compiler::new())
}

#[test]
fn an_edit_that_the_document_has_becomes_the_imports_own() {
    let rows = hub(r#""flags":{"a":{"default":"on","locked":true},"b":{}}"#);
    let deploy = |members: &str, allowed: Allowed| deploy_over_an_edit(&rows, members, allowed, &actor("operator", NO_REASON));
    // Spelled as it is stored, so that only the version of the row is another one. Nothing changes, so a lock does not matter.
    let same = deploy(r#""flags":{"a":{"locked":true, "default":"on"},"b":{}}"#, Allowed::default()).unwrap();
    assert_eq!(same.writes, [(RowKey::of(RowKind::Flag, "a"), Some(r#"{"default":"on","locked":true}"#.into()))]);
    let [record] = same.changes.as_slice() else { panic!("{:?}", same.changes) };
    assert_eq!((record.action, record.flag.as_deref(), &record.old, &record.new), (Action::EditAdopted, Some("a"), &None, &None));
    assert!(same.imported.unwrap().changes.is_empty());
    // A refused definition is another one than the edit, which serves on.
    let partial = Allowed { partial: true, ..Allowed::default() };
    let refused = deploy(r#""flags":{"a":{"default":"onn"},"b":{}}"#, partial).unwrap();
    assert!(refused.writes.iter().all(|(key, _)| key.kind == RowKind::Refused), "{:?}", refused.writes);
    let locked =
        deploy(r#""flags":{"a":{"default":"off","locked":true},"b":{}}"#, Allowed { overwrite: ["*".into()].into(), ..Allowed::default() });
    assert_eq!(locked.err().unwrap().kind, RefusalKind::Locked);
}

/// The one edit of a hub: it removed the flag `a`, which was locked.
struct OneRemoval;

impl Edits for OneRemoval {
    fn edit(&self, definition: &RowKey) -> Option<Edit> {
        let edit = Edit { by: "ada".into(), at: "today".into(), version: 7, base: None };
        (*definition == RowKey::of(RowKind::Flag, "a")).then_some(edit)
    }

    fn last_text(&self, definition: &RowKey) -> Option<String> {
        self.edit(definition).map(|_| r#"{"default":"off","locked":true}"#.into())
    }

    fn edited(&self) -> Vec<RowKey> {
        Vec::new()
    }

    fn removed(&self) -> Vec<RowKey> {
        [RowKey::of(RowKind::Flag, "a")].into()
    }
}

#[test]
fn a_removed_flag_returns_under_another_key_only_if_the_deploy_says_so_and_stays_locked() {
    let mut rows = hub(r#""flags":{"b":{}}"#);
    rows.insert(RowKey::of(RowKind::State, "a"), r#"{"rollout":{"status":"active","percentage":100}}"#.into());
    let ruleset = compile_what_serves(&rows, &mut Compiler::new()).unwrap().ruleset;
    let run = |command: &Command, by: &Actor| {
        let current = CurrentState { rows: &rows, paged: &rows, ruleset: &ruleset };
        let supplies = Supplies { edits: Some(&OneRemoval), ..Supplies::default() };
        execute(current, command, supplies, by, &mut Compiler::new()).map(|_| ()).map_err(|refusal| (refusal.kind, refusal.detail))
    };
    let deploy = |members: &str, overwrite: &[&str], by: &Actor| {
        let overwrite = overwrite.iter().map(|name| String::from(*name)).collect();
        let allowed = Allowed { overwrite, ..Allowed::default() };
        run(&Command::Import { document: document(members), state: State::Keep, allowed }, by)
    };
    let (admin, silent) = (actor("admin", "a deploy"), actor("admin", NO_REASON));
    let aliased = r#""flags":{"b":{},"n":{"default":"off","aliases":["a"]}}"#;
    for document in [aliased, r#""flags":{"b":{},"a":{"default":"off"}}"#] {
        let (kind, detail) = deploy(document, &[], &admin).unwrap_err();
        assert_eq!(kind, RefusalKind::Unsafe, "{document}");
        assert!(detail.contains("ada removed the flag \"a\""), "{detail}");
        assert_eq!(deploy(document, &["a"], &admin), Ok(()), "{document}");
        assert_eq!(deploy(document, &["a"], &silent).unwrap_err().0, RefusalKind::Locked, "{document}");
    }
    let definition = Some(r#"{"default":"off","locked":true}"#.into());
    let restore =
        Command::Define(DefinitionChange { section: Section::Flags, name: "a".into(), definition, remove: Vec::new(), restore: true });
    assert_eq!(run(&restore, &silent).unwrap_err().0, RefusalKind::Locked);
    assert_eq!(run(&restore, &admin), Ok(()));
}

#[test]
fn an_edit_is_not_taken_back_in_silence() {
    let rows = hub(r#""flags":{"a":{"default":"on"},"b":{}}"#);
    let deploy = |members: &str, allowed: Allowed| {
        deploy_over_an_edit(&rows, members, allowed, &actor("admin", "a deploy")).map(|_| ()).map_err(|refusal| refusal.detail)
    };
    let (before, other) = (r#""flags":{"a":{"default":"off"},"b":{}}"#, r#""flags":{"a":{"owner":"bob"},"b":{}}"#);
    let why =
        "nothing was changed: ada changed \"default\" of the flag \"a\" at today, in version 7, and the document would take that back";
    let overwriting = |name: &str| Allowed { overwrite: [name.into()].into(), ..Allowed::default() };
    let seen = || Allowed { seen: true, ..Allowed::default() };
    assert_eq!(deploy(before, Allowed::default()), Err(why.into()));
    let third = "nothing was changed: ada changed \"default\" of the flag \"a\" at today, in version 7, and the document has another value";
    assert_eq!(deploy(other, Allowed::default()), Err(third.into()));
    // An operator who read the present version changes it, and only by mistake to what it was, whatever else they change.
    assert_eq!((deploy(other, seen()), deploy(before, seen())), (Ok(()), Err(why.into())));
    let more = r#""flags":{"a":{"default":"off","owner":"bob"},"b":{}}"#;
    assert_eq!([seen(), Allowed::default()].map(|allowed| deploy(more, allowed)), [Err(why.into()), Err(why.into())]);
    // A document may change members without an edit.
    assert_eq!(deploy(r#""flags":{"a":{"default":"on","owner":"bob"},"b":{}}"#, Allowed::default()), Ok(()));
    for name in ["a", "flags/a", "*"] {
        assert_eq!(deploy(before, overwriting(name)), Ok(()));
    }
    assert_eq!(deploy(before, overwriting("b")), Err(why.into()));
    assert_eq!(deploy(before, overwriting("c")), Err("neither document has \"c\"".into()));
    assert_eq!(deploy(r#""flags":{"a":{"default":"on"},"b":{"owner":"bob"}}"#, Allowed::default()), Ok(()));
}

/// The values of the three documents, and the moments of [`OneEdit`], are those that stand in the test.
#[test]
fn an_edit_that_gets_a_third_value_is_told_with_its_three_values_though_the_version_was_read() {
    let rows = hub(r#""flags":{"a":{"default":"on","description":"ada's"},"b":{}}"#);
    let deploy = |members: &str, allowed: Allowed| deploy_over_an_edit(&rows, members, allowed, &actor("admin", "a deploy"));
    let long = "x".repeat(300);
    let third = format!(r#""flags":{{"a":{{"default":"on","description":"{long}"}},"b":{{}}}}"#);
    let seen = Allowed { seen: true, ..Allowed::default() };
    let [found] = <[Consequence; 1]>::try_from(deploy(&third, seen.clone()).unwrap().consequences).unwrap();
    assert!(found.is_allowed);
    assert_eq!(found.overwriting(), Some("flags/a"));
    let text = |text: &str| Some(String::from(text));
    let description = OverwrittenMember {
        name: "description".into(),
        before: None,
        now: text(r#""ada's""#),
        next: Some(format!("\"{}…", "x".repeat(199))),
    };
    let edit = OverwrittenEdit { by: "ada".into(), at: "today".into(), version: 7, members: [description].into() };
    assert_eq!(found.edit, Some(edit));
    // No request read the present version.
    let refused = deploy(&third, Allowed::default()).err().unwrap().consequences;
    assert_eq!(refused, [Consequence { is_allowed: false, ..found }]);
    // A member that is taken back is refused all the same, and both are told.
    let both = deploy(r#""flags":{"a":{"default":"off","description":"bob's"},"b":{}}"#, seen).err().unwrap().consequences;
    let members = both[0].edit.as_ref().unwrap().members.iter();
    let told: Vec<_> = members.map(|member| (&*member.name, member.before.as_deref(), member.next.as_deref())).collect();
    assert_eq!(told, [("default", Some(r#""off""#), Some(r#""off""#)), ("description", None, Some(r#""bob's""#))]);
}

#[test]
fn an_edit_of_many_members_is_told_in_part() {
    let flag = |value: &str| {
        let members: Vec<String> = (10..40).map(|number| format!(r#""x{number}":"{value}""#)).collect();
        format!(r#""flags":{{"a":{{"metadata":{{{0}}},{0}}},"b":{{}}}}"#, members.join(","))
    };
    let rows = hub(&flag("ada"));
    let outcome = deploy_over_an_edit(&rows, &flag("bob"), Allowed { seen: true, ..Allowed::default() }, &actor("admin", "a deploy"));
    let consequences = outcome.map_or_else(|refusal| refusal.consequences, |outcome| outcome.consequences);
    let edit = consequences.iter().find_map(|found| found.edit.as_ref()).unwrap();
    assert_eq!(edit.members.len(), 20);
}

/// The state of the earlier flag waits under the key: a definition by itself would bring it back, and not its targets.
#[test]
fn the_key_of_a_removed_flag_takes_no_new_definition_but_is_restored() {
    let mut rows = hub(r#""flags":{"a":{"rollout":{"status":"active","percentage":5},"enabled":false},"b":{}}"#);
    let define = |definition: Option<&str>, name: &str, restore: bool| {
        let (name, definition) = (name.into(), definition.map(Into::into));
        Command::Define(DefinitionChange { section: Section::Flags, name, definition, remove: Vec::new(), restore })
    };
    let admin = actor("admin", "a test");
    let gone = carry_out(&rows, &define(None, "a", false), &admin).unwrap();
    apply(&mut rows, &gone.writes);
    let refusal = carry_out(&rows, &define(Some("{}"), "a", false), &admin).err().unwrap();
    assert_eq!(refusal.kind, RefusalKind::Archived);
    assert!(refusal.detail.contains("switched off, with a rollout that is active at 5 %"), "{}", refusal.detail);
    for (name, restore) in [("a", true), ("fresh", false)] {
        assert!(!carry_out(&rows, &define(Some("{}"), name, restore), &admin).unwrap().writes.is_empty(), "{name}");
    }
}

#[test]
fn a_removed_flag_that_may_have_a_new_key_is_told_how_to_take_it_along() {
    let rows = hub(r#""flags":{"a":{"salt":"s"},"b":{"default":"on"}}"#);
    let said = |members: &str| import(&rows, members, Allowed::default()).err().unwrap().detail;
    let hint = r#"; if "c" is its new name, give that "aliases": ["a"] and "salt": "s""#;
    assert!(said(r#""flags":{"c":{"default":"on"},"b":{"default":"on"}}"#).ends_with(hint));
    // Of several, the one with the same definition.
    assert!(said(r#""flags":{"d":{},"c":{"salt":"s"},"b":{"default":"on"}}"#).ends_with(hint));
    assert!(said(r#""flags":{"d":{},"c":{},"b":{"default":"on"}}"#).ends_with("the flag \"a\""));
}

#[test]
fn an_unknown_variant_is_refused_with_those_that_there_are() {
    let rows = hub(r#""flags":{"a":{},"b":{"type":"string","variants":{"x":"1","y":"2"},"on":"x","off":"y"}}"#);
    let said = |members: &str| import(&rows, members, Allowed::default()).err().unwrap().detail;
    let b = r#""b":{"type":"string","variants":{"x":"1","y":"2"},"on":"x","off":"y""#;
    assert!(said(&format!(r#""flags":{{"a":{{"default":"onn"}},{b}}}}}"#)).ends_with(r#"unknown variant "onn"; the flag has "on", "off""#));
    assert!(
        said(&format!(r#""flags":{{"a":{{}},{b},"rules":[{{"serve":"z"}}]}}}}"#))
            .ends_with(r#"unknown variant "z"; the flag has "x", "y""#)
    );
}
