//! The identity that a context may claim: any, the key's own, or one that the customer's server signed.
//!
//! The customer's server signs a token (RFC 7519, HS256) with the secret that the edge showed when the key was made, and the page sends it
//! in the header [`HEADER`]. The token's claims have the names of attributes, and it expires.
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use control::{Key, KeyIdentity, Secret};
use sdk_core::{
    Audience, Context, Identity, Millis, Object, OwnerKind, Ruleset,
    json::canonical::{write_number, write_string},
};

use super::{Signed, Verified};
use super::{
    claims::Times,
    json::{InvalidToken, Json, Object as Claims},
    subtle,
    token::Token,
};
use crate::{
    http::{
        asked::{Asked, Unanswered},
        parts::Header,
    },
    problem::Problem,
};

/// The signed attributes of an identity.
pub(crate) type Proven = Vec<(&'static str, Json)>;

/// The request header with a page's signed identity, and the response header with the identity that the edge accepted.
pub(crate) const HEADER: &str = "twinflag-identity";
/// The attributes that identify a visitor.
const ATTRIBUTES: [&str; 5] = ["customerId", "organizationId", "sessionId", "targetingKey", "userId"];
/// The most imported secrets that are kept.
const MOST: usize = 100;

thread_local! {
    /// Imported secrets, by the hash of the key that they belong to.
    static READY: RefCell<BTreeMap<[u8; 32], subtle::Key>> = const { RefCell::new(BTreeMap::new()) };
}

/// The flags that a stored client key shows to its holder, and the identity that it fixes.
pub(crate) struct Holder {
    key: Rc<Key>,
    proven: Proven,
}

impl Holder {
    pub(super) fn of(key: Rc<Key>, asked: &Asked<'_>) -> Result<Self, Unanswered> {
        let proven = match key.identity_secret.as_ref().and_then(|_| asked.parts.header(Header::Identity)) {
            None => Vec::new(),
            Some(shown) => match asked.verified(|| Signed::Identity(Rc::clone(&key), shown.to_owned()))? {
                Verified::Identity(proven) => proven.clone(),
                Verified::Claims(_) => return Err(Problem::no_identity().into()),
            },
        };
        Ok(Self { key, proven })
    }

    /// The flags that programs for this holder may have, and the identity that they are made with.
    pub(crate) fn audience(&self) -> Audience<'_> {
        let identity = if self.key.terms.identity == KeyIdentity::Open { Identity::Open } else { Identity::Vouched };
        Audience { tags: &self.key.terms.tags, ..Audience::from(identity) }
    }

    /// The context with the identity that the key allows. Refused if the context claims another customer or organization than a pinned
    /// key's; an unsigned identity is removed if the key takes signed ones.
    pub(super) fn admit(&self, context: Context) -> Result<Context, Problem> {
        match &self.key.terms.identity {
            KeyIdentity::Open => Ok(context),
            KeyIdentity::Pinned { customer, organization } => {
                let context = pinned(context, OwnerKind::Customer, customer.as_deref())?;
                pinned(context, OwnerKind::Organization, organization.as_deref())
            }
            KeyIdentity::Signed => {
                let unsigned = context.without(&ATTRIBUTES);
                Ok(self.proven.iter().fold(unsigned, |context, (name, value)| match value {
                    Json::Text(text) => context.string(name, text),
                    Json::Number(number) => context.number(name, *number),
                    _ => context,
                }))
            }
        }
    }

    /// The identity that the edge fixes for a program, as `{"known":[…],"visitor":{…}}`; `None` for open identities. The client sends
    /// the attributes in `known` with each request for a program, and runs the program as `visitor`.
    pub(crate) fn visitor(&self, ruleset: &Ruleset) -> Option<String> {
        let mut out = String::new();
        let mut object = Object::open(&mut out);
        // A client sends whole attributes, so the first name of a path is enough.
        let private = ruleset.private().map(|name| name.split('.').next().unwrap_or(name));
        let known: Vec<&str> = ATTRIBUTES.into_iter().chain(private).collect();
        object.member("known").push_str(&serde_json::Value::from(known).to_string());
        let mut visitor = Object::open(object.member("visitor"));
        match &self.key.terms.identity {
            KeyIdentity::Open => return None,
            KeyIdentity::Pinned { customer, organization } => {
                for (name, pinned) in [("customerId", customer), ("organizationId", organization)] {
                    if let Some(pinned) = pinned {
                        write_string(visitor.member(name), pinned);
                    }
                }
            }
            KeyIdentity::Signed => {
                for name in ATTRIBUTES {
                    match self.proven.iter().find(|(proven, _)| *proven == name) {
                        Some((_, Json::Text(text))) => write_string(visitor.member(name), text),
                        Some((_, Json::Number(number))) => write_number(visitor.member(name), *number),
                        _ => visitor.member(name).push_str("null"),
                    }
                }
            }
        }
        visitor.close();
        object.close();
        Some(out)
    }
}

fn pinned(context: Context, kind: OwnerKind, pinned: Option<&str>) -> Result<Context, Problem> {
    let Some(pinned) = pinned else { return Ok(context) };
    let name = if kind == OwnerKind::Customer { "customerId" } else { "organizationId" };
    match kind.id(&context) {
        Some(own) if own == pinned => Ok(context),
        Some(_) => Err(Problem::wrong_credentials("a key for this customer or organization")),
        None => Ok(context.without(&[name]).string(name, pinned)),
    }
}

