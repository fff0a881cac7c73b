/** Who visits: what stands in the form. */
import type { EvaluationContext } from '@twinflag/client';

/** Whose overrides may count; a program is made for one customer and one organization. */
const IDENTITY = ['customerId', 'organizationId'] as const;
const FIELDS = [...IDENTITY, 'userId', 'plan', 'country'] as const;

export type Visitor = EvaluationContext & { readonly [field in (typeof FIELDS)[number]]?: string };

/** People worth a look, by the number of their button in the page. */
const PEOPLE: readonly Visitor[] = [
  { userId: 'grace', plan: 'free', country: 'NZ' },
  { userId: 'mary' },
  { userId: 'ada' },
  { customerId: 'customer-123', organizationId: 'org-456', userId: 'grace' },
  { organizationId: 'org-classic', userId: 'grace' },
];

/** An empty field is an absent attribute. */
export function readVisitor(form: HTMLFormElement): Visitor {
  const fields = new FormData(form);
  const given = FIELDS.map(name => [name, String(fields.get(name) ?? '').trim()] as const).filter(([, text]) => text !== '');
  const visitor = Object.fromEntries(given) as Visitor;
  return visitor.userId === undefined ? visitor : { targetingKey: visitor.userId, ...visitor };
}

/** Puts one of {@link PEOPLE} into the form. */
export function fillIn(form: HTMLFormElement, person: number): void {
  for (const name of FIELDS) {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = PEOPLE[person]?.[name] ?? '';
  }
}

export function sameIdentity(a: Visitor, b: Visitor): boolean {
  return IDENTITY.every(name => a[name] === b[name]);
}
