import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareVersions, parseVersion } from './semver.mjs';

function ascends(chain) {
  const versions = chain.map(parseVersion);
  for (let i = 0; i < chain.length; i += 1) {
    for (let j = 0; j < chain.length; j += 1)
      assert.equal(Math.sign(compareVersions(versions[i], versions[j])), Math.sign(i - j), `${chain[i]} ${chain[j]}`);
  }
}

test('the chain of item 11 ascends', () => {
  ascends([
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '2.0.0',
    '2.1.0',
    '2.1.1',
  ]);
});

test('build metadata has no precedence, as in item 10', () => {
  for (const [version, build] of [
    ['1.0.0-alpha', '001'],
    ['1.0.0', '20130313144700'],
    ['1.0.0-beta', 'exp.sha.5114f85'],
    ['1.0.0', '21AF26D3----117B344092BD'],
  ])
    assert.equal(compareVersions(parseVersion(`${version}+${build}`), parseVersion(version)), 0, build);
});
