//! `cargo xtask dev`: builds the worker, starts it in workerd, prints its addresses, and runs until it is stopped.
use std::{
    env, fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::{
    http,
    keys::{self, Keys},
    root,
};

const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let options = Options::parse(arguments)?;
    if options.build {
        crate::build()?;
    }
    let data = Data::prepare(&options)?;
    let mut workerd = start(&options, &data)?;
    if let Err(error) = wait_until_it_answers(options.port, &mut workerd) {
        workerd.kill().ok();
        workerd.wait()?;
        return Err(error);
    }
    announce(&options, &data, &workerd)?;
    let status = workerd.wait()?;
    bail!("workerd ended: {status}")
}

struct Options {
    port: u16,
    flags: PathBuf,
    data: PathBuf,
    rate_limits: Option<String>,
    build: bool,
    /// `--off`: switches all flags off.
    off: bool,
    /// `--test-clock`: lets requests set the time.
    test_clock: bool,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let (flags, data) = (root::in_root("npm/examples/flags.json"), root::in_root(".twinflag"));
        let mut options = Self { port: 8787, flags, data, rate_limits: None, build: true, off: false, test_clock: false };
        let mut rest = arguments.iter();
        while let Some(option) = rest.next() {
            let mut value = || rest.next().with_context(|| format!("{option} needs a value"));
            match option.as_str() {
                "--port" => options.port = value()?.parse().context("--port needs a number below 65536")?,
                "--flags" => options.flags = value()?.into(),
                "--data" => options.data = value()?.into(),
                "--rate-limits" => options.rate_limits = Some(value()?.clone()),
                "--no-build" => options.build = false,
                "--off" => options.off = true,
                "--test-clock" => options.test_clock = true,
                unknown => {
                    bail!("unknown option {unknown}; expected --port, --flags, --data, --rate-limits, --no-build, --off or --test-clock")
                }
            }
        }
        Ok(options)
    }
}

/// The folder of one server: its keys, its store, and the document that an empty store imports.
struct Data {
    keys: Keys,
    store: PathBuf,
    import: PathBuf,
    description: PathBuf,
}

impl Data {
    fn prepare(options: &Options) -> Result<Self> {
        fs::create_dir_all(&options.data).with_context(|| format!("cannot create {}", options.data.display()))?;
        let folder = options.data.canonicalize()?;
        let data = Self {
            keys: Keys::of(&folder)?,
            store: folder.join("store"),
            import: folder.join("import"),
            description: folder.join("dev.json"),
        };
        fs::create_dir_all(&data.store)?;
        fs::create_dir_all(&data.import)?;
        fs::copy(&options.flags, data.import.join("flags.json")).with_context(|| format!("cannot read {}", options.flags.display()))?;
        // A program that waits for `dev.json` must not read that of an earlier start.
        fs::remove_file(&data.description).ok();
        Ok(data)
    }
}

fn start(options: &Options, data: &Data) -> Result<Child> {
    if TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).is_err() {
        bail!("port {} is in use; choose another with --port", options.port);
    }
    let mut workerd = tied_to_us(&workerd_program()?);
    workerd.arg("serve").arg(root::in_root("edge-worker/workerd.capnp"));
    workerd.arg(format!("--socket-addr=http=127.0.0.1:{}", options.port));
    for (name, path) in [("store", &data.store), ("import", &data.import), ("assets", &root::in_root("edge-worker/dist/assets"))] {
        workerd.arg(format!("--directory-path={name}={}", path.display()));
    }
    workerd.env("JWT_SECRET", &data.keys.jwt_secret);
    workerd.env("CLIENT_KEY", &data.keys.client_key);
    workerd.env("SERVER_KEY", &data.keys.server_key);
    // A development server answers pages of every origin, and explains its answers to them.
    workerd.env("CLIENT_ORIGINS", "*").env("DEMO", "on");
    workerd.envs(options.rate_limits.as_ref().map(|rates| ("RATE_LIMITS", rates)));
    if options.off {
        workerd.env("FEATURE_FLAGS_ENABLED", "false");
    }
    if options.test_clock {
        workerd.env("TEST_CLOCK", "on");
    }
    workerd.stdin(Stdio::null()).spawn().context("cannot start workerd")
}

/// The path of workerd's native program. npm's wrapper would keep a Node process running beside it.
fn workerd_program() -> Result<PathBuf> {
    let platform = match (env::consts::OS, env::consts::ARCH) {
        ("linux", "x86_64") => "linux-64",
        ("linux", "aarch64") => "linux-arm64",
        ("macos", "x86_64") => "darwin-64",
        ("macos", "aarch64") => "darwin-arm64",
        (os, arch) => bail!("workerd does not exist for {os} on {arch}"),
    };
    let program = root::in_root(&format!("npm/node_modules/@cloudflare/workerd-{platform}/bin/workerd"));
    if program.exists() { Ok(program) } else { bail!("workerd is missing; install it with: cargo xtask build") }
}

/// A command whose process the kernel kills when this process ends, for whatever reason.
///
/// On Linux `setpriv` (util-linux) sets that up before it runs the program. On other systems a killed `dev` leaves workerd running, so it
/// prints the process id. `SIGTERM` would not do: workerd then waits for its last client.
fn tied_to_us(program: &Path) -> Command {
    let setpriv = Path::new("/usr/bin/setpriv");
    if !setpriv.exists() {
        return Command::new(program);
    }
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command
}

fn wait_until_it_answers(port: u16, workerd: &mut Child) -> Result<()> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if let Some(status) = workerd.try_wait()? {
            bail!("workerd ended before it answered: {status}");
        }
        match http::get(port, "/health") {
            Ok((200, _)) => return Ok(()),
            Ok((_, body)) if body.contains("DOCUMENT_REFUSED") => bail!("the document is refused: {}", detail(&body)),
            _ => thread::sleep(Duration::from_millis(20)),
        }
    }
    bail!("no answer from http://127.0.0.1:{port}/health within {} s", PATIENCE.as_secs())
}

fn detail(problem: &str) -> String {
    let problem: Value = serde_json::from_str(problem).unwrap_or_default();
    problem.get("detail").and_then(Value::as_str).unwrap_or("no reason given").to_owned()
}

fn announce(options: &Options, data: &Data, workerd: &Child) -> Result<()> {
    let url = format!("http://127.0.0.1:{}", options.port);
    let (demo, dashboard) = (format!("{url}/demo"), format!("{url}/dashboard/admin/feature-flags"));
    let Keys { client_key, server_key, .. } = &data.keys;
    let admin_token = data.keys.admin_token()?;
    let description = json!({
        "url": url, "demo": demo, "dashboard": dashboard,
        "adminToken": admin_token, "clientKey": client_key, "serverKey": server_key,
    });
    // Renaming makes the whole file appear at once.
    let draft = data.description.with_extension("draft");
    fs::write(&draft, format!("{description:#}\n"))?;
    keys::owner_only(&draft)?;
    fs::rename(draft, &data.description)?;
    println!("twinflag  {url}   (workerd is process {})", workerd.id());
    println!("demo      {demo}");
    println!("admin     {admin_token}");
    println!("Ctrl-C stops it; the data stays in {}", options.data.display());
    Ok(())
}
