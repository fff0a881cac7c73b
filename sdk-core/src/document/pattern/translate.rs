//! Translates the text of a pattern to an expression. `regex-syntax` parses it, but its translator needs Unicode's tables wherever no flag
//! asks for ASCII, so that the meaning is given here.

use super::PatternError;
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{
    AssertionKind, Ast, ClassAscii, ClassAsciiKind, ClassBracketed, ClassPerl, ClassPerlKind, ClassSet, ClassSetBinaryOpKind, ClassSetItem,
    Flag, Flags, Literal, RepetitionKind, RepetitionRange, Span,
};
use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, Look, Repetition};

/// The most levels at which groups and classes stand in each other.
const MAX_DEPTH: u32 = 100;

const PROPERTY: &str = r"\p is not available, expected characters, ranges such as [a-z] or one of the ASCII classes \d \s \w [[:alpha:]]";
const NOT_UTF8: &str = "this would match what is not UTF-8, expected the flag u here";

pub(super) fn translate(pattern: &str) -> Result<Hir, PatternError> {
    let ast = ParserBuilder::new().nest_limit(MAX_DEPTH).build().parse(pattern);
    let ast = ast.map_err(|error| PatternError::Syntax { offset: error.span().start.offset, kind: error.kind().clone() })?;
    let hir = Translator { is_exact: false, flags: CurrentFlags::default() }.expression(&ast)?;
    if !hir.properties().look_set().contains_word() {
        return Ok(hir);
    }
    let exact = Translator { is_exact: true, flags: CurrentFlags::default() }.expression(&ast)?;
    // `minimum_len` is `None` for every expression with an empty class, even beside alternatives.
    if exact.properties().minimum_len().is_some_and(|least| least > 0) {
        return Ok(exact);
    }
    // `\B` alone would hold between two bytes of one scalar value, so the expression itself steps over whole scalar values.
    let skip = Hir::repetition(repetition(0, None, any_scalar()));
    Ok(Hir::concat(vec![Hir::look(Look::Start), skip, exact]))
}

struct Translator {
    /// True if a class with everything beyond ASCII ends where its scalar value does.
    ///
    /// In a pattern without word assertions, a class may match a first byte and any number of further bytes with the same result: the next
    /// item begins with a first byte or at the end. That automaton is several times smaller.
    is_exact: bool,
    flags: CurrentFlags,
}

#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "the flags of the syntax, each of them on its own")]
struct CurrentFlags {
    ignore_case: bool,
    multi_line: bool,
    dot_matches_new_line: bool,
    crlf: bool,
    unicode: bool,
}

impl Default for CurrentFlags {
    fn default() -> Self {
        Self { ignore_case: false, multi_line: false, dot_matches_new_line: false, crlf: false, unicode: true }
    }
}

impl CurrentFlags {
    fn set(&mut self, flags: &Flags) {
        let set = |flag: Flag, current: &mut bool| *current = flags.flag_state(flag).unwrap_or(*current);
        set(Flag::CaseInsensitive, &mut self.ignore_case);
        set(Flag::MultiLine, &mut self.multi_line);
        set(Flag::DotMatchesNewLine, &mut self.dot_matches_new_line);
        set(Flag::CRLF, &mut self.crlf);
        set(Flag::Unicode, &mut self.unicode);
    }
}

impl Translator {
    fn expression(&mut self, ast: &Ast) -> Result<Hir, PatternError> {
        Ok(match ast {
            Ast::Empty(_) => Hir::empty(),
            // These flags hold until the group ends, across alternatives.
            Ast::Flags(set) => {
                self.flags.set(&set.flags);
                Hir::empty()
            }
            Ast::Literal(literal) => self.literal(literal)?,
            Ast::Dot(span) => self.dot(span)?,
            Ast::Assertion(assertion) => Hir::look(self.look(&assertion.kind)),
            Ast::ClassUnicode(class) => return Err(unavailable(&class.span, PROPERTY)),
            Ast::ClassPerl(class) => self.class(self.perl(class), &class.span)?,
            Ast::ClassBracketed(class) => self.class(self.bracketed(class)?, &class.span)?,
            Ast::Repetition(repeated) => {
                let sub = self.expression(&repeated.ast)?;
                let (min, max) = match repeated.op.kind {
                    RepetitionKind::ZeroOrOne => (0, Some(1)),
                    RepetitionKind::ZeroOrMore => (0, None),
                    RepetitionKind::OneOrMore => (1, None),
                    RepetitionKind::Range(RepetitionRange::Exactly(count)) => (count, Some(count)),
                    RepetitionKind::Range(RepetitionRange::AtLeast(min)) => (min, None),
                    RepetitionKind::Range(RepetitionRange::Bounded(min, max)) => (min, Some(max)),
                };
                Hir::repetition(repetition(min, max, sub))
            }
            Ast::Group(group) => {
                let outside = self.flags;
                if let Some(flags) = group.flags() {
                    self.flags.set(flags);
                }
                let inside = self.expression(&group.ast)?;
                self.flags = outside;
                inside
            }
            Ast::Alternation(alternation) => Hir::alternation(self.expressions(&alternation.asts)?),
            Ast::Concat(concat) => Hir::concat(self.expressions(&concat.asts)?),
        })
    }

