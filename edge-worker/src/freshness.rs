//! The rules of freshness: a read's wait for the hub by the age of the ruleset, and the hub's answer against the version that is held.
//!
//! Both are functions of numbers and versions; [`crate::ruleset_cache`] asks the hub and holds its answers.
use crate::version::Version;

/// The milliseconds for which the hub's last answer counts as current.
pub(crate) const FRESH_MS: i64 = 1_000;
/// The milliseconds for which the hub's last answer is current enough to answer first, and to ask the hub afterwards.
pub(crate) const RECENT_MS: i64 = 10_000;

/// The plan of a read, which depends on the time since the hub was last asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Plan {
    Answer,
    AnswerAndAsk,
    Ask,
}

pub(crate) fn plan(age_ms: i64, version: Version, min_version: Option<Version>) -> Plan {
    match age_ms {
        _ if min_version.is_some_and(|wanted| wanted.is_beyond(version)) => Plan::Ask,
        0..FRESH_MS => Plan::Answer,
        FRESH_MS..RECENT_MS => Plan::AnswerAndAsk,
        _ => Plan::Ask,
    }
}

/// The worth of the hub's answer to an isolate, in which other requests may have got newer answers meanwhile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Worth {
    /// Newer than the isolate's version: the isolate holds it from now on.
    Newer,
    /// The hub was restored: the isolate holds the answer, and forgets everything else.
    OtherEpoch,
    /// The isolate holds this version or a newer one already.
    Known,
    /// Older than the version that the hub was asked about: the hub has gone back within an epoch.
    Older,
    /// Of another epoch than the isolate's, which the isolate met after it had asked: either may be the hub's present one.
    Late,
}

impl Worth {
    /// Judges an answer by the version that the isolate held when it asked, and by the one that it holds now.
    pub(crate) fn of(answered: Version, since: Option<Version>, held: Option<Version>) -> Self {
        let Some(held) = held else { return Self::Newer };
        let since = since.filter(|since| since.epoch == held.epoch);
        match (answered.epoch == held.epoch, since) {
            (true, _) if answered.number > held.number => Self::Newer,
            (true, Some(since)) if answered.number < since.number => Self::Older,
            (true, _) => Self::Known,
            (false, Some(_)) => Self::OtherEpoch,
            (false, None) => Self::Late,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(age_ms: i64, min_version: Option<&str>, expected: Plan) {
        assert_eq!(plan(age_ms, version("0a1b2c3d4e5f.7"), min_version.map(version)), expected, "{age_ms} ms, {min_version:?}");
    }

    #[test]
    fn a_recent_ruleset_answers_first_and_an_older_one_is_refreshed_first() {
        check(0, None, Plan::Answer);
        check(999, None, Plan::Answer);
        check(1_000, None, Plan::AnswerAndAsk);
        check(9_999, None, Plan::AnswerAndAsk);
        check(10_000, None, Plan::Ask);
        // The clock was set back.
        check(-1, None, Plan::Ask);
    }

    #[test]
    fn a_request_that_names_a_newer_version_makes_the_isolate_ask_first() {
        check(0, Some("0a1b2c3d4e5f.8"), Plan::Ask);
        check(0, Some("0a1b2c3d4e5f.7"), Plan::Answer);
        check(5_000, Some("0a1b2c3d4e5f.6"), Plan::AnswerAndAsk);
        // A restored hub may stand at any number.
        check(0, Some("0a1b2c3d4e50.6"), Plan::Ask);
    }

    #[test]
    fn an_answer_of_another_epoch_is_taken_from_the_hub_that_was_asked_about_the_held_one() {
        let of = |answered, since: Option<&str>, held: Option<&str>| Worth::of(version(answered), since.map(version), held.map(version));
        let (first, second, third) = ("000000000001.7", "000000000002.3", "000000000003.9");
        assert_eq!(of(first, None, None), Worth::Newer);
        assert_eq!(of("000000000001.8", Some(first), Some(first)), Worth::Newer);
        assert_eq!(of("000000000001.6", Some(first), Some(first)), Worth::Older);
        assert_eq!(of("000000000001.8", Some(first), Some("000000000001.9")), Worth::Known);
        for restored in [second, "000000000002.7", third] {
            assert_eq!(of(restored, Some(first), Some(first)), Worth::OtherEpoch, "{restored}");
        }
        // Asked for before the restore, and answered after another request had met the new epoch.
        assert_eq!(of("000000000001.8", Some(first), Some(second)), Worth::Late);
        assert_eq!(of(second, Some(first), Some(third)), Worth::Late);
        assert_eq!(of(first, None, Some(second)), Worth::Late);
        assert_eq!(of(second, Some(first), Some("000000000002.4")), Worth::Known);
    }
}
