/** Whether an engine answers the workload at all: no time is taken of one that does not. */
import { PERCENTAGE, settled, users } from './workload.mjs';

/** Throws at the first wrong answer; tells which share of the draws was true. */
export function check(engine, flags) {
  const { context, one, all } = engine;
  const expect = (what, answer, expected) => {
    if (answer !== expected) throw new Error(`${what}: answered ${answer}, expected ${expected}`);
  };
  for (const flag of flags) {
    for (const id of flag.allow) {
      const user = users.find(user => user.id === id);
      expect(`${flag.key} for ${id}, who is on its list`, one(flag.key, context(user)), true);
    }
  }
  // Each user once, so that draws are independent.
  let drawn = 0,
    on = 0;
  users.forEach((user, i) => {
    const flag = flags[(i * 7) % flags.length];
    const answer = one(flag.key, context(user));
    if (settled(flag, user)) expect(`${flag.key} for ${user.id}, whom a list or the rule names`, answer, true);
    else {
      drawn++;
      on += answer === true ? 1 : 0;
      if (typeof answer !== 'boolean') throw new Error(`${flag.key} for ${user.id}: answered ${answer}`);
    }
  });
  const share = on / drawn,
    rate = PERCENTAGE / 100,
    deviation = Math.sqrt((rate * (1 - rate)) / drawn);
  if (Math.abs(share - rate) > 5 * deviation) throw new Error(`${on} of ${drawn} draws are true, expected ${PERCENTAGE} %`);
  for (let i = 0; i < 40; i++) {
    const user = users[(i * 97) % users.length];
    const single = flags.reduce((count, flag) => count + (one(flag.key, context(user)) ? 1 : 0), 0);
    expect(`flags that are true for ${user.id}, all at once`, all(context(user)), single);
    if (engine.identify) {
      engine.identify(context(user));
      expect(
        `flags that are true for ${user.id}, read`,
        flags.reduce((count, flag) => count + (engine.read(flag.key) ? 1 : 0), 0),
        single,
      );
    }
  }
  return share;
}
