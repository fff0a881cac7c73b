//! `GET /v1/watch` and `GET /v1/watch/events`: tells a client of each version that may change its answers, as it is made.
//! `GET /api/admin/watch`: tells an operator of every version of an environment.
//!
//! A request with `Upgrade: websocket` gets a socket of a relay. Any other gets server-sent events (the HTML standard, "Server-sent events"),
//! which the isolate streams over such a socket and ends after some minutes. The first route takes keys and tokens, the second a token of
//! [`StreamKey::token`], which opens that stream and nothing else: `EventSource` and `WebSocket` of browsers send no headers.
use std::{cell::RefCell, collections::BTreeMap};

use sdk_core::{Context, Millis};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use worker::{Headers, Request, RequestInit, Response, WebSocket, worker_sys::web_sys::ReadableStream};

use super::accept;
use crate::{
    auth::{self, Caller},
    clock, cors,
    environment::Environment,
    host::Host,
    http::{
        asked::{Asked, Unanswered},
        rights::CallerKind,
    },
    hub::push::MOST_RELAYS,
    limit,
    problem::Problem,
    relay::{self, ADDRESS, ANSWERED, CROWDED, FULL, LIMIT, REVOKED, TAGS},
    ruleset_cache::Serving,
    stream_key::{StreamKey, StreamToken},
    version::Version,
};

/// The path of the streams that a token opens.
const PATH: &str = "/v1/watch/events";
const EVENTS: &str = "text/event-stream";
/// The milliseconds for which an isolate does not ask a relay that was full.
const FULL_MS: i64 = 10_000;

thread_local! {
    /// The moments at which relays were last found full, by name: few of each environment.
    static FULL_SINCE: RefCell<BTreeMap<String, Millis>> = const { RefCell::new(BTreeMap::new()) };
}

#[wasm_bindgen]
extern "C" {
    type Runtime;

    /// The state that `entry.js` and this module share.
    #[wasm_bindgen(thread_local_v2, js_namespace = globalThis, js_name = __worker_init_state)]
    static RUNTIME: Runtime;

    /// Events from the messages of a socket; see `event-stream.js`.
    #[wasm_bindgen(method, catch, js_name = eventStream)]
    fn event_stream(this: &Runtime, socket: &JsValue) -> Result<ReadableStream, JsValue>;
}

/// A client that may watch an environment.
pub(crate) struct Watcher {
    environment: Environment,
    /// The tags of the owners that the client's answers depend on, and the mark of its client key.
    tags: Vec<String>,
    /// The tag of the client's address; `None` if clients are not limited by address.
    address: Option<String>,
    /// The most sockets of one relay; `None` for the relay's own bound.
    most: Option<u16>,
    /// The version that the isolate answers from.
    version: Version,
}

/// Admits the caller of `GET /v1/watch`, who may name a customer and an organization in the query.
pub(crate) fn admit(caller: &Caller, asked: &Asked<'_>) -> Result<Watcher, Unanswered> {
    cors::check_origin(asked)?;
    let query = asked.query(&["customerId", "organizationId"])?;
    let context = query.iter().fold(Context::new(), |context, (name, value)| context.string(name, value));
    if let Some(refusal) = context.refusal() {
        return Err(Problem::context(refusal).into());
    }
    let context = caller.admit(context)?;
    let mut serving = asked.serving(&caller.environment, None)?;
    let (_, context) = caller.overrides_of(asked, &mut serving, context)?;
    let key = key_of(&serving)?;
    let is_server = caller.kind() == CallerKind::ServerKey;
    let address = if is_server { None } else { limit::address_block(asked).map(|block| key.address_tag(block)) };
    let tags = key.owner_tags(&context).into_iter().chain(caller.key_mark(asked.settings)).collect();
    let most = asked.settings.relay_sockets;
    Ok(Watcher { environment: caller.environment.clone(), tags, address, most, version: serving.version })
}

/// Admits an operator, who is told of every version, also of those that change no answers or those of one owner alone.
pub(crate) fn admit_operator(caller: &Caller, asked: &Asked<'_>) -> Result<Watcher, Unanswered> {
    let serving = asked.serving(&caller.environment, None)?;
    let key = key_of(&serving)?;
    let address = limit::address_block(asked).map(|block| key.address_tag(block));
    let tags = vec![key.operators_tag()];
    Ok(Watcher { environment: caller.environment.clone(), tags, address, most: asked.settings.relay_sockets, version: serving.version })
}

