//! Tells the relays of each version, and through them the open pages.
//!
//! A commit writes the job [`JOB`] in its own transaction, with the version before it as the payload. Behind the commit the hub tells the
//! relays, and deletes the job once they have answered; no command waits for that. While the job is there, what was told last and the
//! newest version differ: the alarm tells the relays again, also after a crash.
use std::{cell::Cell, collections::BTreeSet, rc::Rc, time::Duration};

use control::{
    Key, KeyKind,
    rows::{RowKey, RowKind, Rows},
};
use futures_util::future::{Either, select};
use sdk_core::{Millis, OwnerKind};
use serde::de::DeserializeOwned;
use worker::{Delay, Env, Method, ObjectNamespace, Request, RequestInit, Result, console_error};

use super::FlagHub;
use crate::{
    clock, keys,
    problem::Problem,
    relay::{self, NEWS, News, Told},
    store::{
        self, Access, Commit, Conflict, Read, Store, Wanted,
        jobs::{Job, JobKey},
    },
    stream_key::StreamKey,
    version::Version,
};

/// The kind of the job.
pub(super) const JOB: &str = "push";
/// The milliseconds behind a commit after which the alarm tells the relays, unless the hub told them before.
const AGAIN_MS: i64 = 5_000;
/// The longest wait for a relay, which sends to 10,000 sockets at most.
const PATIENCE: Duration = Duration::from_millis(2_500);
/// The most relays of an environment.
pub(crate) const MOST_RELAYS: u32 = 100;
/// The most written rows by which owners are told alone. Behind a longer import all sockets are told.
const MOST_ROWS: u32 = 1_000;

/// The hub's memory of its pushes.
#[derive(Clone, Default)]
pub(super) struct Pushes(Rc<State>);

#[derive(Default)]
struct State {
    is_under_way: Cell<bool>,
    /// The version that was told last, or that needed no telling; `None` until the hub has looked.
    told: Cell<Option<Version>>,
}

/// The sockets to tell of a change.
#[derive(Debug, PartialEq, Eq)]
enum Audience {
    Nobody,
    /// Those with one of these tags.
    Owners(Vec<String>),
    All,
}

/// The job that a commit on a version writes; `None` if an earlier one is still there, or if the store is of an earlier form.
pub(super) fn job_behind(store: &impl Read, before: Version, at: Millis) -> Result<Option<(JobKey, Option<Job>)>> {
    if pending(store)?.is_some() {
        return Ok(None);
    }
    Ok(Some(job(&before.to_string(), at)))
}

fn job(payload: &str, at: Millis) -> (JobKey, Option<Job>) {
    let due = Millis(at.0.saturating_add(AGAIN_MS));
    (JobKey { kind: JOB.to_owned(), payload: payload.to_owned() }, Some(Job::due(due)))
}

fn pending(store: &impl Read) -> Result<Option<JobKey>> {
    Ok(store.jobs(Some(&[JOB]), 1)?.pop().map(|(key, _)| key))
}

/// The version, if the newest one follows it in the same store.
fn followed(since: Option<Version>, newest: Version) -> Option<Version> {
    since.filter(|since| since.epoch == newest.epoch && since.number > 0)
}

/// The sockets that the changes since a version concern. Every change concerns the operators' sockets. A change of a customer's or an
/// organization's rows concerns its own sockets, too; one of keys and of what is only noted concerns no other.
fn audience(store: &impl Read, key: Option<StreamKey>, since: Option<Version>, newest: Version) -> Result<Audience> {
    let (Some(key), Some(since)) = (key, followed(since, newest)) else {
        return Ok(Audience::All);
    };
    let (Some(definitions), Some(owners)) =
        (store.written_since(since.number, MOST_ROWS)?, store.owners_written_since(since.number, MOST_ROWS)?)
    else {
        return Ok(Audience::All);
    };
    let mut tags = Vec::new();
    if since != newest {
        tags.push(key.operators_tag());
    }
    for RowKey { kind, name } in definitions.into_iter().chain(owners) {
        match kind {
            RowKind::Customer | RowKind::Membership => tags.push(key.owner_tag(OwnerKind::Customer, &name)),
            RowKind::Organization => tags.push(key.owner_tag(OwnerKind::Organization, &name)),
            RowKind::Key
            | RowKind::Webhook
            | RowKind::Environment
            | RowKind::Course
            | RowKind::Epoch
            | RowKind::BreakGlass
            | RowKind::Refused
            | RowKind::Schedule
            | RowKind::RolloutOverride => {}
            RowKind::Flag | RowKind::State | RowKind::Order | RowKind::Segment | RowKind::Member | RowKind::BucketKey => {
                return Ok(Audience::All);
            }
        }
    }
    tags.sort_unstable();
    tags.dedup();
    Ok(if tags.is_empty() { Audience::Nobody } else { Audience::Owners(tags) })
}

