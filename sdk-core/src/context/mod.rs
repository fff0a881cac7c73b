//! Evaluation contexts: the attributes of the visitor for whom flags are evaluated.
use alloc::{boxed::Box, string::String, vec::Vec};
use core::fmt;

mod attribute;
mod check;
pub(crate) mod index;
mod read;
#[cfg(test)]
mod tests;
pub(crate) mod unit;
pub(crate) mod value;
mod write;

pub use attribute::AttributeValue;
use check::Size;
pub(crate) use check::is_context;
pub use check::{MAX_CONTEXT_DEPTH, MAX_CONTEXT_ITEMS, MAX_CONTEXT_MEMBERS, MAX_CONTEXT_TEXT};
pub(crate) use write::write_value;

/// An evaluation context: attributes by name, each a string, a number, a boolean, a list, an object or null, which is absence.
///
/// `customerId`, `organizationId`, `userId`, `sessionId` and `targetingKey` are ordinary attributes with reserved names; an
/// attribute called `now` is ignored. Setting an attribute again replaces its value.
///
/// A context that cannot be used is *refused*: [`Context::refusal`] says why, it has no attributes, it stays refused whatever is
/// added to it, and every flag answers [`ErrorCode::InvalidContext`](crate::ErrorCode::InvalidContext) for it.
///
/// ```
/// use sdk_core::Context;
///
/// let context = Context::new()
///     .string("customerId", "c-1")
///     .number("age", 42.0)
///     .boolean("beta", true)
///     .list("tags", ["a", "b"])
///     .object("geo", Context::new().string("region", "EU"));
/// assert_eq!(context.refusal(), None);
/// assert_eq!(context, Context::from_json(r#"{"age":42,"beta":true,"customerId":"c-1","geo":{"region":"EU"},"tags":["a","b"]}"#));
/// ```
#[derive(Clone, Default)]
pub struct Context {
    /// Pairs of name and value in the form of [`value`], no name twice; none in a refused context.
    members: Vec<u8>,
    size: Size,
    /// The [`bit`] of each attribute's name; other bits may be set too.
    names: u64,
    refusal: Option<Box<str>>,
}

/// The bytes that a context allocates at its first attribute.
const FIRST_ROOM: usize = 96;

/// Returns true if a name is a dotted path into this attribute.
pub(crate) fn leads_into(name: &[u8], attribute: &str) -> bool {
    name.strip_prefix(attribute.as_bytes()).is_some_and(|rest| rest.starts_with(b"."))
}

impl Context {
    /// A context without attributes.
    pub const fn new() -> Self {
        Self { members: Vec::new(), size: Size::NONE, names: 0, refusal: None }
    }

