//! Rate limits: the most requests of one subject a minute. Each isolate counts for itself, and does not count requests with server keys
//! that hold.
mod address;
mod limiter;
mod rates;

use std::cell::{OnceCell, RefCell};

use control::guard::Block;
use sdk_core::Millis;

pub(crate) use self::rates::{Rates, parse};
use self::{
    address::Blocks,
    limiter::{Limiter, RetryAfter, Subject},
};
use crate::{
    http::{asked::Asked, parts::Parts},
    problem::Problem,
};

struct Limits {
    admin: Limiter,
    read: Limiter,
    user: Limiter,
    client: ByAddress,
    failed: ByAddress,
}

/// Counts by the client's address, and an IPv6 client also by its site.
struct ByAddress {
    own: Limiter,
    sites: Limiter,
}

/// A site may send as many requests as this number of its networks: most of them have few clients, and a mobile provider's have one each.
const NETWORKS_OF_A_SITE: u32 = 4;

/// The most wrong break-glass tokens of one address in a minute.
const GUESSES: u32 = 5;

thread_local! {
    /// Set by the first request that is counted; `None` if `RATE_LIMITS` is `off`.
    static LIMITS: OnceCell<RefCell<Option<Limits>>> = const { OnceCell::new() };
    static WRONG: RefCell<ByAddress> = const { RefCell::new(ByAddress::new(GUESSES)) };
}

/// The block of the client's address that the guard counts by; `None` if the address is not known.
pub(crate) fn network(parts: &Parts<'_>) -> Option<Block> {
    address::known(parts).map(Block::of)
}

/// Counts a change by an administrator.
pub(crate) fn change(subject: &str, asked: &Asked<'_>) -> Result<(), Problem> {
    count(asked, |limits, now| Some(limits.admin.pass(Subject::named(subject), now)))
}

/// Counts a read by an administrator.
pub(crate) fn read(subject: &str, asked: &Asked<'_>) -> Result<(), Problem> {
    count(asked, |limits, now| Some(limits.read.pass(Subject::named(subject), now)))
}

/// Counts a request that its token has no right to: like one that it has the right to, because to refuse it costs work too.
pub(crate) fn refused(subject: &str, asked: &Asked<'_>) -> Result<(), Problem> {
    if matches!(asked.parts.method, "GET" | "HEAD") { read(subject, asked) } else { change(subject, asked) }
}

/// Counts an evaluation with a user's token.
pub(crate) fn user(subject: &str, asked: &Asked<'_>) -> Result<(), Problem> {
    count(asked, |limits, now| Some(limits.user.pass(Subject::named(subject), now)))
}

/// Counts a request with a client key by the client's address: anybody can have one.
pub(crate) fn client(asked: &Asked<'_>) -> Result<(), Problem> {
    count(asked, |limits, now| Some(limits.client.pass(address::of(asked.parts)?, now)))
}

/// The block of the client's address, as a number; `None` if `RATE_LIMITS` is `off`.
pub(crate) fn address_block(asked: &Asked<'_>) -> Option<u64> {
    asked.settings.rate_limits.0.and_then(|_| address::of(asked.parts)).map(|blocks| blocks.own.0)
}

/// Refuses a request whose key makes the isolate ask a hub, from an address that presented too many wrong ones: anybody can make up a text
/// in the form of a key. Counts nothing, because the key may be a new one.
pub(crate) fn unknown_key(asked: &Asked<'_>) -> Result<(), Problem> {
    limited(asked, |limits, now| Some(limits.failed.check(address::of(asked.parts)?, now))).map(drop)
}

/// Counts a request whose credentials do not hold, by the client's address. Other credentials from the same address go on to hold.
pub(crate) fn failed(asked: &Asked<'_>) -> Result<(), Problem> {
    limited(asked, |limits, now| Some(limits.failed.pass(address::of(asked.parts)?, now))).map(drop)
}

