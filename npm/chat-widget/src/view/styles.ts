/** The widget's looks. A page sets the custom properties of `:host`; nothing else of the page reaches inside. */
export const STYLES = `
:host {
  --accent: var(--chat-accent, light-dark(#1d5bbf, #86b4ff));
  --on-accent: var(--chat-on-accent, light-dark(#fff, #0d1726));
  --paper: var(--chat-paper, light-dark(#fff, #171d25));
  --ink: var(--chat-ink, light-dark(#17202b, #e6ebf1));
  --quiet: var(--chat-quiet, light-dark(#55616f, #9da9b6));
  --raised: var(--chat-raised, light-dark(#eef1f5, #1f2731));
  --line: var(--chat-line, light-dark(#dde2e8, #2b3540));
  --away: light-dark(#7a4a00, #f0bd68);
  --away-ground: light-dark(#fdf1dc, #33260f);
  --bad: light-dark(#a3261d, #ff9d94);
  --radius: var(--chat-radius, .875rem);
  color-scheme: var(--chat-color-scheme, light dark);
  position: fixed; inset: auto 1rem 1rem auto; z-index: 2147483000;
  display: grid; justify-items: end; gap: .75rem;
  color: var(--ink); font: 1rem/1.45 var(--chat-font, system-ui, sans-serif);
}
:host([framed]) { inset: auto 0 0 auto; padding: .5rem; }
:host([framed][open]) { inset: 0; padding: 0; }
:host([framed]) .panel { inline-size: 100%; block-size: 100%; border: 0; border-radius: 0; box-shadow: none; }
:host([framed][open]) .launcher { display: none; }
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
button, textarea { font: inherit; color: inherit; }
button { cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
svg { inline-size: 1.5rem; block-size: 1.5rem; fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linecap: round; stroke-linejoin: round; }
.launcher { position: relative; display: grid; place-items: center; inline-size: 3.5rem; block-size: 3.5rem; border: 0; border-radius: 50%; background: var(--accent); color: var(--on-accent); box-shadow: 0 .25rem 1rem #0004; }
.unread { position: absolute; inset: -.25rem -.25rem auto auto; min-inline-size: 1.375rem; padding-inline: .25rem; border: 2px solid var(--paper); border-radius: 1rem; background: var(--bad); color: var(--paper); font-size: .75rem; font-weight: 700; line-height: 1.25rem; }
.panel { display: flex; flex-direction: column; inline-size: min(23rem, 100vw - 2rem); block-size: min(34rem, 100dvh - 6.5rem); border: 1px solid var(--line); border-radius: var(--radius); background: var(--paper); box-shadow: 0 .75rem 2.5rem #0003; overflow: clip; }
header { display: flex; align-items: center; gap: .5rem; padding: .625rem .5rem .625rem 1rem; border-block-end: 1px solid var(--line); }
h2 { flex: 1; margin: 0; font-size: 1.0625rem; font-weight: 650; letter-spacing: -.01em; }
.icon { display: grid; place-items: center; inline-size: 2.75rem; block-size: 2.75rem; border: 0; border-radius: .625rem; background: none; color: var(--quiet); }
.icon:hover { background: var(--raised); color: var(--ink); }
.state { margin: 0; padding: .5rem 1rem; background: var(--away-ground); color: var(--away); font-size: .875rem; }
.log { flex: 1; overflow-y: auto; overscroll-behavior: contain; padding: 1rem; scrollbar-width: thin; }
.log ol { display: flex; flex-direction: column; margin: 0; padding: 0; list-style: none; min-block-size: 100%; justify-content: end; }
.message { display: grid; justify-items: start; padding-block: .25rem; max-inline-size: 100%; }
.message.visitor { justify-items: end; }
.bubble { max-inline-size: 85%; margin: 0; padding: .5rem .75rem; border-radius: var(--radius); border-end-start-radius: .25rem; background: var(--raised); overflow-wrap: anywhere; white-space: pre-wrap; }
.visitor .bubble { border-end-start-radius: var(--radius); border-end-end-radius: .25rem; background: var(--accent); color: var(--on-accent); }
.author { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.delivery { margin: .125rem 0 0; color: var(--quiet); font-size: .8125rem; }
.failed .delivery { color: var(--bad); }
.delivery button, .again { min-block-size: 1.5rem; padding: 0 .25rem; border: 0; background: none; color: inherit; font-weight: 600; text-decoration: underline; text-underline-offset: .15em; }
.notice { margin: 0; padding: .5rem 1rem; border-block-start: 1px solid var(--line); color: var(--quiet); font-size: .875rem; text-wrap: pretty; }
form { display: flex; align-items: end; gap: .5rem; padding: .625rem; border-block-start: 1px solid var(--line); }
textarea { flex: 1; min-inline-size: 0; max-block-size: 8rem; min-block-size: 2.75rem; padding: .5625rem .75rem; border: 1px solid light-dark(#8c97a4, #66727f); border-radius: .75rem; background: var(--paper); resize: none; field-sizing: content; }
textarea::placeholder { color: var(--quiet); opacity: 1; }
.send { display: grid; place-items: center; flex: none; inline-size: 2.75rem; block-size: 2.75rem; border: 0; border-radius: 50%; background: var(--accent); color: var(--on-accent); }
@media (max-width: 30rem) {
  :host([open]) { inset: 0; }
  :host([open]) .launcher { display: none; }
  .panel { inline-size: 100vw; block-size: 100dvh; border: 0; border-radius: 0; }
}
@media (prefers-reduced-motion: no-preference) {
  .panel { animation: rise .16s ease-out; }
  @keyframes rise { from { translate: 0 .5rem; opacity: 0; } }
}
@media (forced-colors: active) {
  .launcher, .send, .bubble { border: 1px solid; }
}
`;
