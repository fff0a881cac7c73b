// The load on the function get-personalization-data, for k6 and for Node: it imports nothing, because k6 has no modules of Node.

/** The number of users, each with a token of their own. */
export const USERS = 50;
/** The length of the whole run, in seconds. */
export const DURATION_S = 300;
/** The time between two requests of a user: 24 requests a minute, where the edge lets 30 pass. */
export const PACE_MS = 2_500;
/** The most requests of one user that the edge lets pass in a minute. */
export const MOST_A_MINUTE = 30;
/** The response time below which 95 of 100 requests should stay, and the share of requests that may fail. */
export const TARGETS = { p95Ms: 100, failed: 0.005 };
