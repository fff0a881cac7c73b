// A whole React app: one flag decides which button there is.
import { FlagProvider, useFeatureFlag } from '@twinflag/react';
import { createRoot } from 'react-dom/client';

function Checkout() {
  const { value, loading, reason } = useFeatureFlag('checkout.button', { label: 'Buy' });
  if (loading) return <p>One moment…</p>;
  return (
    <button type="button" title={reason}>
      {value.label}
    </button>
  );
}

const options = {
  url: location.origin,
  clientKey: new URLSearchParams(location.search).get('key'),
  context: { customerId: 'c-1', userId: 'u-1' },
};

createRoot(document.getElementById('root')).render(
  <FlagProvider options={options}>
    <Checkout />
  </FlagProvider>,
);
