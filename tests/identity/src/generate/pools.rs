//! Material of documents and contexts: names, texts, numbers, versions, patterns, addresses.
//!
//! Letters are those of Unicode 15 and before: an older runtime knows no case of younger ones.

/// Texts: plain ones, and letters whose case is a trap.
pub const TEXTS: &[&str] = &[
    "pro",
    "Pro",
    "free",
    "enterprise",
    "EU",
    "eu",
    "us-east-1",
    "ada@example.com",
    "Grace@EXAMPLE.com",
    "",
    " ",
    "7",
    "true",
    "null",
    "İstanbul",
    "i\u{307}stanbul",
    "ISTANBUL",
    "ΣΊΣΥΦΟΣ",
    "σίσυφος",
    "σίσυφοσ",
    "ς",
    "Straße",
    "STRASSE",
    "STRAẞE",
    "\u{212A}elvin",
    "kelvin",
    "\u{212B}ngström",
    "ångström",
    "A\u{30A}ngstro\u{308}m",
    "Ǆ",
    "ǅ",
    "ǆ",
    "é",
    "e\u{301}",
    "É",
    "👩\u{200D}👩\u{200D}👧",
    "🚀 go",
    "𐐀𐐁",
    "𐐨𐐩",
    "Ა",
    "ა",
    "Ꭰ",
    "ꭰ",
    "Ⅷ",
    "ⅷ",
    "\u{2126}",
    "ω",
    "ﬁn",
    "ЁЖИК",
    "ёжик",
    "日本語",
    "\u{FEFF}bom",
    "a\u{AD}b",
    "line\nbreak",
    "tab\there",
    "quote\"back\\slash/",
    "\u{7F}",
    "\u{2028}",
    "\u{E000}",
    "\u{FFFD}",
    "\u{10FFFF}",
    "__proto__",
    "constructor",
];

/// Short texts that may stand anywhere in another.
pub const PIECES: &[&str] = &["", "a", "x-", ".com", "@example.com", "ß", "Σ", "\u{301}", "🚀", "İ", "ı", "日"];

/// Numbers as JSON may spell them.
pub const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "0.0",
    "-0.0",
    "1",
    "1.0",
    "1e0",
    "-1",
    "7",
    "7.5",
    "42",
    "100",
    "1E2",
    "0.1",
    "0.2",
    "0.30000000000000004",
    "0.1e1",
    "1e21",
    "1e-7",
    "123456789012345680000",
    "9007199254740991",
    "9007199254740992",
    "9007199254740993",
    "-9007199254740992",
    "-9007199254740993",
    "9007199254740994",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "5e-324",
    "2.2250738585072014e-308",
    "1.7976931348623157e308",
    "4503599627370497.5",
    "2.5e-8",
    "1e16",
    "0.000001",
    "6.02214076e23",
    "1e-400",
    "3.141592653589793238462643383279",
];

/// Numbers at and beyond the largest that is a unit.
pub const UNIT_NUMBERS: &[&str] = &[
    "9007199254740991",
    "-9007199254740991",
    "9007199254740991.0",
    "9.007199254740991e15",
    "9007199254740992",
    "-9007199254740992",
    "9007199254740993",
    "1e15",
    "1e16",
];

/// Versions as semver.org writes them.
pub const VERSIONS: &[&str] = &[
    "0.0.0",
    "0.0.1",
    "0.0.3",
    "0.0.3-rc.1",
    "0.1.0",
    "0.1.9",
    "0.2.0",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.0+build.5",
    "1.0.0+20130313144700",
    "1.2.3",
    "1.2.4",
    "1.2.3-rc.1",
    "1.2.3-rc.1+x",
    "1.9.9-rc.1",
    "1.10.0",
    "2.0.0-rc.1",
    "2.0.0",
    "10.0.0",
    "1.0.0-0",
    "1.0.0-a.b-c",
    "1.0.0--",
    "1.0.0-0A",
    "18446744073709551616.0.0",
    "18446744073709551617.0.0",
    "1.0.0-18446744073709551616",
    "1.0.0-9007199254740993",
];

