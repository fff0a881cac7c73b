/**
 * Checks, reads and merges the widget's configuration, for code that has no flag server.
 *
 * ```ts
 * import { configForEnvironment, isFeatureOn } from '@twinflag/chat-widget/config';
 *
 * const config = configForEnvironment('staging');
 * isFeatureOn(config, 'sessionPersistence.phase2.enhancedStorage');  // true
 * ```
 */

import { type ChatWidgetFeatureFlags, DEFAULT_CHAT_WIDGET_CONFIG, defaultsOf } from './flags.js';
import { pathsTo, type Tree, withLeaves } from './tree.js';

export type { ChatWidgetFeatureFlags, Environment } from './flags.js';
export { DEFAULT_CHAT_WIDGET_CONFIG, ENVIRONMENT_OVERRIDES } from './flags.js';

/** The phases: stable, beta, experimental. */
export type WidgetPhase = keyof ChatWidgetFeatureFlags['sessionPersistence'];

/** A part of a configuration, to be laid over a whole one. */
export type PartialConfig = { readonly [name: string]: boolean | PartialConfig | undefined };

/** One thing that is wrong with a configuration; `pointer` is a JSON pointer (RFC 6901). */
export interface ConfigFault {
  readonly pointer: string;
  readonly message: string;
}

/** The result of a check: with errors there is no configuration. */
export type CheckedConfig =
  | { readonly config: ChatWidgetFeatureFlags; readonly errors: readonly [] }
  | { readonly config?: undefined; readonly errors: readonly ConfigFault[] };

/** The most errors that a check tells. */
const MOST_ERRORS = 100;

/** The path of each feature, such as `sessionPersistence.phase2.enhancedStorage`. */
export const WIDGET_FEATURES: readonly string[] = leavesOf(DEFAULT_CHAT_WIDGET_CONFIG);
const SECTIONS = pathsTo(WIDGET_FEATURES);

/**
 * Checks that a value is a whole configuration: every feature there, each `true` or `false`, and nothing else.
 *
 * @returns the configuration as a frozen copy, or the errors with their places, 100 at most
 */
export function validateConfig(value: unknown): CheckedConfig {
  const { errors, leaves } = check(value);
  for (const path of WIDGET_FEATURES)
    if (!leaves.has(path) && errors.length < MOST_ERRORS && !errors.some(({ pointer }) => `${pointerOf(path)}/`.startsWith(`${pointer}/`)))
      errors.push({ pointer: pointerOf(path), message: 'is missing; it must be true or false' });
  if (errors.length > 0) return { errors };
  return { config: merged(DEFAULT_CHAT_WIDGET_CONFIG, leaves), errors: [] };
}

/**
 * A configuration with some features changed; frozen.
 *
 * @throws {TypeError} for a feature that there is not, and for a value that is neither true nor false
 */
export function mergeConfig(config: ChatWidgetFeatureFlags, changes: PartialConfig): ChatWidgetFeatureFlags {
  const { errors, leaves } = check(changes);
  if (errors.length > 0) throw new TypeError(`${errors[0]!.pointer || 'the configuration'} ${errors[0]!.message}`);
  return merged(config, leaves);
}

/** The default configuration with an environment's changes, and then one's own; another environment than the known three changes nothing. */
export function configForEnvironment(environment: string, changes: PartialConfig = {}): ChatWidgetFeatureFlags {
  return mergeConfig(defaultsOf(environment).config, changes);
}

/** Returns true if the feature with this path is on. @throws {RangeError} for a path that is no feature's */
export function isFeatureOn(config: ChatWidgetFeatureFlags, path: string): boolean {
  if (!WIDGET_FEATURES.includes(path)) throw new RangeError(`${path} is no feature of the chat widget`);
  return path.split('.').reduce<unknown>((node, name) => (node as Tree)[name], config) === true;
}

/** Returns true if all features of a phase are on. */
export function areAllEnabled(config: ChatWidgetFeatureFlags, phase: WidgetPhase): boolean {
  return Object.values(config.sessionPersistence[phase]).every(Boolean);
}

/** The paths of the features that are on. */
export function enabledFeatures(config: ChatWidgetFeatureFlags): string[] {
  return WIDGET_FEATURES.filter(path => isFeatureOn(config, path));
}

/** Reads the leaves of a value that may be a part of a configuration, each once. */
function check(value: unknown): { errors: ConfigFault[]; leaves: Map<string, boolean> } {
  const errors: ConfigFault[] = [],
    leaves = new Map<string, boolean>();
  const visit = (node: unknown, path: string, pointer: string) => {
    const fault = (message: string) => errors.length < MOST_ERRORS && errors.push({ pointer, message });
    if (WIDGET_FEATURES.includes(path)) {
      if (typeof node === 'boolean') leaves.set(path, node);
      else fault(`is ${kindOf(node)}; it must be true or false`);
    } else if (path !== '' && !SECTIONS.has(path)) fault('is no feature of the chat widget');
    else if (typeof node !== 'object' || node === null || Array.isArray(node)) fault(`is ${kindOf(node)}; it must be an object`);
    else {
      for (const [name, member] of Object.entries(node)) {
        if (errors.length >= MOST_ERRORS) return;
        // A name with a dot is no path: there is no such member.
        if (member !== undefined)
          visit(member, name.includes('.') ? `${path}.?` : `${path && `${path}.`}${name}`, `${pointer}/${escaped(name)}`);
      }
    }
  };
  visit(value, '', '');
  return { errors, leaves };
}

const kindOf = (value: unknown) => (value === null ? 'null' : Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`);
const escaped = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1');
const pointerOf = (path: string) => `/${path.replaceAll('.', '/')}`;
const merged = (config: ChatWidgetFeatureFlags, leaves: Map<string, boolean>) =>
  withLeaves(config as unknown as Tree, leaves) as unknown as ChatWidgetFeatureFlags;

function leavesOf(config: object, path = ''): string[] {
  return Object.entries(config).flatMap(([name, member]) => {
    const own = path === '' ? name : `${path}.${name}`;
    return typeof member === 'object' && member !== null ? leavesOf(member as object, own) : [own];
  });
}
