// The alert rules are sound, and each fires above its limit and not at it: Prometheus' own tool says so.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const path = name => fileURLToPath(new URL(name, import.meta.url));
const RULES = path('../../npm/twinflag/deploy/alerts.yml');
const CASES = path('alerts.test.yml');

function promtool(...args) {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { encoding: 'utf8' });
  if (error) throw error;
  return { status, said: stdout + stderr };
}

test('promtool finds the rules sound', () => {
  const { status, said } = promtool('check', 'rules', RULES);
  assert.equal(status, 0, said);
  assert.match(said, /SUCCESS: \d+ rules found/);
});

test('each alert fires above its limit, and stays silent at it', () => {
  const { status, said } = promtool('test', 'rules', CASES);
  assert.equal(status, 0, said);
});

test('each alert has a case in which it fires, and one in which it does not', () => {
  const alerts = [...readFileSync(RULES, 'utf8').matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  const cases = readFileSync(CASES, 'utf8');
  assert.ok(alerts.length >= 12);
  for (const name of alerts) {
    assert.match(cases, new RegExp(`alertname: ${name}\\n\\s+exp_alerts:\\n`), `${name} fires in no case`);
    const isSilent = new RegExp(`alertname: ${name}, exp_alerts: \\[\\]`).test(cases) || /Rollout|Evidence/.test(name);
    assert.ok(isSilent, `${name} is silent in no case`);
  }
});
