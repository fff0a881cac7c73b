import { rawMembers } from './members.mjs';

/**
 * The text of a document as the worker must import it to serve that and nothing more. An import that names no environment keeps the one of
 * before, so a document without one names an environment that no flag knows.
 */
export function imported(text) {
  let members;
  try {
    members = rawMembers(text);
  } catch {
    // The worker refuses what is no object, as every runtime does.
    return text;
  }
  return members.size === 0 || members.has('environment') ? text : `{"environment":"no-flag-knows-it",${text.slice(text.indexOf('{') + 1)}`;
}
