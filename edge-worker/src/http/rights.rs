//! Decides which callers may call a route; no other module does.
//!
//! Each row of [`super::routes`] names the callers that it is open to. `rights.txt` is the same matrix written by hand, and tests compare
//! the two. On a route that is open to an organization's administrator or members, the hub answers them about their own organization
//! alone, because only the hub knows which organization a customer belongs to.
use super::routes::{Handler, HubHandler, PassedHandler, Route};
use crate::problem::Problem;

/// A kind of caller: a column of the matrix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CallerKind {
    /// A token of a program of the deployment's own.
    Service,
    /// A token of a person who runs the deployment.
    Admin,
    /// A token of a person on call: rollouts, kills and reads.
    Operator,
    /// A token that reads everything and changes nothing.
    Viewer,
    /// A token of a person who decides about the overrides of one organization.
    OrganizationAdmin,
    /// A token that reads what concerns one organization.
    Member,
    /// A token without a role.
    User,
    ServerKey,
    ClientKey,
    /// No credentials.
    Anyone,
}

impl CallerKind {
    /// The name in `rights.txt`; a role has the same name in a token.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
            Self::OrganizationAdmin => "organization_admin",
            Self::Member => "member",
            Self::User => "user",
            Self::ServerKey => "server",
            Self::ClientKey => "client",
            Self::Anyone => "anyone",
        }
    }

    /// Returns true if a token identifies the caller.
    const fn has_token(self) -> bool {
        match self {
            Self::Service | Self::Admin | Self::Operator | Self::Viewer | Self::OrganizationAdmin | Self::Member | Self::User => true,
            Self::ServerKey | Self::ClientKey | Self::Anyone => false,
        }
    }

    /// Returns true if a key identifies the caller.
    const fn has_key(self) -> bool {
        matches!(self, Self::ServerKey | Self::ClientKey)
    }
}

/// Refuses a caller to whom none of these routes is open.
pub(crate) fn check(routes: &[Route], caller: CallerKind) -> Result<(), Problem> {
    if routes.iter().any(|route| route.open_to.contains(&caller)) { Ok(()) } else { Err(Problem::wrong_credentials(&expected(routes))) }
}

/// Refuses a token that is for other environments than the one with this name.
pub(crate) fn check_reach(reach: &[String], environment: Option<&str>) -> Result<(), Problem> {
    if environment.is_some_and(|name| reach.iter().any(|listed| listed == name)) {
        Ok(())
    } else {
        let this = environment.map_or_else(|| "this environment".to_owned(), |name| format!("the environment {name:?}"));
        Err(Problem::wrong_credentials(&format!("a token for {this}")))
    }
}

/// Returns true for a caller who may read what a flag is for everybody.
pub(crate) const fn reads_all(caller: CallerKind) -> bool {
    match caller {
        CallerKind::Service | CallerKind::Admin | CallerKind::Operator | CallerKind::Viewer | CallerKind::ServerKey => true,
        CallerKind::OrganizationAdmin | CallerKind::Member | CallerKind::User | CallerKind::ClientKey | CallerKind::Anyone => false,
    }
}

/// Returns true for routes between two environments, whose handler checks the caller's reach to both.
pub(crate) fn spans(routes: &[Route]) -> bool {
    routes.iter().any(|route| route.handler == Handler::Passed(PassedHandler::Hub(HubHandler::CopyDefinitions)))
}

/// Returns true if these routes are open without credentials; then credentials are not read.
pub(crate) fn is_open(routes: &[Route]) -> bool {
    callers(routes).any(|caller| caller == CallerKind::Anyone)
}

/// Returns true if a key opens any of these routes. If none does, presented credentials are never read as a key.
pub(crate) fn takes_keys(routes: &[Route]) -> bool {
    callers(routes).any(CallerKind::has_key)
}

/// Returns true if a token opens any of these routes.
pub(crate) fn takes_tokens(routes: &[Route]) -> bool {
    callers(routes).any(CallerKind::has_token)
}

fn callers(routes: &[Route]) -> impl Iterator<Item = CallerKind> {
    routes.iter().flat_map(|route| route.open_to.iter().copied())
}

