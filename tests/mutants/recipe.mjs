/**
 * The recipe "How to add an operator" of ARCHITECTURE.md with one step left out at a time, for `hasAny`: in the form of `mutants.mjs`, but
 * that each fault says what must notice it, `noticedBy`: the compiler (`check`), or a test.
 */
import { Workshop } from './workshop.mjs';

const compiler = ['check', '-p', 'sdk-core'];
const recipe = ['test', '-p', 'tests-identity', '--test', 'recipe'];
const operators = ['test', '-p', 'tests-identity', '--test', 'operators'];
const vectors = ['test', '-p', 'tests-native', '--test', 'vectors'];
const ofFile = name => ['test', '-p', 'sdk-core', '--lib', name];
/** Everything that may notice: all of it is content while no step is left out. */
const ALL = [compiler, recipe, operators, vectors, ofFile('model')];
/** The folders that the tests read beside the crates. */
const BESIDE = ['docs', 'tests/vectors', 'tests/reference', 'tests/fuzz', 'tests/mutants'];

/** A step without its text, or with another in its place. */
const step = (number, what, file, find, noticedBy, replacement = '') => ({
  name: `recipe ${number}: ${what}`,
  file,
  find,
  replacement,
  noticedBy,
});
const MODEL = 'sdk-core/src/model';
const EVALUATE = 'sdk-core/src/evaluate';

