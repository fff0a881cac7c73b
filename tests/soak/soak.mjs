/** Operators who write while workerd is killed, and what is left of it each time. */
import { setTimeout as passed } from 'node:timers/promises';

import { random } from '../edge/malformed/random.mjs';
import { hostWorker } from '../edge/workerd.mjs';
import { drawCommand } from './commands.mjs';
import { documentOf } from './documents.mjs';
import { Ledger } from './ledger.mjs';

/** How much operators are answered at most before workerd is killed, and how long after that it is: both are drawn. */
const MOST_ANSWERS = 14;
const MOST_MS = 8;
/** So many kills are told of at a time. */
const TOLD = 100;

export const start = data => hostWorker({ data, document: JSON.stringify(documentOf(0)) });

/**
 * Kills a worker so many times. Which commands there are depends on the seed alone; which of them a kill meets does not.
 *
 * @param {{ data: string, kills: number, seed: number, writers: number, tell: (line: string) => void }} options
 */
export async function soak({ data, kills, seed, writers, tell }) {
  const ledger = new Ledger();
  const r = random(seed, 0);
  const operators = Array.from({ length: writers }, (_, at) => operator(`operator ${at}`, random(seed, at + 1), ledger));
  let inFlight = 0;
  for (let killed = 0; killed < kills; killed++) {
    const server = await start(data);
    try {
      if ((await ledger.check(server)).length > 0) break;
      const enough = ledger.reaches(ledger.answered + r.below(MOST_ANSWERS));
      const written = operators.map(operator => operator.write(server));
      await enough;
      await passed(r.below(MOST_MS));
      await server.stop();
      inFlight += (await Promise.all(written)).filter(Boolean).length;
    } finally {
      await server.stop();
    }
    if ((killed + 1) % TOLD === 0) tell(`${killed + 1} kills, ${ledger.answered} answers, ${ledger.sequence} records`);
  }
  const server = await start(data);
  try {
    // What is still open is sent once more.
    for (const operator of operators) await operator.write(server, { once: true });
    await ledger.check(server);
  } finally {
    await server.stop();
  }
  return { ledger, inFlight };
}

/** Somebody who writes one command after the other, and sends what was not answered again, with the key it had. */
function operator(name, r, ledger) {
  let count = 0;
  let open = null;
  return {
    /** Writes until the server is gone; with `once` until nothing is open. Whether a request was left without an answer. */
    async write(server, { once = false } = {}) {
      while (!once || open !== null) {
        open ??= drawCommand(r, `${name}, ${(count += 1)}`);
        const answer = await server.asAdmin(`/api/admin/${open.path}`, open.options).catch(whenGone);
        if (answer === undefined) return true;
        ledger.answer(open.reason, answer);
        open = null;
      }
      return false;
    },
  };
}

/** A server that is gone refuses or cuts off; one that does not answer in time is another matter. */
function whenGone(error) {
  if (error.name === 'TimeoutError') throw error;
}
