/** Flags of any context, evaluated in this process. */
import type { EvaluationContext, EvaluationDetails, FlagValue, Full } from '@twinflag/client/full';
import { addressOf, asTwinflagError, complain, createBreaker, exchangeWith, setting, type TwinflagError } from '@twinflag/edge/internal';

import { createKeeper, soon } from './keeper.js';
import { bounded, type ServerOptions } from './options.js';
import { createOutcomes, type OutcomeEvent } from './outcomes.js';
import { idOf, type Owner } from './owners.js';
import { spelled } from './version.js';

/** The answer to one question, and how far it holds. */
export interface ServerDetails<T = FlagValue> extends EvaluationDetails<T> {
  /** The version that was answered from, such as `0a1b2c3d4e5f.12`; absent before there are rules. */
  readonly version?: string;
  /** The flag server could not confirm the rules, or the overrides of the context's customer are not known. */
  readonly stale?: true;
  /** The flag is off because its rollout was rolled back. */
  readonly rolledBack?: true;
}

/** One of many questions. */
export interface Question<T = unknown> {
  readonly flagKey: string;
  readonly defaultValue: T;
  readonly context?: EvaluationContext;
}

/** The two sides of a flag. */
export interface Sides<T> {
  readonly on: () => T | Promise<T>;
  readonly off: () => T | Promise<T>;
}

/**
 * How the flags stand: `pending` has no rules yet; `ready` has rules that the flag server confirmed; `stale` has some that it could not
 * confirm of late; `error` has none, because it could not be asked; `closed` answers defaults.
 */
export type ServerStatus = 'pending' | 'ready' | 'stale' | 'error' | 'closed';

