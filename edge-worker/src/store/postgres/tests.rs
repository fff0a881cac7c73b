//! The conformance suite on a store that follows a journal in a real Postgres: what a test writes goes through the database, and what it
//! reads is answered by another store, which knows nothing but the journal.
mod followed;

use std::{
    cell::Cell,
    env, fs,
    path::PathBuf,
    process::{Command, Stdio},
    rc::Rc,
};

use tokio::{
    net::UnixStream,
    runtime::{Builder, Runtime},
};
use tokio_postgres::{Config, NoTls};

use self::followed::Followed;
use super::{session::Session, *};
use crate::store::{
    conformance,
    journal::Entry,
    sqlite::{Sqlite, database::tests::Memory},
};

/// A server of Postgres with the migrations, on a socket in a folder of its own.
struct Server {
    folder: PathBuf,
    programs: PathBuf,
}

impl Server {
    fn start() -> Self {
        let programs = ["17", "16", "15"].map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin")));
        let programs = programs.into_iter().find(|folder| folder.exists()).expect("install it with: apt-get install postgresql-15");
        let folder = env::temp_dir().join(format!("twinflag-journal-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let server = Self { folder, programs };
        if is_root() {
            assert!(Command::new("chown").arg("postgres").arg(&server.folder).status().unwrap().success());
        }
        server.run("initdb", &["-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        let settings = format!("-c listen_addresses='' -c unix_socket_directories='{}' -c fsync=off", server.folder.display());
        server.run("pg_ctl", &["-D", "data", "-w", "-s", "-l", "log", "-o", &settings, "start"]);
        server
    }

    /// Runs a program of the server; Postgres refuses to run as root.
    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = if is_root() { Command::new("runuser") } else { Command::new(&program) };
        if is_root() {
            command.args(["-u", "postgres", "--"]).arg(&program);
        }
        let ended = command.args(arguments).current_dir(&self.folder).env("LC_ALL", "C.UTF-8").stdout(Stdio::null()).status().unwrap();
        assert!(ended.success(), "{}", program.display());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.run("pg_ctl", &["-D", "data", "-m", "immediate", "-s", "stop"]);
        fs::remove_dir_all(&self.folder).ok();
    }
}

fn is_root() -> bool {
    let told = Command::new("id").arg("-u").output().unwrap();
    String::from_utf8_lossy(&told.stdout).trim() == "0"
}

/// A connection to it, which blocks.
struct Database {
    runtime: Runtime,
    session: Session,
    _server: Server,
}

impl Database {
    fn new() -> Self {
        let server = Server::start();
        let runtime = Builder::new_current_thread().enable_io().build().unwrap();
        let socket = server.folder.join(".s.PGSQL.5432");
        let session = runtime.block_on(async {
            let mut config = Config::new();
            config.user("postgres").dbname("postgres");
            let (client, connection) = config.connect_raw(UnixStream::connect(&socket).await.unwrap(), NoTls).await.unwrap();
            tokio::spawn(connection);
            let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres");
            let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
            files.sort();
            for file in files {
                client.batch_execute(&format!("begin;{}\ncommit;", fs::read_to_string(&file).unwrap())).await.unwrap();
            }
            Session::open(client).await.unwrap()
        });
        Self { runtime, session, _server: server }
    }
}

/// A hub of the journal: one store decides, the other one reads.
struct Hub {
    database: Rc<Database>,
    name: String,
    entries: Cell<u32>,
}

impl Hub {
    /// Takes the journal to its end.
    fn catch_up(&self, store: &Sqlite<Memory>) {
        loop {
            let held = store.position().unwrap();
            let position = held.clone().unwrap_or_else(Position::start);
            let text = self.database.runtime.block_on(self.database.session.news(&self.name, position.number)).unwrap();
            let news: News = serde_json::from_str(&text).unwrap();
            if held.is_none() {
                store.start_over(&news.identity).unwrap();
                continue;
            }
            assert!(news.follows(&position));
            for (number, id, text) in &news.entries {
                store.take(&Entry::parse(text).unwrap(), &Position { number: *number, entry: id.clone() }, &[], &[]).unwrap();
            }
            if store.position().unwrap().unwrap().number >= news.newest {
                return;
            }
        }
    }

    /// Adds what waits in the outbox of the store.
    fn add(&self, store: &Sqlite<Memory>) {
        let Some(entry) = store.outbox().take() else { return };
        self.entries.set(self.entries.get() + 1);
        let id = format!("{}-{}", self.name, self.entries.get());
        let (text, behind) = (entry.text().unwrap(), store.position().unwrap().unwrap().number);
        let appended = Appended { hub: &self.name, behind, id: &id, entry: &text, compiled: None, takes: &[] };
        let add = || self.database.runtime.block_on(self.database.session.append(&appended)).unwrap();
        assert_eq!(add(), Answered::Done);
        // Its answer may be lost: the same entry sent again is there already.
        assert_eq!(add(), Answered::Done);
        let other = Appended { id: "another", ..appended };
        assert_eq!(self.database.runtime.block_on(self.database.session.append(&other)).unwrap(), Answered::Behind);
        store.take(&entry, &Position { number: behind + 1, entry: id }, &[], &[]).unwrap();
    }
}

#[test]
fn it_does_what_a_store_must() {
    let database = Rc::new(Database::new());
    let made = Cell::new(0_u32);
    conformance::check(|| {
        made.set(made.get() + 1);
        let hub = Hub { database: Rc::clone(&database), name: format!("hub {}", made.get()), entries: Cell::new(0) };
        Followed::new(hub)
    });
}
