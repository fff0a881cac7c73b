// A shop's page with the chat widget, in the page itself and in a frame of another origin, and the service that answers it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request as ask, createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { newPage } from '../chromium.mjs';
import { startWorkerd } from '../edge/workerd.mjs';
import { dataFolder, startServer } from '../server.mjs';

const SCRIPTS = new URL('../../npm/chat-widget/dist/script/', import.meta.url);
const SERVICE = fileURLToPath(new URL('../../npm/examples/chat/chat.capnp', import.meta.url));

/** The flags of the widget by their features. */
export const FLAGS = {
  parentStorage: 'sessionPersistence.phase1.parentStorage',
  crossDomainMessaging: 'sessionPersistence.phase1.crossDomainMessaging',
  autoRestore: 'sessionPersistence.phase1.autoRestore',
  enhancedStorage: 'sessionPersistence.phase2.enhancedStorage',
  connectionMonitoring: 'sessionPersistence.phase2.connectionMonitoring',
  retryLogic: 'sessionPersistence.phase2.retryLogic',
  tabSync: 'sessionPersistence.phase3.tabSync',
  performanceMode: 'sessionPersistence.phase3.performanceMode',
  analytics: 'sessionPersistence.phase3.analytics',
};
const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: Object.fromEntries(
    Object.values(FLAGS).map(flag => [flag, { default: 'on', metadata: { notice: `${flag.split('.').at(-1)} is gone for now.` } }]),
  ),
};

/** The longest wait for what a page becomes, in milliseconds; a machine may run other suites beside. */
const PATIENCE_MS = 45_000;

/** Starts the flag server, the service of replies, a shop and the chat's own origin. */
export async function startShop() {
  const folder = await dataFolder();
  const server = await startServer({ data: folder.path, document: DOCUMENT });
  const service = await startWorkerd(SERVICE, { env: { FLAGS_URL: server.url, CLIENT_KEY: server.clientKey } });
  /** The fate of a message on its way to the service: `pass`, `lose` its answer, or `refuse` it for now; it waits for the gate. */
  const road = { mode: 'pass', asked: [], gate: undefined };
  const replies = await listen(async (request, response) => {
    const body = await buffer(request);
    if (request.method === 'POST') road.asked.push(JSON.parse(body).message.id);
    if (request.method === 'POST') await road.gate;
    const { mode } = road;
    if (mode === 'refuse' && request.method === 'POST') return response.writeHead(503, { 'access-control-allow-origin': '*' }).end();
    const answer = await forwarded(`${service.url}/messages`, request.method, body);
    if (mode === 'lose' && request.method === 'POST') return response.destroy();
    const allowed = ['access-control-allow-origin', 'access-control-allow-headers', 'content-type'];
    const headers = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => allowed.includes(name)));
    response.writeHead(answer.status, headers).end(answer.body);
  });
  const attributes = () => `data-url="${server.url}" data-client-key="${server.clientKey}" data-service="${replies.url}/messages"`;
  let shop;
  const chat = await listen(
    pages({
      '/frame.html': () =>
        `<!doctype html><title>Chat</title><body><script src="/frame.js" ${attributes()} data-parents="${shop.url}"></script>`,
    }),
  );
  shop = await listen(
    pages({
      '/': () => shopPage(`<script async src="/embed.js" ${attributes()} data-context='{"customerId":"c-1","sessionId":"s-1"}'></script>`),
      '/framed': () =>
        shopPage(
          `<script async src="/embed.js" data-frame="${chat.url}/frame.html" data-context='{"customerId":"c-1","sessionId":"s-1"}'></script>`,
        ),
      '/empty': () => shopPage(''),
    }),
  );
  const set = async (feature, isOn) => {
    const body = { featureName: FLAGS[feature], action: isOn ? 'revive' : 'kill', reason: 'a test' };
    const answer = await server.asAdmin('/api/admin/feature-flags', { body });
    assert.equal(answer.status, 200, answer.text);
  };
  return {
    server,
    service,
    shop,
    chat,
    road,
    /** Switches a feature for everybody. */
    set,
    /** Switches every feature on. */
    async allOn() {
      road.mode = 'pass';
      road.gate = undefined;
      road.asked.length = 0;
      const { features } = (await server.asAdmin('/api/admin/feature-flags', { method: 'GET' })).json();
      for (const [feature, flag] of Object.entries(FLAGS))
        if (features.find(({ flagPath }) => flagPath === flag).status !== 'enabled') await set(feature, true);
    },
    async stop() {
      for (const each of [shop, chat, replies, service, server]) await each?.stop();
      await folder.remove();
    },
  };
}

