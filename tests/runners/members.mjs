/** The members of a JSON object as they stand in its text: parsing and printing would lose what stands twice, and numbers' spellings. */

/** Names and raw values of an object that is valid JSON; of a name that stands twice, the last. */
export function rawMembers(text) {
  const members = new Map();
  let depth = 0,
    quoted = false,
    start = 0,
    name;
  for (let at = 0; at < text.length; at++) {
    const code = text[at];
    if (quoted) {
      if (code === '\\') at++;
      else if (code === '"') quoted = false;
      continue;
    }
    if (code === '"') quoted = true;
    else if (code === '{' || code === '[') {
      if (++depth === 1) start = at + 1;
    } else if (code === ':' && depth === 1) {
      name = JSON.parse(text.slice(start, at));
      start = at + 1;
    } else if (code === ',' && depth === 1) {
      members.set(name, text.slice(start, at).trim());
      start = at + 1;
    } else if ((code === '}' || code === ']') && --depth === 0 && name !== undefined) members.set(name, text.slice(start, at).trim());
  }
  return members;
}
