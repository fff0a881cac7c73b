//! Writing a JSON object member by member.
use alloc::string::String;

use super::canonical::write_string;

/// A JSON object that is being written. The caller adds members in their final order.
///
/// ```
/// use sdk_core::json::Object;
///
/// let mut text = String::new();
/// let mut object = Object::open(&mut text);
/// object.member("a").push_str("1");
/// object.member("b").push_str("true");
/// object.close();
/// assert_eq!(text, r#"{"a":1,"b":true}"#);
/// ```
#[derive(Debug)]
pub struct Object<'o> {
    out: &'o mut String,
    begun: bool,
}

impl<'o> Object<'o> {
    /// Appends an opening brace.
    pub fn open(out: &'o mut String) -> Self {
        out.push('{');
        Self { out, begun: false }
    }

    /// Appends a name and returns the text, to which the caller appends the value as JSON.
    pub fn member(&mut self, name: &str) -> &mut String {
        if core::mem::replace(&mut self.begun, true) {
            self.out.push(',');
        }
        write_string(self.out, name);
        self.out.push(':');
        self.out
    }

    /// Appends the closing brace.
    pub fn close(self) {
        self.out.push('}');
    }
}
