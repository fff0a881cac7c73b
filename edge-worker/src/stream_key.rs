//! The key of an environment's streams. It names owners to relays, which store no id of a customer, and signs the tokens that open a stream.
use std::cell::RefCell;

use control::change::Hash;
use sdk_core::{Context, Millis, OwnerKind};

use crate::hmac::hmac_sha256;

/// The bytes of a code that are kept: more than anybody can guess.
const KEPT: usize = 16;
/// Tokens expire at the end of the period behind the one in which they were made: so that they are equal within a period, and bodies with
/// one keep their entity tag.
const PERIOD_MS: i64 = 12 * 60 * 60 * 1_000;

/// A key that the hub drew at random.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamKey([u8; 32]);

thread_local! {
    /// The last token without owners and the key that signed it: visitors of whom no owner is known have the same one, and every list has
    /// one. Those of owners are not remembered, because comparing them would tell one owner that another one asked.
    static LAST_WITHOUT_TAGS: RefCell<Option<(StreamKey, String)>> = const { RefCell::new(None) };
}

/// The stream that a token opens.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StreamToken<'t> {
    /// The name of a registered environment; empty for the first one.
    pub(crate) environment: &'t str,
    /// The mark of the client key that the token was made for; `None` if it was made for another credential.
    pub(crate) key: Option<&'t str>,
    /// The tags of the owners whose changes the stream tells.
    pub(crate) tags: Vec<&'t str>,
    expires_at: Millis,
    signed: &'t str,
    code: &'t str,
}

impl StreamKey {
    /// Reads 64 hexadecimal digits; `None` for any other text.
    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        Hash::from_hex(text).map(|hash| Self(hash.0))
    }

    fn code(&self, purpose: &str, message: &str) -> String {
        let mut code = Hash(hmac_sha256(&self.0, format!("{purpose}\n{message}").as_bytes())).to_hex();
        code.truncate(2 * KEPT);
        code
    }

    /// The tag of the sockets of an owner.
    pub(crate) fn owner_tag(&self, kind: OwnerKind, id: &str) -> String {
        match kind {
            OwnerKind::Customer => self.code("customer", id),
            OwnerKind::Organization => self.code("organization", id),
        }
    }

    /// The tags of the owners that a context names.
    pub(crate) fn owner_tags(&self, context: &Context) -> Vec<String> {
        OwnerKind::ALL.into_iter().filter_map(|kind| Some(self.owner_tag(kind, &kind.id(context)?))).collect()
    }

    /// The tag of the operators' sockets, which are told of every version.
    pub(crate) fn operators_tag(&self) -> String {
        self.code("operators", "")
    }

    /// The tag of the sockets of one block of addresses.
    pub(crate) fn address_tag(&self, block: u64) -> String {
        self.code("address", &block.to_string())
    }

    /// A token for a stream about these owners, valid for 12 to 24 hours. `key`: the mark of the client key without which it opens nothing.
    pub(crate) fn token(&self, environment: &str, key: Option<&str>, tags: &[String], now: Millis) -> String {
        let expires = (now.0.div_euclid(PERIOD_MS) + 2) * PERIOD_MS;
        let signed = format!("{expires}.{environment}.{}.{}", key.unwrap_or_default(), tags.join("."));
        if !tags.is_empty() {
            return self.sealed(signed);
        }
        LAST_WITHOUT_TAGS.with_borrow_mut(|last| match last {
            Some((by, token)) if by == self && token.strip_prefix(&signed).is_some_and(|rest| rest.starts_with('~')) => token.clone(),
            _ => last.insert((*self, self.sealed(signed))).1.clone(),
        })
    }

    /// The token of a text, with the text's code.
    fn sealed(&self, signed: String) -> String {
        let code = self.code("token", &signed);
        signed + "~" + &code
    }

    /// Returns true if this key signed the token, and the token has not expired.
    pub(crate) fn opens(&self, token: &StreamToken<'_>, now: Millis) -> bool {
        let expected = self.code("token", token.signed);
        let differing = expected.bytes().zip(token.code.bytes()).fold(0, |differing, (a, b)| differing | (a ^ b));
        expected.len() == token.code.len() && differing == 0 && now < token.expires_at
    }
}

impl<'t> StreamToken<'t> {
    /// The longest token in bytes: a moment, the longest name of an environment, a mark, two tags and a code.
    const MOST: usize = 192;

