//! Requests of the worker to the hub of an environment.
use control::{
    EnvironmentName,
    change::Hash,
    guard::ReceiptKey,
    rows::{RowKey, RowKind},
};
use futures_util::StreamExt;
use sdk_core::{Millis, limits::MAX_DOCUMENT_BYTES};
use serde::Deserialize;
use serde_json::value::RawValue;
use worker::{Env, Headers, Method, Request, RequestInit, Response};

use super::wire::{
    ACTOR, ADMIN, ASKED_NAMES, BREAK_GLASS, BUCKET_KEY, CLIENT_BODY, COUNTS, DEFINITIONS, DIGESTED_ROWS, DOCUMENT, ENVIRONMENT, EXPLAINING,
    HOLDS, KEYS, METRICS, NEWS_SINCE, OWNERS, REGISTERED, ROLE, RULESET, RulesetAnswer, SOUGHT, SUMMARY, TALLY_TIME, TOKEN, TOKEN_USE,
    VERSION, WITHIN, WRITTEN, WantedOwners, encoded,
};
pub(crate) use super::{
    admin::{Object, read as read_body},
    wire::{Explaining, Page, WantedPage},
};
pub(crate) use crate::reader::shelf::Since;
use crate::{
    asked_names, clock, counts,
    environment::Environment,
    problem::Problem,
    readers,
    stream_key::StreamKey,
    token_uses::TokenUse,
    version::{Epoch, NotSpelledSo, Version},
};

/// The longest answer that is read, in bytes: a document with all overrides.
const MOST: usize = 4 * MAX_DOCUMENT_BYTES;

/// A stored document.
pub(crate) struct Document {
    pub(crate) version: Version,
    pub(crate) text: String,
    /// The bucket key in hexadecimal digits, for a document that names none.
    pub(crate) bucket_key: String,
}

/// The hub's newest version, with its keys and its ruleset.
pub(crate) struct News {
    pub(crate) version: Version,
    /// The rows of keys that were not revoked; `None` if neither they nor the environments changed.
    pub(crate) keys: Option<Vec<String>>,
    /// The name in the document of the first environment, from its hub.
    pub(crate) environment: Option<String>,
    /// The environments that the first hub has registered, each with the moment, from that hub.
    pub(crate) environments: Vec<(EnvironmentName, Millis)>,
    /// The key of the environment's streams; `None` from a hub of an earlier release.
    pub(crate) stream_key: Option<StreamKey>,
    pub(crate) ruleset: Told,
    /// The key of receipts; `None` if the hub does not tell it.
    pub(crate) receipts: Option<ReceiptKey>,
}

/// The hub's answer about its ruleset.
pub(crate) enum Told {
    Whole(Ruleset),
    Changes(Changes),
    /// There is none yet.
    Nothing(Missing),
}

/// The changes since a version.
pub(crate) struct Changes {
    pub(crate) since: Version,
    /// The rows of the document that changed; no text if a row is gone.
    pub(crate) rows: Vec<(RowKey, Option<String>)>,
    /// The digest of the document that they lead to; `None` if the document did not change.
    pub(crate) digest: Option<String>,
    /// The bucket key in hexadecimal digits, for a document that names none.
    pub(crate) bucket_key: String,
    /// The pages of overrides that were written on, each with the version of its newest change.
    pub(crate) pages: Vec<(u16, u32)>,
}

/// The reason why the hub has no ruleset to answer from.
pub(crate) struct Missing {
    /// The reason why the document that is stored, or that the deployment brings, does not serve; `None` if there is no document.
    refused: Option<String>,
}

impl Missing {
    pub(crate) fn problem(&self) -> Problem {
        match &self.refused {
            Some(why) => Problem::no_ruleset("DOCUMENT_REFUSED", why.clone()),
            None => Problem::no_ruleset("NO_RULESET", "no document was imported yet"),
        }
    }
}

/// The document to compile, and the pages of overrides.
pub(crate) struct Ruleset {
    pub(crate) version: Version,
    /// The text of the document, without overrides.
    pub(crate) document: String,
    /// The bucket key in hexadecimal digits, for a document that names none.
    pub(crate) bucket_key: String,
    /// Pages of overrides that are not empty, ascending, each with the version of its newest change.
    pub(crate) pages: Vec<(u16, u32)>,
    /// The number of the stored document's errors, each of which leaves out a part of it.
    pub(crate) errors: usize,
}

