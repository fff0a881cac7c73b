import { flags, pageOptions, visitor } from '../flags.js';
import { Checkout } from './checkout.jsx';
import { Flags } from './flags-provider.jsx';

/** A server component asks in the process, and gives its client components the answers along. */
export default async function Page() {
  const isGreeted = await flags.isEnabled('greeting', await visitor());
  return (
    <main>
      {isGreeted && <h1>Welcome back</h1>}
      <Flags options={await pageOptions()}>
        <Checkout />
      </Flags>
    </main>
  );
}
