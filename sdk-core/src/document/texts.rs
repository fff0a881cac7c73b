//! Lists of texts, one behind the other in one buffer.
use alloc::{string::String, vec::Vec};

/// Texts, in four bytes each beside their own.
#[derive(Clone, Default, Debug)]
pub(crate) struct Texts {
    all: String,
    /// The offset at which each text ends.
    ends: Vec<u32>,
}

impl Texts {
    /// An empty list with room for `count` texts, but not for their bytes.
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self { all: String::new(), ends: Vec::with_capacity(count) }
    }

    #[expect(clippy::cast_possible_truncation, reason = "documents are limited to 8 MB")]
    pub(crate) fn push(&mut self, text: &str) {
        self.all.push_str(text);
        self.ends.push(self.all.len() as u32);
    }

    /// Frees the unused memory of the buffers.
    pub(crate) fn trimmed(mut self) -> Self {
        self.all.shrink_to_fit();
        self.ends.shrink_to_fit();
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The bytes of all texts together.
    pub(crate) fn bytes(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let end = *end as usize;
            self.all.get(core::mem::replace(&mut start, end)..end).unwrap_or_default()
        })
    }
}