/// The newest version; `None` if that is the one held. `held` is that version, with true if the isolate holds its rows.
pub(crate) async fn news(
    env: &Env,
    environment: &Environment,
    held: Option<(Version, bool)>,
    since: Since,
) -> Result<Option<News>, Problem> {
    let query = held.map(|(held, _)| format!("?since={held}")).unwrap_or_default();
    let headers = Headers::new();
    if held.is_some_and(|(_, has_rows)| has_rows) {
        headers.set(HOLDS, DIGESTED_ROWS)?;
    }
    match since {
        Since::Answered => {}
        Since::Version(version) => headers.set(NEWS_SINCE, &version.to_string())?,
        Since::Sought => headers.set(NEWS_SINCE, SOUGHT)?,
        Since::Now => headers.set(NEWS_SINCE, "now")?,
    }
    // The first hub has the counts of all isolates.
    let counted = if *environment == Environment::FIRST { counts::take() } else { None };
    if let Some(counted) = &counted {
        headers.set(COUNTS, counted)?;
    }
    let names = asked_names::take(environment);
    if let Some(names) = &names {
        headers.set(ASKED_NAMES, names)?;
    }
    let answered = read_through(env, environment, &format!("{RULESET}{query}"), headers, None).await;
    if answered.is_err() {
        counts::give_back(counted.as_deref().unwrap_or_default());
        asked_names::give_back(environment, names.as_deref().unwrap_or_default(), clock::now());
    }
    let mut answer = answered?;
    if answer.status_code() == 204 {
        return Ok(None);
    }
    news_of(&good(&mut answer).await?).map(Some)
}

fn news_of(answer: &str) -> Result<News, Problem> {
    let answer: RulesetAnswer<'_> = parse(answer)?;
    let RulesetAnswer { epoch, version: number, bucket_key, keys, environment, environments, pages, since, .. } = answer;
    let version = Version { epoch, number };
    let stream_key = answer.stream_key.as_deref().and_then(StreamKey::from_hex);
    let keys = keys.map(|keys| keys.iter().map(|row| row.get().to_owned()).collect());
    let environments = environments.iter().filter_map(|(name, at)| Some((EnvironmentName::parse(name)?, Millis(*at)))).collect();
    let ruleset = match (since, answer.document) {
        (Some(since), _) => {
            // Of a kind that this release does not know, no row is part of its documents.
            let row = |(kind, name, text): (String, _, _)| Some((RowKey { kind: RowKind::from_name(&kind)?, name }, text));
            let rows = answer.rows.into_iter().filter_map(row).collect();
            Told::Changes(Changes { since: Version { epoch, number: since }, rows, digest: answer.digest, bucket_key, pages })
        }
        (None, Some(document)) => {
            let document = document.get().to_owned();
            Told::Whole(Ruleset { version, document, bucket_key, pages, errors: answer.errors })
        }
        (None, None) => Told::Nothing(Missing { refused: answer.refused }),
    };
    let receipts = answer.receipts.and_then(|key| sdk_core::hex::decode_lower(&key)).map(ReceiptKey::new);
    Ok(News { version, keys, environment, environments, stream_key, ruleset, receipts })
}

/// The rows of the keys that were not revoked, without the ruleset.
pub(crate) async fn keys(env: &Env, environment: &Environment) -> Result<Vec<String>, Problem> {
    // An unknown key makes an isolate ask.
    let headers = Headers::new();
    headers.set(NEWS_SINCE, SOUGHT)?;
    let mut answer = read_through(env, environment, KEYS, headers, None).await?;
    let rows: Vec<Box<RawValue>> = parse(&good(&mut answer).await?)?;
    Ok(rows.into_iter().map(|row| row.get().to_owned()).collect())
}

/// A point in the past.
#[derive(Clone, Copy)]
pub(crate) enum When {
    /// The version with this number, in the store's present epoch.
    Version(u32),
    /// The version that served at a moment.
    Moment(Millis),
}

