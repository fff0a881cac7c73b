//! `GET /dashboard/sign-in`: the way to sign in to the dashboard besides a token. It tells only what an issuer tells every browser.
use serde::Serialize;

use crate::{http::response::Answer, openid::Provider, settings::Settings};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ways<'s> {
    /// The provider of `OpenID` Connect; absent if the deployment set none up.
    #[serde(skip_serializing_if = "Option::is_none")]
    open_id: Option<Provider<'s>>,
}

pub(crate) fn ways(settings: &Settings) -> Answer {
    Answer::of(&Ways { open_id: Provider::of(settings) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_without_a_provider_names_none() {
        assert_eq!(ways(&Settings::default()).body, b"{}");
    }
}
