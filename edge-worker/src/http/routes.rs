//! Every route that is served, on one screen. The worker and the hub read this table; no other list of paths exists.
use control::Section;
use matchit::Router;
use serde::Deserialize;

use crate::query::Query;

use super::rights::CallerKind::{self, Admin, Anyone, ClientKey, Member, Operator, OrganizationAdmin, ServerKey, Service, User, Viewer};

/// One method of one path; if rights or limits depend on the body or the query, one case of it.
#[derive(Clone, Copy)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// The requests that the row applies to.
    pub(crate) when: When,
    /// The parameters of the query besides `environment`, of operators' routes; the other routes read theirs themselves.
    pub(crate) query: &'static [&'static str],
    pub(crate) open_to: &'static [CallerKind],
    pub(crate) limit: Limit,
    pub(crate) audience: Audience,
    pub(crate) handler: Handler,
}

/// The case of a row, which the request's body or its query decides. If several rows fit a request, the first applies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum When {
    Always,
    /// The body's `action` is `kill`.
    Kill,
    /// The body has an `action`.
    Action,
    /// The query has `dryRun=true`.
    DryRun,
}

/// The rate limit that counts a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Limit {
    /// No limit: the request takes something back, pauses it or switches it off, or costs nothing.
    Never,
    /// Counts evaluations: with a client key by the client's address, with a token by its subject, with a server key not at all.
    Evaluation,
    /// Counts an operator's reads, by the subject of the token.
    Read,
    /// Counts an operator's changes, by the subject of the token.
    Change,
}

/// The audience of a route. It decides which caches may keep the answer and which origins may read it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Audience {
    /// Pages, also those of other origins: the browser keeps an answer and asks each time if it still holds.
    Pages,
    /// Servers: no cache keeps an answer.
    Programs,
    /// Monitors, and the pages of operators: no cache keeps an answer.
    Monitors,
    /// Operators: no cache keeps an answer, and pages of other origins are refused unless `ADMIN_ORIGINS` lists them.
    Operators,
    /// Browsers that load the pages of this server.
    Visitors,
}

/// The handler of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Handler {
    /// Answers from what the isolate holds, without the runtime.
    Held(HeldHandler),
    /// Needs the runtime.
    Passed(PassedHandler),
}

/// A handler that needs only what the isolate holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HeldHandler {
    OfrepFlag,
    OfrepFlags,
    Program,
    Widget,
    Evaluate,
    Health,
    Version,
    SignIn,
}

/// A handler that asks the hub or reads a file of the worker's pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PassedHandler {
    Ruleset,
    Overrides,
    Outcomes,
    Explain,
    ExportDocument,
    Cache,
    Metrics,
    ListEnvironments,
    Hub(HubHandler),
    BackUp,
    Restore,
    RestorePieces,
    ImportOverrides,
    Demo,
    DemoExplain,
    Me,
    Dashboard,
    Asset,
    Watch,
    WatchEvents,
    WatchChanges,
    Start,
}

/// A handler in the hub, to which the worker passes the request on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HubHandler {
    ImportDocument,
    ListDefinitions(Section),
    ShowDefinition(Section),
    ChangeDefinition(Section),
    RestoreFlag,
    ListFeatures,
    ChangeFeature,
    ListOverrides,
    ChangeOverrides,
    ExportOverrides,
    ShowImport,
    ListCustomers,
    AssignCustomer,
    ListKeys,
    CreateKey,
    RotateKey,
    RevokeKey,
    ListTokens,
    CreateToken,
    RevokeToken,
    Rollout(Verb),
    ListChanges,
    ErasePayload,
    RevertChange,
    VerifyChanges,
    ListVersions,
    ListEvents,
    ListStats,
    ListUnknownNames,
    CopyDefinitions,
    CreateEnvironment,
    RemoveEnvironment,
    RenewEpoch,
    RestorePoint,
    ListJobs,
    ListSchedules,
    ShowSchedule,
    AddSchedules,
    CancelSchedule,
    ListWebhooks,
    CreateWebhook,
    ChangeWebhook,
    RemoveWebhook,
    TestWebhook,
    ListDeliveries,
}

