//! A deployment's settings: bindings that are text.
use worker::{Env, js_sys::Reflect};

/// The text bound to this name; `None` if the binding is absent or no text. A binding from an environment that lacks it is `null`,
/// on which [`Env::var`] throws.
pub(crate) fn text(env: &Env, binding: &str) -> Option<String> {
    let bound = Reflect::get(env.as_ref(), &binding.into()).ok()?.as_string()?;
    (!bound.is_empty()).then_some(bound)
}

/// Whether all flags are switched off: `FEATURE_FLAGS_ENABLED` is `false`.
pub(crate) fn is_off(env: &Env) -> bool {
    text(env, "FEATURE_FLAGS_ENABLED").is_some_and(|enabled| enabled.eq_ignore_ascii_case("false"))
}

/// Whether the deployment is one to try things out on: `DEMO` is `on`.
pub(crate) fn is_demo(env: &Env) -> bool {
    text(env, "DEMO").is_some_and(|demo| demo == "on")
}
