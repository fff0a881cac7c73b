//! A ruleset at one moment, asked for plain values.
use super::{
    evaluation::Evaluation,
    overrides::{ApplicableOverrides, Overrides},
    ruleset::Ruleset,
};
use crate::{
    context::Context,
    matching::millis::Millis,
    model::details::{FlagType, Value},
};

/// A ruleset bound to a moment and to overrides, asked for plain values; made by [`Ruleset::at`].
///
/// Each method answers the caller's default where the flag has no value for it: no flag has the key or alias, the flag has another
/// type, the context is refused, a unit is missing, or the answering step names the caller's default.
/// [`RulesetAt::evaluate`] says which.
///
/// ```
/// use sdk_core::{Context, Millis, compile};
///
/// let compiled = compile(
///     r#"{
///         "schema": "twinflag/1",
///         "bucketKey": "000102030405060708090a0b0c0d0e0f",
///         "flags": {
///             "new_checkout": { "rules": [{ "if": { "attribute": "plan", "op": "eq", "value": "pro" }, "serve": "on" }] },
///             "greeting": { "type": "string", "variants": { "plain": "Hello", "warm": "Welcome back" }, "on": "warm", "off": "plain" },
///             "page_size": { "type": "number", "variants": { "small": 20 }, "on": "small", "off": "small" },
///             "layout": { "type": "object", "variants": { "wide": { "columns": 3 } }, "on": "wide", "off": "wide" }
///         },
///         "overrides": { "customers": { "c-1": { "greeting": "warm" } } }
///     }"#,
///     None,
/// )?;
/// let flags = compiled.ruleset.at(Millis(1_762_128_000_000)).with_overrides(&compiled.overrides);
/// let context = Context::new().string("customerId", "c-1").string("plan", "pro");
///
/// assert!(flags.boolean("new_checkout", &context, false));
/// assert_eq!(flags.string("greeting", &context, "Hi"), "Welcome back");
/// assert_eq!(flags.number("page_size", &context, 50.0), 20.0);
/// assert_eq!(flags.object("layout", &context, "{}"), r#"{"columns":3}"#);
/// // No flag has this key, so the caller's default is the answer.
/// assert!(!flags.boolean("old_checkout", &context, false));
/// # Ok::<(), sdk_core::DocumentError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RulesetAt<'r> {
    ruleset: &'r Ruleset,
    overrides: Option<&'r Overrides>,
    now: Millis,
}

impl Ruleset {
    /// Binds the ruleset to a moment, which the caller's clock tells; without overrides until
    /// [`with_overrides`](RulesetAt::with_overrides) names some.
    pub const fn at(&self, now: Millis) -> RulesetAt<'_> {
        RulesetAt { ruleset: self, overrides: None, now }
    }
}

impl<'r> RulesetAt<'r> {
    /// Takes overrides into account: each question finds those of its own context. Overrides that were compiled for another
    /// ruleset are ignored.
    #[must_use]
    pub const fn with_overrides(self, overrides: &'r Overrides) -> Self {
        Self { overrides: Some(overrides), ..self }
    }

    /// Evaluates a flag of type `boolean`.
    pub fn boolean(&self, flag_key: &str, context: &Context, default: bool) -> bool {
        match self.evaluate(flag_key, context, Some(FlagType::Boolean)).value() {
            Some(Value::Boolean(value)) => value,
            Some(Value::String(_) | Value::Number(_) | Value::Object(_)) | None => default,
        }
    }