/// A command on a rollout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verb {
    Create,
    Start,
    Advance,
    Pause,
    Resume,
    Complete,
    Percentage,
    Guard,
    Rollback,
    Lists,
}

const ANYONE: &[CallerKind] = &[Anyone];
const KEYS_AND_TOKENS: &[CallerKind] =
    &[ServerKey, ClientKey, Service, CallerKind::Admin, Operator, Viewer, OrganizationAdmin, Member, User];
/// [`KEYS_AND_TOKENS`] without the people who ask only about themselves: an explanation tells more than an answer does.
const KEYS_AND_READERS: &[CallerKind] = &[ServerKey, ClientKey, Service, CallerKind::Admin, Operator, Viewer];
const SERVERS: &[CallerKind] = &[ServerKey];
const KEYS: &[CallerKind] = &[ServerKey, ClientKey];
const ADMINS: &[CallerKind] = &[Service, Admin];
const OPERATORS: &[CallerKind] = &[Service, Admin, Operator];
const READERS: &[CallerKind] = &[Service, Admin, Operator, Viewer];
/// [`READERS`], and an organization's people, who see only what is theirs.
const READERS_AND_OWN: &[CallerKind] = &[Service, Admin, Operator, Viewer, OrganizationAdmin, Member];
/// [`ADMINS`], and an organization's administrator, who changes only what is theirs.
const ADMINS_AND_OWN: &[CallerKind] = &[Service, Admin, OrganizationAdmin];

const EVALUATION: Row = Row(KEYS_AND_TOKENS, Limit::Evaluation, Audience::Pages);
const SERVER: Row = Row(SERVERS, Limit::Evaluation, Audience::Programs);
const READ: Row = Row(READERS, Limit::Read, Audience::Operators);
const READ_OWN: Row = Row(READERS_AND_OWN, Limit::Read, Audience::Operators);
const STEER: Row = Row(OPERATORS, Limit::Change, Audience::Operators);
const EMERGENCY: Row = Row(OPERATORS, Limit::Never, Audience::Operators);
const ADMINISTER: Row = Row(ADMINS, Limit::Change, Audience::Operators);
/// A change that is only tried: it stores nothing, and costs the hub as much as the change.
const TRY: Row = Row(READERS, Limit::Change, Audience::Operators);
const CHANGE_OWN: Row = Row(ADMINS_AND_OWN, Limit::Change, Audience::Operators);
const MONITOR: Row = Row(ANYONE, Limit::Never, Audience::Monitors);
const PAGE: Row = Row(ANYONE, Limit::Never, Audience::Visitors);

/// The parameters of a change of one definition.
const DEFINITION: &[&str] = &["remove", "reason"];

/// The parameters of an import.
const IMPORT: &[&str] = &["state", "dryRun", "partial", "remove", "overwrite", "seen", "newEnvironment", "newBucketKey", "reason"];