/** The flags of a server. No method throws for what the flag server does or fails to do: `status`, `error` and the details tell. */
export interface ServerClient {
  /** The value of a flag for a context, or the default: before there are rules, of another type, for an unknown flag. */
  getValue(flagKey: string, defaultValue: boolean, context?: EvaluationContext): Promise<boolean>;
  getValue(flagKey: string, defaultValue: string, context?: EvaluationContext): Promise<string>;
  getValue(flagKey: string, defaultValue: number, context?: EvaluationContext): Promise<number>;
  getValue<T>(flagKey: string, defaultValue: T, context?: EvaluationContext): Promise<T>;
  /** The value, why it is the answer, and from which version. */
  getDetails<T>(flagKey: string, defaultValue: T, context?: EvaluationContext): Promise<ServerDetails<T>>;
  /** Whether the flag's value is `true`. */
  isEnabled(flagKey: string, context?: EvaluationContext): Promise<boolean>;
  /** Many answers, in the order of the questions, with one request for all customers that are not known yet. */
  getMany(questions: readonly Question[]): Promise<ServerDetails<unknown>[]>;
  /**
   * The answer at once, from what is known. A customer that was never asked about is answered without overrides, marked stale, and asked
   * about behind the answer.
   */
  peek<T>(flagKey: string, defaultValue: T, context?: EvaluationContext): ServerDetails<T>;
  /** Runs the side that the flag says. An error that `on` throws is reported as an outcome, and the answer is that of `off`. */
  run<T>(flagKey: string, context: EvaluationContext, sides: Sides<T>): Promise<T>;
  /** Reports an outcome; it is sent within a few seconds. */
  track(event: OutcomeEvent): void;
  /** The keys of all flags; none before there are rules. */
  flagKeys(): string[];
  /** Calls the listener whenever the rules, their version or the status has changed. */
  subscribe(listener: () => void): () => void;
  readonly status: ServerStatus;
  /** The newest version that the flag server confirmed; absent before there are rules. */
  readonly version: string | undefined;
  /** Why the last request failed; absent after one that did not. */
  readonly error: TwinflagError | undefined;
  /** Resolves when there are rules, or the flag server could not be asked, and after 3 s at most. */
  ready(): Promise<void>;
  /** Asks the flag server now; for whoever hears of a change by other means. */
  refresh(): Promise<void>;
  /** Sends the outcomes that wait. */
  flush(): Promise<void>;
  /** Sends the outcomes that wait, writes the snapshot, and ends timers; from then on every answer is a default. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a runtime brings. */
export interface Runtime {
  /** The build that compiles documents. */
  readonly full: () => Full;
  /** Whether timers run between requests, and promises may be awaited by others than their makers. */
  readonly shares: boolean;
  /** Has `flush` called when the process is about to end; returns what takes that back. */
  readonly atExit: (flush: () => Promise<void>) => () => void;
}

const DAY_MS = 86_400_000;

/** @throws {RangeError} for an option outside its bounds */
export function openServerClient(runtime: Runtime, options: ServerOptions): ServerClient {
  const { onError = complain, waitUntil } = options;
  const maxRulesBytes = bounded('maxRulesBytes', options.maxRulesBytes, 32_000_000, 1, 1_000_000_000);
  const refreshMs = options.refreshMs === 0 ? 0 : bounded('refreshMs', options.refreshMs, 30_000, 1000, DAY_MS);
  const readyMs = bounded('readyMs', options.readyMs, 3000, 1, DAY_MS);
  const behind = (work: Promise<unknown>) => {
    const over = work.catch((thrown: unknown) => onError(asTwinflagError(thrown)));
    waitUntil?.(over);
  };
  const breaker = createBreaker();
  const exchange = exchangeWith(options, options.serverKey, 'TWINFLAG_SERVER_KEY', maxRulesBytes);
  const keyText = () => (typeof options.serverKey === 'string' ? options.serverKey : (setting('TWINFLAG_SERVER_KEY') ?? ''));
  const keeper = createKeeper({
    full: runtime.full,
    shares: runtime.shares,
    exchange,
    breaker,
    refreshMs,
    readyMs,
    maxRulesBytes,
    maxOwnerBytes: bounded('maxOwnerBytes', options.maxOwnerBytes, 16_000_000, 1, 1_000_000_000),
    snapshot: options.snapshot,
    source: () => `${addressOf(options)}\n${keyText()}`,
    behind,
    onError,
  });
  const outcomes =
    options.outcomes === false
      ? undefined
      : createOutcomes(options.outcomes ?? {}, {
          exchange,
          breaker,
          onError,
          later(flush, ms) {
            const timer = setTimeout(() => void flush(), ms);
            (timer as { unref?(): void }).unref?.();
            return () => clearTimeout(timer);
          },
        });
  const forgetExit = runtime.atExit(async () => outcomes?.flush());
  let closed = false;

  /** The owners that a context names; the organization of its customer counts, whichever it names itself. */
  const ownersOf = ({ customerId, organizationId }: EvaluationContext): Owner[] => {
    const customer = idOf(customerId);
    if (customer === undefined) {
      const organization = idOf(organizationId);
      return organization === undefined ? [] : [{ kind: 'organization', id: organization }];
    }
    const held = keeper.held({ kind: 'customer', id: customer });
    const organization = held?.organizationId ?? idOf(organizationId);
    const owners: Owner[] = [{ kind: 'customer', id: customer }];
    if (organization !== undefined) owners.push({ kind: 'organization', id: organization });
    return owners;
  };
  const missing = (context: Context): Owner[] => (context ? ownersOf(context).filter(owner => !keeper.held(owner)) : []);

  const failed = <T>(defaultValue: T, errorCode: 'PROVIDER_NOT_READY' | 'INVALID_CONTEXT'): ServerDetails<T> => ({
    value: defaultValue,
    reason: 'ERROR',
    errorCode,
  });

  const answer = <T>(flagKey: string, defaultValue: T, given: Context): ServerDetails<T> => {
    const { rules, version } = keeper;
    if (!rules) return failed(defaultValue, 'PROVIDER_NOT_READY');
    if (!given) return failed(defaultValue, 'INVALID_CONTEXT');
    let isKnown = true;
    let details: { -readonly [name in keyof ServerDetails<T>]: ServerDetails<T>[name] };
    try {
      let context = given;
      const customer = idOf(context.customerId),
        stated = idOf(context.organizationId);
      let organization = stated;
      if (customer !== undefined) {
        const held = keeper.held({ kind: 'customer', id: customer });
        isKnown = held !== undefined;
        if (held?.organizationId !== undefined && held.organizationId !== stated) {
          // As the flag server has it, a context may not say that a customer belongs to somebody else.
          if (stated !== undefined) return failed(defaultValue, 'INVALID_CONTEXT');
          organization = held.organizationId;
          context = { ...context, organizationId: organization };
        }
      }
      if (organization !== undefined) isKnown &&= keeper.held({ kind: 'organization', id: organization }) !== undefined;
      details = rules.ruleset.evaluate(flagKey, defaultValue as FlagValue, context) as typeof details;
      report(flagKey, context, details);
    } catch {
      return failed(defaultValue, 'INVALID_CONTEXT');
    }
    details.version = spelled(version!);
    if (!isKnown || keeper.isStale) details.stale = true;
    return details;
  };

  /** Reports an answer that a rollout drew, and counts any. */
  const report = (flag: string, context: EvaluationContext, { value, variant, layer }: ServerDetails<unknown>) => {
    if (!outcomes || variant === undefined) return;
    outcomes.used(flag, variant);
    if (layer !== 'rollout') return;
    const unit = unitOf(context);
    if (unit !== undefined)
      outcomes.expose({ flag, unit, event: value === false ? 'disabled' : 'enabled', variant, customerId: idOf(context.customerId) });
  };

  /** Everything that a question needs, as far as it can be had in time. */
  const prepare = async (contexts: readonly Context[]) => {
    if (closed) return;
    if (keeper.rules) keeper.touch();
    else await keeper.ready();
    // The organization of a customer is known only when the customer is; the answer about the customer brings it along.
    for (let round = 0; round < 2; round++) {
      const unknown = new Map(contexts.flatMap(missing).map(owner => [`${owner.kind}:${owner.id}`, owner]));
      if (unknown.size === 0 || !keeper.rules) return;
      await soon(keeper.learn([...unknown.values()]), readyMs);
    }
  };
  const getDetails = async <T>(flagKey: string, defaultValue: T, given?: EvaluationContext): Promise<ServerDetails<T>> => {
    const context = copyOf(given);
    await prepare([context]);
    return answer(flagKey, defaultValue, context);
  };
  const track = (event: OutcomeEvent) => outcomes?.add(event);

  if (runtime.shares) behind(keeper.ready());
  return {
    getDetails,
    getValue: async <T>(flagKey: string, defaultValue: T, context?: EvaluationContext) =>
      (await getDetails(flagKey, defaultValue, context)).value,
    isEnabled: async (flagKey, context) => (await getDetails(flagKey, false, context)).value,
    async getMany(questions) {
      const contexts = questions.map(({ context }) => copyOf(context));
      await prepare(contexts);
      return questions.map(({ flagKey, defaultValue }, place) => answer(flagKey, defaultValue, contexts[place]));
    },
    peek(flagKey, defaultValue, given) {
      const context = copyOf(given);
      const unknown = closed ? [] : missing(context);
      if (unknown.length > 0) behind(keeper.learn(unknown));
      if (!closed) keeper.touch();
      return answer(flagKey, defaultValue, context);
    },
    async run(flagKey, given, { on, off }) {
      const context = copyOf(given);
      const { value, variant } = await getDetails(flagKey, false, context ?? given);
      if (!value) return off();
      try {
        return await on();
      } catch (thrown) {
        const unit = context && unitOf(context);
        const metadata = { message: String(thrown).slice(0, 500) };
        if (unit !== undefined) track({ flag: flagKey, unit, event: 'error', variant, customerId: idOf(context?.customerId), metadata });
        onError(asTwinflagError(thrown));
        return off();
      }
    },
    track,
    flagKeys: () => keeper.rules?.ruleset.flagKeys() ?? [],
    subscribe: listener => keeper.subscribe(listener),
    get status() {
      if (closed) return 'closed';
      if (keeper.rules) return keeper.isStale ? 'stale' : 'ready';
      return keeper.error ? 'error' : 'pending';
    },
    get version() {
      return keeper.version && spelled(keeper.version);
    },
    get error() {
      return keeper.error;
    },
    ready: () => keeper.ready(),
    refresh: () => keeper.refresh(),
    flush: async () => outcomes?.flush(),
    close,
    [Symbol.asyncDispose]: close,
  };

  async function close(): Promise<void> {
    if (closed) return;
    closed = true;
    forgetExit();
    outcomes?.close();
    await outcomes?.flush();
    outcomes?.close();
    await keeper.close();
  }
}

/** A context whose attributes were read; absent where it cannot be one. */
type Context = EvaluationContext | undefined;

/** Reads the attributes once: a getter may answer otherwise the next time, and the owner may write to the context meanwhile. */
function copyOf(context: EvaluationContext = {}): Context {
  try {
    return typeof context === 'object' && context && !Array.isArray(context) ? { ...context } : undefined;
  } catch {
    return undefined;
  }
}

/** The visitor's finest identity, by which outcomes are counted. */
function unitOf({ sessionId, userId, targetingKey, customerId }: EvaluationContext): string | undefined {
  return idOf(sessionId) ?? idOf(userId) ?? idOf(targetingKey) ?? idOf(customerId);
}
