//! Minimises an automaton: makes the smallest one that finds the same.

use super::Automaton;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

/// Rows and columns of the table, numbered as it numbers them: the same for every automaton that finds the same.
pub(super) struct Minimal {
    /// The class of every byte: two bytes share it when no state tells them apart.
    pub(super) classes: [u8; 256],
    pub(super) columns: usize,
    pub(super) rows: Vec<Vec<usize>>,
    pub(super) start: usize,
    pub(super) found_at_end: usize,
}

pub(super) fn minimise(automaton: &Automaton) -> Minimal {
    let partition = Partition::of(automaton);
    let (found, never) = (partition.block_of[Automaton::FOUND], partition.block_of[Automaton::NEVER]);
    // Any state of a block can stand for the block.
    let row = |block: usize| {
        let first = partition.states[partition.blocks[block].start] * automaton.symbol_count;
        automaton.steps[first..first + automaton.symbol_count].iter().map(|&state| partition.block_of[state])
    };
    let start = partition.block_of[automaton.start];
    let mut order = vec![start];
    let mut is_known = vec![false; partition.blocks.len()];
    is_known[start] = true;
    let mut at = 0;
    while let Some(&block) = order.get(at) {
        at += 1;
        order.extend(row(block).filter(|&next| !core::mem::replace(&mut is_known[next], true)));
    }
    order.retain(|&block| block != found && block != never);
    let is_found_at_end = |block: usize| automaton.found_at_end[partition.states[partition.blocks[block].start]];
    // Stable: among equals, those nearest to the start come first.
    order.sort_by_key(|&block| !is_found_at_end(block));

    let mut numbers = vec![0; partition.blocks.len()];
    for (number, &block) in (1..).zip(&order) {
        numbers[block] = number;
    }
    numbers[never] = order.len() + 1;
    numbers[found] = 0;

    let rows: Vec<Vec<usize>> = order.iter().map(|&block| row(block).map(|next| numbers[next]).collect()).collect();
    let mut columns: BTreeMap<Vec<usize>, u8> = BTreeMap::new();
    let mut kept = Vec::new();
    let mut classes = [0; 256];
    for (class, &symbol) in classes.iter_mut().zip(&automaton.symbols) {
        let symbol = usize::from(symbol);
        *class = *columns.entry(rows.iter().map(|row| row[symbol]).collect()).or_insert_with(|| {
            kept.push(symbol);
            // There are no more classes than bytes.
            (kept.len() - 1).to_le_bytes()[0]
        });
    }
    Minimal {
        classes,
        columns: kept.len(),
        found_at_end: 1 + order.iter().filter(|&&block| is_found_at_end(block)).count(),
        rows: rows.iter().map(|row| kept.iter().map(|&symbol| row[symbol]).collect()).collect(),
        start: numbers[start],
    }
}

/// The states in blocks, by Hopcroft's algorithm: the states of one block find the same.
struct Partition {
    /// Every state once, those of a block side by side.
    states: Vec<usize>,
    /// The index in `states` of each state.
    place_of: Vec<usize>,
    block_of: Vec<usize>,
    blocks: Vec<Block>,
}

struct Block {
    start: usize,
    end: usize,
    /// From `start` to here are the states that step into the block at hand.
    marked: usize,
}

impl Partition {
    fn of(automaton: &Automaton) -> Self {
        let count = automaton.found_at_end.len();
        let mut states: Vec<usize> = (0..count).collect();
        states.sort_by_key(|&state| !automaton.found_at_end[state]);
        let accepting = automaton.found_at_end.iter().filter(|&&found| found).count();
        let mut place_of = vec![0; count];
        for (place, &state) in states.iter().enumerate() {
            place_of[state] = place;
        }
        let block_of = automaton.found_at_end.iter().map(|&found| usize::from(!found)).collect();
        // FOUND is in the first and NEVER in the second, so that neither is empty.
        let blocks = vec![Block { start: 0, end: accepting, marked: 0 }, Block { start: accepting, end: count, marked: accepting }];
        let mut partition = Self { states, place_of, block_of, blocks };
        partition.refine(automaton);
        partition
    }

    fn refine(&mut self, automaton: &Automaton) {
        let steps = BackwardSteps::of(automaton);
        let mut waiting = vec![0, 1];
        let mut is_waiting = vec![true, true];
        while let Some(splitter) = waiting.pop() {
            is_waiting[splitter] = false;
            let Block { start, end, .. } = self.blocks[splitter];
            let targets = self.states[start..end].to_vec();
            for symbol in 0..automaton.symbol_count {
                let mut touched = Vec::new();
                for &target in &targets {
                    for &source in steps.sources(target, symbol) {
                        self.mark(source, &mut touched);
                    }
                }
                for block in touched {
                    let Some(new) = self.split(block) else { continue };
                    is_waiting.push(false);
                    let size = |block: &Block| block.end - block.start;
                    let add = if is_waiting[block] || size(&self.blocks[new]) <= size(&self.blocks[block]) { new } else { block };
                    is_waiting[add] = true;
                    waiting.push(add);
                }
            }
        }
    }

    /// Moves `state` to the marked ones of its block; it steps with a symbol to one state only, hence is marked once.
    fn mark(&mut self, state: usize, touched: &mut Vec<usize>) {
        let number = self.block_of[state];
        let block = &mut self.blocks[number];
        if block.marked == block.start {
            touched.push(number);
        }
        let (place, other) = (self.place_of[state], self.states[block.marked]);
        self.states.swap(place, block.marked);
        self.place_of[other] = place;
        self.place_of[state] = block.marked;
        block.marked += 1;
    }

    /// Makes a block of the marked states; `None` if all states of the block are marked.
    fn split(&mut self, number: usize) -> Option<usize> {
        let block = &mut self.blocks[number];
        let (start, marked) = (block.start, block.marked);
        if marked == block.end {
            block.marked = start;
            return None;
        }
        block.start = marked;
        let new = self.blocks.len();
        self.blocks.push(Block { start, end: marked, marked: start });
        for &state in &self.states[start..marked] {
            self.block_of[state] = new;
        }
        Some(new)
    }
}

/// The steps of an automaton, looked up by their targets.
struct BackwardSteps {
    symbol_count: usize,
    /// For each state and symbol: the index in `sources` at which its sources begin. One more entry marks the end.
    begins: Vec<usize>,
    sources: Vec<usize>,
}

impl BackwardSteps {
    fn of(automaton: &Automaton) -> Self {
        let symbol_count = automaton.symbol_count;
        let pair = |step: usize, target: usize| target * symbol_count + step % symbol_count;
        let mut begins = vec![0; automaton.steps.len() + 1];
        for (step, &target) in automaton.steps.iter().enumerate() {
            begins[pair(step, target) + 1] += 1;
        }
        for at in 1..begins.len() {
            begins[at] += begins[at - 1];
        }
        let mut next = begins.clone();
        let mut sources = vec![0; automaton.steps.len()];
        for (step, &target) in automaton.steps.iter().enumerate() {
            let place = &mut next[pair(step, target)];
            sources[*place] = step / symbol_count;
            *place += 1;
        }
        Self { symbol_count, begins, sources }
    }

    fn sources(&self, target: usize, symbol: usize) -> &[usize] {
        let pair = target * self.symbol_count + symbol;
        &self.sources[self.begins[pair]..self.begins[pair + 1]]
    }
}
