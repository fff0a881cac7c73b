/** The classes; `@twinflag/elements/define` also gives them their names. */
export { ContextProviderEvent, ContextRequestEvent, FLAG_CLIENT } from './context-request.js';
export { FeatureFlagElement, type FlagChange } from './feature-flag.js';
export { FlagController } from './flag-controller.js';
export { FlagProviderElement, type MoreOptions } from './flag-provider.js';
export { useFeatureFlag } from './use-feature-flag.js';
