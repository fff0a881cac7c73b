//! The durable object that holds sockets of one environment, and tells them of versions. It knows no flag and no id of a customer.
//!
//! Sockets hibernate: while nothing is told, the runtime keeps them without this object. A relay that is full refuses further sockets, and
//! remembers that there is another relay behind it, which the hub tells, too.
use serde::{Deserialize, Serialize};
use worker::{
    DurableObject, Env, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage, WebSocketPair, WebSocketRequestResponsePair,
    durable_object,
};

use crate::{clock, version::Version};

/// The most sockets of one relay.
const MOST: u16 = 10_000;
/// The most sockets of one block of addresses, such as an office, on one relay.
const MOST_OF_ADDRESS: usize = 2_000;
/// The most clients that fetch in a second after a change, by the spread that they are told.
const FETCHES_A_SECOND: usize = 2_000;
/// The longest spread in milliseconds.
const MAX_SPREAD_MS: usize = 5_000;

/// The tag of every socket.
const ALL: &str = "all";
/// The header with the tags of a socket's owners and of its client key, separated by commas; empty for none.
pub(crate) const TAGS: &str = "twinflag-tags";
/// The header with the tag of the client's address; absent if sockets of an address are not limited.
pub(crate) const ADDRESS: &str = "twinflag-address";
/// The header with the version that the isolate answers from.
pub(crate) const ANSWERED: &str = "twinflag-version";
/// The header with the most sockets of one relay; absent for [`MOST`].
pub(crate) const LIMIT: &str = "twinflag-sockets";
/// The status of a relay that is full.
pub(crate) const FULL: u16 = 507;
/// The status of a relay that was told that the client's key is revoked.
pub(crate) const REVOKED: u16 = 401;
/// The status of a relay that was told that its environment is closed: an isolate that admits a client has not heard of it yet.
const CLOSED: u16 = 410;
/// The status of a relay with too many sockets of the client's address.
pub(crate) const CROWDED: u16 = 429;
/// The address at which the hub tells a relay of a version: `POST` with [`News`] answers [`Told`].
pub(crate) const NEWS: &str = "http://relay/news";

/// The names of the stored values: the version that was told last, if the relay was ever full, and the marks of keys that were revoked last.
const STORED_VERSION: &str = "version";
const STORED_FULL: &str = "full";
const STORED_REVOKED: &str = "revoked";
/// The moment at which the environment was closed, in milliseconds since 1970; absent while it is open.
const STORED_CLOSED: &str = "closed";
/// The most marks that are stored: an isolate goes on to admit a revoked key for some seconds only.
const MOST_REVOKED: usize = 100;
/// The milliseconds for which a relay takes no socket after its environment was closed. An isolate learns it within some seconds; one that cannot reach
/// the first hub for longer goes on to answer, and to admit clients.
const CLOSED_MS: i64 = 60_000;

/// The address at which the first hub tells a relay of the state of its environment: `POST` with [`EnvironmentState`] answers [`Told`].
pub(crate) const ENVIRONMENT_STATE: &str = "http://relay/environment-state";

/// The version to tell sockets of.
#[derive(Serialize, Deserialize)]
pub(crate) struct News {
    pub(crate) version: String,
    /// The tags of the owners to tell; `None` for all sockets.
    pub(crate) tags: Option<Vec<String>>,
    /// The marks of revoked client keys, whose sockets end.
    #[serde(default)]
    pub(crate) revoked: Vec<String>,
}

/// The state of a relay's environment in the registry of the first hub.
#[derive(Serialize, Deserialize)]
pub(crate) struct EnvironmentState {
    pub(crate) is_open: bool,
}

/// A relay's answer to [`News`] and to [`EnvironmentState`].
#[derive(Serialize, Deserialize)]
pub(crate) struct Told {
    /// True if there may be another relay behind this one.
    pub(crate) is_followed: bool,
}

/// The address at which a relay tells its sockets: `GET` answers [`Sockets`].
pub(crate) const SOCKETS: &str = "http://relay/sockets";

/// The open sockets of a relay.
#[derive(Serialize, Deserialize)]
pub(crate) struct Sockets {
    pub(crate) sockets: usize,
    /// True if there may be another relay behind this one.
    pub(crate) is_followed: bool,
}

/// The most sockets of one relay in a text; `None` unless it is a number from 1 to [`MOST`].
pub(crate) fn sockets(text: &str) -> Option<u16> {
    text.parse().ok().filter(|most| (1..=MOST).contains(most) && !text.starts_with('+'))
}

