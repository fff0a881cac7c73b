import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testOfTable } from './published.mjs';
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

testOfTable('semver/derived_precedence.json', 'the published chains ascend', published => {
  published.ascending_chains.forEach(ascends);
  for (const [a, b] of published.equal_precedence_despite_build_metadata)
    assert.equal(compareVersions(parseVersion(a), parseVersion(b)), 0);
});
