/**
 * The load of `scenario.mjs`, by Node: users who each send a request every 2.5 s, then one user who sends too many.
 *
 *     TEST_TOKENS="<JWT>,<JWT>,…" node tests/load/personalization.mjs https://staging.example/get-personalization-data [SECONDS]
 *
 * There are as many users as tokens, 50 at most; the last token is the greedy user's. Prints each target as MET or MISSED, and exits with 1 if
 * requests failed or the greedy user was not refused.
 */
import { argv } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { DURATION_S, MOST_A_MINUTE, PACE_MS, TARGETS, USERS } from './scenario.mjs';

const PATIENCE_MS = 30_000;

/** One request: its status, 0 if there was no response; its `Retry-After`; and the time until its body was read, in milliseconds. */
async function ask(url, token) {
  const from = performance.now();
  try {
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(PATIENCE_MS) });
    await response.arrayBuffer();
    return { status: response.status, retryAfter: response.headers.get('retry-after'), ms: performance.now() - from };
  } catch {
    return { status: 0, retryAfter: null, ms: performance.now() - from };
  }
}

/**
 * Sends the requests of all users, a user for each token, whose first requests are spread over the first pace. A request that is due while the
 * user's last one is under way is sent after it. Answers the number of requests, how many were not answered 200, and the response time that 95
 * of 100 stay below.
 */
export async function load({ url, tokens, seconds }) {
  const count = Math.floor((seconds * 1000) / PACE_MS);
  const start = performance.now();
  const user = async (token, index) => {
    const answers = [];
    for (let sent = 0; sent < count; sent++) {
      const due = start + (index / tokens.length + sent) * PACE_MS;
      await sleep(Math.max(0, due - performance.now()));
      answers.push(await ask(url, token));
    }
    return answers;
  };
  const answers = (await Promise.all(tokens.map(user))).flat();
  const times = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  return {
    requests: answers.length,
    failed: answers.filter(({ status }) => status !== 200).length,
    p95Ms: times[Math.ceil(times.length * 0.95) - 1],
  };
}

/** Sends one request more than the edge lets pass, one after the other; answers the statuses, and the last `Retry-After` in seconds. */
export async function greedy({ url, token }) {
  const answers = [];
  for (let sent = 0; sent <= MOST_A_MINUTE; sent++) answers.push(await ask(url, token));
  return { statuses: answers.map(({ status }) => status), retryAfter: Number(answers.at(-1).retryAfter ?? Number.NaN) };
}

/** The targets of a load, each as MET or MISSED. */
export const verdicts = ({ requests, failed, p95Ms }) =>
  [
    [`95 of 100 requests within ${p95Ms.toFixed(1)} ms, below ${TARGETS.p95Ms} ms`, p95Ms < TARGETS.p95Ms],
    [`${failed} of ${requests} requests failed, below ${TARGETS.failed * 100} %`, failed / requests < TARGETS.failed],
  ].map(([text, isMet]) => `${isMet ? 'MET   ' : 'MISSED'} ${text}`);

if (argv[1] === fileURLToPath(import.meta.url)) {
  const [, , url, seconds = DURATION_S] = argv;
  const tokens = (process.env.TEST_TOKENS ?? '').split(',').filter(Boolean);
  if (!url || tokens.length < 2 || !(seconds > 0)) {
    console.error('usage: TEST_TOKENS="<JWT>,<JWT>,…" node tests/load/personalization.mjs URL [SECONDS]   (two tokens at least)');
    process.exit(2);
  }
  const result = await load({ url, tokens: tokens.slice(0, -1).slice(0, USERS), seconds: Number(seconds) });
  for (const line of verdicts(result)) console.log(line);
  const { statuses, retryAfter } = await greedy({ url, token: tokens.at(-1) });
  const isRefused = statuses.at(-1) === 429 && retryAfter >= 1;
  console.log(
    `${isRefused ? 'MET   ' : 'MISSED'} the request after ${MOST_A_MINUTE} in a minute is refused: ${statuses.at(-1)}, Retry-After ${retryAfter}`,
  );
  process.exit(isRefused && result.failed / result.requests < TARGETS.failed ? 0 : 1);
}
