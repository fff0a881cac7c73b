//! Explanations as canonical JSON.
use alloc::string::String;

use super::{
    ExplainedCondition, ExplainedStep, ExplainedUnit, Explanation,
    operand::{write_as, write_switches},
};
use crate::evaluate::Include;
use crate::json::{
    Object,
    canonical::{write_number, write_string},
};

impl Explanation<'_> {
    /// The explanation as canonical JSON: an object of `evaluation`, the answer with its bucket, its step and its metadata, and `steps`.
    ///
    /// `default` is the caller's default as JSON, the value where no variant is served; `None` leaves the value out.
    pub fn to_json(&self, default: Option<&str>) -> String {
        let mut out = String::from("{\"evaluation\":");
        self.evaluation.write_canonical(&mut out, default, Include { bucket: true, step: true, metadata: true });
        out.push_str(",\"steps\":[");
        for (index, step) in self.steps.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            step.write(&mut out);
        }
        out.push_str("]}");
        out
    }
}

impl ExplainedStep {
    fn write(&self, out: &mut String) {
        let mut object = Object::open(out);
        object.member("answered").push_str(if self.answered { "true" } else { "false" });
        if !self.bounds.is_empty() {
            let out = object.member("bounds");
            for (index, bound) in self.bounds.iter().enumerate() {
                out.push(if index == 0 { '[' } else { ',' });
                write_number(out, f64::from(*bound));
            }
            out.push(']');
        }
        if let Some(bucket) = self.bucket {
            write_number(object.member("bucket"), f64::from(bucket));
        }
        if !self.conditions.is_empty() {
            let out = object.member("conditions");
            for (index, check) in self.conditions.iter().enumerate() {
                out.push(if index == 0 { '[' } else { ',' });
                check.write(out);
            }
            out.push(']');
        }
        write_string(object.member("pointer"), &self.pointer);
        write_string(object.member("step"), self.kind.as_str());
        if let Some(ExplainedUnit { attribute, value }) = &self.unit {
            let mut unit = Object::open(object.member("unit"));
            write_string(unit.member("attribute"), attribute);
            if let Some(value) = value {
                unit.member("value").push_str(value);
            }
            unit.close();
        }
        if let Some(variant) = &self.variant {
            write_string(object.member("variant"), variant);
        }
        object.close();
    }
}

impl ExplainedCondition {
    fn write(&self, out: &mut String) {
        let mut object = Object::open(out);
        if let Some(actual) = &self.actual {
            object.member("actual").push_str(actual);
        }
        write_as(&mut object, self.options);
        if let Some(attribute) = &self.attribute {
            write_string(object.member("attribute"), attribute);
        }
        if let Some(bucket) = self.bucket {
            write_number(object.member("bucket"), f64::from(bucket));
        }
        object.member("held").push_str(if self.held { "true" } else { "false" });
        write_switches(&mut object, self.options);
        write_string(object.member("op"), self.op);
        if let Some(operand) = &self.operand {
            object.member("operand").push_str(operand);
        }
        write_string(object.member("pointer"), &self.pointer);
        object.close();
    }
}