    /// Evaluates a flag of type `string`.
    pub fn string<'a>(&self, flag_key: &str, context: &Context, default: &'a str) -> &'a str
    where
        'r: 'a,
    {
        match self.evaluate(flag_key, context, Some(FlagType::String)).value() {
            Some(Value::String(text)) => text,
            Some(Value::Boolean(_) | Value::Number(_) | Value::Object(_)) | None => default,
        }
    }

    /// Evaluates a flag of type `number`; a flag's own value is finite and never -0.
    pub fn number(&self, flag_key: &str, context: &Context, default: f64) -> f64 {
        match self.evaluate(flag_key, context, Some(FlagType::Number)).value() {
            Some(Value::Number(number)) => number,
            Some(Value::Boolean(_) | Value::String(_) | Value::Object(_)) | None => default,
        }
    }

    /// Evaluates a flag of type `object`, whose value is an object or an array, as canonical JSON text (RFC 8785). The default is
    /// answered as it is given.
    pub fn object<'a>(&self, flag_key: &str, context: &Context, default: &'a str) -> &'a str
    where
        'r: 'a,
    {
        match self.evaluate(flag_key, context, Some(FlagType::Object)).value() {
            Some(Value::Object(json)) => json,
            Some(Value::Boolean(_) | Value::String(_) | Value::Number(_)) | None => default,
        }
    }

    /// Evaluates a flag and answers with its variant, reason, layer and error code; see [`Ruleset::evaluate`].
    pub fn evaluate(&self, flag_key: &str, context: &Context, requested: Option<FlagType>) -> Evaluation<'r> {
        let own = self.overrides.map_or(ApplicableOverrides::NONE, |overrides| overrides.of(context));
        self.ruleset.evaluate(own, flag_key, context, self.now, requested)
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        context::Context,
        document::{Compiled, compile},
        matching::millis::Millis,
    };

    const DOCUMENT: &str = r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{
        "b":{"aliases":["bee"],"rules":[{"if":{"attribute":"now","op":"gte","value":1000},"serve":"on"}]},
        "s":{"type":"string","variants":{"x":"ex","y":""},"on":"x","off":"y"},
        "n":{"type":"number","variants":{"x":1.5,"y":-2},"on":"x","off":"y"},
        "o":{"type":"object","variants":{"x":{"b":1,"a":[]},"y":[]},"on":"x","off":"y","default":null}},
        "overrides":{"customers":{"c":{"s":"x","o":"x"}},"organizations":{"o":{"s":"y","n":"x"}}}}"#;

    #[test]
    fn a_value_is_the_flags_or_else_the_callers() {
        let Compiled { ruleset, overrides, errors, .. } = compile(DOCUMENT, None).unwrap();
        assert_eq!(errors, []);
        let (flags, nobody) = (ruleset.at(Millis(1_000)).with_overrides(&overrides), Context::new());
        assert!(flags.boolean("b", &nobody, false) && flags.boolean("bee", &nobody, false));
        assert!(!ruleset.at(Millis(999)).boolean("b", &nobody, true));
        assert_eq!((flags.string("s", &nobody, "z"), flags.number("n", &nobody, 0.0)), ("", -2.0));
        assert_eq!(flags.object("o", &nobody, "{ }"), "{ }");
        for flag in ["b", "n", "o", "none"] {
            assert_eq!(flags.string(flag, &nobody, "z"), "z", "{flag}");
        }
        assert_eq!(flags.string("s", &Context::from_json("[]"), "z"), "z");
    }

    #[test]
    fn each_context_gets_the_overrides_of_its_own_owners() {
        let Compiled { ruleset, overrides, .. } = compile(DOCUMENT, None).unwrap();
        let (plain, flags) = (ruleset.at(Millis(0)), ruleset.at(Millis(0)).with_overrides(&overrides));
        let of = |customer: &str, organization: &str| Context::new().string("customerId", customer).string("organizationId", organization);
        assert_eq!(flags.string("s", &of("c", "o"), "z"), "ex");
        assert_eq!(flags.object("o", &of("c", "o"), "{}"), r#"{"a":[],"b":1}"#);
        assert_eq!((flags.string("s", &of("d", "o"), "z"), flags.number("n", &of("d", "o"), 0.0)), ("", 1.5));
        assert_eq!((plain.string("s", &of("d", "o"), "z"), plain.number("n", &of("d", "o"), 0.0)), ("", -2.0));
    }
}
