//! The texts of flags in lists, so that a list is put together and not written anew.
//!
//! A flag's text in a list depends on the ruleset and on the answer, and on nothing else of the request: a ruleset of a hundred flags has a
//! few hundred texts, and an isolate writes each once.
use std::{
    cell::RefCell,
    rc::{Rc, Weak},
};

use sdk_core::{Evaluation, Ruleset};

/// The most bytes of texts that are remembered; the texts of the bench take about 75 bytes each.
const MOST_BYTES: usize = 1 << 20;
/// The bytes that a text takes besides its own.
const ENTRY_BYTES: usize = 16;
/// The most texts of one flag that are remembered, since they are looked through one by one.
const MOST_OF_FLAG: usize = 8;

thread_local! {
    static WRITTEN: RefCell<WrittenFlags> = const { RefCell::new(WrittenFlags::new()) };
}

/// The texts that were written from one ruleset.
pub(super) struct WrittenFlags {
    /// Weak, so that an older ruleset is dropped; its address is not used again as long as this stands for it.
    ruleset: Weak<Ruleset>,
    bytes: usize,
    /// By the number of the flag, its texts by their answers.
    flags: Vec<Vec<(u32, Box<str>)>>,
}

/// Looks at the texts that were written from this ruleset; those of another one are forgotten.
pub(super) fn of<T>(ruleset: &Rc<Ruleset>, look: impl FnOnce(&mut WrittenFlags) -> T) -> T {
    WRITTEN.with_borrow_mut(|written| {
        if !std::ptr::eq(Weak::as_ptr(&written.ruleset), Rc::as_ptr(ruleset)) {
            *written = WrittenFlags { ruleset: Rc::downgrade(ruleset), ..WrittenFlags::new() };
        }
        look(written)
    })
}

impl WrittenFlags {
    const fn new() -> Self {
        Self { ruleset: Weak::new(), bytes: 0, flags: Vec::new() }
    }

    /// Appends the text of an answer: the remembered one, else the one that `write` appends.
    pub(super) fn append(&mut self, out: &mut String, evaluation: &Evaluation<'_>, write: impl FnOnce(&mut String)) {
        let (flag, answer) = evaluation.answer_id();
        let texts = self.flags.get(flag as usize);
        if let Some((_, text)) = texts.and_then(|texts| texts.iter().find(|(of, _)| *of == answer)) {
            out.push_str(text);
            return;
        }
        let start = out.len();
        write(out);
        if let Some(text) = out.get(start..) {
            self.remember(flag as usize, answer, text);
        }
    }

    fn remember(&mut self, flag: usize, answer: u32, text: &str) {
        let bytes = text.len() + ENTRY_BYTES;
        if self.bytes + bytes > MOST_BYTES {
            return;
        }
        if flag >= self.flags.len() {
            self.flags.resize_with(flag + 1, Vec::new);
        }
        if let Some(texts) = self.flags.get_mut(flag).filter(|texts| texts.len() < MOST_OF_FLAG) {
            texts.push((answer, text.into()));
            self.bytes += bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use sdk_core::{Context, Millis, Overrides, compile};

    use super::*;

    fn ruleset(flags: &str) -> Rc<Ruleset> {
        let document = format!(r#"{{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{{{flags}}}}}"#);
        Rc::new(compile(&document, None).unwrap().ruleset)
    }

    /// The texts of all flags for a plan, each the name of its variant, and the number of those that were written anew.
    fn list(ruleset: &Rc<Ruleset>, plan: &str) -> (String, usize) {
        padded_list(ruleset, plan, 0)
    }

    /// The same, each text with spaces at its front as far as it has fewer bytes than this.
    fn padded_list(ruleset: &Rc<Ruleset>, plan: &str, bytes: usize) -> (String, usize) {
        let (context, overrides) = (Context::new().string("plan", plan), Overrides::default());
        let (mut out, mut written) = (String::new(), 0);
        let mut visitor = ruleset.visitor(overrides.of(&context), &context, Millis(0));
        of(ruleset, |texts| {
            for evaluation in visitor.evaluate_all() {
                texts.append(&mut out, &evaluation, |out| {
                    written += 1;
                    let text = format!("{}={} ", evaluation.flag_key(), evaluation.variant().unwrap());
                    write!(out, "{text:>bytes$}").unwrap();
                });
            }
        });
        (out, written)
    }

    const TWO: &str =
        r#""a":{"default":"on"},"b":{"default":"off","rules":[{"if":{"attribute":"plan","op":"eq","value":"pro"},"serve":"on"}]}"#;

    #[test]
    fn an_answer_is_written_once_and_another_answer_of_the_flag_apart() {
        let two = ruleset(TWO);
        assert_eq!(list(&two, "free"), ("a=on b=off ".to_owned(), 2));
        assert_eq!(list(&two, "free"), ("a=on b=off ".to_owned(), 0));
        assert_eq!(list(&two, "pro"), ("a=on b=on ".to_owned(), 1));
        assert_eq!(list(&two, "pro"), ("a=on b=on ".to_owned(), 0));
    }

    #[test]
    fn another_ruleset_has_texts_of_its_own() {
        let (first, second) = (ruleset(TWO), ruleset(r#""a":{"default":"off"},"c":{"default":"on"}"#));
        for _ in 0..3 {
            assert_eq!(list(&first, "free"), ("a=on b=off ".to_owned(), 2));
            assert_eq!(list(&second, "free"), ("a=off c=on ".to_owned(), 2));
        }
    }

    #[test]
    fn of_a_flag_with_many_variants_a_few_texts_are_remembered() {
        let serve: Vec<String> =
            (0..20).map(|n| format!(r#"{{"if":{{"attribute":"plan","op":"eq","value":"{n}"}},"serve":"v{n}"}}"#)).collect();
        let variants: Vec<String> = (0..20).map(|n| format!(r#""v{n}":{n}"#)).collect();
        let many = ruleset(&format!(
            r#""a":{{"type":"number","variants":{{{}}},"on":"v0","off":"v1","rules":[{}]}}"#,
            variants.join(","),
            serve.join(",")
        ));
        for (round, written) in [(0, 20), (1, 20 - MOST_OF_FLAG), (2, 20 - MOST_OF_FLAG)] {
            let lists: Vec<(String, usize)> = (0..20).map(|n| list(&many, &n.to_string())).collect();
            assert_eq!(lists.iter().map(|(_, written)| written).sum::<usize>(), written, "round {round}");
            assert!(lists.iter().enumerate().all(|(n, (text, _))| *text == format!("a=v{n} ")));
        }
    }

    #[test]
    fn texts_beyond_the_bound_are_written_each_time() {
        let flags: Vec<String> = (0..400).map(|number| format!(r#""f{number}":{{"default":"on"}}"#)).collect();
        let long = ruleset(&flags.join(","));
        let (all, first) = padded_list(&long, "free", 8_000);
        // Of 8,000 bytes and 16 more each, a mebibyte holds 130.
        assert_eq!((all.len(), first), (400 * 8_000, 400));
        assert_eq!(padded_list(&long, "free", 8_000), (all, 270));
        of(&long, |texts| assert!(texts.bytes <= MOST_BYTES));
    }
}
