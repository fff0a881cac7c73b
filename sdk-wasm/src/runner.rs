//! The engine of a page: it runs a program for a context, both written into its memory by the page.
//!
//! Only numbers cross the boundary. The page writes programs and contexts into the engine's *room*, a buffer in the engine's memory, and
//! reads answers and the program's texts from that memory. `npm/client/src/engine.ts` is the other half; it calls these functions by their
//! names, without generated code.

use sdk_core::{Millis, Runner};
use spin::Mutex;

/// The engines of this page, by number. A page has one thread, so that the lock is always free.
static ENGINES: Mutex<[Runner; 64]> = Mutex::new([const { Runner::new() }; 64]);

/// Calls the engine with this number; returns 0 if there is none. One function for all calls, which hand it plain numbers: so the
/// module has the lock's code once.
#[inline(never)]
fn with(engine: usize, count: usize, number: f64, call: fn(&mut Runner, usize, f64) -> f64) -> f64 {
    let mut engines = ENGINES.try_lock();
    engines.as_mut().and_then(|engines| engines.get_mut(engine)).map_or(0.0, |runner| call(runner, count, number))
}

/// The address of bytes.
#[expect(clippy::cast_precision_loss, reason = "an address of a page has 32 bits")]
fn address(bytes: &[u8]) -> f64 {
    bytes.as_ptr() as usize as f64
}

/// Makes room for this many bytes and returns its address, 0 if memory has run out. The page writes a program there, or a context in the
/// form of `sdk-core/src/context/value.rs`; earlier bytes stay.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn room(engine: usize, length: usize) -> f64 {
    with(engine, length, 0.0, |runner, length, _| {
        let room = runner.room(length);
        if room.len() < length { 0.0 } else { address(room) }
    })
}

/// Takes the first `length` bytes of the room as a program, and returns the address of its texts.
///
/// A result below 8 is the number of the `ProgramError` for which the program is refused: then the program before stays. Either way the room
/// has another address, and the engine has forgotten its context.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn load(engine: usize, length: usize) -> f64 {
    with(engine, length, 0.0, |runner, length, _| match runner.load_room(length) {
        Ok(()) => address(runner.texts()),
        Err(error) => f64::from(error as u8),
    })
}

/// Takes the first `length` bytes of the room as a context that `npm/client/src/context.ts` wrote, and a moment in milliseconds
/// since 1970. A length past the room's end stands for a refused context.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn identify(engine: usize, length: usize, now: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, reason = "the clock counts whole milliseconds")]
    with(engine, length, now, |runner, length, now| {
        runner.identify_written(length, Millis(now as i64));
        0.0
    })
}

/// Evaluates every flag and returns the address of the answers, two words a flag: the decision, whose bits `Decision` in
/// `sdk-core/src/model/details.rs` explains, and the compared bucket plus one.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn all(engine: usize) -> f64 {
    with(engine, 0, 0.0, |runner, _, _| address(runner.evaluate_all()))
}

/// Evaluates one flag and returns the decision, plus 2^32 times the compared bucket plus one. `requested` is the number of the type that
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

/// Forgets the program and the context of an engine. The page may use its number and its memory again.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn close(engine: usize) -> f64 {
    with(engine, 0, 0.0, |runner, _, _| {
        runner.clear();
        0.0
    })
}
