//! PostgreSQL beside it, on the same machine in the same run: an append-only table with a chain of hashes for each account.
//!
//! 1. A server of its own, in a folder of its own, on a Unix socket there; as an unprivileged user when the benchmark is root, because
//!    PostgreSQL refuses to be that. fsync and synchronous_commit are on, as they are by default.
//! 2. A row holds what a contribution says. A trigger before each insert takes the account's last row under a lock and chains the new row to
//!    it by SHA-256; another refuses every change and removal; (account, reference) is unique.
//! 3. Inserts of 1,000 rows in one transaction, from one client and from two, over a table that is filled the same way first.
//! 4. Chains of some accounts are recomputed here from the rows read back.
//!
//! What it does not do: no signature of the one who pays is checked or kept, nobody can prove anything from a row without the server,
//! nobody sees whether an account's rows are all there, facets cannot be withheld, and whoever runs the server can rewrite a chain.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use peal_spec::hash;
use postgres::{Client, Config, NoTls};

use crate::figure::{Figure, Must, number, say, whole};
use crate::people::Draw;

/// Rows of an insert.
const EACH: usize = 1000;

/// What is not as the package has it.
pub const SETTINGS: [(&str, &str); 8] = [
    ("shared_buffers", "1GB"),
    ("max_wal_size", "8GB"),
    ("checkpoint_timeout", "15min"),
    ("wal_compression", "lz4"),
    ("effective_cache_size", "8GB"),
    ("max_connections", "20"),
    ("max_locks_per_transaction", "1024"),
    ("listen_addresses", ""),
];

const SCHEMA: &str = "
CREATE TABLE account (number bigint PRIMARY KEY, id bytea NOT NULL);
CREATE TABLE contribution (
    account bigint NOT NULL, sequence int NOT NULL, reference text NOT NULL,
    issuer bigint NOT NULL, source smallint NOT NULL,
    insurance smallint NOT NULL, scheme text NOT NULL, fund bigint NOT NULL, month int NOT NULL,
    amount bigint NOT NULL, credited bigint NOT NULL, base bigint, currency char(3) NOT NULL,
    orders int, shift_from bigint, shift_to bigint, place text,
    hash bytea NOT NULL,
    PRIMARY KEY (account, sequence), UNIQUE (account, reference));
CREATE FUNCTION chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE last record;
BEGIN
    PERFORM pg_advisory_xact_lock(NEW.account);
    SELECT sequence, hash INTO last FROM contribution WHERE account = NEW.account ORDER BY sequence DESC LIMIT 1;
    NEW.sequence := coalesce(last.sequence + 1, 0);
    NEW.hash := sha256(coalesce(last.hash, '') || convert_to(concat_ws('|', NEW.account, NEW.sequence, NEW.reference,
        NEW.issuer, NEW.source, NEW.insurance, NEW.scheme, NEW.fund, NEW.month, NEW.amount, NEW.credited, NEW.base, NEW.currency,
        NEW.orders, NEW.shift_from, NEW.shift_to, NEW.place), 'UTF8'));
    RETURN NEW;
END $$;
CREATE TRIGGER chain BEFORE INSERT ON contribution FOR EACH ROW EXECUTE FUNCTION chain();
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'this table only grows'; END $$;
CREATE TRIGGER refuse BEFORE UPDATE OR DELETE ON contribution FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER refuse_all BEFORE TRUNCATE ON contribution FOR EACH STATEMENT EXECUTE FUNCTION refuse();";

const INSERT: &str = "INSERT INTO contribution
    (account, sequence, reference, issuer, source, insurance, scheme, fund, month, amount, credited, base, currency, orders, shift_from, shift_to, place)
    SELECT a, 0, r, 1, 1, 1, 'cn-flexible-pension', 2, m, n, n * 2 / 5, n * 5, 'CNY', o, f, f + 30000, 'Suzhou, Gusu district'
    FROM unnest($1::bigint[], $2::text[], $3::int[], $4::bigint[], $5::int[], $6::bigint[]) AS rows (a, r, m, n, o, f)";

/// What it measured.
pub struct Beside {
    pub version: String,
    pub accounts: usize,
    pub rows: u64,
    /// Rows a second from one client and from two.
    pub one: Figure,
    pub two: Figure,
    pub bytes_per_row: f64,
}

/// The folder of the newest installed server's programs.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian =
        versions.filter_map(|e| Some((e.file_name().to_str()?.parse::<u32>().ok()?, e.path().join("bin"))));
    let newest = debian.filter(|(_, bin)| bin.join("postgres").exists()).max();
    newest.map(|(_, bin)| bin).or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|p| p.join("postgres").exists() && p.join("initdb").exists())
    })
}

