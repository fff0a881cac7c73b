//! The kinds of changes, and the names under which records have them.

/// The kind of a change. The names are those that are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// An override was set or changed.
    OverrideSet,
    /// An override was removed.
    OverrideRemoved,
    /// A slice of an import changed the overrides of many owners; the new value counts them.
    OverridesImported,
    /// A flag was switched off.
    FlagKilled,
    /// A flag was switched on again.
    FlagRevived,
    /// A rollout was created.
    RolloutCreated,
    /// A rollout began.
    RolloutStarted,
    /// A rollout went on to its next tier.
    RolloutAdvanced,
    /// A rollout was paused.
    RolloutPaused,
    /// A paused rollout was resumed.
    RolloutResumed,
    /// A rollout was completed.
    RolloutCompleted,
    /// A rollout was rolled back.
    RolloutRolledBack,
    /// The percentage of a rollout was set.
    RolloutPercentage,
    /// The allow or deny list of a rollout was edited.
    RolloutLists,
    /// The guard of a rollout, or its conditions for advancing, were edited.
    RolloutGuard,
    /// A rule of the guard fired, and the guard left the rollout as it is, because the feature may not be the cause: no row changed.
    RolloutHeld,
    /// An import changed the definition of a flag or a segment, or the document itself.
    DefinitionImported,
    /// An import changed a flag's state.
    StateImported,
    /// A document brought an operator's edit of a flag or a segment as it was, so the definition is the import's own from now on: nothing
    /// else changed.
    EditAdopted,
    /// The definition of one flag or one segment was written or, without a new value, removed.
    DefinitionSet,
    /// A definition was refused and the last good one serves on; or, without a new value, the refused one is no longer kept.
    DefinitionRefused,
    /// A customer was assigned to another organization, or to none.
    CustomerAssigned,
    /// A key was created.
    KeyCreated,
    /// A key was rotated: it has a successor.
    KeyRotated,
    /// A key was revoked.
    KeyRevoked,
    /// The row of a key that ended long ago was removed.
    KeyForgotten,
    /// An API token was created.
    TokenCreated,
    /// An API token was revoked.
    TokenRevoked,
    /// The row of an API token that ended long ago was removed.
    TokenForgotten,
    /// The break-glass token was used, for the first time in an hour.
    BreakGlassUsed,
    /// The definition of a flag or a segment was copied from another environment.
    DefinitionCopied,
    /// An environment was registered.
    EnvironmentCreated,
    /// An environment was closed.
    EnvironmentRemoved,
    /// The store got a new epoch, because it was put back to an earlier state.
    EpochRenewed,
    /// A change was reverted.
    Reverted,
    /// A webhook was created.
    WebhookCreated,
    /// The terms of a webhook were changed.
    WebhookChanged,
    /// A webhook was removed.
    WebhookRemoved,
    /// The hub disabled a webhook, because its target takes no deliveries.
    WebhookDisabled,
    /// The rows that serve were taken as they are: releases whose records did not commit to rows had written some of them.
    Baseline,
    /// The payload of a record was erased.
    Erased,
    /// A command was scheduled.
    ScheduleAdded,
    /// A pending schedule was cancelled.
    ScheduleCancelled,
    /// A scheduled command was refused when it was due.
    ScheduleRefused,
    /// A scheduled command found the state as it wants it.
    ScheduleIdle,
}

const ACTIONS: [(Action, &str); 45] = [
    (Action::OverrideSet, "override.set"),
    (Action::OverrideRemoved, "override.remove"),
    (Action::OverridesImported, "override.import"),
    (Action::FlagKilled, "flag.kill"),
    (Action::FlagRevived, "flag.revive"),
    (Action::RolloutCreated, "rollout.create"),
    (Action::RolloutStarted, "rollout.start"),
    (Action::RolloutAdvanced, "rollout.advance"),
    (Action::RolloutPaused, "rollout.pause"),
    (Action::RolloutResumed, "rollout.resume"),
    (Action::RolloutCompleted, "rollout.complete"),
    (Action::RolloutRolledBack, "rollout.rollback"),
    (Action::RolloutPercentage, "rollout.percentage"),
    (Action::RolloutLists, "rollout.lists"),
    (Action::RolloutGuard, "rollout.guard"),
    (Action::RolloutHeld, "rollout.held"),
    (Action::DefinitionImported, "import.definition"),
    (Action::StateImported, "import.state"),
    (Action::EditAdopted, "import.adopt"),
    (Action::DefinitionSet, "definition.set"),
    (Action::DefinitionRefused, "import.refused"),
    (Action::CustomerAssigned, "customer.assign"),
    (Action::KeyCreated, "key.create"),
    (Action::KeyRotated, "key.rotate"),
    (Action::KeyRevoked, "key.revoke"),
    (Action::KeyForgotten, "key.forget"),
    (Action::TokenCreated, "token.create"),
    (Action::TokenRevoked, "token.revoke"),
    (Action::TokenForgotten, "token.forget"),
    (Action::BreakGlassUsed, "break-glass.use"),
    (Action::DefinitionCopied, "copy.definition"),
    (Action::EnvironmentCreated, "environment.create"),
    (Action::EnvironmentRemoved, "environment.remove"),
    (Action::EpochRenewed, "epoch.renew"),
    (Action::Reverted, "change.revert"),
    (Action::WebhookCreated, "webhook.create"),
    (Action::WebhookChanged, "webhook.change"),
    (Action::WebhookRemoved, "webhook.remove"),
    (Action::WebhookDisabled, "webhook.disable"),
    (Action::Baseline, "trail.baseline"),
    (Action::Erased, "trail.erase"),
    (Action::ScheduleAdded, "schedule.add"),
    (Action::ScheduleCancelled, "schedule.cancel"),
    (Action::ScheduleRefused, "schedule.refuse"),
    (Action::ScheduleIdle, "schedule.idle"),
];

impl Action {
    /// The name of the action, as it is stored.
    pub fn as_str(self) -> &'static str {
        ACTIONS.iter().find(|(action, _)| *action == self).map_or("", |(_, name)| name)
    }

    /// Returns true if a change of this kind writes rows, and so makes the version that its record names.
    pub fn makes_version(self) -> bool {
        !matches!(self, Self::Baseline | Self::Erased | Self::RolloutHeld)
    }

    /// The action with this name; `None` if there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        ACTIONS.iter().find(|(_, known)| *known == name).map(|(action, _)| *action)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn every_action_has_a_name_of_its_own() {
        let names: Vec<&str> = ACTIONS.iter().map(|(_, name)| *name).collect();
        for (action, name) in ACTIONS {
            assert_eq!((action.as_str(), Action::from_name(name)), (name, Some(action)));
            assert_eq!(names.iter().filter(|known| **known == name).count(), 1);
        }
        assert_eq!(Action::from_name("nothing"), None);
    }
}