    fn expressions(&mut self, asts: &[Ast]) -> Result<Vec<Hir>, PatternError> {
        asts.iter().map(|ast| self.expression(ast)).collect()
    }

    fn literal(&self, literal: &Literal) -> Result<Hir, PatternError> {
        if !self.flags.unicode && literal.byte().is_some_and(|byte| !byte.is_ascii()) {
            return Err(unavailable(&literal.span, NOT_UTF8));
        }
        if self.flags.ignore_case && literal.c.is_ascii_alphabetic() {
            let both = [literal.c.to_ascii_lowercase(), literal.c.to_ascii_uppercase()];
            return Ok(Hir::class(Class::Unicode(ClassUnicode::new(both.map(|c| ClassUnicodeRange::new(c, c))))));
        }
        Ok(Hir::literal(literal.c.encode_utf8(&mut [0; 4]).as_bytes()))
    }

    fn dot(&self, span: &Span) -> Result<Hir, PatternError> {
        let excluded: &[char] = match self.flags {
            CurrentFlags { dot_matches_new_line: true, .. } => &[],
            CurrentFlags { crlf: true, .. } => &['\n', '\r'],
            _ => &['\n'],
        };
        let mut class = ranges(&[('\0', char::MAX)]);
        class.difference(&ClassUnicode::new(excluded.iter().map(|&c| ClassUnicodeRange::new(c, c))));
        self.class(class, span)
    }

    fn look(&self, kind: &AssertionKind) -> Look {
        match (kind, self.flags.multi_line, self.flags.crlf) {
            (AssertionKind::StartLine, true, false) => Look::StartLF,
            (AssertionKind::StartLine, true, true) => Look::StartCRLF,
            (AssertionKind::StartLine, false, _) | (AssertionKind::StartText, ..) => Look::Start,
            (AssertionKind::EndLine, true, false) => Look::EndLF,
            (AssertionKind::EndLine, true, true) => Look::EndCRLF,
            (AssertionKind::EndLine, false, _) | (AssertionKind::EndText, ..) => Look::End,
            (AssertionKind::WordBoundary, ..) => Look::WordAscii,
            (AssertionKind::NotWordBoundary, ..) => Look::WordAsciiNegate,
            (AssertionKind::WordBoundaryStart | AssertionKind::WordBoundaryStartAngle, ..) => Look::WordStartAscii,
            (AssertionKind::WordBoundaryEnd | AssertionKind::WordBoundaryEndAngle, ..) => Look::WordEndAscii,
            (AssertionKind::WordBoundaryStartHalf, ..) => Look::WordStartHalfAscii,
            (AssertionKind::WordBoundaryEndHalf, ..) => Look::WordEndHalfAscii,
        }
    }

    fn class(&self, class: ClassUnicode, span: &Span) -> Result<Hir, PatternError> {
        if !self.flags.unicode && !class.is_ascii() {
            return Err(unavailable(span, NOT_UTF8));
        }
        let holds_all_beyond_ascii = class.ranges().last().is_some_and(|range| range.start() <= '\u{80}' && range.end() == char::MAX);
        if !holds_all_beyond_ascii {
            return Ok(Hir::class(Class::Unicode(class)));
        }
        let mut ascii = class;
        ascii.intersect(&ranges(&[('\0', '\x7f')]));
        let Some(mut first_bytes) = ascii.to_byte_class() else { return Ok(beyond_ascii()) };
        if self.is_exact {
            return Ok(Hir::alternation(vec![Hir::class(Class::Bytes(first_bytes)), beyond_ascii()]));
        }
        first_bytes.push(ClassBytesRange::new(0xc0, 0xff));
        Ok(Hir::concat(vec![Hir::class(Class::Bytes(first_bytes)), Hir::repetition(repetition(0, None, continuation()))]))
    }

    fn bracketed(&self, class: &ClassBracketed) -> Result<ClassUnicode, PatternError> {
        let inside = self.set(&class.kind)?;
        Ok(self.fold_and_negate(inside, class.negated))
    }

    fn set(&self, set: &ClassSet) -> Result<ClassUnicode, PatternError> {
        let operation = match set {
            ClassSet::Item(item) => {
                let mut collected = Vec::new();
                self.item(item, &mut collected)?;
                return Ok(ClassUnicode::new(collected));
            }
            ClassSet::BinaryOp(operation) => operation,
        };
        let mut left = self.fold_and_negate(self.set(&operation.lhs)?, false);
        let right = self.fold_and_negate(self.set(&operation.rhs)?, false);
        match operation.kind {
            ClassSetBinaryOpKind::Intersection => left.intersect(&right),
            ClassSetBinaryOpKind::Difference => left.difference(&right),
            ClassSetBinaryOpKind::SymmetricDifference => left.symmetric_difference(&right),
        }
        Ok(left)
    }

