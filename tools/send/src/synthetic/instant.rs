//! Points in time as the course's clients write them: no zone, one of four forms.

use chrono::DateTime;

use crate::draw::Draws;

/// One client's way to write a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `2020-08-28 03:52:47`, about half of the clients.
    Space,
    /// `2020-08-28T03:52:47`, most of the others.
    Iso,
    /// `2020:08:28 03:52:47`, one client.
    Colons,
    /// `08/28/2020, 03:52:47`, one client; month first.
    UnitedStates,
}

impl Form {
    pub(super) fn drawn(draws: &mut Draws) -> Self {
        match draws.below(100) {
            0..54 => Self::Space,
            54..94 => Self::Iso,
            94..97 => Self::Colons,
            _ => Self::UnitedStates,
        }
    }

    /// Seconds since 1970 in this form, read as UTC.
    pub(super) fn write(self, seconds: u64) -> String {
        let layout = match self {
            Self::Space => "%Y-%m-%d %H:%M:%S",
            Self::Iso => "%Y-%m-%dT%H:%M:%S",
            Self::Colons => "%Y:%m:%d %H:%M:%S",
            Self::UnitedStates => "%m/%d/%Y, %H:%M:%S",
        };
        let instant = i64::try_from(seconds).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        instant.unwrap_or(DateTime::UNIX_EPOCH).format(layout).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_has_four_forms() {
        for (form, want) in [
            (Form::Space, "2020-08-28 03:52:47"),
            (Form::Iso, "2020-08-28T03:52:47"),
            (Form::Colons, "2020:08:28 03:52:47"),
            (Form::UnitedStates, "08/28/2020, 03:52:47"),
        ] {
            assert_eq!(form.write(1_598_586_767), want);
        }
    }
}
