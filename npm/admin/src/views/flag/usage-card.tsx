/** The reported outcomes of a flag by the hour: exposures by variant, and the share of errors against the guard's limit. A table says the same. */
import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';

import { take } from '../../api/client.js';
import type { Feature } from '../../api/model.js';
import { useEnvironment } from '../../environment.js';
import { dayAndTime } from '../../parts/moment.js';
import { useSession } from '../../session.js';
import { exposuresOf, type Hour, type Usage, useUsage } from '../../usage.js';
import { percent } from '../features/row.js';

const SPANS: readonly [number, string][] = [
  [24, '24 hours'],
  [168, '7 days'],
  [744, '31 days'],
];
/** The variants that have a colour of their own; further ones share the last. */
const COLOURS = 4;
const WIDTH = 600;
const BARS = 120;
const LINES = 72;

export function UsageCard({ feature }: { feature: Feature }) {
  const [hours, setHours] = useState(24);
  const usage = useUsage(feature, hours, true);
  const rollbacks = useRollbacks(feature.flagPath);
  const limit = feature.rollout?.rollbackThreshold.errorRate;
  return (
    <section className="card" aria-labelledby="usage">
      <div className="title">
        <h2 id="usage">Reported outcomes</h2>
        <fieldset className="actions" aria-label="Time shown">
          {SPANS.map(([span, name]) => (
            <button key={span} type="button" className="small" aria-pressed={span === hours} onClick={() => setHours(span)}>
              {name}
            </button>
          ))}
        </fieldset>
      </div>
      {!usage && <p className="quiet">Loading the outcomes…</p>}
      {usage && usage.exposures + usage.errors === 0 && <p className="quiet">Nothing was reported in this time.</p>}
      {usage && usage.exposures + usage.errors > 0 && <Charts usage={usage} limit={limit} rollbacks={rollbacks} />}
      <p className="quiet small">
        By the hour of arrival, whoever reported them. The guard counts only trusted ones, each unit once a stage.
      </p>
    </section>
  );
}

/** The moments at which the flag's rollouts were rolled back, the newest first. */
function useRollbacks(flag: string): readonly { at: number; isGuard: boolean }[] {
  const { api } = useSession();
  const environment = useEnvironment();
  const { data } = useQuery({
    queryKey: ['rollbacks', environment.name ?? null, flag],
    queryFn: () =>
      take(api.GET('/api/admin/changes', { params: { query: { ...environment.query, flag, action: 'rollout.rollback', limit: 20 } } })),
  });
  return (data?.changes ?? []).flatMap(change =>
    'erased' in change ? [] : [{ at: Date.parse(change.changedAt), isGuard: change.changedBy === 'system' }],
  );
}

