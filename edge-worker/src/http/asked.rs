//! What is asked, and what is known for answering it.
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use sdk_core::{Context, Millis, Overrides};

use super::parts::{Header, Parts};
use crate::{
    auth::{Learned, Signed},
    body,
    keys::Keys,
    problem::Problem,
    query::Query,
    ruleset_cache::{self, Serving},
    settings::Settings,
    version::Version,
};

/// Why there is no answer: the request is refused, or something must be known first.
pub(crate) enum Stop {
    Refused(Problem),
    Needs(Need),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

/// What only the runtime can find out. Whoever finds it out puts it into [`Known`] and asks again; each is needed once at most.
pub(crate) enum Need {
    /// The body, of at most so many bytes.
    Body(usize),
    /// The stored keys, as new as the hub's.
    Keys,
    /// The stored keys, for a key that is not among those that are known.
    NewerKeys,
    /// A signature.
    Signature(Signed),
    /// The ruleset, at this version or a newer one.
    Ruleset(Option<Version>),
    /// The overrides of these contexts.
    Overrides(Serving, Vec<Context>),
}

/// What was found out for one request.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) body: Option<Result<Vec<u8>, Problem>>,
    pub(crate) keys: Option<Result<Rc<Keys>, Problem>>,
    /// The keys, and whether the hub said so.
    pub(crate) newer_keys: Option<(Rc<Keys>, bool)>,
    pub(crate) learned: Option<Result<Learned, Problem>>,
    pub(crate) serving: Option<Result<Serving, Problem>>,
    pub(crate) overrides: RefCell<Option<Overridden>>,
    /// Whether the request was counted already: it is counted once, however often it is asked.
    pub(crate) is_counted: Cell<bool>,
}

/// The overrides of contexts.
pub(crate) struct Overridden {
    /// Whether an override is missing, or older than it might be.
    pub(crate) stale: bool,
    /// The contexts, with the organizations of their customers.
    pub(crate) contexts: Vec<Context>,
    /// Or which context names another organization than its customer's.
    pub(crate) overrides: Result<Overrides, usize>,
}

/// A request at one moment.
pub(crate) struct Asked<'r> {
    pub(crate) parts: &'r Parts<'r>,
    pub(crate) settings: &'r Settings,
    pub(crate) known: &'r Known,
    /// By this isolate's clock.
    pub(crate) clock: Millis,
}

impl Asked<'_> {
    /// The moment by which keys and identities hold: by the clock or, where a deployment is there to be tested, as the request says.
    pub(crate) fn moment(&self) -> Millis {
        let told = || self.parts.header(Header::Now)?.parse().ok().map(Millis);
        if self.settings.has_test_clock { told().unwrap_or(self.clock) } else { self.clock }
    }

    /// What a signature of this request says.
    pub(crate) fn learned(&self, signed: impl FnOnce() -> Signed) -> Result<&Learned, Stop> {
        match &self.known.learned {
            Some(Ok(learned)) => Ok(learned),
            Some(Err(problem)) => Err(problem.clone().into()),
            None => Err(Stop::Needs(Need::Signature(signed()))),
        }
    }

    /// The query, in which only these names may stand, each once.
    pub(crate) fn query(&self, names: &[&str]) -> Result<Query, Problem> {
        Query::of(self.parts.url, names)
    }

    /// The body as text; refused before it is parsed when it is longer than `most` bytes.
    pub(crate) fn body(&self, most: usize) -> Result<&str, Stop> {
        match &self.known.body {
            Some(Ok(bytes)) => Ok(body::text(bytes)?),
            Some(Err(problem)) => Err(problem.clone().into()),
            None => Err(Stop::Needs(Need::Body(most))),
        }
    }

    /// The stored keys, as new as they must be.
    pub(crate) fn keys(&self) -> Result<Rc<Keys>, Stop> {
        match &self.known.keys {
            Some(keys) => Ok(keys.clone()?),
            None => ruleset_cache::fresh_keys(self.clock).ok_or(Stop::Needs(Need::Keys)),
        }
    }

    /// The ruleset to answer from, unless all flags are switched off.
    pub(crate) fn serving(&self, min_version: Option<Version>) -> Result<Serving, Stop> {
        if self.settings.is_off {
            return Err(Problem::switched_off().into());
        }
        match &self.known.serving {
            Some(serving) => Ok(serving.clone()?),
            None => ruleset_cache::fresh(min_version, self.clock).ok_or(Stop::Needs(Need::Ruleset(min_version))),
        }
    }

    /// The overrides of these contexts. Each context learns the organization of its customer, if the customer belongs to one; one that
    /// names another organization is refused with its number.
    pub(crate) fn overrides(&self, serving: &mut Serving, contexts: &mut Vec<Context>) -> Result<Result<Overrides, usize>, Stop> {
        if let Some(found) = self.known.overrides.take() {
            serving.stale |= found.stale;
            *contexts = found.contexts;
            return Ok(found.overrides);
        }
        if serving.has_no_page_of(contexts) {
            Ok(Ok(Overrides::default()))
        } else {
            Err(Stop::Needs(Need::Overrides(serving.clone(), contexts.clone())))
        }
    }

    /// The same for one context.
    pub(crate) fn overrides_of(&self, serving: &mut Serving, context: Context) -> Result<(Overrides, Context), Stop> {
        let mut contexts = vec![context];
        let overrides = self.overrides(serving, &mut contexts)?.map_err(|_| Problem::other_organization())?;
        Ok((overrides, contexts.pop().unwrap_or_default()))
    }
}
