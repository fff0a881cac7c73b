/**
 * Flags behind the methods of `posthog-js`, for code that was written against those.
 *
 * ```ts
 * const posthog = createPostHogFlags(client);
 * posthog.onFeatureFlags(() => render(posthog.isFeatureEnabled('booking_agent_enabled') ?? false));
 * ```
 */
import type { FlagClient, FlagDetails } from '@twinflag/client';

/** The flags that are on, and the answers by flag, of those that were asked for. */
export type PostHogFlagsCallback = (flags: string[], variants: Record<string, boolean | string>) => void;

export interface PostHogFlags {
  /** Returns true if a flag is on; undefined while there are no answers, and for a flag that the server does not have. */
  isFeatureEnabled(flagKey: string): boolean | undefined;
  /** The value of a boolean flag, and the name of the variant of any other; undefined while there are no answers. */
  getFeatureFlag(flagKey: string): boolean | string | undefined;
  /** Calls back as soon as there are answers, then whenever one changes. @returns what ends that */
  onFeatureFlags(callback: PostHogFlagsCallback): () => void;
  /** Asks the edge now. */
  reloadFeatureFlags(): void;
}

/** The most flags that a callback is told of; of more, the oldest goes. */
const MOST_FLAGS = 5000;

export function createPostHogFlags(client: FlagClient): PostHogFlags {
  const asked = new Set<string>();
  const answerOf = (flagKey: string) => {
    asked.add(flagKey);
    if (asked.size > MOST_FLAGS) asked.delete(asked.values().next().value!);
    return shown(client.get(flagKey, undefined));
  };
  return {
    getFeatureFlag: answerOf,
    isFeatureEnabled(flagKey) {
      const answer = answerOf(flagKey);
      return answer === undefined ? undefined : answer !== false;
    },
    onFeatureFlags(callback) {
      const tell = () => {
        const answers = [...asked].map(flagKey => [flagKey, answerOf(flagKey)] as const).filter(([, answer]) => answer !== undefined);
        callback(
          answers.filter(([, answer]) => answer).map(([flagKey]) => flagKey),
          Object.fromEntries(answers) as Record<string, boolean | string>,
        );
      };
      const stop = client.subscribe(() => client.status !== 'pending' && tell());
      if (client.status !== 'pending') tell();
      return stop;
    },
    reloadFeatureFlags: () => void client.refresh(),
  };
}

function shown({ value, variant }: FlagDetails): boolean | string | undefined {
  return typeof value === 'boolean' ? value : variant;
}
