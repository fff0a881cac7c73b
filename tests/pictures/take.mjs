// Takes the pictures of the README and the guides: a shop in the middle of its rollouts, in Chromium, against a real server.
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { launch } from '../chromium.mjs';
import { signedIn, visit } from '../dashboard/operator.mjs';
import { counted } from '../edge/reported.mjs';
import { dataFolder, startServer } from '../server.mjs';

const FOLDER = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
const FLAG = 'new_checkout';
const EXPOSURES = 240,
  ERRORS = 6;

const folder = await dataFolder();
const server = await startServer({
  data: folder.path,
  more: ['--flags', fileURLToPath(new URL('../../npm/examples/shop.json', import.meta.url))],
});
const browser = await launch();
const act = async (path, body) => {
  const answered = await server.asAdmin(`/api/admin/${path}`, { body });
  if (answered.status !== 200) throw new Error(answered.text);
};
const report = async (event, count) => {
  const outcomes = Array.from({ length: count }, (_, index) => ({
    id: randomUUID(),
    flag: FLAG,
    variant: 'on',
    unit: `s-${index}`,
    event,
  }));
  const answered = await server.asServer('/v1/outcomes', { body: { outcomes } });
  if (answered.status !== 202) throw new Error(answered.text);
};

try {
  await mkdir(FOLDER, { recursive: true });
  await act('rollout/create', { featureName: FLAG, percentage: 25, start: true, reason: 'the pilot went well' });
  const at = new Date(new Date().setHours(10, 0, 0, 0) + 3 * 86_400_000).toISOString();
  const half = { at, method: 'POST', path: '/api/admin/rollout/percentage', body: { featureName: FLAG, percentage: 50 } };
  await act('schedules', { steps: [half], reason: 'the pilot went well' });
  await act('feature-flags', { featureName: FLAG, customerId: 'customer-123', enabled: true, reason: 'asked for it' });
  await act('feature-flags', { featureName: 'saved_cards', action: 'kill', reason: 'charges twice' });
  await report('enabled', EXPOSURES);
  await report('error', ERRORS);
  await counted(server, EXPOSURES, FLAG);
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: 'light', reducedMotion: 'reduce' });
  const { page } = await signedIn(browser, server, { context });
  await page.locator('.liveness[data-state=live]').waitFor();
  const take = name => page.screenshot({ path: `${FOLDER}${name}.png` });
  await page.locator('.spark svg').first().waitFor();
  await take('features');
  await visit(page, `/flags/${FLAG}`);
  await page.locator('.chart').waitFor();
  await page.locator('.change').first().waitFor();
  await take('flag');
  await page.goto(`${server.url}/demo`);
  await page.locator('#status[data-state=good]').waitFor();
  await take('demo');
} finally {
  await browser.close();
  await server.stop();
  await folder.remove();
}
