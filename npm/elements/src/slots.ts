/** The children of a `<feature-flag>` that an answer shows, by their slots. */
import type { FlagDetails } from '@twinflag/client';

/** A slot, and those that stand in for it if the element has no child for it. */
export interface SlotTree {
  readonly name: string;
  readonly fallback: readonly SlotTree[];
}

const slot = (name: string, fallback: readonly SlotTree[] = []): SlotTree => ({ name, fallback });

/**
 * The slots for an answer. A child whose `slot` is the variant's name is shown for it; otherwise `on` and children without a slot for a flag that is
 * on, `off` for one that is off or unknown, and children without a slot for a flag of another type.
 */
export function slotsOf({ value, variant, pending }: FlagDetails): readonly SlotTree[] {
  if (pending) return [slot('pending')];
  const isOff = value === false || variant === undefined;
  const sides = isOff ? [slot('off')] : value === true ? [slot('on'), slot('')] : [slot('')];
  return variant === undefined || sides.some(({ name }) => name === variant) ? sides : [slot(variant, sides)];
}
