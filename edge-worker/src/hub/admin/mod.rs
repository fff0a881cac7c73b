//! The admin API in the hub: each route reads its body, asks `control`, and commits the outcome.
mod body;
mod changes;
mod customers;
mod definitions;
mod document;
mod environments;
mod erasure;
mod features;
mod jobs;
mod keys;
mod overrides;
mod overrides_bulk;
mod overrides_export;
mod precondition;
mod put_back;
mod reverts;
mod rollouts;
mod schedules;
mod spelling;
mod taken_lines;
mod unknown_names;
pub(super) mod view;
mod webhooks;

pub(crate) use self::body::{Object, read};

use std::rc::Rc;

use control::{
    Command, CommandOutcome, CurrentState, Field, Refusal, RefusalKind,
    change::{Actor, BREAK_GLASS, Hash, NO_REASON, TOKEN_PREFIX},
    organization_of,
    rows::{RowKey, RowKind, Rows},
    schedules::{Schedule, ran},
    token_holds,
};
use sdk_core::Millis;
use serde_json::value::RawValue;
use worker::{Env, Method, Request, Response};

use super::{
    FlagHub,
    execute::Decision,
    ground::Ground,
    record::{RepeatableRequest, Written},
    wire,
};
use crate::{
    clock,
    etag::Etag,
    http::routes::{self, Handler, HubHandler, PassedHandler},
    problem::Problem,
    query::Query,
    settings,
    store::{Read, Wanted},
    version::Version,
};

/// The bodies that answer a command.
struct CommandAnswer {
    /// The body that is stored, for a client that repeats the request.
    kept: String,
    /// The body of the first answer; `None` if that is the stored one.
    once: Option<String>,
}

impl CommandAnswer {
    fn again(kept: String) -> Self {
        Self { kept, once: None }
    }
}

/// A request by an operator, as the edge passes it on.
pub(super) struct AdminRequest {
    /// The subject of the token.
    pub(super) actor: String,
    pub(super) role: String,
    /// The one organization that the actor's role is for; `None` if it is for the whole deployment.
    pub(super) within: Option<String>,
    pub(super) now: Millis,
    pub(super) idempotency: Option<String>,
    pub(super) if_match: Option<String>,
    pub(super) method: Method,
    /// The environment that the request names; it is this one.
    pub(super) environment: Option<String>,
    /// The path behind `/api/admin/`.
    pub(super) path: String,
    pub(super) query: Query,
    pub(super) body: String,
    /// A digest of the body that the client sent, if the worker sent another one.
    client_body: Option<String>,
    /// The schedule that the request is of; `None` for a request that a client sent.
    scheduled: Option<Box<Scheduled>>,
}

/// The schedule of a request that an operator sends to be carried out later.
struct Scheduled {
    /// The operator, whose reason counts where the request gives none.
    by: Actor,
    /// The schedule that is due and ends with the request; `None` while the operator schedules it, when the request is only decided.
    due: Option<Schedule>,
}

impl AdminRequest {
    /// Reads a request that the edge passes on. Its moment is that at which its whole body has arrived: the hub commits a slow upload
    /// behind the requests that came meanwhile, and must not date it before them.
    pub(super) async fn of(mut request: Request, env: &Env) -> Result<Self, Problem> {
        let body = request.text().await?;
        let headers = request.headers();
        let text = |name: &str| headers.get(name).map(|value| value.filter(|value| !value.is_empty()));
        let decoded = |name: &str| Ok::<_, Problem>(text(name)?.map(|value| wire::decoded(&value)));
        let (actor, role) = (decoded(wire::ACTOR)?.unwrap_or_default(), decoded(wire::ROLE)?.unwrap_or_default());
        let (idempotency, if_match) = (text("idempotency-key")?, text("if-match")?);
        // One that is present and empty must not read as none, which is the whole deployment.
        let within = headers.get(wire::WITHIN)?.map(|value| wire::decoded(&value));
        let client_body = text(wire::CLIENT_BODY)?;
        Ok(Self {
            actor,
            role,
            within,
            now: clock::told(&request, &*settings::of(env)?),
            idempotency,
            if_match,
            method: request.method(),
            environment: None,
            path: request.path().trim_start_matches("/admin/").to_owned(),
            query: Query::any(&request.inner().url())?,
            body,
            client_body,
            scheduled: None,
        })
    }

