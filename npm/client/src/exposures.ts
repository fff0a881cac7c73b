/** The key under which listeners hear of exposures. It is no text, so that no flag has it. */
export const EXPOSURES = Symbol() as unknown as string;
