//! The engine's replacements for std: an allocator and a panic handler.

use core::{arch::wasm32::unreachable, panic::PanicInfo};

/// Hands memory out and never takes it back. The engine uses its memory again; a vector that grows leaves at most as much
/// behind as it takes.
#[global_allocator]
static ALLOCATOR: mini_alloc::MiniAlloc = mini_alloc::MiniAlloc::INIT;

/// A trap, which the page sees as a `WebAssembly.RuntimeError`. The core never panics; memory may run out.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    unreachable()
}
