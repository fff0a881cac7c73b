/** One flag's answer (sections 3 and 4): the steps in their order, nothing else. */

import { holds, isSame } from './conditions.mjs';
import { EMPTY, isContext, lookUp, unitOf } from './context.mjs';
import { isOfType } from './document.mjs';

/** An ERROR: the caller's default, no variant and no layer. */
export function error(errorCode, callersDefault) {
  return { value: callersDefault, reason: 'ERROR', errorCode };
}

/**
 * The answer `{value?, variant?, reason, errorCode?, layer?, bucket?, step?, metadata?}` of a ruleset to one question.
 *
 * Values and metadata are scanned JSON. `bucket` is the number that the answering step compared, absent where it compared none. `step` is
 * the index of the step that answered or raised the error, absent where an error came before the steps.
 */
export function evaluate(ruleset, key, context = EMPTY, now = 0, callersDefault = undefined) {
  if (!isContext(context)) return error('INVALID_CONTEXT', callersDefault);
  const flag = ruleset.names.get(key);
  if (flag === undefined) return error('FLAG_NOT_FOUND', callersDefault);
  const details = answerOfType(flag, { ruleset, context, now, callersDefault, kept: new Map() });
  return details.errorCode === 'INVALID_CONTEXT' ? details : { ...details, metadata: flag.metadata };
}

function answerOfType(flag, asked) {
  const { callersDefault } = asked;
  const fixesType = callersDefault !== undefined && callersDefault.type !== 'null';
  if (fixesType && !isOfType(flag.type, callersDefault)) return error('TYPE_MISMATCH', callersDefault);
  settlePrerequisites(flag, asked);
  return answer(flag, asked);
}

/** The indices of a flag's steps in their order, as if every step were there; targets and rules have one each. */
function stepsOf({ targets, rules }) {
  const [target, rule] = [7, 7 + targets.length];
  const rollout = rule + rules.length;
  const fixed = { disabled: 0, rolledBack: 1, prerequisites: 2, customer: 3, organization: 4, deny: 5, allow: 6 };
  return { ...fixed, target, rule, rollout, environment: rollout + 1, default: rollout + 2 };
}

function answer(flag, asked) {
  const { ruleset, context, now, callersDefault } = asked;
  const { rollout } = flag;
  const steps = stepsOf(flag);
  const serve = (step, variant, reason, layer, bucket) => {
    if (variant === null) return { value: callersDefault, reason, layer, step };
    return { value: flag.variants.get(variant), variant, reason, layer, step, ...(bucket === undefined ? {} : { bucket }) };
  };
  const unit = name => unitOf(lookUp(context, name, now));
  const noUnit = (step, { unfit }) => ({ ...error(unfit ? 'INVALID_CONTEXT' : 'TARGETING_KEY_MISSING', callersDefault), step });
  const scope = { context, now, segments: ruleset.segments, draw: ruleset.draw, hash: flag.hash, unit: flag.unit };

  // 1
  if (!flag.enabled) return serve(steps.disabled, flag.off, 'DISABLED', 'kill');
  if (rollout?.isRolledBack) return serve(steps.rolledBack, flag.off, 'DISABLED', 'kill');

  // 2
  if (!flag.prerequisites.every(prerequisite => isMet(prerequisite, asked))) {
    return serve(steps.prerequisites, flag.off, 'PREREQUISITE_FAILED', 'kill');
  }

  // 3, 4
  for (const [attribute, kind, layer] of [
    ['customerId', 'customers', 'customer'],
    ['organizationId', 'organizations', 'organization'],
  ]) {
    const owner = unit(attribute).text;
    const variant = owner === undefined ? undefined : ruleset.overrides[kind].get(owner)?.get(flag.key);
    if (variant !== undefined) return serve(steps[layer], variant, 'TARGETING_MATCH', layer);
  }

  // 5, 6
  const isRunning = rollout?.isRunning === true;
  for (const [name, variant] of isRunning
    ? [
        ['deny', flag.off],
        ['allow', flag.on],
      ]
    : []) {
    const { count, texts } = rollout[name];
    if (count === 0) continue;
    const found = unit(flag.unit);
    if (found.unfit) return noUnit(steps[name], found);
    if (found.text !== undefined && texts.has(found.text)) return serve(steps[name], variant, 'TARGETING_MATCH', 'rollout');
  }

  // 7
  for (const [i, target] of flag.targets.entries()) {
    const value = lookUp(context, target.attribute, now);
    const isHit = value !== undefined && target.values.some(entry => isSame(value, entry, false));
    if (isHit) return serve(steps.target + i, target.variant, 'TARGETING_MATCH', 'target');
  }

  // 8
  for (const [i, rule] of flag.rules.entries()) {
    if (rule.condition !== null && !holds(rule.condition, scope)) continue;
    if (rule.split === null) return serve(steps.rule + i, rule.variant, 'TARGETING_MATCH', 'rule');
    const found = unit(rule.split.unit);
    if (found.missing && flag.skipsMissingUnit) continue;
    if (found.text === undefined) return noUnit(steps.rule + i, found);
    const bucket = ruleset.draw(flag.hash, rule.split.salt, found.text);
    let cumulative = 0;
    for (const part of rule.split.parts) {
      cumulative += part.weight;
      if (cumulative > bucket) return serve(steps.rule + i, part.variant, 'SPLIT', 'rule', bucket);
    }
  }

  // 9
  const isListOnly = rollout?.tier === 1 && rollout.allow.count > 0;
  if (isRunning && !isListOnly && rollout.threshold > 0) {
    if (rollout.threshold === 100_000) return serve(steps.rollout, flag.on, 'SPLIT', 'rollout');
    const found = unit(flag.unit);
    if (found.unfit || (found.missing && !flag.skipsMissingUnit)) return noUnit(steps.rollout, found);
    if (found.text !== undefined) {
      const bucket = ruleset.draw(flag.hash, flag.salt, found.text);
      if (bucket < rollout.threshold) return serve(steps.rollout, flag.on, 'SPLIT', 'rollout', bucket);
    }
  }

  // 10, 11
  const isStatic = flag.prerequisites.length === 0 && flag.targets.length === 0 && flag.rules.length === 0 && !isRunning;
  const isNamed = ruleset.environment !== undefined && flag.environments.has(ruleset.environment);
  const layer = isNamed ? 'environment' : 'default';
  const variant = isNamed ? flag.environments.get(ruleset.environment) : flag.default;
  return serve(steps[layer], variant, isStatic && variant !== null ? 'STATIC' : 'DEFAULT', layer);
}

/** Answers every flag that this one leads to, each once and the farthest first, so that no chain is too long. */
function settlePrerequisites(flag, asked) {
  const targets = each => each.prerequisites.map(({ target }) => target).filter(target => target !== null);
  const open = targets(flag);
  while (open.length > 0) {
    const next = open[open.length - 1];
    const waiting = asked.kept.has(next) ? [] : targets(next).filter(each => !asked.kept.has(each));
    if (waiting.length > 0) {
      open.push(...waiting);
      continue;
    }
    open.pop();
    if (!asked.kept.has(next)) asked.kept.set(next, answer(next, { ...asked, callersDefault: undefined }));
  }
}

/** A prerequisite without a target is broken, and never met. */
function isMet({ target, variants }, { kept }) {
  const variant = target === null ? undefined : kept.get(target).variant;
  return variant !== undefined && variants.has(variant);
}
