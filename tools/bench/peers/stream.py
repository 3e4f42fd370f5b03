"""The peer of `bench stream`: the same work in Python with orjson, as fast as plain Python goes.

Reads every event of a folder into memory, then answers a line with a line: `check` gives counts and a digest over all page
updates, `run` the CPU seconds of one pass. Cleans by the same rules as far as the load has cases for them, decides fates by
a window in memory, and folds each event into one update a page. It hashes nothing: the window holds ids and bodies
themselves, which is less work than is done on the other side.
"""

import gc
import hashlib
import sys
import time
from binascii import a2b_base64
from datetime import datetime, timedelta, timezone
from pathlib import Path

import orjson

WINDOW_MS = 600_000
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
SLOTS_PER_GROUP = 81
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
MULTIPLIERS = {"k": 1_000, "K": 1_000, "m": 1_000_000, "M": 1_000_000, "b": 1_000_000_000, "B": 1_000_000_000}
PLACEHOLDERS = {
    "title": {"No Title Data Available", "Untitled"},
    "description": {"No description available Story format", "No description available", "Untitled"},
    "poster_name": {"User Info Error"},
    "tag_list": {"N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e"},
    "image_src": {"Image src error."},
}
NOTHING = frozenset()
SAVE_PREFIX = "Local save in "


class Quarantined(Exception):
    """The record is no post."""


def text(post, name):
    value = post.get(name)
    if value is None:
        return None
    if type(value) is not str:
        raise Quarantined(name)
    stripped = value.strip()
    if not stripped or stripped in PLACEHOLDERS.get(name, NOTHING):
        return None
    return value


def required_text(post, name):
    value = text(post, name)
    if value is None:
        raise Quarantined(name)
    return value


def whole(post, name):
    value = post.get(name)
    if type(value) is int:
        return value
    try:
        return int(value)
    except (TypeError, ValueError):
        raise Quarantined(name) from None


def row_number(post):
    value = post.get("ind")
    if value is None:
        post = {"ind": post.get("index")}
    value = whole(post, "ind")
    if value < 0:
        raise Quarantined("ind")
    return value


def degrees(post, name, limit):
    try:
        value = float(post.get(name))
    except (TypeError, ValueError):
        raise Quarantined(name) from None
    if not -limit <= value <= limit:
        raise Quarantined(name)
    return value


def moment(post, name):
    value = post.get(name)
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        pass
    for form in ("%Y:%m:%d %H:%M:%S", "%m/%d/%Y, %H:%M:%S"):
        try:
            return datetime.strptime(value, form)
        except (TypeError, ValueError):
            pass
    raise Quarantined(name)


def follower_count(post):
    value = post.get("follower_count")
    if type(value) is int:
        return value
    if type(value) is not str or not value or value == "User Info Error":
        return None
    multiplier = MULTIPLIERS.get(value[-1])
    try:
        if multiplier is None:
            return int(value)
        number = value[:-1]
        return int(number) * multiplier if number.isdigit() else int(float(number) * multiplier)
    except ValueError:
        return None


def clean_pin(post):
    ind = row_number(post)
    unique_id = required_text(post, "unique_id")
    title = text(post, "title")
    description = text(post, "description")
    followers = follower_count(post)
    poster = text(post, "poster_name")
    tags = text(post, "tag_list")
    shows = text(post, "is_image_or_video")
    image = text(post, "image_src")
    location = text(post, "save_location")
    if location is not None and location.startswith(SAVE_PREFIX):
        location = location[len(SAVE_PREFIX) :]
    category = text(post, "category")
    if category is None:
        if location is None or not location.startswith("/data/"):
            raise Quarantined("category")
        category = location[len("/data/") :]
    return (ind, unique_id, title, description, followers, poster, tags, shows, image, location, category)


def clean_geo(post):
    return (
        row_number(post),
        required_text(post, "country"),
        degrees(post, "latitude", 90.0),
        degrees(post, "longitude", 180.0),
        moment(post, "timestamp"),
    )


def clean_user(post):
    ind = row_number(post)
    first = required_text(post, "first_name")
    last = required_text(post, "last_name")
    age = whole(post, "age")
    if not 0 <= age <= 150:
        raise Quarantined("age")
    return (ind, first + " " + last, age, moment(post, "date_joined"))


CLEAN = {"pin": clean_pin, "geo": clean_geo, "user": clean_user}


