/** The chat widget's flags where nobody can be asked. */

/** What the widget is told. */
export interface ChatWidgetFeatureFlags {
  readonly sessionPersistence: {
    /** Stable. */
    readonly phase1: { readonly parentStorage: boolean; readonly crossDomainMessaging: boolean; readonly autoRestore: boolean };
    /** Beta. */
    readonly phase2: { readonly enhancedStorage: boolean; readonly connectionMonitoring: boolean; readonly retryLogic: boolean };
    /** Experimental. */
    readonly phase3: { readonly tabSync: boolean; readonly performanceMode: boolean; readonly analytics: boolean };
  };
}

/** Environments that the example flags know. */
export type Environment = 'production' | 'staging' | 'development';

// The build puts both in: the worker's own defaults, and what the example flags say of each environment.
declare const WIDGET_DEFAULTS: ChatWidgetFeatureFlags;
declare const WIDGET_ENVIRONMENTS: Readonly<Record<Environment, ChatWidgetFeatureFlags>>;

/** What the widget does where nobody says otherwise. */
export const DEFAULT_CHAT_WIDGET_CONFIG: ChatWidgetFeatureFlags = WIDGET_DEFAULTS;

/** What it does in each environment. */
export const ENVIRONMENT_OVERRIDES: Readonly<Record<Environment, ChatWidgetFeatureFlags>> = WIDGET_ENVIRONMENTS;

/** What counts without the worker, and where that comes from. */
export interface Defaults {
  readonly config: ChatWidgetFeatureFlags;
  readonly source: 'environment' | 'default';
}

/** What counts in an environment; in one that is not known, what counts anywhere. */
export function defaultsOf(environment = ''): Defaults {
  return Object.hasOwn(ENVIRONMENT_OVERRIDES, environment)
    ? { config: ENVIRONMENT_OVERRIDES[environment as Environment], source: 'environment' }
    : { config: DEFAULT_CHAT_WIDGET_CONFIG, source: 'default' };
}
