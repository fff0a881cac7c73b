// What is rendered on the server and taken over in the page.
import { FlagProvider, useFeatureFlag } from '@twinflag/react';
import { useFeatureFlag as useBoolean } from '@twinflag/react/boolean';
import { StrictMode } from 'react';

export function App({ options }) {
  return (
    <StrictMode>
      <FlagProvider options={options}>
        <Details />
        <Bare />
      </FlagProvider>
    </StrictMode>
  );
}

function Details() {
  const { enabled, loading, variant, reason, error, stale } = useFeatureFlag('booking_agent_enabled');
  return <p id="details">{JSON.stringify({ enabled, loading, variant, reason, error, stale })}</p>;
}

function Bare() {
  return <p id="bare">{String(useBoolean('booking_agent_enabled'))}</p>;
}
