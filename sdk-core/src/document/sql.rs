//! Compiles a document for a database, to the JSON that its functions interpret without parsing a document.
use alloc::{string::String, vec::Vec};

use super::{
    compile::{Compiled, Compiler},
    error::DocumentError,
    link::{MaybeOwned, StatedFlag},
    rollout::Rollout,
    state::State,
};
use crate::{
    bucket::BucketKey,
    context::write_value,
    evaluate::{
        overrides::{Overrides, OwnerKind},
        ruleset::Ruleset,
        sql_rows::SqlRows,
    },
    json::{
        Object,
        canonical::{write_list, write_number, write_string},
    },
    percentage::Percentage,
    stage::Tier,
};

/// Compiles the text of a document to the rows that `twinflag.publish` of the Postgres migrations takes, as one JSON object.
///
/// Its members are `bucketKey`, `environment` (or null), `flags`, `lists`, `overrides`, `segments` and `states`. A flag has every step
/// that a state may give it; `states` are the kill switches and rollouts as the document has them, and the database decides by the
/// state that it holds. Parts with errors are left out, as [`compile`](crate::compile) leaves them out; the second value counts the errors.
///
/// # Errors
///
/// Those of [`compile`](crate::compile): the document is refused whole.
///
/// ```
/// use sdk_core::document::compile_for_sql;
///
/// let document = r#"{ "schema": "twinflag/1", "bucketKey": "000102030405060708090a0b0c0d0e0f", "flags": { "chat": {} } }"#;
/// let (rows, errors) = compile_for_sql(document, None)?;
/// assert!(rows.contains(r#""states":[{"allow":[],"deny":[],"enabled":true,"key":"chat","percentage":0,"status":"planned"}]"#));
/// assert_eq!(errors, 0);
/// # Ok::<(), sdk_core::DocumentError>(())
/// ```
pub fn compile_for_sql(text: &str, missing_key: Option<BucketKey>) -> Result<(String, usize), DocumentError> {
    let mut states: Vec<(String, State)> = Vec::new();
    let restate = |flag: &mut StatedFlag<'_>| {
        // A compiler that keeps nothing passes every state as [`MaybeOwned::Owned`].
        if let Some(MaybeOwned::Owned(state)) = flag.state.take() {
            states.push((flag.compiled.key.as_ref().into(), state));
            flag.state = Some(MaybeOwned::Owned(State::with_every_step()));
        }
    };
    let (compiled, environment) = Compiler::keeping_nothing().compile_restated(text, missing_key, restate)?;
    let Compiled { ruleset, overrides, error_count, .. } = compiled;
    let mut rows = SqlRows::new(&ruleset);
    let mut out = String::new();
    let mut object = Object::open(&mut out);
    write_string(object.member("bucketKey"), &ruleset.key.to_hex());
    match environment {
        Some(name) => write_string(object.member("environment"), &name),
        None => object.member("environment").push_str("null"),
    }
    rows.write_flags(object.member("flags"));
    let segments = rows.segments();
    rows.write_lists(object.member("lists"));
    write_overrides(object.member("overrides"), &ruleset, &overrides);
    object.member("segments").push_str(&segments);
    let is_there = |(key, _): &&(String, State)| ruleset.flag(key).is_some_and(|flag| flag.key() == key);
    write_list(object.member("states"), states.iter().filter(is_there), |out, (key, state)| write_state(out, key, state));
    object.close();
    Ok((out, error_count))
}

fn write_state(out: &mut String, key: &str, State { enabled, rollout }: &State) {
    let Rollout { status, tier, threshold, allow, deny, .. } = rollout;
    let mut object = Object::open(out);
    write_list(object.member("allow"), allow.iter(), write_value);
    write_list(object.member("deny"), deny.iter(), write_value);
    object.member("enabled").push_str(if *enabled { "true" } else { "false" });
    write_string(object.member("key"), key);
    write_number(object.member("percentage"), Percentage::buckets(*threshold).percent());
    write_string(object.member("status"), status.as_str());
    if let Some(tier) = tier.and_then(|tier| Tier::from_number(tier.into())) {
        write_string(object.member("tier"), tier.as_str());
    }
    object.close();
}

fn write_overrides(out: &mut String, ruleset: &Ruleset, overrides: &Overrides) {
    let mut object = Object::open(out);
    for kind in OwnerKind::ALL {
        let mut owners = Object::open(object.member(kind.section()));
        for (id, own) in overrides.section(kind) {
            let mut tree = Object::open(owners.member(id));
            for flag in own.flags() {
                if let Some(variant) = own.variant(flag) {
                    write_string(tree.member(ruleset.key_of(flag)), ruleset.variant_name(flag, variant));
                }
            }
            tree.close();
        }
        owners.close();
    }
    object.close();
}
