//! An automaton that is in many states at once → one that is in one.
//!
//! Our own rather than `regex-automata`'s: it stops wherever the pattern is found, orders its sets, and counts its work, so that a
//! hostile pattern is refused after the same step on every machine.

use super::{PatternError, Work};
use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;
use regex_automata::nfa::thompson::{NFA, State};
use regex_automata::util::alphabet::Unit;
use regex_automata::util::look::{LookMatcher, LookSet};
use regex_automata::util::primitives::StateID;

/// Deterministic and complete: from every state a step with every symbol.
pub(super) struct Automaton {
    /// The symbol of every byte.
    pub(super) symbols: [u8; 256],
    pub(super) symbol_count: usize,
    /// The next states, a row of `symbol_count` for each state.
    pub(super) steps: Vec<usize>,
    /// For each state whether the pattern is found when the text ends there.
    pub(super) found_at_end: Vec<bool>,
    pub(super) start: usize,
}

impl Automaton {
    /// The state in which the pattern was found, whatever follows.
    pub(super) const FOUND: usize = 0;
    /// The state in which it will not be found any more.
    pub(super) const NEVER: usize = 1;
}

/// Refuses what takes too much work.
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

/// The byte before the present place, as far as an assertion can ask.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Before {
    Start,
    LineFeed,
    CarriageReturn,
    WordByte,
    Other,
}

/// One state to be: the states one is in at once, ordered, with assertions that wait for the next byte.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Set {
    before: Before,
    states: Vec<StateID>,
    /// Whether there are assertions among `states`.
    asks: bool,
}

struct Sets<'a, 'b> {
    nfa: &'a NFA,
    looks: LookSet,
    matcher: LookMatcher,
    known: Vec<Rc<Set>>,
    numbers: BTreeMap<Rc<Set>, usize>,
    /// For each state of the NFA the last round that came through it.
    seen: Vec<usize>,
    round: usize,
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
            numbers: BTreeMap::new(),
            seen,
            round: 0,
            work,
        }
    }

    /// The number of the state after `set` and `byte`.
    fn step(&mut self, set: &Set, byte: u8) -> Result<usize, PatternError> {
        let Some(states) = self.resolve(set, Some(byte))? else { return Ok(Automaton::FOUND) };
        let mut targets = Vec::new();
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

    /// The number of the state of being in `targets`.
    fn after(&mut self, before: Before, targets: Vec<StateID>) -> Result<usize, PatternError> {
        let Some(mut states) = self.closure(targets, None)? else { return Ok(Automaton::FOUND) };
        if states.is_empty() {
            return Ok(Automaton::NEVER);
        }
        states.sort_unstable();
        let asks = states.iter().any(|&id| matches!(self.nfa.state(id), State::Look { .. }));
        let set = Set { before: if asks { before } else { Before::Other }, states, asks };
        if let Some(&number) = self.numbers.get(&set) {
            return Ok(number);
        }
        // The two states without a set come first.
        let (number, set) = (self.known.len() + 2, Rc::new(set));
        self.known.push(set.clone());
        self.numbers.insert(set, number);
        Ok(number)
    }

    /// `set` when what comes next is known, `None` being the end; `None` when the pattern is found.
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

    /// The states that are reached without reading a byte; `None` when the pattern is found. Without `satisfied`, assertions wait; with
    /// it, those that are not satisfied are dropped.
    fn closure(&mut self, mut waiting: Vec<StateID>, satisfied: Option<LookSet>) -> Result<Option<Vec<StateID>>, PatternError> {
        self.round += 1;
        let mut states = Vec::new();
        while let Some(id) = waiting.pop() {
            self.work.spend(1)?;
            if core::mem::replace(&mut self.seen[id], self.round) == self.round {
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
                State::BinaryUnion { alt1, alt2 } => waiting.extend([*alt1, *alt2]),
                State::Capture { next, .. } => waiting.push(*next),
                State::Fail => {}
                State::Match { .. } => return Ok(None),
            }
        }
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
