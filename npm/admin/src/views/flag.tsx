/** One flag: who gets it, its rollout, its definition, and everything that happened to it. */
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';

import { take } from '../api/client.js';
import { useEnvironment, useEnvironments } from '../environment.js';
import { stageOf, stateOf } from '../feature-state.js';
import { DefinitionEditor } from '../parts/definition-editor.js';
import { FlagSwitch, TurnDialog } from '../parts/flag-switch.js';
import { useShortcut } from '../parts/shortcut.js';
import { Loading, ProblemNote } from '../parts/states.js';
import { nextSteps } from '../schedule-text.js';
import { useSchedulesAbout } from '../schedules.js';
import { useRights, useSession } from '../session.js';
import { staleness } from '../staleness.js';
import { Ladder } from './flag/ladder.js';
import { FlagOverrides } from './flag/overrides.js';
import { RolloutCard } from './flag/rollout.js';
import { Snippets } from './flag/snippets.js';
import { Timeline } from './flag/timeline.js';
import { UsageCard } from './flag/usage-card.js';

/** The time between two looks at the figures, which no change of a version tells of, in milliseconds. */
const FIGURES_MS = 10_000;

export function FlagView() {
  const { api } = useSession();
  const rights = useRights();
  const environment = useEnvironment();
  const environments = useEnvironments();
  const { key } = useParams({ from: '/flags/$key' });
  const [isStopping, setIsStopping] = useState(false);
  const features = useQuery({
    queryKey: ['feature', environment.name ?? null, key],
    queryFn: () => take(api.GET('/api/admin/feature-flags', { params: { query: { ...environment.query, featureName: key } } })),
    refetchInterval: FIGURES_MS,
  });
  const definition = useQuery({
    queryKey: ['definition', environment.name ?? null, key],
    queryFn: () => take(api.GET('/api/admin/flags/{key}', { params: { query: environment.query, path: { key } } })),
    enabled: rights.readAll,
  });
  const feature = features.data?.features[0];
  const schedules = useSchedulesAbout(feature?.flagPath ?? key);
  const mayStop = rights.steer && feature?.enabled === true;
  const stop = () => {
    setIsStopping(true);
    return true;
  };
  useShortcut('k', mayStop ? stop : undefined);

  if (features.isPending) return <Loading what="the flag" />;
  if (features.isError && !feature) return <ProblemNote error={features.error} onRetry={() => void features.refetch()} />;
  if (!feature)
    return (
      <div className="state">
        <p>There is no flag {key} here.</p>
        <Link to="/">All flags</Link>
      </div>
    );

  const named = environment.name ?? environments.find(each => each.default)?.name ?? undefined;
  const stage = stageOf(feature);
  const state = stateOf(feature, nextSteps(schedules).get(feature.flagPath));
  const stale = definition.data && staleness(definition.data, feature, Date.now());
  return (
    <>
      <div className="title">
        <div>
          <Link to="/" className="small">
            ← All flags
          </Link>
          <h1>{feature.featureName}</h1>
          {feature.featureName !== feature.flagPath && <p className="mono quiet">{feature.flagPath}</p>}
        </div>
        {rights.steer &&
          (feature.enabled ? (
            <div className="stop">
              <button type="button" className="bad" onClick={() => setIsStopping(true)} aria-describedby="stop-hint">
                Turn off for everyone
              </button>
              <p id="stop-hint" className="quiet small">
                At once, whatever else is set. Key: k
              </p>
            </div>
          ) : (
            <FlagSwitch feature={feature} />
          ))}
      </div>
      {feature.description && <p>{feature.description}</p>}
      <p className="facts small">
        <span className="cell" data-tone={state.tone}>
          <b>{state.text}</b> {state.note}
        </span>
        <span className="phase" data-phase={stage.phase}>
          {stage.title}
        </span>
        {feature.owner && <span>Owner {feature.owner}</span>}
        {feature.tags.map(tag => (
          <Link key={tag} to="/" search={{ tag }}>
            {tag}
          </Link>
        ))}
        {stale !== undefined && (
          <span className="mark" title={stale.why}>
            {stale.text}
          </span>
        )}
        {feature.refused && <span className="mark bad">newest definition refused, the last good one serves</span>}
      </p>
      <div className="columns-2">
        <div className="stack">
          {definition.data && <Ladder feature={feature} definition={definition.data} environment={named} />}
          {rights.readAll && <FlagOverrides feature={feature} />}
          {rights.readAll && <UsageCard feature={feature} />}
        </div>
        <RolloutCard feature={feature} />
      </div>
      {definition.data && <DefinitionEditor kind="flags" served={definition.data} key={`${environment.name ?? ''}/${key}`} />}
      <Snippets feature={feature} />
      <Timeline flag={feature.flagPath} />
      {isStopping && <TurnDialog feature={feature} onClose={() => setIsStopping(false)} />}
    </>
  );
}
