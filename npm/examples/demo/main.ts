/**
 * Every flag, answered twice for one visitor: by the engine in this page, at once, and by the edge.
 *
 * The engine holds a program for one customer and organization; the user and all other attributes it decides itself. So it answers
 * without the edge until the customer or the organization changes.
 */
import type { Answer } from './answer.js';
import { element } from './dom.js';
import { Refused, askEdge, askWhy, fetchProgram } from './edge.js';
import { PageEngine } from './engine.js';
import { FlagTable, type Side } from './table.js';
import { fillIn, identityOf, readVisitor, sameIdentity, type Visitor } from './visitor.js';

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
let engine: PageEngine | undefined;
let edge: Side = { state: 'asking' };
/** Why the page cannot answer, where it is not for want of the edge. */
let fault: string | undefined;
let asking = new AbortController();
let timer: ReturnType<typeof setTimeout> | undefined;

form.addEventListener('submit', (event) => event.preventDefault());
form.addEventListener('input', () => visit());
again.addEventListener('click', () => visit(0));
for (const [person, button] of form.querySelectorAll<HTMLButtonElement>('[data-person]').entries()) {
  button.addEventListener('click', () => {
    fillIn(form, person);
    visit(0);
  });
}
visit(0);

/** Answers for who stands in the form: the engine now, the edge after a pause. */
function visit(pause = PAUSE_MS): void {
  const before = visitor;
  visitor = readVisitor(form);
  asking.abort();
  asking = new AbortController();
  // Answers for another visitor are none for this one; while the edge is away, that is what is known of it.
  if (edge.state !== 'away') edge = { state: 'asking' };
  if (!sameIdentity(before, visitor)) fault = undefined;
  show();
  clearTimeout(timer);
  const { signal } = asking;
  timer = setTimeout(() => void ask(signal), pause);
}

async function ask(signal: AbortSignal): Promise<void> {
  try {
    engine ??= await PageEngine.start();
  } catch (error) {
    fault = `The engine could not be loaded: ${wordsOf(error)}`;
  }
  const needsProgram = engine && !engine.answer(visitor);
  const [answers, program] = await Promise.allSettled([askEdge(visitor, signal), needsProgram ? fetchProgram(identityOf(visitor), signal) : undefined]);
  if (signal.aborted) return;
  if (program.status === 'fulfilled' && program.value && engine) {
    try {
      engine.load(program.value);
      fault = undefined;
    } catch (error) {
      fault = `The program was refused: ${wordsOf(error)}`;
    }
  } else if (program.status === 'rejected' && program.reason instanceof Refused) {
    fault = `The edge made no program. ${program.reason.message}`;
  }
  edge = answers.status === 'fulfilled' ? { state: 'answered', answers: answers.value } : { state: 'away', words: answers.reason instanceof Refused ? 'refused' : 'not reachable' };
  if (answers.status === 'rejected' && answers.reason instanceof Refused) fault ??= `The edge refused to answer. ${answers.reason.message}`;
  show();
  if (edge.state === 'away') timer = setTimeout(() => visit(0), AGAIN_MS);
  await explain();
}

/** Fetches the explanations of the rows that are open. */
async function explain(): Promise<void> {
  const { signal } = asking, flags = table.open;
  if (flags.length === 0) return;
  try {
    const explanations = await askWhy(flags, visitor, signal);
    if (!signal.aborted) table.explain(explanations);
  } catch (error) {
    if (signal.aborted) return;
    table.explain(error instanceof Refused ? `The edge does not explain it. ${error.message}` : 'The steps come from the edge, which is not reachable. The answer above is from the engine in this page.');
  }
}

function show(): void {
  const answers = engine?.answer(visitor);
  const page = pageSide(answers);
  const counts = table.show(page, edge);
  link.dataset.state = edge.state;
  say(link, { answered: 'The edge answers', asking: 'Asking the edge', away: edge.state === 'away' && edge.words === 'refused' ? 'The edge refuses' : 'The edge is not reachable' }[edge.state]);
  again.hidden = edge.state !== 'away';
  status.dataset.state = counts.different > 0 || fault ? 'bad' : edge.state === 'away' ? 'away' : counts.same > 0 ? 'good' : 'waiting';
  say(status, sentence(answers, counts));
}

function pageSide(answers: ReadonlyMap<string, Answer> | undefined): Side {
  if (answers) return { state: 'answered', answers };
  if (fault) return { state: 'away', words: 'no answer' };
  return edge.state === 'asking' ? { state: 'asking' } : { state: 'away', words: 'needs the edge' };
}

function sentence(answers: ReadonlyMap<string, Answer> | undefined, { same, different }: { same: number; different: number }): string {
  if (fault) return fault;
  const mine = answers && `${answers.size} flags answered in this page, without a request.`;
  if (edge.state === 'away') {
    if (mine) return `The edge is not reachable. ${mine} It is asked again every few seconds.`;
    return 'The edge is not reachable, and another customer or organization needs it: the program in this page was made for the one before.';
  }
  if (edge.state === 'asking') return mine ? `${mine} The edge is asked…` : 'The edge is asked for the program of this customer and organization…';
  if (different > 0) return `${different} of ${different + same} flags differ between this page and the edge.`;
  return same > 0 ? `All ${same} flags are the same in this page and at the edge.` : 'There are no flags.';
}

/** Only what is new is said: a live region is read aloud whenever it is written. */
function say(place: HTMLElement, words: string): void {
  if (place.textContent !== words) place.textContent = words;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
