//! Asks the worker by OpenFeature's provider for Rust, unmodified: a question a line in, the client's details a line out.
use std::{env, io};

use anyhow::{Context, Result, anyhow};
use open_feature::{
    EvaluationContext, EvaluationContextFieldValue, EvaluationDetails, EvaluationErrorCode, EvaluationReason, EvaluationResult,
    FlagMetadataValue, OpenFeature, StructValue, Value as FlagValue,
};
use open_feature_ofrep::{OfrepOptions, OfrepProvider};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::{Map, Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let base_url = arguments.next().context("expected the address of the worker")?;
    let key = arguments.next().context("expected a key")?;
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, format!("Bearer {key}").parse()?);
    let provider =
        OfrepProvider::new(OfrepOptions { base_url, headers, ..OfrepOptions::default() }).await.map_err(|error| anyhow!("{error:?}"))?;
    let mut api = OpenFeature::singleton_mut().await;
    api.set_provider(provider).await;
    let client = api.create_client();
    drop(api);

    for line in io::stdin().lines() {
        let question: Value = serde_json::from_str(&line?)?;
        let flag = question["flag"].as_str().context("a question without a flag")?;
        let context = context_of(question["context"].as_object().context("a question without a context")?);
        let answer = match question["kind"].as_str() {
            Some("boolean") => answer(client.get_bool_details(flag, Some(&context), None).await, Value::from),
            Some("string") => answer(client.get_string_details(flag, Some(&context), None).await, Value::from),
            Some("integer") => answer(client.get_int_details(flag, Some(&context), None).await, Value::from),
            Some("float") => answer(client.get_float_details(flag, Some(&context), None).await, Value::from),
            _ => answer(client.get_struct_details::<StructValue>(flag, Some(&context), None).await, |value| {
                json_of(FlagValue::Struct(value))
            }),
        };
        println!("{answer}");
    }
    Ok(())
}

/// The attributes that the client's context can have: it has no null and no list.
fn context_of(attributes: &Map<String, Value>) -> EvaluationContext {
    let mut context = EvaluationContext::default();
    for (name, value) in attributes {
        match value {
            Value::String(text) if name == "targetingKey" => context.targeting_key = Some(text.clone()),
            Value::String(text) => context.add_custom_field(name, text.clone()),
            Value::Bool(value) => context.add_custom_field(name, *value),
            Value::Number(number) => match number.as_i64() {
                Some(number) => context.add_custom_field(name, number),
                None => context.add_custom_field(name, number.as_f64().unwrap_or_default()),
            },
            Value::Object(members) => context.add_custom_field(name, EvaluationContextFieldValue::new_struct(members.clone())),
            Value::Null | Value::Array(_) => {}
        }
    }
    context
}

fn answer<T>(result: EvaluationResult<EvaluationDetails<T>>, value_of: impl FnOnce(T) -> Value) -> Value {
    match result {
        Ok(EvaluationDetails { flag_key, value, reason, variant, flag_metadata }) => json!({
            "flagKey": flag_key,
            "value": value_of(value),
            "variant": variant,
            "reason": reason.as_ref().map(EvaluationReason::to_string),
            "metadata": flag_metadata.values.into_iter().map(|(name, value)| (name, metadata_of(value))).collect::<Map<_, _>>(),
        }),
        Err(error) => json!({ "errorCode": match error.code {
            EvaluationErrorCode::General(_) => "GENERAL".to_owned(),
            code => code.to_string(),
        } }),
    }
}

fn json_of(value: FlagValue) -> Value {
    match value {
        FlagValue::Bool(value) => value.into(),
        FlagValue::Int(value) => value.into(),
        FlagValue::Float(value) => value.into(),
        FlagValue::String(value) => value.into(),
        FlagValue::Array(values) => values.into_iter().map(json_of).collect(),
        FlagValue::Struct(StructValue { fields }) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, json_of(value))).collect())
        }
    }
}

fn metadata_of(value: FlagMetadataValue) -> Value {
    match value {
        FlagMetadataValue::Bool(value) => value.into(),
        FlagMetadataValue::Int(value) => value.into(),
        FlagMetadataValue::Float(value) => value.into(),
        FlagMetadataValue::String(value) => value.into(),
    }
}