/// The name of a relay of an environment's hub.
pub(crate) fn name(hub: &str, number: u32) -> String {
    format!("{hub}#{number}")
}

/// Holds sockets, and tells them of versions.
#[durable_object]
pub struct FlagRelay {
    state: State,
}

impl DurableObject for FlagRelay {
    fn new(state: State, _: Env) -> Self {
        Self { state }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        if request.path() == "/news" {
            let news = request.json().await?;
            return self.tell(news).await;
        }
        if request.path() == "/environment-state" {
            let state = request.json().await?;
            return self.take_environment_state(state).await;
        }
        if request.path() == "/sockets" {
            let is_followed = self.is_followed().await?;
            return Response::from_json(&Sockets { sockets: self.state.get_websockets().len(), is_followed });
        }
        // A hub of a later release may ask what this one does not know.
        if request.path() != "/socket" {
            return Response::error("no such address", 404);
        }
        self.accept(&request).await
    }

    async fn websocket_message(&self, socket: WebSocket, _: WebSocketIncomingMessage) -> Result<()> {
        socket.close(Some(1008), Some("this socket takes no messages but ping"))
    }

    async fn websocket_close(&self, _: WebSocket, _: usize, _: String, _: bool) -> Result<()> {
        Ok(())
    }

    async fn websocket_error(&self, _: WebSocket, _: worker::Error) -> Result<()> {
        Ok(())
    }
}

impl FlagRelay {
    /// Accepts a socket, and tells it the newest version that the relay or the isolate knows.
    async fn accept(&self, request: &Request) -> Result<Response> {
        let headers = request.headers();
        let (owners, address) = (headers.get(TAGS)?.unwrap_or_default(), headers.get(ADDRESS)?);
        let told: Option<String> = self.state.storage().get(STORED_VERSION).await?;
        let version = newer(told, headers.get(ANSWERED)?);
        let most = headers.get(LIMIT)?.and_then(|text| sockets(&text)).unwrap_or(MOST);
        let (revoked, closed) = (self.revoked().await?, self.state.storage().get(STORED_CLOSED).await?);
        if closed.is_some_and(|at| is_lately(at, clock::now().0)) {
            return Ok(Response::empty()?.with_status(CLOSED));
        }
        let owners: Vec<&str> = owners.split(',').filter(|tag| !tag.is_empty()).collect();
        if owners.iter().any(|tag| revoked.iter().any(|mark| mark == tag)) {
            return Ok(Response::empty()?.with_status(REVOKED));
        }
        // From here on nothing is awaited, so that no other socket takes the last place.
        if self.state.get_websockets().len() >= usize::from(most) {
            self.state.storage().put(STORED_FULL, true).await?;
            return Ok(Response::empty()?.with_status(FULL));
        }
        if address.as_ref().is_some_and(|tag| self.state.get_websockets_with_tag(tag).len() >= MOST_OF_ADDRESS) {
            return Ok(Response::empty()?.with_status(CROWDED));
        }
        let pair = WebSocketPair::new()?;
        let tags: Vec<&str> = [ALL].into_iter().chain(owners).chain(address.as_deref()).collect();
        self.state.set_websocket_auto_response(&WebSocketRequestResponsePair::new("ping", "pong")?);
        self.state.accept_websocket_with_tags(&pair.server, &tags);
        if let Some(version) = version {
            pair.server.send_with_str(message(&version, 0))?;
        }
        Response::from_websocket(pair.client)
    }

    /// Records that the environment was closed and ends its sockets, or that it is open again.
    async fn take_environment_state(&self, EnvironmentState { is_open }: EnvironmentState) -> Result<Response> {
        // First, so that a socket that is accepted meanwhile is ended, too, or refused.
        if is_open {
            self.state.storage().delete(STORED_CLOSED).await?;
        } else {
            self.state.storage().put(STORED_CLOSED, clock::now().0).await?;
            for socket in self.state.get_websockets() {
                // One that is closing already needs no more.
                socket.close(Some(1008), Some("the environment was closed")).ok();
            }
        }
        Response::from_json(&Told { is_followed: self.is_followed().await? })
    }

    /// Returns true if there may be another relay behind this one.
    async fn is_followed(&self) -> Result<bool> {
        Ok(self.state.storage().get(STORED_FULL).await?.unwrap_or(false))
    }

    async fn revoked(&self) -> Result<Vec<String>> {
        Ok(self.state.storage().get(STORED_REVOKED).await?.unwrap_or_default())
    }

