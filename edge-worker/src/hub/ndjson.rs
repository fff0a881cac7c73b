//! Lines of a body of any length, in slices that are small enough for one transaction.
use std::time::Duration;

use futures_util::{
    TryStreamExt,
    future::{Either, select},
};
use worker::{Delay, Request};

use crate::problem::Problem;

/// The longest line of an import, in bytes without its end.
pub(super) const MOST_LINE: usize = 64_000;
/// The most lines of a slice. The hub answers nobody else while it takes them, and a line costs it up to half a millisecond.
const MOST_LINES: u64 = 100;
/// The bytes of lines behind which a slice ends.
const MOST_BYTES: usize = 256_000;
/// The time for which a body may send nothing.
const SILENCE: Duration = Duration::from_secs(10);
/// The first bytes of a body that is compressed by gzip (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A line of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Text(String),
    /// It has more bytes than a line may have, which were not kept.
    TooLong,
    NotUtf8,
}

/// Lines of a body that stand behind each other.
#[derive(Clone)]
pub(super) struct Slice {
    /// The number of the first line, which may be blank.
    pub(super) first: u64,
    /// The number of the last line, which may be blank.
    pub(super) last: u64,
    /// The lines with their numbers, those that are blank left out.
    pub(super) lines: Vec<(u64, Line)>,
}

/// The lines of a body as it arrives.
pub(super) struct ArrivingLines {
    body: worker::ByteStream,
    buffer: LineBuffer,
    is_begun: bool,
    is_over: bool,
}

/// The next part of a body that arrives.
pub(super) enum Arrived {
    Line(Line),
    /// The last line, which has no end.
    Rest(Line),
    /// A part of a line that is too long, which was not kept.
    TooMuch,
}

impl ArrivingLines {
    /// The lines of a body of `what`; one with more than `most` bytes is too long.
    pub(super) fn new(request: &mut Request, most: usize, what: &str) -> Result<Self, Problem> {
        let body = request.stream().map_err(|_| Problem::malformed(format!("expected {what}, found no body")))?;
        Ok(Self { body, buffer: LineBuffer::of(most), is_begun: false, is_over: false })
    }

    /// The next part of the body; `None` at its end. A body that is cut, or falls silent, is refused.
    pub(super) async fn next(&mut self) -> Result<Option<Arrived>, Problem> {
        loop {
            if let Some(line) = self.buffer.next() {
                return Ok(Some(Arrived::Line(line)));
            }
            if self.is_over {
                return Ok(self.buffer.rest().map(Arrived::Rest));
            }
            self.read().await?;
            if self.buffer.is_passing {
                return Ok(Some(Arrived::TooMuch));
            }
        }
    }

    async fn read(&mut self) -> Result<(), Problem> {
        let Either::Left((next, _)) = select(self.body.try_next(), Delay::from(SILENCE)).await else {
            return Err(Problem::malformed(format!("the body sent nothing for {} seconds", SILENCE.as_secs())));
        };
        match next.map_err(|_| Problem::malformed("the body ended early"))? {
            Some(bytes) => self.buffer.push(&bytes),
            None => self.is_over = true,
        }
        if !self.is_begun && self.buffer.bytes.len() >= GZIP.len() {
            self.is_begun = true;
            if self.buffer.bytes.starts_with(&GZIP) {
                return Err(Problem::encoded());
            }
        }
        Ok(())
    }
}

/// The lines of a request's body, in slices.
pub(super) struct BodyLines {
    lines: ArrivingLines,
    /// The number of the next line.
    number: u64,
}

impl BodyLines {
    /// The lines of a body whose first has this number.
    pub(super) fn new(request: &mut Request, first: u64) -> Result<Self, Problem> {
        Ok(Self { lines: ArrivingLines::new(request, MOST_LINE, "lines of JSON")?, number: first })
    }

    /// The next lines; `None` at the end of the body. A last line needs no end. A body that is cut, or falls silent, is refused, and the
    /// lines since the last slice are not taken.
    pub(super) async fn slice(&mut self) -> Result<Option<Slice>, Problem> {
        let (first, mut lines, mut bytes) = (self.number, Vec::new(), 0);
        let most = first + MOST_LINES;
        while self.number < most && bytes < MOST_BYTES {
            let line = match self.lines.next().await? {
                Some(Arrived::Line(line) | Arrived::Rest(line)) => line,
                Some(Arrived::TooMuch) => continue,
                None => break,
            };
            let number = self.number;
            self.number += 1;
            if let Line::Text(text) = &line {
                if text.trim_ascii().is_empty() {
                    continue;
                }
                bytes += text.len();
            }
            lines.push((number, line));
        }
        Ok((self.number > first).then(|| Slice { first, last: self.number - 1, lines }))
    }
}