/// The marks of the client keys that were revoked since a version; of all revoked ones if it is not known which were written since.
fn revoked(store: &impl Read, since: Option<Version>, newest: Version) -> Result<Vec<String>> {
    let written = followed(since, newest).map(|since| store.written_since(since.number, MOST_ROWS)).transpose()?.flatten();
    let rows = match &written {
        None => store.rows(Wanted::Unpaged)?,
        Some(written) => {
            // A row that was written twice is loaded once.
            let keys: BTreeSet<&RowKey> = written.iter().filter(|key| key.kind == RowKind::Key).collect();
            let keys: Vec<RowKey> = keys.into_iter().cloned().collect();
            if keys.is_empty() { Rows::default() } else { store.rows(Wanted::Keys(&keys))? }
        }
    };
    let keys = rows.of(RowKind::Key).filter_map(|(_, text)| Key::from_row(text));
    Ok(keys.filter(|key| key.terms.kind == KeyKind::Client && key.revoked_at.is_some()).map(|key| keys::mark(key.hash)).collect())
}

/// Tells relays until the version that was told last is the newest one.
struct Push<S> {
    env: Env,
    store: S,
    /// The name of the hub's object.
    hub: String,
    pushes: Pushes,
}

impl<S: Store> Push<S> {
    async fn carry_out(&self) -> Result<()> {
        while let Some(key) = pending(&self.store)? {
            let newest = self.store.newest()?;
            let of = self.store.stream_key()?.as_deref().and_then(StreamKey::from_hex);
            let since = key.payload.parse().ok();
            let tags = match audience(&self.store, of, since, newest)? {
                Audience::Nobody => Some(Vec::new()),
                Audience::Owners(tags) => Some(tags),
                Audience::All => None,
            };
            let news = News { version: newest.to_string(), tags, revoked: revoked(&self.store, since, newest)? };
            if !news.revoked.is_empty() || news.tags.as_ref().is_none_or(|tags| !tags.is_empty()) {
                tell_relays(&self.env, &self.hub, NEWS, &serde_json::to_string(&news)?).await?;
            }
            // Meanwhile the store may have been replaced: then its own job says what to tell.
            let now = self.store.newest()?;
            if now.epoch != newest.epoch {
                return Ok(());
            }
            let mut jobs = vec![(key, None)];
            if now != newest {
                jobs.push(job(&newest.to_string(), clock::now()));
            }
            let _: Result<Version, Conflict> = self.store.commit(now, &Commit { jobs: &jobs, ..Commit::default() }, clock::now())?;
            self.pushes.0.told.set(Some(newest));
        }
        Ok(())
    }
}

/// Posts JSON to one relay of a hub after the other, each of which says if there may be another; fails at the first that does not answer in time.
pub(super) async fn tell_relays(env: &Env, hub: &str, address: &str, body: &str) -> Result<()> {
    // A deployment of an earlier release has no relays.
    let Ok(relays) = env.durable_object("RELAY") else { return Ok(()) };
    for number in 0..MOST_RELAYS {
        let mut init = RequestInit::new();
        init.with_method(Method::Post).with_body(Some(body.into()));
        let Told { is_followed } = ask(&relays, hub, number, Request::new_with_init(address, &init)?).await?;
        if !is_followed {
            break;
        }
    }
    Ok(())
}

/// Asks a relay, which has two and a half seconds to answer.
async fn ask<T: DeserializeOwned>(relays: &ObjectNamespace, hub: &str, number: u32, request: Request) -> Result<T> {
    let asked = relays.get_by_name(&relay::name(hub, number))?;
    let mut answer = match select(Box::pin(asked.fetch_with_request(request)), Delay::from(PATIENCE)).await {
        Either::Left((answer, _)) => answer?,
        Either::Right(_) => return Err("a relay takes too long to answer".into()),
    };
    if answer.status_code() != 200 {
        return Err(format!("a relay answered {}", answer.status_code()).into());
    }
    answer.json().await
}

impl FlagHub {
    /// The open sockets of all relays; `None` if a relay does not answer, or the deployment has none.
    pub(super) async fn sockets(&self) -> Option<u64> {
        let (relays, hub) = (self.env.durable_object("RELAY").ok()?, self.state.id().name()?);
        let mut count = 0;
        for number in 0..MOST_RELAYS {
            let request = Request::new(relay::SOCKETS, Method::Get).ok()?;
            let relay::Sockets { sockets, is_followed } = ask(&relays, &hub, number, request).await.ok()?;
            count += sockets as u64;
            if !is_followed {
                break;
            }
        }
        Some(count)
    }

    /// Tells the relays of the newest version, unless they know it. Nothing waits for them.
    pub(super) fn push(&self) {
        if self.pushes.0.is_under_way.get() || self.restoring.get() {
            return;
        }
        if let Err(problem) = self.begin_push() {
            console_error!("the relays were not told: {}", problem.why());
        }
    }

