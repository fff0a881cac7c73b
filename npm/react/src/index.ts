/**
 * ```tsx
 * <FlagProvider options={{ url: 'https://flags.example.com', clientKey: 'tf_client_…', context: { customerId: 'c-1' } }}>
 *   <Checkout />
 * </FlagProvider>
 *
 * const { enabled, loading } = useFeatureFlag('new_checkout');
 * ```
 */
export { FeatureFlag, type FeatureFlagProps } from './feature-flag.js';
export { useFlagClient } from './flag-context.js';
export { FlagClientProvider, FlagProvider, type FlagProviderOptions, type FlagProviderProps } from './flag-provider.js';
export type { FlagState } from './flag-state.js';
export { useFeatureFlag } from './use-feature-flag.js';
export { type FlagStatus, useFlagStatus } from './use-flag-status.js';
export { useFlagValue } from './use-flag-value.js';
export { useSuspenseFlag } from './use-suspense-flag.js';