/// All routes. The rows of a path stand together, for [`find`] returns them as one slice.
pub(crate) const ROUTES: &[Route] = &[
    EVALUATION.on("POST", "/ofrep/v1/evaluate/flags/{key}", Handler::Held(HeldHandler::OfrepFlag)),
    EVALUATION.on("POST", "/ofrep/v1/evaluate/flags", Handler::Held(HeldHandler::OfrepFlags)),
    EVALUATION.on("POST", "/v1/program", Handler::Held(HeldHandler::Program)),
    EVALUATION.on("GET", "/api/widget/config", Handler::Held(HeldHandler::Widget)),
    EVALUATION.on("GET", "/v1/watch", passed(PassedHandler::Watch)),
    // The token stands in the query. Its handler counts the request by the client's address.
    Row(ANYONE, Limit::Never, Audience::Pages).on("GET", "/v1/watch/events", passed(PassedHandler::WatchEvents)),
    SERVER.on("POST", "/v1/evaluate", Handler::Held(HeldHandler::Evaluate)),
    SERVER.on("GET", "/v1/ruleset", passed(PassedHandler::Ruleset)),
    SERVER.on("POST", "/v1/overrides", passed(PassedHandler::Overrides)),
    Row(KEYS, Limit::Evaluation, Audience::Pages).on("POST", "/v1/outcomes", passed(PassedHandler::Outcomes)),
    READ.on("POST", "/v1/explain", passed(PassedHandler::Explain)),
    READ.on("GET", "/api/admin/document", passed(PassedHandler::ExportDocument)).query(&["version"]),
    TRY.on("PUT", "/api/admin/document", hub(HubHandler::ImportDocument)).when(When::DryRun).query(IMPORT),
    ADMINISTER.on("PUT", "/api/admin/document", hub(HubHandler::ImportDocument)).query(IMPORT),
    READ.on("GET", "/api/admin/flags", hub(HubHandler::ListDefinitions(Section::Flags))).query(&["after", "limit", "archived"]),
    READ.on("GET", "/api/admin/flags/{key}", hub(HubHandler::ShowDefinition(Section::Flags))),
    ADMINISTER.on("PUT", "/api/admin/flags/{key}", hub(HubHandler::ChangeDefinition(Section::Flags))).query(DEFINITION),
    ADMINISTER.on("PATCH", "/api/admin/flags/{key}", hub(HubHandler::ChangeDefinition(Section::Flags))).query(DEFINITION),
    ADMINISTER.on("DELETE", "/api/admin/flags/{key}", hub(HubHandler::ChangeDefinition(Section::Flags))).query(DEFINITION),
    ADMINISTER.on("POST", "/api/admin/flags/{key}/restore", hub(HubHandler::RestoreFlag)),
    READ.on("GET", "/api/admin/segments", hub(HubHandler::ListDefinitions(Section::Segments))).query(&["after", "limit"]),
    READ.on("GET", "/api/admin/segments/{name}", hub(HubHandler::ShowDefinition(Section::Segments))),
    ADMINISTER.on("PUT", "/api/admin/segments/{name}", hub(HubHandler::ChangeDefinition(Section::Segments))).query(DEFINITION),
    ADMINISTER.on("PATCH", "/api/admin/segments/{name}", hub(HubHandler::ChangeDefinition(Section::Segments))).query(DEFINITION),
    ADMINISTER.on("DELETE", "/api/admin/segments/{name}", hub(HubHandler::ChangeDefinition(Section::Segments))).query(DEFINITION),
    READ_OWN.on("GET", "/api/admin/feature-flags", hub(HubHandler::ListFeatures)).query(&["customerId", "organizationId", "featureName"]),
    EMERGENCY.on("POST", "/api/admin/feature-flags", hub(HubHandler::ChangeFeature)).when(When::Kill),
    STEER.on("POST", "/api/admin/feature-flags", hub(HubHandler::ChangeFeature)).when(When::Action),
    CHANGE_OWN.on("POST", "/api/admin/feature-flags", hub(HubHandler::ChangeFeature)),
    READ_OWN.on("GET", "/api/admin/overrides", hub(HubHandler::ListOverrides)).query(&[
        "customerId",
        "organizationId",
        "kind",
        "withoutFlag",
        "after",
        "limit",
    ]),
    CHANGE_OWN.on("POST", "/api/admin/overrides", hub(HubHandler::ChangeOverrides)),
    CHANGE_OWN.on("DELETE", "/api/admin/overrides", hub(HubHandler::ChangeOverrides)).query(&["customerId", "organizationId", "reason"]),
    READ.on("GET", "/api/admin/overrides/export", hub(HubHandler::ExportOverrides)).query(&["kind", "flag", "after", "version"]),
    // The limit counts the requests of an import, and not their lines.
    ADMINISTER.on("POST", "/api/admin/overrides/import", passed(PassedHandler::ImportOverrides)).query(&[
        "import",
        "mode",
        "onError",
        "from",
        "dryRun",
        "reason",
        "changedBy",
    ]),
    READ.on("GET", "/api/admin/overrides/import/{id}", hub(HubHandler::ShowImport)),
    READ_OWN.on("GET", "/api/admin/customers", hub(HubHandler::ListCustomers)).query(&["customerId", "after", "limit"]),
    // A customer's organization decides which organization's administrator may change the customer's overrides.
    ADMINISTER.on("POST", "/api/admin/customers", hub(HubHandler::AssignCustomer)),
    READ.on("GET", "/api/admin/keys", hub(HubHandler::ListKeys)),
    ADMINISTER.on("POST", "/api/admin/keys", hub(HubHandler::CreateKey)),
    ADMINISTER.on("DELETE", "/api/admin/keys/{id}", hub(HubHandler::RevokeKey)).query(&["reason"]),
    ADMINISTER.on("POST", "/api/admin/keys/{id}/rotate", hub(HubHandler::RotateKey)),
    READ.on("GET", "/api/admin/tokens", hub(HubHandler::ListTokens)),
    ADMINISTER.on("POST", "/api/admin/tokens", hub(HubHandler::CreateToken)),
    ADMINISTER.on("DELETE", "/api/admin/tokens/{id}", hub(HubHandler::RevokeToken)).query(&["reason"]),
    STEER.on("POST", "/api/admin/rollout/create", hub(HubHandler::Rollout(Verb::Create))),
    STEER.on("POST", "/api/admin/rollout/start", hub(HubHandler::Rollout(Verb::Start))),
    STEER.on("POST", "/api/admin/rollout/advance", hub(HubHandler::Rollout(Verb::Advance))),
    EMERGENCY.on("POST", "/api/admin/rollout/pause", hub(HubHandler::Rollout(Verb::Pause))),
    STEER.on("POST", "/api/admin/rollout/resume", hub(HubHandler::Rollout(Verb::Resume))),
    STEER.on("POST", "/api/admin/rollout/complete", hub(HubHandler::Rollout(Verb::Complete))),
    STEER.on("POST", "/api/admin/rollout/percentage", hub(HubHandler::Rollout(Verb::Percentage))),
    STEER.on("POST", "/api/admin/rollout/guard", hub(HubHandler::Rollout(Verb::Guard))),
    EMERGENCY.on("POST", "/api/admin/rollout/rollback", hub(HubHandler::Rollout(Verb::Rollback))),
    STEER.on("POST", "/api/admin/rollout/lists", hub(HubHandler::Rollout(Verb::Lists))),
    READ_OWN.on("GET", "/api/admin/changes", hub(HubHandler::ListChanges)).query(&[
        "flag",
        "customerId",
        "organizationId",
        "action",
        "changedBy",
        "version",
        "before",
        "limit",
    ]),
    READ.on("GET", "/api/admin/changes/verify", hub(HubHandler::VerifyChanges)).query(&["full", "wait"]),
    ADMINISTER.on("DELETE", "/api/admin/changes/{id}/payload", hub(HubHandler::ErasePayload)).query(&["reason"]),
    ADMINISTER.on("POST", "/api/admin/changes/{id}/revert", hub(HubHandler::RevertChange)).query(&["dryRun"]),
    READ.on("GET", "/api/admin/versions", hub(HubHandler::ListVersions)).query(&["before", "limit"]),
    READ.on("GET", "/api/admin/events", hub(HubHandler::ListEvents)).query(&[
        "featureName",
        "customerId",
        "event",
        "before",
        "after",
        "limit",
    ]),
    READ.on("GET", "/api/admin/stats", hub(HubHandler::ListStats)).query(&["featureName", "hours"]),
    READ.on("GET", "/api/admin/unknown-flags", hub(HubHandler::ListUnknownNames)),
    READ.on("GET", "/api/admin/environments", passed(PassedHandler::ListEnvironments)),
    ADMINISTER.on("POST", "/api/admin/environments", hub(HubHandler::CreateEnvironment)),
    // A token needs the right to both environments, which its handler checks.
    ADMINISTER.on("POST", "/api/admin/environments/copy", hub(HubHandler::CopyDefinitions)).query(&["dryRun", "remove"]),
    ADMINISTER.on("DELETE", "/api/admin/environments/{name}", hub(HubHandler::RemoveEnvironment)).query(&["reason"]),
    READ.on("GET", "/api/admin/watch", passed(PassedHandler::WatchChanges)),
    READ.on("GET", "/api/admin/jobs", hub(HubHandler::ListJobs)).query(&["limit"]),
    READ.on("GET", "/api/admin/schedules", hub(HubHandler::ListSchedules)).query(&["flag", "limit"]),
    STEER.on("POST", "/api/admin/schedules", hub(HubHandler::AddSchedules)),
    READ.on("GET", "/api/admin/schedules/{id}", hub(HubHandler::ShowSchedule)),
    EMERGENCY.on("DELETE", "/api/admin/schedules/{id}", hub(HubHandler::CancelSchedule)).query(&["reason"]),
    READ.on("GET", "/api/admin/webhooks", hub(HubHandler::ListWebhooks)),
    ADMINISTER.on("POST", "/api/admin/webhooks", hub(HubHandler::CreateWebhook)),
    ADMINISTER.on("PUT", "/api/admin/webhooks/{id}", hub(HubHandler::ChangeWebhook)),
    ADMINISTER.on("DELETE", "/api/admin/webhooks/{id}", hub(HubHandler::RemoveWebhook)).query(&["reason"]),
    ADMINISTER.on("POST", "/api/admin/webhooks/{id}/test", hub(HubHandler::TestWebhook)),
    READ.on("GET", "/api/admin/webhooks/{id}/deliveries", hub(HubHandler::ListDeliveries)).query(&["limit"]),
    READ.on("GET", "/api/admin/cache", passed(PassedHandler::Cache)),
    ADMINISTER.on("DELETE", "/api/admin/cache", passed(PassedHandler::Cache)),
    // A backup holds the secrets by which identities are signed.
    ADMINISTER.on("GET", "/api/admin/backup", passed(PassedHandler::BackUp)).query(&["after", "bytes"]),
    ADMINISTER.on("POST", "/api/admin/restore", passed(PassedHandler::Restore)).query(&["replace", "from", "reason"]),
    ADMINISTER.on("GET", "/api/admin/restore/pieces", passed(PassedHandler::RestorePieces)),
    ADMINISTER.on("POST", "/api/admin/restore/pieces", passed(PassedHandler::RestorePieces)).query(&["replace", "from", "reason"]),
    // A restore of a large hub has many pieces.
    Row(ADMINS, Limit::Read, Audience::Operators).on("PUT", "/api/admin/restore/pieces/{id}", passed(PassedHandler::RestorePieces)),
    ADMINISTER.on("DELETE", "/api/admin/restore/pieces/{id}", passed(PassedHandler::RestorePieces)),
    ADMINISTER.on("POST", "/api/admin/restore/point", hub(HubHandler::RestorePoint)),
    ADMINISTER.on("POST", "/api/admin/epoch", hub(HubHandler::RenewEpoch)),
    Row(OPERATORS, Limit::Read, Audience::Operators).on("GET", "/metrics", passed(PassedHandler::Metrics)),
    MONITOR.on("GET", "/health", Handler::Held(HeldHandler::Health)),
    MONITOR.on("GET", "/version", Handler::Held(HeldHandler::Version)),
    PAGE.on("GET", "/", passed(PassedHandler::Start)),
    PAGE.on("GET", "/openapi.json", passed(PassedHandler::Asset)),
    PAGE.on("GET", "/demo", passed(PassedHandler::Demo)),
    Row(KEYS_AND_READERS, Limit::Evaluation, Audience::Visitors).on("POST", "/demo/explain", passed(PassedHandler::DemoExplain)),
    PAGE.on("GET", "/demo/{file}", passed(PassedHandler::Asset)),
    READ_OWN.on("GET", "/api/admin/me", passed(PassedHandler::Me)),
    PAGE.on("GET", "/dashboard/admin/feature-flags", passed(PassedHandler::Dashboard)),
    PAGE.on("GET", "/dashboard/sign-in", Handler::Held(HeldHandler::SignIn)),
    PAGE.on("GET", "/dashboard/{file}", passed(PassedHandler::Asset)),
];

