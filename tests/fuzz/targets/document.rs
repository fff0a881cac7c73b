//! Any text as a document.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests_fuzz::document(bytes));
