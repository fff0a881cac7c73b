//! A request to answer, and the facts that are known for answering it.
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use sdk_core::{Context, Millis, Overrides};

use super::parts::{Header, Parts};
use crate::{
    auth::{Signed, Verified},
    body,
    context_owners::NoOverrides,
    counts,
    environment::Environment,
    keys::Keys,
    problem::Problem,
    query::Query,
    ruleset_cache::{self, Serving},
    settings::Settings,
    token_uses::TokenUse,
    version::Version,
};

/// The reason for no answer: the request is refused, or a fact is missing.
pub(crate) enum Unanswered {
    Refused(Problem),
    Needs(Need),
}

impl From<Problem> for Unanswered {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

/// A fact that only the runtime can find out. [`crate::serve`] puts it into [`Known`] and calls [`super::answer()`] again; it finds out
/// each fact at most once for a request.
pub(crate) enum Need {
    /// The body; the number is its limit in bytes.
    Body(usize),
    /// The stored keys of an environment: those in the isolate are too old.
    Keys(Environment),
    /// The stored keys of an environment once more: the presented key is not among those in the isolate, or it or the request names an
    /// environment that is not among those that came with them.
    NewerKeys(Environment),
    /// The check of a signature.
    Signature(Signed),
    /// The ruleset of an environment, at this version or a newer one; `None` sets no bound.
    Ruleset(Environment, Option<Version>),
    /// The overrides of these contexts, by this ruleset.
    Overrides(Serving, Vec<Context>),
}

/// The facts that were found out for one request; `None` stands for one that was not.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) body: Option<Result<Vec<u8>, Problem>>,
    /// The stored keys of environments: of the first one, and of the one that the request is for.
    pub(crate) keys: Vec<(Environment, Result<Rc<Keys>, Problem>)>,
    /// The stored keys after the hub was asked for newer ones; false if the hub could not be reached.
    pub(crate) newer_keys: Vec<(Environment, Rc<Keys>, bool)>,
    pub(crate) verified: Option<Result<Verified, Problem>>,
    pub(crate) serving: Option<Result<Serving, Problem>>,
    pub(crate) overrides: RefCell<Option<Overridden>>,
    /// True once a limit has counted the request, so that later calls do not count it again.
    pub(crate) is_counted: Cell<bool>,
    /// True once the request was found to present the break-glass token.
    pub(crate) is_break_glass: Cell<bool>,
    /// The use of an API token, once the request was found to present a valid one.
    pub(crate) token_use: RefCell<Option<TokenUse>>,
}

/// The overrides that were found for some contexts.
pub(crate) struct Overridden {
    /// True if an override is missing, or may be older than the hub's.
    pub(crate) stale: bool,
    /// The contexts, completed with the organizations of their customers.
    pub(crate) contexts: Vec<Context>,
    pub(crate) overrides: Result<Overrides, NoOverrides>,
}

/// A request at one moment, with the facts that are known.
pub(crate) struct Asked<'r> {
    pub(crate) parts: &'r Parts<'r>,
    pub(crate) settings: &'r Settings,
    pub(crate) known: &'r Known,
    /// The moment, by this isolate's clock.
    pub(crate) clock: Millis,
}

