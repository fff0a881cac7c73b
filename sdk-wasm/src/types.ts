/** One error of a document, with its place. */
export interface DocumentFault {
  /** The place of the error: a JSON pointer (RFC 6901). */
  readonly pointer: string;
  readonly message: string;
}

/** The tables of a flag, by which a number that `decide` returns is read. */
export interface FlagTables {
  readonly type: 'boolean' | 'string' | 'number' | 'object';
  readonly variants: readonly FlagVariant[];
  /** The flag's metadata: canonical JSON text of an object; absent if the flag has none. */
  readonly metadata?: string;
}

/** A variant of a flag, in the order of their numbers. */
export interface FlagVariant {
  readonly name: string;
  /** Absent for a flag whose values are objects. */
  readonly value?: boolean | string | number;
  /** Of a flag whose values are objects: canonical JSON text. */
  readonly json?: string;
}
