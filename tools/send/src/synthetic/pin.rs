//! Pin records: what was posted, with the placeholders the course's scraper left where it found nothing.
//!
//! Placeholders come in the combinations of the source's 1,371 real pins, not one by one: a story pin without its page lost title,
//! poster, followers, tags and image together.

use std::sync::LazyLock;

use posts::known::CATEGORIES;
use serde::Serialize;

use crate::draw::{Draws, Weights};
use crate::synthetic::population::Poster;
use crate::synthetic::words::{ACCENTED, FILLERS, TOPICS};

/// The source's longest description, in characters; longer ones were cut there.
const MAX_DESCRIPTION_CHARS: usize = 180;

/// Pins by category, in the order of [`CATEGORIES`], as in the course's first 169 draws. A newer category weighs 10.
static CATEGORY_WEIGHTS: LazyLock<Weights> = LazyLock::new(|| {
    let counted = [20, 15, 18, 18, 11, 7, 11, 10, 10, 14, 11, 15, 9];
    Weights::new(counted.into_iter().chain(std::iter::repeat(10)).take(CATEGORIES.len()))
});

/// Pins in ten thousand that hold a placeholder.
const DIRTY: u64 = 881;

/// Which placeholders stand together, and how often in ten thousand pins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gaps {
    /// A story pin of which nothing was found: 12 of 1,371.
    Everything,
    /// A story pin without its image: 17.
    Image,
    /// A story pin that is otherwise whole: 62. None of the three kinds of story pins has a description.
    Story,
    /// No tags: 5.
    Tags,
    /// An image or video without description: 21.
    Description,
    /// The title, or the description, is `Untitled`: 1 each. Drawn a little oftener, to be seen at all.
    UntitledTitle,
    UntitledDescription,
    /// Nothing is missing.
    None,
}

impl Gaps {
    /// Some in every post if `dirty` says so, none if it says no, else as often as in the source. Always one draw.
    fn drawn(dirty: Option<bool>, draws: &mut Draws) -> Self {
        let place = match dirty {
            Some(true) => draws.below(DIRTY),
            Some(false) => DIRTY + draws.below(10_000 - DIRTY),
            None => draws.below(10_000),
        };
        match place {
            0..88 => Self::Everything,
            88..212 => Self::Image,
            212..664 => Self::Story,
            664..700 => Self::Tags,
            700..853 => Self::Description,
            853..867 => Self::UntitledTitle,
            867..DIRTY => Self::UntitledDescription,
            _ => Self::None,
        }
    }

    fn is_story(self) -> bool {
        matches!(self, Self::Everything | Self::Image | Self::Story)
    }
}

#[derive(Serialize)]
struct Pin {
    index: u64,
    unique_id: String,
    title: String,
    description: String,
    poster_name: String,
    follower_count: String,
    tag_list: String,
    is_image_or_video: &'static str,
    image_src: String,
    downloaded: u8,
    save_location: String,
    category: &'static str,
}

/// The JSON text of a pin record; see [`Gaps::drawn`] for `dirty`.
pub(super) fn body(index: u64, dirty: Option<bool>, draws: &mut Draws) -> String {
    let position = draws.by_weight(&CATEGORY_WEIGHTS);
    let category = CATEGORIES.get(position).copied().unwrap_or_default();
    let topic = TOPICS.get(position % TOPICS.len()).copied().unwrap_or_default();
    let gaps = Gaps::drawn(dirty, draws);
    let media = if gaps.is_story() {
        "multi-video(story page format)"
    } else if draws.chance(39, 1_280) {
        "video"
    } else {
        "image"
    };
    let mut pin = Pin {
        index,
        unique_id: uuid(draws),
        title: title(topic, draws),
        description: description(topic, draws),
        poster_name: String::new(),
        follower_count: String::new(),
        tag_list: tags(topic, draws),
        is_image_or_video: media,
        image_src: image_src(media, draws),
        downloaded: 1,
        save_location: format!("Local save in /data/{category}"),
        category,
    };
    let poster = Poster::drawn(draws);
    (pin.poster_name, pin.follower_count) = (poster.name, poster.follower_count);
    leave_gaps(&mut pin, gaps);
    serde_json::to_string(&pin).expect("numbers and strings always serialise")
}

