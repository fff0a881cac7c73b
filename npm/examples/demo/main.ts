/**
 * Every flag, answered twice for one visitor: by `@twinflag/client` in this page, at once, and by the edge.
 *
 * The client holds a program for one customer and organization; the user and all else it decides itself. So it answers without the
 * edge until the customer or the organization changes. The client follows the edge's stream; behind each of its answers the edge is asked again
 * if it answered from another version, because only answers of one version are compared.
 */
import { createClient } from '@twinflag/client/url';

import type { Answer } from './answer.js';
import { element } from './dom.js';
import { askEdge, askWhy, clientKey, Refused } from './edge.js';
import { FlagTable, isOfOneVersion, type Side } from './table.js';
import { fillIn, readVisitor, sameIdentity, type Visitor } from './visitor.js';

/** How long typing has to pause before the edge is asked. */
const PAUSE_MS = 120;
/** How long after a failure the edge is asked again. */
const AGAIN_MS = 5_000;

const form = element('visitor', HTMLFormElement);
const status = element('status', HTMLElement);
const link = element('link', HTMLElement);
const again = element('again', HTMLButtonElement);
const table = new FlagTable(element('flags', HTMLTableElement), () => void explain());

let visitor: Visitor = readVisitor(form);
/** Whom the client was told; while somebody types another customer, that is still the one before. */
let told = visitor;
const client = createClient({
  url: location.origin,
  clientKey: clientKey(),
  context: visitor,
  engineUrl: '/demo/engine.wasm',
  fetch: async (...request) => {
    const response = await fetch(...request);
    // When the client has taken the answer.
    void client.ready().then(follow);
    return response;
  },
});
/** All flags there are, as the edge named them last. */
let keys: readonly string[] = [];
let edge: Side = { state: 'asking' };
/** The client's version when the edge was asked last. */
let least: string | undefined;
/** Why the edge refused to answer, in its words. */
let refusal: string | undefined;
let asking = new AbortController();
let timer: ReturnType<typeof setTimeout> | undefined;

client.subscribe(show);
form.addEventListener('submit', event => event.preventDefault());
form.addEventListener('input', () => visit());
again.addEventListener('click', () => visit(0));
for (const [person, button] of form.querySelectorAll<HTMLButtonElement>('[data-person]').entries()) {
  button.addEventListener('click', () => {
    fillIn(form, person);
    visit(0);
  });
}
visit(0);

/** Answers for who stands in the form: the page now, the edge after a pause. */
function visit(pause = PAUSE_MS): void {
  visitor = readVisitor(form);
  if (sameIdentity(told, visitor)) tell();
  // Answers for another visitor are none for this one; while the edge is away, that is what is known of it.
  if (edge.state !== 'away') edge = { state: 'asking' };
  askIn(pause);
  show();
}

/** Asks the edge in so many milliseconds, instead of all that it was asked before. */
function askIn(pause: number): void {
  asking.abort();
  asking = new AbortController();
  clearTimeout(timer);
  const { signal } = asking;
  timer = setTimeout(() => void ask(signal), pause);
}

/** Asks the edge again if the client has answers of another version: at once, or after a while if the client is still at the one before. */
function follow(): void {
  show();
  if (edge.state === 'answered' && edge.version !== client.version) askIn(client.version === least ? AGAIN_MS : 0);
}

function tell(): void {
  told = visitor;
  void client.setContext(visitor);
}

async function ask(signal: AbortSignal): Promise<void> {
  if (!sameIdentity(told, visitor)) tell();
  try {
    least = client.version;
    const { answers, version } = await askEdge(visitor, least, signal);
    if (signal.aborted) return;
    keys = [...answers.keys()];
    edge = { state: 'answered', answers, version };
    refusal = undefined;
    // The edge is back, or has a newer version: the client can have at once what it waits for.
    if (client.status === 'ready' ? client.version !== version : client.error) void client.refresh();
  } catch (error) {
    if (signal.aborted) return;
    refusal = error instanceof Refused ? error.message : undefined;
    edge = { state: 'away', words: refusal === undefined ? 'not reachable' : 'refused' };
    timer = setTimeout(() => visit(0), AGAIN_MS);
  }
  show();
  await explain();
}

/** Fetches the explanations of the rows that are open. */
async function explain(): Promise<void> {
  const { signal } = asking,
    flags = table.open;
  if (flags.length === 0) return;
  try {
    const explanations = await askWhy(flags, visitor, signal);
    if (!signal.aborted) table.explain(explanations);
  } catch (error) {
    if (signal.aborted) return;
    table.explain(
      error instanceof Refused
        ? `The edge does not explain it. ${error.message}`
        : 'The steps come from the edge, which is not reachable. The answer above is of the engine in this page.',
    );
  }
}

function show(): void {
  const page = inPage();
  const counts = table.show(page, edge);
  link.dataset.state = edge.state;
  say(
    link,
    {
      answered: 'The edge answers',
      asking: 'Asking the edge',
      away: refusal === undefined ? 'The edge is not reachable' : 'The edge refuses',
    }[edge.state],
  );
  again.hidden = edge.state !== 'away';
  status.dataset.state =
    counts.different > 0 ? 'bad' : edge.state === 'away' || page.state === 'away' ? 'away' : counts.same > 0 ? 'good' : 'waiting';
  say(status, sentence(page, counts));
}

/** What the client can say for this visitor. Its stale answers are those for another customer, so they are not shown. */
function inPage(): Side {
  const isTold = sameIdentity(told, visitor);
  if (isTold && client.status === 'ready')
    return keys.length > 0
      ? { state: 'answered', answers: new Map(keys.map(key => [key, read(key)])), version: client.version }
      : { state: 'asking' };
  if (edge.state === 'away' || (isTold && client.error)) return { state: 'away', words: 'needs the edge' };
  return { state: 'asking' };
}

function read(key: string): Answer {
  const { value, variant, reason, errorCode, layer, bucket } = client.get<unknown>(key, undefined);
  return { value, variant, reason, errorCode, layer, bucket };
}

function sentence(page: Side, { same, different }: { same: number; different: number }): string {
  const mine = page.state === 'answered' ? `${page.answers.size} flags answered in this page, without a request.` : '';
  if (edge.state === 'away') {
    const away = refusal === undefined ? 'The edge is not reachable.' : `The edge refused to answer, ${refusal}.`;
    if (mine) return `${away} ${mine}`;
    return keys.length > 0 ? `${away} Another customer or organization needs it: the program in this page is for the one before.` : away;
  }
  if (page.state === 'away')
    return `This page has no program for this customer and organization: ${client.error?.message ?? 'the edge sent none'}.`;
  if (edge.state === 'asking') return mine ? `${mine} The edge is asked…` : 'The edge is asked for this customer and organization…';
  if (different > 0) return `${different} of ${different + same} flags differ between this page and the edge.`;
  if (page.state === 'asking') return 'The engine of this page is loading…';
  if (!isOfOneVersion(page, edge)) return `${mine} The edge answered from another version, and is asked again…`;
  return same > 0 ? `All ${same} flags are the same in this page and at the edge.` : 'There are no flags.';
}

/** Only what is new is said: a live region is read aloud whenever it is written. */
function say(place: HTMLElement, words: string): void {
  if (place.textContent !== words) place.textContent = words;
}
