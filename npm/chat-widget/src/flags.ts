/** The widget's flags as a tree, and their values where no flag server can be asked. */

/** The flags of the widget, nested by the dots of their keys. */
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

/** The environments that the example flags know. */
export type Environment = 'production' | 'staging' | 'development';

// The build puts both in: the worker's own defaults, and the values that the example flags have in each environment.
declare const WIDGET_DEFAULTS: ChatWidgetFeatureFlags;
declare const WIDGET_ENVIRONMENTS: Readonly<Record<Environment, ChatWidgetFeatureFlags>>;

/** The worker's own defaults. */
export const DEFAULT_CHAT_WIDGET_CONFIG: ChatWidgetFeatureFlags = WIDGET_DEFAULTS;

/** The flags in each environment. */
export const ENVIRONMENT_OVERRIDES: Readonly<Record<Environment, ChatWidgetFeatureFlags>> = WIDGET_ENVIRONMENTS;

/** The flags without a worker, and the level that they come from. */
export interface Defaults {
  readonly config: ChatWidgetFeatureFlags;
  readonly source: 'environment' | 'default';
}

/** The flags in an environment; in one that is not known, the defaults. */
export function defaultsOf(environment = ''): Defaults {
  return Object.hasOwn(ENVIRONMENT_OVERRIDES, environment)
    ? { config: ENVIRONMENT_OVERRIDES[environment as Environment], source: 'environment' }
    : { config: DEFAULT_CHAT_WIDGET_CONFIG, source: 'default' };
}
