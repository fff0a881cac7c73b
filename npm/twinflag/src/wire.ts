/** The parts of the server's answers that commands use. `openapi.json` describes them in full. */

/** A rollout's state. */
export interface Rollout {
  readonly status: string;
  readonly percentage: number;
  readonly currentTier: string | null;
}

/** A flag's state. */
export interface Feature {
  readonly flagPath: string;
  readonly enabled: boolean;
  readonly status: string;
  readonly rollout: Rollout | null;
}

/** A flag in the list of flags, with its answer for a visitor of whom nothing is known. */
export interface ListedFeature extends Feature {
  readonly type: string;
  readonly description?: string;
  readonly evaluation: { readonly value: unknown };
}

/** A record of the audit trail. An erased one has its version alone. */
export interface Change {
  readonly erased?: true;
  readonly id: string;
  readonly version: number;
  readonly action: string;
  readonly changedAt: string;
  readonly changedBy: string;
  readonly reason: string;
  readonly flagPath?: string;
  readonly pointer?: string;
  readonly customerId?: string;
  readonly organizationId?: string;
  readonly oldJson?: unknown;
  readonly newJson?: unknown;
  /** The id of the change that this one took back. */
  readonly reverts?: string;
}

/** The answer to a command that changes something. */
export interface Written {
  readonly changed: boolean;
  readonly changes: readonly Change[];
  readonly version: number;
  readonly warnings: readonly string[];
  /** Effects of the command that the operator may not expect, though nothing is wrong. */
  readonly notes?: readonly string[];
  readonly feature?: Feature;
}

/** The progress of an import of overrides. Its counts are of lines. */
export interface OverridesImport {
  readonly import: string;
  /** The number of the last line that was taken. */
  readonly lines: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly repeated: number;
  readonly skipped: number;
  readonly errors: readonly LineError[];
  readonly version?: number;
}

/** The reason why a line of an import was refused. */
export interface LineError {
  readonly line: number;
  readonly code: string;
  readonly detail: string;
}

/** A place in a document, with what is to be said of it. */
export interface Fault {
  readonly pointer: string;
  readonly message: string;
}

/** Something that serves and that a change takes away. */
export interface Consequence {
  readonly kind: string;
  readonly pointer: string;
  readonly message: string;
  /** The number of customers and organizations whose override loses its effect. */
  readonly overrides: number;
  /** The flags and the owners of overrides that use what goes, as JSON pointers. */
  readonly usedBy: readonly string[];
  /** True if the request allows it. */
  readonly allowed: boolean;
  /** The name by which a request allows it to go; absent for an error. */
  readonly remove?: string;
  /** The name by which a request allows to take an operator's edit back. */
  readonly overwrite?: string;
  /** That edit. A server of an earlier release does not tell. */
  readonly edit?: OverwrittenEdit;
}

/** An operator's edit that a document overwrites. */
export interface OverwrittenEdit {
  readonly changedBy: string;
  readonly changedAt: string;
  /** The members that the document has otherwise, as JSON texts; none if the operator removed the definition. */
  readonly members: readonly {
    readonly name: string;
    /** The member before the edit, and since the edit. */
    readonly from?: string;
    readonly to?: string;
    readonly document?: string;
  }[];
}

/** The answer to an import, or to the trial of one. */
export interface Imported {
  readonly changes: readonly { readonly kind: 'added' | 'changed' | 'removed' | 'refused'; readonly pointer: string }[];
  /** The places at which the server keeps its state though the document has another. */
  readonly kept: readonly { readonly pointer: string }[];
  /** The definitions that serve and would go. A server of an earlier release does not tell. */
  readonly consequences?: readonly Consequence[];
  /** The flags with new keys, whose state and overrides go on. */
  readonly renamed?: readonly { readonly from: string; readonly to: string }[];
  /** The flags that were removed before, with the state and the number of overrides that they had. */
  readonly returned?: readonly { readonly flag: string; readonly enabled: boolean; readonly overrides: number }[];
  readonly errors: readonly Fault[];
  readonly errorCount: number;
  readonly warnings: readonly Fault[];
  readonly version: number;
}

/** Overrides of one owner: variants by the keys of flags, nested by their dots. */
export interface OverrideTree {
  readonly [step: string]: boolean | string | OverrideTree;
}

/** A target of a flag: values of an attribute that get a variant. */
export interface Target {
  readonly attribute?: string;
  readonly values: readonly unknown[];
  readonly variant: string;
}

/** A flag's definition. */
export interface Flag {
  readonly type?: string;
  readonly aliases?: readonly string[];
  readonly description?: string;
  readonly variants?: Readonly<Record<string, unknown>>;
  /** The variants for on and for off. */
  readonly on?: string;
  readonly off?: string;
  readonly targets?: readonly Target[];
  readonly [member: string]: unknown;
}

/** A document. */
export interface Document {
  readonly flags?: Readonly<Record<string, Flag>>;
  readonly overrides?: {
    readonly customers?: Readonly<Record<string, OverrideTree>>;
    readonly organizations?: Readonly<Record<string, OverrideTree>>;
  };
  readonly [member: string]: unknown;
}
