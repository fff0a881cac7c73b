//! Carries commands out: reads the rows that a command needs, has `control` decide, and commits the outcome. Knows nothing of HTTP.
use std::rc::Rc;

use control::{
    Command, CommandOutcome, EnvironmentName, KeyCommand, KeyKind, NewWebhook, Refusal, Reverted, RolloutCommand, Supplies, WebhookCommand,
    WebhookSecret,
    change::Actor,
    draft, execute, keys,
    lifecycle::{Observed, Step},
    owners_of_rollout,
    rows::{RowKey, RowKind, Rows, State},
};
use sdk_core::{BucketKey, Context, OwnerKind};

use super::{
    FlagHub,
    admin::view,
    ground::{Ground, Rule},
    named_rows,
    new_key::{Secrets, random},
    record::{Beside, RepeatableRequest, Written, uuid, write},
    stored_edits::StoredEdits,
    stored_owners::StoredOwners,
};
use crate::{
    problem::Problem,
    settings,
    store::{
        Read, Wanted,
        audit::{ChangesQuery, Stored},
    },
};

/// The outcome of a command that is not committed yet.
pub(super) struct Decision {
    /// The ground that the command was decided on.
    pub(super) ground: Rc<Ground>,
    pub(super) outcome: CommandOutcome,
    /// The secrets of the key that the command creates, which nothing else holds.
    pub(super) secrets: Option<Secrets>,
}

impl FlagHub {
    /// Carries a command out and commits it, for an actor without a request, such as the hub itself.
    pub(super) fn execute(&self, actor: &Actor, command: &Command) -> Result<(Written, CommandOutcome), Problem> {
        let decision = self.decide(actor, command, &[])?;
        let (written, outcome, _) = self.commit(actor, decision, None, |_, _| Ok(String::new()))?;
        Ok((written, outcome))
    }

    /// Decides a command and commits nothing. `contexts` are those of an import's dry run, whose overrides are read as well.
    pub(super) fn decide(&self, actor: &Actor, command: &Command, contexts: &[Context]) -> Result<Decision, Problem> {
        self.decide_by(execute, actor, command, contexts)
    }

    /// Decides a command that is only tried: neither a loss nor a lock refuses it.
    pub(super) fn try_out(&self, actor: &Actor, command: &Command, contexts: &[Context]) -> Result<Decision, Problem> {
        self.decide_by(draft, actor, command, contexts)
    }

