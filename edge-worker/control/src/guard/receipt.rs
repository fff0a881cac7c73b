//! Receipts: proof that the edge evaluated flags for a unit, without which a client's outcome does not count for the guard.
//!
//! A receipt is a MAC over the environment, the epoch, the version, the unit and the hour. It names neither the environment nor the unit:
//! the caller who checks it knows both. The MAC is HMAC-SHA-256 (RFC 2104), cut to 128 bits, over the hash that the audit chain needs
//! anyhow.
use alloc::{
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use sdk_core::Millis;
use sha2::{Digest as _, Sha256};

/// The most bytes of a receipt.
pub const MAX_RECEIPT: usize = 128;
/// The most bytes of an epoch.
const MAX_EPOCH: usize = 32;
const HOUR_MS: i64 = 3_600_000;
/// The bytes that HMAC-SHA-256 pads its key to.
const BLOCK: usize = 64;
/// The name of this layout of bytes. No other use of a key begins with it.
const LABEL: &[u8] = b"twinflag-receipt-1";

/// The facts that a receipt proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The epoch of the store whose flags were evaluated: 1 to 32 of `0-9a-z`.
    pub epoch: String,
    /// The version of the flags.
    pub version: u64,
    /// The hour of the evaluation since 1970.
    pub hour: i64,
}

/// The reason why a receipt is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptError {
    /// The text is no receipt.
    Malformed,
    /// The receipt is older than two hours, or of an hour that has not come.
    Expired,
    /// The receipt is of another environment, unit or key, or was altered.
    Forged,
}

/// The secret of an environment that receipts are made with.
#[derive(Clone)]
pub struct ReceiptKey([u8; 32]);

impl ReceiptKey {
    /// The key of 32 random bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The receipt of an evaluation, such as `1.0a1b2c3d4e5f.12.454545.` and 32 hexadecimal digits.
    ///
    /// The text is at most [`MAX_RECEIPT`] bytes long. An epoch that is not 1 to 32 of `0-9a-z` gives a text that no check accepts.
    pub fn issue(&self, environment: &str, unit: &str, epoch: &str, version: u64, now: Millis) -> String {
        let receipt = Receipt { epoch: epoch.to_string(), version, hour: now.0.div_euclid(HOUR_MS) };
        written(&receipt, self.mac(environment, unit, &receipt))
    }

    /// Checks a receipt that came with an outcome of a unit.
    ///
    /// A receipt is valid in the hour of its evaluation and in the next one, so for two hours at most. The clocks of two servers differ, so
    /// one of the next hour is valid, too: only a holder of the key can have made it. The comparison takes the same time for every MAC.
    pub fn check(&self, text: &str, environment: &str, unit: &str, now: Millis) -> Result<Receipt, ReceiptError> {
        let (receipt, mac) = parse(text).ok_or(ReceiptError::Malformed)?;
        let age = now.0.div_euclid(HOUR_MS).saturating_sub(receipt.hour);
        if !(-1..=1).contains(&age) {
            return Err(ReceiptError::Expired);
        }
        let differs = self.mac(environment, unit, &receipt) ^ mac;
        if differs == 0 { Ok(receipt) } else { Err(ReceiptError::Forged) }
    }

    fn mac(&self, environment: &str, unit: &str, receipt: &Receipt) -> u128 {
        first_half(hmac(&self.0, &input(environment, unit, receipt)))
    }
}

/// The bytes that the MAC is over: the label, then each text behind its length (32 bits), then the numbers (64 bits), all little-endian. The
/// lengths keep `("ab", "c")` apart from `("a", "bc")`.
fn input(environment: &str, unit: &str, receipt: &Receipt) -> Vec<u8> {
    let mut bytes = Vec::from(LABEL);
    for text in [environment, &receipt.epoch, unit] {
        bytes.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes.extend(receipt.version.to_le_bytes());
    bytes.extend(receipt.hour.to_le_bytes());
    bytes
}

/// HMAC-SHA-256 under a key of at most [`BLOCK`] bytes.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let keyed = |pad: u8| {
        let mut block = [pad; BLOCK];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        Sha256::new().chain_update(block)
    };
    let inner = keyed(0x36).chain_update(message).finalize();
    keyed(0x5c).chain_update(inner).finalize().into()
}

/// The first 128 bits of a hash.
fn first_half(hash: [u8; 32]) -> u128 {
    hash.first_chunk().map_or(0, |half| u128::from_be_bytes(*half))
}

