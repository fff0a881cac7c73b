//! `POST /demo/explain`: how answers came about, for the demo page.
use sdk_core::{Compiled, Context, canonical::write_string};
use serde::Deserialize;
use worker::{Env, Request, Response};

use super::{
    json,
    question::{Question, object},
};
use crate::{
    auth::Evaluator,
    body, clock,
    problem::Problem,
    ruleset_cache::{self, Serving},
};

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    flags: Option<Vec<String>>,
}

pub(crate) async fn many(_evaluator: Evaluator, request: &mut Request, env: &Env) -> Result<Response, Problem> {
    let body = body::read(request, body::QUESTION).await?;
    let Asked { flags } = object(&body).map_err(Problem::malformed)?;
    let context = Question::parse(&body)?.context()?;
    let serving = ruleset_cache::current(env).await?;
    json(explanations(&serving, flags, &context))
}

fn explanations(serving: &Serving, flags: Option<Vec<String>>, context: &Context) -> String {
    let Compiled { ruleset, overrides, .. } = &serving.compiled;
    let flags = flags.unwrap_or_else(|| ruleset.flag_keys().map(str::to_owned).collect());
    let now = clock::now();
    let mut out = String::from(r#"{"explanations":["#);
    for (index, flag) in flags.iter().enumerate() {
        out.push_str(if index > 0 { r#",{"flag":"# } else { r#"{"flag":"# });
        write_string(&mut out, flag);
        out.push(',');
        out.push_str(&ruleset.explain(overrides.of(context), flag, context, now, None).to_json(None)[1..]);
    }
    out.push_str("]}");
    out
}