    /// The actor and the reason. Only a service may act on behalf of another subject.
    fn by(&self, reason: Option<String>, on_behalf_of: Option<String>) -> Result<Actor, Problem> {
        let scheduler = self.scheduled.as_deref().map(|scheduled| &scheduled.by);
        let reason = reason.or_else(|| Some(scheduler?.reason.clone()));
        let on_behalf_of = on_behalf_of.or_else(|| scheduler?.on_behalf_of.clone());
        if on_behalf_of.is_some() && self.role != "service" {
            return Err(Problem::wrong_credentials("the role service for changedBy; who changes is the token's subject"));
        }
        check_reason_given(&self.actor, reason.as_deref())?;
        let reason = reason.unwrap_or_else(|| NO_REASON.to_owned());
        Ok(Actor { subject: self.actor.clone(), role: self.role.clone(), on_behalf_of, reason, at: self.now })
    }

    /// A text that identifies the request, so that a repetition is recognised. The same subject who now acts for another organization sends
    /// another request: the answer may tell what is not for them.
    fn fingerprint(&self) -> String {
        let mut whole = format!("{} {}?", self.method.as_ref(), self.path);
        for (name, value) in self.query.iter() {
            whole.extend(["&", &wire::encoded(name), "=", &wire::encoded(value)]);
        }
        whole.extend(self.within.iter().flat_map(|organization| ["\n", organization]));
        whole.extend(["\n", self.client_body.as_ref().unwrap_or(&self.body)]);
        Etag::strong(whole.as_bytes()).as_str().to_owned()
    }
}

impl FlagHub {
    /// Answers an operator's request.
    pub(super) async fn administer(&self, request: Request) -> Result<Response, Problem> {
        let (handler, parameter) = routed(&request)?;
        self.check_token(&request)?;
        if handler == Handler::Passed(PassedHandler::BackUp) {
            let mut query = Query::any(&request.inner().url())?;
            self.take_environment(&mut query)?;
            return self.back_up(&query);
        }
        if handler == Handler::Passed(PassedHandler::RestorePieces) {
            return self.restore_pieces(request, &wire::decoded(&parameter)).await;
        }
        if handler == Handler::Passed(PassedHandler::Restore) {
            return self.restore(request).await;
        }
        if handler == Handler::Passed(PassedHandler::ImportOverrides) {
            return self.import_overrides(request).await;
        }
        // The worker passes on no request that it answers itself.
        let Handler::Passed(PassedHandler::Hub(handler)) = handler else { return Err(Problem::not_found()) };
        // An empty store gets the deployment's document before an operator changes anything.
        self.import_first_if_empty().await?;
        let mut asked = AdminRequest::of(request, &self.env).await?;
        self.check_open()?;
        asked.environment = self.take_environment(&mut asked.query)?;
        let is_read = matches!(asked.method, Method::Get | Method::Head);
        if !is_read && let Some(again) = self.answered(&asked)? {
            if has_own_tag(handler) {
                again.headers().delete("etag")?;
            }
            return Ok(again);
        }
        let parameter = wire::decoded(&parameter);
        if !is_read {
            self.check_precondition(handler, &asked)?;
        }
        match handler {
            HubHandler::ImportDocument => self.import_document(&asked),
            HubHandler::ListDefinitions(section) => self.list_definitions(&asked, section),
            HubHandler::ShowDefinition(section) => self.show_definition(section, &parameter),
            HubHandler::ListFeatures => self.list_features(&asked),
            HubHandler::ListOverrides => self.list_overrides(&asked),
            HubHandler::ExportOverrides => self.export_overrides(&asked),
            HubHandler::ShowImport => self.show_import(&parameter),
            HubHandler::ListCustomers => self.list_customers(&asked),
            HubHandler::ListKeys => self.list_keys(),
            HubHandler::CreateKey => self.create_key(&asked),
            HubHandler::RotateKey => self.rotate_key(&asked, &parameter),
            HubHandler::ListTokens => self.list_tokens(),
            HubHandler::CreateToken => self.create_token(&asked),
            HubHandler::ListChanges => self.list_changes(&asked),
            HubHandler::ErasePayload => self.erase_payload(&asked, &parameter),
            HubHandler::VerifyChanges => self.verify_changes(&asked).await,
            HubHandler::ListVersions => self.list_versions(&asked),
            HubHandler::ListEvents => self.list_events(&asked).await,
            HubHandler::ListStats => self.list_stats(&asked),
            HubHandler::ListUnknownNames => self.list_unknown_names(),
            HubHandler::CopyDefinitions => self.copy_definitions(&asked),
            HubHandler::CreateEnvironment => self.create_environment(&asked),
            HubHandler::RemoveEnvironment => self.remove_environment(&asked, &parameter),
            HubHandler::RenewEpoch => self.renew_epoch(&asked),
            HubHandler::RestorePoint => self.restore_point(&asked).await,
            HubHandler::ListJobs => self.list_jobs(&asked),
            HubHandler::ListSchedules => self.list_schedules(&asked),
            HubHandler::ShowSchedule => self.show_schedule(&parameter),
            HubHandler::AddSchedules => self.add_schedules(&asked),
            HubHandler::CancelSchedule => self.cancel_schedule(&asked, &parameter),
            HubHandler::ListWebhooks => self.list_webhooks(),
            HubHandler::CreateWebhook => self.create_webhook(&asked),
            HubHandler::ChangeWebhook => self.change_webhook(&asked, &parameter),
            HubHandler::RemoveWebhook => self.remove_webhook(&asked, &parameter),
            HubHandler::TestWebhook => self.test_webhook(&asked, &parameter).await,
            HubHandler::ListDeliveries => self.list_deliveries(&asked, &parameter),
            HubHandler::ChangeDefinition(_)
            | HubHandler::RestoreFlag
            | HubHandler::ChangeFeature
            | HubHandler::ChangeOverrides
            | HubHandler::AssignCustomer
            | HubHandler::RevokeKey
            | HubHandler::RevokeToken
            | HubHandler::Rollout(_)
            | HubHandler::RevertChange => self.change(handler, &asked, &parameter),
        }
    }