    fn item(&self, item: &ClassSetItem, out: &mut Vec<ClassUnicodeRange>) -> Result<(), PatternError> {
        match item {
            ClassSetItem::Empty(_) => {}
            ClassSetItem::Literal(literal) => {
                let c = self.class_literal(literal)?;
                out.push(ClassUnicodeRange::new(c, c));
            }
            ClassSetItem::Range(range) => {
                out.push(ClassUnicodeRange::new(self.class_literal(&range.start)?, self.class_literal(&range.end)?));
            }
            ClassSetItem::Ascii(class) => out.extend(self.ascii(class).iter()),
            ClassSetItem::Unicode(class) => return Err(unavailable(&class.span, PROPERTY)),
            ClassSetItem::Perl(class) => out.extend(self.perl(class).iter()),
            ClassSetItem::Bracketed(class) => out.extend(self.bracketed(class)?.iter()),
            ClassSetItem::Union(union) => union.items.iter().try_for_each(|item| self.item(item, out))?,
        }
        Ok(())
    }

    /// Without the flag u a class is one of bytes, and U+0080 to U+00FF stand for bytes until `class` refuses those that are left.
    fn class_literal(&self, literal: &Literal) -> Result<char, PatternError> {
        if !self.flags.unicode && !literal.c.is_ascii() && literal.byte().is_none() {
            return Err(unavailable(&literal.span, NOT_UTF8));
        }
        Ok(literal.c)
    }

    fn ascii(&self, class: &ClassAscii) -> ClassUnicode {
        let kind: &[(char, char)] = match class.kind {
            ClassAsciiKind::Alnum => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
            ClassAsciiKind::Alpha => &[('A', 'Z'), ('a', 'z')],
            ClassAsciiKind::Ascii => &[('\0', '\x7f')],
            ClassAsciiKind::Blank => &[('\t', '\t'), (' ', ' ')],
            ClassAsciiKind::Cntrl => &[('\0', '\x1f'), ('\x7f', '\x7f')],
            ClassAsciiKind::Digit => &[('0', '9')],
            ClassAsciiKind::Graph => &[('!', '~')],
            ClassAsciiKind::Lower => &[('a', 'z')],
            ClassAsciiKind::Print => &[(' ', '~')],
            ClassAsciiKind::Punct => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
            ClassAsciiKind::Space => &[('\t', '\r'), (' ', ' ')],
            ClassAsciiKind::Upper => &[('A', 'Z')],
            ClassAsciiKind::Word => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
            ClassAsciiKind::Xdigit => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        };
        self.fold_and_negate(ranges(kind), class.negated)
    }

    fn perl(&self, class: &ClassPerl) -> ClassUnicode {
        let kind = match class.kind {
            ClassPerlKind::Digit => ClassAsciiKind::Digit,
            ClassPerlKind::Space => ClassAsciiKind::Space,
            ClassPerlKind::Word => ClassAsciiKind::Word,
        };
        self.ascii(&ClassAscii { span: class.span, kind, negated: class.negated })
    }

    fn fold_and_negate(&self, mut class: ClassUnicode, negate: bool) -> ClassUnicode {
        if self.flags.ignore_case {
            let folded: Vec<_> = [('a', 'z'), ('A', 'Z')].into_iter().flat_map(|(first, last)| other_case(&class, first, last)).collect();
            class.union(&ClassUnicode::new(folded));
        }
        if !negate {
            return class;
        }
        let mut rest = ranges(&[('\0', if self.flags.unicode { char::MAX } else { '\u{ff}' })]);
        rest.difference(&class);
        rest
    }
}

/// The part of `class` between two ASCII letters, in the other case.
fn other_case(class: &ClassUnicode, first: char, last: char) -> Vec<ClassUnicodeRange> {
    let mut letters = ranges(&[(first, last)]);
    letters.intersect(class);
    let swap = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    letters.iter().map(|range| ClassUnicodeRange::new(swap(range.start()), swap(range.end()))).collect()
}

/// One scalar value of any kind, with all its bytes.
fn any_scalar() -> Hir {
    Hir::alternation(vec![bytes(0, 0x7f), beyond_ascii()])
}

/// One scalar value beyond ASCII. Lead bytes differ only in the number of bytes that follow, because text is UTF-8.
fn beyond_ascii() -> Hir {
    let form = |first, last, continuations: u32| {
        Hir::concat(vec![bytes(first, last), Hir::repetition(repetition(continuations, Some(continuations), continuation()))])
    };
    Hir::alternation(vec![form(0xc0, 0xdf, 1), form(0xe0, 0xef, 2), form(0xf0, 0xff, 3)])
}

fn continuation() -> Hir {
    bytes(0x80, 0xbf)
}

fn bytes(first: u8, last: u8) -> Hir {
    Hir::class(Class::Bytes(ClassBytes::new([ClassBytesRange::new(first, last)])))
}

fn ranges(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(ranges.iter().map(|&(first, last)| ClassUnicodeRange::new(first, last)))
}

fn repetition(min: u32, max: Option<u32>, sub: Hir) -> Repetition {
    Repetition { min, max, greedy: true, sub: Box::new(sub) }
}

fn unavailable(span: &Span, what: &'static str) -> PatternError {
    PatternError::Unavailable { offset: span.start.offset, what }
}
