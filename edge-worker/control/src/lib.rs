//! Steering: the commands of operators on flags, rollouts, overrides and keys.
//!
//! A command takes the current rows and returns the rows to write *and* their audit records, or a refusal: nothing changes without a
//! record. This crate is pure: it has no clock, no store and no HTTP. Reading order: [`Command`], [`execute`], [`Imported`].
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod answer_diff;
mod break_glass;
mod bulk;
mod bulk_export;
pub mod change;
mod command;
mod consequences;
mod copy;
mod define;
mod environment;
mod features;
pub mod guard;
mod import;
mod json_patch;
mod keys;
mod leaves;
pub mod lifecycle;
mod locks;
mod overrides;
mod owner_filter;
mod refusal;
mod restore;
mod revert;
mod rollout_commands;
mod rollout_overrides;
mod row_records;
pub mod rows;
pub mod schedules;
mod sound_rows;
mod spelled;
mod sql_edit;
mod state_row;
mod webhooks;

pub use answer_diff::{AnswerDiff, answer_diffs};
pub use break_glass::{break_glass, break_glass_used};
pub use bulk::{BulkMode, LineTree, OverrideLine, OverridesSlice};
pub use bulk_export::{changes_override, override_line};
pub use command::{
    Command, CommandOutcome, CurrentState, Event, MAX_ID, MAX_REASON, Supplies, apply, check_reason, draft, execute, organization_of,
    restate,
};
pub use consequences::{Consequence, ConsequenceKind, Edit, Edits, OverwrittenEdit, OverwrittenMember, OwnerRows};
pub use copy::{Copied, Definitions, Difference, definitions, difference};
pub use define::{DefinitionChange, Section};
pub use environment::{EnvironmentName, Registered, environments, first_environment};
pub use features::{Feature, features};
pub use import::{Allowed, Imported, Returned};
pub use json_patch::{PatchError, patched};
pub use keys::{
    Expiry, IDENTITY_ATTRIBUTES, Key, KeyCommand, KeyIdentity, KeyKind, KeyTerms, NewKey, NewKeySecret, OVERLAP_MS, RANDOM, Secret,
    TokenRole, is_origin, keys, token_holds,
};
pub use overrides::{overrides_of, overrides_without_flag, visitor};
pub use owner_filter::OwnerFilter;
pub use refusal::{Field, Refusal, RefusalKind, RefusalPlace};
pub use restore::{BeforeRestore, settle};
pub use revert::{Revert, Reverted, RevertedRow};
pub use rollout_commands::{GuardEdit, Lists, RolloutCommand, RolloutPlan};
pub use rollout_overrides::{MAX_OF_ROLLOUT, MAX_OF_ROLLOUTS, owners_of_rollout};
pub use sound_rows::{CompiledRows, compile_rows};
pub use sql_edit::{SqlEdit, edited_by_sql};
pub use webhooks::{
    MAX_WEBHOOKS, NewWebhook, NoticeKind, WEBHOOK_SECRET, Webhook, WebhookCommand, WebhookFormat, WebhookSecret, WebhookTerms, webhooks,
};
