//! What std would have brought to the engine: an allocator, and what becomes of a panic.

use core::{arch::wasm32::unreachable, panic::PanicInfo};

/// Memory is taken when a program or a larger context arrives, hardly ever else.
#[global_allocator]
static ALLOCATOR: lol_alloc::LockedAllocator<lol_alloc::FreeListAllocator> =
    lol_alloc::LockedAllocator::new(lol_alloc::FreeListAllocator::new());

/// A trap, which the page sees as a `WebAssembly.RuntimeError`. The core never panics; memory may run out.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    unreachable()
}
