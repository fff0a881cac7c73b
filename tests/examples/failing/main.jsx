// A page whose new checkout throws for every fifth visitor. All visitors of a test are in one page, each with a client of their own.
import { outcomes } from '@twinflag/client/outcomes';
import { FeatureFlag, FlagProvider } from '@twinflag/react';
import { createRoot } from 'react-dom/client';

function NewCheckout({ visitor }) {
  if (visitor % 5 === 4) throw new Error('no price for this basket');
  return 'new';
}

const Page = ({ visitor, options }) => (
  <FlagProvider options={options}>
    <FeatureFlag flag="new_checkout" off="old" pending="…">
      <NewCheckout visitor={visitor} />
    </FeatureFlag>
  </FlagProvider>
);

const clientKey = new URLSearchParams(location.search).get('key');

/** Shows the page to so many visitors. */
globalThis.visit = count => {
  for (let visitor = 0; visitor < count; visitor++) {
    const place = document.body.appendChild(document.createElement('p'));
    const context = { customerId: 'c-1', sessionId: `s-${visitor}` };
    // A browser has six connections to an origin, so these clients keep no streams.
    const options = { url: location.origin, clientKey, context, outcomes: outcomes(), refresh: { push: false }, timeout: 60_000 };
    createRoot(place).render(<Page visitor={visitor} options={options} />);
  }
};

globalThis.shown = () => [...document.querySelectorAll('p')].map(({ textContent }) => textContent);