const fn passed(handler: PassedHandler) -> Handler {
    Handler::Passed(handler)
}

const fn hub(handler: HubHandler) -> Handler {
    passed(PassedHandler::Hub(handler))
}

/// The columns that several rows share.
struct Row(&'static [CallerKind], Limit, Audience);

impl Row {
    const fn on(self, method: &'static str, path: &'static str, handler: Handler) -> Route {
        let Self(open_to, limit, audience) = self;
        Route { method, path, when: When::Always, query: &[], open_to, limit, audience, handler }
    }
}

impl Route {
    const fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    const fn query(mut self, query: &'static [&'static str]) -> Self {
        self.query = query;
        self
    }

    /// All parameters that an operators' route takes in its query. What is about several environments is in none of them.
    pub(crate) fn parameters(&self) -> Vec<&'static str> {
        let is_about_several =
            matches!(self.handler, Handler::Passed(PassedHandler::ListEnvironments | PassedHandler::Hub(HubHandler::CopyDefinitions)));
        self.query.iter().copied().chain((!is_about_several).then_some("environment")).collect()
    }
}

thread_local! {
    /// For each path, the place of its first row.
    static ROUTER: Router<usize> = ROUTES.iter().enumerate().fold(Router::new(), |mut router, (place, route)| {
        // The router refuses the second row of a path, which `find` finds through the first. A test finds paths that exclude each other.
        router.insert(route.path, place).ok();
        router
    });
}