    /// Ends the sockets of revoked keys, and tells others of a version.
    async fn tell(&self, News { version, tags, revoked }: News) -> Result<Response> {
        // First, so that a socket that is accepted meanwhile learns it, too.
        self.state.storage().put(STORED_VERSION, &version).await?;
        let is_followed = self.is_followed().await?;
        if !revoked.is_empty() {
            let known = latest(self.revoked().await?, &revoked);
            self.state.storage().put(STORED_REVOKED, known).await?;
        }
        for socket in revoked.iter().flat_map(|mark| self.state.get_websockets_with_tag(mark)) {
            // One that is closing already needs no more.
            socket.close(Some(1008), Some("the key was revoked")).ok();
        }
        let sockets: Vec<WebSocket> = match &tags {
            None => self.state.get_websockets(),
            Some(tags) => tags.iter().flat_map(|tag| self.state.get_websockets_with_tag(tag)).collect(),
        };
        let text = message(&version, spread(sockets.len()));
        for socket in sockets {
            // One that is closing hears nothing more.
            socket.send_with_str(&text).ok();
        }
        Response::from_json(&Told { is_followed })
    }
}

/// The marks that are known and then the new ones, each once, without the oldest if they are too many.
fn latest(known: Vec<String>, new: &[String]) -> Vec<String> {
    let mut marks: Vec<String> = known.into_iter().filter(|mark| !new.contains(mark)).chain(new.iter().cloned()).collect();
    marks.drain(..marks.len().saturating_sub(MOST_REVOKED));
    marks
}

/// Returns true if an environment that was closed at a moment is still refused at another.
fn is_lately(closed: i64, now: i64) -> bool {
    (0..CLOSED_MS).contains(&now.saturating_sub(closed))
}

/// The milliseconds within which so many clients are to fetch.
fn spread(sockets: usize) -> usize {
    (sockets * 1_000 / FETCHES_A_SECOND).min(MAX_SPREAD_MS)
}

/// The message about a version, in the words of OFREP's event streams.
fn message(version: &str, spread: usize) -> String {
    format!(r#"{{"type":"refetchEvaluation","etag":"{version}","spread":{spread}}}"#)
}

/// The newer of the version that was told last and the isolate's. Of two epochs, the hub told the newer one.
fn newer(told: Option<String>, answered: Option<String>) -> Option<String> {
    let version = |text: &Option<String>| text.as_deref()?.parse::<Version>().ok();
    match (version(&told), version(&answered)) {
        (Some(before), Some(now)) if before.epoch == now.epoch && now.number > before.number => answered,
        (Some(_), _) => told,
        (None, _) => answered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_fetch_at_2000_a_second_at_most_and_within_5_seconds() {
        assert_eq!([0, 1, 2, 1_000, 10_000, 20_000].map(spread), [0, 0, 1, 500, 5_000, 5_000]);
    }

    #[test]
    fn a_closed_environment_is_refused_for_a_minute_and_not_before_a_clock_that_was_set_back() {
        assert_eq!([6, 7, 60_006, 60_007, i64::MIN].map(|now| is_lately(7, now)), [false, true, true, false, false]);
    }

    #[test]
    fn the_latest_100_revoked_keys_are_known() {
        let marks = |numbers: std::ops::Range<u32>| numbers.map(|number| number.to_string()).collect::<Vec<_>>();
        assert_eq!(latest(marks(0..3), &marks(1..4)), marks(0..4));
        assert_eq!(latest(marks(0..99), &marks(99..102)), marks(2..102));
    }

    #[test]
    fn a_message_names_the_version_and_the_spread() {
        let expected = r#"{"type":"refetchEvaluation","etag":"0a1b2c3d4e5f.7","spread":500}"#;
        assert_eq!(message("0a1b2c3d4e5f.7", 500), expected);
    }

    #[test]
    fn a_socket_is_told_the_newer_of_two_versions() {
        let text = |text: &str| Some(text.to_owned());
        for (told, answered, expected) in [
            (text("0a1b2c3d4e5f.7"), text("0a1b2c3d4e5f.8"), text("0a1b2c3d4e5f.8")),
            (text("0a1b2c3d4e5f.9"), text("0a1b2c3d4e5f.8"), text("0a1b2c3d4e5f.9")),
            (text("0a1b2c3d4e50.1"), text("0a1b2c3d4e5f.8"), text("0a1b2c3d4e50.1")),
            (None, text("0a1b2c3d4e5f.8"), text("0a1b2c3d4e5f.8")),
            (None, None, None),
        ] {
            assert_eq!(newer(told, answered), expected);
        }
    }
}
