//! Authentication of the caller. The table of routes names the callers that a route is open to, and `http/rights.rs` decides.
//!
//! Keys open evaluation: the two in a deployment's settings, and those that the hub stores. Administration takes a token: of an issuer
//! (RFC 7519), of a program, or the break-glass token. A kind of credential that opens nothing on a route is not looked at. Reading order:
//! [`stored`], [`identity`]; [`program`]; [`token`], [`claims`], [`trust`], [`grants`], [`role`].
mod algorithm;
mod base64url;
mod claims;
mod grants;
pub(crate) mod identity;
mod json;
mod jwk;
mod key_url;
mod presented;
mod program;
mod role;
mod stored;
mod subtle;
mod token;
mod trust;

use core::slice;
use std::{borrow::Cow, rc::Rc};

use control::{Key, KeyKind, change::Hash};
use sdk_core::{Audience, Context, Millis, Overrides};

use self::{claims::Claims, grants::Grant, identity::Holder, presented::Credential, program::Program, role::Role};
use crate::{
    context_owners::{self, NoOverrides},
    environment::Environment,
    host::Host,
    http::{
        asked::{Asked, Unanswered},
        rights::{self, CallerKind},
        routes::Route,
    },
    hub::client::Actor,
    keys, limit,
    problem::Problem,
    ruleset_cache::Serving,
    settings::Settings,
};

/// The caller of a request, whose credentials hold and to whom the route is open, and the environment that the request is for.
pub(crate) struct Caller {
    identity: Identity,
    pub(crate) environment: Environment,
    routes: &'static [Route],
}

enum Identity {
    /// Any caller of a route that is open without credentials; those of the request were not read.
    Anyone,
    ServerKey,
    /// The holder of a stored client key, which limits the visible flags and the identity. `None` for the deployment's own client key,
    /// and for any client key while all flags are switched off.
    ClientKey(Option<Holder>),
    Person(Person),
    Program(Program),
}

/// A caller with an issuer's token.
struct Person {
    subject: String,
    /// The role in the environment that the request is for.
    role: Option<Role>,
    grants: Vec<Grant>,
    /// The environments that the token is for; `None` for all.
    reach: Option<Vec<String>>,
    /// The limits of evaluations; `None` for a role that may read every answer.
    holder: Option<Holder>,
}

impl Person {
    /// Takes the role in an environment; `None` for the name of the first one if it has none.
    fn enter(&mut self, environment: Option<&str>, settings: &Settings, organization: Option<&str>) {
        self.take(grants::role_in(&self.grants, environment).cloned(), settings, organization);
    }

    fn take(&mut self, role: Option<Role>, settings: &Settings, organization: Option<&str>) {
        let organization = role.as_ref().and_then(Role::organization).or(organization);
        self.holder = Holder::of_person(rights::reads_all(kind_of(role.as_ref())), &self.subject, organization, settings);
        self.role = role;
    }
}

/// The column of a token with this role.
fn kind_of(role: Option<&Role>) -> CallerKind {
    role.map_or(CallerKind::User, Role::kind)
}

impl Caller {
    /// Checks the credentials of a request, and that one of these routes is open to its caller in the environment that it is for: that of
    /// the key, or that which the token or an operator names.
    pub(crate) fn of(asked: &Asked<'_>, routes: &'static [Route]) -> Result<Self, Unanswered> {
        let mut caller = if rights::is_open(routes) { Self::first(Identity::Anyone, routes) } else { Self::identified(asked, routes)? };
        // Before the environment is looked up: a caller without any right learns nothing of it.
        caller.check(routes, asked)?;
        // While all flags are switched off, every environment has the same answers.
        let has_one_answer = asked.settings.is_off && rights::takes_keys(routes);
        if let Identity::Person(person) = &mut caller.identity
            && !has_one_answer
        {
            let named = named_by_person(asked, routes)?;
            // A route between two environments checks them itself.
            if !rights::spans(routes) && (person.reach.is_some() || person.grants.iter().any(|grant| grant.environments.is_some())) {
                let first = match named {
                    Some(_) => None,
                    None => Some(asked.keys(&Environment::FIRST)?),
                };
                let name = named.as_deref().or_else(|| first.as_ref()?.registry.name_of(&Environment::FIRST));
                if let Some(reach) = &person.reach {
                    rights::check_reach(reach, name)?;
                }
                person.enter(name, asked.settings, claims(asked)?.organization.as_deref());
                caller.check(routes, asked)?;
            }
            caller.environment = match named {
                None => Environment::FIRST,
                Some(name) => asked.environment(&name)?.ok_or_else(|| no_environment(routes, &name))?,
            };
        }
        if let Identity::Program(program) = &caller.identity
            && !rights::takes_keys(routes)
        {
            let takes_environment = parameters(routes).contains(&"environment") || rights::spans(routes);
            caller.environment = program.enter(asked, named_in_query(asked, routes)?.as_deref(), takes_environment)?;
        }
        Ok(caller)
    }

