//! Addresses and networks.

use super::text::{cut, has};

/// The first of the IPv4-mapped addresses, `::ffff:0:0/96`.
const MAPPED: u128 = 0xffff_0000_0000;

/// The length of the prefix that all IPv4-mapped addresses share.
const MAPPED_LENGTH: u32 = 96;

/// An address of either family. All of version 4 come before all of version 6, so that a range never holds both.
///
/// An IPv4-mapped address (`::ffff:1.2.3.4`), however it is spelled, is its address of version 4.
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

/// Reads an address: four numbers without leading zeros and dots between them, or a form of RFC 4291, section 2.2, without a zone.
pub(crate) fn parse_address(text: &[u8]) -> Option<Address> {
    match address(text, &mut [0; 4])? {
        [bits] => Some(Address::V4(*bits)),
        words => Some(Address::V6(words.iter().fold(0, |wide, word| wide << 32 | u128::from(*word)))),
    }
}

/// An address as words, the highest first: one of version 4, four of version 6. They are written into `words`.
#[inline(never)] // keeps its code away from that of other tests, for their speed
pub(crate) fn address<'w>(text: &[u8], words: &'w mut [u32; 4]) -> Option<&'w [u32]> {
    let word = if has(text, b':') {
        parse_v6(text, words)?;
        let [0, 0, 0xffff, word] = *words else { return Some(words) };
        word
    } else {
        parse_v4(text)?
    };
    words[0] = word;
    words.get(..1)
}

/// Reads a network: an address, a slash and a length without leading zeros. Bits behind the length are ignored.
///
/// A network of IPv4-mapped addresses is one of version 4; one that is wider than all of them is of version 6 and holds none.
pub(crate) fn parse_network(text: &[u8]) -> Option<Network> {
    let (address, length) = cut(text, b'/');
    let length = parse_decimal(length?)?;
    let (address, length) = match parse_address(address)? {
        Address::V4(bits) if has(address, b':') => match length.checked_sub(MAPPED_LENGTH) {
            Some(length) => (Address::V4(bits), length),
            None => (Address::V6(MAPPED | u128::from(bits)), length),
        },
        address => (address, length),
    };
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
    let (mut address, mut rest) = (0, text);
    for is_last in [false, false, false, true] {
        let (octet, after) = cut(rest, b'.');
        let octet = parse_decimal(octet)?;
        if octet > 255 || after.is_none() != is_last {
            return None;
        }
        address = address << 8 | octet;
        rest = after.unwrap_or_default();
    }
    Some(address)
}

fn parse_v6(text: &[u8], words: &mut [u32; 4]) -> Option<()> {
    let (mut groups, mut count, mut gap) = ([0; 8], 0, None);
    let mut rest = text;
    if let [b':', b':', after @ ..] = rest {
        (gap, rest) = (Some(0), after);
    }
    while !rest.is_empty() {
        let (group, after) = cut(rest, b':');
        rest = after.unwrap_or_default();
        if after.is_none() && has(group, b'.') {
            let bits = parse_v4(group)?;
            push(&mut groups, &mut count, bits >> 16);
            push(&mut groups, &mut count, bits & 0xffff);
        } else {
            push(&mut groups, &mut count, parse_number(group, 4, 16)?);
        }
        match rest {
            [b':', after @ ..] if gap.is_none() => (gap, rest) = (Some(count), after),
            // A second gap, or a colon with nothing behind it.
            [b':', ..] => return None,
            [] if after.is_some() => return None,
            _ => {}
        }
    }
    // A gap stands for at least one group.
    if count > 8 || gap.is_none() != (count == 8) {
        return None;
    }
    let gap = gap.unwrap_or(8);
    for index in 0..8 {
        // Behind the gap the groups stand at the end; in it there is none.
        let from = if index < gap { index } else { (index + count).wrapping_sub(8) };
        let group = if index < gap || from >= gap && from < 8 { groups.get(from).copied().unwrap_or(0) } else { 0 };
        if let Some(word) = words.get_mut(index / 2) {
            *word = *word << 16 | group;
        }
    }
    Some(())
}

#[cfg_attr(target_arch = "wasm32", inline(never))] // for its size
fn push(groups: &mut [u32], count: &mut usize, group: u32) {
    if let Some(place) = groups.get_mut(*count) {
        *place = group;
    }
    *count += 1;
}

/// Reads one to `most` digits.
#[cfg_attr(target_arch = "wasm32", inline(never))] // for its size
fn parse_number(text: &[u8], most: usize, radix: u32) -> Option<u32> {
    if text.is_empty() || text.len() > most {
        return None;
    }
    let mut number = 0;
    for &byte in text {
        number = number * radix + char::from(byte).to_digit(radix)?;
    }
    Some(number)
}

