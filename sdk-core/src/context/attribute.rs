//! Values of attributes, as a Rust program gives them.
use alloc::{borrow::Cow, boxed::Box, string::String, vec::Vec};

use super::{Context, check::TOO_DEEP, value};

/// The value of an attribute of a [`Context`].
///
/// `From` makes it of the types of Rust that have a place in JSON; a [`Context`] in another one is a nested object. Not every `i64`, `u64`
/// or `usize` is a double, so convert these yourself, or give an id as text.
///
/// ```
/// use sdk_core::{AttributeValue, Context};
///
/// let mixed: AttributeValue = vec![AttributeValue::from("a"), 1.into(), true.into(), None::<&str>.into()].into();
/// let context = Context::new().attribute("mixed", mixed).attribute("age", 42);
/// assert_eq!(context.to_json(), r#"{"age":42,"mixed":["a",1,true,null]}"#);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum AttributeValue {
    /// Absence, as if the attribute were not there; in a list it keeps its place.
    Null,
    /// A boolean.
    Boolean(bool),
    /// A number; one that is not finite makes the context a refused one.
    Number(f64),
    /// A string; U+0000 in it makes the context a refused one.
    String(String),
    /// A list of values of any kind.
    List(Vec<Self>),
    /// A nested object; a refused one makes the context around it a refused one.
    Object(Context),
}

impl AttributeValue {
    /// Writes the value in the form of [`value`]. An error if it nests deeper than `depth` levels or holds a refused context.
    pub(super) fn write(&self, out: &mut Vec<u8>, depth: u32) -> Result<(), Box<str>> {
        match self {
            Self::Null => out.push(value::NULL),
            Self::Boolean(boolean) => out.push(if *boolean { value::TRUE } else { value::FALSE }),
            Self::Number(number) => value::push_number(out, *number),
            Self::String(text) => value::push_text(out, value::STRING, text.as_bytes()),
            Self::List(items) => {
                let depth = depth.checked_sub(1).ok_or(TOO_DEEP)?;
                value::push_head(out, value::LIST, items.len());
                for item in items {
                    item.write(out, depth)?;
                }
            }
            Self::Object(context) => {
                if let Some(refusal) = context.refusal() {
                    return Err(refusal.into());
                }
                value::push_head(out, value::OBJECT, context.pairs().count());
                out.extend_from_slice(context.encoded());
            }
        }
        Ok(())
    }
}

impl From<bool> for AttributeValue {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

impl From<f64> for AttributeValue {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<i32> for AttributeValue {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u32> for AttributeValue {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<&str> for AttributeValue {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for AttributeValue {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<Cow<'_, str>> for AttributeValue {
    fn from(text: Cow<'_, str>) -> Self {
        Self::String(text.into_owned())
    }
}

impl From<Context> for AttributeValue {
    fn from(object: Context) -> Self {
        Self::Object(object)
    }
}

impl<T: Into<Self>> From<Option<T>> for AttributeValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Self>> From<Vec<T>> for AttributeValue {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Self>, const N: usize> From<[T; N]> for AttributeValue {
    fn from(items: [T; N]) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}
