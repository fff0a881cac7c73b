// Scenarios that a test plays in the page, each with a root of its own: what is counted comes back as data.
import { createClient } from '@twinflag/client';
import { outcomes } from '@twinflag/client/outcomes';
import { FeatureFlag, FlagProvider, useFeatureFlag, useFlagClient, useFlagStatus, useFlagValue, useSuspenseFlag } from '@twinflag/react';
import { useFeatureFlag as useBoolean } from '@twinflag/react/boolean';
import * as React from 'react';

import { adapters } from './adapters.jsx';
import { mount, settled } from './mount.jsx';

const { memo, Profiler, StrictMode, Suspense, useEffect, useLayoutEffect } = React;
/** The client, and how many subscriptions are open. */
function counting(client) {
  const counted = Object.create(client);
  counted.open = 0;
  counted.subscribe = (...subscription) => {
    const end = client.subscribe(...subscription);
    counted.open++;
    return () => {
      counted.open--;
      end();
    };
  };
  return counted;
}

async function readyClient(options, context) {
  const client = counting(createClient({ ...options, context }));
  await client.ready();
  return client;
}

function Flag({ name, onRender }) {
  const state = useFeatureFlag(name);
  onRender?.(name, state);
  return <i data-flag={name}>{String(state.enabled)}</i>;
}