/// Reads one to three decimal digits without leading zeros.
fn parse_decimal(text: &[u8]) -> Option<u32> {
    if matches!(text, [b'0', _, ..]) { None } else { parse_number(text, 3, 10) }
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
        text.parse().ok().map(|address: IpAddr| match address.to_canonical() {
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
        check("0.0.0.0/0", "::", false);
        check("0.0.0.0/0", "::1.2.3.4", false);
        check("::/0", "::1.2.3.4", true);
    }

    #[test]
    fn a_mapped_address_is_its_address_of_version_4() {
        check("0.0.0.0/0", "::ffff:1.2.3.4", true);
        check("1.2.3.0/24", "::FFFF:102:304", true);
        check("1.2.3.0/24", "0:0:0:0:0:ffff:1.2.4.4", false);
        check("::/0", "::ffff:1.2.3.4", false);
        // Neighbours of the mapped addresses.
        check("::/0", "::fffe:ffff:ffff", true);
        check("::/0", "::1:0:0:0", true);
        check("::/0", "0:0:0:1:0:ffff:1.2.3.4", true);
        check("0.0.0.0/0", "1::ffff:1.2.3.4", false);
    }

    #[test]
    fn a_mapped_network_is_its_network_of_version_4_from_length_96_on() {
        check("::ffff:0:0/96", "1.2.3.4", true);
        check("::ffff:0:0/96", "::ffff:1.2.3.4", true);
        check("::ffff:9.9.9.9/96", "1.2.3.4", true);
        check("::ffff:10.1.2.3/104", "10.255.0.0", true);
        check("::ffff:a01:203/104", "::ffff:11.0.0.0", false);
        check("::ffff:1.2.3.4/127", "1.2.3.5", true);
        check("::ffff:1.2.3.4/128", "1.2.3.4", true);
        check("::ffff:1.2.3.4/128", "1.2.3.5", false);
        check("::ffff:0:0/95", "1.2.3.4", false);
        check("::ffff:0:0/95", "::ffff:1.2.3.4", false);
        check("::ffff:0:0/95", "::fffe:1.2.3.4", true);
        check("::ffff:1.2.3.4/95", "::fffd:1.2.3.4", false);
        check("::ffff:1.2.3.4/0", "::1", true);
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
            "10.0.0.0/96",
            "10.0.0.0/128",
            "::ffff:10.0.0.0/129",
            "::ffff:10.0.0.0/096",
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

    /// Forms of RFC 4291, section 2.2, are read, and texts of no such form are refused.
    #[test]
    fn every_form_of_the_rfc_is_read_and_no_other() {
        for text in [
            "ABCD:EF01:2345:6789:ABCD:EF01:2345:6789",
            "2001:DB8:0:0:8:800:200C:417A",
            "FF01::101",
            "::1",
            "::",
            "0:0:0:0:0:0:13.1.68.3",
            "::13.1.68.3",
            "::FFFF:129.144.52.38",
            "0:0:0:0:0:ffff:8190:3426",
            "0000:0000:0000:0000:0000:FFFF:129.144.52.38",
            "0::0:ffff:8190:3426",
            "::ffff:0",
            "::ffff:0:0:0",
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
    fn addresses_are_read_as_the_standard_library_reads_them() {
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
    fn a_network_has_the_range_that_arithmetic_gives_it() {
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

    /// Membership of mapped networks as RFC 4291 has it: 128 bits, of which the first `length` are equal.
    #[test]
    fn mapped_networks_hold_what_their_128_bits_hold() {
        let mut random = Seeded(6);
        let (mut held, mut left_out) = (0, 0);
        for _ in 0..20_000 {
            let base = Ipv4Addr::from_bits((random.next() >> 32) as u32);
            let near = Ipv4Addr::from_bits(base.to_bits() ^ 1 << random.below(32));
            let length = 96 + random.below(33);
            let (base_bits, near_bits) = (base.to_ipv6_mapped().to_bits(), near.to_ipv6_mapped().to_bits());
            let expected = (base_bits ^ near_bits) >> (128 - length) == 0;
            let spelled = mapped(&mut random, base);
            for address in [near.to_string(), mapped(&mut random, near)] {
                check(&format!("{spelled}/{length}"), &address, expected);
            }
            *if expected { &mut held } else { &mut left_out } += 1;
        }
        assert!(held > 1_000 && left_out > 1_000, "{held} {left_out}");
    }

    fn mapped(random: &mut Seeded, address: Ipv4Addr) -> String {
        let before = random.pick(&["::ffff", "::FFFF", "0:0:0:0:0:ffff", "0::ffff", "0000:0:0::FffF", "::0:ffff"]);
        let [high, low] = [address.to_bits() >> 16, address.to_bits() & 0xffff];
        if random.one_in(2) { format!("{before}:{address}") } else { format!("{before}:{high:x}:{low:04X}") }
    }

    fn some(random: &mut Seeded) -> String {
        let v4 = |random: &mut Seeded| {
            let bits = random.next().to_le_bytes();
            Ipv4Addr::new(bits[0], bits[1] % 12, bits[2] % 101, 0).to_string()
        };
        if random.one_in(3) {
            return v4(random);
        }
        if random.one_in(6) {
            let address = v4(random).parse().unwrap();
            return mapped(random, address);
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
