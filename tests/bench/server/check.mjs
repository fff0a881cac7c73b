/** One SDK in a process of its own: `node check.mjs ADAPTER URL SERVER_KEY` prints the nanoseconds of CPU time that a check takes. */
import { flags, PERCENTAGE, settled, USERS, users } from '../js/workload.mjs';

const [, , adapter, url, serverKey] = process.argv;
const FLAGS = 1000,
  COUNT = 20_000,
  BATCHES = 8;

const list = flags(FLAGS);
const { name, load } = await import(`./adapters/${adapter}.mjs`);
const { context, one, close } = await load({ url, serverKey }, list);

/** No time is taken of an SDK that does not answer: those who are named are on, and of the others a tenth is. */
let drawn = 0,
  on = 0;
for (const [index, user] of users.entries()) {
  const flag = list[(index * 7) % FLAGS];
  const answer = await one(flag.key, context(user));
  if (typeof answer !== 'boolean') throw new Error(`${name}: ${flag.key} is ${answer}`);
  if (!settled(flag, user)) {
    drawn++;
    on += answer ? 1 : 0;
  } else if (!answer) throw new Error(`${name}: ${flag.key} is off for ${user.id}, whom a list or the rule names`);
}
const rate = PERCENTAGE / 100;
if (Math.abs(on / drawn - rate) > 5 * Math.sqrt((rate * (1 - rate)) / drawn)) throw new Error(`${name}: ${on} of ${drawn} draws are on`);

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1e3;
};
const times = [];
for (let batch = 0, at = 0; batch < BATCHES; batch++) {
  const start = cpu();
  // As a server's handler would, whether or not the SDK answers at once.
  for (let index = 0; index < COUNT; index++, at++) await one(list[at % FLAGS].key, context(users[at % USERS]));
  times.push((cpu() - start) / COUNT);
}
await close();
console.log(JSON.stringify({ name, check: times.sort((a, b) => a - b)[BATCHES >> 2] }));
process.exit(0);
