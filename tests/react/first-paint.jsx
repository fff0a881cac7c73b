// A page that begins with its server's answers, in all hooks.
import { FeatureFlag, FlagProvider, useFeatureFlag, useFlagStatus, useFlagValue, useSuspenseFlag } from '@twinflag/react';
import { useFeatureFlag as useBoolean } from '@twinflag/react/boolean';
import { StrictMode, Suspense } from 'react';

export function FirstPaint({ options }) {
  return (
    <StrictMode>
      <FlagProvider options={options}>
        <Status />
        <Details />
        <Value />
        <Bare />
        <Suspense fallback={<p id="suspense">skeleton</p>}>
          <Suspended />
        </Suspense>
        <FeatureFlag flag="booking_agent_enabled" off={<p id="side">classic</p>} pending={<p id="side">skeleton</p>}>
          <p id="side">ai</p>
        </FeatureFlag>
      </FlagProvider>
    </StrictMode>
  );
}

/** A paragraph; the page counts which texts it was rendered with. */
function Shown({ id, text }) {
  globalThis.shown?.push(`${id}:${text}`);
  return <p id={id}>{text}</p>;
}

const Status = () => <Shown id="status" text={useFlagStatus().status} />;

function Details() {
  const { enabled, loading, variant, reason, error, stale } = useFeatureFlag('booking_agent_enabled');
  return <Shown id="details" text={JSON.stringify({ enabled, loading, variant, reason, error, stale })} />;
}

const Value = () => <Shown id="value" text={useFlagValue('words', { label: 'default' }).label} />;
const Bare = () => <Shown id="bare" text={String(useBoolean('booking_agent_enabled'))} />;
const Suspended = () => <Shown id="suspense" text={String(useSuspenseFlag('booking_agent_enabled').enabled)} />;
