//! The operands of each operation, word by word, for the check of tables that came from elsewhere.
use super::code::{self, Operation};

/// Kinds of operands, four bits each in a shape, the first operand lowest.
pub(crate) mod kind {
    /// Any word.
    pub(crate) const ANY: u32 = 1;
    /// The four parameters of a hash, whose number stands in the operation's word.
    pub(crate) const HASH: u32 = 2;
    pub(crate) const ATTRIBUTE: u32 = 3;
    pub(crate) const CONDITION: u32 = 4;
    /// The kinds after this one repeat as often as the operation's word counts; this one takes no word itself.
    pub(crate) const TIMES: u32 = 5;
    /// A flag that this one depends on.
    pub(crate) const FLAG: u32 = 6;
    /// The number of a segment, whose condition follows.
    pub(crate) const SEGMENT: u32 = 7;
    /// The number of pairs of four-word ends; they follow the pairs of one-word ends that the operation's word counts.
    pub(crate) const NETWORKS: u32 = 8;
}

const fn shape<const COUNT: usize>(kinds: [u32; COUNT]) -> u32 {
    let (mut shape, mut index) = (0, COUNT);
    while index > 0 {
        index -= 1;
        shape = shape << 4 | kinds[index];
    }
    shape
}

/// The role of the words at a place of a program's tables.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Role {
    /// A step that is taken where a condition holds.
    Guard,
    Prerequisite,
    /// The step after which a flag has no other, unless it is guarded.
    Const,
    /// Any other step.
    Step,
    Condition,
    /// No operation, or one that a program may not hold.
    Nothing,
}

/// A role and the kinds of its operands, in one word: the compiler would pass two through memory.
#[derive(Clone, Copy)]
pub(crate) struct Shape(u32);

impl Shape {
    const fn new(role: Role, kinds: u32) -> Self {
        Self((role as u32) << ROLE_SHIFT | kinds)
    }

    pub(crate) const fn is(self, role: Role) -> bool {
        self.0 >> ROLE_SHIFT == role as u32
    }

    /// The kinds of operands, four bits each, the first lowest.
    pub(crate) const fn kinds(self) -> u32 {
        self.0 & ((1 << ROLE_SHIFT) - 1)
    }
}

/// No operation has more than six kinds of operands.
const ROLE_SHIFT: u32 = 24;

/// The role and the operands of the operation in a program's word.
pub(crate) const fn of(word: u32) -> Shape {
    use kind::{ANY, ATTRIBUTE, CONDITION, FLAG, HASH, NETWORKS, SEGMENT, TIMES};
    let Some(operation) = Operation::of(word) else { return Shape::new(Role::Nothing, 0) };
    match operation {
        Operation::If => Shape::new(Role::Guard, 0),
        // A program has overrides settled.
        Operation::Overrides => Shape::new(Role::Nothing, 0),
        Operation::Prerequisite => Shape::new(Role::Prerequisite, const { shape([FLAG, ANY, TIMES, ANY]) }),
        Operation::List => Shape::new(Role::Step, const { shape([ATTRIBUTE, ANY, TIMES, ANY]) }),
        Operation::Const => Shape::new(Role::Const, const { shape([ANY, TIMES, ANY]) }),
        Operation::Draw => Shape::new(Role::Step, const { shape([ATTRIBUTE, HASH, TIMES, ANY, ANY]) }),
        Operation::All | Operation::Any => Shape::new(Role::Condition, const { shape([TIMES, CONDITION]) }),
        Operation::Not => Shape::new(Role::Condition, const { shape([CONDITION]) }),
        Operation::Segment => Shape::new(Role::Condition, const { shape([SEGMENT]) }),
        Operation::Percentage => Shape::new(Role::Condition, const { shape([ATTRIBUTE, HASH, ANY, ANY]) }),
        Operation::Exists => Shape::new(Role::Condition, const { shape([ATTRIBUTE]) }),
        Operation::Among | Operation::Members => Shape::new(Role::Condition, const { shape([ATTRIBUTE, TIMES, ANY]) }),
        Operation::Contains => Shape::new(Role::Condition, const { shape([ATTRIBUTE, ANY, ANY, ANY]) }),
        Operation::StartsWith | Operation::EndsWith | Operation::Number | Operation::Semver => {
            Shape::new(Role::Condition, const { shape([ATTRIBUTE, ANY, ANY]) })
        }
        Operation::Time | Operation::Matches => Shape::new(Role::Condition, const { shape([ATTRIBUTE, ANY, ANY, ANY, ANY]) }),
        Operation::Cidr => Shape::new(Role::Condition, const { shape([ATTRIBUTE, ANY, ANY, NETWORKS]) }),
    }
}

