/** For `--import`: modules of the folder `from` are loaded from the folder `to`, both parameters of this module's address. */
import { register } from 'node:module';

const { searchParams } = new URL(import.meta.url);
const hooks = `
  const { from, to } = ${JSON.stringify(Object.fromEntries(searchParams))};
  export async function resolve(specifier, context, next) {
    const found = await next(specifier, context);
    return found.url.startsWith(from) ? { ...found, url: to + found.url.slice(from.length) } : found;
  }`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
