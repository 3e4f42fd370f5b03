//! A run: its name, what it publishes, and what it finds published before.
//!
//! Answers go out in an order in which a run that is stopped at any point leaves nothing wrong: first the copies under the
//! run's own name, then the newest answers one by one (each says what it was computed from), then the totals, and last the
//! pointer that spares the next run its work. A run that was stopped before the pointer is simply run again.

use aws::bucket::Bucket;
use posts::arrival::rfc3339;
use posts::questions::{LATEST_KEY, Question, TOTALS_KEY};
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, Column, Objects};
use crate::error::Error;
use crate::inputs::Inputs;
use crate::lake::TableVersions;
use crate::questions::digest;
use crate::totals::Totals;

/// What the newest complete run answered from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Latest {
    /// The run's name.
    pub run: String,
    /// The versions of the tables it read.
    pub table_versions: TableVersions,
    /// The digest of the questions' text.
    pub questions: String,
}

impl Latest {
    /// What the pointer says; none before the first run, and none where it was written by a version that wrote another form.
    pub(crate) async fn read(bucket: &Bucket) -> Result<Option<Self>, Error> {
        let stored = bucket.get(LATEST_KEY).await?;
        Ok(stored.and_then(|body| serde_json::from_slice(&body).ok()))
    }

    /// Whether answers from tables of these versions would be the same again.
    pub(crate) fn covers(&self, versions: TableVersions) -> bool {
        self.table_versions == versions && self.questions == digest()
    }

    /// Whether it read a table further on than these versions: publishing them would take readers back.
    pub(crate) fn is_beyond(&self, versions: TableVersions) -> bool {
        let (new, old) = (self.table_versions, versions);
        new.pin > old.pin || new.geo > old.geo || new.user > old.user || new.quarantine > old.quarantine
    }
}

/// A run's name and the versions it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) name: String,
    pub(crate) versions: TableVersions,
}

impl Run {
    /// A run at a moment (milliseconds since the epoch) over tables of these versions. Names sort by their moments:
    /// `20261121T124205123Z-p12-g12-u12-q9`.
    pub(crate) fn new(now_ms: i64, versions: TableVersions) -> Self {
        let moment = rfc3339(now_ms).replace(['-', ':', '.'], "");
        let TableVersions { pin, geo, user, quarantine } = versions;
        Self { name: format!("{moment}-p{pin}-g{geo}-u{user}-q{quarantine}"), versions }
    }

    /// The object of an answer.
    fn document(&self, question: Question, answer: &Answer, inputs: &Inputs) -> Result<Vec<u8>, Error> {
        let document = Document {
            question: question.name(),
            columns: &answer.columns,
            rows: Objects(answer),
            inputs,
            table_versions: self.versions,
            run: &self.name,
        };
        json(question.name(), &document)
    }

    /// Publishes answers: the run's own copies, then the newest.
    pub(crate) async fn publish(
        &self,
        bucket: &Bucket,
        answers: &[(Question, Answer)],
        inputs: &Inputs,
    ) -> Result<(), Error> {
        let mut documents = Vec::with_capacity(answers.len());
        for (question, answer) in answers {
            documents.push((*question, self.document(*question, answer, inputs)?));
        }
        for (question, document) in &documents {
            bucket.put(&question.key_of_run(&self.name), document.clone().into()).await?;
        }
        for (question, document) in documents {
            bucket.put(&question.key(), document.into()).await?;
        }
        Ok(())
    }

    /// Publishes the totals, and that the run is complete.
    pub(crate) async fn complete(&self, bucket: &Bucket, totals: Option<&Totals>) -> Result<(), Error> {
        if let Some(totals) = totals {
            let stored = StoredTotals { totals, table_versions: self.versions, run: &self.name };
            bucket.put(TOTALS_KEY, json("totals", &stored)?.into()).await?;
        }
        let latest = Latest { run: self.name.clone(), table_versions: self.versions, questions: digest() };
        Ok(bucket.put(LATEST_KEY, json("the pointer", &latest)?.into()).await?)
    }
}

fn json(what: &str, value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|cause| Error::Json { attempted: format!("write {what}"), cause })
}

#[derive(Serialize)]
struct Document<'a> {
    question: &'static str,
    columns: &'a [Column],
    rows: Objects<'a>,
    inputs: &'a Inputs,
    table_versions: TableVersions,
    run: &'a str,
}

#[derive(Serialize)]
struct StoredTotals<'a> {
    #[serde(flatten)]
    totals: &'a Totals,
    table_versions: TableVersions,
    run: &'a str,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn versions(pin: u64, quarantine: u64) -> TableVersions {
        TableVersions { pin, geo: 3, user: 3, quarantine }
    }

    #[test]
    fn runs_sort_by_their_moments() {
        let run = Run::new(1_795_305_599_999, versions(12, 9));
        assert_eq!(run.name, "20261121T235959999Z-p12-g3-u3-q9");
        assert!(run.name < Run::new(1_795_305_600_000, versions(1, 1)).name);
    }

    #[test]
    fn an_answer_is_written_with_its_members_in_column_order() {
        let column = |name: &str, holds| Column { name: name.to_owned(), holds };
        let answer = Answer {
            columns: vec![column("post_year", "long"), column("category", "string"), column("a", "double")],
            rows: vec![vec![json!(2018), json!("art"), json!(1.0)], vec![json!(2019), json!("x\"y"), json!(null)]],
        };
        let inputs = Inputs::from([("pin", crate::inputs::Input { rows: 9, repeats: 2 })]);
        let document = Run::new(0, versions(1, 2)).document(Question::CategoryByYear, &answer, &inputs).unwrap();
        assert_eq!(
            String::from_utf8(document).unwrap(),
            r#"{"question":"category_by_year","columns":[{"name":"post_year","type":"long"},{"name":"category","type":"string"},{"name":"a","type":"double"}],"rows":[{"post_year":2018,"category":"art","a":1.0},{"post_year":2019,"category":"x\"y","a":null}],"inputs":{"pin":{"rows":9,"repeats":2}},"table_versions":{"pin":1,"geo":3,"user":3,"quarantine":2},"run":"19700101T000000000Z-p1-g3-u3-q2"}"#
        );
    }

    #[test]
    fn the_pointer_spares_a_run_only_at_the_same_versions_and_questions() {
        let latest = Latest { run: "r".to_owned(), table_versions: versions(2, 2), questions: digest() };
        assert!(latest.covers(versions(2, 2)) && !latest.covers(versions(2, 3)));
        assert!(!Latest { questions: "0".to_owned(), ..latest.clone() }.covers(versions(2, 2)));
        assert!(
            latest.is_beyond(versions(1, 9)) && !latest.is_beyond(versions(2, 2)) && !latest.is_beyond(versions(3, 2))
        );
    }
}
