//! Copying conditions from the part of one flag or segment into the tables of all.
use alloc::vec::Vec;

use crate::{
    bucket::{BucketKey, DrawHash},
    model::{
        build::Builder,
        condition::{Condition, Portion},
        image::{Head, Image, Span},
        words::Run,
        write::{Keep, StepTables as _},
    },
};

/// A segment in the tables: its number, and where its condition stands.
#[derive(Clone, Copy)]
pub(crate) struct LinkedSegment {
    pub(crate) number: u32,
    pub(crate) condition: u32,
}

/// Copies the conditions of one part.
pub(crate) struct Copier<'c> {
    part: &'c Image,
    key: BucketKey,
    /// The segments that the part names, by their places among its uses.
    segments: &'c [LinkedSegment],
    /// The number in the tables of each attribute of the part.
    attributes: Vec<u32>,
    builder: &'c mut Builder,
}

impl<'c> Copier<'c> {
    pub(crate) fn new(part: &'c Image, key: BucketKey, segments: &'c [LinkedSegment], builder: &'c mut Builder) -> Self {
        let attributes = (0..part.head(Head::Attributes)).map(|attribute| builder.attribute(part.str(part.attribute(attribute).name)));
        Self { part, key, segments, attributes: attributes.collect(), builder }
    }

    /// Copies the condition at a place in the part, and returns its place in the tables; 0, which is no place, stays 0.
    pub(crate) fn condition(&mut self, at: u32) -> u32 {
        if at == 0 {
            return 0;
        }
        match self.part.words().condition(at) {
            Condition::All(children) => self.children(children, Builder::all),
            Condition::Any(children) => self.children(children, Builder::any),
            Condition::Not(inner) => {
                let inner = self.condition(inner);
                self.builder.not(inner)
            }
            Condition::Segment { number, condition: _ } => match self.segments.get(number as usize) {
                Some(segment) => self.builder.segment_condition(segment.number, segment.condition),
                // Only a part whose segments are all found is copied; a condition that never holds stands in for an unknown segment.
                None => self.builder.any(&[]),
            },
            Condition::Percentage(portion) => {
                let hash = match portion.hash {
                    DrawHash::Unkeyed { at, length } => DrawHash::Sip(self.key.subkey(self.part.text(Span { at, length }))),
                    keyed @ (DrawHash::Sip(_) | DrawHash::MurmurhashJs) => keyed,
                };
                self.builder.percentage(Portion { attribute: self.attribute(portion.attribute), hash, ..portion })
            }
            Condition::Test { attribute, test } => self.builder.copy_test(self.part, self.attribute(attribute), &test, Keep::All),
            Condition::Nothing => self.builder.any(&[]),
        }
    }

    fn children(&mut self, children: Run, join: impl FnOnce(&mut Builder, &[u32]) -> u32) -> u32 {
        let copies: Vec<u32> = self.part.words().run(children).map(|child| self.condition(child)).collect();
        join(self.builder, &copies)
    }

    fn attribute(&self, attribute: u32) -> u32 {
        self.attributes.get(attribute as usize).copied().unwrap_or_default()
    }
}
