//! Writing a JSON object member by member.
use alloc::string::String;

use super::canonical::write_string;

/// A JSON object that is being written. The caller adds members in their final order.
#[derive(Debug)]
pub struct Object<'o> {
    out: &'o mut String,
    begun: bool,
}

impl<'o> Object<'o> {
    /// Opens an object.
    pub fn open(out: &'o mut String) -> Self {
        out.push('{');
        Self { out, begun: false }
    }

    /// Appends a name; the value is to follow.
    pub fn member(&mut self, name: &str) -> &mut String {
        if core::mem::replace(&mut self.begun, true) {
            self.out.push(',');
        }
        write_string(self.out, name);
        self.out.push(':');
        self.out
    }

    /// Closes the object.
    pub fn close(self) {
        self.out.push('}');
    }
}
