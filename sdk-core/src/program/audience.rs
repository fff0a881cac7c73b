//! The audience of a program: the identity, the tags and the format that its clients have.
use alloc::string::String;

use super::FORMAT;
use crate::context::Context;

/// The way in which the clients of an environment identify themselves. It decides which attributes are settled when a program is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Identity {
    /// Clients may claim any attribute: only `customerId` and `organizationId` are always known.
    #[default]
    Open,
    /// A key pins the identity, or a customer's server signs it: `targetingKey`, `userId`, `sessionId` and the document's `private`
    /// attributes are always known too, so that no rule about them ships.
    Vouched,
}

/// The clients that a program is made for; an [`Identity`] alone stands for all flags in the newest format.
///
/// ```
/// use sdk_core::{Audience, FORMAT, Identity};
///
/// let tags = [String::from("web")];
/// let audience = Audience { tags: &tags, ..Audience::from(Identity::Vouched) };
/// assert_eq!((audience.identity, audience.format), (Identity::Vouched, FORMAT));
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Audience<'a> {
    /// The way in which the clients identify themselves.
    pub identity: Identity,
    /// The program holds only flags with one of these tags; if there are none, all flags.
    pub tags: &'a [String],
    /// Attributes that the maker of the program knows completely, besides those of identities: one that is absent from the known context is known
    /// to be absent. No attribute of a client counts whose name is a path into one of them.
    pub vouched: &'a [String],
    /// The format in which the program is written; any other than [`FORMAT`] is refused.
    pub format: u32,
    /// The context by which the program recognises its visitor; `None` for the known one.
    ///
    /// It is the context as clients state it, if the maker of the program knows another `organizationId` than they do. The program answers
    /// for the known organization, and tells nothing else of it. The two contexts differ in that attribute alone.
    pub stated: Option<&'a Context>,
}

impl Default for Audience<'_> {
    /// Open identities, all flags, the newest format.
    fn default() -> Self {
        Self::from(Identity::default())
    }
}

impl From<Identity> for Audience<'_> {
    fn from(identity: Identity) -> Self {
        Self { identity, tags: &[], vouched: &[], format: FORMAT, stated: None }
    }
}