fn leave_gaps(pin: &mut Pin, gaps: Gaps) {
    if gaps.is_story() {
        "No description available Story format".clone_into(&mut pin.description);
    }
    if gaps == Gaps::Everything {
        "No Title Data Available".clone_into(&mut pin.title);
        "User Info Error".clone_into(&mut pin.poster_name);
        "User Info Error".clone_into(&mut pin.follower_count);
    }
    if matches!(gaps, Gaps::Everything | Gaps::Tags) {
        "N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e".clone_into(&mut pin.tag_list);
    }
    if matches!(gaps, Gaps::Everything | Gaps::Image) {
        "Image src error.".clone_into(&mut pin.image_src);
        pin.downloaded = 0;
    }
    match gaps {
        Gaps::Description => "No description available".clone_into(&mut pin.description),
        Gaps::UntitledTitle => "Untitled".clone_into(&mut pin.title),
        Gaps::UntitledDescription => "Untitled".clone_into(&mut pin.description),
        _ => {}
    }
}

/// A version 4 UUID.
fn uuid(draws: &mut Draws) -> String {
    let (high, low) = (draws.bits(), draws.bits());
    let variant = 0x8000 | (low >> 48 & 0x3fff);
    format!(
        "{:08x}-{:04x}-4{:03x}-{variant:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low & 0xffff_ffff_ffff
    )
}

fn image_src(media: &str, draws: &mut Draws) -> String {
    let (folder, ending) =
        if media == "image" { ("originals", "jpg") } else { ("videos/thumbnails/originals", "0000000.jpg") };
    let name = draws.bits();
    format!(
        "https://images.example/{folder}/{:02x}/{:02x}/{:02x}/{name:016x}{:016x}.{ending}",
        name >> 56,
        name >> 48 & 0xff,
        name >> 40 & 0xff,
        draws.bits()
    )
}

/// Three to twelve words about the topic. One in ten leaves ASCII, two in a thousand are torn by white space.
fn title(topic: &[&str], draws: &mut Draws) -> String {
    let count = draws.within(3, 12);
    let mut title = words(topic, count, draws);
    if draws.chance(10, 100) {
        title.push(' ');
        title.push_str(draws.pick(ACCENTED));
    }
    match draws.below(1_000) {
        0 => title = format!(" {title} "),
        1 => title = title.replacen(' ', "\n", 1),
        2 => title = title.replacen(' ', "\t", 1),
        _ => {}
    }
    title
}

/// Ten to thirty-six words. 501 of 1,371 were cut and end in an ellipsis, 490 others end in a no-break space.
fn description(topic: &[&str], draws: &mut Draws) -> String {
    let end = draws.below(1_371);
    let count = if end < 501 { 40 } else { draws.within(10, 24) };
    let mut text = words(topic, count, draws);
    if draws.chance(8, 100) {
        text.push(' ');
        text.push_str(draws.pick(ACCENTED));
    }
    let text: String = text.chars().take(MAX_DESCRIPTION_CHARS - 2).collect();
    match end {
        0..501 => format!("{} …", text.trim_end()),
        501..991 => format!("{text}.\u{a0}"),
        _ => format!("{text}."),
    }
}

/// Nine tags, joined by commas as the source joins them.
fn tags(topic: &[&str], draws: &mut Draws) -> String {
    let tags: Vec<String> =
        (0..9).map(|_| format!("{} {}", capital(draws.pick(FILLERS)), capital(draws.pick(topic)))).collect();
    tags.join(",")
}

fn words(topic: &[&str], count: u64, draws: &mut Draws) -> String {
    let mut text = capital(draws.pick(topic));
    for _ in 1..count {
        text.push(' ');
        text.push_str(if draws.chance(1, 3) { draws.pick(topic) } else { draws.pick(FILLERS) });
    }
    text
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(char::to_uppercase).into_iter().flatten().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Lane;

    #[test]
    fn every_topic_has_its_category() {
        assert_eq!(TOPICS.len(), 13);
        assert!(TOPICS.iter().all(|topic| topic.len() >= 8));
    }

    #[test]
    fn unique_ids_are_version_4_uuids() {
        for number in 0..200 {
            let id = uuid(&mut Draws::of(1, Lane::Post, number));
            let parts: Vec<&str> = id.split('-').collect();
            assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{id}");
            assert!(parts[2].starts_with('4') && parts[3].starts_with(['8', '9', 'a', 'b']), "{id}");
        }
    }

    #[test]
    fn descriptions_keep_to_the_sources_length() {
        for number in 0..2_000 {
            let text = description(TOPICS[0], &mut Draws::of(1, Lane::Post, number));
            assert!((20..=MAX_DESCRIPTION_CHARS).contains(&text.chars().count()), "{text}");
        }
    }
}
