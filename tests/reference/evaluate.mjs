/** One flag's answer (sections 3 and 4): the steps in their order, nothing else. */
import { EMPTY, isContext, lookUp, unitOf } from './context.mjs';
import { holds, isSame } from './conditions.mjs';
import { isOfType } from './document.mjs';

/** What every ERROR answers: the caller's default, no variant and no layer. */
export function error(errorCode, callersDefault) {
  return { value: callersDefault, reason: 'ERROR', errorCode };
}

/**
 * The answer `{value?, variant?, reason, errorCode?, layer?, bucket?}` of a ruleset to one question.
 *
 * Values are scanned JSON. `bucket` is the number that the answering step compared, absent where it compared none.
 */
export function evaluate(ruleset, key, context = EMPTY, now = 0, callersDefault = undefined) {
  if (!isContext(context)) return error('INVALID_CONTEXT', callersDefault);
  const flag = ruleset.names.get(key);
  if (flag === undefined) return error('FLAG_NOT_FOUND', callersDefault);
  if (callersDefault !== undefined && callersDefault.type !== 'null' && !isOfType(flag.type, callersDefault)) {
    return error('TYPE_MISMATCH', callersDefault);
  }
  const asked = { ruleset, context, now, callersDefault, segments: ruleset.segments, kept: new Map() };
  if (flag.prerequisites.length > 0) settlePrerequisites(flag, asked);
  return answer(flag, asked);
}

function answer(flag, asked) {
  const { ruleset, context, now, callersDefault } = asked;
  const { rollout } = flag;
  const serve = (variant, reason, layer, bucket) => {
    if (variant === null) return { value: callersDefault, reason, layer };
    return { value: flag.variants.get(variant), variant, reason, layer, ...(bucket === undefined ? {} : { bucket }) };
  };
  const unit = (name) => unitOf(lookUp(context, name, now));
  const noUnit = ({ unfit }) => error(unfit ? 'INVALID_CONTEXT' : 'TARGETING_KEY_MISSING', callersDefault);

  // 1
  if (!flag.enabled || rollout?.isRolledBack) return serve(flag.off, 'DISABLED', 'kill');

  // 2
  if (!flag.prerequisites.every((prerequisite) => isMet(prerequisite, asked))) return serve(flag.off, 'PREREQUISITE_FAILED', 'kill');

  // 3, 4
  for (const [attribute, kind, layer] of [['customerId', 'customers', 'customer'], ['organizationId', 'organizations', 'organization']]) {
    const owner = unit(attribute).text;
    const variant = owner === undefined ? undefined : ruleset.overrides[kind].get(owner)?.get(flag.key);
    if (variant !== undefined) return serve(variant, 'TARGETING_MATCH', layer);
  }

  // 5, 6
  const isRunning = rollout?.isRunning === true;
  if (isRunning && (rollout.denyCount > 0 || rollout.allowCount > 0)) {
    const found = unit(flag.unit);
    if (found.unfit) return noUnit(found);
    if (found.text !== undefined && rollout.deny.has(found.text)) return serve(flag.off, 'TARGETING_MATCH', 'rollout');
    if (found.text !== undefined && rollout.allow.has(found.text)) return serve(flag.on, 'TARGETING_MATCH', 'rollout');
  }

  // 7
  for (const target of flag.targets) {
    const value = lookUp(context, target.attribute, now);
    if (value !== undefined && target.values.some((entry) => isSame(value, entry, false))) return serve(target.variant, 'TARGETING_MATCH', 'target');
  }

  // 8
  for (const rule of flag.rules) {
    if (rule.condition !== null && !holds(rule.condition, asked)) continue;
    if (rule.split === null) return serve(rule.variant, 'TARGETING_MATCH', 'rule');
    const found = unit(rule.split.unit);
    if (found.text === undefined) return noUnit(found);
    const bucket = ruleset.draw(flag.hash, rule.split.salt, found.text);
    let cumulative = 0;
    for (const part of rule.split.parts) {
      cumulative += part.weight;
      if (cumulative > bucket) return serve(part.variant, 'SPLIT', 'rule', bucket);
    }
  }

  // 9
  const isListOnly = rollout?.tier === 1 && rollout.allowCount > 0;
  if (isRunning && !isListOnly && rollout.threshold > 0) {
    if (rollout.threshold === 100_000) return serve(flag.on, 'SPLIT', 'rollout');
    const found = unit(flag.unit);
    if (found.text === undefined) return noUnit(found);
    const bucket = ruleset.draw(flag.hash, flag.salt, found.text);
    if (bucket < rollout.threshold) return serve(flag.on, 'SPLIT', 'rollout', bucket);
  }

  // 10, 11
  const isStatic = flag.prerequisites.length === 0 && flag.targets.length === 0 && flag.rules.length === 0 && !isRunning;
  const isNamed = ruleset.environment !== undefined && flag.environments.has(ruleset.environment);
  const variant = isNamed ? flag.environments.get(ruleset.environment) : flag.default;
  return serve(variant, isStatic && variant !== null ? 'STATIC' : 'DEFAULT', isNamed ? 'environment' : 'default');
}

/** Answers everything a flag leads to, each once and the farthest first, so that no chain is too long. */
function settlePrerequisites(flag, asked) {
  const names = (each) => each.prerequisites.map(({ name }) => asked.ruleset.names.get(name));
  const open = names(flag);
  while (open.length > 0) {
    const next = open[open.length - 1];
    const waiting = asked.kept.has(next) ? [] : names(next).filter((each) => !asked.kept.has(each));
    if (waiting.length > 0) {
      open.push(...waiting);
      continue;
    }
    open.pop();
    if (!asked.kept.has(next)) asked.kept.set(next, answer(next, { ...asked, callersDefault: undefined }));
  }
}

function isMet({ name, variants }, { ruleset, kept }) {
  const { variant } = kept.get(ruleset.names.get(name));
  return variant !== undefined && variants.has(variant);
}