/// Admits the holder of a token, which stands in the query as `token`.
pub(crate) fn admit_token(asked: &Asked<'_>) -> Result<Watcher, Unanswered> {
    cors::check_origin(asked)?;
    // A caller can make up tokens.
    limit::client(asked)?;
    let query = asked.query(&["token"])?;
    let token = query.get("token").and_then(StreamToken::parse).ok_or_else(Problem::no_stream_token)?;
    let environment = match token.environment {
        "" => Environment::FIRST,
        name => asked.environment(name)?.ok_or_else(Problem::no_stream_token)?,
    };
    let serving = asked.serving(&environment, None)?;
    let key = key_of(&serving)?;
    if !key.opens(&token, asked.moment()) {
        return Err(Problem::no_stream_token().into());
    }
    if let Some(mark) = token.key {
        auth::check_stream(mark, &environment, asked)?;
    }
    let tags = token.tags.iter().copied().chain(token.key).map(str::to_owned).collect();
    let address = limit::address_block(asked).map(|block| key.address_tag(block));
    Ok(Watcher { environment, tags, address, most: asked.settings.relay_sockets, version: serving.version })
}

/// The path, with its query, of the stream about the owners of an admitted context; `None` if the hub is of an earlier release.
pub(crate) fn path(caller: &Caller, asked: &Asked<'_>, serving: &Serving, context: &Context) -> Option<String> {
    let key = serving.stream_key?;
    let name = caller.environment.name().map(control::EnvironmentName::as_str).unwrap_or_default();
    let mark = caller.key_mark(asked.settings);
    Some(format!("{PATH}?token={}", key.token(name, mark.as_deref(), &key.owner_tags(context), asked.moment())))
}

fn key_of(serving: &Serving) -> Result<StreamKey, Problem> {
    serving.stream_key.ok_or_else(Problem::no_relay)
}

/// Answers an admitted client with a socket, or with events.
pub(crate) async fn open(watcher: &Watcher, request: &Request, host: &Host) -> Result<Response, Problem> {
    let headers = request.headers();
    let is_upgrade = headers.get("upgrade")?.is_some_and(|wanted| wanted.eq_ignore_ascii_case("websocket"));
    if !is_upgrade && accept::best(&headers.get("accept")?.unwrap_or_default(), &[EVENTS]).is_none() {
        return Err(Problem::not_acceptable(EVENTS));
    }
    let stream = if request.inner().method() == "HEAD" {
        None
    } else {
        let answer = socket(watcher, host).await?;
        if is_upgrade {
            return Ok(answer);
        }
        let socket = answer.websocket().ok_or_else(Problem::no_relay)?;
        Some(RUNTIME.with(|runtime| runtime.event_stream(WebSocket::as_ref(&socket))).map_err(worker::Error::from)?)
    };
    let answer = match stream {
        None => Response::empty()?,
        Some(stream) => Response::from_body(worker::ResponseBody::Stream(stream))?,
    };
    let headers = Headers::new();
    headers.set("content-type", EVENTS)?;
    // A proxy that collected events would hold them back.
    headers.set("x-accel-buffering", "no")?;
    Ok(answer.with_headers(headers))
}

/// A relay's answer with a socket, from the first relay that has room.
async fn socket(watcher: &Watcher, host: &Host) -> Result<Response, Problem> {
    let relays = host.durable_object("RELAY").map_err(|_| Problem::no_relay())?;
    for number in 0..MOST_RELAYS {
        let (name, now) = (relay::name(&watcher.environment.object(), number), clock::now());
        if FULL_SINCE.with_borrow(|full| full.get(&name).is_some_and(|at| (0..FULL_MS).contains(&(now.0 - at.0)))) {
            continue;
        }
        let headers = Headers::new();
        headers.set("upgrade", "websocket")?;
        headers.set(TAGS, &watcher.tags.join(","))?;
        headers.set(ANSWERED, &watcher.version.to_string())?;
        if let Some(address) = &watcher.address {
            headers.set(ADDRESS, address)?;
        }
        if let Some(most) = watcher.most {
            headers.set(LIMIT, &most.to_string())?;
        }
        let mut init = RequestInit::new();
        init.with_headers(headers);
        let asked = Request::new_with_init("http://relay/socket", &init)?;
        let answer = relays.get_by_name(&name)?.fetch_with_request(asked).await.map_err(Problem::relay_away)?;
        match answer.status_code() {
            101 => return Ok(answer),
            REVOKED => return Err(Problem::no_credentials()),
            CROWDED => return Err(Problem::rate_limited(60)),
            FULL => drop(FULL_SINCE.with_borrow_mut(|full| full.insert(name, now))),
            _ => return Err(Problem::no_relay()),
        }
    }
    Err(Problem::no_relay())
}
