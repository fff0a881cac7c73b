//! Watching an evaluation.
use crate::model::{condition::Condition, details::Decision, step::Step};

/// Watches an evaluation. Every method does nothing unless overridden; watching changes no answer.
pub(crate) trait Visit {
    /// A step is about to be taken; first its condition is asked, if it has one.
    fn begin(&mut self, _step: &Step) {}

    /// A step was taken, with its answer; `None` if the evaluation goes on.
    fn step(&mut self, _step: &Step, _answer: Option<Decision>) {}

    /// A prerequisite was looked at: the number of its flag, and of the variant that flag has.
    fn prerequisite(&mut self, _flag: u32, _variant: Option<u32>) {}

    /// A step or the open condition looked for its unit (encoded), or found none.
    fn unit(&mut self, _attribute: u32, _value: Option<&[u8]>) {}

    /// A unit was drawn.
    fn bucket(&mut self, _bucket: u32) {}

    /// The condition at a place in the tables is about to be asked.
    fn enter(&mut self, _at: u32, _condition: &Condition) {}

    /// A test looked at its attribute's value (encoded), or found none.
    fn attribute(&mut self, _value: Option<&[u8]>) {}

    /// A condition was answered.
    fn leave(&mut self, _condition: &Condition, _held: bool) {}
}

impl Visit for () {}

impl<V: Visit> Visit for &mut V {
    fn begin(&mut self, step: &Step) {
        V::begin(self, step);
    }

    fn step(&mut self, step: &Step, answer: Option<Decision>) {
        V::step(self, step, answer);
    }

    fn prerequisite(&mut self, flag: u32, variant: Option<u32>) {
        V::prerequisite(self, flag, variant);
    }

    fn unit(&mut self, attribute: u32, value: Option<&[u8]>) {
        V::unit(self, attribute, value);
    }

    fn bucket(&mut self, bucket: u32) {
        V::bucket(self, bucket);
    }

    fn enter(&mut self, at: u32, condition: &Condition) {
        V::enter(self, at, condition);
    }

    fn attribute(&mut self, value: Option<&[u8]>) {
        V::attribute(self, value);
    }

    fn leave(&mut self, condition: &Condition, held: bool) {
        V::leave(self, condition, held);
    }
}
