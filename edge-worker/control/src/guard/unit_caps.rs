//! The cap of new anonymous units: how many of an address block count in an hour.
use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString as _},
};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sdk_core::Millis;

/// The new anonymous units of one address block that count in an hour.
pub const UNITS_PER_BLOCK: u8 = 5;
/// The most blocks that are counted apart in an hour; units of all others share the count of one block.
const MAX_BLOCKS: usize = 10_000;
const HOUR_MS: i64 = 3_600_000;

/// A block of addresses of which one caller may hold many: a /24 of IPv4, a /48 of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Block(u64);

/// The mark of blocks of IPv4, above the 48 bits of one of IPv6.
const IPV4: u64 = 1 << 48;

impl Block {
    /// The block of an address. An IPv4 address that is written as IPv6 (`::ffff:192.0.2.1`) is in its block of IPv4.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(IPV4 | u64::from(u32::from(address) >> 8)),
            IpAddr::V6(address) => {
                let [a, b, c, ..] = address.segments();
                Self(u64::from(a) << 32 | u64::from(b) << 16 | u64::from(c))
            }
        }
    }

    /// The block with this number; `None` if there is none.
    pub const fn from_number(number: u64) -> Option<Self> {
        let is_block = if number & IPV4 == 0 { number < IPV4 } else { number < IPV4 + (1 << 24) };
        if is_block { Some(Self(number)) } else { None }
    }

    /// The number of the block, below 2^49.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The block as operators write it: `192.0.2.0/24`, `2001:db8:1::/48`.
    pub fn to_text(self) -> String {
        let [_, _, high @ ..] = self.0.to_be_bytes();
        if self.0 & IPV4 != 0 {
            let [.., first, second, third] = high;
            return Ipv4Addr::new(first, second, third, 0).to_string() + "/24";
        }
        let mut address = [0; 16];
        address.iter_mut().zip(high).for_each(|(byte, of_block)| *byte = of_block);
        format!("{}/48", Ipv6Addr::from(address))
    }
}

/// The new anonymous units of the present hour, by address block. Its memory is bounded by 10,000 blocks.
#[derive(Clone, Debug, Default)]
pub struct UnitCaps {
    hour: i64,
    blocks: BTreeMap<Block, u8>,
    others: u8,
}

impl UnitCaps {
    /// Counts a new anonymous unit, and returns true if its outcomes count for the guard: for the first [`UNITS_PER_BLOCK`] of a block in
    /// each hour of the clock. Units without an address count as those of one block.
    pub fn admit(&mut self, block: Option<Block>, now: Millis) -> bool {
        let hour = now.0.div_euclid(HOUR_MS);
        if hour != self.hour {
            *self = Self { hour, ..Self::default() };
        }
        let has_room = self.blocks.len() < MAX_BLOCKS;
        let count = match block {
            Some(block) if has_room || self.blocks.contains_key(&block) => self.blocks.entry(block).or_default(),
            _ => &mut self.others,
        };
        let is_admitted = *count < UNITS_PER_BLOCK;
        *count += u8::from(is_admitted);
        is_admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &str) -> Block {
        Block::of(text.parse().unwrap())
    }

    #[test]
    fn a_block_is_a_24_of_ipv4_and_a_48_of_ipv6() {
        for (address, expected) in [
            ("192.0.2.255", "192.0.2.0/24"),
            ("::ffff:192.0.2.1", "192.0.2.0/24"),
            ("0.0.0.0", "0.0.0.0/24"),
            ("255.255.255.255", "255.255.255.0/24"),
            ("2001:db8:1:ffff::1", "2001:db8:1::/48"),
            ("::1", "::/48"),
            ("ffff:ffff:ffff::", "ffff:ffff:ffff::/48"),
        ] {
            let block = block(address);
            assert_eq!(block.to_text(), expected);
            assert_eq!(Block::from_number(block.number()), Some(block));
        }
        assert_ne!(block("0.0.0.0"), block("::"));
        assert_eq!([IPV4 + (1 << 24), 1 << 49, u64::MAX].map(Block::from_number), [None; 3]);
    }

    #[test]
    fn five_new_units_of_a_block_count_in_an_hour() {
        let mut caps = UnitCaps::default();
        let mut admitted = |address: Option<&str>, now| (0..9).filter(|_| caps.admit(address.map(block), Millis(now))).count();
        assert_eq!(admitted(Some("192.0.2.1"), 10 * HOUR_MS), 5);
        assert_eq!(admitted(Some("192.0.2.200"), 11 * HOUR_MS - 1), 0);
        assert_eq!(admitted(Some("192.0.3.1"), 11 * HOUR_MS - 1), 5);
        assert_eq!(admitted(None, 11 * HOUR_MS - 1), 5);
        assert_eq!(admitted(Some("192.0.2.1"), 11 * HOUR_MS), 5);
    }

    #[test]
    fn a_full_table_counts_further_blocks_as_one() {
        let mut caps = UnitCaps::default();
        let admitted = (0..20_000_u32).filter(|number| caps.admit(Some(Block::of(Ipv4Addr::from_bits(number << 8).into())), Millis(0)));
        assert_eq!(admitted.count(), MAX_BLOCKS + usize::from(UNITS_PER_BLOCK));
        assert_eq!(caps.blocks.len(), MAX_BLOCKS);
        // Blocks that have a count of their own keep it.
        assert!(caps.admit(Some(block("0.0.0.9")), Millis(0)));
    }
}
