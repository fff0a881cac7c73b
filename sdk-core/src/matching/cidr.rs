//! Addresses and networks.

/// An address of either family. All of version 4 come before all of version 6, so that a range never holds both.
///
/// A mapped address (`::ffff:1.2.3.4`) is one of version 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Address {
    V4(u32),
    V6(u128),
}

/// A network: every address from its first to its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    pub(crate) first: Address,
    pub(crate) last: Address,
}

#[cfg(test)]
impl Network {
    fn contains(&self, address: Address) -> bool {
        self.first <= address && address <= self.last
    }
}

/// Four numbers without leading zeros between dots, or RFC 4291, section 2.2, without a zone.
pub(crate) fn parse_address(text: &[u8]) -> Option<Address> {
    if text.contains(&b':') { parse_v6(text).map(Address::V6) } else { parse_v4(text).map(Address::V4) }
}

/// An address, a slash and a length without leading zeros; bits behind the length are ignored.
pub(crate) fn parse_network(text: &[u8]) -> Option<Network> {
    let mut parts = text.splitn(2, |&byte| byte == b'/');
    let address = parse_address(parts.next()?)?;
    let length = parse_decimal(parts.next()?)?;
    // A shift by the whole width shifts nothing: a network of length 0 has no prefix, one of the full length no host.
    match address {
        Address::V4(bits) if length <= 32 => {
            let host = u32::MAX.checked_shr(length).unwrap_or(0);
            Some(Network { first: Address::V4(bits & !host), last: Address::V4(bits | host) })
        }
        Address::V6(bits) if length <= 128 => {
            let host = u128::MAX.checked_shr(length).unwrap_or(0);
            Some(Network { first: Address::V6(bits & !host), last: Address::V6(bits | host) })
        }
        _ => None,
    }
}

fn parse_v4(text: &[u8]) -> Option<u32> {
    let (mut address, mut count) = (0, 0);
    for part in text.split(|&byte| byte == b'.') {
        let octet = parse_decimal(part).filter(|&octet| octet <= 255)?;
        // Too many are refused below; what they shift out does not matter.
        address = address << 8 | octet;
        count += 1;
    }
    (count == 4).then_some(address)
}

fn parse_v6(text: &[u8]) -> Option<u128> {
    let (head, tail) = match text.windows(2).position(|pair| pair == b"::") {
        None => (text, None),
        Some(gap) => (text.get(..gap)?, Some(text.get(gap + 2..)?)),
    };
    let (mut bits, head_groups) = parse_groups(head, tail.is_none())?;
    let Some(tail) = tail else { return (head_groups == 8).then_some(bits) };
    let (tail, tail_groups) = parse_groups(tail, true)?;
    // `::` stands for at least one group.
    if head_groups + tail_groups > 7 {
        return None;
    }
    // One group at a time: a shift of 128 bits by any number is a function of its own in the browser engine.
    for _ in head_groups..8 {
        bits <<= 16;
    }
    Some(bits | tail)
}

/// Groups between colons, of which there may be none, and how many they are; the last may be an address of version 4, which counts as two.
fn parse_groups(text: &[u8], may_end_in_v4: bool) -> Option<(u128, u32)> {
    let (mut bits, mut count) = (0, 0);
    let mut rest = Some(text).filter(|text| !text.is_empty());
    while let Some(now) = rest {
        let mut parts = now.splitn(2, |&byte| byte == b':');
        let group = parts.next().unwrap_or_default();
        rest = parts.next();
        if rest.is_none() && may_end_in_v4 && group.contains(&b'.') {
            bits = bits << 32 | u128::from(parse_v4(group)?);
            count += 2;
        } else {
            bits = bits << 16 | u128::from(parse_group(group)?);
            count += 1;
        }
        if count > 8 {
            return None;
        }
    }
    Some((bits, count))
}

/// One to four hexadecimal digits.
fn parse_group(text: &[u8]) -> Option<u32> {
    if text.is_empty() || text.len() > 4 {
        return None;
    }
    let mut group = 0;
    for &byte in text {
        group = group << 4 | char::from(byte).to_digit(16)?;
    }
    Some(group)
}

