//! The identity that a context may claim: any, the key's own, one that the customer's server signed, or that of a token's subject.
//!
//! The customer's server signs a token (RFC 7519, HS256) with the secret that the edge showed when the key was made, and the page sends it
//! in the header [`HEADER`]. The token's claims have the names of attributes, and it expires. A key may name further attributes that count
//! only when they are signed, such as the visitor's plan.
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use control::{IDENTITY_ATTRIBUTES, Key, KeyIdentity, Secret};
use sdk_core::{
    AttributeValue, Audience, Context, Identity, Millis, Object, OwnerKind, Ruleset,
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
    settings::Settings,
};

/// The values in a signed token: identities, and the further attributes that the key names.
pub(crate) type Proven = Vec<(Rc<str>, AttributeValue)>;

/// The request header with a page's signed identity, and the response header with the identity that the edge accepted.
pub(crate) const HEADER: &str = "twinflag-identity";
/// The most imported secrets that are kept.
const MOST: usize = 100;

thread_local! {
    /// Imported secrets, by the hash of the key that they belong to.
    static READY: RefCell<BTreeMap<[u8; 32], subtle::Key>> = const { RefCell::new(BTreeMap::new()) };
}

/// The flags that a credential shows to its holder, and the identity that it fixes.
pub(crate) enum Holder {
    /// The holder of a stored client key.
    Key { key: Rc<Key>, proven: Proven },
    /// The subject of a token whose role does not read every answer: they ask about themselves, and about the customers of the
    /// organization that they belong to.
    Person { subject: String, organization: Option<String>, tags: Vec<String> },
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
        Ok(Self::Key { key, proven })
    }

    /// The limits of a token's subject; `None` for one who may read every answer.
    pub(super) fn of_person(reads_all: bool, subject: &str, organization: Option<&str>, settings: &Settings) -> Option<Self> {
        let (subject, organization) = (subject.to_owned(), organization.map(str::to_owned));
        (!reads_all).then(|| Self::Person { subject, organization, tags: settings.user_tags.clone() })
    }

    /// The flags that programs for this holder may have, and the identity that they are made with.
    pub(crate) fn audience(&self) -> Audience<'_> {
        match self {
            Self::Key { key, .. } => {
                let identity = if key.terms.identity == KeyIdentity::Open { Identity::Open } else { Identity::Vouched };
                Audience { tags: &key.terms.tags, vouched: &key.terms.signed_attributes, ..Audience::from(identity) }
            }
            Self::Person { tags, .. } => Audience { tags, ..Audience::from(Identity::Vouched) },
        }
    }

    /// The context with the identity that the key allows. Refused if the context claims another customer or organization than a pinned
    /// key's; an unsigned identity is removed if the key takes signed ones.
    ///
    /// A person's context is about the token's subject, in their organization. One that names a customer gets that customer's own
    /// organization later, which [`Self::check_customer`] compares.
    pub(super) fn admit(&self, context: Context) -> Result<Context, Problem> {
        let (key, proven) = match self {
            Self::Key { key, proven } => (key, proven),
            Self::Person { subject, organization, .. } => {
                let context = own(own(context, "userId", subject)?, "targetingKey", subject)?;
                return match (OwnerKind::Customer.id(&context), organization) {
                    (None, None) if OwnerKind::Organization.id(&context).is_none() => Ok(context),
                    (_, None) => Err(Problem::wrong_credentials("a token of the customer's organization")),
                    (None, Some(organization)) => pinned(context, OwnerKind::Organization, Some(organization)),
                    (Some(_), Some(organization)) => {
                        Ok(pinned(context, OwnerKind::Organization, Some(organization))?.without(&["organizationId"]))
                    }
                };
            }
        };
        match &key.terms.identity {
            KeyIdentity::Open => Ok(context),
            KeyIdentity::Pinned { customer, organization } => {
                let context = pinned(context, OwnerKind::Customer, customer.as_deref())?;
                pinned(context, OwnerKind::Organization, organization.as_deref())
            }
            KeyIdentity::Signed => {
                let attributes: Vec<&str> = key.terms.signed_attributes.iter().map(String::as_str).collect();
                let anonymous = context.without(&IDENTITY_ATTRIBUTES);
                let unsigned = if attributes.is_empty() { anonymous } else { anonymous.without_paths(&attributes) };
                Ok(proven.iter().fold(unsigned, |context, (name, value)| context.attribute(name, value.clone())))
            }
        }
    }

    /// The context that the client states when it runs a program: the admitted one, or that of a person in their organization.
    pub(crate) const fn stated<'c>(&self, admitted: &'c Context, known: &'c Context) -> &'c Context {
        match self {
            Self::Key { .. } => admitted,
            Self::Person { .. } => known,
        }
    }

    /// Returns true if the organization of an admitted context is the credential's word, and not the page's.
    pub(super) fn vouches_for_organization(&self) -> bool {
        match self {
            Self::Key { key, .. } => match &key.terms.identity {
                KeyIdentity::Open => false,
                KeyIdentity::Pinned { organization, .. } => organization.is_some(),
                KeyIdentity::Signed => true,
            },
            Self::Person { .. } => true,
        }
    }

    /// Returns true if the credential proves that its holder is the unit with this name: the customer or organization of a pinned key, an identity in
    /// a signed token, or the subject of an operator's or a user's token.
    pub(crate) fn vouches_for(&self, unit: &str) -> bool {
        let (key, proven) = match self {
            Self::Key { key, proven } => (key, proven),
            Self::Person { subject, .. } => return subject == unit,
        };
        match &key.terms.identity {
            KeyIdentity::Open => false,
            KeyIdentity::Pinned { customer, organization } => [customer, organization].into_iter().flatten().any(|pinned| pinned == unit),
            KeyIdentity::Signed => proven.iter().filter(|(name, _)| IDENTITY_ATTRIBUTES.contains(&&**name)).any(|(_, value)| match value {
                AttributeValue::String(text) => text == unit,
                AttributeValue::Number(number) => {
                    let mut text = String::new();
                    write_number(&mut text, *number);
                    text == unit
                }
                _ => false,
            }),
        }
    }

    /// Refuses a context about a customer of another organization than the person's, or of none.
    pub(super) fn check_customer(&self, context: &Context) -> Result<(), Problem> {
        let Self::Person { organization, .. } = self else { return Ok(()) };
        if OwnerKind::Customer.id(context).is_some() && OwnerKind::Organization.id(context) != *organization {
            return Err(Problem::wrong_credentials("a token of the customer's organization"));
        }
        Ok(())
    }

    /// The attributes that the edge fixes for a program, as `{"known":[…],"visitor":{…}}`; `None` for open identities. The client sends the attributes in
    /// `known` with each request for a program, and runs the program with the attributes in `visitor`, of which `null` is an absent one.
    pub(crate) fn visitor(&self, ruleset: &Ruleset) -> Option<String> {
        let mut out = String::new();
        let mut object = Object::open(&mut out);
        // A client sends whole attributes, so the first name of a path is enough.
        let private = ruleset.private().map(|name| name.split('.').next().unwrap_or(name));
        let known: Vec<&str> = IDENTITY_ATTRIBUTES.into_iter().chain(private).collect();
        object.member("known").push_str(&serde_json::Value::from(known).to_string());
        let mut visitor = Object::open(object.member("visitor"));
        let (key, proven) = match self {
            Self::Key { key, proven } => (key, proven),
            Self::Person { subject, organization, .. } => {
                if let Some(organization) = organization {
                    write_string(visitor.member("organizationId"), organization);
                }
                for name in ["targetingKey", "userId"] {
                    write_string(visitor.member(name), subject);
                }
                visitor.close();
                object.close();
                return Some(out);
            }
        };
        match &key.terms.identity {
            KeyIdentity::Open => return None,
            KeyIdentity::Pinned { customer, organization } => {
                for (name, pinned) in [("customerId", customer), ("organizationId", organization)] {
                    if let Some(pinned) = pinned {
                        write_string(visitor.member(name), pinned);
                    }
                }
            }
            KeyIdentity::Signed => {
                for name in signed_names(key) {
                    let value = proven.iter().find(|(proven, _)| **proven == *name).map_or(&AttributeValue::Null, |(_, value)| value);
                    write_value(visitor.member(name), value);
                }
            }
        }
        visitor.close();
        object.close();
        Some(out)
    }
}

