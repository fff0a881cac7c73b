/**
 * ```tsx
 * <FlagProvider options={{ url: 'https://flags.example.com', clientKey: 'tf_client_…', context: { customerId: 'c-1' } }}>
 *   <Checkout />
 * </FlagProvider>
 *
 * const { enabled, loading } = useFeatureFlag('new_checkout');
 * ```
 */
export { useFlagClient } from './flag-context.js';
export { FlagClientProvider, FlagProvider, type FlagProviderProps } from './flag-provider.js';
export type { FlagState } from './flag-state.js';
export { useFeatureFlag } from './use-feature-flag.js';
