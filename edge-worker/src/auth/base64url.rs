//! Base64url without padding (RFC 4648, section 5; RFC 7515, section 2).

use super::json::InvalidToken;

/// Decodes a text. Padding, letters of another alphabet, and leftover bits that are not zero are errors.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, InvalidToken> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut held, mut bits) = (0_u32, 0_u32);
    for letter in text.bytes() {
        held = held << 6 | u32::from(value(letter)?);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits).to_le_bytes()[0]);
            held &= (1 << bits) - 1;
        }
    }
    if bits < 6 && held == 0 { Ok(bytes) } else { Err(InvalidToken) }
}

const fn value(letter: u8) -> Result<u8, InvalidToken> {
    Ok(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return Err(InvalidToken),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&[u8]>) {
        assert_eq!(decode(text).ok().as_deref(), expected, "{text}");
    }

    #[test]
    fn texts_that_an_encoder_writes_are_decoded() {
        check("", Some(b""));
        check("Zg", Some(b"f"));
        check("Zm8", Some(b"fo"));
        check("Zm9v", Some(b"foo"));
        check("-_-_", Some(&[0xfb, 0xff, 0xbf]));
        check("__8", Some(&[0xff, 0xff]));
    }

    #[test]
    fn texts_that_no_encoder_writes_are_errors() {
        for text in ["Z", "Zg==", "Zm8=", "+/+/", "Zm 9", "Zm9v\n", "Zh", "Zm9", "Zm9vY", "Zmé"] {
            check(text, None);
        }
    }
}