    fn begin_push(&self) -> Result<(), Problem> {
        let newest = self.store.newest()?;
        if self.pushes.0.told.get() == Some(newest) || self.store.access()? != Access::Write {
            return Ok(());
        }
        if pending(&self.store)?.is_none() {
            self.pushes.0.told.set(Some(newest));
            return Ok(());
        }
        // In the turn of the commit: the runtime keeps both or neither.
        self.arm()?;
        let (push, pushes, alarm) = (self.push_of()?, self.pushes.clone(), self.alarm_of()?);
        self.pushes.0.is_under_way.set(true);
        self.state.wait_until(async move {
            let ended = push.carry_out().await;
            pushes.0.is_under_way.set(false);
            let rest = ended.and_then(|()| alarm.arm(&push.store));
            if let Err(error) = rest {
                // The alarm tells them again.
                console_error!("the relays were not told: {error}");
            }
        });
        Ok(())
    }

    /// Tells the relays because the alarm found the job. Returns the reason if they could not be told.
    pub(super) async fn push_again(&self) -> Result<()> {
        if self.pushes.0.is_under_way.replace(true) {
            return Ok(());
        }
        let ended = match self.push_of() {
            Ok(push) => push.carry_out().await,
            Err(problem) => Err(problem.why().into()),
        };
        self.pushes.0.is_under_way.set(false);
        ended
    }

    /// Has all sockets told of the newest version: the store was replaced.
    pub(super) fn push_to_all(&self) -> Result<(), Problem> {
        let jobs = [job("", clock::now())];
        self.store
            .commit(self.store.newest()?, &Commit { jobs: &jobs, ..Commit::default() }, clock::now())?
            .map_err(|Conflict| Problem::conflict())?;
        self.pushes.0.told.set(None);
        Ok(())
    }

