// Scenarios of the ways in that stand in for another one: the methods of `posthog-js`, and a test's own flags.
import { createClient } from '@twinflag/client';
import { FeatureFlag, useFeatureFlag, useFlagStatus, useFlagValue } from '@twinflag/react';
import { useFeatureFlag as useBoolean } from '@twinflag/react/boolean';
import { createPostHogFlags } from '@twinflag/react/posthog';
import { TestFlagProvider } from '@twinflag/react/testing';
import { useEffect, useState } from 'react';

import { mount, settled } from './mount.jsx';

export const adapters = {
  /** The hook of the source documents, unchanged but for where `posthog` comes from. */
  async posthog(options) {
    const client = createClient({ ...options, context: { n: 'none' } });
    const posthog = createPostHogFlags(client);
    function useFeatureFlag(flagName) {
      const [isEnabled, setIsEnabled] = useState(false);

      useEffect(() => {
        const enabled = posthog.isFeatureEnabled(flagName);
        setIsEnabled(enabled ?? false);

        // Listen for flag changes
        posthog.onFeatureFlags(() => {
          const updated = posthog.isFeatureEnabled(flagName);
          setIsEnabled(updated ?? false);
        });
      }, [flagName]);

      return isEnabled;
    }
    const Ported = () => {
      const isBookingAgentEnabled = useFeatureFlag('booking_agent_enabled');
      const isOn = useFeatureFlag('f7');
      return <i data-ported>{`${isBookingAgentEnabled} ${isOn}`}</i>;
    };
    const before = [posthog.isFeatureEnabled('f7'), posthog.getFeatureFlag('words')];
    const told = [];
    const { unmount } = mount(<Ported />);
    const text = () => document.querySelector('[data-ported]').textContent;
    const seen = [text()];
    await client.ready();
    await settled();
    seen.push(text());
    const stop = posthog.onFeatureFlags((flags, variants) => told.push([flags, variants]));
    await client.setContext({ n: '7' });
    await settled();
    seen.push(text());
    const after = [posthog.isFeatureEnabled('f7'), posthog.getFeatureFlag('words'), posthog.isFeatureEnabled('nobody')];
    stop();
    await client.setContext({ n: '8' });
    unmount();
    client.close();
    return { before, seen, told, after };
  },

  /** The provider for tests of components. */
  async testing() {
    const failed = [];
    const Broken = () => {
      throw new Error('broken');
    };
    const Probe = () => {
      const { enabled, loading, reason } = useFeatureFlag('f7');
      return `${enabled} ${loading} ${reason} ${useFlagValue('words', { label: 'default' }).label} ${useBoolean('f8')} ${useFlagStatus().status}`;
    };
    const app = props => (
      <TestFlagProvider onFail={(flagKey, error) => failed.push(`${flagKey}: ${error.message}`)} {...props}>
        <b>
          <Probe />
        </b>
        <u>
          <FeatureFlag flag="f9" off="old" pending="skeleton">
            <Broken />
          </FeatureFlag>
        </u>
      </TestFlagProvider>
    );
    const { render, unmount } = mount(app({}));
    const texts = () => ['b', 'u'].map(name => document.querySelector(name).textContent);
    const shown = [texts()];
    for (const props of [
      { flags: { f7: true, words: { label: 'set' } } },
      { flags: { f7: true }, loading: true },
      { flags: { f9: true } },
    ]) {
      render(app(props));
      shown.push(texts());
    }
    unmount();
    return { shown, failed };
  },
};
