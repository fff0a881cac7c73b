//! One number for all answers.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// SHA-256 over answer lines, each followed by a line feed.
#[derive(Default)]
pub struct Digest(Sha256);

impl Digest {
    /// Takes the next answer.
    pub fn add(&mut self, answer: &str) {
        self.0.update(answer);
        self.0.update(b"\n");
    }

    /// The digest in lower-case hexadecimal digits.
    pub fn finish(self) -> String {
        self.0.finalize().iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}
