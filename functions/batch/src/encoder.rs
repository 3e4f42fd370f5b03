//! A Parquet file being encoded on a thread of its own, while rows of the next batch are still being read.
//!
//! Reading, cleaning and judging take about as long as encoding: side by side they use two cores where there are two, as on
//! one machine or in a function of more than 1,769 MB. One batch at most waits between the two.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use deltalake::arrow::array::RecordBatch;
use deltalake::arrow::datatypes::SchemaRef;
use deltalake::parquet::arrow::ArrowWriter;
use deltalake::parquet::basic::{Compression, ZstdLevel};
use deltalake::parquet::errors::{ParquetError, Result};
use deltalake::parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use posts::tables::{EVENT_ID, SEQUENCE};
use tokio::task::JoinHandle;

/// zstd's level. The default, 3, costs more and gains nothing over rows like these: by it pins come out 1 % smaller, geos and
/// users 12 and 17 % larger.
const LEVEL: i32 = 1;

/// Columns without repeats, in which a dictionary is built in vain.
const UNIQUE: [&str; 2] = [EVENT_ID, SEQUENCE];

/// Batches that may wait for the encoder, of some megabytes each.
const WAITING: usize = 1;

/// A file under way. Dropped unfinished, it stops its thread.
pub(crate) struct Encoder {
    batches: SyncSender<RecordBatch>,
    file: JoinHandle<Result<Vec<u8>>>,
}

impl Encoder {
    /// Starts a file. To be called within a runtime of tokio.
    pub(crate) fn start(schema: SchemaRef) -> Result<Self> {
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::try_new(LEVEL)?));
        let plain = |of: WriterPropertiesBuilder, name: &str| of.set_column_dictionary_enabled(name.into(), false);
        let properties = UNIQUE.into_iter().fold(properties, plain);
        let writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties.build()))?;
        let (batches, waiting) = sync_channel(WAITING);
        Ok(Self { batches, file: tokio::task::spawn_blocking(move || encode(writer, &waiting)) })
    }

    /// Hands a batch on, and waits while too many do. What fails in the encoder is told by [`Self::finish`].
    pub(crate) fn push(&self, batch: RecordBatch) {
        // The encoder is gone only where it failed.
        drop(self.batches.send(batch));
    }

    /// The file, closed.
    pub(crate) async fn finish(self) -> Result<Vec<u8>> {
        drop(self.batches);
        self.file.await.unwrap_or_else(|ended| Err(ParquetError::General(format!("the encoder ended: {ended}"))))
    }
}

fn encode(mut writer: ArrowWriter<Vec<u8>>, batches: &Receiver<RecordBatch>) -> Result<Vec<u8>> {
    for batch in batches {
        writer.write(&batch)?;
    }
    writer.into_inner()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use deltalake::arrow::array::{ArrayRef, Int64Array, StringArray};
    use deltalake::arrow::compute::concat_batches;
    use deltalake::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;

    fn batch(column: ArrayRef) -> RecordBatch {
        RecordBatch::try_from_iter([("x", column)]).unwrap()
    }

    #[tokio::test]
    async fn every_batch_comes_back_in_order() {
        let batches: Vec<_> = (0..20).map(|number| batch(Arc::new(Int64Array::from(vec![number, -number])))).collect();
        let encoder = Encoder::start(batches[0].schema()).unwrap();
        for batch in &batches {
            encoder.push(batch.clone());
        }
        let file = encoder.finish().await.unwrap();
        let rows = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file)).unwrap().build().unwrap();
        let rows: Vec<_> = rows.map(Result::unwrap).collect();
        let [want, got] = [&batches, &rows].map(|of| concat_batches(&batches[0].schema(), of).unwrap());
        assert_eq!(got, want);
    }

    #[tokio::test]
    async fn what_cannot_be_encoded_is_told_at_the_end_and_holds_nobody_up() {
        let encoder = Encoder::start(batch(Arc::new(Int64Array::from(vec![1]))).schema()).unwrap();
        for _ in 0..10 {
            encoder.push(batch(Arc::new(StringArray::from(vec!["a"]))));
        }
        assert!(encoder.finish().await.is_err());
    }
}
