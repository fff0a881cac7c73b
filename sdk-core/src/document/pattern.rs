//! Patterns, compiled: text → expression → automaton → table.
//!
//! The syntax is that of the `regex` crate. `\d`, `\w`, `\s`, `\b` and case-insensitivity are ASCII; everything else is about Unicode
//! scalar values. The only question a table answers is whether the pattern is found, so that captures and greediness mean nothing.

mod determinise;
mod minimise;
mod translate;

use alloc::vec::Vec;
use core::fmt;
use determinise::{Automaton, determinise};
use minimise::{Minimal, minimise};
use regex_automata::nfa::thompson;
use regex_syntax::ast;

use super::{
    budget::{Budget, Exhausted},
    limits::{MAX_PATTERN_BYTES as MAX_BYTES, MAX_PATTERN_WORK},
};

/// The largest automaton that is not yet deterministic, in bytes of memory: a repetition of a repetition ends here.
const MAX_NFA_BYTES: usize = 1 << 19;

/// The work of one pattern: counted, never timed. A byte of the pattern counts [`STEPS_PER_BYTE`] steps; a state of its first automaton, a
/// transition that is tried to make that one deterministic, and a transition of the result count one step each.
struct Work<'b> {
    budget: &'b mut Budget,
    spent: usize,
}

impl Work<'_> {
    fn spend(&mut self, steps: usize) -> Result<(), PatternError> {
        self.spent += steps;
        if steps > self.budget.work {
            self.budget.work = 0;
            return Err(PatternError::Exhausted);
        }
        self.budget.work -= steps;
        if self.spent <= MAX_PATTERN_WORK { Ok(()) } else { Err(PatternError::TooComplex) }
    }
}

#[cfg(test)]
std::thread_local! {
    /// The number of patterns that this thread has compiled.
    pub(crate) static COMPILED: core::cell::Cell<usize> = const { core::cell::Cell::new(0) };
}

/// The steps that a byte of a pattern counts, by the time that parsing and translating takes for the most expensive pattern, of dots and
/// bars alone.
const STEPS_PER_BYTE: usize = 60;
/// The steps that an automaton counts if it grows past [`MAX_NFA_BYTES`], by the time that building it takes.
const STEPS_OF_LARGE_NFA: usize = MAX_NFA_BYTES / 16;

/// Compiles a pattern to the table that `matching::pattern::found` walks; takes its steps and its bytes off the budget.
pub(crate) fn compile_pattern(pattern: &str, budget: &mut Budget) -> Result<Vec<u8>, PatternError> {
    #[cfg(test)]
    COMPILED.set(COMPILED.get() + 1);
    if pattern.len() > MAX_BYTES {
        return Err(PatternError::TooLong { bytes: pattern.len() });
    }
    let mut work = Work { budget, spent: 0 };
    work.spend(1 + STEPS_PER_BYTE * pattern.len())?;
    let hir = translate::translate(pattern)?;
    let config = thompson::Config::new().which_captures(thompson::WhichCaptures::None).nfa_size_limit(Some(MAX_NFA_BYTES));
    let Ok(nfa) = thompson::Compiler::new().configure(config).build_from_hir(&hir) else {
        // A translated pattern is within the compiler's other limits; the compiler only ever refuses it for its size.
        work.spend(STEPS_OF_LARGE_NFA)?;
        return Err(PatternError::TooComplex);
    };
    work.spend(nfa.states().len())?;
    let automaton = determinise(&nfa, &mut work)?;
    work.spend(automaton.steps.len())?;
    let table = write(&minimise(&automaton))?;
    if table.len() > budget.tables {
        budget.tables = 0;
        return Err(PatternError::Exhausted);
    }
    budget.tables -= table.len();
    Ok(table)
}

/// The reason why a pattern has no table.
#[derive(Debug)]
pub(crate) enum PatternError {
    /// The pattern is no expression, or nests too deep; `offset` counts bytes.
    Syntax {
        offset: usize,
        kind: ast::ErrorKind,
    },
    /// The pattern asks for a feature that is left out on purpose; `offset` counts bytes.
    Unavailable {
        offset: usize,
        what: &'static str,
    },
    TooLong {
        bytes: usize,
    },
    TooLarge {
        bytes: usize,
    },
    /// The compiler stopped before it knew the size of the table.
    TooComplex,
    /// All patterns of the document together take more than its budget.
    Exhausted,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { offset, kind } => write!(f, "pattern, byte {offset}: {kind}"),
            Self::Unavailable { offset, what } => write!(f, "pattern, byte {offset}: {what}"),
            Self::TooLong { bytes } => write!(f, "pattern has {bytes} bytes, at most {MAX_BYTES} are allowed"),
            Self::TooLarge { bytes } => write!(f, "pattern needs {bytes} bytes as a table, at most {MAX_BYTES} are allowed"),
            Self::Exhausted => Exhausted::Patterns.fmt(f),
            Self::TooComplex => write!(
                f,
                "pattern takes too much work to become a table, which has at most {MAX_BYTES} bytes; expected fewer or smaller repetitions"
            ),
        }
    }
}

