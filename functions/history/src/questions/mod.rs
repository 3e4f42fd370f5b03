//! The questions' SQL, a file each: what is asked, in which units, what becomes of ties and nulls stands at its head.
//!
//! The files and the views they read (`infra/sql`) keep to what DataFusion, Athena and Spark all understand, so that the
//! same text answers elsewhere when one function is too small. Nothing here runs them.

use posts::questions::Question;

/// The views the questions read, in the order in which they are made.
pub const VIEWS: [(&str, &str); 3] = [
    ("pins", include_str!("../../../../infra/sql/pins.sql")),
    ("geos", include_str!("../../../../infra/sql/geos.sql")),
    ("users", include_str!("../../../../infra/sql/users.sql")),
];

/// A question's SQL.
#[must_use]
pub const fn sql(question: Question) -> &'static str {
    match question {
        Question::CategoryByCountry => include_str!("category_by_country.sql"),
        Question::CategoryByYear => include_str!("category_by_year.sql"),
        Question::TopPosterByCountry => include_str!("top_poster_by_country.sql"),
        Question::CountryOfTopPoster => include_str!("country_of_top_poster.sql"),
        Question::CategoryByAgeGroup => include_str!("category_by_age_group.sql"),
        Question::MedianFollowersByAgeGroup => include_str!("median_followers_by_age_group.sql"),
        Question::UsersJoinedByYear => include_str!("users_joined_by_year.sql"),
        Question::MedianFollowersByJoinYear => include_str!("median_followers_by_join_year.sql"),
        Question::MedianFollowersByJoinYearAndAgeGroup => {
            include_str!("median_followers_by_join_year_and_age_group.sql")
        }
    }
}

/// A digest of all of it: answers of another text are not of these questions. 16 hex digits.
#[must_use]
pub fn digest() -> String {
    let views = VIEWS.iter().map(|(_, text)| *text);
    let text: Vec<_> = views.chain(Question::ALL.map(sql)).collect();
    posts::identity::hex_hash(&text.join("\n;\n"), 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts that one of the engines does not know, or reads in a way of its own. Lower case, comments taken off.
    const FORBIDDEN: [&str; 26] = [
        "median(",
        "percentile",
        "quantile",
        "qualify",
        "distinct on",
        "filter (",
        "date_part",
        "date_trunc",
        "year(",
        "to_timestamp",
        "date_format",
        "to_char",
        "::",
        "\"",
        "`",
        "try_cast",
        "varchar",
        "string)",
        "ilike",
        "group by all",
        "exclude",
        " except",
        "any_value",
        "first_value",
        "nulls first",
        "nulls last",
    ];

    fn without_comments(text: &str) -> String {
        let lines = text.lines().map(|line| line.split("--").next().unwrap_or_default());
        lines.collect::<Vec<_>>().join(" ").to_lowercase()
    }

    #[test]
    fn the_texts_keep_to_what_every_engine_knows() {
        let questions = Question::ALL.map(|question| (question.name(), sql(question)));
        for (name, text) in questions.into_iter().chain(VIEWS) {
            let text = without_comments(text);
            for forbidden in FORBIDDEN {
                assert!(!text.contains(forbidden), "{name} uses {forbidden}");
            }
            assert!(!text.contains(';'), "{name}: some engines take one statement without its semicolon only");
        }
    }

    #[test]
    fn every_text_says_what_it_asks_and_what_becomes_of_ties_and_nulls() {
        for question in Question::ALL {
            let head: Vec<_> = sql(question).lines().take_while(|line| line.starts_with("--")).collect();
            assert!(head.first().is_some_and(|line| line.ends_with('?')), "{} asks no question", question.name());
            for part in ["-- Unit: ", "-- Join: ", "-- Ties: ", "-- Nulls: "] {
                let found = head.iter().any(|line| line.starts_with(part));
                assert!(
                    found || (question == Question::UsersJoinedByYear && part == "-- Unit: "),
                    "{question:?} {part}"
                );
            }
        }
    }

    #[test]
    fn the_digest_follows_the_texts() {
        assert_eq!(digest().len(), 16);
        assert_eq!(digest(), digest());
    }
}