/// A server that ends with this.
struct Server {
    programs: PathBuf,
    folder: tempfile::TempDir,
    as_root: bool,
    child: Option<Child>,
}

impl Server {
    /// A command of PostgreSQL's, as a user that it accepts.
    fn command(&self, program: &str) -> Command {
        let path = self.programs.join(program);
        let mut command = if self.as_root {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn run(&self, command: &mut Command, what: &str) -> Result<(), String> {
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("{what} ended with {status}")),
            Err(e) => Err(format!("{what}: {e}")),
        }
    }

    fn start(near: &Path) -> Result<Self, String> {
        let programs = programs().ok_or("it is not installed (Debian: apt-get install postgresql)")?;
        let as_root =
            std::fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0);
        // Beside the ledger if PostgreSQL's user can get there and the socket's path is short enough; /tmp may be memory.
        let near = std::fs::canonicalize(near).map_err(|e| e.to_string())?;
        let open = |p: &Path| {
            use std::os::unix::fs::PermissionsExt;
            p.ancestors().all(|a| std::fs::metadata(a).is_ok_and(|m| m.permissions().mode() & 1 == 1))
        };
        let place = if open(&near) && near.as_os_str().len() < 60 { near } else { PathBuf::from("/var/tmp") };
        let folder = tempfile::Builder::new().prefix("pg").tempdir_in(place).map_err(|e| e.to_string())?;
        let mut server = Self { programs, folder, as_root, child: None };
        if as_root {
            let owner = Command::new("chown").arg("postgres:").arg(server.folder.path()).status();
            if !owner.is_ok_and(|s| s.success()) {
                return Err("there is no user postgres to run it as".into());
            }
        }
        let mut init = server.command("initdb");
        init.args(["--auth=trust", "--username=bench", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(server.data());
        server.run(&mut init, "initdb")?;
        let mut start = server.command("postgres");
        start.arg("-D").arg(server.data()).arg("-k").arg(server.folder.path());
        for (name, value) in SETTINGS {
            start.args(["-c", &format!("{name}={value}")]);
        }
        // A child of this process, so that whoever interrupts the benchmark ends it too.
        server.child = Some(start.spawn().map_err(|e| format!("postgres: {e}"))?);
        let began = Instant::now();
        while let Err(e) = server.config().connect(NoTls) {
            let ended = server.child.as_mut().and_then(|c| c.try_wait().ok().flatten());
            if ended.is_some() || began.elapsed() > Duration::from_secs(120) {
                return Err(format!("postgres does not start: {e}"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }

    fn config(&self) -> Config {
        let mut config = Config::new();
        config.host_path(self.folder.path()).user("bench").dbname("postgres");
        config
    }

    fn connect(&self) -> Client {
        self.config().connect(NoTls).must("a connection to PostgreSQL")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(child) = &mut self.child else { return };
        // SIGINT is its fast shutdown.
        let told = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        if !told.is_ok_and(|s| s.success()) {
            let _ = child.kill();
        }
        let _ = child.wait();
    }
}

/// The columns of rows, ready to be sent.
#[derive(Default)]
struct Rows {
    accounts: Vec<i64>,
    references: Vec<String>,
    months: Vec<i32>,
    amounts: Vec<i64>,
    orders: Vec<i32>,
    shifts: Vec<i64>,
}

impl Rows {
    fn new(draw: &mut Draw, accounts: usize, next: &AtomicU64) -> Self {
        let months = crate::people::months();
        let mut rows = Self::default();
        for _ in 0..EACH {
            rows.accounts.push(draw.below(accounts) as i64);
            let n = next.fetch_add(1, Ordering::Relaxed);
            // As long as the ledger's.
            rows.references.push(format!("0123456789/{n}"));
            rows.months.push(months[draw.below(12)].number() as i32);
            rows.amounts.push(10_000 + draw.below(90_000) as i64);
            rows.orders.push(1 + draw.below(400) as i32);
            rows.shifts.push(1_700_000_000 + draw.below(20_000_000) as i64);
        }
        // In order of account, so that two clients never wait for each other in a circle.
        rows.accounts.sort_unstable();
        rows
    }
}

/// Inserts these on as many clients as there are lists; returns rows a second.
fn insert(server: &Server, lists: Vec<Vec<Rows>>) -> f64 {
    let clients: Vec<_> = lists
        .into_iter()
        .map(|list| {
            let mut client = server.connect();
            let insert = client.prepare(INSERT).must("the insert");
            (client, insert, list)
        })
        .collect();
    let began = Instant::now();
    let rows: u64 = std::thread::scope(|scope| {
        let all: Vec<_> = clients
            .into_iter()
            .map(|(mut client, insert, list)| {
                scope.spawn(move || {
                    let one = |r: &Rows| {
                        client.execute(
                            &insert,
                            &[&r.accounts, &r.references, &r.months, &r.amounts, &r.orders, &r.shifts],
                        )
                    };
                    list.iter().map(one).map(|n| n.must("an insert")).sum::<u64>()
                })
            })
            .collect();
        all.into_iter().map(|t| t.join().unwrap_or_else(|_| panic!("a client of PostgreSQL ended"))).sum()
    });
    rows as f64 / began.elapsed().as_secs_f64()
}

/// Recomputes the chains of accounts from their rows.
fn check(client: &mut Client, accounts: &[i64]) {
    const READ: &str = "SELECT hash, concat_ws('|', account, sequence, reference, issuer, source, insurance, scheme, fund, month, amount,
        credited, base, currency, orders, shift_from, shift_to, place) FROM contribution WHERE account = $1 ORDER BY sequence";
    for account in accounts {
        let rows = client.query(READ, &[account]).must("an account's rows");
        assert!(!rows.is_empty(), "the account has rows");
        let mut last = Vec::new();
        for row in rows {
            last.extend(row.get::<_, String>(1).into_bytes());
            let made = hash::plain(&last);
            assert_eq!(made.0.as_slice(), row.get::<_, Vec<u8>>(0), "the chain of account {account}");
            last = made.0.to_vec();
        }
    }
}

/// Measures it, or says why not. `rows` are there first; a run is `run` rows.
pub fn measure(near: &Path, accounts: usize, rows: usize, run: usize, runs: usize) -> Result<Beside, String> {
    let server = Server::start(near)?;
    let mut client = server.connect();
    let version: String = client.query_one("SHOW server_version", &[]).must("its version").get(0);
    for (name, wanted) in [("fsync", "on"), ("synchronous_commit", "on"), ("full_page_writes", "on")] {
        let value: String = client.query_one(&format!("SHOW {name}"), &[]).must(name).get(0);
        assert_eq!(value, wanted, "{name}");
    }
    client.batch_execute(SCHEMA).must("the schema");
    say(&format!(
        "PostgreSQL {version}: {} accounts and {} rows",
        whole(accounts as u64),
        whole(rows as u64)
    ));
    let fill = "INSERT INTO account SELECT n, sha256(convert_to(n::text, 'UTF8')) FROM generate_series(0, $1::bigint - 1) n";
    client.execute(fill, &[&(accounts as i64)]).must("the accounts");
    let next = AtomicU64::new(0);
    let lists = |clients: usize, rows: usize| -> Vec<Vec<Rows>> {
        let each = rows.div_ceil(EACH * clients);
        let make = |_| {
            let mut draw = Draw::new();
            (0..each).map(|_| Rows::new(&mut draw, accounts, &next)).collect()
        };
        (0..clients).map(make).collect()
    };
    let mut filled = 0;
    while filled < rows {
        let part = (rows - filled).min(200_000);
        let rate = insert(&server, lists(2, part));
        filled = next.load(Ordering::Relaxed) as usize;
        if rows > 200_000 {
            say(&format!("  {} rows, {} a second", whole(filled as u64), number(rate)));
        }
    }
    client.batch_execute("ANALYZE").must("ANALYZE");
    let measure =
        |clients: usize| Figure::of((0..runs).map(|_| insert(&server, lists(clients, run))).collect());
    let (one, two) = (measure(1), measure(2));
    let written = next.load(Ordering::Relaxed);
    let count: i64 = client.query_one("SELECT count(*) FROM contribution", &[]).must("a count").get(0);
    assert_eq!(count as u64, written, "the table holds what was inserted");
    let some = client.query("SELECT account FROM contribution LIMIT 20", &[]).must("accounts");
    check(&mut client, &some.iter().map(|r| r.get(0)).collect::<Vec<i64>>());
    for forbidden in
        ["UPDATE contribution SET amount = 1", "DELETE FROM contribution", "TRUNCATE contribution"]
    {
        assert!(client.batch_execute(forbidden).is_err(), "{forbidden} is refused");
    }
    let bytes: i64 =
        client.query_one("SELECT pg_total_relation_size('contribution')", &[]).must("its size").get(0);
    drop(client);
    std::thread::sleep(Duration::from_millis(100));
    Ok(Beside { version, accounts, rows: written, one, two, bytes_per_row: bytes as f64 / written as f64 })
}
