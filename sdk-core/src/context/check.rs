//! The limits of a context, and a check that bytes keep to them and to the form of [`value`].
use alloc::vec::Vec;

use super::value::{self, Encoded};

/// The deepest level of a context: the context itself is level 1, and each list and each object in it is one level more.
pub const MAX_CONTEXT_DEPTH: u32 = 16;

/// The most members that all objects of a context may have together; the context itself is one of the objects.
pub const MAX_CONTEXT_MEMBERS: u32 = 1_000;

/// The most items that all lists of a context may have together.
pub const MAX_CONTEXT_ITEMS: u32 = 10_000;

/// The most bytes of UTF-8 that all names and strings of a context may take together.
pub const MAX_CONTEXT_TEXT: u32 = 65_536;

/// The reason why bytes are no context.
pub(super) type Refused = &'static str;

pub(super) const TOO_DEEP: Refused = "nested deeper than 16 levels";
const TOO_MANY_MEMBERS: Refused = "more than 1,000 members";
const MALFORMED: Refused = "not a well-formed context";

/// The share of its limits that a context has used up.
#[derive(Clone, Copy, Default)]
pub(super) struct Size {
    members: u32,
    items: u32,
    text: u32,
}

impl Size {
    /// The size of a context without attributes.
    pub(super) const NONE: Self = Self { members: 0, items: 0, text: 0 };

    /// The size with some of the context's pairs added, whose names differ from those of the others.
    pub(super) fn with(self, pairs: &[u8]) -> Result<Self, Refused> {
        let mut check = Check { size: self, names: Vec::new() };
        check.pairs(pairs, None, MAX_CONTEXT_DEPTH)?;
        Ok(check.size)
    }

    /// Adds one more member of the context itself. `text` is the value if it is a string, else empty; `pair` is the encoded name and value.
    #[inline]
    pub(super) fn add_scalar(&mut self, name: &str, text: &str, pair: &[u8]) -> Result<(), Refused> {
        // The encoded pair is at least as long as its name and its string, and has every zero byte of them.
        let most = u32::try_from(pair.len()).unwrap_or(u32::MAX).saturating_add(self.text);
        if self.members < MAX_CONTEXT_MEMBERS && most <= MAX_CONTEXT_TEXT && !has_zero(pair) {
            self.members += 1;
            #[expect(clippy::cast_possible_truncation, reason = "shorter than the limit")]
            let length = (name.len() + text.len()) as u32;
            self.text += length;
            return Ok(());
        }
        self.check_scalar(name, text)
    }

    fn check_scalar(&mut self, name: &str, text: &str) -> Result<(), Refused> {
        spend(&mut self.members, 1, MAX_CONTEXT_MEMBERS, TOO_MANY_MEMBERS)?;
        self.text(name.as_bytes())?;
        self.text(text.as_bytes())
    }

    /// Adds a name or a string.
    fn text(&mut self, text: &[u8]) -> Result<(), Refused> {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        spend(&mut self.text, length, MAX_CONTEXT_TEXT, "more than 65,536 bytes of names and strings")?;
        if text.contains(&0) { Err("U+0000 in a name or string") } else { Ok(()) }
    }

    /// The size with some of the context's pairs taken away.
    pub(super) fn without(self, pairs: &[u8]) -> Self {
        let gone = Self::NONE.with(pairs).unwrap_or_default();
        Self {
            members: self.members.saturating_sub(gone.members),
            items: self.items.saturating_sub(gone.items),
            text: self.text.saturating_sub(gone.text),
        }
    }
}

/// Returns true if bytes are pairs of name and value that a context may hold.
pub(crate) fn is_context(pairs: &[u8]) -> bool {
    Size::NONE.with(pairs).is_ok()
}

/// A check of a context's bytes, in time `n log n` for `n` members.
struct Check<'a> {
    size: Size,
    /// The names read so far in each object that is still open.
    names: Vec<&'a [u8]>,
}

impl<'a> Check<'a> {
    /// Reads `count` pairs of an object that may nest `depth` levels, or all pairs if `count` is `None`; returns the bytes that follow.
    fn pairs(&mut self, pairs: &'a [u8], count: Option<u32>, depth: u32) -> Result<&'a [u8], Refused> {
        let depth = depth.checked_sub(1).ok_or(TOO_DEEP)?;
        let (first, mut read, mut rest) = (self.names.len(), 0, pairs);
        while count.map_or(!rest.is_empty(), |count| read < count) {
            spend(&mut self.size.members, 1, MAX_CONTEXT_MEMBERS, TOO_MANY_MEMBERS)?;
            let (Encoded::Text(name), _) = value::read(rest).ok_or(MALFORMED)? else { return Err(MALFORMED) };
            self.names.push(name);
            rest = self.value(rest, depth)?;
            rest = self.value(rest, depth)?;
            read += 1;
        }
        let names = self.names.get_mut(first..).unwrap_or_default();
        names.sort_unstable();
        if names.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
            return Err("a member twice");
        }
        self.names.truncate(first);
        Ok(rest)
    }

    /// Reads a value that may nest `depth` levels; returns the bytes that follow.
    fn value(&mut self, bytes: &'a [u8], depth: u32) -> Result<&'a [u8], Refused> {
        let (value, mut rest) = value::read(bytes).ok_or(MALFORMED)?;
        match value {
            Encoded::Number(number) if !number.is_finite() => return Err("a number is not finite"),
            Encoded::Number(number) if number == 0.0 && number.is_sign_negative() => return Err(MALFORMED),
            Encoded::Null | Encoded::Boolean(_) | Encoded::Number(_) => {}
            Encoded::Text(text) => {
                let head = bytes.len() - rest.len() - text.len();
                if bytes.first() != Some(&value::STRING) || head != 1 + value::length_bytes(text.len()) {
                    return Err(MALFORMED);
                }
                self.size.text(text)?;
                core::str::from_utf8(text).map_err(|_| "a name or string that is not UTF-8")?;
            }
            Encoded::List(count, _) => {
                let depth = depth.checked_sub(1).ok_or(TOO_DEEP)?;
                spend(&mut self.size.items, count, MAX_CONTEXT_ITEMS, "more than 10,000 items of lists")?;
                for _ in 0..count {
                    rest = self.value(rest, depth)?;
                }
            }
            Encoded::Object(count, pairs) => rest = self.pairs(pairs, Some(count), depth)?,
        }
        Ok(rest)
    }
}

/// Returns true if one of the bytes is 0. It tests eight bytes at once.
fn has_zero(bytes: &[u8]) -> bool {
    const ONES: u64 = u64::MAX / 255;
    let is_in = |eight: &[u8; 8]| {
        let eight = u64::from_le_bytes(*eight);
        // Subtracting 1 from each byte sets the top bit of the lowest byte that is 0. Bytes with that bit are left out.
        eight.wrapping_sub(ONES) & !eight & (ONES << 7) != 0
    };
    match bytes.last_chunk() {
        Some(last) => bytes.as_chunks().0.iter().any(is_in) || is_in(last),
        None => bytes.contains(&0),
    }
}

fn spend(used: &mut u32, more: u32, limit: u32, why: Refused) -> Result<(), Refused> {
    *used = used.checked_add(more).filter(|used| *used <= limit).ok_or(why)?;
    Ok(())
}
