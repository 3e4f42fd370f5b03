"""Raw objects to cleaned Parquet with Polars, lazy and streaming. Usage: pola.py RAW OUT"""

import sys
from pathlib import Path

import polars as pl

import cleaning

TIMES = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y:%m:%d %H:%M:%S", "%m/%d/%Y, %H:%M:%S"]
POST = pl.col("post").struct.field
MULTIPLIERS = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000}


def text(column):
    value = POST(column)
    missing = value.str.strip_chars().is_in(["", *cleaning.PLACEHOLDERS.get(column, [])])
    return pl.when(missing).then(None).otherwise(value).alias(column)


def time(column):
    return pl.coalesce([POST(column).str.to_datetime(form, strict=False, time_unit="us") for form in TIMES]).alias(column)


def followers():
    value = POST("follower_count").str.strip_chars()
    multiplier = value.str.slice(-1).str.to_lowercase().replace_strict(MULTIPLIERS, default=1, return_dtype=pl.Float64)
    number = value.str.strip_chars_end("kKmMbB").cast(pl.Float64, strict=False)
    return (number * multiplier).floor().cast(pl.Int64).alias("follower_count")


COLUMNS = {
    "pin": [
        POST("index").cast(pl.Int64).alias("ind"),
        POST("unique_id"),
        text("title"),
        text("description"),
        followers(),
        *(text(column) for column in ("poster_name", "tag_list", "is_image_or_video", "image_src")),
        POST("save_location").str.strip_prefix("Local save in "),
        POST("category"),
    ],
    "geo": [
        POST("ind").cast(pl.Int64),
        POST("country"),
        pl.concat_list(POST("latitude").cast(pl.Float64), POST("longitude").cast(pl.Float64)).alias("coordinates"),
        time("timestamp"),
    ],
    "user": [
        POST("ind").cast(pl.Int64),
        (POST("first_name") + " " + POST("last_name")).alias("user_name"),
        POST("age").cast(pl.Int64),
        time("date_joined"),
    ],
}


def main():
    raw, out = Path(sys.argv[1]), Path(sys.argv[2])
    for kind, fields in cleaning.FIELDS.items():
        post = pl.Struct({field: pl.String for field in fields})
        schema = {"seq": pl.String, "at": pl.Int64, "record": pl.Struct({"id": pl.String, "post": post})}
        files = sorted(raw.glob(f"{kind}-*/**/*.ndjson.zst"))
        lines = pl.scan_ndjson(files, schema=schema)
        record = pl.col("record").struct.field
        rows = lines.select("seq", "at", record("id").alias("event_id"), record("post").alias("post"))
        once = rows.unique("event_id", keep="any")
        arrived = pl.from_epoch("at", time_unit="ms").cast(pl.Datetime("us")).alias("arrived_at")
        once.select(*COLUMNS[kind], "event_id", arrived, pl.col("seq").alias("sequence")).sink_parquet(
            out / f"{kind}.parquet", compression="zstd", compression_level=3
        )


main()
