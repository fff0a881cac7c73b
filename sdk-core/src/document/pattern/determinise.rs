//! Makes an automaton deterministic: one that is in many states at once becomes one that is in one.
//!
//! Our own rather than `regex-automata`'s: it stops wherever the pattern is found, orders its sets, and counts its work, so that a
//! hostile pattern is refused after the same step on every machine.

use super::{PatternError, Work};
use alloc::borrow::Cow;
use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;
use core::mem;
use hashbrown::{HashTable, hash_table::Entry};
use regex_automata::nfa::thompson::{NFA, State};
use regex_automata::util::alphabet::Unit;
use regex_automata::util::look::{LookMatcher, LookSet};
use regex_automata::util::primitives::StateID;

/// A deterministic and complete automaton: every state has a step with every symbol.
pub(super) struct Automaton {
    /// The symbol of every byte.
    pub(super) symbols: [u8; 256],
    pub(super) symbol_count: usize,
    /// The next states, a row of `symbol_count` for each state.
    pub(super) steps: Vec<usize>,
    /// For each state: true if the pattern is found when the text ends there.
    pub(super) found_at_end: Vec<bool>,
    pub(super) start: usize,
}

impl Automaton {
    /// The state in which the pattern was found, whatever follows.
    pub(super) const FOUND: usize = 0;
    /// The state in which it will not be found any more.
    pub(super) const NEVER: usize = 1;
}

/// Makes an automaton deterministic; refuses one that takes more work than a pattern may.
pub(super) fn determinise(nfa: &NFA, work: &mut Work<'_>) -> Result<Automaton, PatternError> {
    let classes = nfa.byte_classes();
    let representatives: Vec<u8> = classes.representatives(0..=255).filter_map(Unit::as_u8).collect();
    let mut symbols = [0; 256];
    for (byte, symbol) in (0..=255).zip(&mut symbols) {
        *symbol = classes.get(byte);
    }
    let mut sets = Sets::new(nfa, work);
    let start = sets.after(Before::Start, vec![nfa.start_unanchored()])?;
    let mut steps = vec![Automaton::FOUND; representatives.len()];
    steps.resize(2 * representatives.len(), Automaton::NEVER);
    let mut found_at_end = vec![true, false];
    while let Some(set) = sets.known.get(found_at_end.len() - 2).cloned() {
        found_at_end.push(sets.resolve(&set, None)?.is_none());
        for &byte in &representatives {
            steps.push(sets.step(&set, byte)?);
        }
    }
    Ok(Automaton { symbols, symbol_count: representatives.len(), steps, found_at_end, start })
}

/// The byte before a place in the text, as far as an assertion can ask about it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Start,
    LineFeed,
    CarriageReturn,
    WordByte,
    Other,
}

/// A state of the result: the states that the first automaton is in at once, ordered, with assertions that wait for the next byte.
#[derive(PartialEq, Eq)]
struct Set {
    before: Before,
    states: Vec<StateID>,
    /// True if there are assertions among `states`.
    asks: bool,
}

struct Sets<'a, 'b> {
    nfa: &'a NFA,
    looks: LookSet,
    matcher: LookMatcher,
    known: Vec<Rc<Set>>,
    /// The places in `known`, by the hash of their set.
    places: HashTable<(u64, usize)>,
    /// For each state of the NFA: the last round that came through it.
    seen: Vec<usize>,
    round: usize,
    /// Two lists that are empty between calls, kept for their memory.
    waiting: Vec<StateID>,
    states: Vec<StateID>,
    work: &'a mut Work<'b>,
}

impl<'a, 'b> Sets<'a, 'b> {
    fn new(nfa: &'a NFA, work: &'a mut Work<'b>) -> Self {
        let seen = vec![0; nfa.states().len()];
        Self {
            nfa,
            looks: nfa.look_set_any(),
            matcher: LookMatcher::new(),
            known: Vec::new(),
            places: HashTable::new(),
            seen,
            round: 0,
            waiting: Vec::new(),
            states: Vec::new(),
            work,
        }
    }

    /// The number of the state after `set` and `byte`.
    fn step(&mut self, set: &Set, byte: u8) -> Result<usize, PatternError> {
        let Some(states) = self.resolve(set, Some(byte))? else { return Ok(Automaton::FOUND) };
        let mut targets = mem::take(&mut self.waiting);
        for &id in &*states {
            match self.nfa.state(id) {
                State::ByteRange { trans } => {
                    self.work.spend(1)?;
                    targets.extend(trans.matches_byte(byte).then_some(trans.next));
                }
                State::Sparse(sparse) => {
                    self.work.spend(sparse.transitions.len())?;
                    targets.extend(sparse.matches_byte(byte));
                }
                State::Dense(dense) => {
                    self.work.spend(1)?;
                    targets.extend(dense.matches_byte(byte));
                }
                _ => {}
            }
        }
        self.after(self.before(byte), targets)
    }