def slots_of(values):
    slots = {}
    for position, value in enumerate(values):
        group, within = divmod(position, SLOTS_PER_GROUP)
        slots[value] = (group, DIGITS[within // 36] + DIGITS[within % 36])
    return slots


def known_values():
    """The lists that have slots, read from the crate that defines them."""
    source = (Path(__file__).parents[3] / "shared/posts/src/known.rs").read_text()
    lists = {}
    for name in ("CATEGORIES", "COUNTRIES"):
        body = source.split(f"pub const {name}: &[&str] = &[")[1].split("];")[0]
        lists[name] = [line.strip().removesuffix(",").strip('"') for line in body.strip().splitlines()]
    return slots_of(lists["CATEGORIES"]), slots_of(lists["COUNTRIES"])


CATEGORIES, COUNTRIES = known_values()
AGE_GROUPS = {"18-24": "00", "25-35": "01", "36-50": "02", "50+": "03"}
OTHER = (0, "zz")


def age_slot(age):
    if age < 18:
        return "zz"
    return "00" if age <= 24 else "01" if age <= 35 else "02" if age <= 50 else "03"


class Shard:
    """One shard's window and its time."""

    def __init__(self):
        self.seen = {}
        self.time_ms = 0
        self.buckets = {}

    def bucket(self, arrival):
        """The names that depend on the minute of arrival, made once a minute."""
        minute = arrival // 60_000
        names = self.buckets.get(minute)
        if names is None:
            when = EPOCH + timedelta(milliseconds=arrival)
            day = when.strftime("%Y-%m-%d")
            names = self.buckets[minute] = (day, f"h{when.hour:02}", f"m{when.minute:02}")
        return names

    def updates(self, event):
        """One update a page: `[first, last, slots, followers]` by key."""
        pages = {}
        seen = self.seen
        for record in orjson.loads(event)["Records"]:
            kinesis = record["kinesis"]
            sequence = kinesis["sequenceNumber"]
            arrival = round(kinesis["approximateArrivalTimestamp"] * 1_000)
            stream = record["eventSourceARN"].rpartition("/")[2]
            shard = stream + "/" + record["eventID"].partition(":")[0]
            day, hour, minute = self.bucket(arrival)
            if arrival > self.time_ms:
                self.time_ms = arrival
            envelope = orjson.loads(a2b_base64(kinesis["data"]))
            kind = envelope["kind"]
            body = envelope["post"]
            try:
                post = CLEAN[kind](body)
            except Quarantined:
                fate = "q"
            else:
                key = (kind, envelope["id"])
                earlier = seen.get(key)
                if earlier is not None and self.time_ms - earlier[1] <= WINDOW_MS:
                    fate = "d" if earlier[0] == body else "q"
                else:
                    fate = "c"
                    seen[key] = (body, self.time_ms)
            rate = touch(pages, "rate#" + day, hour + "#" + shard, sequence)[2]
            total = fate + kind[0]
            rate[total] = rate.get(total, 0) + 1
            if fate != "c":
                continue
            rate[minute] = rate.get(minute, 0) + 1
            if kind == "pin":
                group, slot = CATEGORIES.get(post[10].strip(), OTHER)
                name = "category"
            elif kind == "geo":
                group, slot = COUNTRIES.get(post[1].strip(), OTHER)
                name = "country"
            else:
                group, slot = 0, age_slot(post[2])
                name = "age_group"
            pk = f"{name}#{group}#{day}"
            slots = touch(pages, pk, hour + "#" + shard, sequence)[2]
            slots[slot] = slots.get(slot, 0) + 1
            slots = touch(pages, pk, "d#" + shard, sequence)[2]
            slots[slot] = slots.get(slot, 0) + 1
            if kind == "pin" and post[5] is not None:
                page = touch(pages, f"poster#{post[5].strip()}", f"{day}#{shard}", sequence)
                slots = page[2]
                slots[hour] = slots.get(hour, 0) + 1
                if post[4] is not None:
                    page[3] = post[4]
        return pages


def touch(pages, pk, sk, sequence):
    key = (pk, sk)
    page = pages.get(key)
    if page is None:
        page = pages[key] = [sequence, sequence, {}, None]
    else:
        page[1] = sequence
    return page


def load(folder):
    streams = {}
    for path in sorted(Path(folder).iterdir()):
        streams.setdefault(path.name.partition("-")[0], []).append(path.read_bytes())
    return list(streams[kind] for kind in ("pin", "geo", "user"))


def check(streams):
    digest = hashlib.sha256()
    updates = counted = quarantined = 0
    for events in streams:
        shard = Shard()
        for event in events:
            lines = []
            for (pk, sk), (first, last, slots, followers) in shard.updates(event).items():
                if pk.startswith("rate#"):
                    counted += sum(count for slot, count in slots.items() if slot[0] == "c")
                    quarantined += sum(count for slot, count in slots.items() if slot[0] == "q")
                folded = ",".join(f"{slot}={count}" for slot, count in sorted(slots.items()))
                lines.append(f"{pk} {sk} {first} {last} {'' if followers is None else followers} {folded}\n")
            for line in sorted(line.encode() for line in lines):
                digest.update(line)
            updates += len(lines)
    return {"updates": updates, "counted": counted, "quarantined": quarantined, "digest": digest.hexdigest()}


def run(streams):
    start = time.process_time()
    for events in streams:
        shard = Shard()
        for event in events:
            shard.updates(event)
    return {"cpu_s": time.process_time() - start}


def main():
    streams = load(sys.argv[1])
    # Without the collector: a pass makes no cycles, and this is to be as fast as plain Python goes.
    gc.disable()
    for order in sys.stdin:
        answer = check(streams) if order.strip() == "check" else run(streams)
        print(orjson.dumps(answer).decode(), flush=True)


main()
