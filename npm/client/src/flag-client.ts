/** What a client is asked and answers; every entry makes one of these. */
import type { FirstAnswers } from './first-answers.js';
import type { MakeReporter } from './outcome-reporter.js';
import type { RefreshOptions } from './refresh-options.js';
import type { MakeStore } from './stored-program.js';
import type { LoadTabs } from './tabs.js';
import type { EvaluationContext, EvaluationDetails, FlagValue } from './types.js';

/** How to reach the edge, and who asks. */
export interface ClientOptions {
  /** The worker's address, without a path: `https://flags.example.com`. */
  readonly url: string;
  /** The publishable key, `tf_client_…`. */
  readonly clientKey: string;
  /** Who asks. @default nobody in particular */
  readonly context?: EvaluationContext;
  /**
   * What the customer's own server signed of the visitor, for a key whose identities are signed; a function is asked for each
   * request, so that it may answer a fresh one. @default nothing, and the visitor is nobody in particular
   */
  readonly identityToken?: string | (() => string | Promise<string>);
  /**
   * Whether flags are asked for at all. Switched off, nothing is: no request, no engine; every answer is a default, with the
   * reason `DISABLED`. @default true
   */
  readonly enabled?: boolean;
  /** What is answered while flags are switched off, where the caller's default is of the same type. @default the caller's default */
  readonly defaults?: Readonly<Record<string, FlagValue>>;
  /** How requests are made. @default the runtime's `fetch`, looked up when it is called */
  readonly fetch?: typeof globalThis.fetch;
  /** How long a request may take, in milliseconds, 1 to 86,400,000. @default 5000 */
  readonly timeout?: number;
  /** The longest first pause after a failure, in milliseconds, 1 to 86,400,000; each further one may be twice as long. @default 1000 */
  readonly retryMs?: number;
  /** The longest pause there is, in milliseconds, 1 to 86,400,000. @default 60000 */
  readonly maxRetryMs?: number;
  /**
   * How often the edge is asked whether the answers still hold; `false` asks only for another customer or organization, at `refresh()`,
   * and again after a failure. @default every 30 s, and whenever the page is seen again or online; `false` in workerd
   */
  readonly refresh?: RefreshOptions | false | undefined;
  /**
   * `outcomes()` of `@twinflag/client/outcomes`: reports to the flag server which variants the visitor saw, and what failed.
   * @default nothing is reported
   */
  readonly outcomes?: MakeReporter | undefined;
  /**
   * `storage()` of `@twinflag/client/storage`: keeps the last program across reloads, so that a page has its last answers at once, marked
   * stale, also while the edge is away. @default nothing is kept
   */
  readonly storage?: MakeStore | undefined;
  /** `tabs()` of `@twinflag/client/tabs`: one stream for all pages of the browser. @default each page that is seen has its own */
  readonly tabs?: LoadTabs | undefined;
  /**
   * Receives a line for each request that failed, and in development the warnings that otherwise go to the console. @default failed requests
   * are not logged
   */
  readonly logger?: Logger | undefined;
  /**
   * `bootstrap(…)` or `pageBootstrap()` of `@twinflag/client/bootstrap`: the answers that the page's server gave for `context`. They serve until
   * the edge has answered. @default none, and until then every flag is its default
   */
  readonly bootstrap?: FirstAnswers | undefined;
  /** Whether nothing is asked of the edge before somebody subscribes, waits, sets a context or refreshes. @default false */
  readonly lazy?: boolean;
}

/**
 * How a client stands: `pending` has no answers yet; `ready` has those of its context; `stale` has some that nothing confirmed for three
 * intervals, or another context's, or those of an edge that is behind; `error` has none, because the edge could not be asked.
 */
export type ClientStatus = 'pending' | 'ready' | 'stale' | 'error';

/** The change that a listener receives. */
export interface ClientChange {
  /** The flags whose answer has changed, of those that were ever asked for. */
  readonly flagKeys: readonly string[];
  readonly status: ClientStatus;
}

/** The answer to one question, and how far it holds. */
export interface FlagDetails<T = unknown> extends EvaluationDetails<T> {
  /** The answer is an older one, or that of the context before; the reason is its own. */
  readonly stale?: true;
  /** There is no answer yet, but one is on its way. */
  readonly pending?: true;
  /** The flag is off because its rollout was rolled back, rather than because it is disabled. */
  readonly rolledBack?: true;
}