    fn decide_by(&self, rule: Rule, actor: &Actor, command: &Command, contexts: &[Context]) -> Result<Decision, Problem> {
        let ground = self.ground()?;
        let reverted = if let Command::Revert(revert) = command { named_rows::reverted(&self.store, &revert.change)? } else { None };
        let paged = self.paged(&ground, command, contexts, reverted.as_ref())?;
        let (supplies, secrets) = self.supplies(&ground, command)?;
        let owners = StoredOwners::new(&self.store);
        let edits = StoredEdits::new(&self.store);
        let supplies = Supplies { owners: Some(&owners), edits: Some(&edits), reverted: reverted.as_ref(), ..supplies };
        let outcome = self.ground.execute(rule, &ground, &paged, command, supplies, actor);
        // The count of overrides is worth nothing if a page of them could not be read.
        owners.check()?;
        edits.check()?;
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(refusal) => return Err(self.problem(refusal, actor)?),
        };
        Ok(Decision { ground, outcome, secrets })
    }

    /// Commits a decision, together with the answer that a repeated request gets again.
    pub(super) fn commit(
        &self,
        actor: &Actor,
        Decision { ground, outcome, .. }: Decision,
        again: Option<RepeatableRequest<'_>>,
        body: impl FnOnce(&Written, &CommandOutcome) -> Result<String, Problem>,
    ) -> Result<(Written, CommandOutcome, String), Problem> {
        write(&self.store, &self.ground, ground, outcome, actor, Beside { again, progress: None }, body)
    }

    /// The refusal of a command, with the moment or the newer change that stands against it.
    fn problem(&self, refusal: Refusal, actor: &Actor) -> Result<Problem, Problem> {
        let (until, newer) = (refusal.until, refusal.newer);
        let mut problem = Problem::from(refusal);
        if let Some(until) = until {
            problem = problem.until(until, actor.at);
        }
        if let Some(version) = newer {
            let query = ChangesQuery { version: Some(version), limit: 1, ..ChangesQuery::default() };
            let id = self.store.changes(&query)?.entries.first().and_then(Stored::id);
            problem = problem.with_members(view::newer(id.as_deref(), version));
        }
        Ok(problem)
    }

    /// The rows on pages that a command needs.
    fn paged(&self, ground: &Ground, command: &Command, contexts: &[Context], reverted: Option<&Reverted>) -> Result<Rows, Problem> {
        match command {
            Command::Override { owner: OwnerKind::Customer, id, .. } | Command::Clear { owner: OwnerKind::Customer, id } => {
                self.about(Some(id), None)
            }
            Command::Override { owner: OwnerKind::Organization, id, .. } | Command::Clear { owner: OwnerKind::Organization, id } => {
                self.about(None, Some(id))
            }
            Command::Assign { customer, .. } => Ok(self.store.rows(Wanted::Keys(&[RowKey::of(RowKind::Membership, customer)]))?),
            Command::Import { state: State::Replace, .. } => Ok(self.store.rows(Wanted::Paged)?),
            Command::Import { document, state: State::Keep, .. } => self.named_in(document, contexts),
            Command::Revert(_) => {
                let on_pages = reverted.iter().flat_map(|reverted| &reverted.rows).filter(|row| row.key.page().is_some());
                Ok(named_rows::about(&self.store, on_pages.map(|row| row.key.clone()))?)
            }
            Command::Rollout { flag, order: RolloutCommand::Step(Step::RollBack) } => self.of_rollout(ground, flag),
            Command::Kill { .. }
            | Command::Revive { .. }
            | Command::Rollout { .. }
            | Command::Key(_)
            | Command::Webhook(_)
            | Command::Copy(_)
            | Command::RenewEpoch {}
            | Command::Define(_)
            | Command::Schedule(_)
            | Command::CreateEnvironment { .. }
            | Command::RemoveEnvironment { .. } => Ok(Rows::default()),
        }
    }

    /// The supplies of a command at this moment, and the secrets of the key that it creates.
    fn supplies(&self, ground: &Ground, command: &Command) -> Result<(Supplies<'static>, Option<Secrets>), Problem> {
        let none = Supplies { environment: self.registered().cloned(), ..Supplies::default() };
        let kind = match command {
            // A rollback needs no counts, and an emergency must not wait for them.
            Command::Rollout { order: RolloutCommand::Step(Step::RollBack), .. }
            | Command::Key(KeyCommand::Revoke { .. })
            | Command::Override { .. }
            | Command::Clear { .. }
            | Command::Kill { .. }
            | Command::Revive { .. }
            | Command::Assign { .. }
            | Command::Copy(_)
            | Command::RenewEpoch {}
            | Command::Define(_)
            | Command::Revert(_)
            | Command::Schedule(_)
            | Command::CreateEnvironment { .. }
            | Command::RemoveEnvironment { .. } => return Ok((none, None)),
            Command::Rollout { flag, .. } => return Ok((Supplies { observed: self.observed(ground, flag)?, ..none }, None)),
            Command::Import { .. } => return Ok((Supplies { bucket_key: Some(BucketKey::from_bytes(random()?)), ..none }, None)),
            Command::Webhook(order) => {
                let takes_private_targets = settings::of(&self.env)?.is_webhooks_private;
                let new_webhook = match order {
                    WebhookCommand::Create { .. } => Some(NewWebhook { id: uuid()?, secret: WebhookSecret(random()?) }),
                    WebhookCommand::Change { .. } | WebhookCommand::Disable { .. } | WebhookCommand::Remove { .. } => None,
                };
                return Ok((Supplies { new_webhook, takes_private_targets, ..none }, None));
            }
            Command::Key(KeyCommand::Create { terms }) => terms.kind,
            // `control` refuses to rotate a key that is not there, so any kind will do.
            Command::Key(KeyCommand::Rotate { id, .. }) => {
                keys(&ground.rows).find(|(known, _)| known == id).map_or(KeyKind::Client, |(_, key)| key.terms.kind)
            }
        };
        let secrets = Secrets::of(kind, self.environment()?.as_deref().and_then(EnvironmentName::parse).as_ref())?;
        Ok((Supplies { new_key: Some(secrets.new_key()), ..none }, Some(secrets)))
    }

    /// The counts of the present stage of a flag's rollout.
    fn observed(&self, ground: &Ground, flag: &str) -> Result<Observed, Problem> {
        let feature = ground.held(&Rows::default()).feature(flag);
        feature.map_or(Ok(Observed::default()), |feature| self.counted(&feature))
    }

    /// The rows of the owners whose overrides belong to the rollout of a flag, which its rollback needs.
    pub(super) fn of_rollout(&self, ground: &Ground, flag: &str) -> Result<Rows, Problem> {
        Ok(named_rows::about(&self.store, owners_of_rollout(ground.held(&Rows::default()), flag))?)
    }

    /// The rows about a customer, with those of its organization, and about an organization.
    pub(super) fn about(&self, customer: Option<&str>, organization: Option<&str>) -> Result<Rows, Problem> {
        let owners = [(RowKind::Customer, customer), (RowKind::Organization, organization)];
        Ok(named_rows::about(&self.store, owners.into_iter().filter_map(|(kind, id)| Some(RowKey::of(kind, id?))))?)
    }

    /// The rows on pages about the owners that a document and contexts name.
    pub(super) fn named_in(&self, text: &str, contexts: &[Context]) -> Result<Rows, Problem> {
        let Some(rows) = Rows::split(text) else { return Ok(Rows::default()) };
        let of_context = |context| OwnerKind::ALL.into_iter().filter_map(move |kind| Some(RowKey::of(kind.into(), &kind.id(context)?)));
        Ok(named_rows::about(&self.store, rows.owners().cloned().chain(contexts.iter().flat_map(of_context)))?)
    }
}