/// Counts a wrong break-glass token, by the client's address, also if `RATE_LIMITS` is `off`. The right one always passes: it cannot be
/// guessed, and nobody may lock its holder out.
pub(crate) fn guess(asked: &Asked<'_>) -> Result<(), Problem> {
    let Some(blocks) = address::of(asked.parts) else { return Ok(()) };
    if asked.known.is_counted.replace(true) {
        return Ok(());
    }
    let passed = WRONG.with_borrow_mut(|wrong| wrong.pass(blocks, asked.clock));
    passed.map_err(|RetryAfter(seconds)| Problem::rate_limited(seconds))
}

/// Counts a request by `pass`; does nothing if this request was counted already.
fn count(asked: &Asked<'_>, pass: impl FnOnce(&mut Limits, Millis) -> Option<Result<(), RetryAfter>>) -> Result<(), Problem> {
    if asked.known.is_counted.get() {
        return Ok(());
    }
    // A refused request stays uncounted, so that a second check of the same request refuses it again.
    asked.known.is_counted.set(limited(asked, pass)?);
    Ok(())
}

/// Asks the limits, if this deployment has any. `pass` returns `None` if the client's address was not read, and then the limits have
/// neither passed nor refused the request: its answer does not count. Returns false in that case alone.
fn limited(asked: &Asked<'_>, pass: impl FnOnce(&mut Limits, Millis) -> Option<Result<(), RetryAfter>>) -> Result<bool, Problem> {
    LIMITS.with(|limits| {
        let mut limits = limits.get_or_init(|| RefCell::new(asked.settings.rate_limits.0.map(Limits::of))).borrow_mut();
        let Some(limits) = limits.as_mut() else { return Ok(true) };
        match pass(limits, asked.clock) {
            None => Ok(false),
            Some(passed) => passed.map(|()| true).map_err(|RetryAfter(seconds)| Problem::rate_limited(seconds)),
        }
    })
}

impl Limits {
    const fn of(Rates { admin, read, user, client, failed }: Rates) -> Self {
        Self {
            admin: Limiter::new(admin),
            read: Limiter::new(read),
            user: Limiter::new(user),
            client: ByAddress::new(client),
            failed: ByAddress::new(failed),
        }
    }
}

impl ByAddress {
    const fn new(a_minute: u32) -> Self {
        Self { own: Limiter::new(a_minute), sites: Limiter::new(a_minute * NETWORKS_OF_A_SITE) }
    }

    /// Counts a request, or refuses it. A refused request does not count.
    fn pass(&mut self, blocks: Blocks, now: Millis) -> Result<(), RetryAfter> {
        self.check(blocks, now)?;
        if let Some(site) = blocks.site {
            self.sites.pass(site, now)?;
        }
        self.own.pass(blocks.own, now)
    }

    fn check(&self, Blocks { own, site }: Blocks, now: Millis) -> Result<(), RetryAfter> {
        if let Some(site) = site {
            self.sites.check(site, now)?;
        }
        self.own.check(own, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_networks_of_an_ipv6_site_share_a_limit() {
        let mut limit = ByAddress::new(5);
        let network = |number: u64| Blocks { own: Subject(0x2001_0db8_0001_0000 + number), site: Some(Subject(0x20_010d_b800_0100)) };
        let passed = |limit: &mut ByAddress, number| (0..9).filter(|_| limit.pass(network(number), Millis(1)).is_ok()).count();
        // Each of four networks as many as an address, and a fifth none.
        assert_eq!([0, 1, 2, 3, 4].map(|number| passed(&mut limit, number)), [5, 5, 5, 5, 0]);
        let elsewhere = Blocks { own: Subject(0x2001_0db8_0001_0100), site: Some(Subject(0x20_010d_b800_0101)) };
        assert_eq!(limit.pass(elsewhere, Millis(1)), Ok(()));
        // A look that counts nothing refuses a sixth one, too.
        assert!(limit.check(network(5), Millis(1)).is_err());
        assert_eq!(limit.check(elsewhere, Millis(1)), Ok(()));
    }

    #[test]
    fn a_request_that_a_network_may_not_send_does_not_count_for_its_site() {
        let mut limit = ByAddress::new(5);
        let blocks = |own| Blocks { own: Subject(own), site: Some(Subject(1)) };
        for _ in 0..100 {
            limit.pass(blocks(7), Millis(1)).ok();
        }
        assert_eq!(limit.pass(blocks(8), Millis(1)), Ok(()));
    }
}
