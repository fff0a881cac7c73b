/**
 * Faults, each one small: a text that stands exactly once in a file, and what is put in its place.
 *
 * Every one must be noticed twice: by a vector, and by the digest of generated lines. `operators` are those that a fault breaks: of
 * each a vector must turn red.
 */
export const mutants = [
  {
    name: 'one bit of the bucket',
    file: 'sdk-core/src/bucket.rs',
    find: 'let hash = self.hash(unit);',
    replacement: 'let hash = self.hash(unit) ^ 1 << 63;',
  },
  {
    name: 'the lowest bit of the bucket',
    file: 'sdk-core/src/bucket.rs',
    find: '((upper + (lower >> 32)) >> 32) as u32',
    replacement: '((upper + (lower >> 32)) >> 32) as u32 ^ 1',
  },
  {
    name: 'halves of a subkey swapped',
    file: 'sdk-core/src/bucket.rs',
    find: 'Subkey([half(0), half(1)])',
    replacement: 'Subkey([half(1), half(0)])',
  },
  {
    name: 'murmurhash over UTF-8',
    file: 'sdk-core/src/bucket.rs',
    find: 'let (scalar, size) = decode(rest);',
    replacement: 'let (scalar, size) = (rest.first().copied().map_or(0, u32::from), 1);',
  },
  {
    name: 'a bound belongs to the share below',
    file: 'sdk-core/src/evaluate/walk.rs',
    find: 'shares.find(|[bound, _]| bucket < *bound)?',
    replacement: 'shares.find(|[bound, _]| bucket <= *bound)?',
  },
  {
    name: 'allow before deny',
    file: 'sdk-core/src/document/steps.rs',
    find: '        if !rollout.deny.is_empty() {',
    replacement: `        if !rollout.allow.is_empty() {
            builder.list(unit, listed(Some(definition.on), StepIndex::ALLOW), true, rollout.allow.iter());
        }
        if !rollout.deny.is_empty() {`,
  },
  {
    name: 'organization before customer',
    file: 'sdk-core/src/evaluate/overrides.rs',
    find: `of(self.customer, Layer::Customer, StepIndex::CUSTOMER)
            .or_else(|| of(self.organization, Layer::Organization, StepIndex::ORGANIZATION))`,
    replacement: `of(self.organization, Layer::Organization, StepIndex::ORGANIZATION)
            .or_else(|| of(self.customer, Layer::Customer, StepIndex::CUSTOMER))`,
  },
  {
    name: 'the flag before its environment',
    file: 'sdk-core/src/document/steps.rs',
    find: 'Some((_, variant)) => (*variant, Layer::Environment, percentage.plus(1)),',
    replacement: 'Some(_) => (definition.default, Layer::Environment, percentage.plus(1)),',
  },
  {
    name: 'the audience of tier 1 forgotten',
    file: 'sdk-core/src/document/steps.rs',
    find: 'if rollout.running && !by_list {',
    replacement: 'if rollout.running && (!by_list || rollout.threshold > 0) {',
  },
  {
    name: 'a rollout that does not run spoils STATIC',
    file: 'sdk-core/src/document/steps.rs',
    find: 'definition.rules.is_empty() && !rollout.running;',
    replacement: 'definition.rules.is_empty() && rollout.threshold == 0;',
  },
  {
    name: 'endsWith dropped',
    operators: ['endsWith'],
    file: 'sdk-core/src/evaluate/walk.rs',
    find: 'self.has_text(attribute, encoded, operand, ignore_case, Part::End)',
    replacement: 'false',
  },
  {
    name: 'cidr dropped',
    operators: ['cidr'],
    file: 'sdk-core/src/evaluate/walk.rs',
    find: 'cidr::address(text, &mut words)).is_some_and(|address| self.is_in_networks(narrow, wide, address))',
    replacement: 'cidr::address(text, &mut words)).is_none() && self.is_in_networks(narrow, wide, &[])',
  },
  {
    name: 'gte is gt',
    operators: ['gte', 'semverGte'],
    file: 'sdk-core/src/matching/comparison.rs',
    find: 'Self::GreaterOrEqual | Self::Caret | Self::Tilde => order.is_ge(),',
    replacement: 'Self::GreaterOrEqual | Self::Caret | Self::Tilde => order.is_gt(),',
  },
  {
    name: 'a caret holds over minor zeros',
    operators: ['semverCaret'],
    file: 'sdk-core/src/matching/semver.rs',
    find: 'while same < CORE_NUMBERS && next_number(&mut rest).is_empty() {',
    replacement: 'while same > CORE_NUMBERS && next_number(&mut rest).is_empty() {',
  },
  {
    name: 'userId without targetingKey',
    file: 'sdk-core/src/evaluate/walk.rs',
    find: 'found = index.member(b"targetingKey"),',
    replacement: '{}',
  },
  {
    name: 'a dotted name is only a path',
    file: 'sdk-core/src/evaluate/walk.rs',
    find: 'Lookup::Path if found.is_none() =>',
    replacement: 'Lookup::Path =>',
  },
  {
    name: 'ASCII folded alone',
    file: 'sdk-core/src/matching/fold.rs',
    find: 'let scalar = lower.of(scalar);',
    replacement: '',
  },
  {
    name: 'a missing unit is unfit',
    file: 'sdk-core/src/evaluate/walk.rs',
    find: 'Unit::Missing => return Some(error(ErrorCode::TargetingKeyMissing)),',
    replacement: 'Unit::Missing => return Some(error(ErrorCode::InvalidContext)),',
  },
  {
    name: 'a context of 17 levels',
    file: 'sdk-core/src/context/check.rs',
    find: 'pub const MAX_CONTEXT_DEPTH: u32 = 16;',
    replacement: 'pub const MAX_CONTEXT_DEPTH: u32 = 17;',
  },
  {
    name: 'a program answers whomever',
    file: 'sdk-core/src/program/runner.rs',
    find: '(Agreement::Equal(_), None) => false,',
    replacement: '(Agreement::Equal(_), None) => true,',
  },
  {
    name: '2^53 − 1 is no unit',
    file: 'sdk-core/src/context/unit.rs',
    find: 'const LIMIT: u64 = (1 << 53) - 1;',
    replacement: 'const LIMIT: u64 = (1 << 53) - 2;',
  },
  {
    name: 'an empty unit is a unit',
    file: 'sdk-core/src/context/unit.rs',
    find: 'Some((Encoded::Null | Encoded::Text([]), _)) => Self::Missing,',
    replacement: 'Some((Encoded::Null, _)) => Self::Missing,',
  },
  {
    name: 'offsets the other way',
    file: 'sdk-core/src/matching/time.rs',
    find: `if sign == b'-' {`,
    replacement: `if sign == b'+' {`,
  },
  {
    name: 'digits past the third counted',
    file: 'sdk-core/src/matching/time.rs',
    find: 'worth /= 10;',
    replacement: 'worth = (worth / 10).max(1);',
  },
  {
    name: 'version numbers as texts',
    file: 'sdk-core/src/matching/semver.rs',
    find: 'left.len().cmp(&right.len()).then_with(|| left.cmp(right))',
    replacement: 'left.cmp(right)',
  },
  {
    name: 'pre-releases ignored',
    file: 'sdk-core/src/matching/semver.rs',
    find: '(usize::MAX, compare_pre_releases(self.pre_release, other.pre_release))',
    replacement: '(usize::MAX, Ordering::Equal)',
  },
  {
    name: 'a flag that is left out leaves its key to aliases',
    file: 'sdk-core/src/document/names.rs',
    find: 'let mut taken: BTreeSet<&str> = keys.collect();',
    replacement: 'let mut taken: BTreeSet<&str> = keys.filter(|key| flags.iter().any(|flag| *key == flag.key)).collect();',
  },
  {
    name: 'of a member twice the first counts',
    file: 'sdk-core/src/context/read.rs',
    find: '            pairs.sort_by(|(one, _), (other, _)| one.cmp(other));',
    replacement: `            pairs.reverse();
            pairs.sort_by(|(one, _), (other, _)| one.cmp(other));`,
  },
  {
    name: 'members of lists not folded',
    file: 'sdk-core/src/evaluate/walk.rs',
    find: 'let symbol = match value::text(item).filter(|_| folds) {',
    replacement: 'let symbol = match value::text(item).filter(|_| folds && item.is_empty()) {',
  },
  {
    name: 'not without its meaning',
    file: 'sdk-core/src/evaluate/walk.rs',
    find: 'Condition::Not(inner) => !self.holds(*inner),',
    replacement: 'Condition::Not(inner) => self.holds(*inner),',
  },
  {
    name: 'any variant meets a prerequisite',
    file: 'sdk-core/src/evaluate/walk.rs',
    find: 'variant.is_some_and(|variant| self.words.run(variants).any(|meeting| meeting == variant))',
    replacement: 'variant.is_some()',
  },
  {
    name: 'a context sets the moment',
    file: 'sdk-core/src/evaluate/walk.rs',
    find: 'let mut found = if lookup == Lookup::Now {',
    replacement: 'let mut found = if lookup == Lookup::Now && value::member(self.members, b"now").is_none() {',
  },
  {
    name: 'a percentage without its first bucket',
    file: 'sdk-core/src/evaluate/walk.rs',
    find: '(portion.from..portion.to).contains(&bucket)',
    replacement: '(portion.from + 1..portion.to).contains(&bucket)',
  },
  {
    name: 'a percentage with the bucket at its end',
    file: 'sdk-core/src/evaluate/walk.rs',
    find: '(portion.from..portion.to).contains(&bucket)',
    replacement: '(portion.from..=portion.to).contains(&bucket)',
  },
  {
    name: 'the salt of a percentage ignored',
    file: 'sdk-core/src/document/condition.rs',
    find: 'let Span { at, length } = self.builder.text(salt.as_bytes());',
    replacement: 'let Span { at, length } = self.builder.text(unit.as_bytes());',
  },
  {
    name: 'a percentage in a murmurhash-js flag by sip-1',
    file: 'sdk-core/src/document/condition.rs',
    find: 'let hash = if self.draws.as_ref().is_some_and(|draws| draws.murmurhash_js) {',
    replacement: 'let hash = if self.draws.as_ref().is_some_and(|draws| draws.murmurhash_js && draws.unit.is_empty()) {',
  },
  {
    name: 'hasAll is hasAny',
    operators: ['hasAll'],
    file: 'sdk-core/src/evaluate/walk.rs',
    find: `is_some() != every {
                return !every;
            }
        }
        every`,
    replacement: `is_some() != false {
                return true;
            }
        }
        false`,
  },
  {
    name: 'hasAny always ignores case',
    file: 'sdk-core/src/document/condition.rs',
    find: 'let options = self.options(&fields, operator);',
    replacement: `let mut options = self.options(&fields, operator);
        options.ignore_case |= operator.name == "hasAny";`,
  },
  {
    name: 'the last member of a list forgotten',
    file: 'sdk-core/src/evaluate/walk.rs',
    find: `        for _ in 0..count {
            let Some((item, rest)) = value::split(items) else { break };`,
    replacement: `        for _ in 1..count {
            let Some((item, rest)) = value::split(items) else { break };`,
  },
  {
    name: 'members of a list mixed up',
    file: 'sdk-core/src/evaluate/scratch.rs',
    find: '[8 + 2 * attribute + folds as u32, symbol]',
    replacement: '[8 + 2 * attribute + folds as u32, symbol & 0]',
  },
  {
    name: 'loose versions compare three numbers',
    file: 'sdk-core/src/matching/semver.rs',
    find: 'while !(lefts.is_empty() && rights.is_empty()) {',
    replacement: 'while equal < CORE_NUMBERS && !(lefts.is_empty() && rights.is_empty()) {',
  },
  {
    name: 'a loose version may not begin with v',
    file: 'sdk-core/src/matching/semver.rs',
    find: `[b'v' | b'V', rest @ ..] if loose => rest,`,
    replacement: `[b'v' | b'V', rest @ ..] if loose && rest.is_empty() => rest,`,
  },
  {
    name: 'numbers in text of 16 digits',
    file: 'sdk-core/src/matching/decimal.rs',
    find: 'const LEAST_OF_15_DIGITS: f64 = 1e14;',
    replacement: 'const LEAST_OF_15_DIGITS: f64 = 1e15;',
  },
  {
    name: 'numbers in text with 16 digits after the point',
    file: 'sdk-core/src/matching/decimal.rs',
    find: 'const MAX_FRACTION: usize = 15;',
    replacement: 'const MAX_FRACTION: usize = 16;',
  },
  {
    name: 'any text is not in an empty list of numbers',
    file: 'sdk-core/src/evaluate/walk.rs',
    find: 'if among.as_number && kind != Kinds::NUMBERS {',
    replacement: 'if among.as_number && kind != Kinds::NUMBERS && !among.kinds.is_empty() {',
  },
  {
    name: 'onMissingUnit ignored at rules',
    file: 'sdk-core/src/document/steps.rs',
    find: 'builder.draw(unit, draw(salt), continues, shares);',
    replacement: 'builder.draw(unit, draw(salt), false, shares);',
  },
  {
    name: 'onMissingUnit ignored at the rollout',
    file: 'sdk-core/src/document/steps.rs',
    find: 'builder.draw(unit, draw(definition.salt.as_deref().unwrap_or(flag_key)), continues, core::iter::once((threshold, on)));',
    replacement: 'builder.draw(unit, draw(definition.salt.as_deref().unwrap_or(flag_key)), false, core::iter::once((threshold, on)));',
  },
  {
    name: 'a broken prerequisite is met',
    file: 'sdk-core/src/document/steps.rs',
    find: `            Required::Never => {
                builder.constant(unmet);
                is_hidden = true;
            }`,
    replacement: '            Required::Never => {}',
  },
  {
    name: 'rules counted one step too far',
    file: 'sdk-core/src/document/steps.rs',
    find: 'let first_rule = StepIndex::FIRST_TARGET.plus(definition.targets.len());',
    replacement: 'let first_rule = StepIndex::FIRST_TARGET.plus(definition.targets.len() + 1);',
  },
  {
    name: 'metadata told with an unfit unit',
    file: 'sdk-core/src/evaluate/evaluation.rs',
    find: 'None | Some(ErrorCode::TypeMismatch | ErrorCode::TargetingKeyMissing) =>',
    replacement: 'None | Some(ErrorCode::TypeMismatch | ErrorCode::TargetingKeyMissing | ErrorCode::InvalidContext) =>',
  },
  {
    name: 'a mapped address is of version 6',
    file: 'sdk-core/src/matching/cidr.rs',
    find: '[0, 0, 0xffff, word] = *words',
    replacement: '[0, 0, 0xfffe, word] = *words',
  },
  {
    name: 'a mapped network keeps its length',
    file: 'sdk-core/src/matching/cidr.rs',
    find: 'match length.checked_sub(MAPPED_LENGTH) {',
    replacement: 'match length.checked_sub(MAPPED_LENGTH).map(|_| length.min(32)) {',
  },
  {
    name: '2^53 is a unit',
    file: 'sdk-core/src/context/unit.rs',
    find: 'const LIMIT: u64 = (1 << 53) - 1;',
    replacement: 'const LIMIT: u64 = 1 << 53;',
  },
  {
    name: 'a context of 1,001 members',
    file: 'sdk-core/src/context/check.rs',
    find: 'pub const MAX_CONTEXT_MEMBERS: u32 = 1_000;',
    replacement: 'pub const MAX_CONTEXT_MEMBERS: u32 = 1_001;',
  },
  {
    name: 'a context of 10,001 items',
    file: 'sdk-core/src/context/check.rs',
    find: 'pub const MAX_CONTEXT_ITEMS: u32 = 10_000;',
    replacement: 'pub const MAX_CONTEXT_ITEMS: u32 = 10_001;',
  },
  {
    name: 'a context of 65,537 bytes of text',
    file: 'sdk-core/src/context/check.rs',
    find: 'pub const MAX_CONTEXT_TEXT: u32 = 65_536;',
    replacement: 'pub const MAX_CONTEXT_TEXT: u32 = 65_537;',
  },
  {
    name: 'a document of 65 levels',
    file: 'sdk-core/src/json/cursor.rs',
    find: 'pub const MAX_NESTING: u32 = 64;',
    replacement: 'pub const MAX_NESTING: u32 = 65;',
  },
  {
    name: 'conditions of 17 levels',
    file: 'sdk-core/src/document/limits.rs',
    find: 'pub const MAX_CONDITION_DEPTH: u32 = 16;',
    replacement: 'pub const MAX_CONDITION_DEPTH: u32 = 17;',
  },
  {
    name: 'decisions of different flags mixed up',
    file: 'sdk-core/src/evaluate/scratch.rs',
    find: 'as_chunks().0.get(flag as usize).map_or',
    replacement: 'as_chunks().0.get(flag as usize & !1).map_or',
  },
  {
    name: 'answers of different segments mixed up',
    file: 'sdk-core/src/evaluate/scratch.rs',
    find: '[3, number]',
    replacement: '[3, number & !1]',
  },
  {
    name: 'equal and different swapped',
    operators: ['eq', 'neq', 'in', 'notIn'],
    file: 'sdk-core/src/evaluate/walk.rs',
    find: 'self.is_listed(among.symbols, attribute, encoded, folds) != among.none_of',
    replacement: 'self.is_listed(among.symbols, attribute, encoded, folds) == among.none_of',
  },
  {
    name: 'a string contains nothing',
    operators: ['contains'],
    file: 'sdk-core/src/evaluate/walk.rs',
    find: 'self.has_text(attribute, encoded, operand, ignore_case, Part::Any)',
    replacement: 'false',
  },
  {
    name: 'startsWith dropped',
    operators: ['startsWith'],
    file: 'sdk-core/src/evaluate/walk.rs',
    find: 'self.has_text(attribute, encoded, operand, ignore_case, Part::Start)',
    replacement: 'false',
  },
  {
    name: 'hasAny is hasAll',
    operators: ['hasAny'],
    file: 'sdk-core/src/evaluate/walk.rs',
    find: `is_some() != every {
                return !every;
            }
        }
        every`,
    replacement: `is_some() != true {
                return false;
            }
        }
        true`,
  },
  {
    name: 'matches dropped',
    operators: ['matches'],
    file: 'sdk-core/src/evaluate/walk.rs',
    find: 'pattern::found(image.text(table), text)',
    replacement: 'image.text(table).is_empty() && text.is_empty()',
  },
  {
    name: 'nothing exists',
    operators: ['exists'],
    file: 'sdk-core/src/evaluate/walk.rs',
    find: 'Some(Test::Exists) => true,',
    replacement: 'Some(Test::Exists) => false,',
  },
  {
    name: 'lt is lte',
    operators: ['lt', 'before', 'semverLt'],
    file: 'sdk-core/src/matching/comparison.rs',
    find: 'Self::Less => order.is_lt(),',
    replacement: 'Self::Less => order.is_le(),',
  },
  {
    name: 'lte is lt',
    operators: ['lte', 'semverLte'],
    file: 'sdk-core/src/matching/comparison.rs',
    find: 'Self::LessOrEqual => order.is_le(),',
    replacement: 'Self::LessOrEqual => order.is_lt(),',
  },
  {
    name: 'gt is gte',
    operators: ['gt', 'after', 'semverGt'],
    file: 'sdk-core/src/matching/comparison.rs',
    find: 'Self::Greater => order.is_gt(),',
    replacement: 'Self::Greater => order.is_ge(),',
  },
  {
    name: 'an equal version differs',
    operators: ['semverEq'],
    file: 'sdk-core/src/matching/comparison.rs',
    find: 'Self::Equal => order.is_eq(),',
    replacement: 'Self::Equal => order.is_ne(),',
  },
  {
    name: 'a tilde over three numbers',
    operators: ['semverTilde'],
    file: 'sdk-core/src/matching/semver.rs',
    find: 'Comparison::Tilde => same = 2,',
    replacement: 'Comparison::Tilde => same = 3,',
  },
];
