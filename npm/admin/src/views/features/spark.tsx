/** The outcomes of a flag in the last 24 hours, as a line, once its row is looked at. */
import type { Feature } from '../../api/model.js';
import { useSeen } from '../../parts/seen.js';
import { exposuresOf, useUsage } from '../../usage.js';

const HOURS = 24;
const DAY_MS = 86_400_000;
const WIDTH = 96;
const HEIGHT = 20;

export function Spark({ feature }: { feature: Feature }) {
  const { lastEvaluated } = feature.statistics;
  const wasUsed = lastEvaluated !== null && Date.now() - Date.parse(lastEvaluated) < DAY_MS;
  return wasUsed ? <Line feature={feature} /> : null;
}

function Line({ feature }: { feature: Feature }) {
  const [place, isSeen] = useSeen<HTMLSpanElement>();
  const usage = useUsage(feature, HOURS, isSeen);
  const counts = usage?.hours.map(exposuresOf) ?? [];
  const most = Math.max(1, ...counts);
  const points = counts.map((count, index) => `${(index * WIDTH) / (HOURS - 1)},${HEIGHT - 1 - (count * (HEIGHT - 2)) / most}`);
  return (
    <span ref={place} className="spark">
      {usage && (
        <svg
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          width={WIDTH}
          height={HEIGHT}
          role="img"
          aria-label={`${usage.exposures.toLocaleString('en')} exposures and ${usage.errors.toLocaleString('en')} errors in 24 hours`}
        >
          <polyline points={points.join(' ')} />
        </svg>
      )}
    </span>
  );
}
