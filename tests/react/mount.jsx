// Roots of scenarios in the page.
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';

export const settled = () => new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));

/** Renders synchronously; tells how to render again and how to end. */
export function mount(element) {
  const place = document.body.appendChild(document.createElement('div')),
    root = createRoot(place);
  const render = next => flushSync(() => root.render(next));
  render(element);
  return {
    render,
    unmount: () => {
      flushSync(() => root.unmount());
      place.remove();
    },
  };
}
