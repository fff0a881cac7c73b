use alloc::{
    borrow::ToOwned as _,
    string::{String, ToString as _},
    vec,
    vec::Vec,
};

use sdk_core::{Compiler, compile};

use super::*;
use crate::{Command, Supplies, apply, change::Hash, execute};

const URL: &str = "https://hooks.example/services/T000/B000/sesame-0123";

fn terms(url: &str) -> WebhookTerms {
    WebhookTerms {
        label: "on call".into(),
        url: url.into(),
        format: WebhookFormat::Generic,
        kinds: vec![NoticeKind::Rollback, NoticeKind::BreakGlass],
        is_private: false,
        is_enabled: true,
    }
}

fn order(rows: &Rows, command: WebhookCommand, id: &str, takes_private_targets: bool) -> Result<CommandOutcome, Refusal> {
    let ruleset = compile(r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{}}"#, None).unwrap().ruleset;
    let current = CurrentState { rows, paged: &Rows::default(), ruleset: &ruleset };
    let actor = Actor::system("a test", Millis(7));
    let new_webhook = Some(NewWebhook { id: id.into(), secret: WebhookSecret([0xab; WEBHOOK_SECRET]) });
    let supplies = Supplies { new_webhook, takes_private_targets, ..Supplies::default() };
    execute(current, &Command::Webhook(command), supplies, &actor, &mut Compiler::new())
}

fn created(terms: WebhookTerms) -> Result<CommandOutcome, Refusal> {
    order(&Rows::default(), WebhookCommand::Create { terms }, "w-1", false)
}

/// The rows with one webhook.
fn one() -> Rows {
    let mut rows = Rows::default();
    apply(&mut rows, &created(terms(URL)).unwrap().writes);
    rows
}

/// The action, the old and the new value of a record.
type Told = (Action, Option<String>, Option<String>);

/// Carries out a command on the one webhook. Returns the webhook after it, and its records.
fn after(command: WebhookCommand) -> (Option<Webhook>, Vec<Told>) {
    let mut rows = one();
    let outcome = order(&rows, command, "unused", false).unwrap();
    apply(&mut rows, &outcome.writes);
    let told = outcome.changes.into_iter().map(|change| (change.action, change.old, change.new)).collect();
    (webhooks(&rows).next().map(|(_, webhook)| webhook), told)
}

const VIEW: &str = r#"{"createdAt":"1970-01-01T00:00:00.007Z","enabled":true,"format":"generic","id":"w-1","kinds":["rollback","break-glass"],"label":"on call","private":false,"url":"https://hooks.example/…0123"}"#;

#[test]
fn a_webhook_is_kept_whole_and_its_record_shows_neither_the_secret_nor_the_path() {
    let outcome = created(terms(URL)).unwrap();
    let mut rows = Rows::default();
    apply(&mut rows, &outcome.writes);
    let (id, webhook) = webhooks(&rows).next().unwrap();
    assert_eq!((id, &webhook.terms, webhook.secret.0, webhook.created_at), ("w-1", &terms(URL), [0xab; 32], Millis(7)));
    let [change] = outcome.changes.as_slice() else { panic!() };
    assert_eq!((change.action, change.old.as_deref(), change.new.as_deref()), (Action::WebhookCreated, None, Some(VIEW)));
    assert!(!alloc::format!("{webhook:?}").contains("171"), "Debug shows the secret");
}

