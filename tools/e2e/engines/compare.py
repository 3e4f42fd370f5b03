"""The nine questions on other engines: the same .sql files, unchanged, over the same tables, must give the same rows.

Usage: compare.py BUCKET_FOLDER

BUCKET_FOLDER holds tables/ and history/ as a Pinpulse bucket does. DuckDB reads the Parquet files of each table's current
version; Sail (Spark SQL, as a cluster of four workers) reads the Delta tables itself. Prints a line a question and engine,
exits 1 if an answer differs from the one that the history function published.
"""

import json
import os
import sys
from pathlib import Path

import duckdb
from deltalake import DeltaTable

ROOT = Path(__file__).resolve().parents[3]
QUESTIONS = sorted((ROOT / "functions/history/src/questions").glob("*.sql"))
VIEWS = [ROOT / "infra/sql" / f"{name}.sql" for name in ("pins", "geos", "users")]
TABLES = ("pin", "geo", "user")
WORKERS = 4


def duck(bucket):
    """DuckDB over the files that the newest version of each table names."""
    engine = duckdb.connect()
    # Years are taken from moments, and moments are in UTC.
    engine.execute("set timezone = 'UTC'")
    for table in TABLES:
        files = DeltaTable(str(bucket / "tables" / table)).file_uris()
        source = "select * from read_parquet(?, hive_partitioning = true)"
        engine.sql(source, params=[files]).to_view(f"{table}_rows")
    for view in VIEWS:
        engine.execute(view.read_text())

    def ask(text):
        answer = engine.execute(text)
        return [column[0] for column in answer.description], [list(row) for row in answer.fetchall()]

    return ask


def sail(bucket):
    """Sail with a driver and four workers that talk to each other as on a real cluster."""
    os.environ.setdefault("RUST_LOG", "error")
    os.environ["SAIL_MODE"] = "local-cluster"
    os.environ["SAIL_CLUSTER__WORKER_INITIAL_COUNT"] = str(WORKERS)
    os.environ["SAIL_CLUSTER__WORKER_MAX_COUNT"] = str(WORKERS)
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    _, port = server.listening_address
    spark = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    for table in TABLES:
        location = bucket / "tables" / table
        spark.sql(f"create table {table}_rows using delta location '{location}'")
    for view in VIEWS:
        spark.sql(view.read_text())

    # The server lives as long as it is referred to.
    def ask(text, _server=server):
        answer = spark.sql(text)
        return answer.columns, [list(row) for row in answer.collect()]

    return ask


def published(bucket, question):
    answer = json.loads((bucket / "history" / f"{question}.json").read_text())
    names = [column["name"] for column in answer["columns"]]
    return names, [[row[name] for name in names] for row in answer["rows"]]


def plain(rows):
    """41500 and 41500.0 are one number, whichever type an engine gives an average."""
    return [[float(cell) if not isinstance(cell, (str, bool, type(None))) else cell for cell in row] for row in rows]


def main():
    bucket = Path(sys.argv[1]).resolve()
    wrong = 0
    for name, connect in (("duckdb", duck), ("sail", sail)):
        ask = connect(bucket)
        for path in QUESTIONS:
            want_names, want = published(bucket, path.stem)
            names, got = ask(path.read_text())
            equal = names == want_names and plain(got) == plain(want)
            wrong += not equal
            print(f"{name:8} {path.stem:46} {len(got):6} rows  {'equal' if equal else 'DIFFERENT'}", flush=True)
            if not equal:
                pairs = [pair for pair in zip(plain(want), plain(got)) if pair[0] != pair[1]]
                print(f"  columns {want_names} and {names}; rows {len(want)} and {len(got)}; first pairs {pairs[:3]}")
    if not QUESTIONS or wrong:
        print(f"{wrong} answers differ from the published ones")
        return 1
    print(f"every engine gives the published answers to all {len(QUESTIONS)} questions")
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # The client's channel keeps a thread that waits for the server for good: leave without waiting for it.
    os._exit(status)