/** The two sides of a feature, for {@link FlagClient.run}. */
export interface Sides<T> {
  /** Runs if the flag is on. */
  readonly on: () => T;
  /** Runs if the flag is off, and in place of an `on` that failed. */
  readonly off: () => T;
}

/** Receives what a developer or an operator should read. */
export interface Logger {
  warn(message: string): void;
}

/** Ends a subscription; calling it again does nothing. */
export type Unsubscribe = () => void;

/** The flags of one visitor. Nothing here throws into the page: what goes wrong is `status`, `error` and the details' reason. */
export interface FlagClient {
  /** The answers that the client began with: those of its bootstrap, or none. */
  readonly first: FirstAnswers;
  /**
   * The answer for the context in force: the same object for as long as it stays the same.
   *
   * Before there are answers, the default with `PROVIDER_NOT_READY`.
   */
  get(flagKey: string, defaultValue: boolean): FlagDetails<boolean>;
  get(flagKey: string, defaultValue: string): FlagDetails<string>;
  get(flagKey: string, defaultValue: number): FlagDetails<number>;
  get<T>(flagKey: string, defaultValue: T): FlagDetails<T>;
  /** The value alone. */
  getValue(flagKey: string, defaultValue: boolean): boolean;
  getValue(flagKey: string, defaultValue: string): string;
  getValue(flagKey: string, defaultValue: number): number;
  getValue<T>(flagKey: string, defaultValue: T): T;
  /** Whether the flag's value is `true`. */
  isEnabled(flagKey: string): boolean;
  /** Calls the listener whenever the status, the error, or the answer of any flag that was ever asked for has changed. */
  subscribe(listener: (change: ClientChange) => void): Unsubscribe;
  /** Calls the listener whenever the answer of this flag has changed. */
  subscribe(flagKey: string, listener: (change: ClientChange) => void): Unsubscribe;
  /**
   * Takes another context; resolves when it was answered, or could not be.
   *
   * The same customer and organization are answered at once, here; another one needs the edge, and until it has answered
   * the old answers stay, marked stale.
   */
  setContext(context: EvaluationContext): Promise<void>;
  /**
   * Runs the side that the flag is on. If `on` throws, or answers a promise that is rejected, the error is reported as an outcome of the
   * flag, and `off` answers.
   */
  run<T>(flagKey: string, sides: Sides<T>): T;
  /** Reports that a feature failed; nothing without the option `outcomes`, or before there is a visitor to report of. */
  fail(flagKey: string, reason: unknown): void;
  /**
   * Reports an event of one's own, such as an order, as an outcome of the flag; without a flag, of the flags that the visitor saw last, 50
   * at most. Nothing without the option `outcomes`.
   *
   * @param event its name, 1 to 256 bytes
   * @param metadata at most 4,000 bytes as JSON; longer metadata are left out
   */
  track(event: string, metadata?: Readonly<Record<string, unknown>>, flagKey?: string): void;
  readonly status: ClientStatus;
  /** Why the last request failed; absent after one that did not. */
  readonly error?: Error | undefined;
  /**
   * The version of the flags that the edge answered from last, `<epoch>.<number>`; absent before the first answer. The edge names the same one
   * as `twinflag-version` beside its own answers.
   */
  readonly version?: string | undefined;
  /**
   * Resolves when there are answers, at once with a bootstrap, or the edge could not be asked, or has not answered within 3 s: `status` tells
   * which.
   */
  ready(): Promise<void>;
  /** Asks the edge now. */
  refresh(): Promise<void>;
  /** Ends requests and subscriptions and frees the engine. Answers that were read stay as they are. */
  close(): void;
}

/** The client that `createClient` makes: beside what components need, what tools and developers do. */
export interface Client extends FlagClient {
  /** The keys of all flags; none before there are answers. */
  flagKeys(): string[];
  /** The answer in force, with no value where there is no variant. Reading it here is no exposure. */
  inspect(flagKey: string): FlagDetails;
  /**
   * In development, makes a flag answer with this variant in this page, from now on and also before the edge has answered; without a variant, the
   * flag answers again. A build for production has nothing of it, and no browser without a bundler.
   *
   * @param value the variant's value; of `on` and `off`, true and false by default. A page has no variants that its visitor cannot get
   * @returns true if it counts; false if nothing is forced: in production, while flags are switched off (`enabled: false`), after `close()`, and
   *   for a variant other than `on` and `off` without its value
   */
  override(flagKey: string, variant?: string, value?: FlagValue): boolean;
}
