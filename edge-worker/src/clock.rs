//! The clock. Nothing else reads the runtime's time.
use sdk_core::Millis;
use worker::{Date, Request};

use crate::settings::Settings;

/// The request header that sets the time if `TEST_CLOCK` is `on`, in milliseconds since 1970.
pub(crate) const TOLD: &str = "twinflag-now";

/// The runtime's time. On Cloudflare it stands still while a request computes; elsewhere two readings of one turn may differ.
pub(crate) fn now() -> Millis {
    Millis(i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX))
}

/// The milliseconds since a moment; 0 if the clock was set back.
pub(crate) fn since(began: Millis) -> u64 {
    u64::try_from(now().0.saturating_sub(began.0)).unwrap_or_default()
}

/// The time in the request's header [`TOLD`] if `TEST_CLOCK` is `on`; otherwise, and if the header is absent or no number, [`now`].
pub(crate) fn told(request: &Request, settings: &Settings) -> Millis {
    told_by(request, settings).unwrap_or_else(now)
}

/// The milliseconds by which the time in the request's header [`TOLD`] is ahead of `now`; 0 if the request tells none, or may not.
pub(crate) fn ahead(request: &Request, settings: &Settings, now: Millis) -> i64 {
    told_by(request, settings).map_or(0, |told| told.0.saturating_sub(now.0))
}

fn told_by(request: &Request, settings: &Settings) -> Option<Millis> {
    if settings.has_test_clock { request.headers().get(TOLD).ok().flatten()?.parse().ok().map(Millis) } else { None }
}
