/** What is in force, as far as the records of the audit trail tell: they are read in their order, and nothing else is. */
export class Told {
  /** By key: `definition`, which is undefined for a flag that was removed, and `state`. */
  flags = new Map();
  /** By pointer: members of the document, segments. */
  members = new Map();
  /** By `customers/c-1`: the variant of each flag. */
  overrides = new Map();
  /** By customer: the organization. */
  memberships = new Map();

  take({ action, flagPath, pointer, customerId, organizationId, newJson }) {
    if (action === 'customer.assign') return put(this.memberships, customerId, newJson);
    const owner = customerId === undefined ? organizationId && `organizations/${organizationId}` : `customers/${customerId}`;
    if (owner !== undefined) {
      // One that names no flag tells of another order, or another spelling.
      if (flagPath === undefined) return;
      const own = this.overrides.get(owner) ?? new Map();
      put(own, flagPath, newJson);
      return put(this.overrides, owner, own.size > 0 ? own : undefined);
    }
    if (flagPath === undefined) return put(this.members, pointer, newJson);
    const flag = this.flags.get(flagPath) ?? { state: {} };
    // A flag that is removed keeps its state, for when it returns.
    this.flags.set(flagPath, flag);
    if (action === 'import.definition') return void (flag.definition = newJson);
    if (action === 'import.state') return void (flag.state = newJson ?? {});
    if (action.startsWith('flag.')) flag.state = { ...flag.state, enabled: newJson.enabled };
    else flag.state = { ...flag.state, rollout: newJson.rollout };
  }

  /** The document that this is, without a bucket key, which no record tells. */
  document() {
    const segments = {};
    const rest = {};
    for (const [pointer, json] of this.members) {
      const [, section, name] = pointer.split('/');
      if (section === 'segments') segments[name] = json;
      else if (section && section !== 'bucketKey') rest[section] = json;
    }
    const overrides = {};
    for (const [owner, own] of this.overrides) {
      const [section, id] = owner.split('/');
      (overrides[section] ??= {})[id] = Object.fromEntries(own);
    }
    const flags = [...this.flags]
      .filter(([, { definition }]) => definition !== undefined)
      .map(([key, { definition, state }]) => [key, { ...definition, ...state }]);
    return { schema: 'twinflag/1', ...rest, segments, flags: Object.fromEntries(flags), overrides };
  }
}

const put = (map, key, value) => (value === undefined ? map.delete(key) : map.set(key, value));
