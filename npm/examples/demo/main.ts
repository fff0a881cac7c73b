/** One flag, asked of the edge and of the engine in this page. */
import { askEngine } from './engine.js';
import { askEdge, type Answer, type Context } from './edge.js';

const form = element('question', HTMLFormElement);
let asked = 0;

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void ask();
});
void ask();

async function ask(): Promise<void> {
  const turn = ++asked;
  const fields = new FormData(form);
  const context: Context = {};
  for (const name of ['userId', 'customerId'] as const) {
    const text = String(fields.get(name) ?? '').trim();
    if (text) context[name] = text;
  }
  if (context.userId) context.targetingKey = context.userId;
  const flag = String(fields.get('flag')).trim();
  const [edge, engine] = await Promise.all([askEdge(flag, context), askEngine(flag, context)]);
  // An answer that comes after the next question is not shown.
  if (turn !== asked) return;
  show('edge', edge);
  show('engine', engine);
  compare(edge, engine);
}

function show(id: string, answer: Answer): void {
  const place = element(id, HTMLElement);
  if ('refusal' in answer) return place.replaceChildren(paragraph('refusal', answer.refusal));
  const value = document.createElement('output');
  value.className = 'value';
  value.textContent = answer.value === undefined ? 'the default in the code' : JSON.stringify(answer.value);
  const list = document.createElement('dl');
  for (const [term, text] of [['Variant', answer.variant], ['Reason', answer.reason], ['Layer', answer.layer]] as const) {
    if (text === undefined) continue;
    const dt = document.createElement('dt');
    const dd = document.createElement('dd');
    dt.textContent = term;
    dd.textContent = text;
    list.append(dt, dd);
  }
  place.replaceChildren(value, list);
}

function compare(edge: Answer, engine: Answer): void {
  const verdict = element('verdict', HTMLElement);
  const same = JSON.stringify(edge) === JSON.stringify(engine);
  verdict.dataset.same = String(same);
  verdict.textContent = same ? 'Both say the same.' : 'They differ.';
}

function paragraph(className: string, text: string): HTMLElement {
  const p = document.createElement('p');
  p.className = className;
  p.textContent = text;
  return p;
}

function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`no #${id} in the page`);
  return found;
}
