// Measures the dashboard in Chromium with 100 and with 1,000 flags, by the browser's own performance entries. Prints JSON: milliseconds by figure.
import { launch, newPage } from '../../chromium.mjs';
import { PATH } from '../../dashboard/operator.mjs';
import { dataFolder, startServer } from '../../server.mjs';

const LOADS = 5,
  SEARCHES = 20,
  REFRESHES = 10;
const STAGES = ['stable', 'beta', 'experimental'];
const flags = count =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `feature-${index}`,
      {
        description: `What feature ${index} is for`,
        owner: `team-${index % 9}`,
        stage: STAGES[index % 3],
        unit: 'customerId',
        default: 'on',
      },
    ]),
  );

/** Keeps event entries of interactions, and measures from an input or a moment until the count of flags or a switch is painted anew. */
function observe() {
  globalThis.interactions = [];
  new PerformanceObserver(list => {
    for (const { interactionId, duration } of list.getEntries()) if (interactionId > 0) globalThis.interactions.push(duration);
  }).observe({ type: 'event', durationThreshold: 16, buffered: true });
  /** Measures until `suits()` holds in a painted frame. */
  globalThis.untilPainted = (name, start, suits) =>
    new Promise(resolve => {
      const look = () => {
        if (!suits()) return requestAnimationFrame(look);
        // The frame that shows it has been painted when the next one begins.
        requestAnimationFrame(() => resolve(performance.measure(name, { start, end: performance.now() }).duration));
      };
      look();
    });
}

const browser = await launch();
const figures = { load100: [], load1000: [], search1000: [], refresh1000: [], interactions: [] };

async function open(server) {
  const { page } = await newPage(await browser.newContext());
  await page.addInitScript(observe);
  await page.goto(server.url + PATH);
  await page.getByLabel('Token').fill(server.adminToken);
  const painted = await page.evaluate(
    () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? performance.getEntriesByType('navigation')[0].duration,
  );
  await page.evaluate(() => {
    globalThis.awaited = new Promise(resolve => {
      const painted = () => document.querySelectorAll('.rows > li').length > 0;
      const pressed = ({ timeStamp }) => resolve(globalThis.untilPainted('rows', timeStamp, painted));
      document.querySelector('button[type=submit]').addEventListener('click', pressed);
    });
  });
  await page.getByRole('button', { name: 'Sign in' }).click();
  return { page, load: painted + (await page.evaluate(() => globalThis.awaited)) };
}

async function withServer(count, measure) {
  const folder = await dataFolder();
  const server = await startServer({ data: folder.path, document: { schema: 'twinflag/1', flags: flags(count) } });
  try {
    await measure(server);
  } finally {
    await server.stop();
    await folder.remove();
  }
}

async function loads(server, into) {
  for (let time = 0; time < LOADS; time++) {
    const { page, load } = await open(server);
    into.push(load);
    await page.context().close();
  }
}

await withServer(100, server => loads(server, figures.load100));
await withServer(1000, async server => {
  await loads(server, figures.load1000);
  const { page } = await open(server);
  await page.locator('.liveness[data-state=live]').waitFor();
  const search = page.getByLabel('Search flags');
  await search.focus();
  for (let time = 0; time < SEARCHES; time++) {
    await page.evaluate(() => {
      const [field, count] = [document.querySelector('input[type=search]'), document.querySelector('search output')];
      const before = count.textContent;
      globalThis.awaited = new Promise(resolve => {
        const typed = ({ timeStamp }) => resolve(globalThis.untilPainted('search', timeStamp, () => count.textContent !== before));
        field.addEventListener('input', typed, { once: true });
      });
    });
    // Each key finds another number of flags.
    await page.keyboard.press(time % 2 === 0 ? '7' : 'Backspace');
    figures.search1000.push(await page.evaluate(() => globalThis.awaited));
  }
  for (let time = 0; time < REFRESHES; time++) {
    await page.evaluate(
      isOn => {
        const painted = () => document.querySelector('.switch').ariaChecked === String(isOn);
        globalThis.awaited = globalThis.untilPainted('refresh', performance.now(), painted);
      },
      time % 2 === 1,
    );
    const answered = await server.asAdmin('/api/admin/feature-flags', {
      body: { featureName: 'feature-0', action: time % 2 === 0 ? 'kill' : 'revive', reason: 'a bench' },
    });
    if (answered.status !== 200) throw new Error(answered.text);
    figures.refresh1000.push(await page.evaluate(() => globalThis.awaited));
  }
  for (let time = 0; time < 5; time++) {
    await page.locator('.rows input[type=checkbox]').nth(time).click();
    await page.locator('.switch').nth(time).click();
    await page.keyboard.press('Escape');
  }
  await page.getByLabel('Stage').selectOption('beta');
  await page.getByLabel('Stage').selectOption('');
  await page.getByRole('link', { name: 'feature-3', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'feature-3' }).waitFor();
  figures.interactions = await page.evaluate(() => globalThis.interactions);
});
await browser.close();
process.stdout.write(JSON.stringify(figures));
