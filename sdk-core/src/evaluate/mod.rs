//! Evaluation: walking the steps of a flag for one context at one moment; and views of the flags that can be evaluated.
mod answer;
mod dependants;
pub(crate) mod describe;
mod differences;
pub(crate) mod evaluation;
pub(crate) mod explain;
pub(crate) mod flag_view;
mod numbering;
pub(crate) mod overrides;
pub(crate) mod restated;
pub(crate) mod ruleset;
pub(crate) mod ruleset_at;
pub(crate) mod scratch;
pub(crate) mod sql_rows;
pub(crate) mod visit;
pub(crate) mod walk;

pub use answer::Include;