#[test]
fn an_address_is_shown_by_its_origin_and_the_end_of_a_long_path() {
    for (url, shown) in [
        ("https://hooks.example", "https://hooks.example"),
        ("https://hooks.example/", "https://hooks.example/"),
        ("https://hooks.example/short", "https://hooks.example/…"),
        ("https://hooks.example:8443/services/secret", "https://hooks.example:8443/…cret"),
        ("https://hooks.example?token=0123456789", "https://hooks.example/…6789"),
    ] {
        let outcome = created(terms(url)).unwrap();
        let new = outcome.changes[0].new.clone().unwrap();
        assert!(new.ends_with(&alloc::format!(r#""url":"{shown}"}}"#)), "{new}");
    }
}

#[test]
fn terms_that_no_webhook_can_have_are_refused_at_their_place() {
    let place = |terms: WebhookTerms| created(terms).err().map(|refusal| (refusal.kind, refusal.place));
    let at = |field: Field| Some((RefusalKind::Invalid, RefusalPlace::from(field)));
    assert_eq!(place(terms(URL)), None);
    for label in ["", " ", "a\nb", &"x".repeat(129)] {
        assert_eq!(place(WebhookTerms { label: label.into(), ..terms(URL) }), at(Field::Label), "{label:?}");
    }
    assert_eq!(place(WebhookTerms { kinds: Vec::new(), ..terms(URL) }), at(Field::Kinds));
    assert_eq!(place(WebhookTerms { is_private: true, ..terms(URL) }), at(Field::Private));
    let long = "https://hooks.example/".to_owned() + &"x".repeat(MAX_URL - 22);
    assert_eq!(place(terms(&long)), None);
    for url in [
        "",
        "hooks.example",
        "http://hooks.example/",
        "HTTPS://hooks.example/",
        "ftp://hooks.example/",
        "https://",
        "https:///path",
        "https://Hooks.example/",
        "https://hooks.example:443/",
        "https://user@hooks.example/",
        "https://user:pass@hooks.example/",
        "https://hooks.example/#here",
        "https://hooks.example/a b",
        "https://hooks.example/a\r\nx: y",
        "https://hooks.example/é",
        "https://hooks.example\\@evil.example/",
        "*",
        &(long.clone() + "x"),
    ] {
        assert_eq!(place(terms(url)), at(Field::Url), "{url:?}");
    }
}

#[test]
fn only_a_private_target_of_a_deployment_that_has_such_is_asked_without_tls() {
    let asked = |url: &str, is_private, takes| {
        let terms = WebhookTerms { is_private, ..terms(url) };
        order(&Rows::default(), WebhookCommand::Create { terms }, "w-1", takes).err().map(|refusal| refusal.place)
    };
    let plain = "http://127.0.0.1:9000/hook";
    assert_eq!(asked(plain, true, true), None);
    assert_eq!(asked(plain, true, false), Some(Field::Private.into()));
    assert_eq!(asked(plain, false, true), Some(Field::Url.into()));
    assert_eq!(asked("http://[::1]:9000/hook", true, true), None);
    assert_eq!(asked(URL, true, true), None);
}

#[test]
fn an_environment_has_ten_webhooks_at_most() {
    let mut rows = Rows::default();
    for number in 0..10 {
        let made = order(&rows, WebhookCommand::Create { terms: terms(URL) }, &number.to_string(), false).unwrap();
        apply(&mut rows, &made.writes);
    }
    let refusal = order(&rows, WebhookCommand::Create { terms: terms(URL) }, "one more", false).err().unwrap();
    assert_eq!((refusal.kind, refusal.detail.as_str()), (RefusalKind::Invalid, "there are already 10 webhooks; remove one first"));
}

#[test]
fn a_change_keeps_the_secret_and_the_same_terms_change_nothing() {
    let other = WebhookTerms { label: "office".into(), is_enabled: false, ..terms(URL) };
    let (webhook, told) = after(WebhookCommand::Change { id: "w-1".into(), terms: other.clone() });
    let webhook = webhook.unwrap();
    assert_eq!((webhook.terms, webhook.secret.0, webhook.disabled_at), (other, [0xab; 32], None));
    assert_eq!((told[0].0, told[0].1.as_deref()), (Action::WebhookChanged, Some(VIEW)));
    assert_eq!(after(WebhookCommand::Change { id: "w-1".into(), terms: terms(URL) }).1, []);
}

#[test]
fn the_hub_disables_a_webhook_once_and_an_operator_enables_it_again() {
    let mut rows = one();
    let disabled = order(&rows, WebhookCommand::Disable { id: "w-1".into() }, "unused", false).unwrap();
    assert_eq!(disabled.changes[0].action, Action::WebhookDisabled);
    apply(&mut rows, &disabled.writes);
    let read = |rows: &Rows| webhooks(rows).next().map(|(_, webhook)| (webhook.terms.is_enabled, webhook.disabled_at)).unwrap();
    assert_eq!(read(&rows), (false, Some(Millis(7))));
    let again = order(&rows, WebhookCommand::Disable { id: "w-1".into() }, "unused", false).unwrap();
    assert!(again.writes.is_empty() && again.changes.is_empty());
    let enabled = order(&rows, WebhookCommand::Change { id: "w-1".into(), terms: terms(URL) }, "unused", false).unwrap();
    apply(&mut rows, &enabled.writes);
    assert_eq!(read(&rows), (true, None));
}

#[test]
fn a_removed_webhook_is_gone_and_an_unknown_one_is_refused() {
    let (webhook, told) = after(WebhookCommand::Remove { id: "w-1".into() });
    assert_eq!((webhook, told), (None, vec![(Action::WebhookRemoved, Some(VIEW.into()), None)]));
    for command in [
        WebhookCommand::Remove { id: "w-2".into() },
        WebhookCommand::Disable { id: "w-2".into() },
        WebhookCommand::Change { id: "w-2".into(), terms: terms(URL) },
    ] {
        assert_eq!(order(&one(), command, "unused", false).err().map(|refusal| refusal.kind), Some(RefusalKind::WebhookNotFound));
    }
}

#[test]
fn a_row_that_this_release_does_not_understand_is_no_webhook() {
    let row = one().get(RowKind::Webhook, "w-1").unwrap().to_owned();
    assert!(Webhook::from_row(&row).is_some());
    for (good, other) in [("\"generic\"", "\"teams\""), (&Hash([0xab; 32]).to_hex() as &str, "ab"), ("\"label\"", "\"name\"")] {
        assert_eq!(Webhook::from_row(&row.replace(good, other)), None, "{other}");
    }
    let later = Webhook::from_row(&row.replace("\"rollback\"", "\"weather\"")).unwrap();
    assert_eq!(later.terms.kinds, [NoticeKind::BreakGlass]);
}

#[test]
fn the_action_of_a_record_decides_its_kind() {
    for (action, kind) in [
        ("flag.kill", NoticeKind::Change),
        ("rollout.advance", NoticeKind::Change),
        ("rollout.rollback", NoticeKind::Rollback),
        ("rollout.held", NoticeKind::Held),
        ("key.rotate", NoticeKind::Key),
        ("token.revoke", NoticeKind::Key),
        ("schedule.create", NoticeKind::Schedule),
        ("break-glass.use", NoticeKind::BreakGlass),
        ("webhook.disable", NoticeKind::Change),
        ("of.a.later.release", NoticeKind::Change),
    ] {
        assert_eq!(NoticeKind::of_action(action), kind, "{action}");
    }
    for kind in NoticeKind::ALL {
        assert_eq!(NoticeKind::from_name(kind.as_str()), Some(kind));
        assert_eq!(serde_json::to_string(&kind).unwrap(), alloc::format!("{:?}", kind.as_str()));
    }
    assert_eq!(NoticeKind::from_name("weather"), None);
}
