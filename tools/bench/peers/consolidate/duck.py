"""Raw objects to cleaned Parquet with DuckDB. Usage: duck.py RAW OUT [delta]

With `delta` the rows go to Delta tables through delta-rs, as zstd too, instead of plain Parquet files.
"""

import sys
from pathlib import Path

import duckdb

import cleaning

TIMES = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y:%m:%d %H:%M:%S", "%m/%d/%Y, %H:%M:%S"]


def text(column):
    """The text, or null where it is blank or stands for a missing value."""
    missing = ", ".join(f"'{value}'" for value in ["", *cleaning.PLACEHOLDERS.get(column, [])])
    return f"case when trim(post.{column}) in ({missing}) then null else post.{column} end as {column}"


def time(column):
    return f"try_strptime(post.{column}, {TIMES}) as {column}"


FOLLOWERS = """
    floor(
        try_cast(rtrim(trim(post.follower_count), 'kKmMbB') as decimal(28, 6))
        * case lower(right(trim(post.follower_count), 1))
            when 'k' then 1000 when 'm' then 1000000 when 'b' then 1000000000 else 1 end
    )::bigint as follower_count"""

COLUMNS = {
    "pin": [
        'post."index"::bigint as ind',
        "post.unique_id",
        text("title"),
        text("description"),
        FOLLOWERS,
        *(text(column) for column in ("poster_name", "tag_list", "is_image_or_video", "image_src")),
        "regexp_replace(post.save_location, '^Local save in ', '') as save_location",
        "post.category",
    ],
    "geo": [
        "post.ind::bigint as ind",
        "post.country",
        "[post.latitude::double, post.longitude::double] as coordinates",
        time("timestamp"),
    ],
    "user": [
        "post.ind::bigint as ind",
        "post.first_name || ' ' || post.last_name as user_name",
        "post.age::bigint as age",
        time("date_joined"),
    ],
}


def query(kind, raw):
    fields = ", ".join(f'"{field}" varchar' for field in cleaning.FIELDS[kind])
    columns = f"{{seq: 'varchar', 'at': 'bigint', record: 'struct(id varchar, post struct({fields}))'}}"
    files = f"{raw}/{kind}-*/**/*.ndjson.zst"
    return f"""
        select {", ".join(COLUMNS[kind])}, event_id, make_timestamp("at" * 1000) as arrived_at, seq as sequence
        from (
            select record.id as event_id, "at", seq, record.post as post
            from read_json('{files}', format = 'newline_delimited', compression = 'zstd', columns = {columns})
        )
        qualify row_number() over (partition by event_id order by length(seq), seq) = 1"""


def main():
    raw, out = Path(sys.argv[1]), Path(sys.argv[2])
    engine = duckdb.connect()
    engine.execute("set threads = 2")
    engine.execute("set preserve_insertion_order = false")
    for kind in cleaning.FIELDS:
        if sys.argv[3:] == ["delta"]:
            from deltalake import WriterProperties, write_deltalake

            rows = engine.sql(query(kind, raw)).to_arrow_reader(100_000)
            write_deltalake(str(out / kind), rows, writer_properties=WriterProperties(compression="ZSTD", compression_level=3))
        else:
            engine.execute(f"copy ({query(kind, raw)}) to '{out / kind}.parquet' (format parquet, compression zstd)")


main()
