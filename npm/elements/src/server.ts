/** The HTML of elements as a server renders it, whole before any script has run. */
import type { Bootstrap } from '@twinflag/client/bootstrap';

import { type SlotTree, slotsOf } from './slots.js';

const escaped = (name: string) => name.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
const htmlOf = ({ name, fallback }: SlotTree): string => `<slot name="${escaped(name)}">${fallback.map(htmlOf).join('')}</slot>`;

/**
 * The declarative shadow root of a `<feature-flag>`, to stand first in the element: with it a browser shows the children of the server's answer
 * before scripts have run.
 *
 * @param bootstrap the answers that the page begins with; a flag that is not among them shows its `pending` children
 */
export function flagShadow(bootstrap: Bootstrap, flagKey: string): string {
  const answer = Object.hasOwn(bootstrap.flags, flagKey) ? bootstrap.flags[flagKey]! : { reason: 'ERROR' as const, pending: true as const };
  const slots = slotsOf({ value: undefined, ...answer });
  return `<template shadowrootmode="open"><style>:host{display:contents}</style>${slots.map(htmlOf).join('')}</template>`;
}
