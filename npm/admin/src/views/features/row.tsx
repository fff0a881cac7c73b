/** One flag in the list. */
import { Link } from '@tanstack/react-router';
import { type Dispatch, memo, type SetStateAction, useState } from 'react';

import type { Definition, Feature, Schedule } from '../../api/model.js';
import { stateOf } from '../../feature-state.js';
import { FlagSwitch, TurnDialog } from '../../parts/flag-switch.js';
import { Ago, ago } from '../../parts/moment.js';
import { staleness } from '../../staleness.js';
import type { Column } from '../features.js';
import { Spark } from './spark.js';

const HOUR_MS = 3_600_000;

export const FeatureRow = memo(function FeatureRow({
  feature,
  columns,
  definition,
  isChosen,
  onChoose,
}: {
  feature: Feature;
  columns: readonly Column[];
  definition: Definition | undefined;
  isChosen: boolean;
  /** Absent for a caller who may not turn flags off. */
  onChoose: Dispatch<SetStateAction<ReadonlySet<string>>> | undefined;
}) {
  const [isAsking, setIsAsking] = useState(false);
  const stale = definition && staleness(definition, feature, Date.now());
  const { featureName } = feature;
  return (
    <li data-flag={feature.flagPath}>
      <span className="pick">
        {onChoose && (
          <input
            type="checkbox"
            aria-label={`Choose ${featureName}`}
            checked={isChosen}
            onChange={() =>
              onChoose(before => {
                const after = new Set(before);
                if (!after.delete(featureName)) after.add(featureName);
                return after;
              })
            }
          />
        )}
        <FlagSwitch feature={feature} />
      </span>
      <span className="name">
        <Link
          to="/flags/$key"
          params={{ key: feature.flagPath }}
          onKeyDown={event => {
            if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
              event.preventDefault();
              step(event.currentTarget, event.key === 'ArrowDown' ? 1 : -1);
            } else if (event.key === 'k' && onChoose && feature.enabled) {
              event.preventDefault();
              setIsAsking(true);
            }
          }}
        >
          {featureName}
        </Link>
        <span className="quiet small about">
          {feature.owner && <span className="owner">{feature.owner}</span>}
          {feature.description}
        </span>
        {(stale !== undefined || feature.refused) && (
          <span className="marks">
            {stale !== undefined && (
              <span className="mark" title={stale.why}>
                {stale.text}
              </span>
            )}
            {feature.refused && <span className="mark bad">newest definition refused</span>}
          </span>
        )}
      </span>
      {columns.map(({ name, byKey, next }) => (
        <Cell
          key={name}
          environment={name}
          feature={byKey?.get(feature.flagPath)}
          next={next?.get(feature.flagPath)}
          isLoaded={byKey !== undefined}
        />
      ))}
      <span className="errors small">
        <Spark feature={feature} />
        <Errors feature={feature} />
      </span>
      <span className="last small quiet">
        {definition?.lastChange && (
          <>
            <span className="heard">Last change: </span>
            <Ago at={definition.lastChange.changedAt} />
            <span className="by"> {definition.lastChange.changedBy}</span>
          </>
        )}
        {feature.statistics.lastEvaluated !== null && (
          <span className="evaluated"> {evaluated(feature.statistics.lastEvaluated, Date.now())}</span>
        )}
      </span>
      {isAsking && <TurnDialog feature={feature} onClose={() => setIsAsking(false)} />}
    </li>
  );
});

function Cell({
  environment,
  feature,
  next,
  isLoaded,
}: {
  environment: string;
  feature: Feature | undefined;
  next: Schedule | undefined;
  isLoaded: boolean;
}) {
  const state = feature && stateOf(feature, next);
  return (
    <span className="cell" data-tone={state?.tone ?? 'none'}>
      <span className="where">{environment}: </span>
      {state ? (
        <>
          <b>{state.text}</b> {state.note && <span className="small">{state.note}</span>}
        </>
      ) : (
        <span className="quiet">{isLoaded ? 'not there' : '…'}</span>
      )}
    </span>
  );
}

/** The hour in which the last outcome arrived; no more is kept of it. */
function evaluated(hour: string, now: number): string {
  return now - Date.parse(hour) < HOUR_MS ? 'evaluated this hour' : `evaluated ${ago(hour, now)}`;
}

/** Errors of the current stage against the guard's limit; nothing where nothing was counted. */
function Errors({ feature: { rollout, statistics } }: { feature: Feature }) {
  const limit = rollout?.rollbackThreshold.errorRate;
  return (
    statistics.exposures > 0 && (
      <span>
        <span className="where">Errors: </span>
        {statistics.errors} of {statistics.exposures}
        {limit !== undefined && (
          <span className="quiet">
            {' '}
            · {statistics.rollsBackAt !== null && rollout?.guarded ? `rolls back at ${statistics.rollsBackAt}` : `limit ${percent(limit)}`}
          </span>
        )}
      </span>
    )
  );
}

/** A share as a percentage with at most two decimals. */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}

/** Puts the focus on the flag above or below, across stages. */
function step(from: HTMLElement, by: 1 | -1): void {
  const links = [...(from.closest('main')?.querySelectorAll<HTMLElement>('.rows .name > a') ?? [])];
  links[links.indexOf(from) + by]?.focus();
}
