//! Real database servers: Debian's MariaDB and PostgreSQL, on 127.0.0.1, with a folder of their own, gone when dropped.
//!
//! Both refuse to run as root, so root starts them as the user of their package. Where a server is not installed, that is said on
//! stderr past the test harness, which would swallow it; `PINPULSE_DATABASES=required` makes it a failure.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, Executor as _};
use tempfile::TempDir;

/// How long a server may take to come up or to go: the machine may be busy.
const PATIENCE: Duration = Duration::from_mins(2);

/// What there is to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    MariaDb,
    PostgreSql,
}

impl Make {
    fn package(self) -> &'static str {
        match self {
            Self::MariaDb => "mariadb-server",
            Self::PostgreSql => "postgresql",
        }
    }

    fn user(self) -> &'static str {
        match self {
            Self::MariaDb => "mysql",
            Self::PostgreSql => "postgres",
        }
    }

    /// Programs that make a data folder, and that serve it.
    fn programs(self) -> Option<[PathBuf; 2]> {
        let names = match self {
            Self::MariaDb => ["mariadb-install-db", "mariadbd"],
            Self::PostgreSql => ["initdb", "postgres"],
        };
        let mut folders: Vec<PathBuf> = ["/usr/bin", "/usr/sbin", "/usr/local/bin"].map(PathBuf::from).to_vec();
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
        folders.extend(versions.map(|version| version.unwrap().path().join("bin")));
        let find = |name: &str| folders.iter().map(|folder| folder.join(name)).find(|path| path.exists());
        Some([find(names[0])?, find(names[1])?])
    }

    /// The user's and the group's number, if there is such a user.
    fn account(self) -> Option<(u32, u32)> {
        let users = fs::read_to_string("/etc/passwd").unwrap();
        let line = users.lines().find(|line| line.split(':').next() == Some(self.user()))?;
        let fields: Vec<&str> = line.split(':').collect();
        Some((fields[2].parse().unwrap(), fields[3].parse().unwrap()))
    }
}

/// A running server with an empty database.
pub(crate) struct Server {
    pub(crate) make: Make,
    pub(crate) url: String,
    process: Child,
    _folder: TempDir,
}

impl Server {
    /// Starts one; none where it is not installed, which is said loudly.
    pub(crate) async fn start(make: Make) -> Option<Self> {
        let Some(programs) = make.programs() else {
            skipped(make);
            return None;
        };
        // A port is free until somebody takes it: with bad luck somebody else does.
        for _ in 0..5 {
            if let Some(server) = Self::try_start(make, &programs).await {
                return Some(server);
            }
        }
        panic!("{make:?} does not start");
    }

    async fn try_start(make: Make, [install, serve]: &[PathBuf; 2]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let account = (fs::metadata("/proc/self").unwrap().uid() == 0).then(|| make.account().unwrap());
        if let Some((uid, gid)) = account {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let as_user = |program: &Path| {
            let mut command = Command::new(program);
            if let Some((uid, gid)) = account {
                command.uid(uid).gid(gid);
            }
            command.current_dir(folder.path()).env("HOME", folder.path()).stdin(Stdio::null());
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        let data = folder.path().join("data");
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
        let (mut preparing, mut serving) = match make {
            Make::MariaDb => {
                let mut preparing = as_user(install);
                preparing.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
                preparing.arg(format!("--datadir={}", data.display()));
                let mut serving = as_user(serve);
                serving.args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-log-bin", "--port", &port]);
                serving.args(["--character-set-server=utf8mb4", "--innodb-flush-log-at-trx-commit=0"]);
                serving.arg(format!("--datadir={}", data.display()));
                serving.arg(format!("--socket={}", folder.path().join("socket").display()));
                (preparing, serving)
            }
            Make::PostgreSql => {
                let mut preparing = as_user(install);
                preparing.args([
                    "--auth=trust",
                    "--username=postgres",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--no-sync",
                    "-D",
                ]);
                preparing.arg(&data);
                let mut serving = as_user(serve);
                serving.args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"]);
                serving.args(["-p", &port, "-D"]).arg(&data);
                (preparing, serving)
            }
        };
        let ended = preparing.status().unwrap();
        assert!(ended.success(), "{make:?} makes no data folder: {ended}");
        let process = serving.spawn().unwrap();
        let url = match make {
            Make::MariaDb => format!("mysql://root@127.0.0.1:{port}/mysql"),
            Make::PostgreSql => format!("postgres://postgres@127.0.0.1:{port}/postgres"),
        };
        let mut server = Self { make, url, process, _folder: folder };
        server.answers().await.then_some(server)
    }

    /// Waits until it takes connections. False if it ended.
    async fn answers(&mut self) -> bool {
        let start = Instant::now();
        while self.query("SELECT 1").await.is_err() {
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(start.elapsed() < PATIENCE, "{:?} does not answer", self.make);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        true
    }

    async fn query(&self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self.make {
            Make::MariaDb => {
                let options: sqlx::mysql::MySqlConnectOptions = self.url.parse()?;
                let mut connection = options.connect().await?;
                connection.execute(sqlx::raw_sql(sql)).await?;
                connection.close().await
            }
            Make::PostgreSql => {
                let options: sqlx::postgres::PgConnectOptions = self.url.parse()?;
                let mut connection = options.connect().await?;
                connection.execute(sqlx::raw_sql(sql)).await?;
                connection.close().await
            }
        }
    }

    /// Runs statements, separated by semicolons.
    pub(crate) async fn run(&self, sql: &str) {
        self.query(sql).await.unwrap();
    }

    /// A database of its own, and its URL.
    pub(crate) async fn database(&self, name: &str) -> Database<'_> {
        self.run(&format!("CREATE DATABASE {name}")).await;
        let (server, _) = self.url.rsplit_once('/').unwrap();
        Database { server: self, url: format!("{server}/{name}") }
    }
}

impl Drop for Server {
    /// Stops the process that was started here, as its manual says to stop at once, and its own with it.
    fn drop(&mut self) {
        let signal = if self.make == Make::PostgreSql { "-QUIT" } else { "-KILL" };
        Command::new("kill").args([signal, &self.process.id().to_string()]).status().ok();
        self.process.wait().ok();
    }
}

/// One of a server's databases.
pub(crate) struct Database<'a> {
    server: &'a Server,
    pub(crate) url: String,
}

impl Database<'_> {
    pub(crate) async fn run(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        match self.server.make {
            Make::MariaDb => {
                let options: sqlx::mysql::MySqlConnectOptions = self.url.parse().unwrap();
                options.connect().await.unwrap().execute(sqlx::raw_sql(sql)).await.unwrap();
            }
            Make::PostgreSql => {
                let options: sqlx::postgres::PgConnectOptions = self.url.parse().unwrap();
                options.connect().await.unwrap().execute(sqlx::raw_sql(sql)).await.unwrap();
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "CI says by a variable that nothing may be skipped")]
fn skipped(make: Make) {
    let line = format!("SKIPPED 1 of 2 databases: {make:?} is not installed (apt-get install {})", make.package());
    assert!(std::env::var_os("PINPULSE_DATABASES").is_none_or(|value| value != "required"), "{line}");
    // Not by a macro: those the harness keeps to itself while the test passes.
    let mut past_the_harness = std::io::stderr().lock();
    writeln!(past_the_harness, "{line}").unwrap();
}