/// The attributes in a token, if it was signed for this key and is valid at `moment`.
pub(super) async fn signed(key: &Key, shown: &str, moment: Millis) -> Result<Proven, InvalidToken> {
    let secret = key.identity_secret.as_ref().ok_or(InvalidToken)?;
    let token = Token::parse(shown)?;
    let proven = attributes(&token.claims)?;
    let is_signed = ready(key, secret).await.ok_or(InvalidToken)?.signed(&token).await;
    if is_signed && Times::of(&token.claims)?.hold(moment) { Ok(proven) } else { Err(InvalidToken) }
}

fn attributes(claims: &Claims) -> Result<Proven, InvalidToken> {
    let mut found = Vec::new();
    for name in ATTRIBUTES {
        match claims.get(name) {
            None => {}
            Some(Json::Text(text)) if !text.contains('\0') => found.push((name, Json::Text(text.clone()))),
            Some(Json::Number(number)) => found.push((name, Json::Number(*number))),
            Some(_) => return Err(InvalidToken),
        }
    }
    Ok(found)
}

/// The secret, imported into the runtime and kept: importing it takes as long as checking a signature.
async fn ready(key: &Key, Secret(secret): &Secret) -> Option<subtle::Key> {
    if let Some(ready) = READY.with_borrow(|ready| ready.get(&key.hash.0).cloned()) {
        return Some(ready);
    }
    let imported = subtle::Key::of_secret(secret).await?;
    READY.with_borrow_mut(|ready| {
        if ready.len() >= MOST {
            ready.clear();
        }
        ready.insert(key.hash.0, imported.clone());
    });
    Some(imported)
}

#[cfg(test)]
mod tests {
    use control::{KeyKind, KeyTerms, change::Hash};

    use super::*;

    fn holder(identity: KeyIdentity, proven: Vec<(&'static str, Json)>) -> Holder {
        let terms =
            KeyTerms { kind: KeyKind::Client, label: "l".into(), origins: Vec::new(), tags: Vec::new(), identity, expires_at: None };
        let key = Key {
            terms,
            hash: Hash::NONE,
            hint: String::new(),
            identity_secret: None,
            created_at: Millis(0),
            successor: None,
            revoked_at: None,
        };
        Holder { key: Rc::new(key), proven }
    }

    #[track_caller]
    fn check(holder: &Holder, context: &str, expected: Option<&str>) {
        let admitted = holder.admit(Context::from_json(context));
        assert_eq!(admitted.map_err(|problem| problem.status), expected.map(Context::from_json).ok_or(403), "{context}");
    }

    #[test]
    fn a_pinned_key_refuses_a_context_with_another_identity() {
        let pinned = |customer: Option<&str>, organization: Option<&str>| {
            holder(KeyIdentity::Pinned { customer: customer.map(Into::into), organization: organization.map(Into::into) }, Vec::new())
        };
        let customer = pinned(Some("c-1"), None);
        check(&customer, r#"{"plan":"pro"}"#, Some(r#"{"plan":"pro","customerId":"c-1"}"#));
        check(&customer, r#"{"customerId":null}"#, Some(r#"{"customerId":"c-1"}"#));
        check(&customer, r#"{"customerId":["c-2"]}"#, Some(r#"{"customerId":"c-1"}"#));
        check(&customer, r#"{"customerId":"c-1","organizationId":"o-9"}"#, Some(r#"{"customerId":"c-1","organizationId":"o-9"}"#));
        check(&customer, r#"{"customerId":"c-2"}"#, None);
        check(&pinned(Some("7"), None), r#"{"customerId":7}"#, Some(r#"{"customerId":7}"#));
        let both = pinned(Some("c-1"), Some("o-1"));
        check(&both, "{}", Some(r#"{"customerId":"c-1","organizationId":"o-1"}"#));
        check(&both, r#"{"customerId":"c-1","organizationId":"o-2"}"#, None);
    }

    #[test]
    fn a_signed_key_removes_unsigned_identities_and_keeps_other_attributes() {
        let nobody = holder(KeyIdentity::Signed, Vec::new());
        let claimed = r#"{"customerId":"c","organizationId":"o","userId":"u","sessionId":"s","targetingKey":"t","plan":"pro"}"#;
        check(&nobody, claimed, Some(r#"{"plan":"pro"}"#));
        let somebody = holder(KeyIdentity::Signed, vec![("customerId", Json::Text("c-1".into())), ("userId", Json::Number(7.0))]);
        check(&somebody, claimed, Some(r#"{"plan":"pro","customerId":"c-1","userId":7}"#));
        check(&holder(KeyIdentity::Open, Vec::new()), claimed, Some(claimed));
    }

    #[test]
    fn claims_are_texts_or_numbers() {
        let read = |claims: &str| attributes(&Claims::read(claims.as_bytes()).unwrap()).map(|found| found.len());
        assert_eq!(read(r#"{"sub":"s","userId":"u","customerId":7,"plan":"pro"}"#), Ok(2));
        for claims in [r#"{"userId":null}"#, r#"{"userId":["u"]}"#, r#"{"userId":true}"#, r#"{"userId":"\u0000"}"#] {
            assert_eq!(read(claims), Err(InvalidToken), "{claims}");
        }
    }
}
