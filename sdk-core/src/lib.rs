//! The rules of Twinflag.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

#[cfg_attr(not(test), expect(dead_code, reason = "the evaluation that calls the operators is not here yet"))]
pub(crate) mod document;
#[cfg_attr(not(test), expect(dead_code, reason = "the evaluation that calls the operators is not here yet"))]
pub(crate) mod matching;