function Charts({
  usage,
  limit,
  rollbacks,
}: {
  usage: Usage;
  limit: number | undefined;
  rollbacks: readonly { at: number; isGuard: boolean }[];
}) {
  const title = useId();
  const { hours, variants } = usage;
  const step = WIDTH / hours.length;
  const most = Math.max(1, ...hours.map(exposuresOf));
  const rates = hours.map(rateOf);
  const top = Math.max(limit === undefined ? 0 : limit * 2, ...rates.map(rate => rate ?? 0), 0.01);
  const first = hours[0]?.at ?? 0;
  const marks = rollbacks.filter(({ at }) => at >= first).map(mark => ({ ...mark, x: ((mark.at - first) / 3_600_000) * step }));
  const y = (rate: number) => LINES - 1 - (Math.min(rate, top) * (LINES - 2)) / top;
  return (
    <>
      <figure className="chart">
        <figcaption className="small">
          Exposures by variant, at most {most.toLocaleString('en')} an hour
          <span className="legend">
            {variants.map((name, index) => (
              <span key={name} data-variant={Math.min(index, COLOURS - 1)}>
                {name === '' ? 'no variant' : name}
              </span>
            ))}
          </span>
        </figcaption>
        <svg viewBox={`0 0 ${WIDTH} ${BARS}`} preserveAspectRatio="none" role="img" aria-labelledby={title}>
          <title id={title}>Exposures by hour and variant; the table below has the numbers</title>
          {hours.map((hour, index) => (
            <Bar key={hour.at} hour={hour} variants={variants} x={index * step} width={step * 0.8} most={most} />
          ))}
          <Marks marks={marks} height={BARS} />
        </svg>
        <figcaption className="small">
          Errors, up to {percent(top)}
          {limit !== undefined && `; the dashed line is the limit of ${percent(limit)}`}
        </figcaption>
        <svg viewBox={`0 0 ${WIDTH} ${LINES}`} preserveAspectRatio="none" aria-hidden="true">
          {limit !== undefined && <line className="limit" x1={0} x2={WIDTH} y1={y(limit)} y2={y(limit)} />}
          {runs(rates).map(run => (
            <polyline key={run[0]?.index} className="rate" points={lineOf(run, step, y)} />
          ))}
          <Marks marks={marks} height={LINES} />
        </svg>
        <p className="axis quiet small">
          <span>{dayAndTime(new Date(first).toISOString())}</span>
          <span>now</span>
        </p>
      </figure>
      {marks.length > 0 && (
        <p className="small">
          Rolled back:{' '}
          {marks.map(({ at, isGuard }) => `${dayAndTime(new Date(at).toISOString())}${isGuard ? ' by the guard' : ''}`).join(', ')}.
        </p>
      )}
      <details>
        <summary>The same as a table</summary>
        <div className="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Hour</th>
                {variants.map(name => (
                  <th key={name} scope="col">
                    {name === '' ? 'no variant' : name}
                  </th>
                ))}
                <th scope="col">Errors</th>
                <th scope="col">Share</th>
              </tr>
            </thead>
            <tbody>
              {hours
                .filter(hour => exposuresOf(hour) + hour.errors > 0)
                .reverse()
                .map(hour => (
                  <tr key={hour.at}>
                    <th scope="row">{dayAndTime(new Date(hour.at).toISOString())}</th>
                    {variants.map(name => (
                      <td key={name}>{(hour.exposures.get(name) ?? 0).toLocaleString('en')}</td>
                    ))}
                    <td>{hour.errors.toLocaleString('en')}</td>
                    <td>{shareText(rateOf(hour))}</td>
                  </tr>
                ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}

function Bar({ hour, variants, x, width, most }: { hour: Hour; variants: readonly string[]; x: number; width: number; most: number }) {
  let from = BARS;
  return variants.map((name, index) => {
    const height = ((hour.exposures.get(name) ?? 0) * (BARS - 2)) / most;
    from -= height;
    return height > 0 && <rect key={name} data-variant={Math.min(index, COLOURS - 1)} x={x} y={from} width={width} height={height} />;
  });
}

function Marks({ marks, height }: { marks: readonly { at: number; x: number }[]; height: number }) {
  return marks.map(({ at, x }) => <line key={at} className="rollback" x1={x} x2={x} y1={0} y2={height} />);
}

/** The share of exposures that had an error; `undefined` without an exposure. Errors may come an hour after their exposures: at most 1. */
function rateOf(hour: Hour): number | undefined {
  const exposures = exposuresOf(hour);
  return exposures === 0 ? undefined : Math.min(1, hour.errors / exposures);
}

function shareText(rate: number | undefined): string {
  return rate === undefined ? '—' : percent(rate);
}

interface Point {
  readonly index: number;
  readonly rate: number;
}

/** The stretches of hours that have a rate. */
function runs(rates: readonly (number | undefined)[]): Point[][] {
  const found: Point[][] = [];
  let run: Point[] = [];
  rates.forEach((rate, index) => {
    if (rate !== undefined) run.push({ index, rate });
    if (rate === undefined || index === rates.length - 1) {
      if (run.length > 0) found.push(run);
      run = [];
    }
  });
  return found;
}

/** A line through the middles of its hours; one hour alone is a short line. */
function lineOf(run: readonly Point[], step: number, y: (rate: number) => number): string {
  const points = run.map(({ index, rate }) => `${(index + 0.4) * step},${y(rate)}`);
  const [only] = run;
  return run.length === 1 && only ? `${only.index * step},${y(only.rate)} ${(only.index + 0.8) * step},${y(only.rate)}` : points.join(' ');
}
