//! What the answers of a run are of: the rows of each table, and how many of them the views leave out as repeats.

use std::collections::BTreeMap;

use deltalake::datafusion::prelude::SessionContext;
use posts::tables::Table;
use serde::Serialize;

use crate::answer::query;
use crate::error::Error;

/// By table, without the quarantine: no question reads it.
pub(crate) type Inputs = BTreeMap<&'static str, Input>;

/// What is read of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Input {
    /// Rows up to the watermarks.
    pub(crate) rows: u64,
    /// Those of them that are a post told again, minutes or years later: the views show each post once.
    pub(crate) repeats: u64,
}

/// Counts them.
pub(crate) async fn inputs(session: &SessionContext) -> Result<Inputs, Error> {
    let mut inputs = Inputs::new();
    for table in [Table::Pin, Table::Geo, Table::User] {
        let name = table.name();
        let text = format!("select count(*) as read_rows, count(distinct {name}_rows.ind) as posts from {name}_rows");
        let answer = query(session, &format!("rows of {name}"), &text).await?;
        let number = |column: usize| answer.rows.first()?.get(column)?.as_u64();
        let (rows, posts) = (number(0).unwrap_or_default(), number(1).unwrap_or_default());
        inputs.insert(name, Input { rows, repeats: rows.saturating_sub(posts) });
    }
    Ok(inputs)
}
