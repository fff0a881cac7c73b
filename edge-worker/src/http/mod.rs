//! What the edge serves, and to whom, without the runtime: nothing here asks anybody, waits, or knows the time.
pub(crate) mod rights;
pub(crate) mod routes;
