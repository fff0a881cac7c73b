/** The dashboard as a component of a host's own page. */
import { useEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';

import style from '../style.css';
import tokens from '../tokens.css';
import { Embedded } from './embedded.js';
import type { FeatureFlagManagerProps } from './props.js';

export type { AdminClient, FeatureFlagManagerProps } from './props.js';

/**
 * Shows flags, rollouts, customers and the audit trail, and lets the operator change what the server allows them.
 *
 * It stands in a shadow tree of its own: the host's styles do not reach in, and its own reach nothing else. It stores nothing in the browser and
 * leaves the address of the page alone. A change of a prop starts it anew.
 */
export function FeatureFlagManager(props: FeatureFlagManagerProps) {
  const host = useRef<HTMLDivElement>(null);
  const [root, setRoot] = useState<ShadowRoot>();
  useEffect(() => {
    const shadow = host.current?.shadowRoot ?? host.current?.attachShadow({ mode: 'open' });
    if (!shadow) return;
    // Sheets that a script makes need no leave of the page's policy for styles.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`${tokens}\n${style}`);
    shadow.adoptedStyleSheets = [sheet];
    setRoot(shadow);
  }, []);
  const { organizationId, customerId, environment } = props;
  const key = JSON.stringify([organizationId, customerId, environment]);
  return <div ref={host}>{root && createPortal(<Embedded key={key} {...props} />, root as unknown as Element)}</div>;
}
