/**
 * The script tag of a page:
 *
 * ```html
 * <script async src="https://chat.example.com/embed.js" data-url="https://flags.example.com" data-client-key="tf_client_…"
 *   data-service="https://chat.example.com/messages" data-context='{"customerId":"c-1"}'></script>
 * ```
 *
 * With `data-frame="https://chat.example.com/frame.html"` the widget lives in a frame of that origin, which the page's own scripts cannot
 * read, and the other attributes are the frame's business, except `data-context`.
 */
import { openPageEnd } from './bridge/page-end.js';
import { make } from './view/dom.js';
import './define.js';

declare global {
  /** The page's control of the widget. In a frame it works for as long as the feature `crossDomainMessaging` is on. */
  var twinflagChat: { open(): void; close(): void } | undefined;
  interface WindowEventMap {
    /** The widget opened, closed, or has another number of unread messages. */
    'twinflag-chat': CustomEvent<{ readonly isOpen: boolean; readonly unread: number }>;
  }
}

/** The longest wait for the page, in milliseconds. */
const LONGEST_WAIT_MS = 3000;
/** The looks of the frame around the closed widget: its button, and the space around it. */
const CLOSED = { inset: 'auto .5rem .5rem auto', width: '4.5rem', height: '4.5rem', borderRadius: '0', boxShadow: 'none' };
/** Those around the open one, in a wide window and in a narrow one. */
const OPEN = {
  inset: 'auto 1rem 1rem auto',
  width: '23rem',
  height: 'min(36rem, 100dvh - 2rem)',
  borderRadius: '.875rem',
  boxShadow: '0 .75rem 2.5rem #0003',
};
const FULL = { inset: '0', width: '100vw', height: '100dvh', borderRadius: '0', boxShadow: 'none' };

const { url, clientKey, service, context, frame: address } = document.currentScript?.dataset ?? {};
if (address) embedFrame(new URL(address, location.href));
else embed();

function embed(): void {
  const chat = () => document.querySelector('twinflag-chat');
  const show = (isOpen: boolean) => chat()?.toggleAttribute('open', isOpen);
  globalThis.twinflagChat = { open: () => void show(true), close: () => void show(false) };
  document.addEventListener('chat-change', () => {
    const { open: isOpen = false, unread = 0 } = chat() ?? {};
    window.dispatchEvent(new CustomEvent('twinflag-chat', { detail: { isOpen, unread } }));
  });
  const given = Object.entries({ url, 'client-key': clientKey, service, context }).filter(([, value]) => value !== undefined);
  const missing = given.length < 4 && ['url', 'client-key', 'service'].filter(name => !given.some(([each]) => each === name));
  if (missing && missing.length > 0) console.error(`twinflag-chat: its script lacks ${missing.map(name => `data-${name}`).join(', ')}`);
  whenLoaded(() => document.body.append(make('twinflag-chat', { attributes: Object.fromEntries(given) as Record<string, string> })));
}

function embedFrame(target: URL): void {
  target.searchParams.set('parent', location.origin);
  if (context) target.searchParams.set('context', context);
  const frame = make('iframe', { src: target.href, title: 'Chat', allow: 'clipboard-write' });
  Object.assign(frame.style, { position: 'fixed', zIndex: '2147483000', border: '0', colorScheme: 'normal' });
  const narrow = matchMedia('(max-width: 30rem)');
  let isShown = false;
  const resize = () => void Object.assign(frame.style, isShown ? (narrow.matches ? FULL : OPEN) : CLOSED);
  resize();
  narrow.addEventListener('change', resize);
  const bridge = openPageEnd({
    frame,
    origin: target.origin,
    shown(isOpen, unread) {
      isShown = isOpen;
      resize();
      window.dispatchEvent(new CustomEvent('twinflag-chat', { detail: { isOpen, unread } }));
    },
  });
  globalThis.twinflagChat = { open: () => bridge.show(true), close: () => bridge.show(false) };
  whenLoaded(() => document.body.append(frame));
}

/** Calls back when the page has loaded, so that the chat takes none of its time, or after 3 seconds where an image is slow. */
function whenLoaded(then: () => void): void {
  if (document.readyState === 'complete') {
    then();
    return;
  }
  const begin = () => {
    clearTimeout(timer);
    window.removeEventListener('load', begin);
    // Behind the event, whose other listeners are the page's.
    setTimeout(then);
  };
  const timer = setTimeout(begin, LONGEST_WAIT_MS);
  window.addEventListener('load', begin);
}
