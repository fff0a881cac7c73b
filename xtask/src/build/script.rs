//! Converts a bare module to a script, for environments that have no WebAssembly or refuse it.
//!
//! The script exports one function, which makes an instance: an object with the module's exports. Two things differ from WebAssembly: a read
//! outside the memory gives 0 instead of a trap, which code that runs in both heeds; and memory that has grown is another buffer, while the
//! buffer before it stays writable instead of being detached. Contexts that are written there are taken over.
use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};

use crate::{install::npm, process};

/// Converts a module without imports, of the first version of WebAssembly, and minifies the script.
pub(super) fn convert(module: &Path, script: &Path) -> Result<()> {
    let mut wasm2js = npm::tool("wasm2js");
    process::run(wasm2js.arg("-Oz").arg(module).arg("-o").arg(script), npm::INSTALL)?;
    fs::write(script, wrapped(&fs::read_to_string(script)?)?)?;
    let mut esbuild = npm::tool("esbuild");
    esbuild.arg(script).args(["--minify", "--format=esm", "--target=es2020", "--log-level=warning", "--allow-overwrite"]);
    process::run(esbuild.arg(format!("--outfile={}", script.display())), npm::INSTALL).map(drop)
}

/// The line with which the converter makes the one instance that it exports.
const INSTANCE: &str = "\nvar retasmFunc = asmFunc({\n});\n";

/// How the converter's script grows the memory. If there is no memory left, it throws, or says that it has grown.
const GROW: &str = "  if ((oldPages < newPages) && (newPages < 65536)) {\n   var newBuffer = new ArrayBuffer(newPages << 16);\n";

/// As WebAssembly does: -1 where the memory cannot grow. A buffer of 2^31 bytes or more would have addresses below 0.
const GROW_OR_TELL: &str = "  if (pagesToAdd >>> 0 > 32767 - oldPages) return -1;
  if (pagesToAdd) {
   var newBuffer;
   try {
    newBuffer = new ArrayBuffer(newPages << 16);
   } catch (_) {
    return -1;
   }
";

/// Makes an instance. A page keeps writing contexts into the buffer that was there when it asked for the engine's room.
const MAKE: &str = "const instance = asmFunc({}), rooms = [];
return {
 ...instance,
 room(engine, length) {
  const at = instance.room(engine, length);
  rooms[engine] = [instance.memory.buffer, at];
  return at;
 },
 identify(engine, length, now) {
  const room = rooms[engine], { buffer } = instance.memory;
  if (room && room[0] !== buffer && length > 0) new Uint8Array(buffer).set(new Uint8Array(...room, length), room[1]);
  return instance.identify(engine, length, now);
 },
};";

/// The function by which the converter's script traps, for a panic that can be reached: the engine has none.
const TRAP: &str = "wasm2js_trap";

/// The converter's script as a function that makes an instance each time.
fn wrapped(converted: &str) -> Result<String> {
    ensure!(!converted.lines().any(|line| line.starts_with("import ")), "the module has imports");
    ensure!(!converted.contains(TRAP), "the module can panic");
    let (code, _) = converted.split_once(INSTANCE).context("the converter makes its instance in another way")?;
    ensure!(code.matches(GROW).count() == 1, "the converter grows the memory in another way");
    Ok(format!("export default () => {{\n{}\n{MAKE}\n}};\n", code.replace(GROW, GROW_OR_TELL)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted() -> String {
        format!("function asmFunc(imports) {{\n{GROW}  }}\n}}\n{INSTANCE}export var room = retasmFunc.room;\n")
    }

    #[test]
    fn a_script_makes_an_instance_at_each_call_and_tells_where_memory_ends() {
        let script = wrapped(&converted()).unwrap();
        assert!(script.starts_with("export default () => {\n") && script.ends_with(&format!("{MAKE}\n}};\n")), "{script}");
        assert_eq!(script.matches("asmFunc({})").count(), 1, "{script}");
        assert!(script.contains("return -1") && !script.contains("retasmFunc"), "{script}");
    }

    #[test]
    fn the_text_of_another_converter_is_refused() {
        let other = [
            converted().replace("65536", "65535"),
            converted().replace("asmFunc({\n})", "asmFunc(env)"),
            format!("import * as env from 'env';\n{}", converted()),
            converted().replace(GROW, &format!("{GROW}   {TRAP}();\n")),
        ];
        for text in other {
            assert!(wrapped(&text).is_err(), "{text}");
        }
    }
}