    /// The number of the state that stands for being in all of `targets`; a new state is added.
    fn after(&mut self, before: Before, targets: Vec<StateID>) -> Result<usize, PatternError> {
        let Some(mut states) = self.closure(targets, None)? else { return Ok(Automaton::FOUND) };
        if states.is_empty() {
            return Ok(Automaton::NEVER);
        }
        states.sort_unstable();
        let asks = states.iter().any(|&id| matches!(self.nfa.state(id), State::Look { .. }));
        let before = if asks { before } else { Before::Other };
        let hash = hash(before, &states);
        let is_same = |(known, place): &(u64, usize)| {
            *known == hash && self.known.get(*place).is_some_and(|set| set.before == before && set.states == states)
        };
        let place = match self.places.entry(hash, is_same, |(known, _)| *known) {
            Entry::Occupied(entry) => entry.get().1,
            Entry::Vacant(entry) => {
                let place = self.known.len();
                entry.insert((hash, place));
                self.known.push(Rc::new(Set { before, states: states.clone(), asks }));
                place
            }
        };
        states.clear();
        self.states = states;
        // The two states without a set come first.
        Ok(place + 2)
    }

    /// The states of `set` once the next byte is known; `next` is `None` at the end of the text. Returns `None` if the pattern is found.
    fn resolve<'s>(&mut self, set: &'s Set, next: Option<u8>) -> Result<Option<Cow<'s, [StateID]>>, PatternError> {
        if !set.asks {
            return Ok(Some(Cow::Borrowed(&set.states)));
        }
        // Assertions look one byte back and one ahead.
        let before: &[u8] = match set.before {
            Before::Start => b"",
            Before::LineFeed => b"\n",
            Before::CarriageReturn => b"\r",
            Before::WordByte => b"a",
            Before::Other => b" ",
        };
        let mut text = before.to_vec();
        text.extend(next);
        let mut satisfied = LookSet::empty();
        for look in self.looks.iter() {
            if self.matcher.matches(look, &text, before.len()) {
                satisfied.set_insert(look);
            }
        }
        Ok(self.closure(set.states.clone(), Some(satisfied))?.map(Cow::Owned))
    }

    /// The states that are reached without reading a byte; `None` if the pattern is found. Without `satisfied`, assertions wait; with it,
    /// those that are not satisfied are dropped.
    fn closure(&mut self, mut waiting: Vec<StateID>, satisfied: Option<LookSet>) -> Result<Option<Vec<StateID>>, PatternError> {
        self.round += 1;
        let mut states = mem::take(&mut self.states);
        while let Some(id) = waiting.pop() {
            self.work.spend(1)?;
            if mem::replace(&mut self.seen[id], self.round) == self.round {
                continue;
            }
            match self.nfa.state(id) {
                State::ByteRange { .. } | State::Sparse(_) | State::Dense(_) => states.push(id),
                State::Look { look, next } => match satisfied {
                    None => states.push(id),
                    Some(satisfied) if satisfied.contains(*look) => waiting.push(*next),
                    Some(_) => {}
                },
                State::Union { alternates } => waiting.extend(alternates),
                State::BinaryUnion { alt1, alt2 } => {
                    waiting.push(*alt1);
                    waiting.push(*alt2);
                }
                State::Capture { next, .. } => waiting.push(*next),
                State::Fail => {}
                State::Match { .. } => return Ok(None),
            }
        }
        self.waiting = waiting;
        Ok(Some(states))
    }

    fn before(&self, byte: u8) -> Before {
        match byte {
            b'\n' if self.looks.contains_anchor_line() => Before::LineFeed,
            b'\r' if self.looks.contains_anchor_line() => Before::CarriageReturn,
            _ if self.looks.contains_word() && (byte.is_ascii_alphanumeric() || byte == b'_') => Before::WordByte,
            _ => Before::Other,
        }
    }
}

/// A hash of a set. It has no key, because the author of a pattern cannot choose its sets freely.
fn hash(before: Before, states: &[StateID]) -> u64 {
    const PRIME: u64 = 0x9e37_79b9_7f4a_7c15;
    let step = |hash: u64, id: &StateID| (hash ^ id.as_usize() as u64).wrapping_mul(PRIME).rotate_left(29);
    states.iter().fold(before as u64, step)
}
