//! The engine of a page: programs, contexts, and the answers, read in place.
//!
//! Only numbers cross the boundary: the page writes programs and contexts into the engine's room, and reads answers
//! and the program's texts where they stand in memory. `npm/client/src/engine.ts` is the other half, and calls these functions
//! by their names, with no generated code between.

use sdk_core::{Millis, Runner};
use spin::Mutex;

/// The engines of this page, by number. A page has one thread, so that the lock is always free.
static ENGINES: Mutex<[Runner; 64]> = Mutex::new([const { Runner::new() }; 64]);

/// Calls an engine; where there is none of this number, nothing. One function for all calls, which hand it plain numbers: the lock is
/// in the engine once.
#[inline(never)]
fn with(engine: usize, count: usize, number: f64, call: fn(&mut Runner, usize, f64) -> f64) -> f64 {
    let mut engines = ENGINES.try_lock();
    engines.as_mut().and_then(|engines| engines.get_mut(engine)).map_or(0.0, |runner| call(runner, count, number))
}

/// The address at which bytes stand.
#[expect(clippy::cast_precision_loss, reason = "an address of a page has 32 bits")]
fn address(bytes: &[u8]) -> f64 {
    bytes.as_ptr() as usize as f64
}

/// The address at which to write a program, or a context in the form of `sdk-core/src/context/value.rs`, of up to this many bytes.
/// Earlier bytes stay. 0 if there is no memory.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn room(engine: usize, length: usize) -> f64 {
    with(engine, length, 0.0, |runner, length, _| {
        let room = runner.room(length);
        if room.len() < length { 0.0 } else { address(room) }
    })
}

/// Takes the first `length` bytes of the room as a program. Answers where its texts stand; or, below 8, why it was refused, as
/// the number of `ProgramError`: then the one before stays. Either way the room is another, and no context is known.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn load(engine: usize, length: usize) -> f64 {
    with(engine, length, 0.0, |runner, length, _| match runner.load_room(length) {
        Ok(()) => address(runner.texts()),
        Err(error) => f64::from(error as u8),
    })
}

/// Takes the first `length` bytes of the room as a context that `npm/client/src/context.ts` wrote, and a moment in milliseconds
/// since 1970. A length past the room's end stands for a context that cannot be used.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn identify(engine: usize, length: usize, now: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, reason = "the clock counts whole milliseconds")]
    with(engine, length, now, |runner, length, now| {
        runner.identify_written(length, Millis(now as i64));
        0.0
    })
}

/// Answers for every flag: two words each, where they stand. See `Decision` in `sdk-core/src/model/details.rs` for their bits.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn all(engine: usize) -> f64 {
    with(engine, 0, 0.0, |runner, _, _| address(runner.evaluate_all()))
}

/// Answers for one flag: the decision, and times 2^32 the compared bucket plus one. `requested` is the number of the type that
/// the caller's default has, 0 for any.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn one(engine: usize, flag: usize, requested: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "numbers of flags, types, buckets"
    )]
    with(engine, flag, requested, |runner, flag, requested| runner.evaluate(flag as u32, requested as u32) as f64)
}

/// Forgets what the engine holds; its number and its memory are for the next.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn close(engine: usize) -> f64 {
    with(engine, 0, 0.0, |runner, _, _| {
        runner.clear();
        0.0
    })
}
