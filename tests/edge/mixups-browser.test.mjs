// A browser's cache in front of the worker, which has one visitor at a time, never gives a visitor the answer to an earlier one.
import { extent } from '../extent.mjs';
import { changed, crossesNowhere, isNoticed, ownWorker } from './mixups/mix.mjs';

const options = { shared: false };
const COUNT = extent({ usual: 1_000, all: 4_000 });

ownWorker();

crossesNowhere({
  name: "one browser's cache",
  count: COUNT,
  options,
  // It may keep a personal answer, and asks before it uses one again.
  isSound: ({ kept, validated, reused }) => kept > COUNT / 100 && validated > COUNT / 200 && reused === 0,
});

const oneTag = origin => async request => {
  const answer = await origin({ ...request, headers: { ...request.headers, 'if-none-match': '' } });
  if (answer.status !== 200) return answer;
  const headers = { ...answer.headers, etag: '"1"' };
  return request.headers['if-none-match']?.includes('"1"') ? { status: 304, headers, body: Buffer.alloc(0) } : { ...answer, headers };
};

isNoticed({ name: 'Vary is missing', options, fault: changed(headers => delete headers.vary), by: 'crossed' });
isNoticed({ name: 'all answers have the same entity tag', options, fault: oneTag, by: 'crossed' });