impl Asked<'_> {
    /// The moment at which keys and identities must hold: the clock's or, with `TEST_CLOCK=on`, the one that the request names.
    pub(crate) fn moment(&self) -> Millis {
        let told = || self.parts.header(Header::Now)?.parse().ok().map(Millis);
        if self.settings.has_test_clock { told().unwrap_or(self.clock) } else { self.clock }
    }

    /// The statement of a token or an identity whose signature was checked; `signed` is what to check if that was not done yet.
    pub(crate) fn verified(&self, signed: impl FnOnce() -> Signed) -> Result<&Verified, Unanswered> {
        match &self.known.verified {
            Some(Ok(verified)) => Ok(verified),
            Some(Err(problem)) => Err(problem.clone().into()),
            None => Err(Unanswered::Needs(Need::Signature(signed()))),
        }
    }

    /// The query; refused if it has a name that is not among these, or one of them twice.
    pub(crate) fn query(&self, names: &[&str]) -> Result<Query, Problem> {
        Query::of(self.parts.url, names)
    }

    /// Refuses `?environment=` on a route where the credentials decide about the environment: it would be answered from another one.
    pub(crate) fn check_environment(&self) -> Result<(), Problem> {
        match Query::lenient(self.parts.url).get("environment") {
            None => Ok(()),
            Some(_) => Err(Problem::malformed("the key or the token decides about the environment: leave ?environment= out")),
        }
    }

    /// The body as text. A body longer than `most` bytes is refused before it is parsed.
    pub(crate) fn body(&self, most: usize) -> Result<&str, Unanswered> {
        match &self.known.body {
            Some(Ok(bytes)) => Ok(body::text(bytes)?),
            Some(Err(problem)) => Err(problem.clone().into()),
            None => Err(Unanswered::Needs(Need::Body(most))),
        }
    }

    /// The stored keys of an environment, new enough to decide about a presented key.
    pub(crate) fn keys(&self, environment: &Environment) -> Result<Rc<Keys>, Unanswered> {
        match self.known.keys.iter().find(|(of, _)| of == environment) {
            Some((_, keys)) => Ok(keys.clone()?),
            None => ruleset_cache::fresh_keys(environment, self.clock).ok_or_else(|| Unanswered::Needs(Need::Keys(environment.clone()))),
        }
    }

    /// The stored keys of an environment after the hub was asked for newer ones; false if the hub could not be reached.
    pub(crate) fn newer_keys(&self, environment: &Environment) -> Result<(Rc<Keys>, bool), Unanswered> {
        let found = self.known.newer_keys.iter().find(|(of, ..)| of == environment);
        let needed = || Unanswered::Needs(Need::NewerKeys(environment.clone()));
        found.map(|(_, keys, is_sure)| (Rc::clone(keys), *is_sure)).ok_or_else(needed)
    }

    /// The environment with this name; `None` if there is none. A name that the isolate does not know may be new, so the hub is asked.
    pub(crate) fn environment(&self, name: &str) -> Result<Option<Environment>, Unanswered> {
        if let Some(found) = self.keys(&Environment::FIRST)?.registry.find(name) {
            return Ok(Some(found));
        }
        let (newer, is_sure) = self.newer_keys(&Environment::FIRST)?;
        match newer.registry.find(name) {
            None if !is_sure => Err(Problem::no_keys().into()),
            found => Ok(found),
        }
    }

    /// The ruleset to answer from; refused while all flags are switched off.
    pub(crate) fn serving(&self, environment: &Environment, min_version: Option<Version>) -> Result<Serving, Unanswered> {
        if self.settings.is_off {
            return Err(Problem::switched_off().into());
        }
        match &self.known.serving {
            Some(serving) => Ok(serving.clone()?),
            None => ruleset_cache::fresh(environment, min_version, self.clock)
                .inspect(|_| counts::looked_up(true))
                .ok_or_else(|| Unanswered::Needs(Need::Ruleset(environment.clone(), min_version))),
        }
    }

    /// The overrides of these contexts. Each context gets the organization of its customer, if the customer belongs to one, whatever
    /// organization it names.
    pub(crate) fn overrides(
        &self,
        serving: &mut Serving,
        contexts: &mut Vec<Context>,
    ) -> Result<Result<Overrides, NoOverrides>, Unanswered> {
        if let Some(found) = self.known.overrides.take() {
            serving.stale |= found.stale;
            *contexts = found.contexts;
            return Ok(found.overrides);
        }
        match serving.known_overrides(contexts) {
            Some(known) => Ok(known),
            None => Err(Unanswered::Needs(Need::Overrides(serving.clone(), contexts.clone()))),
        }
    }

    /// The overrides of one context, and the context with the organization of its customer.
    pub(crate) fn overrides_of(&self, serving: &mut Serving, context: Context) -> Result<(Overrides, Context), Unanswered> {
        let mut contexts = vec![context];
        let overrides = self.overrides(serving, &mut contexts)?.map_err(NoOverrides::problem)?;
        Ok((overrides, contexts.pop().unwrap_or_default()))
    }
}