    /// Reads a token, whose code [`StreamKey::opens`] checks; `None` for a text of another form.
    pub(crate) fn parse(text: &'t str) -> Option<Self> {
        let (signed, code) = Some(text).filter(|text| text.len() <= Self::MOST)?.split_once('~')?;
        let mut parts = signed.split('.');
        let expires_at = Millis(parts.next()?.parse().ok()?);
        let environment = parts.next()?;
        let key = parts.next().filter(|mark| !mark.is_empty());
        let tags = parts.filter(|tag| !tag.is_empty()).collect();
        Some(Self { environment, key, tags, expires_at, signed, code })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> StreamKey {
        StreamKey([byte; 32])
    }

    #[test]
    fn a_token_opens_its_stream_until_it_expires_and_no_other() {
        let (own, hour) = (key(1), 60 * 60 * 1_000);
        let tags = own.owner_tags(&Context::from_json(r#"{"customerId":"c-1","organizationId":"o-1"}"#));
        let text = own.token("staging", Some("f00d"), &tags, Millis(13 * hour));
        let token = StreamToken::parse(&text).unwrap();
        assert_eq!((token.environment, token.key, &token.tags), ("staging", Some("f00d"), &tags.iter().map(String::as_str).collect()));
        // Made in the second period of 12 hours, it holds until the end of the third.
        assert!(own.opens(&token, Millis(36 * hour - 1)));
        assert!(!own.opens(&token, Millis(36 * hour)));
        assert!(!key(2).opens(&token, Millis(0)));
        assert_eq!(own.token("staging", Some("f00d"), &tags, Millis(23 * hour)), text);
        for (from, to) in
            [("staging", "another"), ("f00d", "f00e"), ("f00d", ""), (&*tags[0], &*tags[1]), ("129600000", "129600001"), ("~", "~0")]
        {
            let forged = text.replacen(from, to, 1);
            assert_ne!(forged, text);
            assert!(!own.opens(&StreamToken::parse(&forged).unwrap(), Millis(13 * hour)), "{forged}");
        }
        let cut = &text[..text.len() - 1];
        assert!(!own.opens(&StreamToken::parse(cut).unwrap(), Millis(13 * hour)));
    }

    #[test]
    fn a_text_of_another_form_is_no_token() {
        let long = format!("1..{}~", "a".repeat(200));
        for text in ["", "~", "1", "1~", "x.staging.~00", "1.a", &long] {
            assert_eq!(StreamToken::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_longest_token_can_be_read() {
        let tags = ["a".repeat(32), "b".repeat(32)];
        let text = key(1).token(&"e".repeat(32), Some(&"f".repeat(32)), &tags, Millis(253_402_300_799_999));
        assert!(StreamToken::parse(&text).is_some(), "{} bytes", text.len());
    }

    #[test]
    fn a_token_for_no_client_key_names_none() {
        let text = key(1).token("", None, &[], Millis(0));
        let token = StreamToken::parse(&text).unwrap();
        assert_eq!((token.environment, token.key, token.tags), ("", None, Vec::new()));
    }

    #[test]
    fn tokens_without_owners_are_each_of_their_own_key_environment_and_period() {
        let hour = 60 * 60 * 1_000;
        let made = [
            (1, "", Some("f00d"), 1),
            (1, "", Some("f00d"), 1),
            (2, "", Some("f00d"), 1),
            (1, "", Some("f00d"), 1),
            (1, "staging", Some("f00d"), 1),
            (1, "", Some("f00"), 1),
            (1, "", None, 1),
            (1, "", None, 13),
        ];
        let texts = made.map(|(byte, environment, mark, hours)| key(byte).token(environment, mark, &[], Millis(hours * hour)));
        for ((byte, environment, mark, hours), text) in made.into_iter().zip(&texts) {
            let token = StreamToken::parse(text).unwrap();
            assert_eq!((token.environment, token.key), (environment, mark), "{text}");
            let ends = if hours == 1 { 24 } else { 36 } * hour;
            assert!(key(byte).opens(&token, Millis(ends - 1)) && !key(byte).opens(&token, Millis(ends)), "{text}");
            assert!(!key(3 - byte).opens(&token, Millis(0)), "{text}");
        }
        assert!(texts[0] == texts[1] && texts[0] == texts[3]);
    }

    #[test]
    fn owners_of_two_kinds_have_other_tags() {
        let own = key(1);
        let tags = [own.owner_tag(OwnerKind::Customer, "1"), own.owner_tag(OwnerKind::Organization, "1"), own.address_tag(1)];
        assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2]);
        assert_ne!(tags[0], key(2).owner_tag(OwnerKind::Customer, "1"));
    }
}