/// A path that is served.
pub(crate) struct Served {
    /// The rows of the path.
    pub(crate) routes: &'static [Route],
    /// The parameter of the path, as the client spelled it; empty if the path has none.
    pub(crate) parameter: String,
}

/// The rows of a path; `None` if it is not served.
pub(crate) fn find(path: &str) -> Option<Served> {
    ROUTER.with(|router| {
        let found = router.at(path).ok()?;
        let rest = ROUTES.get(*found.value..)?;
        let first = rest.first()?;
        let count = rest.iter().take_while(|route| route.path == first.path).count();
        let parameter = found.params.iter().next().map(|(_, value)| value.to_owned()).unwrap_or_default();
        Some(Served { routes: rest.get(..count)?, parameter })
    })
}

impl Served {
    pub(crate) fn audience(&self) -> Audience {
        self.routes.first().map_or(Audience::Programs, |route| route.audience)
    }

    /// The rows of a method, with HEAD as GET; empty if the path has no such method.
    pub(crate) fn of(&self, method: &str) -> &'static [Route] {
        let method = if method == "HEAD" { "GET" } else { method };
        let start = self.routes.iter().take_while(|route| route.method != method).count();
        let rest = self.routes.get(start..).unwrap_or_default();
        rest.get(..rest.iter().take_while(|route| route.method == method).count()).unwrap_or_default()
    }

    /// The methods of the path, as `Allow` names them.
    pub(crate) fn methods(&self) -> String {
        let mut methods = String::new();
        for (index, route) in self.routes.iter().enumerate() {
            if index == 0 || self.routes.get(index - 1).is_some_and(|before| before.method != route.method) {
                methods.push_str(route.method);
                methods.push_str(if route.method == "GET" { ", HEAD, " } else { ", " });
            }
        }
        methods + "OPTIONS"
    }
}

/// Returns true if the body of a request decides between these rows.
pub(crate) fn depend_on_body(routes: &[Route]) -> bool {
    routes.iter().any(|route| matches!(route.when, When::Kill | When::Action))
}

/// The row for a request with this URL and this body, among the rows of its method and path.
pub(crate) fn choose(routes: &'static [Route], url: &str, body: &str) -> Option<&'static Route> {
    #[derive(Deserialize)]
    struct Change {
        action: Option<String>,
    }
    // A body that cannot be read has no action here, and none in the hub, which refuses it. serde would read a struct from an array, too.
    let action = || serde_json::from_str(body).ok().and_then(|Change { action }| action).filter(|_| body.trim_start().starts_with('{'));
    let action = depend_on_body(routes).then(action).flatten();
    routes.iter().find(|route| match route.when {
        When::Always => true,
        When::Kill => action.as_deref() == Some("kill"),
        When::Action => action.is_some(),
        // The hub reads the parameter by the same function: what it does not take for a dry run has no such row.
        When::DryRun => Query::any(url).and_then(|query| query.flag("dryRun")).is_ok_and(|is_dry_run| is_dry_run),
    })
}

#[cfg(test)]
mod tests;
