//! The only place that asks what time it is.
use sdk_core::Millis;
use worker::{Date, Request};

use crate::settings::Settings;

/// The request header that sets the time in tests: milliseconds since 1970.
pub(crate) const TOLD: &str = "twinflag-now";

/// Now, as the runtime tells it: workerd stops the clock while a request computes.
pub(crate) fn now() -> Millis {
    Millis(i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX))
}

/// Now; where a deployment is there to be tested (`TEST_CLOCK` is `on`), what the request says.
pub(crate) fn told(request: &Request, settings: &Settings) -> Millis {
    let told = || request.headers().get(TOLD).ok().flatten()?.parse().ok().map(Millis);
    if settings.has_test_clock { told().unwrap_or_else(now) } else { now() }
}
