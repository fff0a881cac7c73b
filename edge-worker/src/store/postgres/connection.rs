//! The one connection of a hub: opened at first use and kept, opened again after it broke, with a pause that grows while that fails.
use std::{
    cell::{Cell, RefCell},
    fmt,
    future::Future,
    rc::Rc,
    time::Duration,
};

use futures_util::future::{Either, select};
use tokio_postgres::{
    Config, NoTls,
    config::{Host, SslMode},
    error::SqlState,
};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use worker::{
    Delay, Env, SecureTransport, Socket, console_error,
    js_sys::{Object, Reflect},
    postgres_tls::PassthroughTls,
    wasm_bindgen_futures::spawn_local,
    worker_sys,
};

use super::{Answered, Appended, Unavailable, session::Session};
use crate::clock;

/// The longest time for a connection, and for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The pause after the first failure to connect, in milliseconds; each further failure doubles it.
const FIRST_PAUSE_MS: i64 = 100;
const LONGEST_PAUSE_MS: i64 = 5_000;
/// The binding of the service that reaches the database where the worker is hosted by workerd.
const OUTBOUND: &str = "DATABASE";

/// The address of the database, as `postgres://user:password@host:port/database`. Its `Debug` does not show it.
#[derive(Clone, PartialEq)]
pub(crate) struct Address(Config);

impl Address {
    /// Reads an address; `None` if it is none, or names no host, or another number of hosts than one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let config: Config = text.parse().ok()?;
        let is_one = matches!(config.get_hosts(), [Host::Tcp(_)]) && config.get_ports().len() <= 1 && config.get_user().is_some();
        (is_one && (text.starts_with("postgres://") || text.starts_with("postgresql://"))).then_some(Self(config))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Address(..)")
    }
}

#[wasm_bindgen]
extern "C" {
    type Outbound;

    /// `connect` of a service binding, which the `worker` crate does not wrap: it goes where the service may go.
    #[wasm_bindgen(method, catch)]
    fn connect(this: &Outbound, address: &str, options: &JsValue) -> Result<worker_sys::Socket, JsValue>;
}

/// The database of a hub.
pub(crate) struct Postgres {
    env: Env,
    address: Address,
    session: RefCell<Option<Rc<Session>>>,
    /// The failures to connect since the last success.
    failures: Cell<u32>,
    /// The moment before which no connection is tried.
    rests_until: Cell<i64>,
}

impl Postgres {
    pub(crate) fn new(env: &Env, address: Address) -> Self {
        Self { env: env.clone(), address, session: RefCell::default(), failures: Cell::default(), rests_until: Cell::default() }
    }

    /// Adds an entry. A connection that breaks meanwhile is opened again once: the same entry sent twice is added once.
    pub(crate) async fn append(&self, appended: &Appended<'_>) -> Result<Answered, Unavailable> {
        match self.asked(|session| async move { session.append(appended).await }).await {
            Err(Unavailable::Away(_)) => self.asked(|session| async move { session.append(appended).await }).await,
            answered => answered,
        }
    }

    /// The news behind an entry, as JSON.
    pub(crate) async fn news(&self, hub: &str, behind: i64) -> Result<String, Unavailable> {
        self.asked(|session| async move { session.news(hub, behind).await }).await
    }

    /// Says why the hub refuses changes by SQL; without a reason they change nothing, and are done.
    pub(crate) async fn refuse(&self, edits: &[i64], why: Option<&str>) -> Result<(), Unavailable> {
        self.asked(|session| async move { session.refuse(edits, why).await }).await
    }

    async fn asked<T, F>(&self, ask: impl FnOnce(Rc<Session>) -> F) -> Result<T, Unavailable>
    where
        F: Future<Output = Result<T, tokio_postgres::Error>>,
    {
        let session = self.session().await?;
        match within(ask(Rc::clone(&session))).await {
            Some(Ok(answer)) => Ok(answer),
            // The database answered, and the connection is as good as before.
            Some(Err(error)) if is_of_data(&error) => Err(Unavailable::Refused(told(&error))),
            Some(Err(error)) => {
                self.session.replace(None);
                Err(Unavailable::Away(told(&error)))
            }
            None => {
                self.session.replace(None);
                Err(Unavailable::Away("it takes too long to answer".to_owned()))
            }
        }
    }

