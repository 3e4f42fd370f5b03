//! The page at the root and the files it is made of, compiled in: no build step, nothing from elsewhere.
//!
//! All files lie in one folder that is named after their bytes. So a browser may keep them for good, and another build
//! has another folder. A page that was loaded before a deploy asks for the old folder; it gets today's file and is told
//! not to keep it.

use std::hash::{DefaultHasher, Hasher as _};
use std::io::Write as _;
use std::sync::OnceLock;

use flate2::Compression;
use flate2::write::GzEncoder;

/// What stands in the files for the name of the folder.
const FOLDER: &str = "assets/build/";

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const IMAGE: &str = "image/svg+xml";

/// A file as a browser gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) name: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) text: String,
    pub(crate) gzip: Vec<u8>,
}

/// Everything but the page itself. A test holds the list against the folder.
const FILES: &[(&str, &str, &str)] = &[
    ("style.css", STYLE, include_str!("../page/style.css")),
    ("panels.css", STYLE, include_str!("../page/panels.css")),
    ("icon.svg", IMAGE, include_str!("../page/icon.svg")),
    ("page.js", SCRIPT, include_str!("../page/page.js")),
    ("chart.js", SCRIPT, include_str!("../page/chart.js")),
    ("cost.js", SCRIPT, include_str!("../page/cost.js")),
    ("dom.js", SCRIPT, include_str!("../page/dom.js")),
    ("format.js", SCRIPT, include_str!("../page/format.js")),
    ("history.js", SCRIPT, include_str!("../page/history.js")),
    ("pipeline.js", SCRIPT, include_str!("../page/pipeline.js")),
    ("poll.js", SCRIPT, include_str!("../page/poll.js")),
    ("popular.js", SCRIPT, include_str!("../page/popular.js")),
    ("quarantine.js", SCRIPT, include_str!("../page/quarantine.js")),
    ("rate.js", SCRIPT, include_str!("../page/rate.js")),
    ("start.js", SCRIPT, include_str!("../page/start.js")),
    ("status.js", SCRIPT, include_str!("../page/status.js")),
    ("table.js", SCRIPT, include_str!("../page/table.js")),
    ("tabs.js", SCRIPT, include_str!("../page/tabs.js")),
    ("trust.js", SCRIPT, include_str!("../page/trust.js")),
    ("uPlot.iife.min.js", SCRIPT, include_str!("../page/vendor/uPlot.iife.min.js")),
    ("uPlot.min.css", STYLE, include_str!("../page/vendor/uPlot.min.css")),
    ("LICENSE", TEXT, include_str!("../page/vendor/LICENSE")),
];

const INDEX: &str = include_str!("../page/index.html");

/// The page.
pub(crate) fn index() -> &'static File {
    &site().index
}

/// A file of the page, by the end of a path such as `/assets/<folder>/page.js`, and whether the folder is today's.
pub(crate) fn file(path: &str) -> Option<(&'static File, bool)> {
    let mut from_the_end = path.rsplit('/').filter(|segment| !segment.is_empty());
    let (name, folder) = (from_the_end.next()?, from_the_end.next()?);
    let site = site();
    let file = site.files.iter().find(|file| file.name == name)?;
    Some((file, folder == site.folder))
}

struct Site {
    folder: String,
    index: File,
    files: Vec<File>,
}

fn site() -> &'static Site {
    static SITE: OnceLock<Site> = OnceLock::new();
    SITE.get_or_init(|| {
        let folder = folder();
        let index = INDEX.replace(FOLDER, &format!("assets/{folder}/"));
        Site {
            index: packed("", HTML, index),
            files: FILES.iter().map(|(name, kind, text)| packed(name, kind, (*text).to_owned())).collect(),
            folder,
        }
    })
}

fn folder() -> String {
    let mut hasher = DefaultHasher::new();
    for (name, _, text) in FILES {
        hasher.write(name.as_bytes());
        hasher.write(text.as_bytes());
    }
    format!("{:016x}", hasher.finish())
}

fn packed(name: &'static str, content_type: &'static str, text: String) -> File {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let gzip = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    File { name, content_type, gzip: gzip.expect("writing into memory does not fail"), text }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// What a browser fetches for the whole page, at most.
    const MAX_GZIP_BYTES: usize = 100_000;

    #[test]
    fn the_whole_page_is_small() {
        let site = site();
        let bytes: usize = site.files.iter().chain([&site.index]).map(|file| file.gzip.len()).sum();
        assert!(bytes < MAX_GZIP_BYTES && bytes > 10_000, "{bytes}");
    }

    #[test]
    fn every_file_of_the_folder_is_served_and_every_one_that_runs_is_loaded_early() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("page");
        let names = |folder: &Path| {
            let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
            let files = files.filter(|entry| entry.file_type().unwrap().is_file());
            files.map(|entry| entry.file_name().into_string().unwrap()).collect::<BTreeSet<_>>()
        };
        let mut there = names(&folder);
        there.extend(names(&folder.join("vendor")));
        for name in ["index.html", "README.md"] {
            assert!(there.remove(name), "{name}");
        }
        assert_eq!(FILES.iter().map(|(name, ..)| (*name).to_owned()).collect::<BTreeSet<_>>(), there);
        for (name, kind, _) in FILES.iter().filter(|(_, kind, _)| *kind != TEXT) {
            assert!(index().text.contains(&format!("{}/{name}\"", site().folder)), "{name} of {kind} is not linked");
        }
    }

    #[test]
    fn the_page_has_relative_links_and_nothing_inline() {
        let page = &index().text;
        assert!(!page.contains(FOLDER) && page.starts_with("<!doctype html>"));
        for never in
            ["style=", "<style", " onclick", " onload", "javascript:", "href=\"/", "src=\"/", "https://", "<script>"]
        {
            assert!(!page.contains(never), "{never}");
        }
    }

    #[test]
    fn no_script_makes_markup_of_text() {
        for (name, _, text) in FILES.iter().filter(|(name, kind, _)| *kind == SCRIPT && !name.starts_with("uPlot")) {
            for never in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"] {
                assert!(!text.contains(never), "{name}: {never}");
            }
            assert!(text.lines().count() < 300, "{name} is too long to be one idea");
        }
    }

    #[test]
    fn a_file_is_known_by_its_name_and_kept_for_good_only_from_its_own_folder() {
        let folder = &site().folder;
        for (path, want) in [
            (format!("/assets/{folder}/page.js"), Some(true)),
            (format!("/dev//assets/{folder}//page.js/"), Some(true)),
            ("/assets/0123456789abcdef/page.js".to_owned(), Some(false)),
            (format!("/assets/{folder}/index.html"), None),
            (format!("/assets/{folder}/../page.rs"), None),
            ("/assets".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(file(&path).map(|(_, current)| current), want, "{path}");
        }
    }
}