/// The place of the condition that a guard names.
pub(crate) const fn guarded_by(word: u32) -> u32 {
    code::condition(word)
}

/// The number of times that the counted operands of an operation repeat.
pub(crate) const fn count(word: u32) -> u32 {
    code::count(word)
}

/// Returns true if a draw's word names a hash that is known here.
pub(crate) const fn names_a_hash(word: u32) -> bool {
    crate::bucket::DrawHash::is_known(word >> code::HASH_SHIFT & 15)
}

#[cfg(test)]
mod tests {
    use super::{Role, kind, of};
    use crate::bucket::Subkey;
    use crate::model::{
        build::Builder,
        code::{Operation, with_count},
        condition::Condition,
        image::Image,
        step::Step,
        words::Words,
        write::Keep,
    };

    /// The operands of a shape whose counted part is there `count` times, in words.
    fn words_of(mut operands: u32, count: u32) -> u32 {
        let (mut words, mut times) = (0, 1);
        while operands != 0 {
            match operands & 15 {
                kind::HASH => words += 4,
                kind::TIMES => times = count,
                kind::SEGMENT => words += 2,
                kind::NETWORKS => words += 1 + 2 * count,
                _ => words += times,
            }
            operands >>= 4;
        }
        words
    }

    #[test]
    fn each_operation_is_decoded_as_its_role_and_as_long_as_its_shape() {
        for operation in Operation::ALL {
            let word = with_count(*operation, 0, usize::from(*operation == Operation::Const));
            let (shape, operands) = (of(word), of(word).kinds());
            let mut bytes = [[0_u8; 4]; 16];
            bytes[0] = word.to_le_bytes();
            let words = Words(&bytes);
            let guarded = words.step(0);
            let is_step = !matches!(guarded.step, Step::Nothing);
            let is_condition = !matches!(words.condition(0), Condition::Nothing);
            if shape.is(Role::Guard) {
                assert!(!is_step && !is_condition);
            } else if shape.is(Role::Nothing) {
                // The only step that a program may not hold.
                assert!(*operation == Operation::Overrides && is_step);
            } else if shape.is(Role::Condition) {
                assert!(is_condition && !is_step && operands != 0, "{operation:?}");
            } else {
                assert!(is_step && !is_condition, "{operation:?}");
                assert_eq!(guarded.next, 1 + words_of(operands, word >> 16), "{operation:?}");
            }
        }
    }

    #[test]
    fn each_test_is_written_as_long_as_its_shape() {
        let mut written = 0;
        for operation in Operation::ALL {
            let mut bytes = [[0_u8; 4]; 16];
            bytes[0] = (*operation as u32).to_le_bytes();
            let Some(test) = Words(&bytes).front(0).test() else { continue };
            let mut builder = Builder::new(Subkey([0; 2]));
            let at = builder.copy_test(&Image::EMPTY, 0, &test, Keep::All) as usize;
            let words = &builder.code[at..];
            assert_eq!(words[0] & 0xFF, *operation as u32);
            assert_eq!(words.len(), 1 + words_of(of(words[0]).kinds(), words[0] >> 16) as usize, "{operation:?}");
            written += 1;
        }
        assert!(written >= 11, "{written}");
    }
}
