/** An engine that also answers for contexts that are not in force: for tools, benches and servers. */
import type { EngineParts, PageEngine } from './engine.js';
import type { EvaluationContext, EvaluationDetails, FlagValue } from './types.js';
import { requestedType } from './values.js';

export interface FlagEngine extends PageEngine {
  /** The value of a flag for the context in force, or the default: of another type, an unknown flag, an error. */
  value<T extends FlagValue>(flagKey: string, defaultValue: T): T;
  /** One flag for another context; the one in force stays. */
  ask<T extends FlagValue | null | undefined>(
    flagKey: string,
    defaultValue: T,
    context: EvaluationContext,
    now?: number,
  ): EvaluationDetails<T>;
  /** As {@link FlagEngine.ask}, the value alone. */
  askValue<T extends FlagValue>(flagKey: string, defaultValue: T, context: EvaluationContext, now?: number): T;
}

export function flagEngine([engine, [numberOf, decide, one, put, pick, spell]]: [PageEngine, EngineParts]): FlagEngine {
  return {
    ...engine,
    value(flagKey, defaultValue) {
      const flag = numberOf(flagKey);
      return flag < 0 ? defaultValue : pick(flag, decide(flag), defaultValue);
    },
    ask(flagKey, defaultValue, other, at = Date.now()) {
      put(other, at);
      const flag = numberOf(flagKey);
      return spell(flag, one(flag, requestedType(defaultValue)), defaultValue);
    },
    askValue(flagKey, defaultValue, other, at = Date.now()) {
      put(other, at);
      const flag = numberOf(flagKey);
      return pick(flag, one(flag, 0), defaultValue);
    },
  };
}
