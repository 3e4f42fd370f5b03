//! Posts from the course's database: tables `pinterest_data`, `geolocation_data` and `user_data`, in MySQL, MariaDB or PostgreSQL.
//!
//! Rows are read as text, as the course's client has them from its driver, and become the JSON that client would send (`cell`). A
//! task of its own reads ahead, so that a slow query delays no request that is due.

mod cell;
mod connection;
mod merge;

use futures::StreamExt as _;
use futures::stream;
use posts::Kind;
use tokio::sync::mpsc;

use crate::record::Sending;
use crate::source::address::{DatabaseUrl, TimeForm};
use crate::source::database::connection::Connection;
use crate::source::{Numbers, Source, SourceError};

/// Sendings read ahead of their time.
const AHEAD: usize = 256;

/// One of the three tables.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    pub(super) kind: Kind,
    pub(super) name: &'static str,
    /// The column that ties the three together.
    pub(super) key: &'static str,
}

/// The course's tables, in the order pin, geo, user.
pub(super) const TABLES: [Table; 3] = [
    Table { kind: Kind::Pin, name: "pinterest_data", key: "index" },
    Table { kind: Kind::Geo, name: "geolocation_data", key: "ind" },
    Table { kind: Kind::User, name: "user_data", key: "ind" },
];

/// Which rows are read, in which order.
pub(crate) enum Order {
    /// All rows once, by their key.
    Keys,
    /// `SELECT * FROM table LIMIT number, 1`, as the course's scripts do, for one number after the other until no table has a row.
    Until(Numbers),
    /// The same, and a number that no table has is passed over.
    Each(Numbers),
}

/// What is read and how it is written.
pub(crate) struct Reading {
    pub(crate) order: Order,
    pub(crate) times: TimeForm,
}

/// The posts of a database, under ids that begin with `run`.
///
/// # Errors
/// If the server does not take the connections.
pub(crate) async fn database(run: String, url: &DatabaseUrl, reading: Reading) -> Result<Source, SourceError> {
    let failed = |reason: String| SourceError::Database { address: url.address(), reason };
    let mut connections = Vec::new();
    for _ in TABLES {
        connections.push(Connection::open(url).await.map_err(failed)?);
    }
    let (give, mut taken) = mpsc::channel(AHEAD);
    let (address, mut reader) = (url.address(), Reader { run, times: reading.times, connections, give });
    let task = tokio::spawn(async move {
        let ended = match reading.order {
            Order::Keys => reader.by_key().await,
            Order::Until(numbers) => reader.by_row(numbers, true).await,
            Order::Each(numbers) => reader.by_row(numbers, false).await,
        };
        if let Err(Halt::Failed(reason)) = ended {
            // Nobody to tell is nobody who reads on.
            reader.give.send(Err(SourceError::Database { address, reason })).await.ok();
        }
    });
    let address = url.address();
    let ended = stream::once(task).filter_map(move |ended| {
        let reason = ended.err().map(|error| error.to_string());
        let address = address.clone();
        async move { Some(Err(SourceError::Database { address, reason: reason? })) }
    });
    Ok(stream::poll_fn(move |context| taken.poll_recv(context)).chain(ended).boxed())
}

/// Why reading ends early.
enum Halt {
    /// The server, or the connection to it, failed.
    Failed(String),
    /// Nobody wants more.
    Unwanted,
}

struct Reader {
    run: String,
    times: TimeForm,
    /// One for each of [`TABLES`].
    connections: Vec<Connection>,
    give: mpsc::Sender<Result<Sending, SourceError>>,
}

impl Reader {
    async fn by_key(&mut self) -> Result<(), Halt> {
        let times = self.times;
        let streams = self.connections.iter_mut().zip(TABLES).map(|(connection, table)| {
            let sql = connection.ordered(table);
            connection.rows(sql).map(move |row| merge::Head::of(row, table, times)).boxed()
        });
        let mut merged = merge::Merged::of(streams.collect());
        let mut place = 0_u64;
        while let Some(post) = merged.next().await.map_err(Halt::Failed)? {
            for error in post.unsaid {
                hand_over(&self.give, Err(error)).await?;
            }
            if !post.bodies.is_empty() {
                hand_over(&self.give, Ok(Sending::post(&format!("{}-{place}", self.run), post.bodies))).await?;
                place += 1;
            }
        }
        Ok(())
    }

    async fn by_row(&mut self, numbers: Numbers, until_none: bool) -> Result<(), Halt> {
        for (place, number) in numbers {
            let (mut bodies, mut found) = (Vec::new(), false);
            for (connection, table) in self.connections.iter_mut().zip(TABLES) {
                let sql = connection.numbered(table, number);
                let mut rows = connection.rows(sql);
                while let Some(row) = rows.next().await {
                    found = true;
                    match row.map_err(Halt::Failed)?.json(self.times) {
                        Ok(body) => bodies.push((table.kind, body)),
                        Err(what) => hand_over(&self.give, Err(SourceError::Row { table: table.name, what })).await?,
                    }
                }
            }
            if !bodies.is_empty() {
                hand_over(&self.give, Ok(Sending::post(&format!("{}-{place}", self.run), bodies))).await?;
            } else if !found && until_none {
                return Ok(());
            } else if !found {
                hand_over(&self.give, Err(SourceError::NoRow(number))).await?;
            }
        }
        Ok(())
    }
}

async fn hand_over(
    give: &mpsc::Sender<Result<Sending, SourceError>>,
    sending: Result<Sending, SourceError>,
) -> Result<(), Halt> {
    give.send(sending).await.map_err(|_| Halt::Unwanted)
}
