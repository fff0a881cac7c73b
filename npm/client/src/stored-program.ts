/** The part of a client that keeps programs across reloads, as `storage()` of `@twinflag/client/storage` makes it; other pages load none of it. */
import type { EvaluationContext } from './types.js';

/** A program with what the edge said of it. */
export interface StoredProgram {
  readonly program: Uint8Array;
  readonly etag: string | undefined;
  /** The version that it was made from. */
  readonly version: string | undefined;
  /** The identity that the edge fixed for it. */
  readonly visitor: EvaluationContext | undefined;
  /** The attributes that the edge wanted to be told, where they are not the usual ones. */
  readonly known: readonly string[] | undefined;
}

export interface ProgramStore {
  /**
   * The program that was kept for this request and identity; absent if there is none, it is too old, or it is damaged. Never throws or rejects.
   *
   * @param requestOf the request that names these attributes; the usual ones, if they are absent
   * @param token the signed identity; absent for none
   */
  read(
    requestOf: (known: readonly string[] | undefined) => string,
    token: string | undefined,
  ): StoredProgram | undefined | Promise<StoredProgram | undefined>;
  /** Keeps a program in place of the one before; without one, keeps none. Never throws. */
  write(request: string, token: string | undefined, stored?: StoredProgram): void;
}

/** The option `storage` of a client. */
export type MakeStore = (url: string, clientKey: string) => ProgramStore;
