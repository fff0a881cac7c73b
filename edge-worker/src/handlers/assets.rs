//! Pages and what they load, and the description of the routes, from the folder the build made.
use worker::{Env, Response};

use super::reply;
use crate::{host::Host, openid::Provider, problem::Problem};

/// Scripts of our own only, and WebAssembly.
const DEMO_POLICY: &str =
    "default-src 'self'; img-src 'self' data:; script-src 'self' 'wasm-unsafe-eval'; base-uri 'none'; frame-ancestors 'self'";

/// Scripts, styles and requests of this origin only, and WebAssembly for the playground. No other page may frame the dashboard, and no text
/// may become markup or a script.
const DASHBOARD_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// No script at all.
const START_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The demo page. It learns the publishable key from its `client-key` element.
pub(crate) async fn demo(env: &Host) -> Result<Response, Problem> {
    let key = env.settings.client_key.as_deref().unwrap_or_default();
    let html = fetch("/demo/index.html", env).await?.text().await?.replace("{{client-key}}", key);
    page(html.into_bytes(), DEMO_POLICY)
}

/// The dashboard's page. It holds no key and no token: the operator types one in, or signs in at the deployment's provider.
pub(crate) async fn dashboard(env: &Host) -> Result<Response, Problem> {
    let policy = dashboard_policy(Provider::of(&env.settings).as_ref());
    page(fetch("/dashboard/index.html", env).await?.bytes().await?, &policy)
}

/// The policy of the dashboard. With a provider, the page may also send requests there, and post the form that signs out, from which the
/// provider leads back here.
fn dashboard_policy(provider: Option<&Provider<'_>>) -> String {
    let Some(sources) = provider.map(Provider::sources) else { return DASHBOARD_POLICY.to_owned() };
    DASHBOARD_POLICY
        .replace("connect-src 'self'", &format!("connect-src 'self' {sources}"))
        .replace("form-action 'none'", &format!("form-action 'self' {sources}"))
}

/// The page at the root: what this is, and what to do first. With `DEMO=on` it has the publishable key, and the way to the demo page.
pub(crate) async fn start(env: &Host) -> Result<Response, Problem> {
    let html = fetch("/dashboard/start.html", env).await?.text().await?;
    let html = if env.settings.is_demo {
        html.replace("{{client-key}}", env.settings.client_key.as_deref().unwrap_or_default())
    } else {
        without_demo(&html)
    };
    page(html.into_bytes(), START_POLICY)
}

/// The text without what stands between the comments `demo` and `/demo`.
fn without_demo(html: &str) -> String {
    let mut pieces = html.split("<!-- demo -->");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |kept, piece| kept + piece.split_once("<!-- /demo -->").map_or("", |(_, rest)| rest))
}

fn page(html: Vec<u8>, policy: &str) -> Result<Response, Problem> {
    let response = reply("text/html; charset=utf-8", html)?;
    response.headers().set("content-security-policy", policy)?;
    Ok(response)
}

/// A file, of a type we know: the folder service names none, and answers a folder with a list of what is in it.
pub(crate) async fn file(path: &str, env: &Env) -> Result<Response, Problem> {
    let content_type = content_type(path).ok_or_else(Problem::not_found)?;
    reply(content_type, fetch(path, env).await?.bytes().await?)
}

async fn fetch(path: &str, env: &Env) -> Result<Response, Problem> {
    let response = env.service("ASSETS")?.fetch(format!("http://assets{path}"), None).await?;
    if response.status_code() == 200 { Ok(response) } else { Err(Problem::not_found()) }
}

fn content_type(path: &str) -> Option<&'static str> {
    let (_, extension) = path.rsplit_once('.')?;
    Some(match extension {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "wasm" => "application/wasm",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    /// The sources of a directive; `None` if the policy lacks it, and so leaves it to `default-src` or to no rule at all.
    fn sources<'p>(policy: &'p str, directive: &str) -> Option<Vec<&'p str>> {
        policy
            .split(';')
            .map(|rule| rule.split_whitespace().collect::<Vec<_>>())
            .find(|rule| rule.first() == Some(&directive))
            .map(|rule| rule[1..].to_vec())
    }

    #[test]
    fn the_dashboard_is_framed_by_no_page_and_runs_only_its_own_files() {
        let settings = Settings {
            oidc_client_id: Some("dashboard".to_owned()),
            oidc_origins: vec!["https://token.example".to_owned()],
            jwt_issuer: Some("https://id.example/shop".to_owned()),
            jwt_audience: Some("flags".to_owned()),
            ..Settings::default()
        };
        let beside = ["'self'", "https://id.example", "https://token.example"].as_slice();
        for (provider, connect, form) in [(None, &beside[..1], &["'none'"][..]), (Provider::of(&settings), beside, beside)] {
            let policy = dashboard_policy(provider.as_ref());
            for directive in ["default-src", "frame-ancestors", "base-uri", "trusted-types"] {
                assert_eq!(sources(&policy, directive), Some(vec!["'none'"]), "{directive}");
            }
            for (directive, expected) in [
                ("script-src", &["'self'", "'wasm-unsafe-eval'"][..]),
                ("style-src", &["'self'"][..]),
                ("img-src", &["'self'", "data:"][..]),
                ("require-trusted-types-for", &["'script'"][..]),
                ("connect-src", connect),
                ("form-action", form),
            ] {
                assert_eq!(sources(&policy, directive).as_deref(), Some(expected), "{directive}");
            }
            assert_eq!(policy.split(';').count(), 10);
        }
    }

    #[test]
    fn a_deployment_without_a_demo_page_does_not_name_it() {
        for (html, kept) in [
            ("a", "a"),
            ("a<!-- demo -->b<!-- /demo -->c", "ac"),
            ("<!-- demo -->a<!-- /demo -->b<!-- demo -->c<!-- /demo -->", "b"),
            ("a<!-- demo -->{{client-key}}", "a"),
        ] {
            assert_eq!(without_demo(html), kept, "{html}");
        }
    }
}
