//! Stored overrides as the lines that an import takes.
use alloc::{borrow::ToOwned as _, string::String};

use sdk_core::{
    OwnerKind, OwnerOverrides, Ruleset,
    json::{Object, quoted},
};

/// An owner as a line of JSON without its end: the id, the flags with the names of their variants in the order of their keys and, of a
/// customer, its organization. `tree` is the stored text, `None` if there is none.
///
/// Overrides that the ruleset cannot evaluate are left out, because an import would refuse them. With `flag` the line has the override of
/// this flag alone. `None` if nothing is left to tell.
pub fn override_line(
    ruleset: &Ruleset,
    owner: OwnerKind,
    id: &str,
    tree: Option<&str>,
    organization: Option<&str>,
    flag: Option<u32>,
) -> Option<String> {
    let own = tree.map(|tree| ruleset.owner_overrides(owner, id, tree).0).unwrap_or_default();
    let mut flags: alloc::vec::Vec<(&str, u32)> =
        own.flags().filter(|number| flag.is_none_or(|flag| flag == *number)).map(|number| (ruleset.key_of(number), number)).collect();
    flags.sort_unstable();
    let organization = organization.filter(|_| flag.is_none());
    if flags.is_empty() && organization.is_none() {
        return None;
    }
    let mut line = String::new();
    let mut object = Object::open(&mut line);
    if owner == OwnerKind::Customer {
        object.member("customerId").push_str(&quoted(id));
    }
    if !flags.is_empty() {
        let mut tree = Object::open(object.member("flags"));
        for (key, number) in flags {
            tree.member(key).push_str(&variant(ruleset, &own, number));
        }
        tree.close();
    }
    match owner {
        OwnerKind::Customer => {
            if let Some(organization) = organization {
                object.member("organizationId").push_str(&quoted(organization));
            }
        }
        OwnerKind::Organization => object.member("organizationId").push_str(&quoted(id)),
    }
    object.close();
    Some(line)
}

fn variant(ruleset: &Ruleset, own: &OwnerOverrides, flag: u32) -> String {
    own.variant(flag).map_or_else(|| "null".to_owned(), |variant| quoted(ruleset.variant_name(flag, variant)))
}

/// Returns true if two stored trees of an owner give a flag another variant, or only one of them gives it any.
pub fn changes_override(ruleset: &Ruleset, owner: OwnerKind, id: &str, [before, after]: [Option<&str>; 2], flag: &str) -> bool {
    let Some(flag) = ruleset.find(flag) else { return false };
    let variant = |tree: Option<&str>| tree.and_then(|tree| ruleset.owner_overrides(owner, id, tree).0.variant(flag));
    variant(before) != variant(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ruleset() -> Ruleset {
        let document = r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f",
            "flags":{"b.a":{"aliases":["old"]},"a":{"type":"string","variants":{"x":"X","y":"Y"},"on":"x","off":"x"}}}"#;
        sdk_core::compile(document, None).unwrap().ruleset
    }

    #[test]
    fn a_line_has_the_overrides_that_count_by_the_keys_of_their_flags() {
        let ruleset = ruleset();
        let line = |owner, tree, organization, flag: Option<&str>| {
            override_line(&ruleset, owner, "ü\"1", tree, organization, flag.map(|flag| ruleset.find(flag).unwrap()))
        };
        let tree = Some(r#"{"old":true,"gone":true,"a":"y"}"#);
        let customer = OwnerKind::Customer;
        for (found, expected) in [
            (line(customer, tree, Some("o"), None), Some(r#"{"customerId":"ü\"1","flags":{"a":"y","b.a":"on"},"organizationId":"o"}"#)),
            (line(customer, tree, Some("o"), Some("a")), Some(r#"{"customerId":"ü\"1","flags":{"a":"y"}}"#)),
            (line(customer, None, Some("o"), None), Some(r#"{"customerId":"ü\"1","organizationId":"o"}"#)),
            (
                line(OwnerKind::Organization, Some(r#"{"b":{"a":false}}"#), None, None),
                Some(r#"{"flags":{"b.a":"off"},"organizationId":"ü\"1"}"#),
            ),
            (line(customer, Some(r#"{"gone":true}"#), None, None), None),
            (line(customer, Some(r#"{"a":"y"}"#), Some("o"), Some("b.a")), None),
        ] {
            assert_eq!(found.as_deref(), expected);
        }
    }

    #[test]
    fn an_override_changes_with_its_variant_and_not_with_its_spelling() {
        let ruleset = ruleset();
        let changes = |before, after| changes_override(&ruleset, OwnerKind::Customer, "c", [before, after], "b.a");
        assert!(!changes(Some(r#"{"old":true}"#), Some(r#"{"b":{"a":"on"},"a":"y"}"#)));
        assert!(changes(Some(r#"{"old":true}"#), Some(r#"{"b.a":false}"#)));
        assert!(changes(None, Some(r#"{"b.a":false}"#)) && changes(Some(r#"{"b.a":false}"#), None));
    }
}
