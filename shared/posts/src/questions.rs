//! The historical questions by name, and where their answers lie.
//!
//! `history` writes the objects, readers of `query` ask for them; both take the names from here. What a question means is
//! said where its SQL is. Nothing here reads or writes an object.

/// A historical question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// The most popular category in each country.
    CategoryByCountry,
    /// The most popular category of each year.
    CategoryByYear,
    /// The poster with the most followers in each country.
    TopPosterByCountry,
    /// The country of the poster with the most followers of all.
    CountryOfTopPoster,
    /// The most popular category with each age group.
    CategoryByAgeGroup,
    /// The median follower count of each age group.
    MedianFollowersByAgeGroup,
    /// How many users joined in each year.
    UsersJoinedByYear,
    /// The median follower count of those who joined in each year.
    MedianFollowersByJoinYear,
    /// The same by age group.
    MedianFollowersByJoinYearAndAgeGroup,
}

impl Question {
    /// Every question, in the course's order.
    pub const ALL: [Self; 9] = [
        Self::CategoryByCountry,
        Self::CategoryByYear,
        Self::TopPosterByCountry,
        Self::CountryOfTopPoster,
        Self::CategoryByAgeGroup,
        Self::MedianFollowersByAgeGroup,
        Self::UsersJoinedByYear,
        Self::MedianFollowersByJoinYear,
        Self::MedianFollowersByJoinYearAndAgeGroup,
    ];

    /// The name, in paths and in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CategoryByCountry => "category_by_country",
            Self::CategoryByYear => "category_by_year",
            Self::TopPosterByCountry => "top_poster_by_country",
            Self::CountryOfTopPoster => "country_of_top_poster",
            Self::CategoryByAgeGroup => "category_by_age_group",
            Self::MedianFollowersByAgeGroup => "median_followers_by_age_group",
            Self::UsersJoinedByYear => "users_joined_by_year",
            Self::MedianFollowersByJoinYear => "median_followers_by_join_year",
            Self::MedianFollowersByJoinYearAndAgeGroup => "median_followers_by_join_year_and_age_group",
        }
    }

    /// The question of a name, exactly as written; none for any other text.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|question| question.name() == name)
    }

    /// The object of its newest answer: `history/<question>.json`.
    #[must_use]
    pub fn key(self) -> String {
        format!("history/{}.json", self.name())
    }

    /// The object of the answer that a run gave: `history/runs/<run>/<question>.json`.
    #[must_use]
    pub fn key_of_run(self, run: &str) -> String {
        format!("{RUNS_PREFIX}{run}/{}.json", self.name())
    }
}

/// What the keys of kept answers start with; the run follows, and runs sort by their time.
pub const RUNS_PREFIX: &str = "history/runs/";

/// The object that says which run the newest answers and totals are of.
pub const LATEST_KEY: &str = "history/latest.json";

/// The object of the totals of all arrival days before a cut-off day.
pub const TOTALS_KEY: &str = "serving/totals.json";

/// The object of the newest comparison of live pages with a recount.
pub const RECONCILIATION_KEY: &str = "serving/reconciliation.json";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_found_by_its_own_name_only() {
        for question in Question::ALL {
            assert_eq!(Question::from_name(question.name()), Some(question));
        }
        for name in ["", "Category_By_Year", "category_by_year.json", "../latest", "category by year"] {
            assert_eq!(Question::from_name(name), None, "{name:?}");
        }
    }

    #[test]
    fn answers_keep_their_keys() {
        let question = Question::CountryOfTopPoster;
        assert_eq!(question.key(), "history/country_of_top_poster.json");
        assert_eq!(question.key_of_run("R"), "history/runs/R/country_of_top_poster.json");
    }
}
