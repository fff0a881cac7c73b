/** Elements without markup, so that no text is ever read as HTML. */
type Properties<E> = Partial<Omit<E, 'attributes'>> & { readonly attributes?: Readonly<Record<string, string>> };

/** Makes an element with these properties and children. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  { attributes, ...properties }: Properties<HTMLElementTagNameMap[Name]> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = Object.assign(document.createElement(name), properties);
  for (const [attribute, value] of Object.entries<string>(attributes ?? {})) element.setAttribute(attribute, value);
  element.append(...children);
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** An icon of one path on a square of 24 units; hidden from assistive technology, as the element around it has a name. */
export function icon(path: string): SVGElement {
  const image = document.createElementNS(SVG, 'svg');
  image.setAttribute('viewBox', '0 0 24 24');
  image.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(SVG, 'path');
  line.setAttribute('d', path);
  image.append(line);
  return image;
}