    /// The connection, which is opened if there is none.
    async fn session(&self) -> Result<Rc<Session>, Unavailable> {
        if let Some(session) = self.session.borrow().as_ref().filter(|session| !session.is_closed()) {
            return Ok(Rc::clone(session));
        }
        let now = clock::now().0;
        // A clock that stepped back keeps nothing waiting for longer than the longest pause.
        if (0..LONGEST_PAUSE_MS).contains(&(self.rests_until.get() - now - 1)) {
            return Err(Unavailable::Away("it could not be reached a moment ago".to_owned()));
        }
        match within(self.connect()).await.unwrap_or_else(|| Err("it takes too long to connect".to_owned())) {
            Ok(session) => {
                self.failures.set(0);
                let session = Rc::new(session);
                self.session.replace(Some(Rc::clone(&session)));
                Ok(session)
            }
            Err(why) => {
                let failures = self.failures.get();
                self.failures.set(failures.saturating_add(1));
                self.rests_until.set(clock::now().0 + (FIRST_PAUSE_MS << failures.min(10)).min(LONGEST_PAUSE_MS));
                Err(Unavailable::Away(why))
            }
        }
    }

    async fn connect(&self) -> Result<Session, String> {
        let config = &self.address.0;
        let needs_tls = config.get_ssl_mode() == SslMode::Require;
        let socket = self.socket(needs_tls).map_err(|error| error.to_string())?;
        let client = if needs_tls {
            let (client, connection) = config.connect_raw(socket, PassthroughTls).await.map_err(|error| told(&error))?;
            spawn_local(ended(connection));
            client
        } else {
            let mut plain = config.clone();
            plain.ssl_mode(SslMode::Disable);
            let (client, connection) = plain.connect_raw(socket, NoTls).await.map_err(|error| told(&error))?;
            spawn_local(ended(connection));
            client
        };
        Session::open(client).await.map_err(|error| told(&error))
    }

    fn socket(&self, needs_tls: bool) -> worker::Result<Socket> {
        let Some(Host::Tcp(host)) = self.address.0.get_hosts().first() else { return Err("the address names no host".into()) };
        let port = self.address.0.get_ports().first().copied().unwrap_or(5432);
        let outbound = Reflect::get(self.env.as_ref(), &OUTBOUND.into()).ok().filter(JsValue::is_object);
        let Some(outbound) = outbound else {
            let transport = if needs_tls { SecureTransport::StartTls } else { SecureTransport::Off };
            return Socket::builder().secure_transport(transport).connect(host.as_str(), port);
        };
        let options = Object::new();
        Reflect::set(&options, &"secureTransport".into(), &if needs_tls { "starttls" } else { "off" }.into())?;
        let outbound: Outbound = outbound.unchecked_into();
        Ok(outbound.connect(&format!("{host}:{port}"), &options)?.into())
    }
}

async fn ended(connection: impl Future<Output = Result<(), tokio_postgres::Error>>) {
    if let Err(error) = connection.await {
        console_error!("the connection to Postgres ended: {}", told(&error));
    }
}

/// The result of a future; `None` if it takes too long.
async fn within<T>(future: impl Future<Output = T>) -> Option<T> {
    match select(Box::pin(future), Delay::from(PATIENCE)).await {
        Either::Left((result, _)) => Some(result),
        Either::Right(_) => None,
    }
}

/// Returns true if the database refuses a value: a class of "data exception" or "integrity constraint violation".
fn is_of_data(error: &tokio_postgres::Error) -> bool {
    error.code().map(SqlState::code).is_some_and(|code| code.starts_with("22") || code.starts_with("23"))
}

/// The database's own words, without the values of a statement.
fn told(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(database) => format!("{}: {}", database.code().code(), database.message()),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_one_host_and_a_user() {
        for (text, is_one) in [
            ("postgres://me:secret@db.example:6432/flags?sslmode=require", true),
            ("postgresql://me@127.0.0.1/flags", true),
            ("postgres://me:secret@a,b/flags", false),
            ("postgres://127.0.0.1/flags", false),
            ("host=127.0.0.1 user=me", false),
            ("mysql://me@127.0.0.1/flags", false),
            ("", false),
        ] {
            assert_eq!(Address::parse(text).is_some(), is_one, "{text}");
        }
        let address = Address::parse("postgres://me:secret@db.example/flags").unwrap();
        assert_eq!(format!("{address:?}"), "Address(..)");
    }
}
