/** The runtimes that evaluate in this process: whole documents (`full`), and programs in the engine of a page. */

/** Keeps the document in force; none while the last was refused. */
function documents(full) {
  let ruleset;
  return {
    inForce: () => ruleset,
    take(text) {
      ruleset?.close();
      ruleset = undefined;
      try {
        ruleset = full.compile(text);
      } catch {
        return false;
      }
      return true;
    },
  };
}

/** Answers by the `full` build. */
export function fullRuntime(full) {
  const { inForce, take } = documents(full);
  return {
    document: take,
    ask: ({ flag, context, default: callers, now }) => inForce().evaluate(flag, callers, context, now),
    bucket: full.bucket,
  };
}

/**
 * Answers by the engine, with a program that `full` makes for what the line says is known. Every other question is answered as a
 * page does, all flags at once and the answer read where it stands; the rest one by one.
 */
export function programRuntime(full, engine) {
  const { inForce, take } = documents(full);
  let turn = 0;
  const program = (known, context) => {
    if (known !== undefined) return inForce().program(known);
    try {
      return inForce().program(identityOf(context));
    } catch {
      // The context is refused, as its question will be.
      return inForce().program({});
    }
  };
  return {
    document: take,
    ask({ flag, context, default: callers, now, known }) {
      try {
        engine.load(program(known, context));
      } catch {
        return 'invalid line';
      }
      if (turn++ % 2 === 0) return engine.ask(flag, callers, context, now);
      engine.identify(context, now);
      return engine.details(flag, callers);
    },
    bucket: full.bucket,
  };
}

/** For whom a program is made where nothing is said: customer and organization, as far as the context has them. */
function identityOf(context) {
  const identity = {};
  for (const name of ['customerId', 'organizationId']) {
    if (typeof context === 'object' && context !== null && Object.hasOwn(context, name)) identity[name] = context[name];
  }
  return identity;
}
