/** The settings of a deployment: the variables of the environment that the worker's configuration binds. */
import { readFileSync } from 'node:fs';

import { CONFIGURATION } from './package.js';

/** Settings by their names. */
export type Settings = Readonly<Record<string, string | undefined>>;

/** The most letters that differ in a misspelt name. */
const MOST_ERRORS = 2;
/** The shortest part of a setting's name that another variable is taken for. */
const SHORTEST = 6;

/** Returns the names of all settings, as the worker's configuration has them. */
export function settingNames(): readonly string[] {
  return [...readFileSync(CONFIGURATION, 'utf8').matchAll(/fromEnvironment = "(\w+)"/g)].map(([, name = '']) => name);
}

/** Returns a warning for each variable whose name is nearly that of a setting that is absent: it sets nothing. */
export function misspelt(environment: Settings, known: readonly string[]): readonly string[] {
  return Object.keys(environment).flatMap(name => {
    if (known.includes(name) || name.length < SHORTEST) return [];
    const meant = nearest(name, known);
    return meant === undefined || environment[meant] !== undefined ? [] : [`${name} is no setting, and sets nothing: is ${meant} meant?`];
  });
}

/** Returns the name that a misspelt one was meant for; `undefined` if none is near. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const upper = name
    .toUpperCase()
    .replaceAll('-', '_')
    .replace(/^TWINFLAG_/, '');
  return known.find(each => distance(upper, each) <= MOST_ERRORS);
}

/** Returns the number of letters to add, remove or replace (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min((row[j] ?? 0) + (letter === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
