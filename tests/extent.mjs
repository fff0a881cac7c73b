/** The extent of a test run: `cargo xtask test` tries fewer cases than `cargo xtask test --all`. */

/** Chooses a number of cases by the extent. A file that is run by hand tries the usual number. */
export function extent({ usual, all }) {
  return process.env.TWINFLAG_EXTENT === 'all' ? all : usual;
}
