//! The query engine over one moment of the lake: the tables at their versions, cut at the watermarks, and the views.
//!
//! Four tables of rows, `pin_rows`, `geo_rows`, `user_rows` and `quarantine_rows`, hold what is consolidated in all of them
//! at once; `pins`, `geos` and `users` are the views over them that people use elsewhere too. Nothing here writes.

use std::sync::Arc;

use deltalake::arrow::array::{RecordBatch, StringArray};
use deltalake::datafusion::catalog::TableProvider;
use deltalake::datafusion::error::DataFusionError;
use deltalake::datafusion::prelude::SessionContext;
use deltalake::delta_datafusion::create_session;
use posts::tables::Table;

use crate::error::Error;
use crate::lake::Tables;
use crate::questions::VIEWS;
use crate::watermark::Watermarks;

/// Makes a session over the four tables (all of their rows) and the shards' watermarks.
///
/// # Errors
/// If the engine refuses a table or a view.
pub async fn session(
    tables: Vec<(Table, Arc<dyn TableProvider>)>,
    watermarks: &Watermarks,
) -> Result<SessionContext, Error> {
    let session = create_session().into_inner();
    let failed = || Error::query("make the session");
    session.register_batch("watermarks", batch(watermarks).map_err(failed())?).map_err(failed())?;
    for (table, provider) in tables {
        session.register_table(format!("{}_table", table.name()), provider).map_err(failed())?;
        run(&session, &cut(table)).await.map_err(failed())?;
    }
    for (name, text) in VIEWS {
        run(&session, text).await.map_err(Error::query(format!("make view {name}")))?;
    }
    Ok(session)
}

/// Makes a session over every row of the four tables as they are, under the names that the views read, and the views.
///
/// For people who ask what they like; a run of the questions cuts the tables at common watermarks with [`session`].
///
/// # Errors
/// If the engine refuses a table or a view.
pub async fn uncut(tables: &Tables) -> Result<SessionContext, Error> {
    let session = create_session().into_inner();
    for (table, provider) in tables.providers().await? {
        let name = format!("{}_rows", table.name());
        session.register_table(name, provider).map_err(Error::query("make the session"))?;
    }
    for (name, text) in VIEWS {
        run(&session, text).await.map_err(Error::query(format!("make view {name}")))?;
    }
    Ok(session)
}

async fn run(session: &SessionContext, text: &str) -> Result<(), DataFusionError> {
    session.sql(text).await?.collect().await.map(|_| ())
}

/// Sequence numbers are stored so that their text order is their order, which is what makes this comparison one of texts.
fn cut(table: Table) -> String {
    let name = table.name();
    format!(
        "create view {name}_rows as select {name}_table.* from {name}_table \
         inner join watermarks on watermarks.shard = {name}_table.shard \
         where {name}_table.sequence <= watermarks.sequence"
    )
}

fn batch(watermarks: &Watermarks) -> Result<RecordBatch, DataFusionError> {
    let shards: StringArray = watermarks.keys().map(|shard| Some(shard.as_str())).collect();
    let sequences: StringArray = watermarks.values().map(|sequence| Some(sequence.as_str())).collect();
    Ok(RecordBatch::try_from_iter([("shard", Arc::new(shards) as _), ("sequence", Arc::new(sequences) as _)])?)
}
