//! The place of a value in a document: a JSON pointer (RFC 6901) that is only written when it is needed.
use alloc::{string::String, vec::Vec};
use core::fmt::{self, Write as _};

/// The longest pointer that is written whole, in bytes: a name may be as long as the document.
const MAX_POINTER: usize = 1_000;

/// The place of a value in a document, made from the place above it by [`name`](Place::name) or [`index`](Place::index).
#[derive(Clone, Copy)]
pub struct Place<'p> {
    above: Option<&'p Place<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Root,
    Name(&'p str),
    Index(usize),
}

/// The place as its pointer.
impl fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Place").field(&self.pointer()).finish()
    }
}

impl<'p> Place<'p> {
    /// The place of the whole document.
    pub const ROOT: Self = Self { above: None, step: Step::Root };

    /// The place of the member with this name.
    #[must_use]
    pub fn name(&'p self, name: &'p str) -> Self {
        Self { above: Some(self), step: Step::Name(name) }
    }

    /// The place of the list entry with this index, counted from 0.
    #[must_use]
    pub fn index(&'p self, index: usize) -> Self {
        Self { above: Some(self), step: Step::Index(index) }
    }

    /// The level at which an object or list at this place stands; the document itself is at level 1.
    pub(crate) fn level(&self) -> u32 {
        let (mut level, mut place) = (1, self);
        while let Some(above) = place.above {
            level += 1;
            place = above;
        }
        level
    }

    /// The place as a JSON pointer (RFC 6901), empty for the whole document; a pointer of more than 1,000 bytes is cut there and ends in `…`.
    ///
    /// ```
    /// use sdk_core::json::Place;
    ///
    /// let flags = Place::ROOT.name("flags");
    /// let flag = flags.name("a/b");
    /// assert_eq!(flag.index(2).pointer(), "/flags/a~1b/2");
    /// assert_eq!(Place::ROOT.pointer(), "");
    /// ```
    pub fn pointer(&self) -> String {
        let mut steps = Vec::new();
        let mut place = Some(self);
        while let Some(current) = place {
            steps.push(current.step);
            place = current.above;
        }
        let mut pointer = String::new();
        for step in steps.iter().rev() {
            match step {
                Step::Root => {}
                Step::Name(name) => {
                    pointer.push('/');
                    for character in name.chars() {
                        if pointer.len() >= MAX_POINTER {
                            break;
                        }
                        match character {
                            '~' => pointer.push_str("~0"),
                            '/' => pointer.push_str("~1"),
                            plain => pointer.push(plain),
                        }
                    }
                }
                Step::Index(index) => {
                    // Writing into a string cannot fail.
                    let _ = write!(pointer, "/{index}");
                }
            }
            if pointer.len() >= MAX_POINTER {
                pointer.push('…');
                break;
            }
        }
        pointer
    }
}
