//! A program as JSON, for people and tools: the steps that are still asked, and the answers that are settled.
use alloc::{format, string::String};

use super::runner::Program;
use crate::{
    evaluate::describe::{name, write_steps},
    json::{
        Object,
        canonical::{write_list, write_number, write_string},
    },
    model::image::Head,
};

impl Program {
    /// The program as canonical JSON, for people and tools; clients read [`Program::to_bytes`]. Symbols are shown as their fingerprints,
    /// 16 hexadecimal digits each.
    pub fn to_json(&self) -> String {
        let image = &self.image;
        let mut out = String::new();
        let mut program = Object::open(&mut out);
        let mut flags = Object::open(program.member("flags"));
        for flag in 0..image.flags() {
            let mut object = Object::open(flags.member(&name(image, flag)));
            if let Some(metadata) = image.metadata(flag) {
                object.member("metadata").push_str(metadata);
            }
            write_steps(object.member("steps"), image, flag, &|symbol| format!("\"{:016x}\"", image.fingerprint(symbol)));
            object.member("type").push_str(&format!("\"{}\"", image.flag_type(flag).map_or("", |kind| kind.as_str())));
            object.close();
        }
        flags.close();
        write_number(program.member("format"), f64::from(super::FORMAT));
        let known = (0..image.head(Head::Known)).map(|index| image.str(image.known(index).name));
        write_list(program.member("known"), known, write_string);
        #[expect(clippy::cast_precision_loss, reason = "moments are whole numbers below 2^53")]
        write_list(program.member("moments"), image.moments(), |out, moment| write_number(out, moment as f64));
        program.close();
        out
    }
}