/// The context of the token's subject; refused if it is about somebody else.
fn own(context: Context, name: &str, subject: &str) -> Result<Context, Problem> {
    let (stated, owned) = (context.only(&[name]), Context::new().string(name, subject));
    if stated == owned {
        return Ok(context);
    }
    let nobody = Context::from_json(&format!(r#"{{"{name}":null}}"#));
    if stated != Context::new() && stated != nobody {
        return Err(Problem::wrong_credentials("a token of the user that the context is about"));
    }
    Ok(context.without(&[name]).string(name, subject))
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
    let proven = attributes(&token.claims, signed_names(key))?;
    let is_signed = ready(key, secret).await.ok_or(InvalidToken)?.signed(&token).await;
    if is_signed && Times::of(&token.claims)?.hold(moment) { Ok(proven) } else { Err(InvalidToken) }
}

/// The names of the attributes that a key takes from signed tokens alone.
fn signed_names(key: &Key) -> impl Iterator<Item = &str> {
    IDENTITY_ATTRIBUTES.into_iter().chain(key.terms.signed_attributes.iter().map(String::as_str))
}

/// Returns the claims with these names. Of an attribute that is no identity, `null` is an absent one. An error if an identity is neither text
/// nor a number, or if a text holds U+0000.
fn attributes<'n>(claims: &Claims, names: impl Iterator<Item = &'n str>) -> Result<Proven, InvalidToken> {
    let named = names.filter_map(|name| Some((name, claims.get(name)?)));
    let present = named.filter(|(name, claim)| IDENTITY_ATTRIBUTES.contains(name) || **claim != Json::Null);
    let read = present.map(|(name, claim)| {
        let is_usual = matches!(claim, Json::Text(_) | Json::Number(_)) || !IDENTITY_ATTRIBUTES.contains(&name);
        value(claim).filter(|_| is_usual).map(|value| (name.into(), value)).ok_or(InvalidToken)
    });
    read.collect()
}

/// A claim as the value of an attribute; `None` if a text or a name in it holds U+0000.
fn value(claim: &Json) -> Option<AttributeValue> {
    Some(match claim {
        Json::Text(text) if text.contains('\0') => return None,
        Json::Text(text) => AttributeValue::String(text.clone()),
        Json::Number(number) => AttributeValue::Number(*number),
        Json::Boolean(boolean) => AttributeValue::Boolean(*boolean),
        Json::Null => AttributeValue::Null,
        Json::List(items) => AttributeValue::List(items.iter().map(value).collect::<Option<_>>()?),
        Json::Object(object) => {
            let mut members = object.iter();
            let with = |object: Context, (name, member): (&str, &Json)| {
                Some(object.attribute(Some(name).filter(|name| !name.contains('\0'))?, value(member)?))
            };
            AttributeValue::Object(members.try_fold(Context::new(), with)?)
        }
    })
}

/// Writes the value of a signed attribute as JSON.
fn write_value(out: &mut String, value: &AttributeValue) {
    let object = Context::new().attribute("", value.clone()).to_json();
    // It is `{"":…}`, or empty for an absent value.
    out.push_str(object.strip_prefix("{\"\":").and_then(|rest| rest.strip_suffix('}')).unwrap_or("null"));
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

    fn holder(identity: KeyIdentity, proven: Proven) -> Holder {
        holder_with(identity, &[], proven)
    }

    /// The holder of a key with signed attributes.
    fn holder_with(identity: KeyIdentity, attributes: &[&str], proven: Proven) -> Holder {
        let terms = KeyTerms {
            kind: KeyKind::Client,
            label: "l".into(),
            origins: Vec::new(),
            tags: Vec::new(),
            identity,
            signed_attributes: attributes.iter().copied().map(Into::into).collect(),
            expires_at: None,
            role: None,
        };
        let key = Key {
            terms,
            hash: Hash::NONE,
            hint: String::new(),
            identity_secret: None,
            created_at: Millis(0),
            successor: None,
            revoked_at: None,
        };
        Holder::Key { key: Rc::new(key), proven }
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
    fn a_credential_vouches_for_the_identity_that_it_proves_and_for_no_other() {
        let pinned = KeyIdentity::Pinned { customer: Some("c-1".into()), organization: Some("o-1".into()) };
        let signed = vec![("sessionId".into(), "s-1".into()), ("userId".into(), 7.0.into()), ("plan".into(), "l".into())];
        for (holder, own) in [
            (holder(KeyIdentity::Open, Vec::new()), &[][..]),
            (holder(pinned, Vec::new()), &["c-1", "o-1"]),
            (holder(KeyIdentity::Signed, Vec::new()), &[]),
            (holder(KeyIdentity::Signed, signed), &["s-1", "7"]),
            (Holder::of_person(false, "u-1", Some("o-1"), &Settings::default()).unwrap(), &["u-1"]),
        ] {
            let all = ["c-1", "o-1", "s-1", "7", "u-1", "l", ""];
            assert_eq!(all.into_iter().filter(|unit| holder.vouches_for(unit)).collect::<Vec<_>>(), own);
        }
    }

    #[test]
    fn a_signed_key_removes_unsigned_identities_and_keeps_other_attributes() {
        let nobody = holder(KeyIdentity::Signed, Vec::new());
        let claimed = r#"{"customerId":"c","organizationId":"o","userId":"u","sessionId":"s","targetingKey":"t","plan":"pro"}"#;
        check(&nobody, claimed, Some(r#"{"plan":"pro"}"#));
        let somebody = holder(KeyIdentity::Signed, vec![("customerId".into(), "c-1".into()), ("userId".into(), 7.0.into())]);
        check(&somebody, claimed, Some(r#"{"plan":"pro","customerId":"c-1","userId":7}"#));
        check(&holder(KeyIdentity::Open, Vec::new()), claimed, Some(claimed));
    }

    #[test]
    fn a_page_cannot_set_an_attribute_that_its_key_takes_from_tokens() {
        let claimed = r#"{"plan":"pro","plan.name":"pro","planned":true,"roles":["owner"],"userId":"u"}"#;
        let signed = |proven| holder_with(KeyIdentity::Signed, &["plan", "roles"], proven);
        check(&signed(Vec::new()), claimed, Some(r#"{"planned":true}"#));
        let roles = AttributeValue::List(vec!["buyer".into(), AttributeValue::Object(Context::new().number("since", 2_026.0))]);
        let somebody = signed(vec![("plan".into(), true.into()), ("roles".into(), roles), ("userId".into(), "u-1".into())]);
        check(&somebody, claimed, Some(r#"{"planned":true,"plan":true,"roles":["buyer",{"since":2026}],"userId":"u-1"}"#));
        assert_eq!(somebody.audience().vouched, ["plan", "roles"]);
        let ruleset = sdk_core::compile(r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{}}"#, None)
            .unwrap()
            .ruleset;
        let visitor = |holder: &Holder| holder.visitor(&ruleset).unwrap().split_once(r#""visitor":"#).unwrap().1.to_owned();
        let nobody =
            r#"{"customerId":null,"organizationId":null,"sessionId":null,"targetingKey":null,"userId":null,"plan":null,"roles":null}}"#;
        assert_eq!(visitor(&signed(Vec::new())), nobody);
        assert!(visitor(&somebody).ends_with(r#""userId":"u-1","plan":true,"roles":["buyer",{"since":2026}]}}"#), "{}", visitor(&somebody));
    }

    #[test]
    fn a_person_asks_about_themselves_and_the_customers_of_their_organization() {
        let person = |organization| Holder::of_person(false, "u-1", organization, &Settings::default()).unwrap();
        let user = person(None);
        let own = r#"{"plan":"pro","userId":"u-1","targetingKey":"u-1"}"#;
        check(&user, r#"{"plan":"pro"}"#, Some(own));
        check(&user, r#"{"plan":"pro","targetingKey":"u-1","userId":null}"#, Some(own));
        check(&user, r#"{"sessionId":"s"}"#, Some(r#"{"sessionId":"s","userId":"u-1","targetingKey":"u-1"}"#));
        for other in [r#"{"userId":"u-2"}"#, r#"{"targetingKey":"u-2"}"#, r#"{"userId":["u-1"]}"#, r#"{"userId":1}"#] {
            check(&user, other, None);
        }
        for other in [r#"{"customerId":"c-1"}"#, r#"{"organizationId":"o-1"}"#, r#"{"customerId":"c-1","organizationId":"o-1"}"#] {
            check(&user, other, None);
        }

        let member = person(Some("o-1"));
        let within = r#"{"userId":"u-1","targetingKey":"u-1","organizationId":"o-1"}"#;
        check(&member, "{}", Some(within));
        check(&member, r#"{"organizationId":"o-1"}"#, Some(within));
        check(&member, r#"{"organizationId":"o-2"}"#, None);
        check(&member, r#"{"customerId":"c-1","organizationId":"o-2"}"#, None);
        // The customer's organization is looked up, and not believed.
        let customer = r#"{"customerId":"c-1","userId":"u-1","targetingKey":"u-1"}"#;
        check(&member, r#"{"customerId":"c-1"}"#, Some(customer));
        check(&member, r#"{"customerId":"c-1","organizationId":"o-1"}"#, Some(customer));
        let found = |context: &str| member.check_customer(&Context::from_json(context)).map_err(|problem| problem.status);
        assert_eq!(found(r#"{"customerId":"c-1","organizationId":"o-1"}"#), Ok(()));
        assert_eq!(found(r#"{"organizationId":"o-1"}"#), Ok(()));
        for foreign in [r#"{"customerId":"c-1","organizationId":"o-2"}"#, r#"{"customerId":"c-1"}"#] {
            assert_eq!(found(foreign), Err(403), "{foreign}");
        }
    }

    #[test]
    fn a_person_sees_the_flags_with_the_tags_of_users() {
        let tags = vec!["shop".to_owned()];
        let settings = Settings { user_tags: tags.clone(), ..Settings::default() };
        assert_eq!(Holder::of_person(false, "u-1", None, &settings).unwrap().audience().tags, tags);
        assert!(Holder::of_person(true, "u-1", None, &settings).is_none());
    }

    #[test]
    fn identities_are_texts_or_numbers_and_other_claims_any_value() {
        let names = || IDENTITY_ATTRIBUTES.into_iter().chain(["plan"]);
        let read = |claims: &str| attributes(&Claims::read(claims.as_bytes()).unwrap(), names()).map(|found| found.len());
        assert_eq!(read(r#"{"sub":"s","userId":"u","customerId":7,"plan":null}"#), Ok(2));
        for plan in [r#""pro""#, "1.5", "true", "[]", r#"["a",1,[null]]"#, "{}", r#"{"name":{"en":"pro"}}"#] {
            assert_eq!(read(&format!(r#"{{"userId":"u","plan":{plan}}}"#)), Ok(2), "{plan}");
        }
        for claims in [r#"{"userId":null}"#, r#"{"userId":["u"]}"#, r#"{"userId":true}"#, r#"{"userId":"\u0000"}"#] {
            assert_eq!(read(claims), Err(InvalidToken), "{claims}");
        }
        for plan in [r#""\u0000""#, r#"["\u0000"]"#, r#"{"a":["\u0000"]}"#, r#"{"\u0000":1}"#] {
            assert_eq!(read(&format!(r#"{{"userId":"u","plan":{plan}}}"#)), Err(InvalidToken), "{plan}");
        }
    }
}
