/** From a topic file's entries to lines of the runner protocol. */

/** A document's text: as given by `{"text": …}`, else the object's own JSON. */
export function documentText(document) {
  return isRaw(document) ? document.text : JSON.stringify(document);
}

function isRaw(document) {
  return typeof document.text === 'string' && Object.keys(document).length === 1;
}

/** The text of a refusal's document. */
export function refusalText(refusal) {
  return refusal.text ?? JSON.stringify(refusal.document);
}

/** The line that asks a case's question. */
export function questionLine({ flag, context, contextText, default: callersDefault, ...rest }) {
  const members = [
    ['flag', JSON.stringify(flag)],
    ['context', contextText ?? JSON.stringify(context)],
    ['default', JSON.stringify(callersDefault)],
  ];
  for (const name of ['now', 'known', 'bucket', 'step', 'metadata']) members.push([name, JSON.stringify(rest[name])]);
  return `{${members
    .filter(([, text]) => text !== undefined)
    .map(([name, text]) => `"${name}":${text}`)
    .join(',')}}`;
}