    /// Answers a request for a change that can wait: it makes no secret, and the hub needs nobody else to decide it. Refuses the others.
    fn change(&self, handler: HubHandler, asked: &AdminRequest, parameter: &str) -> Result<Response, Problem> {
        match handler {
            HubHandler::ChangeDefinition(section) => self.change_definition(asked, section, parameter),
            HubHandler::RestoreFlag => self.restore_flag(asked, parameter),
            HubHandler::ChangeFeature => self.change_feature(asked),
            HubHandler::ChangeOverrides => self.change_overrides(asked),
            HubHandler::AssignCustomer => self.assign_customer(asked),
            HubHandler::RevokeKey => self.revoke_key(asked, parameter),
            HubHandler::RevokeToken => self.revoke_token(asked, parameter),
            HubHandler::Rollout(verb) => self.change_rollout(asked, verb),
            HubHandler::RevertChange => self.revert_change(asked, parameter),
            _ => Err(schedules::not_to_wait()),
        }
    }

    /// Refuses a request whose `If-Match` names no version since which nothing changed that it replaces.
    fn check_precondition(&self, handler: HubHandler, asked: &AdminRequest) -> Result<(), Problem> {
        match asked.if_match.as_deref().filter(|_| !has_own_tag(handler)) {
            Some(if_match) => precondition::check(&self.store, if_match, precondition::replaces_overrides(handler, &asked.query)),
            None => Ok(()),
        }
    }

    /// Refuses the request of an API token that was revoked, or that does not give its subject and its role: the isolate that passed the
    /// request on may not have learned that yet.
    fn check_token(&self, request: &Request) -> Result<(), Problem> {
        let headers = request.headers();
        let decoded = |name: &str| Ok::<_, Problem>(headers.get(name)?.map(|value| wire::decoded(&value)).unwrap_or_default());
        let (actor, role) = (decoded(wire::ACTOR)?, decoded(wire::ROLE)?);
        if !actor.starts_with(TOKEN_PREFIX) {
            return Ok(());
        }
        let now = clock::told(request, &*settings::of(&self.env)?);
        let hash = headers.get(wire::TOKEN)?.and_then(|hash| Hash::from_hex(&hash)).ok_or_else(Problem::no_token)?;
        if self.restoring.get() {
            return self.check_token_aside(&TokenClaim { actor, role, hash, now });
        }
        if token_holds(&self.ground()?.rows, hash, [&actor, &role], now) { Ok(()) } else { Err(Problem::no_token()) }
    }

    /// Takes `?environment=` from a query, and answers its value. Refuses an environment other than the hub's own: the first one may have
    /// been renamed since the isolate chose the hub.
    pub(in crate::hub) fn take_environment(&self, query: &mut Query) -> Result<Option<String>, Problem> {
        let Some(named) = query.take("environment") else { return Ok(None) };
        if self.environment()?.as_deref() == Some(named.as_str()) { Ok(Some(named)) } else { Err(Problem::no_environment(&named)) }
    }

