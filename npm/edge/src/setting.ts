/** What runtimes keep their environment in; none of them has to be there. */
interface Runtime {
  readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> };
  readonly Deno?: { readonly env: { get(name: string): string | undefined } };
}

/** A variable of the environment, where there is one and it says something. */
export function setting(name: string): string | undefined {
  const { process, Deno } = globalThis as Runtime;
  return process?.env?.[name] || Deno?.env.get(name) || undefined;
}
