//! Lines of the runner protocol, one after the other.

use std::collections::VecDeque;

use crate::{
    count::Asked,
    generate::{documents, probes::Deck, questions, random::Random},
};

/// A line of the runner protocol.
#[derive(Debug)]
pub enum Line {
    /// Sets the document; nothing answers.
    Document(String),
    /// Asks; one line answers.
    Question(String, Asked),
}

/// The lines of one seed, up to a number of questions.
pub struct Lines {
    random: Random,
    deck: Deck,
    left: usize,
    strangers: bool,
    ready: VecDeque<Line>,
}

impl Lines {
    /// As many questions as `pairs`, and the documents they are about. Fewer pairs of the same seed are the beginning of more.
    pub fn new(seed: u64, pairs: usize) -> Self {
        Self { random: Random::new(seed), deck: Deck::default(), left: pairs, strangers: false, ready: VecDeque::new() }
    }

    /// The same with some contexts that do not extend what is said to be known of them, which only programs notice.
    #[must_use]
    pub fn with_strangers(self, strangers: bool) -> Self {
        Self { strangers, ..self }
    }
}

impl Iterator for Lines {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        if self.ready.is_empty() && self.left > 0 {
            let document = documents::some(&mut self.random, &mut self.deck);
            let count = if document.refused { 3 } else { self.random.between(100, 500) };
            let mut questions = questions::ask(&mut self.random, &document, count, self.strangers);
            questions.truncate(self.left);
            self.left -= questions.len();
            self.ready.push_back(Line::Document(document.line));
            self.ready.extend(questions.into_iter().map(|(text, asked)| Line::Question(text, asked)));
        }
        self.ready.pop_front()
    }
}
