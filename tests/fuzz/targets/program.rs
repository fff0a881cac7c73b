//! Any bytes as a program.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|bytes: &[u8]| tests_fuzz::program(bytes));

// Tables are words whose number the head states: bytes that are put in or taken out end every story at its start. So most
// mutations change words where they stand.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut random = u64::from(seed) | 1 << 40;
    let mut draw = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random >> 11).unwrap_or(0) % below.max(1)
    };
    let words = size.saturating_sub(20) / 4;
    if words == 0 || draw(5) == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    for _ in 0..=draw(3) {
        let at = 20 + 4 * draw(words);
        let other = 20 + 4 * draw(words);
        let word = |at: usize| u32::from_le_bytes(data[at..at + 4].try_into().unwrap_or_default());
        let drawn = u32::try_from(draw(256)).unwrap_or(0);
        let new = match draw(9) {
            0 => word(at).wrapping_add(1),
            1 => word(at).wrapping_sub(1),
            2 => word(other),
            3 => drawn,
            4 => word(at) ^ 1 << (drawn & 31),
            5 => word(at).wrapping_add(drawn),
            6 => word(at) & 0xFFFF_FF00 | drawn,
            7 => u32::MAX - drawn,
            _ => word(at) & 0xFFFF | drawn << 16,
        };
        data[at..at + 4].copy_from_slice(&new.to_le_bytes());
    }
    size
});
