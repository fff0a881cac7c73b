/** What a write did, as the audit trail has it. */

/** One thing that is different. */
export interface FlagChangeEvent {
  readonly customerId?: string;
  readonly organizationId?: string;
  /** The flag's key: `sessionPersistence.phase2.enhancedStorage`. */
  readonly flagPath: string;
  /** What the flag was for this owner; absent where it is no boolean. */
  readonly oldValue?: boolean;
  readonly newValue?: boolean;
  /** For whom it was done, where the write says so; else the token's subject. */
  readonly changedBy: string;
  readonly changedAt: Date;
  readonly reason: string;
}

/** What came of a write. */
export interface FlagWrite {
  /** False where everything was so already. */
  readonly changed: boolean;
  readonly changes: readonly FlagChangeEvent[];
  /** What may not have been meant. */
  readonly warnings: readonly string[];
  /** The version that holds it. */
  readonly version: number;
}

/** The answer to a write. */
export interface Written {
  readonly changed: boolean;
  readonly changes: readonly Record[];
  readonly version: number;
  readonly warnings: readonly string[];
}

/** A record, as far as it is read. */
interface Record {
  readonly changedAt: string;
  readonly changedBy: string;
  readonly customerId?: string;
  readonly flagPath?: string;
  readonly newValue?: boolean;
  readonly oldValue?: boolean;
  readonly onBehalfOf?: string;
  readonly organizationId?: string;
  readonly reason: string;
}

export function writeOf({ changed, changes, version, warnings }: Written): FlagWrite {
  return { changed, changes: changes.map(changeOf), version, warnings };
}

function changeOf({
  changedAt,
  changedBy,
  customerId,
  flagPath = '',
  newValue,
  oldValue,
  onBehalfOf,
  organizationId,
  reason,
}: Record): FlagChangeEvent {
  return {
    ...(customerId !== undefined && { customerId }),
    ...(organizationId !== undefined && { organizationId }),
    flagPath,
    ...(oldValue !== undefined && { oldValue }),
    ...(newValue !== undefined && { newValue }),
    changedBy: onBehalfOf ?? changedBy,
    changedAt: new Date(changedAt),
    reason,
  };
}