    /// The stored answer to a request that is sent again; `None` for a new request.
    fn answered(&self, asked: &AdminRequest) -> Result<Option<Response>, Problem> {
        #[derive(serde::Deserialize)]
        struct Versioned {
            version: u32,
        }
        let Some(key) = &asked.idempotency else { return Ok(None) };
        if key.len() > 255 {
            return Err(Problem::malformed("expected an idempotency key of at most 255 bytes"));
        }
        let Some((request, body)) = self.store.answered(&asked.actor, key)? else { return Ok(None) };
        if request != asked.fingerprint() {
            return Err(Problem::used_key());
        }
        let number = serde_json::from_str(&body).ok().map(|Versioned { version }| version);
        let response = json(Ok(body))?;
        response.headers().set("idempotency-replayed", "true")?;
        if let Some(number) = number {
            // A restore drops stored answers, so the answer's version is of the present epoch.
            let version = Version { number, ..self.store.newest()? };
            response.headers().set("etag", Etag::version(version).as_str())?;
        }
        Ok(Some(response))
    }

    /// Carries a command out and answers with the changes.
    fn carry_out(&self, asked: &AdminRequest, command: &Command, by: &Actor) -> Result<Response, Problem> {
        let decision = self.decide(by, command, &[])?;
        let ground = Rc::clone(&decision.ground);
        // The answer takes the ground along, so that nobody reads it any more when the commit changes it in place.
        self.commit_and_tell(asked, by, decision, move |written, outcome| {
            Ok(CommandAnswer::again(view::written(written, outcome, self.feature_after(asked, command, &ground, outcome)?)?))
        })
    }

    /// Commits a decision; `tell` makes the answer.
    fn commit_and_tell(
        &self,
        asked: &AdminRequest,
        by: &Actor,
        decision: Decision,
        tell: impl FnOnce(&Written, &CommandOutcome) -> Result<CommandAnswer, Problem>,
    ) -> Result<Response, Problem> {
        if let Some(scheduled) = &asked.scheduled {
            // It may keep the ground.
            drop(tell);
            return self.commit_due(scheduled, by, decision);
        }
        let fingerprint = asked.fingerprint();
        let again = asked.idempotency.as_deref().map(|key| RepeatableRequest { subject: &asked.actor, key, request: &fingerprint });
        let mut once = None;
        let body = |written: &Written, outcome: &CommandOutcome| {
            let answer = tell(written, outcome)?;
            once = answer.once;
            Ok(answer.kept)
        };
        let (written, _, kept) = self.commit(by, decision, again, body)?;
        tagged(once.unwrap_or(kept), written.version)
    }

    /// Commits a decision for a schedule that is due, together with the end of the schedule; commits nothing while an operator schedules it.
    fn commit_due(&self, scheduled: &Scheduled, by: &Actor, decision: Decision) -> Result<Response, Problem> {
        if let Some(schedule) = &scheduled.due {
            let decision = Decision { outcome: ran(decision.outcome, schedule), ..decision };
            self.commit(by, decision, None, |_, _| Ok(String::new()))?;
        }
        Ok(Response::empty()?)
    }

    /// The flag that a command changes, in its state after the command.
    fn feature_after(
        &self,
        asked: &AdminRequest,
        command: &Command,
        before: &Ground,
        outcome: &CommandOutcome,
    ) -> Result<Option<Box<RawValue>>, Problem> {
        let (Command::Rollout { flag, .. } | Command::Kill { flag } | Command::Revive { flag }) = command else { return Ok(None) };
        let paged = Rows::default();
        let held = CurrentState { rows: &before.rows, paged: &paged, ruleset: outcome.ruleset.as_ref().unwrap_or(&before.ruleset) };
        held.feature_after(flag, &outcome.writes).map(|feature| view::flag::state(&feature, self.figures(&feature)?, asked.now)).transpose()
    }

    /// Refuses an actor of one organization anything about another, in the words for an owner that does not exist; and whatever is about
    /// none. For handlers whose route is open to such actors: from the others `http/rights.rs` keeps them away.
    fn check_within(&self, asked: &AdminRequest, customer: Option<&str>, organization: Option<&str>) -> Result<(), Problem> {
        let Some(own) = asked.within.as_deref() else { return Ok(()) };
        let is_own = match (customer, organization) {
            (Some(customer), _) => {
                let membership = self.store.rows(Wanted::Keys(&[RowKey::of(RowKind::Membership, customer)]))?;
                organization_of(&membership, customer).is_some_and(|organization| organization == own)
            }
            (None, Some(organization)) => organization == own,
            (None, None) => return Err(Problem::wrong_credentials("a role that looks after all organizations")),
        };
        if is_own { Ok(()) } else { Err(Problem::no_owner()) }
    }

