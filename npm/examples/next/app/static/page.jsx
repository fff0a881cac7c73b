import { Checkout } from '../checkout.jsx';
import { Flags } from '../flags-provider.jsx';

export const dynamic = 'force-static';

/**
 * A static page is built once for all visitors, so no answer can be in it: the pending side is. The page asks when it is open.
 */
export default function Static() {
  return (
    <Flags options={{ url: process.env.TWINFLAG_PUBLIC_URL, clientKey: process.env.TWINFLAG_CLIENT_KEY }}>
      <Checkout />
    </Flags>
  );
}
