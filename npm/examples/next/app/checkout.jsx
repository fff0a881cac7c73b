'use client';

import { FeatureFlag, useFlagStatus, useFlagValue } from '@twinflag/react';

/** A client component: rendered on the server with the bootstrap's answers, and taken over with the same. */
export function Checkout() {
  const { label } = useFlagValue('checkout.button', { label: 'Buy' });
  const { status } = useFlagStatus();
  return (
    <FeatureFlag flag="new_checkout" off={<p id="checkout">The classic checkout</p>} pending={<p id="checkout">…</p>}>
      <p id="checkout">
        The new checkout <button type="button">{label}</button> <small>{status}</small>
      </p>
    </FeatureFlag>
  );
}