    pub(super) fn ground(&self) -> Result<Rc<Ground>, Problem> {
        self.ground.newest(&self.store)
    }
}

/// Returns true if the entity tag of what a request replaces is not that of a version: definitions have tags of their own.
const fn has_own_tag(handler: HubHandler) -> bool {
    matches!(handler, HubHandler::ChangeDefinition(_))
}

/// The subject and the role that an API token is said to give, and the hash of its text.
pub(super) struct TokenClaim {
    pub(super) actor: String,
    pub(super) role: String,
    pub(super) hash: Hash,
    pub(super) now: Millis,
}

/// Refuses a change with the break-glass token for which no reason is given.
pub(super) fn check_reason_given(actor: &str, reason: Option<&str>) -> Result<(), Problem> {
    if reason.is_none() && actor == BREAK_GLASS {
        return Err(Problem::malformed_at(spelling::of(Field::Reason), "the break-glass token changes nothing without a reason"));
    }
    Ok(())
}

/// The handler of a request that the edge passed on, and the parameter in its path.
fn routed(request: &Request) -> Result<(Handler, String), Problem> {
    let served = routes::find(&format!("/api{}", request.path())).ok_or_else(Problem::not_found)?;
    // The rows of one method and path have one handler: they differ in their callers and limits, which the edge checks.
    let route = served.of(request.inner().method().as_str()).first().ok_or_else(Problem::not_found)?;
    Ok((route.handler, served.parameter))
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = match refusal.kind {
            RefusalKind::DocumentRefused => return Self::document_refused(&spelling::pointer(refusal.place), &refusal.detail),
            RefusalKind::FlagNotFound => (404, "FLAG_NOT_FOUND"),
            RefusalKind::KeyNotFound => (404, "KEY_NOT_FOUND"),
            RefusalKind::ScheduleNotFound => (404, "SCHEDULE_NOT_FOUND"),
            RefusalKind::WebhookNotFound => (404, "WEBHOOK_NOT_FOUND"),
            RefusalKind::NameTaken => (409, "NAME_TAKEN"),
            RefusalKind::Outranked => (403, "FORBIDDEN"),
            RefusalKind::EnvironmentNotFound => (404, "ENVIRONMENT_NOT_FOUND"),
            RefusalKind::EnvironmentTaken => (409, "ENVIRONMENT_TAKEN"),
            RefusalKind::CopyRefused => (422, "COPY_REFUSED"),
            RefusalKind::OtherEnvironment => (409, "OTHER_ENVIRONMENT"),
            RefusalKind::OtherBucketKey => (409, "OTHER_BUCKET_KEY"),
            RefusalKind::DefinitionNotFound => (404, "NOT_FOUND"),
            RefusalKind::Archived => (409, "FLAG_ARCHIVED"),
            RefusalKind::DefinitionRefused => (422, "DEFINITION_REFUSED"),
            RefusalKind::Unsafe => (422, "UNSAFE_CHANGE"),
            RefusalKind::ChangeNotFound => (404, "CHANGE_NOT_FOUND"),
            RefusalKind::NotRevertible => (422, "NOT_REVERTIBLE"),
            RefusalKind::RevertConflict => (409, "REVERT_CONFLICT"),
            RefusalKind::Locked => (403, "LOCKED"),
            RefusalKind::Invalid => (400, "INVALID"),
            RefusalKind::IllegalStep => (409, "ILLEGAL_STEP"),
            RefusalKind::TooEarly => (409, "TOO_EARLY"),
            RefusalKind::GateClosed => (409, "GATE_CLOSED"),
        };
        let problem = Self::refused(status, code, refusal.detail, spelling::pointer(refusal.place));
        if refusal.consequences.is_empty() { problem } else { problem.with_members(view::consequences(&refusal.consequences)) }
    }
}

/// An answer with the entity tag of a version.
fn tagged(body: String, version: Version) -> Result<Response, Problem> {
    let response = json(Ok(body))?;
    if version.number > 0 {
        response.headers().set("etag", Etag::version(version).as_str())?;
    }
    Ok(response)
}

pub(super) fn json(body: Result<String, Problem>) -> Result<Response, Problem> {
    let body = body?;
    Ok(worker::ResponseBuilder::new().with_header("content-type", "application/json")?.fixed(body.into_bytes()))
}
