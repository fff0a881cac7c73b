/** Elements, found and made. */

export function element<T extends Element>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`no #${id} in the page`);
  return found;
}

/** Makes an element; `text` is text and never HTML. Attributes that are undefined are left out. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | undefined> = {},
  ...content: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(name, value);
  made.append(...content);
  return made;
}

/** A sign for the eye, and the words it stands for. */
export function sign(glyph: string, words: string): [HTMLElement, HTMLElement] {
  return [make('span', { 'aria-hidden': 'true' }, glyph), make('span', { class: 'heard' }, words)];
}
