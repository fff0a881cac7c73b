//! Programs that were made lately, so that a page that asks again costs no specialisation.
//!
//! A program is the same for equal requests at one version: the version counts every change of definitions, state and overrides. Programs of
//! an environment are held for one version, and those of an earlier one go with the first of a newer one. Their bytes count among all that
//! [`crate::held`] bounds, where they are the first to go.
use std::{collections::BTreeMap, rc::Rc};

use sdk_core::{Audience, Context};

use crate::{environment::Environment, etag::Etag, held, ruleset_cache::Serving, version::Version};

/// The most bytes of the programs of one environment. Where one more does not fit, the others are dropped.
const MOST_BYTES: usize = 8 << 20;
/// The bytes that an entry takes besides its request and its program.
const ENTRY_BYTES: usize = 200;

/// A program as it was written for a request, and its entity tag.
#[derive(Clone)]
pub(crate) struct Made {
    pub(crate) bytes: Rc<[u8]>,
    pub(crate) etag: Etag,
}

impl From<Vec<u8>> for Made {
    fn from(bytes: Vec<u8>) -> Self {
        Self { etag: Etag::strong(&bytes), bytes: bytes.into() }
    }
}

/// The programs of an environment at one version, by the bytes that tell their requests apart.
pub(crate) struct HeldPrograms {
    version: Version,
    bytes: usize,
    made: BTreeMap<Vec<u8>, Made>,
}

/// The program for a context that is known and an audience, in a form: the held one, else a new one.
///
/// An answer that may be older than its version, because the hub is away, is neither held nor taken from what is held.
pub(crate) fn get<E>(
    environment: &Environment,
    serving: &Serving,
    (known, audience, form): (&Context, Audience<'_>, &str),
    make: impl FnOnce() -> Result<Vec<u8>, E>,
) -> Result<Made, E> {
    if serving.stale {
        return make().map(Made::from);
    }
    let request = request(known, audience, form);
    if let Some(made) = held::programs(environment, |held| held.of(serving.version, &request)).flatten() {
        return Ok(made);
    }
    let made = Made::from(make()?);
    let mut programs = held::take_programs(environment).unwrap_or_else(|| HeldPrograms::at(serving.version));
    programs.add(serving.version, request, made.clone());
    let bytes = programs.bytes;
    held::hold_programs(environment, programs, bytes);
    Ok(made)
}

impl HeldPrograms {
    const fn at(version: Version) -> Self {
        Self { version, bytes: 0, made: BTreeMap::new() }
    }

    fn of(&self, version: Version, request: &[u8]) -> Option<Made> {
        self.made.get(request).filter(|_| self.version == version).cloned()
    }

    fn add(&mut self, version: Version, request: Vec<u8>, made: Made) {
        let bytes = request.len() + made.bytes.len() + ENTRY_BYTES;
        if self.version != version || self.bytes + bytes > MOST_BYTES {
            *self = Self::at(version);
        }
        if bytes <= MOST_BYTES {
            self.bytes += bytes;
            self.made.insert(request, made);
        }
    }
}

/// The bytes that tell requests apart: each part behind its length.
fn request(known: &Context, Audience { identity, tags, vouched, format, stated }: Audience<'_>, form: &str) -> Vec<u8> {
    let mut out = vec![identity as u8];
    out.extend(format.to_le_bytes());
    out.extend(tags.len().to_le_bytes());
    let mut part = |bytes: &[u8]| {
        out.extend(bytes.len().to_le_bytes());
        out.extend(bytes);
    };
    for context in [known, stated.unwrap_or(known)] {
        part(context.encoded());
    }
    part(form.as_bytes());
    for name in tags.iter().chain(vouched) {
        part(name.as_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use sdk_core::{FORMAT, Identity};

    use super::*;

    fn version(number: u32) -> Version {
        Version { epoch: "0a1b2c3d4e5f".parse().unwrap(), number }
    }

    fn serving(number: u32) -> Serving {
        let document = r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{}}"#;
        Serving::of_document(document, version(number))
    }

    /// The byte that a request gets, which is that of the call that made it.
    fn ask(serving: &Serving, known: &Context, audience: Audience<'_>, form: &str, call: u8) -> u8 {
        let made = get(&Environment::FIRST, serving, (known, audience, form), || Ok::<_, ()>(vec![call])).unwrap();
        assert_eq!(made.etag.as_str(), Etag::strong(&made.bytes).as_str());
        made.bytes[0]
    }

    #[test]
    fn an_equal_request_at_the_same_version_makes_no_other_program() {
        let (known, open) = (Context::from_json(r#"{"customerId":"c-1"}"#), Audience::default());
        assert_eq!([1, 2].map(|call| ask(&serving(7), &known, open, "f", call)), [1, 1]);
        // Another version, also an earlier one, and another epoch.
        assert_eq!([3, 4].map(|call| ask(&serving(8), &known, open, "f", call)), [3, 3]);
        assert_eq!([5, 6].map(|call| ask(&serving(7), &known, open, "f", call)), [5, 5]);
        let mut restored = serving(7);
        restored.version.epoch = "0a1b2c3d4e60".parse().unwrap();
        assert_eq!([7, 8].map(|call| ask(&restored, &known, open, "f", call)), [7, 7]);
    }

    #[test]
    fn no_two_requests_that_differ_share_a_program() {
        let contexts = ["{}", r#"{"customerId":"c-1"}"#, r#"{"customerId":"c-2"}"#].map(Context::from_json);
        let tags = [vec![], vec!["a".to_owned()], vec!["a".to_owned(), "b".to_owned()], vec!["ab".to_owned()]];
        let mut requests = std::collections::BTreeSet::new();
        let mut count = 0;
        for known in &contexts {
            for stated in [None, Some(&contexts[0]), Some(&contexts[1])].into_iter().filter(|stated| *stated != Some(known)) {
                for (tags, vouched) in tags.iter().flat_map(|names| tags.iter().map(move |vouched| (names, vouched))) {
                    for identity in [Identity::Open, Identity::Vouched] {
                        for form in ["f", "fa"] {
                            for format in [FORMAT, FORMAT + 1] {
                                requests.insert(request(known, Audience { identity, tags, vouched, format, stated }, form));
                                count += 1;
                            }
                        }
                    }
                }
            }
        }
        assert_eq!(requests.len(), count);
    }

    #[test]
    fn an_answer_that_may_be_older_than_its_version_is_not_held() {
        let known = Context::new();
        let mut stale = serving(7);
        stale.stale = true;
        assert_eq!([1, 2].map(|call| ask(&stale, &known, Audience::default(), "f", call)), [1, 2]);
        assert_eq!(ask(&serving(7), &known, Audience::default(), "f", 3), 3);
        assert_eq!(ask(&stale, &known, Audience::default(), "f", 4), 4);
    }

    #[test]
    fn the_programs_of_an_environment_are_bounded_by_bytes() {
        let mut held = HeldPrograms::at(version(1));
        for number in 0..1_000_u32 {
            held.add(version(1), number.to_le_bytes().to_vec(), Made::from(vec![0; 100_000]));
            let sum: usize = held.made.iter().map(|(request, made)| request.len() + made.bytes.len() + ENTRY_BYTES).sum();
            assert!(held.bytes == sum && sum <= MOST_BYTES);
            assert!(held.of(version(1), &number.to_le_bytes()).is_some());
        }
        held.add(version(1), b"long".to_vec(), Made::from(vec![0; MOST_BYTES]));
        assert_eq!((held.bytes, held.made.len()), (0, 0));
    }
}