    /// Refuses a caller to whom none of these routes is open. A refused token's request counts.
    pub(crate) fn check(&self, routes: &[Route], asked: &Asked<'_>) -> Result<(), Problem> {
        let Err(refusal) = rights::check(routes, self.kind()) else { return Ok(()) };
        if matches!(self.identity, Identity::Person(_) | Identity::Program(_)) {
            limit::refused(&self.counted(), asked)?;
        }
        Err(refusal)
    }

    const fn first(identity: Identity, routes: &'static [Route]) -> Self {
        Self { identity, environment: Environment::FIRST, routes }
    }

    fn identified(asked: &Asked<'_>, routes: &'static [Route]) -> Result<Self, Unanswered> {
        if rights::takes_keys(routes) {
            let presented = Credential::key(asked.parts)?;
            if presented.is(asked.settings.server_key.as_deref()) {
                return Ok(Self::first(Identity::ServerKey, routes));
            }
            if presented.is(asked.settings.client_key.as_deref()) {
                limit::client(asked)?;
                return Ok(Self::first(Identity::ClientKey(None), routes));
            }
            if let Some(presented) = presented.stored() {
                match presented.kind {
                    KeyKind::Server => {
                        let (environment, _) = stored::key(&presented, asked)?;
                        return Ok(Self { identity: Identity::ServerKey, environment, routes });
                    }
                    KeyKind::Client => {
                        // Requests with wrong credentials count too: an attacker may be trying keys.
                        limit::client(asked)?;
                        let (environment, Some(key)) = stored::key(&presented, asked)? else {
                            return Ok(Self::first(Identity::ClientKey(None), routes));
                        };
                        stored::check_origin(&key, asked.parts)?;
                        return Ok(Self { identity: Identity::ClientKey(Some(Holder::of(key, asked)?)), environment, routes });
                    }
                    KeyKind::Api => {}
                }
            }
        }
        if !rights::takes_tokens(routes) {
            return Err(Problem::no_credentials().into());
        }
        if let Some(program) = program::of(asked)? {
            if rights::takes_keys(routes) {
                limit::user(&program.counted(), asked)?;
            }
            let environment = program.environment.clone().unwrap_or_default();
            return Ok(Self { identity: Identity::Program(program), environment, routes });
        }
        // It opens operators' routes alone.
        if !rights::takes_keys(routes)
            && let Some(program) = program::break_glass(asked)?
        {
            return Ok(Self::first(Identity::Program(program), routes));
        }
        let Claims { subject, grants, organization, environments: reach, .. } = claims(asked).map_err(|stop| match stop {
            Unanswered::Refused(problem) if problem.status == 401 && !rights::takes_keys(routes) => Problem::no_token().into(),
            Unanswered::Refused(_) | Unanswered::Needs(_) => stop,
        })?;
        if rights::takes_keys(routes) {
            limit::user(subject, asked)?;
        }
        let (subject, grants, reach) = (subject.clone(), grants.clone(), reach.clone());
        let mut person = Person { subject, role: None, grants, reach, holder: None };
        let strongest = grants::strongest(&person.grants).cloned();
        person.take(strongest, asked.settings, organization.as_deref());
        Ok(Self::first(Identity::Person(person), routes))
    }

    /// Refuses a caller whose token is for other environments than the one with this name, or gives no right there; for routes between two
    /// environments.
    pub(crate) fn check_reach(&self, environment: Option<&str>) -> Result<(), Problem> {
        match &self.identity {
            Identity::Person(Person { grants, reach, .. }) => {
                if let Some(reach) = reach {
                    rights::check_reach(reach, environment)?;
                }
                rights::check(self.routes, kind_of(grants::role_in(grants, environment)))
            }
            Identity::Program(Program { environment: Some(_), .. }) => {
                Err(Problem::wrong_credentials("a token for both environments, and an API token is for one"))
            }
            Identity::Program(_) | Identity::Anyone | Identity::ServerKey | Identity::ClientKey(_) => Ok(()),
        }
    }