/// Texts that are almost versions.
pub const NO_VERSIONS: &[&str] =
    &["1.2", "v1.2.3", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3+", "1.2.3 ", "", "1.2.3-é", "1.2.3.4", "1.2.3-a..b", "1.2.x", "+1.2.3"];

/// A pattern, texts in which it is found, and texts in which it is not.
pub type Pattern = (&'static str, &'static [&'static str], &'static [&'static str]);

/// Patterns.
pub const PATTERNS: &[Pattern] = &[
    ("^[a-z]+-\\d{2,4}$", &["abc-12", "z-1234"], &["abc-1", "ABC-12", "abc-12345", "abc-\u{663}\u{664}"]),
    ("@example\\.(com|org)$", &["ada@example.com", "x@example.org"], &["ada@examplexcom", "ada@example.com "]),
    ("(?i)kelvin", &["KELVIN", "a kelvin"], &["\u{212A}elvin", "kelvi"]),
    ("(?i)straße", &["STRAßE", "straße"], &["STRASSE", "STRAẞE"]),
    ("(?i)[å]", &["å"], &["Å", "\u{212B}", "a\u{30A}"]),
    ("a.c", &["abc", "a🚀c", "xa\u{301}cx", "a\rc"], &["ac", "a\nc", "a🚀\u{301}c"]),
    ("(?s)a.c", &["a\nc", "abc"], &["ac"]),
    ("^$", &[""], &["x", "\n"]),
    ("(?m)^b$", &["b", "a\nb", "b\nc"], &["ab", "a\r\nb\r\n"]),
    ("\\bfoo\\b", &["foo", "a foo.", "éfoo"], &["foot", "_foo", "fo"]),
    ("\\Bo", &["foo"], &["o", "a o"]),
    ("[^x]", &["y", "xx🚀"], &["", "x", "xxx"]),
    ("\\x41|\\u{1F600}", &["A", "😀"], &["a", "😁"]),
    ("^(a|b)*?c+$", &["c", "ababcc"], &["ab", "abd", ""]),
    ("\\w\\s\\w", &["a b", "_\t9"], &["é b", "a\u{A0}b", "ab"]),
    ("[\\w--[a-c]]+$", &["xyz"], &["abc", ""]),
    ("", &["", "anything"], &[]),
    ("^.{3}$", &["日本語", "🚀🚀🚀", "abc"], &["ab", "日本", "e\u{301}é\u{301}"]),
    ("colou?r|grey", &["color", "COLOR colour", "grey"], &["gray", "Color"]),
    ("[[:alpha:]]{2}[[:digit:]]", &["ab1"], &["a1", "éé1"]),
    ("\\D\\S\\W", &["ab-", "éé é"], &["1b-", "ab"]),
];

/// Networks.
pub const NETWORKS: &[&str] = &[
    "10.0.0.0/8",
    "10.1.2.3/8",
    "192.168.1.0/24",
    "0.0.0.0/0",
    "1.2.3.4/32",
    "1.2.3.4/31",
    "128.0.0.0/1",
    "2001:db8::/32",
    "::/0",
    "::1/128",
    "::ffff:0:0/96",
    "fe80::/10",
    "2001:db8:0:0:8000::/65",
    "::ffff:1.2.3.0/120",
    "::ffff:10.0.0.0/104",
    "::FFFF:102:304/127",
    "::ffff:1.2.3.4/128",
    "::ffff:128.0.0.0/97",
    "::ffff:0:0/95",
    "::fffe:0:0/95",
    "::ffff:1.2.3.4/80",
    "::1.2.3.0/120",
];

/// Addresses, and what is almost one.
pub const ADDRESSES: &[&str] = &[
    "10.0.0.0",
    "10.255.255.255",
    "11.0.0.0",
    "9.255.255.255",
    "192.168.1.77",
    "192.168.2.0",
    "1.2.3.4",
    "1.2.3.5",
    "127.255.255.255",
    "128.0.0.0",
    "255.255.255.255",
    "0.0.0.0",
    "2001:db8::1",
    "2001:DB8:FFFF::",
    "2001:db9::",
    "2001:db8::8000:0:0:0",
    "::ffff:1.2.3.4",
    "::ffff:102:304",
    "::FFFF:10.1.2.3",
    "0:0:0:0:0:ffff:1.2.3.5",
    "::ffff:0:0",
    "::ffff:255.255.255.255",
    "::fffe:1.2.3.4",
    "::1:ffff:1.2.3.4",
    "::1.2.3.4",
    "::ffff:1.2.3.256",
    "::ffff:01.2.3.4",
    "::ffff:1.2.3",
    "::1",
    "::",
    "fe80::1",
    "fe80:0:0:0:0:0:0:1",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7::",
    "::13.1.68.3",
    "01.2.3.4",
    "1.2.3",
    "1.2.3.256",
    "1.2.3.4 ",
    "fe80::1%eth0",
    "::1/128",
    "1.2.3.１",
    "12345::",
    "1::2::3",
    ":::",
    "",
];

/// Attributes that hold texts.
pub const TEXT_NAMES: &[&str] = &[
    "plan",
    "email",
    "name",
    "geo.region",
    "geo.city",
    "locale",
    "device.os.name",
    "company.name",
    "grüße",
    "emoji🚀",
    "userId",
    "sessionId",
    "customerId",
    "targetingKey",
    "__proto__",
    "toString",
    "a..b",
    "geo",
    "tags.0",
];

/// Attributes that hold numbers.
pub const NUMBER_NAMES: &[&str] = &["seats", "score", "stats.logins", "age", "now", "tags.length", "userId"];

/// Attributes that hold versions.
pub const VERSION_NAMES: &[&str] = &["version", "app.version"];

/// Attributes that hold times.
pub const TIME_NAMES: &[&str] = &["signedUp", "trial.endsAt", "now", "now", "now.x"];

/// Attributes that hold addresses.
pub const ADDRESS_NAMES: &[&str] = &["ip", "net.ip"];

/// Attributes that hold lists.
pub const LIST_NAMES: &[&str] = &["tags", "company.groups", "plan"];

/// Attributes that a draw asks for.
pub const UNIT_NAMES: &[&str] =
    &["targetingKey", "userId", "userId", "customerId", "organizationId", "sessionId", "account.id", "company.name", "seats", "grüße"];

/// Values of no use to a test that looks for another kind.
pub const ODD: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "1.5",
    "\"\"",
    "[]",
    "{}",
    "[1,\"1\",null]",
    "{\"x\":{\"y\":[]}}",
    "[[],{}]",
    "\"7\"",
    "7",
    "-0",
    "1e3",
    "\"\\u0041\\/\"",
    "[true,7,\"pro\"]",
    "{\"\":1}",
];