globalThis.scenarios = {
  /** A provider with options, in StrictMode: mounted, given another context, unmounted. */
  async lifecycle(options) {
    let client;
    const Probe = () => {
      client = useFlagClient();
      return null;
    };
    const app = context => (
      <StrictMode>
        <FlagProvider options={{ ...options, context }}>
          <Probe />
          <Flag name="f7" />
        </FlagProvider>
      </StrictMode>
    );
    const text = () => document.querySelector('[data-flag=f7]').textContent;
    const { render, unmount } = mount(app({ n: 'none' }));
    await client.ready();
    await settled();
    const seen = [text()];
    render(app({ n: '7' }));
    await settled();
    seen.push(text());
    const { status } = client;
    unmount();
    await settled();
    return { seen, status, after: client.error?.message };
  },

  /** Visitors of one provider in turn, the last one logged out: what is rendered, seen in effects and asked for, parents rendering anew. */
  async visitors(options) {
    let client;
    const seen = [];
    const Probe = () => {
      client = useFlagClient();
      return null;
    };
    /** Renders only for its flag: its parent's rendering does not reach it. */
    const Exposed = memo(({ name }) => {
      const { enabled } = useFeatureFlag(name);
      useEffect(() => void seen.push(`${name}:${enabled}`), [name, enabled]);
      return null;
    });
    const app = context => (
      <StrictMode>
        <FlagProvider options={{ ...options, context }}>
          <Probe />
          <Exposed name="f7" />
          <Exposed name="f8" />
        </FlagProvider>
      </StrictMode>
    );
    const { render, unmount } = mount(app({ n: '7' }));
    await client.ready();
    await settled();
    seen.splice(0);
    const visits = [];
    let calls = 0;
    client.subscribe(() => calls++);
    for (const context of [{ n: '8' }, { n: '8' }, { n: '8' }, undefined]) {
      render(app(context));
      await settled();
      visits.push(seen.splice(0).sort());
    }
    unmount();
    await settled();
    return { visits, calls };
  },

  /** The tokens that the edge is sent, while one changes and goes away; and how many clients there were. */
  async tokens(options) {
    const clients = new Set();
    const sent = [];
    const spy = (url, init) => {
      if (url.includes('/v1/program')) sent.push(init.headers['twinflag-identity'] ?? null);
      return fetch(url, { ...init, headers: { ...init.headers, 'twinflag-identity': '' } });
    };
    const Probe = () => {
      clients.add(useFlagClient());
      return null;
    };
    const app = more => (
      <FlagProvider options={{ ...options, fetch: spy, context: { n: '7' }, ...more }}>
        <Probe />
        <Flag name="f7" />
      </FlagProvider>
    );
    const { render, unmount } = mount(app({ identityToken: 'ada' }));
    for (const more of [{ identityToken: 'ada' }, { identityToken: 'bob' }, {}, { timeout: 4000 }]) {
      render(app(more));
      await settled();
      await [...clients].at(-1).ready();
      await settled();
    }
    unmount();
    await settled();
    return { sent, clients: clients.size };
  },

  /** Loggers that are no JSON and functions, made anew at each rendering; then one function less. */
  async loggers(options) {
    const clients = new Set();
    const lines = [];
    const Probe = () => {
      clients.add(useFlagClient());
      return null;
    };
    const app = (name, more) => {
      const logger = { warn: line => lines.push(`${name}: ${line}`) };
      logger.itself = logger;
      return (
        <FlagProvider options={{ ...options, context: { n: '7' }, logger, outcomes: outcomes(), ...more }}>
          <Probe />
          <Flag name="f7" />
        </FlagProvider>
      );
    };
    const { render, unmount } = mount(app('first'));
    const [client] = clients;
    await client.ready();
    await settled();
    render(app('second', { fetch: () => Promise.reject(new TypeError('away')) }));
    await settled();
    await client.refresh();
    const same = clients.size;
    render(app('third', { outcomes: undefined }));
    await settled();
    unmount();
    await settled();
    return { same, lines, clients: clients.size };
  },

  /** Another key is another client, and the first one is closed. */
  async rekeyed(options) {
    const clients = new Set();
    const Probe = () => {
      clients.add(useFlagClient());
      return null;
    };
    const app = clientKey => (
      <StrictMode>
        <FlagProvider options={{ ...options, clientKey, context: { n: '7' } }}>
          <Probe />
          <Flag name="f7" />
        </FlagProvider>
      </StrictMode>
    );
    const { render, unmount } = mount(app(options.clientKey));
    const text = () => document.querySelector('[data-flag=f7]').textContent;
    const answered = async () => {
      await [...clients].at(-1).ready();
      await settled();
      return text();
    };
    const first = await answered();
    render(app(`${options.clientKey}-of-nobody`));
    await settled();
    const other = await answered();
    render(app(options.clientKey));
    await settled();
    const again = await answered();
    const ends = [...clients].map(client => client.error?.message);
    unmount();
    await settled();
    return { answers: [first, other, again], ends };
  },

  /** Switched off, on, and off again */
  async switched(options) {
    let client;
    let requests = 0;
    const counted = (...request) => {
      // The stream opens some time behind the first answers.
      if (!String(request[0]).includes('/v1/watch')) requests++;
      return fetch(...request);
    };
    const Probe = () => {
      client = useFlagClient();
      return null;
    };
    const app = enabled => (
      <StrictMode>
        <FlagProvider options={{ ...options, fetch: counted, enabled, defaults: { f8: true }, context: { n: '7' } }}>
          <Probe />
          <Flag name="f7" />
          <Flag name="f8" />
        </FlagProvider>
      </StrictMode>
    );
    const { render, unmount } = mount(app(false));
    const seen = [];
    const look = async () => {
      await settled();
      await client.ready();
      await settled();
      seen.push(
        [...document.querySelectorAll('[data-flag]')].map(flag => flag.textContent).concat(client.get('f7', false).reason, requests),
      );
    };
    await look();
    for (const enabled of [true, false]) {
      render(app(enabled));
      await look();
    }
    unmount();
    await settled();
    return { seen };
  },

  /** Hidden, which ends effects but keeps state, and shown again. React 19 has this. */
  async hidden(options) {
    const { Activity } = React;
    let client;
    const Probe = () => {
      client = useFlagClient();
      return null;
    };
    const app = mode => (
      <Activity mode={mode}>
        <FlagProvider options={{ ...options, context: { n: '7' } }}>
          <Probe />
          <Flag name="f7" />
        </FlagProvider>
      </Activity>
    );
    const { render, unmount } = mount(app('visible'));
    await client.ready();
    const first = client;
    render(app('hidden'));
    await settled();
    const closed = first.error?.message;
    render(app('visible'));
    await settled();
    await client.ready();
    await settled();
    const result = { closed, other: client !== first, status: client.status, text: document.querySelector('[data-flag=f7]').textContent };
    unmount();
    return result;
  },

  /** 500 components on as many flags; one of them changes. */
  async wide(options) {
    const client = await readyClient(options, { n: 'none' });
    const keys = Array.from({ length: 500 }, (_, index) => `f${index}`);
    const rendered = [];
    const app = (
      <FlagProvider client={client}>
        {keys.map(key => (
          <Flag key={key} name={key} onRender={(name, { enabled }) => rendered.push([name, enabled])} />
        ))}
      </FlagProvider>
    );
    const { unmount } = mount(app);
    await settled();
    const first = rendered.splice(0).length,
      subscriptions = client.open;
    await client.setContext({ n: '7' });
    await settled();
    const second = rendered.splice(0);
    await client.setContext({ n: '7', other: 'attribute' });
    await client.refresh();
    await settled();
    const third = rendered.splice(0);
    unmount();
    await settled();
    const leaked = client.open;
    client.close();
    return { first, subscriptions, second, third, leaked };
  },

  /** The hook that answers a bare boolean: its renders when its flag and when another one changes, and what it leaves behind. */
  async bare(options) {
    const client = await readyClient(options, { n: 'none' });
    const rendered = [];
    const Bare = () => {
      rendered.push(useBoolean('f7'));
      return null;
    };
    const { unmount } = mount(
      <FlagProvider client={client}>
        <Bare />
        <Flag name="f8" />
      </FlagProvider>,
    );
    for (const n of ['8', '7']) {
      await client.setContext({ n });
      await settled();
    }
    const subscriptions = client.open;
    unmount();
    await settled();
    const leaked = client.open;
    client.close();
    return { rendered, subscriptions, leaked };
  },

  /** A change after rendering and before anybody subscribed. */
  async between(options, trials) {
    const client = await readyClient(options, { n: 'none' });
    const Change = () => {
      useLayoutEffect(() => void client.setContext({ n: '7' }), []);
      return null;
    };
    let seen = 0;
    for (let trial = 0; trial < trials; trial++) {
      await client.setContext({ n: 'none' });
      const { unmount } = mount(
        <StrictMode>
          <FlagProvider client={client}>
            <Flag name="f7" />
            <Change />
          </FlagProvider>
        </StrictMode>,
      );
      if (document.querySelector('[data-flag=f7]').textContent === 'true') seen++;
      unmount();
    }
    const leaked = client.open;
    client.close();
    return { seen, leaked };
  },

  /** The same state for as long as nothing changed, and the right one at once when another flag is asked for. */
  async identity(options) {
    const client = await readyClient(options, { n: '7' });
    const states = [];
    const app = (name, turn) => (
      <FlagProvider client={client}>
        <Profiler id={String(turn)} onRender={() => undefined}>
          <Flag name={name} onRender={(_, state) => states.push(state)} />
        </Profiler>
      </FlagProvider>
    );
    const { render, unmount } = mount(app('f7', 0));
    render(app('f7', 1));
    const same = states.length === 2 && states[0] === states[1];
    render(app('f8', 2));
    const [, , other] = states;
    unmount();
    await settled();
    client.close();
    return { same, first: states[0].enabled, other: other.enabled, renders: states.length };
  },

  /** Inline defaults of object type, for a flag that does not exist. */
  async inlineDefault(options) {
    const client = await readyClient(options, {});
    let renders = 0;
    const Inline = () => {
      renders++;
      const { value, error } = useFeatureFlag('nobody', { label: 'x' });
      return <b>{value.label + error}</b>;
    };
    const { unmount } = mount(
      <FlagProvider client={client}>
        <Inline />
      </FlagProvider>,
    );
    await settled();
    const text = document.querySelector('b').textContent;
    unmount();
    await settled();
    client.close();
    return { renders, text };
  },

  /** A flag that suspends, below a boundary inside the provider and outside of it: what is shown in turn, and how often a fallback was. */
  async suspense(options) {
    const results = {};
    const Waiting = () => <i data-suspense>{String(useSuspenseFlag('f7').enabled)}</i>;
    const text = () => document.querySelector('[data-suspense]')?.textContent;
    const fallback = <i data-suspense>skeleton</i>;
    const given = { ...options, context: { n: '7' } };
    const apps = {
      inside: (
        <StrictMode>
          <FlagProvider options={given}>
            <Suspense fallback={fallback}>
              <Waiting />
            </Suspense>
          </FlagProvider>
        </StrictMode>
      ),
      outside: (
        <StrictMode>
          <Suspense fallback={fallback}>
            <FlagProvider options={{ ...given }}>
              <Waiting />
            </FlagProvider>
          </Suspense>
        </StrictMode>
      ),
    };
    for (const [place, app] of Object.entries(apps)) {
      const { unmount } = mount(app);
      const seen = [text()];
      const observer = new MutationObserver(() => !['skeleton', undefined].includes(text()) && answered());
      let answered;
      const changed = new Promise(resolve => {
        answered = resolve;
        observer.observe(document.body, { subtree: true, childList: true, characterData: true });
      });
      await changed;
      observer.disconnect();
      seen.push(text());
      unmount();
      await settled();
      results[place] = seen;
    }
    return results;
  },

  /** A flag that cannot be had, and the status in turn, until the server answers. */
  async status(options) {
    let isAway = true;
    const seen = [];
    const flags = [];
    const Probe = () => {
      const { status, error } = useFlagStatus();
      seen.push(`${status}:${error?.message ?? ''}`);
      return null;
    };
    const Waiting = () => {
      const { enabled, loading, error } = useSuspenseFlag('f7');
      flags.push(`${enabled}:${loading}:${error ?? ''}`);
      return null;
    };
    const away = (...request) => (isAway ? Promise.reject(new TypeError('away')) : fetch(...request));
    const client = createClient({ ...options, context: { n: '7' }, fetch: away, retryMs: 86_400_000 });
    const { unmount } = mount(
      <FlagProvider client={client}>
        <Probe />
        <Suspense fallback={null}>
          <Waiting />
        </Suspense>
      </FlagProvider>,
    );
    await client.ready();
    await settled();
    isAway = false;
    await client.refresh();
    await settled();
    unmount();
    client.close();
    return { seen, flags };
  },

  /** The value alone: its renders while the reason of the same value changes, then the value. */
  async value(options) {
    const client = await readyClient(options, { n: 'none' });
    const rendered = [];
    const Value = () => {
      rendered.push([useFlagValue('f7', false), useFlagValue('nobody', 'default'), useFlagValue('booking_agent_enabled', true)]);
      return null;
    };
    const { unmount } = mount(
      <FlagProvider client={client}>
        <Value />
      </FlagProvider>,
    );
    for (const n of ['8', '7']) {
      await client.setContext({ n });
      await settled();
    }
    const subscriptions = client.open;
    unmount();
    await settled();
    const leaked = client.open;
    client.close();
    return { rendered, subscriptions, leaked };
  },

  /** The component for a flag: its sides, an error in one, and what is shown after the flag has been off. */
  async sides(options) {
    const client = await readyClient(options, { n: '7' });
    const failed = [];
    client.fail = (flagKey, error) => failed.push(`${flagKey}: ${error.message}`);
    let isBroken = true;
    const New = () => {
      if (isBroken) throw new Error('the quota is full');
      return 'new';
    };
    const heard = [];
    const app = (
      <FlagProvider client={client}>
        <b>
          <FeatureFlag flag="f7" off="old" onError={error => heard.push(error.message)}>
            <New />
          </FeatureFlag>
        </b>
        <b>
          <FeatureFlag flag="f8" off="off">
            on
          </FeatureFlag>
        </b>
        <b>
          <FeatureFlag flag="f9">on</FeatureFlag>
        </b>
      </FlagProvider>
    );
    const { unmount } = mount(app);
    const texts = () => [...document.querySelectorAll('b')].map(({ textContent }) => textContent);
    const shown = [texts()];
    isBroken = false;
    await client.refresh();
    await settled();
    shown.push(texts());
    for (const n of ['8', '7']) {
      await client.setContext({ n });
      await settled();
      shown.push(texts());
    }
    unmount();
    await settled();
    const leaked = client.open;
    client.close();
    return { shown, failed, heard, leaked };
  },

  ...adapters,
};