impl core::error::Error for PatternError {}

/// Writes the table in the form that `matching::pattern` describes.
fn write(minimal: &Minimal) -> Result<Vec<u8>, PatternError> {
    let mut runs: Vec<[u8; 2]> = Vec::new();
    for (byte, &class) in (0..=255).zip(&minimal.classes) {
        match runs.last_mut() {
            Some([last, same]) if *same == class => *last = byte,
            _ => runs.push([byte, class]),
        }
    }
    let never = minimal.rows.len() + 1;
    let width = if never <= 255 { 1 } else { 2 };
    let cells = minimal.rows.iter().map(Vec::len).sum::<usize>();
    let bytes = 3 + 2 * runs.len() + (2 + cells) * width;
    if bytes > MAX_BYTES {
        return Err(PatternError::TooLarge { bytes });
    }
    let mut table = Vec::with_capacity(bytes);
    // There are 1 to 256 runs, and 1 to 256 classes.
    let less_one = |count: usize| count.saturating_sub(1).to_le_bytes()[0];
    table.extend([width.to_le_bytes()[0], less_one(runs.len())]);
    table.extend(runs.as_flattened());
    table.push(less_one(minimal.columns));
    for number in [minimal.start, minimal.found_at_end].into_iter().chain(minimal.rows.iter().flatten().copied()) {
        table.extend(number.to_le_bytes().iter().take(width));
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::{Budget, MAX_BYTES, MAX_PATTERN_WORK, PatternError};
    use crate::document::limits::{MAX_PATTERNS_BYTES, MAX_PATTERNS_WORK};
    use crate::matching::pattern::{found, is_valid};
    use crate::matching::seeded::Seeded;
    use alloc::format;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;
    use regex::Regex;

    fn compile_pattern(pattern: &str) -> Result<Vec<u8>, PatternError> {
        super::compile_pattern(pattern, &mut Budget::default())
    }

    /// Compiles patterns under one budget; returns the number of refused patterns, the index of the pattern that exhausted the budget, and
    /// the budget left.
    fn of_one_budget(patterns: impl Iterator<Item = String>) -> (usize, Option<usize>, Budget) {
        let (mut budget, mut refused) = (Budget::default(), 0);
        for (number, pattern) in patterns.enumerate() {
            match super::compile_pattern(&pattern, &mut budget) {
                Ok(_) => {}
                Err(PatternError::Exhausted) => return (refused, Some(number), budget),
                Err(_) => refused += 1,
            }
        }
        (refused, None, budget)
    }

    #[test]
    fn hostile_patterns_exhaust_the_work_of_a_document() {
        let (refused, exhausted, budget) = of_one_budget((0..1_000).map(|_| "(a|b)*a(a|b){20}".into()));
        // Each pattern takes all the work that one pattern may, and the little that is done before the limit is noticed.
        assert_eq!((refused, exhausted), (59, Some(59)));
        assert_eq!(budget.work, 0);
        const { assert!(MAX_PATTERNS_WORK / MAX_PATTERN_WORK == 60) };
    }

    /// Parsing takes most of the time of these patterns, refused or not.
    #[test]
    fn long_patterns_exhaust_the_work_of_a_document() {
        for part in [".|", "a?", "[^a]", "$^"] {
            let pattern = part.repeat(12_000 / part.len());
            let (_, exhausted, budget) = of_one_budget((0..MAX_PATTERNS_WORK / 500_000).map(|_| pattern.clone()));
            assert!(exhausted.is_some(), "{part}");
            assert_eq!(budget.work, 0, "{part}");
        }
    }

    #[test]
    fn tables_exhaust_the_bytes_of_a_document() {
        // As in `errors_say_where_and_what`: a row of two cells of two bytes for each repetition, 16 bytes before them.
        let size = compile_pattern("^[ab]{1990}$").unwrap().len();
        let (refused, exhausted, budget) = of_one_budget((0..1_100).map(|_| "^[ab]{1990}$".into()));
        assert_eq!((refused, exhausted), (0, Some(MAX_PATTERNS_BYTES / size)));
        assert_eq!(budget.tables, 0);
    }

    #[test]
    fn a_pattern_after_the_budget_is_spent_does_no_work() {
        let mut budget = Budget { work: 0, ..Budget::default() };
        for pattern in ["", "a", "((((a{100}){100}){100}){100}){100}"] {
            assert!(matches!(super::compile_pattern(pattern, &mut budget), Err(PatternError::Exhausted)), "{pattern}");
        }
    }

    #[track_caller]
    fn table(pattern: &str) -> Vec<u8> {
        let table = compile_pattern(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        assert!(is_valid(&table), "{pattern}");
        assert!(table.len() <= MAX_BYTES, "{pattern}");
        table
    }

    #[track_caller]
    fn check(pattern: &str, finds: &[&str], misses: &[&str]) {
        let table = table(pattern);
        for text in finds {
            assert!(found(&table, text.as_bytes()), "{pattern:?} in {text:?}");
        }
        for text in misses {
            assert!(!found(&table, text.as_bytes()), "{pattern:?} not in {text:?}");
        }
    }

    #[track_caller]
    fn refused(pattern: &str, expected: &str) {
        let error = compile_pattern(pattern).unwrap_err().to_string();
        assert_eq!(error, expected);
    }

    #[test]
    fn a_pattern_is_found_anywhere_in_the_text() {
        check("b+c", &["bc", "abbbcd"], &["", "b", "c", "cb"]);
        check("", &["", "a"], &[]);
        check("[a&&b]", &[], &["", "a", "b"]);
        check(r"@example\.com$", &["me@example.com"], &["me@example.com.org", "me@exampleXcom", ""]);
        check("^(cat|dog)s?$", &["cat", "dogs"], &["cats ", "a cat", ""]);
        check("^$", &[""], &["a", "\n"]);
        check("(?m)^b$", &["a\nb\nc", "b"], &["a\nbc", "a b"]);
    }

    #[test]
    fn classes_are_ascii_and_what_they_leave_out_is_any_scalar_value() {
        check(r"^\d$", &["1"], &["٣", "a", ""]);
        check(r"^\w$", &["a", "_"], &["é", "\u{212a}"]);
        check(r"^\s$", &[" ", "\u{b}"], &["\u{a0}", "\u{85}"]);
        check(r"^\D$", &["٣", "😀", "\n"], &["1", "", "éé"]);
        check(r"^[\W\d]$", &["é", "7"], &["a"]);
        check("^.$", &["a", "é", "€", "😀", "\r"], &["\n", "", "aa", "éé"]);
        check("(?s)^.$", &["\n"], &["\n\n"]);
        check("^[^a]{2}$", &["éb", "\n😀"], &["é", "éa", "ébc"]);
        check("^[à-é]$", &["á"], &["ê", "a"]);
    }

    #[test]
    fn case_is_ignored_in_ascii_only() {
        check("(?i)k", &["k", "K"], &["\u{212a}"]);
        check("(?i)^s$", &["s", "S"], &["ſ"]);
        check("(?i)é", &["é"], &["É"]);
        check("(?i)[^k]", &["\u{212a}", "x"], &["k", "K"]);
        check("(?i)^[[:lower:]]$", &["A"], &["1"]);
        check("(?i)^[[:^lower:]]$", &["1", "É"], &["A", "a"]);
        check("(?i)^[a-f&&[^B]]$", &["a", "F"], &["b", "B"]);
        check("a(?i:b)c", &["aBc"], &["abC", "ABc"]);
        check("^(?:a(?i)b|c)d$", &["aBd", "Cd", "cd"], &["AB", "cD"]);
        check("(?i)a(?-i)b", &["Ab"], &["AB"]);
    }

    #[test]
    fn words_end_between_scalar_values() {
        check(r"\bcat\b", &["cat", "a cat.", "écat"], &["cats", "_cat"]);
        check(r"^\B$", &[""], &["a", "é"]);
        check(r"a\Bé", &[], &["aé"]);
        check(r"^a\b.\b", &["aéa"], &["aé", "ab"]);
        // `\B` never holds between the bytes of é.
        check(r"\B", &["", "é", "ab"], &["a", "aéa"]);
        check(r"\B(|[a&&b])", &["", "é", "ab"], &["a", "aéa"]);
        check(r"\b{start-half}\b{end-half}", &["", "é"], &["aéa"]);
    }

    #[test]
    fn the_flag_u_may_go_where_ascii_is_left() {
        check(r"(?-u:\w\d[a-f[^\x00-@\x5b-\xff]])", &["a1A", "_2f"], &["é1a"]);
        check(r"(?i-u:k)", &["K"], &["\u{212a}"]);
        for pattern in ["(?-u:.)", r"(?-u:\W)", "(?-u:[^a])", r"(?-u:\xff)", "(?-u:[é])"] {
            assert!(Regex::new(pattern).is_err());
            assert!(matches!(compile_pattern(pattern), Err(PatternError::Unavailable { offset: 5 | 6, .. })), "{pattern}");
        }
    }

    #[test]
    fn errors_say_where_and_what() {
        refused("a(b", "pattern, byte 1: unclosed group");
        refused("é*{", "pattern, byte 3: unclosed counted repetition");
        refused("(?=a)", "pattern, byte 0: look-around, including look-ahead and look-behind, is not supported");
        refused(r"(a)\1", "pattern, byte 3: backreferences are not supported");
        refused(
            r"a\pL",
            r"pattern, byte 1: \p is not available, expected characters, ranges such as [a-z] or one of the ASCII classes \d \s \w [[:alpha:]]",
        );
        for pattern in [r"\p{Greek}", r"[\p{L}]", r"\P{Any}", r"[[^\pN]&&a]"] {
            assert!(matches!(compile_pattern(pattern), Err(PatternError::Unavailable { .. })), "{pattern}");
        }
        refused(&"a".repeat(16_001), "pattern has 16001 bytes, at most 16000 are allowed");
        // 4,001 rows of two cells of two bytes, and 13 before them.
        refused("^[ab]{4000}$", "pattern needs 16017 bytes as a table, at most 16000 are allowed");
    }

    /// Each pattern is compiled or refused within a counted number of steps; the test prints the time and does not judge it.
    #[test]
    fn hostile_patterns_end_soon() {
        let nested = format!("{}a{}", "(".repeat(5_000), ")".repeat(5_000));
        let classes = format!("{}a{}", "[".repeat(5_000), "]".repeat(5_000));
        let choices = (0..3_000).map(|number| format!("{number:04}x")).collect::<Vec<_>>().join("|");
        let ranges: String = (0..3_000).map(|number| char::from_u32(0x4e00 + 2 * number).unwrap()).collect();
        let hostile = [
            "(a|b)*a(a|b){20}".into(),
            "(a|b)*a(a|b){12}c".into(),
            "[a-z]*a[a-z]{14}".into(),
            "x.*y.{30}z".into(),
            "((((a{100}){100}){100}){100}){100}".into(),
            "a{4294967295}".into(),
            "(?:){4294967295}b".into(),
            "(?:^){4294967295}b{99999}".into(),
            "(a?){1000}a{1000}".into(),
            "((a?){30}){30}b{1000}$".into(),
            r"(\b\w+\b.){60}".into(),
            "[^é]{500}".into(),
            "(.*a){200}".into(),
            "(.*[a-c].*[d-f]){40}$".into(),
            r"(?m)(^.*\b$){50}".into(),
            format!("[{ranges}]{{50}}"),
            format!("({choices})"),
            ".*".repeat(8_000),
            "a|".repeat(7_999),
            "(a*)*".repeat(3_000),
            "[[:alpha:]&&".repeat(1_300),
            format!("[{}]", "a&&".repeat(5_000)),
            format!("[{ranges}&&[^{ranges}]]"),
            "a".repeat(100_000),
            nested,
            classes,
        ];
        for pattern in hostile {
            let start = std::time::Instant::now();
            let result = compile_pattern(&pattern);
            let outcome = result.map_or_else(|error| error.to_string(), |table| format!("{} bytes", table.len()));
            std::eprintln!("{:>6} us {:.40}: {outcome}", start.elapsed().as_micros(), pattern);
        }
    }

    #[test]
    fn ordinary_patterns_are_small() {
        for (pattern, most) in [
            (r"^[^@]{1,64}@example\.com$", 2_000),
            (r"^[\w.+-]+@(example|example2)\.(com|org|net)$", 700),
            (r"^\d{4}-\d{2}-\d{2}$", 150),
            (r"(?i)\b(chrome|firefox|safari|edge)/\d+", 1_500),
            (r"^.{1,100}$", 500),
            (r"(?i)^(https?://)?([a-z0-9-]+\.)*example\.com(/|$)", 1_000),
            (r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", 500),
        ] {
            let size = table(pattern).len();
            assert!(size <= most, "{pattern}: {size}");
        }
    }

    #[test]
    fn mutated_tables_are_walked_without_harm() {
        let mut random = Seeded(7);
        let bytes: Vec<u8> = (0..=255).collect();
        for pattern in ["b+c", r"(?i)\bcat\b|é$", "^[^a]{2,300}$", ""] {
            let table = table(pattern);
            for _ in 0..20_000 {
                let mut table = table.clone();
                for _ in 0..=random.below(4) {
                    let most = if random.one_in(2) { 8 } else { 256 };
                    random.mutate(&mut table, &bytes[..most]);
                }
                is_valid(&table);
                found(&table, "a cat bbc é".as_bytes());
                found(&table, b"");
            }
        }
    }

    /// The `regex` crate gets the same pattern in its own syntax: ASCII classes spelled out, both cases of a letter written down.
    #[test]
    fn patterns_are_found_as_the_regex_crate_finds_them() {
        let mut random = Seeded(8);
        let (mut hits, mut misses, mut too_large) = (0, 0, 0);
        for _ in 0..1_500 {
            let (ours, theirs) = Writer { random: &mut random, ignore_case: false }.alternation(3);
            let regex = Regex::new(&theirs).unwrap_or_else(|error| panic!("{theirs}: {error}"));
            let table = match compile_pattern(&ours) {
                Ok(table) => table,
                Err(PatternError::TooLarge { .. } | PatternError::TooComplex) => {
                    too_large += 1;
                    continue;
                }
                Err(error) => panic!("{ours}: {error}"),
            };
            assert!(is_valid(&table), "{ours}");
            for _ in 0..40 {
                let text = some_text(&mut random);
                // Not `is_match`, which stops at `\B` between two bytes of a scalar value, starts again behind it,
                // and so misses matches that began before it: `[^x]{2}$|(?-u:\B)` in "aé_".
                let expected = regex.find(&text).is_some();
                assert_eq!(found(&table, text.as_bytes()), expected, "{ours:?} {theirs:?} in {text:?}");
                *if expected { &mut hits } else { &mut misses } += 1;
            }
        }
        assert!(hits > 15_000 && misses > 15_000 && too_large < 100, "{hits} {misses} {too_large}");
    }

    fn some_text(random: &mut Seeded) -> String {
        let length = random.below(9);
        (0..length)
            .map(|_| random.pick(&["a", "b", "k", "A", "K", "é", "É", "\u{212a}", "\n", "\r", " ", "_", "1", "€", "😀", "ſ", "s"]))
            .collect()
    }

    /// Writes the same pattern twice, for us and for the `regex` crate.
    struct Writer<'a> {
        random: &'a mut Seeded,
        ignore_case: bool,
    }

    impl Writer<'_> {
        fn alternation(&mut self, depth: usize) -> (String, String) {
            let count = [1, 1, 1, 2, 3][self.random.below(5)];
            let branches: Vec<_> = (0..count).map(|_| self.concatenation(depth)).collect();
            let (ours, theirs): (Vec<_>, Vec<_>) = branches.into_iter().unzip();
            (ours.join("|"), theirs.join("|"))
        }

        fn concatenation(&mut self, depth: usize) -> (String, String) {
            let (mut ours, mut theirs) = (String::new(), String::new());
            for _ in 0..self.random.below(5) {
                let (mut our, mut their) = self.piece(depth);
                if self.random.one_in(3) {
                    let times = self.random.pick(&["*", "+", "?", "{2}", "{1,3}", "{0,2}?", "{2,}", "+?", "{0}"]);
                    our = format!("(?:{our}){times}");
                    their = format!("(?:{their}){times}");
                }
                ours += &our;
                theirs += &their;
                if self.random.one_in(12) {
                    self.ignore_case = !self.ignore_case;
                    ours += if self.ignore_case { "(?i)" } else { "(?-i)" };
                }
            }
            (ours, theirs)
        }

        fn piece(&mut self, depth: usize) -> (String, String) {
            if depth > 0 && self.random.one_in(3) {
                let outside = self.ignore_case;
                let flag = self.random.pick(&["", "?:", "?s:", "?m:", "?R:", "?Rm:", "?sm:", "?-s:", "?i:", "?i-m:", "?-i:", "?x:", "?U:"]);
                if let Some((on, off)) = flag.trim_end_matches(':').split_once('-') {
                    self.ignore_case = (outside || on.contains('i')) && !off.contains('i');
                } else if flag.contains('i') {
                    self.ignore_case = true;
                }
                let (ours, theirs) = self.alternation(depth - 1);
                self.ignore_case = outside;
                // Without their i the flags may be none: `?:` and `?-:`.
                let their_flag = flag.replace('i', "").replace("-:", ":");
                // The flag x would ignore a space, so pieces write it as a class.
                return (format!("({flag}{ours})"), format!("({their_flag}{theirs})"));
            }
            let both = |text: &str| (text.to_string(), text.to_string());
            let pair = |ours: &str, theirs: &str| (ours.to_string(), theirs.to_string());
            match self.random.below(24) {
                0..=5 => {
                    let c = self.random.pick(&["a", "b", "k", "A", "K", "é", "€", "\u{212a}", "1", "s"]);
                    pair(c, &self.either_case(c))
                }
                6 | 7 => both("."),
                8 => pair(r"\d", "(?-u:[0-9])"),
                9 => pair(r"\D", "[^0-9]"),
                10 => pair(r"\w", "[0-9A-Za-z_]"),
                11 => pair(r"\W", "[^0-9A-Za-z_]"),
                12 => pair(r"\s", r"[\t\n\x0b\x0c\r\x20]"),
                13 => pair(r"\S", r"[^\t\n\x0b\x0c\r\x20]"),
                14 => pair(r"\b", r"(?-u:\b)"),
                15 => pair(r"\B", r"(?-u:\B)"),
                16 => both(self.random.pick(&["^", "$", r"\A", r"\z"])),
                17 => {
                    let which = self.random.pick(&["start", "end", "start-half", "end-half"]);
                    (format!(r"\b{{{which}}}"), format!(r"(?-u:\b{{{which}}})"))
                }
                _ => self.class(),
            }
        }

        fn class(&mut self) -> (String, String) {
            let items: Vec<_> = (0..=self.random.below(3)).map(|_| self.class_item()).collect();
            let (ours, theirs): (Vec<_>, Vec<_>) = items.into_iter().unzip();
            let (mut ours, mut theirs) = (ours.concat(), theirs.concat());
            if self.random.one_in(4) {
                let operator = self.random.pick(&["&&", "--", "~~"]);
                let (our, their) = self.class_item();
                ours = format!("{ours}{operator}{our}");
                theirs = format!("{theirs}{operator}{their}");
            }
            let negation = if self.random.one_in(3) { "^" } else { "" };
            (format!("[{negation}{ours}]"), format!("[{negation}{theirs}]"))
        }

        fn class_item(&mut self) -> (String, String) {
            let pair = |ours: &str, theirs: &str| (ours.to_string(), theirs.to_string());
            match self.random.below(9) {
                0 | 1 => {
                    let c = self.random.pick(&["a", "b", "K", "é", "€", "\u{212a}", r"\n", "s"]);
                    pair(c, &self.either_case(c))
                }
                2 if self.ignore_case => pair("a-l", "A-La-l"),
                2 => pair("a-l", "a-l"),
                3 if self.ignore_case => pair("Z-b", "Z-bAzB"),
                3 => pair("Z-b", "Z-b"),
                4 => pair("à-ü", "à-ü"),
                5 => pair(r"\d", "0-9"),
                6 => pair(r"\W", "[^0-9A-Za-z_]"),
                7 if self.ignore_case => pair("[:^upper:]", "[^A-Za-z]"),
                7 => pair("[:^upper:]", "[^A-Z]"),
                _ => pair("[^aé]", if self.ignore_case { "[^aAé]" } else { "[^aé]" }),
            }
        }

        /// `c` for the `regex` crate, wherever a class may stand.
        fn either_case(&self, c: &str) -> String {
            match c.as_bytes() {
                [letter] if self.ignore_case && letter.is_ascii_alphabetic() => {
                    format!("[{}{}]", c.to_ascii_lowercase(), c.to_ascii_uppercase())
                }
                _ => c.to_string(),
            }
        }
    }

    #[test]
    fn equal_patterns_have_equal_tables() {
        for (one, other) in [("a|b", "[ba]"), ("(?:ab)*c", "c"), (r"[\s\S]", "(?s)."), ("x(y|yz)?", "x"), ("(?i)a", "A|a"), (r"\z|a", "")] {
            assert_eq!(table(one), table(other), "{one} and {other}");
        }
    }
}