export const recipeMutants = [
  step(
    1,
    'no vectors of it',
    'tests/vectors/index.json',
    '    {"file":"23-lists-hasany-hasall.json","topic":"operators: lists","cases":113,"refusals":10,"buckets":0},\n',
    recipe,
  ),
  step(2, 'no row in the reference', 'tests/reference/conditions.mjs', "  hasAny: members('some'),\n", recipe),
  step(2, 'none of its options in the reference', 'tests/reference/conditions.mjs', "'contains', 'hasAny',", recipe, "'contains',"),
  step(3, 'no row among the operators', `${MODEL}/operator.rs`, '    operator("hasAny", Form::Members { every: false }, CASE),\n', vectors),
  step(
    3,
    'a row without its option',
    `${MODEL}/operator.rs`,
    'operator("hasAny", Form::Members { every: false }, CASE)',
    recipe,
    'operator("hasAny", Form::Members { every: false }, NONE)',
  ),
  step(3, 'no form of a test', `${MODEL}/operator.rs`, 'Test::Members { every, .. } => Self::Members { every: *every },', compiler),
  step(3, 'no options of a test', `${MODEL}/operator.rs`, 'Self::Members { ignore_case, .. }\n            | ', compiler),
  step(
    4,
    'nothing that compares',
    `${EVALUATE}/walk.rs`,
    'fn has_members(&mut self, attribute: u32,',
    compiler,
    'fn has_none(&mut self, attribute: u32,',
  ),
  step(5, 'no number of the operation', `${MODEL}/code.rs`, '    Members = 23,\n', compiler),
  step(5, 'no row in the table of words', `${MODEL}/code.rs`, '| `Among` `Members` |', ofFile('model::code'), '| `Among` |'),
  step(6, 'no test', `${MODEL}/condition.rs`, '    Members { symbols: Run, every: bool, ignore_case: bool },\n', compiler),
  step(
    6,
    'it is not decoded',
    `${MODEL}/condition.rs`,
    '            Operation::Members => Test::Members { symbols: behind(2, count), every: word & code::EVERY != 0, ignore_case },\n',
    compiler,
  ),
  step(7, 'not among those that are no step', `${MODEL}/step.rs`, '                | Operation::Members\n', compiler),
  step(8, 'no operands', `${MODEL}/shape.rs`, 'Operation::Among | Operation::Members =>', compiler, 'Operation::Among =>'),
  step(
    8,
    'a word too few',
    `${MODEL}/shape.rs`,
    'Operation::Among | Operation::Members => Shape::new(Role::Condition, const { shape([ATTRIBUTE, TIMES, ANY]) }),',
    ofFile('model::shape'),
    'Operation::Among | Operation::Members => Shape::new(Role::Condition, const { shape([TIMES, ANY]) }),',
  ),
  step(
    9,
    'it is not copied',
    `${MODEL}/write.rs`,
    '            Test::Members { symbols, every, ignore_case } => self.members(attribute, *every, *ignore_case, from.scalars(*symbols)),\n',
    compiler,
  ),
  step(
    9,
    'an option is not written',
    `${MODEL}/write.rs`,
    'if every { code::EVERY } else { 0 } | if ignore_case { code::IGNORE_CASE } else { 0 }',
    vectors,
    'if every { code::EVERY } else { 0 } | if ignore_case { 0 } else { 0 }',
  ),
  step(
    10,
    'its operand is not read',
    'sdk-core/src/document/operand.rs',
    `            Form::Members { every } => {
                let (scalars, _) = self.scalars(json, false, place, report)?;
                Some(builder.members(attribute, every, ignore_case, scalars.iter()))
            }
`,
    compiler,
  ),
  step(
    10,
    'a bad operand is no error',
    'sdk-core/src/document/operand.rs',
    `            Form::Members { every } => {
                let (scalars, _) = self.scalars(json, false, place, report)?;`,
    vectors,
    `            Form::Members { every } => {
                let (scalars, _) = self.scalars(json, json.items().is_none(), place, report)?;`,
  ),
  step(
    11,
    'the walk does not ask it',
    `${EVALUATE}/walk.rs`,
    '            Some(Test::Members { symbols, every, ignore_case }) => self.has_members(attribute, encoded, symbols, every, ignore_case),\n',
    compiler,
  ),
  step(
    12,
    'its operand is not explained',
    `${EVALUATE}/explain/operand.rs`,
    'Test::Among(Among { symbols, .. }) | Test::Members { symbols, .. } =>',
    compiler,
    'Test::Among(Among { symbols, .. }) =>',
  ),
  step(
    12,
    'another operand is explained',
    `${EVALUATE}/explain/operand.rs`,
    `Test::Among(Among { symbols, .. }) | Test::Members { symbols, .. } => {`,
    operators,
    `Test::Members { .. } => out.push_str("[]"),
        Test::Among(Among { symbols, .. }) => {`,
  ),
  step(
    13,
    'two tests of it are not compared',
    `${EVALUATE}/differences.rs`,
    `            Test::Members { symbols, every, ignore_case } => matches!(
                other,
                Test::Members { symbols: other, every: other_every, ignore_case: other_case }
                    if every == other_every && ignore_case == other_case && self.scalars([symbols, other])
            ),
`,
    compiler,
  ),
  step(
    13,
    'another operand is the same',
    `${EVALUATE}/differences.rs`,
    'every == other_every && ignore_case == other_case && self.scalars([symbols, other])',
    operators,
    'every == other_every && ignore_case == other_case && true',
  ),
  step(
    13,
    'another operator is the same',
    `${EVALUATE}/differences.rs`,
    'every: other_every, ignore_case: other_case }\n                    if every == other_every && ',
    operators,
    'every: _, ignore_case: other_case }\n                    if ',
  ),
  step(
    14,
    'it is not generated',
    'tests/identity/src/generate/operators.rs',
    '    operator("hasAny", Intersection, &[IgnoreCase]),\n',
    recipe,
  ),
  step(15, 'the fuzzer does not know the word', 'tests/fuzz/document.dict', '"\\"op\\":\\"hasAny\\""\n', recipe),
  step(
    15,
    'fuzzing does not start from it',
    'tests/fuzz/ruleset.json',
    '"op": "hasAny", "value": ["Beta", 7, true], "ignoreCase": true }, { "not": { "attribute": "groups", "op": "hasAll", "value": ["a", "b", "a"] } }] }, "serve": "on" }, { "if": { "any": [{ "attribute": "tags", "op": "hasAll", "value": [] }, { "attribute": "tags", "op": "hasAny", ',
    recipe,
    '"op": "hasAll", "value": ["Beta", 7, true], "ignoreCase": true }] }, "serve": "on" }, { "if": { "any": [{ "attribute": "tags", "op": "hasAll", ',
  ),
  step(16, 'no row in the guide', 'docs/flags.md', '| `hasAny` `hasAll` |', recipe, '| `hasAll` |'),
  step(17, 'no mutant', 'tests/mutants/mutants.mjs', "    operators: ['hasAny'],\n", recipe),
  step(
    18,
    'it is not written for SQL',
    `${EVALUATE}/sql_rows.rs`,
    `            Test::Members { symbols, every, ignore_case } => {
                flag(object, "every", every);
                flag(object, "fold", ignore_case);
                self.write_symbols(object.member("in"), symbols);
                write_string(object.member("op"), "members");
            }
`,
    compiler,
  ),
];

/** Leaves out each step in a copy; answers how many were not noticed. `tell` is given each step, and whether it was. */
export async function workOnRecipe(chosen, tell) {
  if (chosen.length === 0) return 0;
  const workshop = new Workshop('recipe', BESIDE);
  for (const command of ALL)
    if (await workshop.fails(command)) throw new Error(`cargo ${command.join(' ')} fails with every step in place`);
  let survivors = 0;
  for (const mutant of chosen) {
    const restore = workshop.spoil(mutant);
    const isNoticed = await workshop.fails(mutant.noticedBy);
    restore();
    survivors += isNoticed ? 0 : 1;
    tell(mutant, isNoticed);
    const by = mutant.noticedBy === compiler ? 'compiler' : mutant.noticedBy.at(-1);
    console.log(`${mutant.name.padEnd(56)} ${by.padStart(14)}  ${isNoticed ? 'yes' : 'NO'}`);
  }
  return survivors;
}
