/**
 * Faults, each one small: a text that stands exactly once in a file, and what is put in its place.
 *
 * Every one must be noticed twice: by a vector, and by the digest of generated lines.
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
    find: 'if bucket < self.word(share) {',
    replacement: 'if bucket <= self.word(share) {',
  },
  {
    name: 'allow before deny',
    file: 'sdk-core/src/document/steps.rs',
    find: 'list(builder, code::LIST, unit, &rollout.deny,',
    replacement: `list(builder, code::LIST | code::ALLOW, unit, &rollout.allow, Decision::new(Some(draft.on), Reason::TargetingMatch, Layer::Rollout));
        list(builder, code::LIST, unit, &rollout.deny,`,
  },
  {
    name: 'organization before customer',
    file: 'sdk-core/src/evaluate/overrides.rs',
    find: 'of(self.customer, Layer::Customer).or_else(|| of(self.organization, Layer::Organization))',
    replacement: 'of(self.organization, Layer::Organization).or_else(|| of(self.customer, Layer::Customer))',
  },
  {
    name: 'the flag before its environment',
    file: 'sdk-core/src/document/steps.rs',
    find: 'Some(EnvironmentDefault(variant)) => (variant, Layer::Environment),',
    replacement: 'Some(EnvironmentDefault(_)) => (draft.default, Layer::Environment),',
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
    find: 'draft.rules.is_empty() && !rollout.running;',
    replacement: 'draft.rules.is_empty() && rollout.threshold == 0;',
  },
  {
    name: 'endsWith dropped',
    file: 'sdk-core/src/evaluate/walk.rs',
    find: '_ => text.ends_with(operand),',
    replacement: '_ => false,',
  },
  {
    name: 'cidr dropped',
    file: 'sdk-core/src/evaluate/walk.rs',
    find: 'cidr::Words::of(text).is_some_and(|address| self.is_in_networks(at, address.words()))',
    replacement: 'false',
  },
  {
    name: 'gte is gt',
    file: 'sdk-core/src/evaluate/walk.rs',
    find: '_ => order.is_ge(),',
    replacement: '_ => order.is_gt(),',
  },
  {
    name: 'a caret holds over minor zeros',
    file: 'sdk-core/src/matching/semver.rs',
    find: 'base.numbers.iter().take_while(|number| **number == b"0").count() + 1',
    replacement: '1',
  },
  {
    name: 'userId without targetingKey',
    file: 'sdk-core/src/evaluate/walk.rs',
    find: 'found = value::member(members, b"targetingKey"),',
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
    find: 'let scalar = lower(scalar);',
    replacement: '',
  },
  {
    name: 'a missing unit is unfit',
    file: 'sdk-core/src/evaluate/walk.rs',
    find: 'Unit::Missing => return Some(Decision::error(ErrorCode::TargetingKeyMissing)),',
    replacement: 'Unit::Missing => return Some(Decision::error(ErrorCode::InvalidContext)),',
  },
  {
    name: 'one level more',
    file: 'sdk-core/src/context/mod.rs',
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
    name: 'whole numbers only to 2^52',
    file: 'sdk-core/src/context/unit.rs',
    find: 'const LIMIT: u64 = 1 << 53;',
    replacement: 'const LIMIT: u64 = (1 << 53) - 1;',
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
    find: '        compare_pre_releases(self.pre_release, other.pre_release)',
    replacement: '        Ordering::Equal',
  },
  {
    name: 'only one of two keys left out',
    file: 'sdk-core/src/document/compile.rs',
    find: 'left_out.insert(prefix, key);',
    replacement: '',
  },
  {
    name: 'an ambiguous alias kept',
    file: 'sdk-core/src/document/compile.rs',
    find: 'uses.get(*alias).is_some_and(|uses| *uses > 1)',
    replacement: 'uses.get(*alias).is_some_and(|uses| *uses > 9)',
  },
  {
    name: 'of a member twice the first counts',
    file: 'sdk-core/src/context/value.rs',
    find: '            found = members.get(value..next);',
    replacement: '            found = found.or(members.get(value..next));',
  },
  {
    name: 'members of lists not folded',
    file: 'sdk-core/src/evaluate/walk.rs',
    find: 'let folded = if operand.first() == Some(&value::FOLDED) { value::text(operand) } else { None };',
    replacement: 'let folded: Option<&[u8]> = None;',
  },
  {
    name: 'not without its meaning',
    file: 'sdk-core/src/evaluate/walk.rs',
    find: 'code::NOT => !self.holds(self.word(at + 1)),',
    replacement: 'code::NOT => self.holds(self.word(at + 1)),',
  },
  {
    name: 'any variant meets a prerequisite',
    file: 'sdk-core/src/evaluate/walk.rs',
    find: '.wrapping_add(1) == variant;',
    replacement: '.wrapping_add(1) > 0 && variant > 0;',
  },
  {
    name: 'a context sets the moment',
    file: 'sdk-core/src/evaluate/walk.rs',
    find: 'if record.lookup == Lookup::Now {',
    replacement: 'if record.lookup == Lookup::Now && value::member(self.members, b"now").is_none() {',
  },
];
