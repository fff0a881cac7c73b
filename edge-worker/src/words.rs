//! Strings that the module passes to JavaScript in most requests. `wasm_bindgen::intern` keeps them there as JavaScript strings: decoding
//! one costs a call into the runtime, and an answer has a dozen of them.

const WORDS: &[&str] = &[
    "CLIENT_ADDRESS_HEADER",
    "CLIENT_KEY",
    "CLIENT_ORIGINS",
    "FEATURE_FLAGS_ENABLED",
    "SERVER_KEY",
    "accept",
    "application/json",
    "authorization",
    "authorization, twinflag-identity, x-api-key",
    "cache-control",
    "cf",
    "clientIp",
    "content-length",
    "content-type",
    "etag",
    "if-none-match",
    "no-referrer",
    "no-store",
    "nosniff",
    "origin",
    "private, no-cache",
    "referrer-policy",
    "twinflag-now",
    "twinflag-version",
    "vary",
    "x-api-key",
    "x-content-type-options",
];

thread_local! {
    static KNOWN: () = for word in WORDS {
        wasm_bindgen::intern(word);
    };
}

/// Interns the words; does nothing after the first call.
pub(crate) fn learn() {
    KNOWN.with(|()| ());
}
