/** The answer of one flag for one customer: its value, one sentence why, and on demand each step and what would change it. */
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import type { Explained, Feature } from '../../api/model.js';
import { because, valueText } from '../../because.js';
import { OverrideDialog } from '../../parts/override-dialog.js';
import { useSeen } from '../../parts/seen.js';
import { Until } from '../../parts/until.js';
import { useRights } from '../../session.js';
import { type Question, useExplained } from './question.js';
import { Why } from './why.js';

export function Answer({ feature, customerId, question }: { feature: Feature; customerId: string; question: Question }) {
  const { override, readAll } = useRights();
  const [isAsking, setIsAsking] = useState(false);
  const [isOpen, setIsOpen] = useState(false);
  const [place, isSeen] = useSeen<HTMLLIElement>();
  const { isSpecial, context, at } = question;
  const special = useExplained(feature.flagPath, { context, ...(at !== undefined && { at }) }, isSpecial && readAll && isSeen);
  const held = feature.overrides.customer;
  return (
    <li ref={place} data-flag={feature.flagPath}>
      {isSpecial ? (
        <Special feature={feature} explained={special.data} error={special.error} />
      ) : (
        <Words feature={feature} value={valueText(feature.evaluation)} isOn={feature.evaluation.value === true} why={because(feature)} />
      )}
      <span className="actions">
        <Until flag={feature.flagPath} owner={{ customerId }} />
        {readAll && (
          <button
            type="button"
            className="small"
            aria-expanded={isOpen}
            aria-label={`Why: ${feature.featureName}`}
            onClick={() => setIsOpen(open => !open)}
          >
            Why
          </button>
        )}
        {override && at === undefined && (
          <button
            type="button"
            className="small"
            aria-label={`${held === null ? 'Override' : 'Change override'}: ${feature.featureName}`}
            onClick={() => setIsAsking(true)}
          >
            {held === null ? 'Override' : 'Change override'}
          </button>
        )}
      </span>
      {isOpen && <Why flag={feature.flagPath} question={question} />}
      {isAsking && (
        <OverrideDialog
          feature={feature}
          owner={{ kind: 'customer', id: customerId }}
          {...(held !== null && { value: held })}
          onClose={() => setIsAsking(false)}
        />
      )}
    </li>
  );
}

/** An answer that only an explanation has, beside the one that the customer gets now. */
function Special({ feature, explained, error }: { feature: Feature; explained: Explained | undefined; error: Error | null }) {
  if (!explained) return <Words feature={feature} value="…" isOn={false} why={error ? error.message : 'Asking…'} />;
  const { evaluation } = explained;
  const [value, now] = [valueText(evaluation), valueText(feature.evaluation)];
  const why = because({ evaluation, rollout: null, overrides: { customer: null, organization: null } });
  return (
    <Words
      feature={feature}
      value={value}
      isOn={evaluation.value === true}
      why={value === now ? why : `${why} Without that it is ${now} now.`}
    />
  );
}

function Words({ feature, value, isOn, why }: { feature: Feature; value: string; isOn: boolean; why: string }) {
  return (
    <>
      <span className="pick value" data-on={isOn}>
        {value}
      </span>
      <span className="name">
        <Link to="/flags/$key" params={{ key: feature.flagPath }}>
          {feature.featureName}
        </Link>
        <span className="quiet small about">{why}</span>
      </span>
    </>
  );
}
