//! Bytes as hexadecimal digits.
use alloc::string::String;

/// Writes two lower-case digits for each byte.
///
/// ```
/// use sdk_core::hex;
///
/// assert_eq!(hex::encode(&[0x0f, 0xa0]), "0fa0");
/// assert_eq!(hex::decode("0FA0"), Some([0x0f, 0xa0]));
/// ```
pub fn encode(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Reads two digits of either case for each of `N` bytes; `None` if the text is anything else.
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair.iter().try_fold(0, |sum, digit| Some(sum << 4 | value(*digit)?))?;
    }
    Some(bytes)
}

/// Reads as [`decode`] does, but refuses upper-case digits: each value has one spelling.
pub fn decode_lower<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.bytes().any(|digit| digit.is_ascii_uppercase()) { None } else { decode(text) }
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    #[test]
    fn every_byte_is_written_as_the_standard_library_writes_it_and_read_back() {
        for byte in 0..=u8::MAX {
            assert_eq!(encode(&[byte]), format!("{byte:02x}"));
            assert_eq!(decode(&format!("{byte:02x}")), Some([byte]));
            assert_eq!(decode(&format!("{byte:02X}")), Some([byte]));
        }
    }

    #[test]
    fn a_text_of_another_length_or_with_another_character_is_refused() {
        for text in ["", "0", "000", "g0", "0G", "+1", " 1", "é"] {
            assert_eq!(decode::<1>(text), None, "{text:?}");
        }
        assert_eq!((decode_lower::<1>("AF"), decode_lower::<1>("af")), (None, Some([0xAF])));
    }
}
