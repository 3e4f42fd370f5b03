//! Age groups as the course's questions name them: [18,24] [25,35] [36,50] [51,..].
//!
//! Other ages have no group: under 18 is not `50+`, and neither is an unknown age.

use std::fmt;

use serde::Serialize;

use crate::mutant::{self, Mutant};

/// An age group of the course.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum AgeGroup {
    /// 18 to 24 years, both included.
    #[serde(rename = "18-24")]
    A18To24,
    /// 25 to 35 years, both included.
    #[serde(rename = "25-35")]
    A25To35,
    /// 36 to 50 years, both included.
    #[serde(rename = "36-50")]
    A36To50,
    /// 51 years and more.
    #[serde(rename = "50+")]
    A50Plus,
}

impl AgeGroup {
    /// Every group, youngest first.
    pub const ALL: [Self; 4] = [Self::A18To24, Self::A25To35, Self::A36To50, Self::A50Plus];

    /// The group of an age in years; none below 18.
    #[must_use]
    pub fn of(age: i64) -> Option<Self> {
        match age {
            24 if mutant::on(Mutant::FirstGroupBelow24) => None,
            25 if mutant::on(Mutant::FirstGroupTo25) => Some(Self::A18To24),
            18..=24 => Some(Self::A18To24),
            25..=35 => Some(Self::A25To35),
            36..=50 => Some(Self::A36To50),
            51.. => Some(Self::A50Plus),
            _ => None,
        }
    }

    /// The group as it stands in keys and answers.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::A18To24 => "18-24",
            Self::A25To35 => "25-35",
            Self::A36To50 => "36-50",
            Self::A50Plus => "50+",
        }
    }
}

impl fmt::Display for AgeGroup {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.label())
    }
}

#[cfg(test)]
mod tests {
    use super::AgeGroup;

    #[test]
    fn both_ends_belong_to_a_group() {
        for (age, want) in [
            (i64::MIN, None),
            (-1, None),
            (0, None),
            (17, None),
            (18, Some("18-24")),
            (24, Some("18-24")),
            (25, Some("25-35")),
            (35, Some("25-35")),
            (36, Some("36-50")),
            (50, Some("36-50")),
            (51, Some("50+")),
            (150, Some("50+")),
            (i64::MAX, Some("50+")),
        ] {
            assert_eq!(AgeGroup::of(age).map(AgeGroup::label), want, "{age}");
        }
    }

    #[test]
    fn a_group_has_one_text_form() {
        for group in AgeGroup::ALL {
            assert_eq!(serde_json::to_string(&group).unwrap(), format!("{:?}", group.label()));
            assert_eq!(group.to_string(), group.label());
        }
    }
}