    /// The caller, as the hub receives it.
    pub(crate) fn actor(&self) -> Actor<'_> {
        Actor { subject: self.subject(), role: self.kind().as_str(), within: self.within(), token: self.token() }
    }

    /// The caller as the hub of an environment receives it, for routes between two environments.
    pub(crate) fn actor_in(&self, environment: &str) -> Actor<'_> {
        match &self.identity {
            Identity::Person(Person { subject, grants, .. }) => {
                let role = grants::role_in(grants, Some(environment));
                Actor { subject, role: kind_of(role).as_str(), within: role.and_then(Role::organization), token: None }
            }
            Identity::Program(_) | Identity::Anyone | Identity::ServerKey | Identity::ClientKey(_) => self.actor(),
        }
    }

    /// The mark of the caller's client key, which streams end with; `None` for a caller with another credential.
    pub(crate) fn key_mark(&self, settings: &Settings) -> Option<String> {
        match &self.identity {
            Identity::ClientKey(Some(Holder::Key { key, .. })) => Some(keys::mark(key.hash)),
            Identity::ClientKey(None) => own_mark(settings),
            Identity::ClientKey(Some(Holder::Person { .. }))
            | Identity::Anyone
            | Identity::ServerKey
            | Identity::Person(_)
            | Identity::Program(_) => None,
        }
    }

    /// The caller's column in the matrix of rights.
    pub(crate) fn kind(&self) -> CallerKind {
        match &self.identity {
            Identity::Anyone => CallerKind::Anyone,
            Identity::ServerKey => CallerKind::ServerKey,
            Identity::ClientKey(_) => CallerKind::ClientKey,
            Identity::Person(Person { role, .. }) => kind_of(role.as_ref()),
            Identity::Program(Program { role, .. }) => role.kind(),
        }
    }

    /// Returns true for the holder of the break-glass token.
    pub(crate) fn is_break_glass(&self) -> bool {
        matches!(&self.identity, Identity::Program(Program { environment: None, .. }))
    }

    /// Refuses a caller whose key hides flags or fixes an identity: an explanation tells more than an answer does.
    pub(crate) fn unrestricted(&self) -> Result<(), Problem> {
        if self.audience() == Audience::default() { Ok(()) } else { Err(Problem::wrong_credentials("a key that sees every flag")) }
    }

    /// The context with the identity that the caller's key allows; refused if the context claims another.
    pub(crate) fn admit(&self, context: Context) -> Result<Context, Problem> {
        match self.holder() {
            Some(holder) => holder.admit(context),
            None => Ok(context),
        }
    }

    /// The overrides of an admitted context, and the context with the organization of its customer; refused if the caller may not ask about
    /// that customer.
    ///
    /// A context that names another organization than its customer's is refused, unless a client key lets the page say so: then the
    /// customer's own counts, and the answer is the same whatever the page says, so that a page cannot find out who belongs to whom.
    pub(crate) fn overrides_of(
        &self,
        asked: &Asked<'_>,
        serving: &mut Serving,
        context: Context,
    ) -> Result<(Overrides, Context), Unanswered> {
        let is_pages_word = match &self.identity {
            Identity::ClientKey(holder) => !holder.as_ref().is_some_and(Holder::vouches_for_organization),
            Identity::Anyone | Identity::ServerKey | Identity::Person(_) | Identity::Program(_) => false,
        };
        let stated = (!is_pages_word).then(|| context.clone());
        let (overrides, context) = asked.overrides_of(serving, context)?;
        if let Some(stated) = stated {
            context_owners::check(&[stated], slice::from_ref(&context)).map_err(NoOverrides::problem)?;
        }
        if let Some(holder) = self.holder() {
            holder.check_customer(&context)?;
        }
        Ok((overrides, context))
    }

    /// The flags that the caller may see, and how it proves an identity.
    pub(crate) fn audience(&self) -> Audience<'_> {
        self.holder().map(Holder::audience).unwrap_or_default()
    }

    pub(crate) fn holder(&self) -> Option<&Holder> {
        match &self.identity {
            Identity::ClientKey(holder) | Identity::Person(Person { holder, .. }) => holder.as_ref(),
            Identity::Anyone | Identity::ServerKey | Identity::Program(_) => None,
        }
    }

    /// The subject of the token: in the issuer's words, or that of a token that the edge made; empty where there is no token.
    pub(crate) fn subject(&self) -> &str {
        match &self.identity {
            Identity::Person(Person { subject, .. }) | Identity::Program(Program { subject, .. }) => subject,
            Identity::Anyone | Identity::ServerKey | Identity::ClientKey(_) => "",
        }
    }

    /// The name under which limits count the caller.
    pub(crate) fn counted(&self) -> Cow<'_, str> {
        match &self.identity {
            Identity::Program(program) => program.counted(),
            Identity::Person(_) | Identity::Anyone | Identity::ServerKey | Identity::ClientKey(_) => self.subject().into(),
        }
    }

    /// The hash of the caller's API token; `None` for a caller with another credential.
    fn token(&self) -> Option<Hash> {
        if let Identity::Program(Program { token, .. }) = &self.identity { *token } else { None }
    }

    /// The one organization that the caller's role is for; `None` if it is for the whole deployment.
    pub(crate) fn within(&self) -> Option<&str> {
        if let Identity::Person(Person { role: Some(role), .. }) = &self.identity { role.organization() } else { None }
    }
}

