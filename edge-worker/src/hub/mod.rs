//! The durable object of an environment: the only writer of its document.
//!
//! Spoken to by [`client`] alone, over requests that never leave the runtime.
pub(crate) mod client;

use std::cell::RefCell;

use sdk_core::{BucketKey, DocumentError, compile};
use serde::{Deserialize, Serialize};
use worker::{DurableObject, Env, Method, Request, Response, ResponseBuilder, Result, State, console_warn, durable_object};

use crate::{
    clock,
    problem::Problem,
    store::{Store, sqlite::Sqlite},
};

const VERSION: &str = "twinflag-version";
const KNOWN_VERSION: &str = "twinflag-known-version";
const BUCKET_KEY: &str = "twinflag-bucket-key";

/// What an import did: the new version, and what of the document is left out.
#[derive(Serialize, Deserialize)]
pub(crate) struct Imported {
    errors: Vec<LeftOut>,
    pub(crate) version: u32,
}

#[derive(Serialize, Deserialize)]
struct LeftOut {
    message: String,
    pointer: String,
}

/// Keeps the document of one environment and gives each import the next version.
#[durable_object]
pub struct FlagHub {
    store: Sqlite,
    env: Env,
    /// Why the document for an empty store was not taken.
    refused: RefCell<Option<String>>,
}

impl DurableObject for FlagHub {
    fn new(state: State, env: Env) -> Self {
        Self { store: Sqlite::of(&state), env, refused: RefCell::default() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let answer = match request.method() {
            Method::Put => self.import(&request.text().await?).and_then(|imported| Ok(Response::from_json(&imported)?)),
            _ => self.newest(&request).await,
        };
        answer.or_else(Problem::into_response)
    }
}

impl FlagHub {
    /// The newest document; an empty answer where the asker knows it already.
    async fn newest(&self, request: &Request) -> Result<Response, Problem> {
        if self.store.newest_version()?.is_none() {
            self.import_first().await?;
        }
        let Some(version) = self.store.newest_version()? else { return Err(self.nothing_to_serve()) };
        let answer = ResponseBuilder::new().with_header(VERSION, &version.to_string())?;
        if request.headers().get(KNOWN_VERSION)?.is_some_and(|known| known == version.to_string()) {
            return Ok(answer.with_status(204).empty());
        }
        let answer = answer.with_header(BUCKET_KEY, &self.store.bucket_key()?.unwrap_or_default())?;
        Ok(answer.ok(self.store.text(version)?)?)
    }

    /// Stores a document as the next version, or refuses it whole and stores nothing.
    fn import(&self, text: &str) -> Result<Imported, Problem> {
        let kept = self.store.bucket_key()?.and_then(|hex| BucketKey::from_hex(&hex));
        let key = match kept {
            Some(key) => key,
            None => new_bucket_key()?,
        };
        let compiled = compile(text, Some(key)).map_err(|error| Problem::document(&error))?;
        let version = self.store.append(text, &key.to_hex(), clock::now())?;
        self.refused.take();
        let errors = compiled.errors.into_iter().map(|DocumentError { pointer, message, .. }| LeftOut { message, pointer }).collect();
        Ok(Imported { errors, version })
    }

    /// Fills an empty store with the document the deployment brings, if it brings one.
    async fn import_first(&self) -> Result<(), Problem> {
        let Ok(folder) = self.env.service("IMPORT") else { return Ok(()) };
        let mut found = folder.fetch("http://import/flags.json", None).await?;
        if found.status_code() != 200 {
            return Ok(());
        }
        let text = found.text().await?;
        // While we waited another request may have come here and imported it, or something newer.
        if self.store.newest_version()?.is_some() {
            return Ok(());
        }
        match self.import(&text) {
            Ok(imported) => imported.errors.iter().for_each(|left_out| console_warn!("{}: {}", left_out.pointer, left_out.message)),
            Err(problem) => drop(self.refused.replace(Some(problem.detail))),
        }
        Ok(())
    }

    fn nothing_to_serve(&self) -> Problem {
        match &*self.refused.borrow() {
            Some(why) => Problem::no_ruleset("DOCUMENT_REFUSED", why.clone()),
            None => Problem::no_ruleset("NO_RULESET", "no document was imported yet"),
        }
    }
}

fn new_bucket_key() -> Result<BucketKey, Problem> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| worker::Error::RustError(error.to_string()))?;
    Ok(BucketKey::from_bytes(bytes))
}