/// One to three decimal digits without leading zeros.
fn parse_decimal(text: &[u8]) -> Option<u32> {
    if text.is_empty() || text.len() > 3 || text.len() > 1 && text.starts_with(b"0") {
        return None;
    }
    let mut number = 0;
    for &byte in text {
        number = number * 10 + char::from(byte).to_digit(10)?;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::{Address, Network, parse_address, parse_network};
    use crate::matching::seeded::Seeded;
    use alloc::format;
    use alloc::string::{String, ToString};
    use core::fmt::Write;
    use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    fn theirs(text: &str) -> Option<Address> {
        text.parse().ok().map(|address| match address {
            IpAddr::V4(address) => Address::V4(address.to_bits()),
            IpAddr::V6(address) => Address::V6(address.to_bits()),
        })
    }

    #[track_caller]
    fn check(network: &str, address: &str, expected: bool) {
        let (network, address) = (parse_network(network.as_bytes()).expect(network), parse_address(address.as_bytes()).expect(address));
        assert_eq!(network.contains(address), expected, "{address:?} in {network:?}");
    }

    #[test]
    fn networks_hold_their_addresses() {
        check("10.0.0.0/8", "10.255.255.255", true);
        check("10.0.0.0/8", "11.0.0.0", false);
        check("10.0.0.0/8", "9.255.255.255", false);
        check("10.1.2.3/8", "10.0.0.0", true);
        check("0.0.0.0/0", "255.255.255.255", true);
        check("1.2.3.4/32", "1.2.3.4", true);
        check("1.2.3.4/32", "1.2.3.5", false);
        check("1.2.3.4/31", "1.2.3.5", true);
        check("2001:db8::/32", "2001:db8:ffff::", true);
        check("2001:db8::/32", "2001:db9::", false);
        check("::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true);
        check("::1/128", "::1", true);
        check("::1/128", "::2", false);
    }

    #[test]
    fn families_never_hold_each_other() {
        check("::/0", "1.2.3.4", false);
        check("0.0.0.0/0", "::ffff:1.2.3.4", false);
        check("0.0.0.0/0", "::", false);
        check("::ffff:0:0/96", "::ffff:1.2.3.4", true);
        check("::ffff:0:0/96", "1.2.3.4", false);
    }

    #[test]
    fn anything_else_is_no_network() {
        for text in [
            "",
            "/",
            "/8",
            "10.0.0.0",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/08",
            "10.0.0.0/00",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "10.0.0.0/8 ",
            "10.0.0/8",
            "::/129",
            "::/0128",
            "::",
            "::/-1",
            "10.0.0.0/255.0.0.0",
        ] {
            assert_eq!(parse_network(text.as_bytes()), None, "{text}");
        }
    }

    /// RFC 4291, section 2.2, and what its text leaves out.
    #[test]
    fn addresses_as_the_rfc_writes_them() {
        for text in [
            "ABCD:EF01:2345:6789:ABCD:EF01:2345:6789",
            "2001:DB8:0:0:8:800:200C:417A",
            "FF01::101",
            "::1",
            "::",
            "0:0:0:0:0:0:13.1.68.3",
            "::13.1.68.3",
            "::FFFF:129.144.52.38",
            "1:2:3:4:5:6:7::",
            "::2:3:4:5:6:7:8",
            "1::",
        ] {
            assert_eq!(parse_address(text.as_bytes()), theirs(text), "{text}");
            assert!(theirs(text).is_some(), "{text}");
        }
        let refused = [
            "",
            ":",
            ":::",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "1:2:3:4:5:6:7:8::",
            "::1:2:3:4:5:6:7:8",
            "1::2::3",
            "fe80::1%eth0",
            "12345::",
            "g::",
            ":1::",
            "1::2:",
            "::1.2.3",
            "::1.2.3.4.5",
            "1.2.3.4::",
            "::1.2.3.4:5",
            "1:2:3:4:5:6:7:1.2.3.4",
            "::01.2.3.4",
            "[::1]",
            "::1/128",
            "01.2.3.4",
            "1.2.3.04",
            "1.2.3.256",
            "1.2.3",
            "1.2.3.4.5",
            "1.2.3.4.",
            "1..3.4",
            "0x1.2.3.4",
            "1.2.3.4 ",
            "+1.2.3.4",
            "1.2.3.１",
            "::+1",
            "1::2.3.4.5:",
        ];
        for text in refused {
            assert_eq!(parse_address(text.as_bytes()), None, "{text}");
            assert_eq!(theirs(text), None, "{text}");
        }
    }

    #[test]
    fn as_the_standard_library_has_it() {
        let mut random = Seeded(4);
        let (mut accepted, mut refused) = (0, 0);
        for _ in 0..200_000 {
            let mut text = some(&mut random).into_bytes();
            for _ in 0..random.below(3) {
                random.mutate(&mut text, b"0123456789abcdefABCDEF::::....%/ g");
            }
            let text = String::from_utf8(text).unwrap();
            let expected = theirs(&text);
            assert_eq!(parse_address(text.as_bytes()), expected, "{text}");
            *if expected.is_some() { &mut accepted } else { &mut refused } += 1;
        }
        assert!(accepted > 50_000 && refused > 50_000, "{accepted} {refused}");
    }

    #[test]
    fn ranges_as_arithmetic_has_them() {
        let mut random = Seeded(5);
        for _ in 0..20_000 {
            let bits = u128::from(random.next()) << 64 | u128::from(random.next());
            let length = random.below(129);
            let size = if length == 0 { u128::MAX } else { (1u128 << (128 - length)) - 1 };
            let first = bits / size.saturating_add(1).max(1) * size.saturating_add(1);
            let expected = if length == 0 {
                Network { first: Address::V6(0), last: Address::V6(u128::MAX) }
            } else {
                Network { first: Address::V6(first), last: Address::V6(first + size) }
            };
            assert_eq!(parse_network(format!("{}/{length}", Ipv6Addr::from_bits(bits)).as_bytes()), Some(expected));
        }
    }

    fn some(random: &mut Seeded) -> String {
        let v4 = |random: &mut Seeded| {
            let bits = random.next().to_le_bytes();
            Ipv4Addr::new(bits[0], bits[1] % 12, bits[2] % 101, 0).to_string()
        };
        if random.one_in(3) {
            return v4(random);
        }
        let ends_in_v4 = random.one_in(4);
        let mut text = String::new();
        let gap = if random.one_in(4) { usize::MAX } else { random.below(9) };
        let groups = if gap == usize::MAX { 8 } else { random.below(9) };
        for at in 0..groups {
            text += if at == gap {
                "::"
            } else if at == 0 {
                ""
            } else {
                ":"
            };
            if ends_in_v4 && at + 2 >= groups {
                text += &v4(random);
                return text;
            }
            write!(text, "{:x}", random.next() & [0, 0xf, 0xff, 0xffff][random.below(4)]).unwrap();
        }
        if gap != usize::MAX && gap >= groups {
            text += "::";
        }
        text
    }
}
