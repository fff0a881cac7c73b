/**
 * The load of `scenario.mjs`, by k6: users who each send a request every 2.5 s, then one user who sends too many.
 *
 *     k6 run tests/load/personalization_k6.js -e FUNCTION_URL="<URL>" -e TEST_TOKEN="<JWT>"
 *     k6 run tests/load/personalization_k6.js -e FUNCTION_URL="<URL>" -e TEST_TOKENS="<JWT>,<JWT>,…"
 *
 * There are as many users as tokens, 50 at most. The last token is the greedy user's, who starts after the others have ended.
 */
import { check, sleep } from 'k6';
import http from 'k6/http';

import { DURATION_S, MOST_A_MINUTE, PACE_MS, TARGETS, USERS } from './scenario.mjs';

const url = __ENV.FUNCTION_URL;
const tokens = (__ENV.TEST_TOKENS || __ENV.TEST_TOKEN || '').split(',').filter(Boolean);
if (!url || tokens.length === 0) throw new Error('expected FUNCTION_URL, and TEST_TOKEN or TEST_TOKENS');
const users = Math.min(USERS, Math.max(1, tokens.length - 1));

export const options = {
  scenarios: {
    users: { executor: 'constant-vus', exec: 'user', vus: users, duration: `${DURATION_S}s` },
    // The edge counts the requests of a minute: after a minute's rest, the user of a single token starts anew.
    greedy: { executor: 'per-vu-iterations', exec: 'greedy', vus: 1, iterations: 1, startTime: `${DURATION_S + 60}s` },
  },
  thresholds: {
    'http_req_duration{scenario:users}': [`p(95)<${TARGETS.p95Ms}`],
    'http_req_failed{scenario:users}': [`rate<${TARGETS.failed}`],
    'checks{scenario:greedy}': ['rate==1'],
  },
};

const ask = token => http.get(url, { headers: { Authorization: `Bearer ${token}` } });

export function user() {
  const response = ask(tokens[(__VU - 1) % users]);
  check(response, { 'the user gets a profile': ({ status }) => status === 200 });
  sleep(Math.max(0, PACE_MS - response.timings.duration) / 1000);
}

export function greedy() {
  const token = tokens[tokens.length - 1];
  const statuses = [];
  let last;
  for (let sent = 0; sent <= MOST_A_MINUTE; sent++) {
    last = ask(token);
    statuses.push(last.status);
  }
  const seconds = Number(last.headers['Retry-After']);
  check(statuses, { 'the requests of a minute pass': all => all.slice(0, MOST_A_MINUTE).every(status => status === 200) });
  check(last, { 'one more is refused with Retry-After': ({ status }) => status === 429 && seconds >= 1 && seconds <= 60 });
}