/// The ruleset that served at a point in the past.
pub(crate) async fn past(env: &Env, environment: &Environment, when: When) -> Result<Ruleset, Problem> {
    let query = match when {
        When::Version(version) => format!("version={version}"),
        When::Moment(Millis(moment)) => format!("at={moment}"),
    };
    let mut answer = ask(env, environment, &format!("{RULESET}?{query}")).await?;
    if answer.status_code() == 404 {
        return Err(Problem::no_version());
    }
    match news_of(&good(&mut answer).await?)?.ruleset {
        Told::Whole(ruleset) => Ok(ruleset),
        Told::Nothing(missing) => Err(missing.problem()),
        Told::Changes(_) => Err(unreadable("it has changes, and no document")),
    }
}

/// The newest document that serves, without overrides; `known` is a version that the isolate has heard of.
pub(crate) async fn definitions_document(env: &Env, environment: &Environment, known: Version) -> Result<Document, Problem> {
    match news(env, environment, None, Since::Version(known)).await?.map(|news| news.ruleset) {
        Some(Told::Whole(Ruleset { version, document, bucket_key, .. })) => Ok(Document { version, text: document, bucket_key }),
        Some(Told::Nothing(missing)) => Err(missing.problem()),
        Some(Told::Changes(_)) | None => Err(unreadable("it has no document")),
    }
}

/// The record that made an answer what it is, as JSON; `null` if the hub knows none.
pub(crate) async fn explaining(env: &Env, environment: &Environment, asked: &Explaining<'_>) -> Result<String, Problem> {
    let body = serde_json::to_string(asked).map_err(worker::Error::from)?;
    let mut answer = send(env, environment, Method::Post, EXPLAINING, Headers::new(), body).await?;
    good(&mut answer).await
}

/// Has the trail note a use of the break-glass token by a request with these headers.
pub(crate) async fn note_break_glass(env: &Env, environment: &Environment, given: &Headers, request: &str) -> Result<(), Problem> {
    let headers = Headers::new();
    if let Some(now) = given.get(clock::TOLD)? {
        headers.set(clock::TOLD, &now)?;
    }
    let mut answer = send(env, environment, Method::Post, BREAK_GLASS, headers, request.to_owned()).await?;
    good(&mut answer).await.map(drop)
}

/// Tells the hub of the environment of an API token that the token was used.
pub(crate) async fn note_token_use(env: &Env, used: &TokenUse) -> Result<(), Problem> {
    let headers = Headers::new();
    headers.set(TALLY_TIME, &used.at.0.to_string())?;
    let mut answer = send(env, &used.environment, Method::Post, TOKEN_USE, headers, used.token.to_hex()).await?;
    good(&mut answer).await.map(drop)
}

/// Rows about owners of overrides; `None` if the store is of another epoch, in which these versions mean something else. An answer that
/// cannot be read has no rows. The error is the reason for which the hub gave none.
pub(crate) async fn owners(
    env: &Env,
    environment: &Environment,
    epoch: Epoch,
    pages: Vec<WantedPage>,
) -> Result<Option<Vec<Page>>, String> {
    let body = serde_json::to_string(&WantedOwners { epoch, pages }).map_err(|error| error.to_string())?;
    let answer = read_through(env, environment, OWNERS, Headers::new(), Some(body)).await;
    let mut answer = answer.map_err(|problem| problem.why())?;
    if answer.status_code() == 204 {
        return Ok(None);
    }
    let is_away = answer.status_code() == 503;
    match good(&mut answer).await {
        Ok(text) => Ok(Some(parse(&text).unwrap_or_default())),
        Err(problem) if is_away => Err(problem.why()),
        // It answers, and not with rows: as a hub of an earlier release does.
        Err(_) => Ok(Some(Vec::new())),
    }
}

/// The newest document that serves, with all overrides.
pub(crate) async fn document(env: &Env, environment: &Environment) -> Result<Document, Problem> {
    document_at(env, environment, DOCUMENT).await
}

/// The document as operators wrote it, with all overrides: the newest one, or that of a version in the store's present epoch.
pub(crate) async fn written(env: &Env, environment: &Environment, version: Option<u32>) -> Result<Document, Problem> {
    match version {
        None => document_at(env, environment, WRITTEN).await,
        Some(version) => document_at(env, environment, &format!("{WRITTEN}?version={version}")).await,
    }
}

