//! Records as clients write them, the same for a seed.
//!
//! Posters follow Zipf's law, and dirt is what clients really send: placeholders, shortened counts, other forms of a date,
//! numbers as texts, escapes, and a few records that are no post.

use std::fmt::Write as _;

use fastrand::Rng;
use posts::Kind;
use posts::known::{CATEGORIES, COUNTRIES};

/// Posters to draw from, and how steeply their frequency falls.
const POSTERS: u32 = 20_000;
const ZIPF: f64 = 1.05;

/// Cumulated weights of the posters.
pub(crate) struct Posters(Vec<f64>);

impl Posters {
    pub(crate) fn new() -> Self {
        let mut sum = 0.0;
        let weights = (1..=POSTERS).map(|rank| {
            sum += f64::from(rank).powf(-ZIPF);
            sum
        });
        Self(weights.collect())
    }

    fn draw(&self, rng: &mut Rng) -> usize {
        let at = rng.f64() * self.0.last().copied().unwrap_or_default();
        self.0.partition_point(|weight| *weight < at)
    }
}

/// Draws one record after the other.
pub(crate) struct Draw<'a> {
    rng: Rng,
    posters: &'a Posters,
}

impl<'a> Draw<'a> {
    /// A kind's draws: other kinds of the same seed draw otherwise.
    pub(crate) fn new(seed: u64, kind: Kind, posters: &'a Posters) -> Self {
        Self { rng: Rng::with_seed(seed + kind as u64), posters }
    }

    /// A record's JSON. `position` is its row number.
    pub(crate) fn body(&mut self, kind: Kind, position: u64) -> String {
        match kind {
            Kind::Pin => self.pin(position),
            Kind::Geo => self.geo(position),
            Kind::User => self.user(position),
        }
    }

    /// So many random bytes, in hex.
    pub(crate) fn hex(&mut self, bytes: usize) -> String {
        (0..bytes).fold(String::with_capacity(2 * bytes), |mut text, _| {
            write!(text, "{:02x}", self.rng.u8(..)).expect("writing to a String cannot fail");
            text
        })
    }

    /// A percentage's chance.
    fn percent(&mut self, percent: f64) -> bool {
        self.rng.f64() * 100.0 < percent
    }

    fn dirty(&mut self, dirt: &str, clean: String) -> String {
        if self.percent(5.0) { dirt.to_owned() } else { clean }
    }

    fn pin(&mut self, position: u64) -> String {
        let poster = self.posters.draw(&mut self.rng);
        let category = CATEGORIES[self.rng.usize(..CATEGORIES.len())];
        let followers = match poster % 4 {
            0 => format!("{}", 100 + poster % 900),
            1 => format!("{}M", 1 + poster % 14),
            _ => format!("{}k", 1 + poster % 999),
        };
        let (title, description) = (self.words(6), self.description());
        let title = self.dirty("No Title Data Available", title);
        let description = self.dirty("No description available Story format", description);
        let tags = self.words(14).replace(' ', ",");
        let poster = self.dirty("User Info Error", format!("Poster {poster} of the board"));
        let followers = self.dirty("User Info Error", followers);
        let tags = self.dirty("N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e", tags);
        let image = format!("https://i.pinimg.com/originals/{}/{}.jpg", self.hex(3), self.hex(16));
        let image = self.dirty("Image src error.", image);
        let unique_id = format!("{}-{}-{}", self.hex(4), self.hex(4), self.hex(8));
        // A pin without its UUID is no pin.
        let unique_id = if self.percent(0.5) { "null".to_owned() } else { format!("\"{unique_id}\"") };
        format!(
            r#"{{"index": {}, "unique_id": {unique_id}, "title": "{title}", "description": "{description}", "poster_name": "{poster}", "follower_count": "{followers}", "tag_list": "{tags}", "is_image_or_video": "image", "image_src": "{image}", "downloaded": 1, "save_location": "Local save in /data/{category}", "category": "{category}"}}"#,
            self.number(position)
        )
    }

    fn geo(&mut self, position: u64) -> String {
        // The course's countries are skewed to the front of the alphabet.
        let before = self.rng.usize(..COUNTRIES.len());
        let place = self.rng.usize(..=before);
        let country = self.dirty("Nowhere at all", COUNTRIES[place].to_owned());
        let latitude = if self.percent(0.5) { "91.5".to_owned() } else { self.degrees(89) };
        let (longitude, timestamp) = (self.degrees(179), self.time(2017, 6));
        format!(
            r#"{{"ind": {}, "timestamp": "{timestamp}", "latitude": {latitude}, "longitude": {longitude}, "country": "{country}"}}"#,
            self.number(position)
        )
    }

    fn user(&mut self, position: u64) -> String {
        let (first, last) = (self.name(), self.name());
        let age = if self.percent(0.5) { 200 } else { self.rng.u32(18..=60) };
        let joined = self.time(2015, 3);
        format!(
            r#"{{"ind": {}, "first_name": "{first}", "last_name": "{last}", "age": {age}, "date_joined": "{joined}"}}"#,
            self.number(position)
        )
    }

    /// A row number, now and then as a text.
    fn number(&mut self, position: u64) -> String {
        if self.percent(5.0) { format!("\"{position}\"") } else { position.to_string() }
    }

    fn degrees(&mut self, limit: i32) -> String {
        format!("{}.{:04}", self.rng.i32(-limit..=limit), self.rng.u32(..10_000))
    }

    /// A time in one of the four forms in use, mostly the usual one.
    fn time(&mut self, from_year: u32, years: u32) -> String {
        let (year, month, day) = (from_year + self.rng.u32(..years), self.rng.u32(1..=12), self.rng.u32(1..=28));
        let time = format!("{:02}:{:02}:{:02}", self.rng.u32(..24), self.rng.u32(..60), self.rng.u32(..60));
        match self.rng.u32(..100) {
            0..95 => format!("{year}-{month:02}-{day:02} {time}"),
            95..97 => format!("{year}-{month:02}-{day:02}T{time}"),
            97..99 => format!("{year}:{month:02}:{day:02} {time}"),
            _ => format!("{month:02}/{day:02}/{year}, {time}"),
        }
    }

    /// Three in a hundred with escapes, and some beyond ASCII.
    fn description(&mut self) -> String {
        let mut text = self.words(28);
        if self.percent(9.0) {
            text.push_str(r#" \u2013 she said \"more\"\n"#);
        }
        if self.percent(40.0) {
            text.push_str(" caf\u{e9} \u{2013} \u{1f384}\u{a0}");
        }
        text
    }

    fn words(&mut self, count: usize) -> String {
        const WORDS: [&str; 16] = [
            "easy",
            "home",
            "decor",
            "ideas",
            "for",
            "your",
            "living",
            "room",
            "with",
            "handmade",
            "christmas",
            "and",
            "vintage",
            "a",
            "recipe",
            "beautiful",
        ];
        let words: Vec<_> = (0..count).map(|_| WORDS[self.rng.usize(..WORDS.len())]).collect();
        words.join(" ")
    }

    fn name(&mut self) -> String {
        const NAMES: [&str; 8] = ["Abigail", "Christopher", "Jose", "Mary", "Ann", "Alexandria", "Zo\u{eb}", "Li"];
        NAMES[self.rng.usize(..NAMES.len())].to_owned()
    }
}
