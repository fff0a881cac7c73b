// OpenFeature's own providers for JavaScript, unmodified from the registry, each behind one question.
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature as Server } from '@openfeature/server-sdk';
import { OpenFeature as Web } from '@openfeature/web-sdk';

import { TwinflagServerProvider } from '../../npm/openfeature/dist/entry/server.js';
import { TwinflagWebProvider } from '../../npm/openfeature/dist/entry/web.js';

const METHODS = { boolean: 'getBooleanDetails', string: 'getStringDetails', number: 'getNumberDetails', object: 'getObjectDetails' };
/** The members that the edge adds to a flag's own metadata; no flag can have them as its own. */
const RESERVED = ['layer', 'version', 'stale', 'bucket', 'flagConfigEtag'];

/**
 * A provider, opened by `open(server, options)` with options of its own beside the address and the key. `losesDefaults`: the provider takes a
 * success without `value`, by which the edge asks for the caller's default, for an error.
 */
export const PROVIDERS = [
  { name: '@openfeature/ofrep-web-provider', open: openWeb, losesDefaults: false },
  { name: '@openfeature/ofrep-provider', open: openServer, losesDefaults: true },
  { name: '@twinflag/openfeature/web', open: openOwnWeb, losesDefaults: false },
  { name: '@twinflag/openfeature/server', open: openOwnServer, losesDefaults: false },
];

/** A provider set under a name of its own replaces no other one. */
let domains = 0;
const newDomain = () => `domain-${++domains}`;

const authorized = ({ url, clientKey }, options) => ({ baseUrl: url, headers: [['Authorization', `Bearer ${clientKey}`]], ...options });

/** Opens the provider for pages, which evaluates all flags of a context at once; without `pollInterval` among the options it does not poll. */
export async function openWeb(server, options = {}, context = {}) {
  const domain = newDomain();
  await Web.setContext(domain, context);
  await Web.setProviderAndWait(domain, new OFREPWebProvider(authorized(server, { pollInterval: -1, ...options })));
  const client = Web.getClient(domain);
  const setContext = context => Web.setContext(domain, context);
  return {
    client,
    setContext,
    ask: async ({ flag, fallback, context = {} }) => {
      await setContext(context);
      return answer(client[METHODS[typeof fallback]](flag, fallback));
    },
  };
}

/** Opens the provider for servers, which evaluates one flag at a time. */
export async function openServer(server, options = {}) {
  const domain = newDomain();
  await Server.setProviderAndWait(domain, new OFREPProvider(authorized(server, options)));
  const client = Server.getClient(domain);
  return {
    client,
    ask: async ({ flag, fallback, context = {} }) => answer(await client[METHODS[typeof fallback]](flag, fallback, context)),
  };
}

/** Opens our provider for pages. */
async function openOwnWeb({ url, clientKey }) {
  const domain = newDomain();
  await Web.setProviderAndWait(domain, new TwinflagWebProvider({ url, clientKey }));
  const client = Web.getClient(domain);
  return {
    ask: async ({ flag, fallback, context = {} }) => {
      await Web.setContext(domain, context);
      return answer(client[METHODS[typeof fallback]](flag, fallback));
    },
  };
}

/** Opens our provider for servers. */
async function openOwnServer({ url, serverKey }) {
  const domain = newDomain();
  await Server.setProviderAndWait(domain, new TwinflagServerProvider({ url, serverKey }));
  const client = Server.getClient(domain);
  return { ask: async ({ flag, fallback, context = {} }) => answer(await client[METHODS[typeof fallback]](flag, fallback, context)) };
}

/** Closes all providers, and so ends their timers and their requests. */
export const closeAll = () => Promise.all([Web.close(), Server.close()]);

/** An option for either provider that notes each request it sends, with the status of the response. */
export function recorder() {
  const requests = [];
  const fetchImplementation = async (request, init) => {
    const noted = { url: request.url, headers: request.headers, status: undefined };
    requests.push(noted);
    const response = await fetch(request, init);
    noted.status = response.status;
    return response;
  };
  return { requests, statuses: () => requests.map(({ status }) => status), fetchImplementation };
}

/** The client's details, with the flag's own metadata. */
const answer = ({ flagKey, value, variant, reason, errorCode, errorMessage, flagMetadata }) => ({
  flagKey,
  value,
  variant,
  reason,
  errorCode,
  errorMessage,
  metadata: ownMetadata(flagMetadata),
});

/** The flag's own metadata, without the members that the edge adds. */
export const ownMetadata = (metadata = {}) => Object.fromEntries(Object.entries(metadata).filter(([name]) => !RESERVED.includes(name)));

/** The members of an answer that a case expects. */
export const pick = (answer, expected) => Object.fromEntries(Object.keys(expected).map(name => [name, answer[name]]));

/** The answer of a provider that {@link PROVIDERS} marks with `losesDefaults`. */
export const lostDefault = fallback => ({ value: fallback, variant: undefined, reason: 'ERROR', errorCode: 'GENERAL' });