    /// A push of this hub. Fails if the runtime does not tell the object's name: without it the relays of another environment might be told.
    fn push_of(&self) -> Result<Push<store::HubStore>, Problem> {
        let hub = self.state.id().name().ok_or("the runtime does not tell the name of the hub's object").map_err(worker::Error::from)?;
        Ok(Push { env: self.env.clone(), store: store::open(&self.state), hub, pushes: self.pushes.clone() })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use control::{Allowed, Command, CommandOutcome, KeyCommand, KeyIdentity, KeyTerms, NewKey, NewKeySecret, Supplies, change::Actor};

    use super::{
        super::{
            ground::GroundCache,
            record::{Beside, write},
        },
        *,
    };
    use crate::store::sqlite::{Sqlite, database::tests::Memory};

    pub(in crate::hub) struct Hub {
        pub(in crate::hub) store: Sqlite<Memory>,
        ground: GroundCache,
    }

    impl Hub {
        /// A hub with a document, of which the relays were told.
        pub(in crate::hub) fn new() -> Self {
            let hub = Self { store: Sqlite::new(Memory::new()), ground: GroundCache::default() };
            let document = r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{"a":{"default":"on"}}}"#;
            let allowed = Allowed::default();
            hub.carry_out(&Command::Import { document: document.into(), state: control::rows::State::Keep, allowed });
            hub.told();
            hub
        }

        pub(in crate::hub) fn carry_out(&self, command: &Command) -> CommandOutcome {
            self.carry_out_with(command, Supplies::default())
        }

        fn carry_out_with(&self, command: &Command, supplies: Supplies) -> CommandOutcome {
            let by = Actor { role: "admin".into(), ..Actor::system("a test", Millis(7)) };
            let ground = self.ground.newest(&self.store).unwrap();
            let outcome = self.ground.execute(control::execute, &ground, &Rows::default(), command, supplies, &by);
            let outcome = outcome.unwrap_or_else(|_| panic!("{command:?}"));
            write(&self.store, &self.ground, ground, outcome, &by, Beside::default(), |_, _| Ok(String::new())).unwrap().1
        }

        fn told(&self) {
            let jobs = [(pending(&self.store).unwrap().unwrap(), None)];
            let commit = Commit { jobs: &jobs, ..Commit::default() };
            self.store.commit(self.store.newest().unwrap(), &commit, Millis(7)).unwrap().unwrap();
        }

        fn key(&self) -> StreamKey {
            StreamKey::from_hex(&self.store.stream_key().unwrap().unwrap()).unwrap()
        }

        /// The audience of what is not told yet.
        fn audience(&self) -> Audience {
            let since = pending(&self.store).unwrap().unwrap().payload.parse().ok();
            audience(&self.store, Some(self.key()), since, self.store.newest().unwrap()).unwrap()
        }

        /// The audience of operators and of these owners.
        fn owners(&self, tags: &[&str]) -> Audience {
            let mut tags: Vec<String> = tags.iter().map(|&tag| tag.to_owned()).chain([self.key().operators_tag()]).collect();
            tags.sort_unstable();
            Audience::Owners(tags)
        }

        fn set(&self, owner: OwnerKind, id: &str) {
            self.carry_out(&Command::Override { owner, id: id.to_owned(), tree: r#"{"a":"on"}"#.to_owned() });
        }
    }

    #[test]
    fn a_commit_leaves_one_job_that_names_the_version_told_last() {
        let hub = Hub::new();
        assert_eq!(pending(&hub.store).unwrap(), None);
        let told = hub.store.newest().unwrap();
        for _ in 0..2 {
            hub.carry_out(&Command::Kill { flag: "a".into() });
            hub.carry_out(&Command::Revive { flag: "a".into() });
            let jobs = hub.store.jobs(Some(&[JOB]), 9).unwrap();
            assert_eq!(jobs.iter().map(|(key, job)| (&*key.payload, job.due)).collect::<Vec<_>>(), [(&*told.to_string(), Millis(5_007))]);
        }
    }

    #[test]
    fn overrides_concern_their_owners_and_flags_everybody() {
        let hub = Hub::new();
        hub.set(OwnerKind::Customer, "c-1");
        let own = hub.key().owner_tag(OwnerKind::Customer, "c-1");
        assert_eq!(hub.audience(), hub.owners(&[&own]));
        hub.set(OwnerKind::Organization, "o-1");
        assert_eq!(hub.audience(), hub.owners(&[&own, &hub.key().owner_tag(OwnerKind::Organization, "o-1")]));
        hub.carry_out(&Command::Kill { flag: "a".into() });
        assert_eq!(hub.audience(), Audience::All);
    }

    #[test]
    fn a_revoked_client_key_is_told_with_the_change_that_revoked_it_and_with_a_replaced_store() {
        let hub = Hub::new();
        let revoked_since = |since| revoked(&hub.store, Some(since), hub.store.newest().unwrap()).unwrap();
        let before = hub.store.newest().unwrap();
        for (kind, id) in [(KeyKind::Client, "k-1"), (KeyKind::Client, "k-2"), (KeyKind::Server, "k-3")] {
            let secret = NewKeySecret::of(&format!("the text of {id}"), "");
            let terms = KeyTerms {
                kind,
                label: id.into(),
                origins: Vec::new(),
                tags: Vec::new(),
                identity: KeyIdentity::Open,
                signed_attributes: Vec::new(),
                expires_at: None,
                role: None,
            };
            let supplies = Supplies { new_key: Some(NewKey { id: id.into(), secret }), ..Supplies::default() };
            hub.carry_out_with(&Command::Key(KeyCommand::Create { terms }), supplies);
        }
        assert_eq!(revoked_since(before), [""; 0]);
        for id in ["k-1", "k-3"] {
            hub.carry_out(&Command::Key(KeyCommand::Revoke { id: id.into() }));
        }
        // The first half of the SHA-256 hash of "the text of k-1".
        let mark = "9fc1a6e13e65a4b16a07fd05dc9f236a";
        assert_eq!(revoked_since(before), [mark]);
        assert_eq!(hub.audience(), hub.owners(&[]));
        let after = hub.store.newest().unwrap();
        hub.carry_out(&Command::Kill { flag: "a".into() });
        assert_eq!(revoked_since(after), [""; 0]);
        assert_eq!(revoked_since("0a1b2c3d4e5f.1".parse().unwrap()), [mark]);
    }

    #[test]
    fn an_owner_is_told_of_another_organization() {
        let hub = Hub::new();
        hub.carry_out(&Command::Assign { customer: "c-1".into(), organization: Some("o-1".into()) });
        assert_eq!(hub.audience(), hub.owners(&[&hub.key().owner_tag(OwnerKind::Customer, "c-1")]));
    }

    #[test]
    fn everybody_is_told_of_another_epoch_and_of_more_owners_than_can_be_told_alone() {
        let hub = Hub::new();
        let (newest, key) = (hub.store.newest().unwrap(), Some(hub.key()));
        let other: Version = "0a1b2c3d4e5f.1".parse().unwrap();
        assert_eq!(audience(&hub.store, key, Some(other), newest).unwrap(), Audience::All);
        assert_eq!(audience(&hub.store, key, None, newest).unwrap(), Audience::All);
        assert_eq!(audience(&hub.store, None, Some(newest), newest).unwrap(), Audience::All);
        assert_eq!(audience(&hub.store, key, Some(newest), newest).unwrap(), Audience::Nobody);
        (0..=MOST_ROWS).for_each(|number| hub.set(OwnerKind::Customer, &number.to_string()));
        assert_eq!(hub.audience(), Audience::All);
    }
}