/// The mark of the deployment's own client key; `None` if it has none.
fn own_mark(settings: &Settings) -> Option<String> {
    settings.client_key.as_deref().map(|key| keys::mark(Hash::of(key.as_bytes())))
}

/// Refuses the token of a stream if the client key that it was made for is no longer valid, or does not list the page's origin.
pub(crate) fn check_stream(mark: &str, environment: &Environment, asked: &Asked<'_>) -> Result<(), Unanswered> {
    if own_mark(asked.settings).as_deref() == Some(mark) {
        return Ok(());
    }
    let key = stored::marked(mark, environment, asked)?.ok_or_else(Problem::no_stream_token)?;
    Ok(stored::check_origin(&key, asked.parts)?)
}

/// The claims of the token that a request presents.
fn claims<'a>(asked: &'a Asked<'_>) -> Result<&'a Claims, Unanswered> {
    let token = Credential::bearer(asked.parts)?;
    match asked.verified(|| Signed::Token(token.text().to_owned()))? {
        Verified::Claims(claims) => Ok(claims),
        Verified::Identity(_) => Err(Problem::no_credentials().into()),
    }
}

/// The name of the environment of a request with a token: where keys evaluate, too, that in its claims, and on operators' routes
/// `?environment=`. `None` for the first one.
fn named_by_person(asked: &Asked<'_>, routes: &[Route]) -> Result<Option<String>, Unanswered> {
    if rights::takes_keys(routes) {
        return Ok(claims(asked)?.environment.clone());
    }
    Ok(named_in_query(asked, routes)?)
}

/// The name in `?environment=` of a request to an operators' route. The one check of operators' parameters: a misspelled `environment` must
/// not reach the first one.
fn named_in_query(asked: &Asked<'_>, routes: &[Route]) -> Result<Option<String>, Problem> {
    Ok(asked.query(&parameters(routes))?.get("environment").map(str::to_owned))
}

fn parameters(routes: &[Route]) -> Vec<&'static str> {
    routes.first().map(Route::parameters).unwrap_or_default()
}

/// The refusal of a token's request for an environment that is not registered.
fn no_environment(routes: &[Route], name: &str) -> Problem {
    if rights::takes_keys(routes) {
        Problem::wrong_credentials("a token for an environment that there is")
    } else {
        Problem::no_environment(name)
    }
}

/// A token or an identity whose signature the runtime must check.
pub(crate) enum Signed {
    /// A bearer's token.
    Token(String),
    /// The identity that a page presents with a stored key.
    Identity(Rc<Key>, String),
}

/// The statement of a token or an identity whose signature holds.
pub(crate) enum Verified {
    Claims(Claims),
    Identity(identity::Proven),
}

impl Signed {
    /// Checks the signature and the validity: of an identity at `moment`, of a token by the clock.
    pub(crate) async fn check(self, host: &Host, moment: Millis) -> Result<Verified, Problem> {
        match self {
            Self::Token(text) => trust::verified(&text, host).await?.map(Verified::Claims).ok_or_else(Problem::no_credentials),
            Self::Identity(key, shown) => {
                identity::signed(&key, &shown, moment).await.map(Verified::Identity).map_err(|_| Problem::no_identity())
            }
        }
    }
}

/// The claims of a token, as if its signature held.
#[cfg(test)]
pub(crate) fn learned_claims(claims: &str) -> Verified {
    Verified::Claims(
        json::Object::read(claims.as_bytes())
            .and_then(|claims| Claims::of(&claims, &grants::Rules::default()))
            .unwrap_or_else(|_| panic!("{claims}")),
    )
}

/// Returns true if a text is a JSON Web Key Set with a key that the edge can use.
pub(crate) fn is_key_set(text: &str) -> bool {
    jwk::set(text).is_ok_and(|keys| !keys.is_empty())
}

/// Returns true if a text can name the claim of a right.
pub(crate) fn is_claim(text: &str) -> bool {
    grants::is_claim(text)
}

/// Returns true if a text maps groups or addresses to roles.
pub(crate) fn is_role_map(text: &str) -> bool {
    grants::is_map(text)
}

/// The origins whose pages may send a request with these credentials.
pub(crate) enum Origins {
    /// Those of a stored key.
    Of(Rc<Key>),
    /// Those that the deployment lists.
    Listed,
    /// Any origin: the request shows no key that lists origins.
    Any,
}

impl Origins {
    /// Decides by the keys that the isolate holds, without asking the hub.
    pub(crate) fn of(asked: &Asked<'_>) -> Self {
        let Ok(presented) = Credential::key(asked.parts) else { return Self::Any };
        let stored = || stored::known(&presented.stored()?);
        if presented.is(asked.settings.client_key.as_deref()) { Self::Listed } else { stored().map_or(Self::Any, Self::Of) }
    }
}