/// The credentials that would open these routes, in words.
fn expected(routes: &[Route]) -> String {
    if takes_keys(routes) {
        let opens = |kind| callers(routes).any(|caller| caller == kind);
        let expected = match (opens(CallerKind::ClientKey), opens(CallerKind::User)) {
            (true, true) => "a key or a token",
            (true, false) => "a key, or a token whose role reads everything",
            (false, _) => "a server key",
        };
        return expected.to_owned();
    }
    let mut names = Vec::new();
    for caller in callers(routes) {
        if !names.contains(&caller.as_str()) {
            names.push(caller.as_str());
        }
    }
    let last = names.pop().unwrap_or_default();
    if names.is_empty() { format!("the role {last}") } else { format!("the role {} or {last}", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::{
        super::routes::{ROUTES, When},
        *,
    };

    /// Written by hand, from the agreed rights and not from the table of routes.
    const MATRIX: &str = include_str!("../../rights.txt");

    const CALLERS: [CallerKind; 10] = [
        CallerKind::Service,
        CallerKind::Admin,
        CallerKind::Operator,
        CallerKind::Viewer,
        CallerKind::OrganizationAdmin,
        CallerKind::Member,
        CallerKind::User,
        CallerKind::ServerKey,
        CallerKind::ClientKey,
        CallerKind::Anyone,
    ];

    /// The name of a route, and for each caller true if it passes.
    type Row = (String, Vec<bool>);

    fn written() -> (Vec<&'static str>, Vec<Row>) {
        let mut lines = MATRIX.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let header = lines.next().unwrap().split_whitespace().skip(2).collect();
        let row = |line: &str| {
            let (name, cells) = line.split_at(line.find("  ").unwrap());
            (name.to_owned(), cells.split_whitespace().map(|cell| ["+", "own"].contains(&cell)).collect())
        };
        (header, lines.map(row).collect())
    }

    fn decided() -> Vec<Row> {
        let row = |route: &Route| {
            let case = match route.when {
                When::Always => "",
                When::Kill => " action=kill",
                When::Action => " action",
                When::DryRun => " dryRun",
            };
            let name = format!("{} {}{case}", route.method, route.path);
            let passes = CALLERS.map(|caller| is_open(std::slice::from_ref(route)) || check(std::slice::from_ref(route), caller).is_ok());
            (name, passes.to_vec())
        };
        ROUTES.iter().map(row).collect()
    }

    fn printed(rows: &[Row]) -> String {
        let mut out = format!("{:<54}{}\n", "", CALLERS.map(CallerKind::as_str).join(" "));
        for (name, passes) in rows {
            write!(out, "{name:<54}").unwrap();
            for (caller, passes) in CALLERS.iter().zip(passes) {
                write!(out, "{:<width$}", if *passes { "+" } else { "-" }, width = caller.as_str().len() + 1).unwrap();
            }
            out.push('\n');
        }
        out
    }

    #[test]
    fn every_right_is_the_one_in_rights_txt() {
        let (header, written) = written();
        println!("{}", printed(&decided()));
        assert_eq!(header, CALLERS.map(CallerKind::as_str));
        assert_eq!(printed(&decided()), printed(&written));
    }

    #[test]
    fn a_refusal_names_the_credentials_that_would_open_the_route() {
        let expected = |path: &str, method: &str| {
            let routes: Vec<Route> = ROUTES.iter().filter(|route| route.path == path && route.method == method).copied().collect();
            check(&routes, CallerKind::Anyone).unwrap_err().detail
        };
        assert_eq!(expected("/v1/evaluate", "POST"), "this needs a server key");
        assert_eq!(expected("/v1/program", "POST"), "this needs a key or a token");
        assert_eq!(expected("/demo/explain", "POST"), "this needs a key, or a token whose role reads everything");
        assert_eq!(expected("/api/admin/keys", "POST"), "this needs the role service or admin");
        assert_eq!(expected("/api/admin/rollout/pause", "POST"), "this needs the role service, admin or operator");
    }
}
