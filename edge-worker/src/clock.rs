//! The only place that asks what time it is.
use sdk_core::Millis;
use worker::Date;

/// Now, as the runtime tells it: workerd stops the clock while a request computes.
pub(crate) fn now() -> Millis {
    Millis(i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX))
}
