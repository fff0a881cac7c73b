/** A version of the flag server's store: the number of a change, and the epoch, which a restore draws anew. */
export interface Version {
  readonly epoch: string;
  readonly number: number;
}

/** The version that a text spells, such as `0a1b2c3d4e5f.12`; absent where it spells none. */
export function versionOf(text: string | null | undefined): Version | undefined {
  const found = /^([0-9a-f]{12})\.(\d{1,10})$/.exec(text ?? '');
  return found ? { epoch: found[1]!, number: Number(found[2]) } : undefined;
}

export const spelled = ({ epoch, number }: Version): string => `${epoch}.${number}`;
