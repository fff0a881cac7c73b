use alloc::{string::String, vec, vec::Vec};

use sdk_core::{Compiler, compile};

use super::*;
use crate::{Command, Supplies, apply, change::Actor, execute};

const NOW: Millis = Millis(1_800_000_000_000);
const DOCUMENT: &str = r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f"}"#;
const SECRET: &str = "tf_client_0123456789abcdef0123456789abcdef01234567";
const OTHER: &str = "tf_client_ffffffffffffffffffffffffffffffffffff9999";

#[test]
fn a_text_names_the_kind_and_the_environment_of_a_key() {
    let name = |text: &str| EnvironmentName::parse(text);
    for kind in KeyKind::ALL {
        for environment in [None, name("eu-1"), name("client"), name("0123456789abcdef0123456789abcdef")] {
            let secret = kind.secret(environment.as_ref(), [0xa5; RANDOM]);
            assert_eq!(KeyKind::of_secret(&secret), Some((kind, environment.clone())));
            let hint = NewKeySecret::of(&secret, "i").hint;
            assert_eq!(hint, secret.replace(&"a5".repeat(RANDOM), "…a5a5"));
        }
    }
    let digits = "a5".repeat(RANDOM);
    for prefix in ["", "tf_", "tf_client", "tf_admin_", "tf_client__", "tf_client_EU_", "tf_client_a_b_", "TF_client_", "tf_client_-_"] {
        let expected = (prefix == "tf_client_-_").then(|| (KeyKind::Client, name("-")));
        assert_eq!(KeyKind::of_secret(&format!("{prefix}{digits}")), expected, "{prefix}");
    }
    for text in [format!("tf_client_{digits}0"), format!("tf_client_eu_{}", digits.to_uppercase()), "tf_client_eu_".to_string()] {
        assert_eq!(KeyKind::of_secret(&text), None, "{text}");
    }
}

fn actor(at: Millis) -> Actor {
    Actor { subject: "ada".into(), role: "admin".into(), on_behalf_of: None, reason: "why".into(), at }
}

fn terms() -> KeyTerms {
    KeyTerms {
        kind: KeyKind::Client,
        label: "the shop".into(),
        origins: vec!["https://shop.example".into()],
        tags: Vec::new(),
        identity: KeyIdentity::Open,
        signed_attributes: Vec::new(),
        expires_at: None,
        role: None,
    }
}

/// The key that the hub draws for a command that creates one.
fn drawn(order: &KeyCommand) -> Option<NewKey> {
    let new = |id: &str, secret: &str, identity: &str| Some(NewKey { id: id.into(), secret: NewKeySecret::of(secret, identity) });
    match order {
        KeyCommand::Create { .. } => new("k-1", SECRET, "tf_identity_s"),
        KeyCommand::Rotate { .. } => new("k-2", OTHER, "tf_identity_t"),
        KeyCommand::Revoke { .. } => None,
    }
}

fn order(rows: &Rows, order: KeyCommand, at: Millis) -> Result<CommandOutcome, Refusal> {
    let new_key = drawn(&order);
    drawing(rows, order, new_key, at)
}

fn drawing(rows: &Rows, order: KeyCommand, new_key: Option<NewKey>, at: Millis) -> Result<CommandOutcome, Refusal> {
    let ruleset = compile(DOCUMENT, None).unwrap().ruleset;
    let current = CurrentState { rows, paged: &Rows::default(), ruleset: &ruleset };
    let supplies = Supplies { new_key, ..Supplies::default() };
    execute(current, &Command::Key(order), supplies, &actor(at), &mut Compiler::new())
}

fn carried_out(rows: &mut Rows, what: KeyCommand, at: Millis) {
    let writes = order(rows, what, at).unwrap().writes;
    apply(rows, &writes);
}

fn created(terms: KeyTerms) -> Rows {
    let mut rows = Rows::default();
    carried_out(&mut rows, KeyCommand::Create { terms }, NOW);
    rows
}

fn key(rows: &Rows, id: &str) -> Key {
    keys(rows).find(|(known, _)| *known == id).unwrap().1
}

