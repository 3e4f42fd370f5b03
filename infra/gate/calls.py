"""Which calls of the AWS clients each function can reach, read from the Rust sources.

Two steps: what each public method of an adapter in shared/aws sends, through the methods it calls itself; and which of
those methods a function names. The adapters are found by what holds them (`table.`, `bucket.`, `streams.`), which is how all
of the code calls them. Tests are left out. Nothing is compiled: this is a second pair of eyes, not the compiler.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# The adapters, and the names of what holds one.
HOLDERS = {
    "LiveTable": {"table", "live"},
    "Bucket": {"bucket"},
    "PostStream": {"stream", "streams"},
}
SERVICES = {"LiveTable": "dynamodb", "Bucket": "s3", "PostStream": "kinesis"}

METHOD = re.compile(r"\bfn (\w+)")
PUBLIC = re.compile(r"\bpub async fn (\w+)")
IMPL = re.compile(r"^impl(?:<[^>]*>)? (\w+)", re.MULTILINE)
CLIENT_CALL = re.compile(r"\bclient\s*\.(\w+)\(")
OWN_CALL = re.compile(r"\bself\s*\.(\w+)\(")
HELD_CALL = re.compile(r"\b(\w+)\s*\.(\w+)\(")


def source(path):
    """The code of a file without its comments and its tests."""
    text = path.read_text().split("#[cfg(test)]")[0]
    return re.sub(r"//[^\n]*", "", text)


def bodies(text, pattern):
    """Each match's name with the text up to the next match."""
    found = list(pattern.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    return [(match.group(1), text[match.end() : end]) for match, end in zip(found, ends)]


def sent_by_adapters():
    """Of each public method (`LiveTable.commit`) the client calls it leads to (`dynamodb.transact_write_items`)."""
    direct, calls, public = {}, {}, set()
    for path in sorted((ROOT / "shared/aws/src").rglob("*.rs")):
        for adapter, implementation in bodies(source(path), IMPL):
            if adapter not in HOLDERS:
                continue
            public |= {f"{adapter}.{method}" for method in PUBLIC.findall(implementation)}
            for method, body in bodies(implementation, METHOD):
                name = f"{adapter}.{method}"
                sent = {f"{SERVICES[adapter]}.{call}" for call in CLIENT_CALL.findall(body)}
                direct.setdefault(name, set()).update(sent)
                calls.setdefault(name, set()).update(f"{adapter}.{call}" for call in OWN_CALL.findall(body))
    reached = {name: set(sent) for name, sent in direct.items()}
    for _ in reached:
        for name in reached:
            for called in calls[name] & reached.keys():
                reached[name] |= reached[called]
    return {name: sorted(sent) for name, sent in sorted(reached.items()) if sent and name in public}


def used_by(function, methods):
    """The adapters' methods that a function's own sources name; what shared/aws's lineage and account do for it is its own."""
    used = set()
    paths = sorted((ROOT / "functions" / function / "src").rglob("*.rs"))
    texts = [source(path) for path in paths]
    if any("aws::lineage::" in text for text in texts):
        texts.append(source(ROOT / "shared/aws/src/lineage.rs"))
    if any("aws::spending::Spending" in text for text in texts):
        texts.append(source(ROOT / "shared/aws/src/spending.rs"))
    for text in texts:
        for holder, method in HELD_CALL.findall(text):
            for adapter, holders in HOLDERS.items():
                # A Delta table is a table too, and no adapter of ours.
                live = adapter != "LiveTable" or holder == "live" or "LiveTable" in text or f"state.{holder}." in text
                if holder in holders and f"{adapter}.{method}" in methods and live:
                    used.add(f"{adapter}.{method}")
    return used


def lake_of(function, witnesses):
    """What a function does to the tables through the lake's own client of S3, by a word that such code cannot do without."""
    texts = [source(path) for path in sorted((ROOT / "functions" / function / "src").rglob("*.rs"))]
    return {name for name, word in witnesses.items() if any(re.search(word, text) for text in texts)}