    /// A context without attributes that has room for `bytes` bytes of names and values.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { members: Vec::with_capacity(bytes), ..Self::new() }
    }

    /// Reads a context from JSON text. Text that is no JSON object, or goes beyond a limit, gives a refused context.
    ///
    /// If a member stands twice in one object, the last counts; the value that it replaces is not checked.
    ///
    /// ```
    /// use sdk_core::Context;
    ///
    /// assert_eq!(Context::from_json(r#"{"plan":1e999,"plan":"pro"}"#), Context::new().string("plan", "pro"));
    /// assert_eq!(Context::from_json("[1]").refusal(), Some("not an object"));
    /// ```
    pub fn from_json(text: &str) -> Self {
        match read::read(text) {
            Ok((members, size)) => Self { members, size, names: u64::MAX, refusal: None },
            Err(why) => Self { refusal: Some(why), ..Self::new() },
        }
    }

    /// Takes a context in the byte form of [`Context::encoded`], as the client writes it in a page. Bytes that are anything else
    /// give a refused context.
    pub fn from_encoded(members: Vec<u8>) -> Self {
        Self { members, ..Self::new() }.checked()
    }

    /// Sets a string attribute; U+0000 in it makes the context a refused one.
    #[must_use]
    #[inline] // so that the context is not moved
    pub fn string(mut self, name: &str, text: &str) -> Self {
        self.set_string(name, text);
        self
    }

    /// Sets a number attribute; one that is not finite makes the context a refused one.
    #[must_use]
    pub fn number(mut self, name: &str, number: f64) -> Self {
        if !number.is_finite() {
            return self.attribute(name, number);
        }
        self.set_scalar(name, "", |out| value::push_number(out, number));
        self
    }

    /// Sets a boolean attribute.
    #[must_use]
    pub fn boolean(mut self, name: &str, boolean: bool) -> Self {
        self.set_scalar(name, "", |out| out.push(if boolean { value::TRUE } else { value::FALSE }));
        self
    }

    /// Sets a list attribute.
    ///
    /// ```
    /// use sdk_core::Context;
    ///
    /// let groups = vec![String::from("staff")];
    /// let context = Context::new().list("sizes", (1..4).map(f64::from)).list("groups", groups.iter().map(String::as_str));
    /// assert_eq!(context.to_json(), r#"{"groups":["staff"],"sizes":[1,2,3]}"#);
    /// ```
    #[must_use]
    pub fn list(self, name: &str, items: impl IntoIterator<Item = impl Into<AttributeValue>>) -> Self {
        self.attribute(name, items.into_iter().map(Into::into).collect::<Vec<AttributeValue>>())
    }

    /// Sets a nested object, itself built as a context; a refused one makes this context a refused one.
    ///
    /// ```
    /// use sdk_core::Context;
    ///
    /// let context = Context::new().object("geo", Context::new().string("region", "EU"));
    /// assert_eq!(context.to_json(), r#"{"geo":{"region":"EU"}}"#);
    /// ```
    #[must_use]
    pub fn object(self, name: &str, object: Self) -> Self {
        self.attribute(name, object)
    }

    /// Sets an attribute of any kind.
    #[must_use]
    pub fn attribute(self, name: &str, value: impl Into<AttributeValue>) -> Self {
        let value = value.into();
        self.set(name, |out| value.write(out, MAX_CONTEXT_DEPTH - 1))
    }

    /// A context with these attributes alone; a refused context stays refused.
    #[must_use]
    pub fn only(&self, names: &[&str]) -> Self {
        self.filtered(|name| names.iter().any(|wanted| wanted.as_bytes() == name))
    }

    /// A context without these attributes; a refused context stays refused.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        self.filtered(|name| names.iter().all(|unwanted| unwanted.as_bytes() != name))
    }

    /// A context without these attributes, and without those whose names are paths into them; a refused context stays refused. The path of a
    /// rule, such as `user.email`, may be the name of an attribute as well as lead into one.
    ///
    /// ```
    /// use sdk_core::Context;
    ///
    /// let context = Context::from_json(r#"{"plan":"pro","plan.name":"pro","planned":true}"#);
    /// assert_eq!(context.without_paths(&["plan"]).to_json(), r#"{"planned":true}"#);
    /// ```
    #[must_use]
    pub fn without_paths(&self, names: &[&str]) -> Self {
        self.filtered(|name| !names.iter().any(|root| root.as_bytes() == name || leads_into(name, root)))
    }

    /// The attributes in the byte form that [`Context::from_encoded`] takes; of a refused context, none.
    pub fn encoded(&self) -> &[u8] {
        &self.members
    }

    /// The attributes as canonical JSON (RFC 8785); of a refused context, `{}`.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        write::write_members(&mut out, &self.members);
        out
    }

    /// The reason why this context cannot be used; `None` if it can.
    ///
    /// A context is refused if it is no object; if a name or string holds U+0000 or a lone surrogate; if a number is no finite
    /// double; or if it goes beyond one of the `MAX_CONTEXT_…` in [`limits`](crate::limits).
    pub fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    pub(crate) fn members(&self) -> &[u8] {
        &self.members
    }

    /// Each attribute: the text of its name, its value, and the bytes of both.
    fn pairs(&self) -> impl Iterator<Item = (&[u8], &[u8], &[u8])> {
        let mut rest = self.members.as_slice();
        core::iter::from_fn(move || {
            let (name, value) = value::split(rest)?;
            let (value, after) = value::split(value)?;
            let pair = rest.get(..name.len() + value.len())?;
            rest = after;
            Some((value::text(name)?, value, pair))
        })
    }

    fn filtered(&self, stays: impl Fn(&[u8]) -> bool) -> Self {
        if self.refusal.is_some() {
            return self.clone();
        }
        let members = self.pairs().filter(|(name, ..)| stays(name)).flat_map(|(.., pair)| pair).copied().collect();
        Self { members, ..Self::new() }.checked()
    }

    fn set_string(&mut self, name: &str, text: &str) {
        self.set_scalar(name, text, |out| value::push_text(out, value::STRING, text.as_bytes()));
    }

    /// Replaces the attribute with this name by the scalar that `write` writes. `text` is the scalar if it is a string, else empty.
    fn set_scalar(&mut self, name: &str, text: &str, write: impl FnOnce(&mut Vec<u8>)) {
        if self.refusal.is_some() {
            return;
        }
        self.remove(name);
        // One allocation has room for four short attributes.
        if self.members.capacity() == 0 {
            self.members.reserve(FIRST_ROOM);
        }
        let start = self.members.len();
        value::push_text(&mut self.members, value::STRING, name.as_bytes());
        write(&mut self.members);
        if let Err(why) = self.size.add_scalar(name, text, self.members.get(start..).unwrap_or_default()) {
            *self = Self { refusal: Some(why.into()), ..Self::new() };
        }
    }

    /// Removes the attribute with this name, if it is there.
    fn remove(&mut self, name: &str) {
        let is_new = self.names & bit(name) == 0;
        self.names |= bit(name);
        if is_new || value::member(&self.members, name.as_bytes()).is_none() {
            return;
        }
        let before = self.pairs().find(|(own, ..)| *own == name.as_bytes());
        if let Some((start, length)) = before.map(|(.., pair)| (value::offset(&self.members, pair), pair.len())) {
            let removed = self.members.drain(start..start + length);
            self.size = self.size.without(removed.as_slice());
        }
    }

    /// Replaces the attribute with this name by the value that `write` writes. An error of `write`, or a limit that is broken, makes the
    /// context a refused one.
    fn set(mut self, name: &str, write: impl FnOnce(&mut Vec<u8>) -> Result<(), Box<str>>) -> Self {
        if self.refusal.is_some() {
            return self;
        }
        self.remove(name);
        let start = self.members.len();
        value::push_text(&mut self.members, value::STRING, name.as_bytes());
        let written = write(&mut self.members);
        let size = self.size.with(self.members.get(start..).unwrap_or_default());
        match written.and_then(|()| Ok(size?)) {
            Ok(size) => Self { size, ..self },
            Err(why) => Self { refusal: Some(why), ..Self::new() },
        }
    }

    /// The context with its size, or a refused one if its bytes are no context.
    fn checked(self) -> Self {
        match Size::NONE.with(&self.members) {
            Ok(size) => Self { size, names: u64::MAX, ..self },
            Err(why) => Self { refusal: Some(why.into()), ..Self::new() },
        }
    }
}

/// One of 64 bits, chosen by a name. Names with different bits differ, so that a name whose bit is not set is new without a search.
fn bit(name: &str) -> u64 {
    let [first, last] = [name.as_bytes().first(), name.as_bytes().last()].map(|byte| byte.copied().map_or(0, u32::from));
    #[expect(clippy::cast_possible_truncation, reason = "any number will do")]
    let length = name.len() as u32;
    1_u64.wrapping_shl(first.wrapping_add(last).wrapping_add(length.wrapping_mul(8)))
}

/// Equal contexts have equal attributes, whatever their order, or are refused for the same reason.
impl PartialEq for Context {
    fn eq(&self, other: &Self) -> bool {
        self.refusal == other.refusal && (self.members == other.members || self.to_json() == other.to_json())
    }
}

/// The context as JSON, or why it is refused.
impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.refusal() {
            Some(refusal) => write!(f, "Context(refused: {refusal})"),
            None => write!(f, "Context({})", self.to_json()),
        }
    }
}
