//! The engine of a page: it runs a program for a context, both written into its memory by the page.
//!
//! Only numbers cross the boundary. The page writes programs and contexts into the engine's *room*, a buffer in the engine's memory, and
//! reads answers and the program's texts from that memory. `npm/client/src/engine.ts` is the other half; it calls these functions by their
//! names, without generated code.

use sdk_core::{Millis, Runner};
use spin::Mutex;

/// The engines of this page, by number. A page has one thread, so that the lock is always free.
static ENGINES: Mutex<[Runner; 64]> = Mutex::new([const { Runner::new() }; 64]);

/// Calls the engine with this number; does nothing if there is none.
fn with<T: Default>(engine: usize, call: impl FnOnce(&mut Runner) -> T) -> T {
    ENGINES.try_lock().and_then(|mut engines| engines.get_mut(engine).map(call)).unwrap_or_default()
}

/// Makes room for this many bytes and returns its address, 0 if memory has run out. The page writes a program there, or a context in the
/// form of `sdk-core/src/context/value.rs`; earlier bytes stay.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn room(engine: usize, length: usize) -> usize {
    with(engine, |runner| {
        let room = runner.room(length);
        if room.len() < length { 0 } else { room.as_ptr() as usize }
    })
}

/// Takes the first `length` bytes of the room as a program, and returns the address of its texts.
///
/// A result below 8 is the number of the `ProgramError` for which the program is refused: then the program before stays. Either way the room
/// has another address, and the engine has forgotten its context.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn load(engine: usize, length: usize) -> usize {
    with(engine, |runner| match runner.load_room(length) {
        Ok(()) => runner.texts().as_ptr() as usize,
        Err(error) => error as usize,
    })
}

/// Takes the first `length` bytes of the room as a context that `npm/client/src/context.ts` wrote, and a moment in milliseconds
/// since 1970. A length past the room's end stands for a refused context.
#[expect(clippy::cast_possible_truncation, reason = "the clock counts whole milliseconds")]
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn identify(engine: usize, length: usize, now: f64) {
    with(engine, |runner| runner.identify_written(length, Millis(now as i64)));
}

/// Evaluates every flag and returns the address of the answers, two words a flag: the decision, whose bits `Decision` in
/// `sdk-core/src/model/details.rs` explains, and the compared bucket plus one.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn all(engine: usize) -> usize {
    with(engine, |runner| runner.evaluate_all().as_ptr() as usize)
}

/// Evaluates one flag and returns the decision, plus 2^32 times the compared bucket plus one. `requested` is the number of the type that
/// the caller's default has, 0 for any.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn one(engine: usize, flag: u32, requested: u32) -> f64 {
    with(engine, |runner| {
        let [decision, bucket] = runner.evaluate(flag, requested);
        f64::from(decision) + f64::from(bucket) * 4_294_967_296.0
    })
}

/// Forgets the program and the context of an engine. The page may use its number and its memory again.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn close(engine: usize) {
    with(engine, Runner::clear);
}
