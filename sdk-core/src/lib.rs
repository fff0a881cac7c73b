//! The rules of Twinflag.
#![no_std]

extern crate alloc;
