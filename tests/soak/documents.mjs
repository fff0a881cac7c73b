/** The documents of a soak: sound ones, each with its number in it, so that every import is another. */

export const CUSTOMERS = Array.from({ length: 8 }, (_, at) => `c-${at}`);
export const ORGANIZATIONS = ['o-0', 'o-1', 'o-2'];
/** Flags that operators switch, by the names they use for them. */
export const SWITCHES = ['plain', 'newUi', 'menu.compact', 'season.summer', 'season.winter'];
export const ROLLOUTS = ['pilot.search', 'pilot.export', 'pilot.mail'];
export const THEMES = ['light', 'dark', 'contrast'];

/** How many flags are another in every document: what an import writes takes a while. */
const FILLERS = 12;
const KEY = '000102030405060708090a0b0c0d0e0f';

/** @param {string[]} seasons flags that this document has and others do not. */
export function documentOf(number, seasons = SWITCHES.filter(name => name.startsWith('season.'))) {
  const rollout = { unit: 'customerId', rollout: { status: 'planned', tier: 0 } };
  const fillers = Array.from({ length: FILLERS }, (_, at) => [`filler.${at}`, { metadata: { number } }]);
  return {
    schema: 'twinflag/1',
    environment: 'production',
    bucketKey: KEY,
    segments: { early: { attribute: 'customerId', op: 'in', values: [CUSTOMERS[number % CUSTOMERS.length]] } },
    flags: {
      plain: {},
      'ui.new': { aliases: ['newUi'], default: 'on', description: `number ${number}` },
      'menu.compact': { rules: [{ if: { segment: 'early' }, serve: 'on' }] },
      theme: { type: 'string', variants: Object.fromEntries(THEMES.map(theme => [theme, theme])), default: 'light', off: 'light' },
      ...Object.fromEntries(ROLLOUTS.map(key => [key, rollout])),
      ...Object.fromEntries(seasons.map(key => [key, { default: 'on' }])),
      ...Object.fromEntries(fillers),
    },
  };
}
