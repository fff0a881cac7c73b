//! Requests that the worker sends to addresses of others. None follows a redirect: it may lead to another party.
use worker::{AbortSignal, CacheMode, Env, Fetch, Request, RequestInit, RequestRedirect, Response, web_sys};

/// The binding of the network service for addresses that the deployment says are private: it reaches this machine and private networks,
/// and nothing else.
const INSIDE: &str = "INSIDE";

/// The reason why a request was not answered. The runtime's own text may contain the address, and the address a secret.
pub(crate) enum Unanswered {
    /// The text is no address.
    NoAddress,
    /// The worker has no binding `INSIDE`.
    NoBinding,
    /// The address cannot be reached on the network that was chosen.
    Unreached,
}

/// Sends a request: to a private address by the service `INSIDE`, and else by the service that reaches public addresses alone.
pub(crate) async fn send(
    env: &Env,
    url: &str,
    init: &mut RequestInit,
    is_private: bool,
    signal: &AbortSignal,
) -> Result<Response, Unanswered> {
    init.with_redirect(RequestRedirect::Manual).with_cache(CacheMode::NoStore);
    let init = web_sys::RequestInit::from(&*init);
    init.set_signal(Some(signal));
    let request = Request::from(web_sys::Request::new_with_str_and_init(url, &init).map_err(|_| Unanswered::NoAddress)?);
    let answered = if is_private {
        env.service(INSIDE).map_err(|_| Unanswered::NoBinding)?.fetch_request(request).await
    } else {
        Fetch::Request(request).send().await
    };
    answered.map_err(|_| Unanswered::Unreached)
}