const shopPage =
  script => `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
  <title>A shop</title><main><h1>A shop</h1><p>Lamps, chairs and tables.</p></main>${script}</html>`;

function pages(made) {
  return async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://shop');
    const more = '<p>A lamp of brass, for small rooms.</p>'.repeat(Number(searchParams.get('paragraphs') ?? 0));
    if (made[pathname]) return response.setHeader('content-type', 'text/html').end(made[pathname]().replace('</main>', `${more}</main>`));
    try {
      response.setHeader('content-type', 'text/javascript').end(await readFile(new URL(pathname.slice(1), SCRIPTS)));
    } catch {
      response.writeHead(404).end();
    }
  };
}

async function listen(handle) {
  const server = createServer((request, response) => void Promise.resolve(handle(request, response)).catch(() => response.destroy()));
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const stop = () =>
    new Promise(resolve => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
}

/** Asks on a connection of its own: one that was kept may end while a request is on its way, which no browser would send again. */
async function forwarded(url, method, body) {
  const asked = ask(url, { method, agent: false, headers: { 'content-type': 'application/json' } }).end(body);
  const [answer] = await once(asked, 'response');
  return { status: answer.statusCode, headers: answer.headers, body: await buffer(answer) };
}

/** A visitor of the shop, whose browser keeps what the visit stores. */
export async function visit(browser, { shop }, { path = '/', context, size } = {}) {
  const own = context ?? (await browser.newContext(size ? { viewport: size } : {}));
  const { page, faults } = await newPage(own);
  await page.goto(shop.url + path);
  return new Visit(page, own, faults, path === '/framed');
}

class Visit {
  constructor(page, context, faults, isFramed) {
    Object.assign(this, { page, context, faults, isFramed });
  }

  /** The document with the widget. */
  get where() {
    return this.isFramed ? this.page.frameLocator('iframe[title=Chat]') : this.page;
  }

  get widget() {
    return this.where.locator('twinflag-chat');
  }

  get log() {
    return this.where.getByRole('log');
  }

  async open() {
    await this.where.getByRole('button', { name: /^Open the chat/ }).click();
    await this.where.getByRole('textbox', { name: 'Your message' }).waitFor();
  }

  /** Says something, and waits for the answer. */
  async say(text) {
    const before = (await this.messages()).length;
    await this.write(text);
    await this.until(messages => messages.length >= before + 2 && messages.every(({ delivery }) => delivery === 'delivered'));
  }

  async write(text) {
    const field = this.where.getByRole('textbox', { name: 'Your message' });
    await field.fill(text);
    await field.press('Enter');
  }

  /** The conversation as the widget has it. */
  messages() {
    return this.widget.evaluate(element => element.chat?.messages ?? []);
  }

  texts() {
    return this.messages().then(messages => messages.map(({ text }) => text));
  }

  /** Waits until the messages are such. */
  async until(isSuch) {
    let messages;
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await this.page.evaluate(() => new Promise(requestAnimationFrame))) {
      messages = await this.messages();
      if (isSuch(messages)) return messages;
    }
    throw new Error(`the conversation did not become so: ${JSON.stringify(messages)}`);
  }

  /** Waits until the widget knows that a feature is on or off. */
  async knows(feature, isOn) {
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await this.page.evaluate(() => new Promise(requestAnimationFrame)))
      if ((await this.widget.evaluate((element, name) => element.chat?.features.isOn(name), feature)) === isOn) return;
    throw new Error(`the widget did not hear that ${feature} is ${isOn ? 'on' : 'off'}`);
  }

  /** Waits until all that was said is stored. */
  flush() {
    return this.widget.evaluate(element => element.chat.flush());
  }

  /** The texts that the page's origin stores of the chat. */
  stored() {
    return this.page.evaluate(() => Object.fromEntries(Object.entries(localStorage).filter(([name]) => name.startsWith('chat_'))));
  }

  /** The texts that the frame's origin stores of the chat. */
  storedInFrame() {
    return this.widget.evaluate(() => Object.fromEntries(Object.entries(localStorage).filter(([name]) => name.startsWith('chat_'))));
  }

  async reload() {
    await this.page.reload();
    await this.widget.waitFor({ state: 'attached' });
  }
}
