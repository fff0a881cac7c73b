//! Commands as stores spell them, and what each leads to.
use alloc::vec;

use sdk_core::{
    Millis, Percentage,
    stage::{Method, Rate},
};

use super::*;
use crate::{
    Expiry, GuardEdit, KeyIdentity, KeyKind, KeyTerms, Lists, NoticeKind, RolloutPlan, Section, TokenRole, WebhookFormat, WebhookTerms,
    lifecycle::Step,
    schedules::{ScheduledRequest, ScheduledStep},
};

/// A command of each variant, with the JSON that stores hold. Stored commands outlive releases, so these spellings never change.
#[expect(clippy::too_many_lines, reason = "a table")]
fn spellings() -> Vec<(Command, &'static str)> {
    let request = |if_match| ScheduledRequest { method: "DELETE".into(), path: "/p".into(), body: "{}".into(), if_match };
    let step = |until, flag, if_match| ScheduledStep { id: "s-1".into(), at: Millis(7), until, request: request(if_match), flag };
    let add = |step| Command::Schedule(ScheduleCommand::Add { steps: vec![step] });
    let (plain, full) = (step(None, None, None), step(Some(Millis(9)), Some("chat".into()), Some("\"t\"".into())));
    let flag = || String::from("chat");
    let rollout = |order| Command::Rollout { flag: flag(), order };
    let step = |step| rollout(RolloutCommand::Step(step));
    let guard = GuardEdit {
        method: Some(Method::Threshold),
        error_rate: Rate::of(0.05),
        time_window_ms: Some(60_000),
        min_samples: Some(20),
        min_tier_ms: Some(0),
        success_rate: Rate::of(0.99),
    };
    let percentage = Percentage::of(12.5).unwrap();
    let plan = RolloutPlan { allow: vec!["a".into()], deny: vec!["d".into()], percentage: Some(percentage), guard, start: false };
    let lists = Lists { allow: Some(vec!["a".into()]), remove_deny: vec!["d".into()], ..Lists::default() };
    let pinned = KeyIdentity::Pinned { customer: Some("c-1".into()), organization: None };
    let terms = |kind, identity, expires_at| KeyTerms {
        kind,
        label: "the shop".into(),
        origins: vec!["*".into()],
        tags: vec!["shop".into()],
        identity,
        signed_attributes: Vec::new(),
        expires_at,
        role: None,
    };
    let hook = WebhookTerms {
        label: "on call".into(),
        url: "https://hooks.example/1".into(),
        format: WebhookFormat::Slack,
        kinds: vec![NoticeKind::BreakGlass],
        is_private: false,
        is_enabled: true,
    };
    let api = KeyTerms { role: Some(TokenRole::Operator), ..terms(KeyKind::Api, KeyIdentity::Open, Some(Millis(9))) };
    let rotate = |expiry| Command::Key(KeyCommand::Rotate { id: "k-1".into(), overlap_ms: 5, expiry });
    vec![
        (add(plain), r#"{"schedule":{"add":{"steps":[{"id":"s-1","at":7,"request":{"method":"DELETE","path":"/p","body":"{}"}}]}}}"#),
        (
            add(full),
            r#"{"schedule":{"add":{"steps":[{"id":"s-1","at":7,"until":9,"request":{"method":"DELETE","path":"/p","body":"{}","ifMatch":"\"t\""},"flag":"chat"}]}}}"#,
        ),
        (Command::Schedule(ScheduleCommand::Cancel { id: "s-1".into() }), r#"{"schedule":{"cancel":{"id":"s-1"}}}"#),
        (
            Command::Override { owner: OwnerKind::Customer, id: "c-1".into(), tree: r#"{"chat":true}"#.into() },
            r#"{"override":{"owner":"customer","id":"c-1","tree":"{\"chat\":true}"}}"#,
        ),
        (Command::Clear { owner: OwnerKind::Organization, id: "o-1".into() }, r#"{"clear":{"owner":"organization","id":"o-1"}}"#),
        (Command::Kill { flag: flag() }, r#"{"kill":{"flag":"chat"}}"#),
        (Command::Revive { flag: flag() }, r#"{"revive":{"flag":"chat"}}"#),
        (
            rollout(RolloutCommand::Create(plan)),
            r#"{"rollout":{"flag":"chat","order":{"create":{"allow":["a"],"deny":["d"],"percentage":12.5,"guard":{"method":"threshold","errorRate":0.05,"timeWindowMs":60000,"minSamples":20,"minTierMs":0,"successRate":0.99}}}}}"#,
        ),
        (
            rollout(RolloutCommand::Create(RolloutPlan { start: true, ..RolloutPlan::default() })),
            r#"{"rollout":{"flag":"chat","order":{"create":{"allow":[],"deny":[],"percentage":null,"guard":{"method":null,"errorRate":null,"timeWindowMs":null,"minSamples":null,"minTierMs":null,"successRate":null},"start":true}}}}"#,
        ),
        (step(Step::Start), r#"{"rollout":{"flag":"chat","order":{"step":"start"}}}"#),
        (step(Step::Advance { force: true }), r#"{"rollout":{"flag":"chat","order":{"step":{"advance":{"force":true}}}}}"#),
        (step(Step::Pause), r#"{"rollout":{"flag":"chat","order":{"step":"pause"}}}"#),
        (step(Step::Resume), r#"{"rollout":{"flag":"chat","order":{"step":"resume"}}}"#),
        (step(Step::Complete), r#"{"rollout":{"flag":"chat","order":{"step":"complete"}}}"#),
        (step(Step::RollBack), r#"{"rollout":{"flag":"chat","order":{"step":"rollBack"}}}"#),
        (step(Step::Percentage(percentage)), r#"{"rollout":{"flag":"chat","order":{"step":{"percentage":12.5}}}}"#),
        (
            rollout(RolloutCommand::Lists(lists)),
            r#"{"rollout":{"flag":"chat","order":{"lists":{"allow":["a"],"deny":null,"addAllow":[],"removeAllow":[],"addDeny":[],"removeDeny":["d"]}}}}"#,
        ),
        (
            rollout(RolloutCommand::Guard(GuardEdit { min_samples: Some(7), ..GuardEdit::default() })),
            r#"{"rollout":{"flag":"chat","order":{"guard":{"method":null,"errorRate":null,"timeWindowMs":null,"minSamples":7,"minTierMs":null,"successRate":null}}}}"#,
        ),
        (
            Command::Assign { customer: "c-1".into(), organization: Some("o-1".into()) },
            r#"{"assign":{"customer":"c-1","organization":"o-1"}}"#,
        ),
        (Command::Assign { customer: "c-1".into(), organization: None }, r#"{"assign":{"customer":"c-1","organization":null}}"#),
        (
            Command::Key(KeyCommand::Create { terms: terms(KeyKind::Client, pinned, Some(Millis(9))) }),
            r#"{"key":{"create":{"terms":{"kind":"client","label":"the shop","origins":["*"],"tags":["shop"],"identity":{"pinned":{"customer":"c-1","organization":null}},"expiresAt":9}}}}"#,
        ),
        (
            Command::Key(KeyCommand::Create { terms: terms(KeyKind::Server, KeyIdentity::Signed, None) }),
            r#"{"key":{"create":{"terms":{"kind":"server","label":"the shop","origins":["*"],"tags":["shop"],"identity":"signed","expiresAt":null}}}}"#,
        ),
        (
            Command::Key(KeyCommand::Create { terms: api }),
            r#"{"key":{"create":{"terms":{"kind":"api","label":"the shop","origins":["*"],"tags":["shop"],"identity":"open","expiresAt":9,"role":"operator"}}}}"#,
        ),
        (rotate(Expiry::Kept), r#"{"key":{"rotate":{"id":"k-1","overlapMs":5,"expiry":"kept"}}}"#),
        (rotate(Expiry::At(None)), r#"{"key":{"rotate":{"id":"k-1","overlapMs":5,"expiry":{"at":null}}}}"#),
        (rotate(Expiry::At(Some(Millis(9)))), r#"{"key":{"rotate":{"id":"k-1","overlapMs":5,"expiry":{"at":9}}}}"#),
        (Command::Key(KeyCommand::Revoke { id: "k-1".into() }), r#"{"key":{"revoke":{"id":"k-1"}}}"#),
        (Command::Webhook(WebhookCommand::Disable { id: "w-1".into() }), r#"{"webhook":{"disable":{"id":"w-1"}}}"#),
        (
            Command::Webhook(WebhookCommand::Create { terms: hook }),
            r#"{"webhook":{"create":{"terms":{"label":"on call","url":"https://hooks.example/1","format":"slack","kinds":["break-glass"],"isPrivate":false,"isEnabled":true}}}}"#,
        ),
        (Command::CreateEnvironment { name: EnvironmentName::parse("eu-1").unwrap() }, r#"{"createEnvironment":{"name":"eu-1"}}"#),
        (Command::RemoveEnvironment { name: EnvironmentName::parse("eu-1").unwrap() }, r#"{"removeEnvironment":{"name":"eu-1"}}"#),
        (Command::RenewEpoch {}, r#"{"renewEpoch":{}}"#),
        (
            Command::Copy(Definitions {
                from: "eu-1".into(),
                version: "0a1b2c3d4e5f.7".into(),
                flags: vec![("chat".into(), "{}".into())],
                segments: vec![("eu".into(), "{}".into())],
                remove: Vec::new(),
            }),
            r#"{"copy":{"from":"eu-1","version":"0a1b2c3d4e5f.7","flags":[["chat","{}"]],"segments":[["eu","{}"]]}}"#,
        ),
        (
            Command::Define(DefinitionChange {
                section: Section::Flags,
                name: "chat".into(),
                definition: Some("{}".into()),
                remove: vec!["flags/chat/aliases/talk".into()],
                restore: false,
            }),
            r#"{"define":{"section":"flags","name":"chat","definition":"{}","remove":["flags/chat/aliases/talk"]}}"#,
        ),
        (Command::Revert(Revert { change: "c-1".into(), remove: Vec::new() }), r#"{"revert":{"change":"c-1"}}"#),
        (
            Command::Import { document: r#"{ "schema": 1 }"#.into(), state: State::Replace, allowed: Allowed::default() },
            r#"{"import":{"document":"{ \"schema\": 1 }","state":"replace"}}"#,
        ),
        (
            Command::Import {
                document: "{}".into(),
                state: State::Keep,
                allowed: Allowed {
                    partial: true,
                    remove: vec!["flags/a".into()],
                    overwrite: Vec::new(),
                    seen: false,
                    new_environment: Some("eu".into()),
                    new_bucket_key: Some("00112233".into()),
                },
            },
            r#"{"import":{"document":"{}","state":"keep","allowed":{"partial":true,"remove":["flags/a"],"newEnvironment":"eu","newBucketKey":"00112233"}}}"#,
        ),
    ]
}

#[test]
fn every_command_is_stored_as_json_and_read_again() {
    for (command, json) in spellings() {
        assert_eq!(serde_json::to_string(&command).unwrap(), json);
        assert_eq!(serde_json::from_str::<Command>(json).unwrap(), command);
    }
}

#[test]
fn an_unknown_member_or_command_is_refused_at_every_depth() {
    for (command, json) in spellings() {
        for (at, _) in json.match_indices('{').filter(|(at, _)| !json[..*at].ends_with('"') && !json[..*at].ends_with('\\')) {
            let more = format!("{}{{\"unknown\":1,{}", &json[..at], &json[at + 1..]);
            assert!(serde_json::from_str::<Command>(&more).is_err(), "{command:?}: {more}");
        }
    }
    for json in [
        r#"{"destroy":{"flag":"a"}}"#,
        r#"{"rollout":{"flag":"a","order":{"step":"stop"}}}"#,
        r#"{"rollout":{"flag":"a","order":{"step":{"percentage":100.5}}}}"#,
        r#"{"clear":{"owner":"segment","id":"c"}}"#,
        r#"{"import":{"document":"","state":"merge"}}"#,
        r#"{"rollout":{"flag":"a","order":{"step":"start"},"observed":{"exposures":1,"errors":0}}}"#,
        r#"{"kill":{}}"#,
        r#"{"createEnvironment":{"name":"EU"}}"#,
        r#""kill""#,
    ] {
        assert!(serde_json::from_str::<Command>(json).is_err(), "{json}");
    }
}