/// Bytes that were read, cut into lines. Of a line that is too long it keeps nothing.
struct LineBuffer {
    /// The longest line, in bytes without its end.
    most: usize,
    bytes: Vec<u8>,
    /// The offset of the next line.
    at: usize,
    /// The offset up to which the next line has no end.
    searched: usize,
    /// True while the rest of a line that is too long is passed over.
    is_passing: bool,
}

impl LineBuffer {
    const fn of(most: usize) -> Self {
        Self { most, bytes: Vec::new(), at: 0, searched: 0, is_passing: false }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.at);
        self.searched -= self.at;
        self.at = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole line; `None` until its end was read.
    fn next(&mut self) -> Option<Line> {
        let rest = self.bytes.get(self.searched..).unwrap_or_default();
        if let Some(length) = rest.iter().position(|byte| *byte == b'\n') {
            let end = self.searched + length;
            let line = self.take(end);
            (self.at, self.searched) = (end + 1, end + 1);
            return Some(line);
        }
        self.searched = self.bytes.len();
        if self.is_passing || self.searched - self.at > self.most {
            self.is_passing = true;
            self.at = self.searched;
        }
        None
    }

    /// The bytes behind the last end as a line; `None` if there are none.
    fn rest(&mut self) -> Option<Line> {
        let end = self.bytes.len();
        if self.at == end && !self.is_passing {
            return None;
        }
        let line = self.take(end);
        (self.at, self.searched) = (end, end);
        Some(line)
    }

    fn take(&mut self, end: usize) -> Line {
        let line = self.bytes.get(self.at..end).unwrap_or_default();
        if core::mem::take(&mut self.is_passing) || line.len() > self.most {
            return Line::TooLong;
        }
        str::from_utf8(line).map_or(Line::NotUtf8, |text| Line::Text(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of bytes that come in pieces of one length, and the most bytes that were kept meanwhile.
    fn lines(bytes: &[u8], piece: usize) -> (Vec<Line>, usize) {
        let (mut buffer, mut found, mut most) = (LineBuffer::of(MOST_LINE), Vec::new(), 0);
        for piece in bytes.chunks(piece) {
            buffer.push(piece);
            most = most.max(buffer.bytes.len());
            while let Some(line) = buffer.next() {
                found.push(line);
            }
        }
        found.extend(buffer.rest());
        assert_eq!(buffer.rest(), None);
        (found, most)
    }

    fn text(text: &str) -> Line {
        Line::Text(text.to_owned())
    }

    #[test]
    fn lines_are_the_same_however_a_body_is_cut() {
        let bytes = "{\"a\":1}\r\n\n ü \nlast".as_bytes();
        for piece in 1..=bytes.len() {
            assert_eq!(lines(bytes, piece).0, [text("{\"a\":1}\r"), text(""), text(" ü "), text("last")], "{piece}");
        }
        assert_eq!(lines(b"a\n", 7).0, [text("a")]);
        assert_eq!(lines(b"", 7).0, []);
    }

    #[test]
    fn a_line_that_is_too_long_is_told_and_not_kept() {
        let long = "x".repeat(10 * MOST_LINE);
        let whole = "y".repeat(MOST_LINE);
        let bytes = format!("a\n{long}\n{whole}\n{whole}z\nb\n{long}");
        for piece in [1_000, 4_096, MOST_LINE] {
            let (found, most) = lines(bytes.as_bytes(), piece);
            assert_eq!(found, [text("a"), Line::TooLong, text(&whole), Line::TooLong, text("b"), Line::TooLong]);
            assert!(most <= MOST_LINE + 2 * piece, "{most}");
        }
    }

    #[test]
    fn a_line_that_is_not_utf_8_spoils_no_other() {
        assert_eq!(lines(b"a\n\xff\xfe\nb", 2).0, [text("a"), Line::NotUtf8, text("b")]);
    }
}
