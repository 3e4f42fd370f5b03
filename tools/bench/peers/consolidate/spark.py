"""Raw objects to cleaned Parquet with PySpark on this machine's cores. Usage: spark.py RAW OUT"""

import sys
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as f
from pyspark.sql.types import LongType, StringType, StructField, StructType

import cleaning

TIMES = ["yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss", "yyyy:MM:dd HH:mm:ss", "MM/dd/yyyy, HH:mm:ss"]


def post(column):
    return f.col(f"record.post.{column}")


def text(column):
    missing = f.trim(post(column)).isin(["", *cleaning.PLACEHOLDERS.get(column, [])])
    return f.when(missing, None).otherwise(post(column)).alias(column)


def time(column):
    return f.coalesce(*(f.try_to_timestamp(post(column), f.lit(form)) for form in TIMES)).alias(column)


def followers():
    value = f.trim(post("follower_count"))
    letter = f.lower(f.substring(value, -1, 1))
    multiplier = f.when(letter == "k", 1_000).when(letter == "m", 1_000_000).when(letter == "b", 1_000_000_000).otherwise(1)
    number = f.regexp_replace(value, "[kKmMbB]$", "").try_cast("decimal(28,6)")
    return f.floor(number * multiplier).cast("bigint").alias("follower_count")


def columns(kind):
    if kind == "pin":
        texts = ("poster_name", "tag_list", "is_image_or_video", "image_src")
        return [
            post("index").cast("bigint").alias("ind"),
            post("unique_id").alias("unique_id"),
            text("title"),
            text("description"),
            followers(),
            *(text(column) for column in texts),
            f.regexp_replace(post("save_location"), "^Local save in ", "").alias("save_location"),
            post("category").alias("category"),
        ]
    if kind == "geo":
        return [
            post("ind").cast("bigint").alias("ind"),
            post("country").alias("country"),
            f.array(post("latitude").cast("double"), post("longitude").cast("double")).alias("coordinates"),
            time("timestamp"),
        ]
    return [
        post("ind").cast("bigint").alias("ind"),
        f.concat(post("first_name"), f.lit(" "), post("last_name")).alias("user_name"),
        post("age").cast("bigint").alias("age"),
        time("date_joined"),
    ]


def main():
    raw, out = Path(sys.argv[1]), Path(sys.argv[2])
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.sql.session.timeZone", "UTC").config("spark.sql.parquet.compression.codec", "zstd")
    builder = builder.config("spark.driver.memory", "3g").config("spark.driver.bindAddress", "127.0.0.1")
    spark = builder.config("spark.driver.host", "127.0.0.1").config("spark.sql.shuffle.partitions", "4").getOrCreate()
    for kind, fields in cleaning.FIELDS.items():
        body = StructType([StructField(field, StringType()) for field in fields])
        record = StructType([StructField("id", StringType()), StructField("post", body)])
        schema = StructType(
            [StructField("seq", StringType()), StructField("at", LongType()), StructField("record", record)]
        )
        files = [str(path) for path in sorted(raw.glob(f"{kind}-*/**/*.ndjson.zst"))]
        rows = spark.read.schema(schema).json(files).withColumn("event_id", f.col("record.id"))
        arrived = f.timestamp_millis("at").alias("arrived_at")
        once = rows.dropDuplicates(["event_id"])
        once.select(*columns(kind), "event_id", arrived, f.col("seq").alias("sequence")).write.mode("overwrite").parquet(
            str(out / f"{kind}.parquet")
        )
    # Its machine is a process of its own, whose cost counts: wait for it to end.
    machine = spark.sparkContext._gateway
    spark.stop()
    machine.shutdown()
    machine.proc.stdin.close()
    machine.proc.wait()


main()