/// A receipt's facts and its MAC; `None` unless the text is exactly what [`ReceiptKey::issue`] writes for them.
fn parse(text: &str) -> Option<(Receipt, u128)> {
    if text.len() > MAX_RECEIPT {
        return None;
    }
    let mut parts = text.split('.');
    let (Some("1"), Some(epoch), Some(version), Some(hour), Some(mac), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let is_epoch = (1..=MAX_EPOCH).contains(&epoch.len()) && epoch.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z'));
    let receipt = Receipt { epoch: epoch.to_string(), version: version.parse().ok()?, hour: hour.parse().ok()? };
    let mac = u128::from_str_radix(mac, 16).ok()?;
    (is_epoch && written(&receipt, mac) == text).then_some((receipt, mac))
}

fn written(Receipt { epoch, version, hour }: &Receipt, mac: u128) -> String {
    format!("1.{epoch}.{version}.{hour}.{mac:032x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes 0 to 31.
    const KEY: ReceiptKey = ReceiptKey::new(
        *b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\
        \x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f",
    );
    const HOUR: i64 = 500_000;
    const NOW: Millis = Millis(HOUR * HOUR_MS);

    fn issued(now: Millis) -> String {
        KEY.issue("production", "session-1", "0a1b2c3d4e5f", 12, now)
    }

    /// RFC 4231, cases 1, 2 and 3.
    #[test]
    fn hmac_is_that_of_the_rfc() {
        let check = |key: &[u8], message: &[u8], expected: u128| assert_eq!(first_half(hmac(key, message)), expected);
        check(&[0x0b; 20], b"Hi There", 0xb034_4c61_d8db_3853_5ca8_afce_af0b_f12b);
        check(b"Jefe", b"what do ya want for nothing?", 0x5bdc_c146_bf60_754e_6a04_2426_0895_75c7);
        check(&[0xaa; 20], &[0xdd; 50], 0x773e_a91e_3680_0e46_854d_b8eb_d091_81a7);
    }

    /// Computed with Python's `hmac` and `hashlib`, under the same key.
    #[test]
    fn receipts_are_those_of_another_implementation() {
        assert_eq!(issued(NOW), "1.0a1b2c3d4e5f.12.500000.fe06fe81d10a92e75106d7c82e94a4c6");
        assert_eq!(KEY.issue("a", "é\0b", "z", u64::MAX, Millis(-1)), "1.z.18446744073709551615.-1.0d62e76d81018e01e2156dedbb057716");
    }

    #[test]
    fn a_receipt_is_valid_in_its_hour_and_the_next() {
        for (hours, is_valid) in [(-2, false), (-1, true), (0, true), (1, true), (2, false), (i64::MAX / HOUR_MS - HOUR, false)] {
            let checked = KEY.check(&issued(NOW), "production", "session-1", Millis((HOUR + hours) * HOUR_MS));
            let expected = Receipt { epoch: "0a1b2c3d4e5f".into(), version: 12, hour: HOUR };
            assert_eq!(checked, if is_valid { Ok(expected) } else { Err(ReceiptError::Expired) }, "{hours}");
        }
        // Until the last millisecond of the next hour.
        assert!(KEY.check(&issued(NOW), "production", "session-1", Millis((HOUR + 2) * HOUR_MS - 1)).is_ok());
    }

    #[test]
    fn a_receipt_of_another_unit_environment_or_key_is_forged() {
        let receipt = issued(NOW);
        let check = |key: &ReceiptKey, text: &str, environment, unit| key.check(text, environment, unit, NOW).err();
        assert_eq!(check(&KEY, &receipt, "production", "session-1"), None);
        assert_eq!(check(&KEY, &receipt, "production", "session-2"), Some(ReceiptError::Forged));
        assert_eq!(check(&KEY, &receipt, "staging", "session-1"), Some(ReceiptError::Forged));
        assert_eq!(check(&KEY, &receipt, "production\u{9}", "ession-1"), Some(ReceiptError::Forged));
        assert_eq!(check(&ReceiptKey::new([0; 32]), &receipt, "production", "session-1"), Some(ReceiptError::Forged));
        for (part, other) in
            [("0a1b2c3d4e5f", "0a1b2c3d4e5e"), (".12.", ".13."), (".500000.", ".500001."), ("fe06", "fe07"), ("4c6", "4c7")]
        {
            assert_eq!(check(&KEY, &receipt.replace(part, other), "production", "session-1"), Some(ReceiptError::Forged), "{other}");
        }
    }

    #[test]
    fn texts_and_lengths_keep_fields_apart() {
        let bytes = |environment, unit, epoch: &str| input(environment, unit, &Receipt { epoch: epoch.into(), version: 1, hour: 1 });
        let all = [bytes("ab", "c", "d"), bytes("a", "bc", "d"), bytes("a", "c", "bd"), bytes("abd", "c", ""), bytes("", "abcd", "")];
        assert!(all.iter().enumerate().all(|(at, one)| all.iter().skip(at + 1).all(|other| one != other)));
    }

    #[test]
    fn any_other_spelling_is_malformed() {
        let receipt = issued(NOW);
        let mut texts = Vec::from(["", "1", "1....", "2.z.1.1.0"].map(String::from));
        for (part, other) in [
            ("1.", "01."),
            (".12.", ".012."),
            (".12.", ".+12."),
            (".12.", ".18446744073709551616."),
            (".500000.", ".-0."),
            ("fe06", "FE06"),
            ("fe06", "e06"),
            ("fe06", "0fe06"),
            ("0a1b", "0A1B"),
            ("0a1b2c3d4e5f", ""),
            ("0a1b2c3d4e5f", "0a1b2c3d4e5f0a1b2c3d4e5f0a1b2c3d4"),
        ] {
            assert!(receipt.contains(part));
            texts.push(receipt.replacen(part, other, 1));
        }
        texts.extend([receipt.clone() + ".", receipt.clone() + " ", receipt.clone() + &"0".repeat(1_000_000)]);
        for text in texts {
            let checked = KEY.check(&text, "production", "session-1", NOW);
            assert_eq!(checked, Err(ReceiptError::Malformed), "{}", text.get(..80).unwrap_or(&text));
        }
    }
}