async fn document_at(env: &Env, environment: &Environment, address: &str) -> Result<Document, Problem> {
    let mut answer = ask(env, environment, address).await?;
    if answer.status_code() == 404 {
        return Err(Problem::no_version());
    }
    let (version, bucket_key) = (answer.headers().get(VERSION)?.unwrap_or_default(), answer.headers().get(BUCKET_KEY)?.unwrap_or_default());
    let text = good(&mut answer).await?;
    let version = version.parse().map_err(|NotSpelledSo| unreadable("it names no version"))?;
    Ok(Document { version, text, bucket_key })
}

/// The newest version of an environment and what it serves, as a JSON object.
pub(crate) async fn summary(env: &Env, environment: &Environment) -> Result<String, Problem> {
    let mut answer = ask(env, environment, SUMMARY).await?;
    good(&mut answer).await
}

/// Returns true if the first hub has registered an environment with this name.
pub(super) async fn is_registered(env: &Env, name: &str) -> Result<bool, Problem> {
    let mut answer = ask(env, &Environment::FIRST, REGISTERED).await?;
    let names: Vec<String> = parse(&good(&mut answer).await?)?;
    Ok(names.iter().any(|known| known == name))
}

/// The metrics of an environment, in the form that is accepted.
pub(crate) async fn metrics(env: &Env, environment: &Environment, accepted: Option<&str>) -> Result<Response, Problem> {
    let headers = Headers::new();
    if let Some(accepted) = accepted {
        headers.set("accept", accepted)?;
    }
    // The first hub has the counts of all isolates.
    let counted = if *environment == Environment::FIRST { counts::take() } else { None };
    if let Some(counted) = &counted {
        headers.set(COUNTS, counted)?;
    }
    let mut init = RequestInit::new();
    init.with_headers(headers);
    let answered = deliver(env, environment, METRICS, &init).await;
    if let (Err(_), Some(counted)) = (&answered, &counted) {
        counts::give_back(counted);
    }
    answered
}

/// Definitions of an environment, to copy.
pub(crate) struct Definitions {
    /// The newest version of the environment, as it is spelled.
    pub(crate) version: String,
    /// The definitions as members of a JSON object.
    pub(crate) text: String,
}

/// The definitions of these flags and segments, or the hub's refusal.
pub(crate) async fn definitions(
    env: &Env,
    environment: &Environment,
    wanted: &[Vec<String>; 2],
) -> Result<Result<Definitions, Response>, Problem> {
    let body = serde_json::to_string(wanted).map_err(worker::Error::from)?;
    let mut answer = send(env, environment, Method::Post, DEFINITIONS, Headers::new(), body).await?;
    if answer.status_code() != 200 {
        return Ok(Err(answer));
    }
    let version = answer.headers().get(VERSION)?.unwrap_or_default();
    Ok(Ok(Definitions { version, text: read(&mut answer).await? }))
}

/// The actor of a request, as the hub receives it.
pub(crate) struct Actor<'a> {
    pub(crate) subject: &'a str,
    pub(crate) role: &'a str,
    /// The one organization that the actor's role is for; `None` if it is for the whole deployment.
    pub(crate) within: Option<&'a str>,
    /// The hash of the API token that the actor presented; `None` if it was none.
    pub(crate) token: Option<Hash>,
}

impl Actor<'_> {
    fn headers(&self) -> Result<Headers, Problem> {
        let headers = Headers::new();
        headers.set(ACTOR, &encoded(self.subject))?;
        headers.set(ROLE, &encoded(self.role))?;
        if let Some(within) = self.within {
            headers.set(WITHIN, &encoded(within))?;
        }
        if let Some(token) = self.token {
            headers.set(TOKEN, &token.to_hex())?;
        }
        Ok(headers)
    }
}

/// Passes an operator's request to the hub, and returns the hub's response. `path` is the part behind `/api/admin/`, with the query;
/// `client_body` is a digest of the body that the client sent, if `body` is another one.
pub(crate) async fn administer(
    env: &Env,
    environment: &Environment,
    actor: &Actor<'_>,
    request: &Request,
    path: &str,
    body: String,
    client_body: Option<&str>,
) -> Result<Response, Problem> {
    let headers = actor.headers()?;
    let given = request.headers();
    for name in ["if-match", "idempotency-key", clock::TOLD] {
        if let Some(value) = given.get(name)? {
            headers.set(name, &value)?;
        }
    }
    if let Some(client_body) = client_body {
        headers.set(CLIENT_BODY, client_body)?;
    }
    let mut init = RequestInit::new();
    init.with_method(request.method()).with_headers(headers);
    if !matches!(request.method(), Method::Get | Method::Head) {
        init.with_body(Some(body.into()));
    }
    deliver(env, environment, &format!("{ADMIN}{path}"), &init).await
}

