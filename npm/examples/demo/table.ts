/** The table of flags: what the page says, what the edge says, and whether they agree. */
import { type Answer, same } from './answer.js';
import { make, sign } from './dom.js';
import { grouped } from './groups.js';
import { type Explanation, showExplanation } from './steps.js';

/** What one side can say at the moment. */
export type Side =
  | { readonly state: 'answered'; readonly answers: ReadonlyMap<string, Answer>; readonly version: string | undefined }
  | { readonly state: 'asking' }
  /** Nothing is to be had, and why in two or three words. */
  | { readonly state: 'away'; readonly words: string };

export type Verdict = 'same' | 'different' | 'unknown';

export class FlagTable {
  #rows = new Map<string, Row>();

  constructor(
    private readonly table: HTMLTableElement,
    private readonly opened: () => void,
  ) {}

  /** The flags whose explanation is open. */
  get open(): string[] {
    return [...this.#rows.values()].filter(({ isOpen }) => isOpen).map(({ key }) => key);
  }

  /** Shows both sides; returns how many flags agree, differ, or are not compared: those with one answer only, or with answers of two versions. */
  show(page: Side, edge: Side): Record<Verdict, number> {
    const keys = [...(page.state === 'answered' ? page.answers : edge.state === 'answered' ? edge.answers : this.#rows).keys()];
    if (keys.length > 0 && (keys.length !== this.#rows.size || keys.some(key => !this.#rows.has(key)))) this.#lay(keys);
    const counts = { same: 0, different: 0, unknown: 0 };
    for (const row of this.#rows.values()) counts[row.show(page, edge)]++;
    return counts;
  }

  /** Shows explanations in the rows that are open, or instead of them what stands in the way. */
  explain(explanations: ReadonlyMap<string, Explanation> | string): void {
    for (const row of this.#rows.values())
      if (row.isOpen) row.explain(typeof explanations === 'string' ? explanations : explanations.get(row.key));
  }

  #lay(keys: readonly string[]): void {
    for (const body of [...this.table.tBodies]) body.remove();
    this.#rows = new Map(keys.map((key, index) => [key, new Row(key, `why-${index}`, this.opened)]));
    for (const { title, note, keys: members } of grouped(keys)) {
      const head = make('th', { scope: 'rowgroup', colspan: '7', role: 'rowheader' }, title, ' ', make('span', { class: 'note' }, note));
      const body = make('tbody', { role: 'rowgroup' }, make('tr', { class: 'group', role: 'row' }, head));
      for (const key of members) body.append(...this.#rows.get(key)!.elements);
      this.table.append(body);
    }
  }
}

/** A flag's row, and below it the one with the explanation. */
class Row {
  readonly elements: readonly [HTMLTableRowElement, HTMLTableRowElement];
  isOpen = false;
  #button: HTMLButtonElement;
  #cells: Record<'page' | 'edge' | 'verdict' | 'reason' | 'layer' | 'bucket', HTMLTableCellElement>;
  #why = make('div', { class: 'why-body' });

  constructor(
    readonly key: string,
    id: string,
    private readonly opened: () => void,
  ) {
    const cell = (name: string, label: string) => make('td', { role: 'cell', class: name, 'data-label': label });
    this.#cells = {
      page: cell('page', 'This page'),
      edge: cell('edge', 'The edge'),
      verdict: cell('verdict', ''),
      reason: cell('reason', 'Reason'),
      layer: cell('layer', 'Layer'),
      bucket: cell('bucket', 'Bucket'),
    };
    const name = make('span', { class: 'key' }, ...breakable(key));
    this.#button = make(
      'button',
      { type: 'button', 'aria-expanded': 'false', 'aria-controls': id, title: 'How this answer comes about' },
      make('span', { class: 'chevron', 'aria-hidden': 'true' }),
      name,
    );
    this.#button.addEventListener('click', () => this.#toggle());
    const row = make(
      'tr',
      { class: 'flag', role: 'row', 'data-flag': key },
      make('th', { scope: 'row', role: 'rowheader' }, this.#button),
      ...Object.values(this.#cells),
    );
    const why = make('tr', { class: 'why', role: 'row', id, hidden: '' }, make('td', { role: 'cell', colspan: '7' }, this.#why));
    this.elements = [row, why];
  }

  show(page: Side, edge: Side): Verdict {
    const [inPage, atEdge] = [answerOf(page, this.key), answerOf(edge, this.key)];
    fill(this.#cells.page, showSide(page, inPage));
    fill(this.#cells.edge, showSide(edge, atEdge));
    const known = inPage ?? atEdge;
    fill(this.#cells.reason, known ? breakable(known.errorCode ?? known.reason) : []);
    fill(this.#cells.layer, known?.layer ? [known.layer] : []);
    fill(this.#cells.bucket, inPage?.bucket === undefined ? [] : [inPage.bucket.toLocaleString('en')]);
    const verdict: Verdict = !inPage || !atEdge || !isOfOneVersion(page, edge) ? 'unknown' : same(inPage, atEdge) ? 'same' : 'different';
    fill(
      this.#cells.verdict,
      { same: sign('=', 'the same'), different: sign('≠', 'different'), unknown: sign('·', 'not compared') }[verdict],
    );
    this.elements[0].dataset.verdict = verdict;
    return verdict;
  }

  explain(explanation: Explanation | string | undefined): void {
    if (typeof explanation === 'string' || !explanation)
      this.#why.replaceChildren(make('p', { class: 'quiet' }, explanation || 'The edge does not know this flag.'));
    else this.#why.replaceChildren(showExplanation(explanation));
  }

  #toggle(): void {
    this.isOpen = !this.isOpen;
    this.#button.setAttribute('aria-expanded', String(this.isOpen));
    this.elements[1].hidden = !this.isOpen;
    if (!this.isOpen) return;
    this.explain('Asking the edge how this came about…');
    this.opened();
  }
}

/** A long name may break where its parts meet. */
function breakable(name: string): Node[] {
  return name.split(/(?<=[._])/).flatMap(part => [document.createTextNode(part), make('wbr')]);
}

/** Returns true if both sides answer from one version. Those of two versions may differ, and nothing is wrong. */
export function isOfOneVersion(a: Side, b: Side): boolean {
  return a.state === 'answered' && b.state === 'answered' && a.version === b.version;
}

function answerOf(side: Side, key: string): Answer | undefined {
  return side.state === 'answered' ? side.answers.get(key) : undefined;
}

function showSide(side: Side, answer: Answer | undefined): (Node | string)[] {
  if (side.state === 'asking') return [make('span', { class: 'quiet' }, ...sign('…', 'asking'))];
  if (side.state === 'away') return [make('span', { class: 'away' }, side.words)];
  if (!answer) return [make('span', { class: 'away' }, 'unknown flag')];
  if (answer.errorCode) return [make('span', { class: 'value error' }, 'error')];
  if (typeof answer.value === 'boolean') return [make('span', { class: answer.value ? 'value on' : 'value' }, answer.value ? 'on' : 'off')];
  return [make('span', { class: 'value' }, answer.value === undefined ? 'default in the code' : JSON.stringify(answer.value))];
}

/** Replaces what stands in a cell where it says something else: what stays the same is not drawn again. */
function fill(cell: HTMLElement, content: readonly (Node | string)[]): void {
  const next = make('td', {}, ...content);
  if (next.innerHTML !== cell.innerHTML) cell.replaceChildren(...next.childNodes);
}
