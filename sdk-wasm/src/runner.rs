//! The engine of a page: programs, contexts, and the answers, read in place.
//!
//! Only numbers cross the boundary: the page writes programs and contexts into the engine's room, and reads answers
//! and the program's texts where they stand in memory. `npm/client/src/engine.ts` is the other half, and calls these functions
//! by their names, with no generated code between.

use sdk_core::{Millis, Runner};
use spin::Mutex;

/// The engines of this page, by number. A page has one thread, so that the lock is always free.
static ENGINES: Mutex<[Runner; 64]> = Mutex::new([const { Runner::new() }; 64]);

/// Calls an engine; where there is none of this number, nothing.
fn with<T: Default>(engine: usize, call: impl FnOnce(&mut Runner) -> T) -> T {
    ENGINES.try_lock().and_then(|mut engines| engines.get_mut(engine).map(call)).unwrap_or_default()
}

/// The address at which to write a program, or a context in the form of `sdk-core/src/context/value.rs`, of up to this many bytes.
/// Earlier bytes stay. 0 if there is no memory.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn room(engine: usize, length: usize) -> usize {
    with(engine, |runner| {
        let room = runner.room(length);
        if room.len() < length { 0 } else { room.as_ptr() as usize }
    })
}

/// Takes the first `length` bytes of the room as a program. Answers where its texts stand; or, below 8, why it was refused, as
/// the number of `ProgramError`: then the one before stays. Either way the room is another, and no context is known.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn load(engine: usize, length: usize) -> usize {
    with(engine, |runner| match runner.load_room(length) {
        Ok(()) => runner.texts().as_ptr() as usize,
        Err(error) => error as usize,
    })
}

/// Takes the first `length` bytes of the room as a context that `npm/client/src/context.ts` wrote, and a moment in milliseconds
/// since 1970. A length past the room's end stands for a context that cannot be used.
#[expect(clippy::cast_possible_truncation, reason = "the clock counts whole milliseconds")]
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn identify(engine: usize, length: usize, now: f64) {
    with(engine, |runner| runner.identify_written(length, Millis(now as i64)));
}

/// Answers for every flag: two words each, where they stand. See `Decision` in `sdk-core/src/model/details.rs` for their bits.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn all(engine: usize) -> usize {
    with(engine, |runner| runner.evaluate_all().as_ptr() as usize)
}

/// Answers for one flag: the decision, and times 2^32 the compared bucket plus one. `requested` is the number of the type that
/// the caller's default has, 0 for any.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn one(engine: usize, flag: u32, requested: u32) -> f64 {
    with(engine, |runner| {
        let [decision, bucket] = runner.evaluate(flag, requested);
        f64::from(decision) + f64::from(bucket) * 4_294_967_296.0
    })
}

/// Forgets what the engine holds; its number and its memory are for the next.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn close(engine: usize) {
    with(engine, Runner::clear);
}
