/** The two ways to ask for an answer: for one customer, or for any context. */
import { Link } from '@tanstack/react-router';

import { useRights } from '../../session.js';

export function CustomerTabs() {
  const { readAll } = useRights();
  if (!readAll) return null;
  return (
    <nav className="tabs" aria-label="Ask about">
      <Link to="/customers" activeOptions={{ includeSearch: false }}>
        One customer
      </Link>
      <Link to="/playground" activeOptions={{ includeSearch: false }}>
        Any context
      </Link>
    </nav>
  );
}