/// Passes a body to the hub as it arrives: a backup, a piece of one, or lines of overrides, with the actor and the query of the request.
pub(crate) async fn stream(env: &Env, environment: &Environment, actor: &Actor<'_>, request: &Request) -> Result<Response, Problem> {
    let headers = actor.headers()?;
    for name in ["if-match", clock::TOLD] {
        if let Some(value) = request.headers().get(name)? {
            headers.set(name, &value)?;
        }
    }
    let url = request.inner().url();
    let path = url.split_once("/api/admin/").map(|(_, path)| path).unwrap_or_default();
    let mut init = RequestInit::new();
    init.with_method(request.method()).with_headers(headers).with_body(request.inner().body().map(Into::into));
    deliver(env, environment, &format!("{ADMIN}{path}"), &init).await
}

async fn send(
    env: &Env,
    environment: &Environment,
    method: Method,
    address: &str,
    headers: Headers,
    body: String,
) -> Result<Response, Problem> {
    let mut init = RequestInit::new();
    init.with_method(method).with_headers(headers).with_body(Some(body.into()));
    deliver(env, environment, address, &init).await
}

async fn ask(env: &Env, environment: &Environment, address: &str) -> Result<Response, Problem> {
    deliver(env, environment, address, &RequestInit::new()).await
}

/// Asks through the reader of this place. If it does not answer, asks the hub.
async fn read_through(
    env: &Env,
    environment: &Environment,
    address: &str,
    headers: Headers,
    body: Option<String>,
) -> Result<Response, Problem> {
    let mut init = RequestInit::new();
    init.with_headers(headers);
    if let Some(body) = body {
        init.with_method(Method::Post).with_body(Some(body.into()));
    }
    match readers::ask(env, environment, address, &init).await? {
        Some(answer) => Ok(answer),
        None => deliver(env, environment, address, &init).await,
    }
}

/// Sends a request to the hub of an environment, which learns its name from it. The runtime throws if the durable object is overloaded,
/// moved or restarted.
async fn deliver(env: &Env, environment: &Environment, address: &str, init: &RequestInit) -> Result<Response, Problem> {
    let mut request = Request::new_with_init(address, init)?;
    if let Some(name) = environment.name() {
        request.headers_mut()?.set(ENVIRONMENT, name.as_str())?;
    }
    let hub = env.durable_object("HUB")?.get_by_name(&environment.object())?;
    let began = clock::now();
    let answered = hub.fetch_with_request(request).await.map_err(Problem::hub_away);
    counts::asked_hub(clock::since(began));
    answered
}

/// The text of the hub's answer; an error if the answer is a refusal or too long.
async fn good(answer: &mut Response) -> Result<String, Problem> {
    #[derive(Deserialize)]
    struct Why {
        code: String,
        detail: String,
    }
    let text = read(answer).await?;
    if answer.status_code() == 200 {
        return Ok(text);
    }
    let Why { code, detail } = parse(&text)?;
    Err(Problem::no_ruleset(if code == "DOCUMENT_REFUSED" { "DOCUMENT_REFUSED" } else { "NO_RULESET" }, detail))
}

async fn read(answer: &mut Response) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    // An answer without a body has no stream.
    if let Ok(mut chunks) = answer.stream() {
        while let Some(chunk) = chunks.next().await {
            bytes.extend_from_slice(&chunk.map_err(Problem::hub_away)?);
            if bytes.len() > MOST {
                return Err(unreadable(format!("it has more than {MOST} bytes")));
            }
        }
    }
    String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8"))
}

/// Parses JSON. serde's error may quote the text, and a document's content must not reach the log.
fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Problem> {
    let place = |error: serde_json::Error| format!("{:?} error in line {}, column {}", error.classify(), error.line(), error.column());
    serde_json::from_str(text).map_err(|error| unreadable(place(error)))
}

fn unreadable(why: impl Into<String>) -> Problem {
    worker::Error::RustError(format!("the hub's answer cannot be read: {}", why.into())).into()
}
