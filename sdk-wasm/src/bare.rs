//! What std would have brought to the engine: an allocator, and what becomes of a panic.

use core::{arch::wasm32::unreachable, panic::PanicInfo};

/// Hands memory out and never takes it back. What the engine holds it uses again; a vector that grows leaves as much behind as
/// it takes, at most.
#[global_allocator]
static ALLOCATOR: mini_alloc::MiniAlloc = mini_alloc::MiniAlloc::INIT;

/// A trap, which the page sees as a `WebAssembly.RuntimeError`. The core never panics; memory may run out.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    unreachable()
}
