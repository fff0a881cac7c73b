//! Words that cross into JavaScript with every request. Each is decoded there once and then known by its number: decoding one costs
//! a call into the runtime, and an answer has a dozen of them.

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

/// Makes them known, the first time.
pub(crate) fn learn() {
    KNOWN.with(|()| ());
}
