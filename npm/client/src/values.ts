/** Values of flags and their types. */

/** The types in the order of their numbers in `sdk-core/src/model/details.rs`, counted from one. */
const TYPES: readonly string[] = ['boolean', 'string', 'number', 'object'];

/** The number of the type that a default asks for; 0, any, for null and undefined. */
export function requestedType(defaultValue: unknown): number {
  return defaultValue == null ? 0 : TYPES.indexOf(typeof defaultValue) + 1;
}

/** The value of a JSON text, frozen with all it holds. */
export const parseFrozen = (json: string): unknown => JSON.parse(json, (_, value) => Object.freeze(value) as unknown);

/** Freezes an object and all it holds: a flag's value is shared by whoever reads it. */
export function freeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) if (typeof member === 'object' && member) freeze(member as object);
  return Object.freeze(value);
}