fn rotated(id: &str, overlap_ms: i64) -> KeyCommand {
    KeyCommand::Rotate { id: id.into(), overlap_ms, expiry: Expiry::Kept }
}

#[test]
fn a_key_is_known_by_its_hash_and_shown_by_its_ends() {
    let key = key(&created(terms()), "k-1");
    assert_eq!((key.hash, key.hint.as_str()), (Hash::of(SECRET.as_bytes()), "tf_client_…4567"));
    assert_eq!(Key::from_row(&key.to_row()), Some(key.clone()));
    assert_eq!(
        key.to_view("k-1"),
        r#"{"createdAt":"2027-01-15T08:00:00.000Z","hint":"tf_client_…4567","id":"k-1","identity":{"kind":"open"},"kind":"client","label":"the shop","origins":["https://shop.example"],"tags":[]}"#
    );
    assert!(key.allows("https://shop.example") && !key.allows("https://shop.example.evil"));
}

#[test]
fn an_earlier_release_refuses_a_key_with_signed_attributes() {
    let terms = KeyTerms { identity: KeyIdentity::Signed, signed_attributes: vec!["plan".into(), "e mail".into()], ..terms() };
    let key = key(&created(terms.clone()), "k-1");
    assert_eq!((Key::from_row(&key.to_row()), &key.terms), (Some(key.clone()), &terms));
    assert!(key.to_row().contains(r#""identity":"signedAttributes""#), "{}", key.to_row());
    assert!(key.to_view("k-1").contains(r#""identity":{"attributes":["plan","e mail"],"kind":"signed"}"#), "{}", key.to_view("k-1"));
    let plain = self::key(&created(KeyTerms { signed_attributes: Vec::new(), ..terms }), "k-1");
    assert!(plain.to_row().contains(r#""identity":"signed""#) && !plain.to_row().contains("ttributes"), "{}", plain.to_row());
    // No command writes such rows.
    let mixed = |row: String, from: &str, to: &str| Key::from_row(&row.replace(from, to));
    assert_eq!(mixed(key.to_row(), r#""identity":"signedAttributes""#, r#""identity":"signed""#), None);
    assert_eq!(mixed(plain.to_row(), r#""identity":"signed""#, r#""identity":"signedAttributes""#), None);
}

#[test]
fn no_record_and_no_view_holds_a_secret_or_a_hash() {
    let mut rows = created(KeyTerms { identity: KeyIdentity::Signed, ..terms() });
    let rotated = order(&rows, rotated("k-1", 0), NOW).unwrap();
    apply(&mut rows, &rotated.writes);
    let revoked = order(&rows, KeyCommand::Revoke { id: "k-2".into() }, NOW).unwrap();
    let mut shown: Vec<String> = keys(&rows).map(|(id, key)| key.to_view(id)).collect();
    shown.extend(rotated.changes.iter().chain(&revoked.changes).map(|change| format!("{change:?}")));
    shown.push(format!("{:?}", key(&rows, "k-2").identity_secret));
    for text in shown {
        for secret in [SECRET, OTHER, "tf_identity", &Hash::of(SECRET.as_bytes()).to_hex(), &Hash::of(OTHER.as_bytes()).to_hex()] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[test]
fn only_a_signed_key_that_is_not_revoked_keeps_its_identity_secret() {
    let signed = created(KeyTerms { identity: KeyIdentity::Signed, ..terms() });
    assert_eq!(key(&signed, "k-1").identity_secret, Some(Secret("tf_identity_s".into())));
    assert_eq!(key(&created(terms()), "k-1").identity_secret, None);
    let mut revoked = signed.clone();
    carried_out(&mut revoked, KeyCommand::Revoke { id: "k-1".into() }, NOW);
    assert_eq!(key(&revoked, "k-1").identity_secret, None);
}

#[test]
fn both_keys_are_valid_during_an_overlap() {
    let mut rows = created(terms());
    carried_out(&mut rows, rotated("k-1", 1_000), NOW);
    let (old, new) = (key(&rows, "k-1"), key(&rows, "k-2"));
    for (after, holds) in [(0, true), (999, true), (1_000, false)] {
        assert_eq!((old.holds(Millis(NOW.0 + after)), new.holds(Millis(NOW.0 + after))), (holds, true), "{after}");
    }
    assert_eq!((old.successor.as_deref(), new.hash), (Some("k-2"), Hash::of(OTHER.as_bytes())));
    assert_eq!((new.terms, new.successor), (terms(), None));
}

#[test]
fn an_overlap_does_not_prolong_a_key_that_expires_earlier() {
    let end = Some(Millis(NOW.0 + 500));
    let mut rows = created(KeyTerms { expires_at: end, ..terms() });
    carried_out(&mut rows, rotated("k-1", 1_000), NOW);
    assert_eq!((key(&rows, "k-1").terms.expires_at, key(&rows, "k-2").terms.expires_at), (end, end));
}

#[test]
fn a_key_that_is_over_has_no_successor() {
    let refused = |rows: &Rows, at| order(rows, rotated("k-1", 0), at).err().map(|refusal| refusal.kind);
    let live = created(terms());
    let mut revoked = live.clone();
    carried_out(&mut revoked, KeyCommand::Revoke { id: "k-1".into() }, NOW);
    let mut twice = live.clone();
    carried_out(&mut twice, rotated("k-1", 1_000), NOW);
    let expired = created(KeyTerms { expires_at: Some(Millis(NOW.0 + 1)), ..terms() });
    assert_eq!(refused(&live, NOW), None);
    assert_eq!(refused(&revoked, NOW), Some(RefusalKind::IllegalStep));
    assert_eq!(refused(&twice, NOW), Some(RefusalKind::IllegalStep));
    assert_eq!(refused(&expired, Millis(NOW.0 + 1)), Some(RefusalKind::IllegalStep));
    assert_eq!(refused(&Rows::default(), NOW), Some(RefusalKind::KeyNotFound));
    for overlap in [-1, MAX_OVERLAP_MS + 1] {
        assert_eq!(order(&live, rotated("k-1", overlap), NOW).err().map(|refusal| refusal.place), Some(Field::Overlap.into()));
    }
}

#[test]
fn a_key_is_revoked_once() {
    let mut rows = created(terms());
    carried_out(&mut rows, KeyCommand::Revoke { id: "k-1".into() }, NOW);
    assert!(!key(&rows, "k-1").holds(NOW));
    let again = order(&rows, KeyCommand::Revoke { id: "k-1".into() }, NOW).unwrap();
    assert!(again.writes.is_empty() && again.changes.is_empty());
    let unknown = order(&rows, KeyCommand::Revoke { id: "k-9".into() }, NOW).err().unwrap();
    assert_eq!(unknown.kind, RefusalKind::KeyNotFound);
}

#[test]
fn keys_that_were_over_long_ago_are_no_longer_listed() {
    let mut rows = created(terms());
    carried_out(&mut rows, KeyCommand::Revoke { id: "k-1".into() }, NOW);
    for (days, listed) in [(90, true), (91, false)] {
        let mut later = rows.clone();
        let new_key = NewKey { id: "k-3".into(), secret: NewKeySecret::of(OTHER, "") };
        let create = KeyCommand::Create { terms: terms() };
        let outcome = drawing(&later, create, Some(new_key), Millis(NOW.0 + days * DAY_MS)).unwrap();
        let forgotten = outcome.changes.iter().filter(|change| change.action == Action::KeyForgotten);
        assert_eq!(forgotten.count(), usize::from(!listed), "{days} days");
        assert_eq!(outcome.writes.len(), outcome.changes.len());
        apply(&mut later, &outcome.writes);
        assert_eq!(keys(&later).any(|(id, _)| id == "k-1"), listed, "{days} days");
    }
}

#[track_caller]
fn refused(terms: KeyTerms, place: impl Into<RefusalPlace>) {
    let create = KeyCommand::Create { terms };
    let refusal = order(&Rows::default(), create, NOW).err().unwrap();
    assert_eq!((refusal.kind, refusal.place), (RefusalKind::Invalid, place.into()), "{}", refusal.detail);
}

#[test]
fn terms_that_no_key_can_have_are_refused() {
    for label in ["", "  ", "a\nb", &"x".repeat(129)] {
        refused(KeyTerms { label: label.into(), ..terms() }, Field::Label);
    }
    for tag in ["", "a\u{7f}", &"x".repeat(257)] {
        refused(KeyTerms { tags: vec!["good".into(), tag.into()], ..terms() }, Field::Tags.entry(1));
    }
    refused(KeyTerms { tags: vec!["t".into(); 65], ..terms() }, Field::Tags);
    refused(KeyTerms { expires_at: Some(NOW), ..terms() }, Field::ExpiresAt);
    let pinned = |customer: Option<&str>, organization: Option<&str>| KeyTerms {
        identity: KeyIdentity::Pinned { customer: customer.map(Into::into), organization: organization.map(Into::into) },
        ..terms()
    };
    refused(pinned(None, None), Field::Identity);
    refused(pinned(Some(""), None), Field::IdentityCustomer);
    refused(pinned(Some("c"), Some("o\0")), Field::IdentityOrganization);
    let server = KeyTerms { kind: KeyKind::Server, origins: Vec::new(), ..terms() };
    refused(KeyTerms { origins: vec!["*".into()], ..server.clone() }, Field::Origins);
    refused(KeyTerms { tags: vec!["t".into()], ..server.clone() }, Field::Tags);
    refused(KeyTerms { identity: KeyIdentity::Signed, ..server }, Field::Identity);
    let signed = |identity: KeyIdentity, names: &[&str]| KeyTerms {
        identity,
        signed_attributes: names.iter().copied().map(Into::into).collect(),
        ..terms()
    };
    for name in ["", "user.email", "a\0", "userId", "targetingKey", "now", &"x".repeat(65)] {
        refused(signed(KeyIdentity::Signed, &["plan", name]), Field::IdentityAttributes.entry(1));
    }
    refused(signed(KeyIdentity::Signed, &["plan"; 17]), Field::IdentityAttributes);
    for identity in [KeyIdentity::Open, KeyIdentity::Pinned { customer: Some("c".into()), organization: None }] {
        refused(signed(identity, &["plan"]), Field::IdentityAttributes);
    }
}

#[test]
fn origins_are_written_as_browsers_write_them() {
    for origin in [
        "*",
        "https://shop.example",
        "http://localhost:3000",
        "https://127.0.0.1:8443",
        "http://[::1]:3000",
        "https://[2001:db8::1]",
        "capacitor://localhost",
        "chrome-extension://abcdefgh",
        "https://xn--shp-9na.example",
        "https://a_b.example",
        "http://a.example:443",
    ] {
        assert!(is_origin(origin), "{origin}");
    }
    for origin in [
        "",
        "null",
        "shop.example",
        "https://",
        "https://shop.example/",
        "https://shop.example/path",
        "https://Shop.example",
        "HTTPS://shop.example",
        "https://shop.example:443",
        "http://shop.example:80",
        "https://shop.example:",
        "https://shop.example:0",
        "https://shop.example:08443",
        "https://shop.example:65536",
        "https://user@shop.example",
        "https://shop.example?x",
        "https://*.example",
        "https://sh\u{f6}p.example",
        "https://[::1",
        "https://[::1]x",
        "https://[0:0::1]",
        "https://[shop.example]",
        "https://a.example,https://b.example",
        " https://a.example",
        "://a.example",
        "1http://a.example",
    ] {
        assert!(!is_origin(origin), "{origin}");
    }
}

/// The text of an API token whose digits are all `digit`.
fn api_text(digit: char) -> String {
    format!("tf_api_{}", digit.to_string().repeat(2 * RANDOM))
}

fn api_terms(name: &str, role: TokenRole, expires_at: Option<Millis>) -> KeyTerms {
    KeyTerms { kind: KeyKind::Api, label: name.into(), origins: Vec::new(), role: Some(role), expires_at, ..terms() }
}

/// Has an actor make an API token, whose id is its name.
fn made(rows: &mut Rows, by: (&str, &str), terms: KeyTerms, at: Millis) -> Result<CommandOutcome, Refusal> {
    let ruleset = compile(DOCUMENT, None).unwrap().ruleset;
    let current = CurrentState { rows, paged: &Rows::default(), ruleset: &ruleset };
    let id = Some(terms.label.trim()).filter(|id| !id.is_empty()).unwrap_or("no-name").into();
    let new_key = Some(NewKey { id, secret: NewKeySecret::of(&api_text('a'), "i") });
    let actor = Actor { subject: by.0.into(), role: by.1.into(), ..actor(at) };
    let supplies = Supplies { new_key, ..Supplies::default() };
    let outcome = execute(current, &Command::Key(KeyCommand::Create { terms }), supplies, &actor, &mut Compiler::new())?;
    apply(rows, &outcome.writes);
    Ok(outcome)
}

const ADA: (&str, &str) = ("ada", "admin");
const fn days(count: i64) -> Millis {
    Millis(NOW.0 + count * 24 * 60 * 60 * 1_000)
}

#[test]
fn an_api_token_ends_within_a_year() {
    for (given, expected) in [
        (None, Ok(days(90))),
        (Some(days(1)), Ok(days(1))),
        (Some(days(365)), Ok(days(365))),
        (Some(Millis(days(365).0 + 1)), Err(Field::ExpiresAt)),
        (Some(NOW), Err(Field::ExpiresAt)),
    ] {
        let mut rows = Rows::default();
        let outcome = made(&mut rows, ADA, api_terms("ci", TokenRole::Admin, given), NOW);
        match expected {
            Ok(end) => assert_eq!((outcome.is_ok(), key(&rows, "ci").terms.expires_at), (true, Some(end))),
            Err(field) => assert_eq!(outcome.err().map(|refusal| refusal.place), Some(field.into()), "{given:?}"),
        }
    }
}

#[test]
fn no_two_valid_api_tokens_have_one_name() {
    let mut rows = Rows::default();
    let ci = || api_terms("ci", TokenRole::Viewer, None);
    made(&mut rows, ADA, ci(), NOW).unwrap();
    assert_eq!(made(&mut rows, ADA, ci(), NOW).err().map(|refusal| refusal.kind), Some(RefusalKind::NameTaken));
    assert!(made(&mut rows.clone(), ADA, ci(), days(90)).is_ok());
    let outcome = order(&rows, KeyCommand::Revoke { id: "ci".into() }, NOW).unwrap();
    assert_eq!(outcome.changes[0].action, Action::TokenRevoked);
    apply(&mut rows, &outcome.writes);
    assert_eq!(made(&mut rows, ADA, ci(), NOW).unwrap().changes[0].action, Action::TokenCreated);
    for name in ["", "a b", "a/b", "ä", "a\n", &"a".repeat(65)] {
        let refused = made(&mut rows, ADA, api_terms(name, TokenRole::Viewer, None), NOW).err();
        assert_eq!(refused.map(|refusal| refusal.place), Some(Field::TokenName.into()), "{name}");
    }
    assert!(made(&mut rows, ADA, api_terms(&"a".repeat(64), TokenRole::Viewer, None), NOW).is_ok());
}

#[test]
fn no_actor_gives_a_role_above_their_own() {
    let roles = [TokenRole::Viewer, TokenRole::Operator, TokenRole::Admin];
    for (role, count) in [("service", 3), ("admin", 3), ("operator", 2), ("viewer", 1), ("organization_admin", 0), ("user", 0)] {
        for (index, given) in roles.into_iter().enumerate() {
            let kind = made(&mut Rows::default(), ("ada", role), api_terms("ci", given, None), NOW).err().map(|refusal| refusal.kind);
            assert_eq!(kind, (index >= count).then_some(RefusalKind::Outranked), "{role} {given:?}");
        }
    }
}

#[test]
fn no_api_token_makes_one_that_outlives_it() {
    let mut rows = Rows::default();
    made(&mut rows, ADA, api_terms("maker", TokenRole::Admin, Some(days(30))), NOW).unwrap();
    let maker = ("token:maker", "admin");
    let mut make = |name: &str, end| made(&mut rows, maker, api_terms(name, TokenRole::Admin, end), NOW);
    assert_eq!(make("later", Some(Millis(days(30).0 + 1))).err().map(|refusal| refusal.kind), Some(RefusalKind::Outranked));
    make("as-long", Some(days(30))).unwrap();
    make("unsaid", None).unwrap();
    assert_eq!(key(&rows, "unsaid").terms.expires_at, Some(days(30)));
}

#[test]
fn an_api_token_gives_its_own_subject_and_role_until_its_end() {
    let mut rows = Rows::default();
    made(&mut rows, ADA, api_terms("ci", TokenRole::Viewer, Some(days(1))), NOW).unwrap();
    assert_eq!(key(&rows, "ci").subject(), "token:ci");
    for (text, subject, role, at, expected) in [
        (&*api_text('a'), "token:ci", "viewer", NOW, true),
        (&*api_text('a'), "token:ci", "viewer", days(1), false),
        (&*api_text('a'), "token:ci", "admin", NOW, false),
        (&*api_text('a'), "token:other", "viewer", NOW, false),
        (&*api_text('b'), "token:ci", "viewer", NOW, false),
    ] {
        assert_eq!(token_holds(&rows, Hash::of(text.as_bytes()), [subject, role], at), expected, "{text} {subject} {role}");
    }
    // A key of another kind is no token, whatever its label.
    let shop = created(KeyTerms { label: "shop".into(), ..terms() });
    assert!(!token_holds(&shop, Hash::of(SECRET.as_bytes()), ["token:shop", "viewer"], NOW));
}

#[test]
fn a_revoked_api_token_stays_so_when_another_gets_its_name() {
    let mut rows = Rows::default();
    let make = |rows: &mut Rows, id: &str, digit, role| {
        let order = KeyCommand::Create { terms: api_terms("ci", role, None) };
        let new_key = NewKey { id: id.into(), secret: NewKeySecret::of(&api_text(digit), "i") };
        let writes = drawing(rows, order, Some(new_key), NOW).unwrap().writes;
        apply(rows, &writes);
    };
    let holds = |rows: &Rows, digit, role| token_holds(rows, Hash::of(api_text(digit).as_bytes()), ["token:ci", role], NOW);
    make(&mut rows, "t-1", 'a', TokenRole::Admin);
    assert!(holds(&rows, 'a', "admin"));
    carried_out(&mut rows, KeyCommand::Revoke { id: "t-1".into() }, NOW);
    make(&mut rows, "t-2", 'b', TokenRole::Viewer);
    assert!(!holds(&rows, 'a', "admin") && !holds(&rows, 'a', "viewer"));
    assert!(holds(&rows, 'b', "viewer") && !holds(&rows, 'b', "admin"));
}

#[test]
fn an_api_token_has_a_role_and_no_terms_of_other_keys() {
    let api = || api_terms("ci", TokenRole::Viewer, None);
    let mut rows = Rows::default();
    for (wrong, field) in [
        (KeyTerms { role: None, ..api() }, Field::Role),
        (KeyTerms { role: Some(TokenRole::Viewer), ..terms() }, Field::Role),
        (KeyTerms { origins: vec!["*".into()], ..api() }, Field::Origins),
        (KeyTerms { tags: vec!["shop".into()], ..api() }, Field::Tags),
        (KeyTerms { identity: KeyIdentity::Signed, ..api() }, Field::Identity),
    ] {
        assert_eq!(made(&mut rows, ADA, wrong, NOW).err().map(|refusal| refusal.place), Some(field.into()));
    }
    made(&mut rows, ADA, api(), NOW).unwrap();
    let (id, kept) = keys(&rows).next().unwrap();
    assert_eq!(Key::from_row(&kept.to_row()), Some(kept.clone()));
    assert_eq!(
        kept.to_view(id),
        r#"{"createdAt":"2027-01-15T08:00:00.000Z","expiresAt":"2027-04-15T08:00:00.000Z","hint":"tf_api_…aaaa","id":"ci","name":"ci","role":"viewer"}"#
    );
    let rotated = order(&rows, rotated("ci", 0), NOW).err();
    assert_eq!(rotated.map(|refusal| refusal.kind), Some(RefusalKind::IllegalStep));
    // A release that does not know the kind reads no such row, and one that knows it no role that it does not know.
    assert_eq!(Key::from_row(&kept.to_row().replace("viewer", "root")), None);
}
