"""DuckDB, Polars and PySpark over the same raw objects, one after the other, each in a process of its own.

Usage: run.py BUCKET [ENGINE ...]

BUCKET is the folder of a Pinpulse bucket whose tables hold everything that is in its raw/. Each engine's rows must be those
of the tables without duplicates, column by column. Prints one JSON object: wall and CPU seconds, peak memory, bytes written
of each, whether the rows are equal, and the bytes of the tables. Exits 1 if they are not.

Left out of the comparison is what only one side does: the duplicate rule's ten minutes (peers drop every repeat of an id),
quarantine (the load has none) and the columns that say where a row comes from, but for id and arrival.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
from deltalake import DeltaTable

HERE = Path(__file__).resolve().parent
ENGINES = {
    "duckdb": ["duck.py"],
    "duckdb_delta_rs": ["duck.py", "delta"],
    "polars": ["pola.py"],
    "pyspark": ["spark.py"],
}
DIGESTED = {
    "pin": [
        "ind", "unique_id", "title", "description", "follower_count", "poster_name", "tag_list", "is_image_or_video",
        "image_src", "save_location", "category", "event_id", "epoch_us(arrived_at)",
    ],
    "geo": ["ind", "country", "coordinates[1]", "coordinates[2]", "epoch_us(timestamp)", "event_id", "epoch_us(arrived_at)"],
    "user": ["ind", "user_name", "age", "epoch_us(date_joined)", "event_id", "epoch_us(arrived_at)"],
}


def digest(engine, kind, source):
    """The number of rows, and for each column a sum over its values that does not depend on their order."""
    sums = ", ".join(f"sum(hash({column})::hugeint)::varchar" for column in DIGESTED[kind])
    return engine.execute(f"select count(*), {sums} from {source}").fetchall()[0]


def files(paths):
    return "read_parquet([" + ", ".join(f"'{path}'" for path in paths) + "])"


def ours(engine, bucket):
    digests, size = {}, 0
    for kind in DIGESTED:
        paths = DeltaTable(str(bucket / "tables" / kind)).file_uris()
        size += sum(Path(path.removeprefix("file://")).stat().st_size for path in paths)
        digests[kind] = digest(engine, kind, f"{files(paths)} where not duplicate")
    return digests, size


def measured(command, out):
    """Runs a command to its end; what it took, itself and everything it waited for."""
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, *map(str, command)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    written = [path for path in out.rglob("*.parquet") if path.is_file()]
    return {
        "status": os.waitstatus_to_exitcode(status),
        "wall_s": round(time.monotonic() - started, 3),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 3),
        "peak_mb": usage.ru_maxrss * 1024 // 1_000_000,
        "bytes_written": sum(path.stat().st_size for path in written),
    }, written


def main():
    bucket = Path(sys.argv[1]).resolve()
    engine = duckdb.connect()
    engine.execute("set timezone = 'UTC'")
    want, size = ours(engine, bucket)
    figures = {"rows": {kind: row[0] for kind, row in want.items()}, "bytes_of_tables": size, "engines": {}}
    wrong = 0
    for name in sys.argv[2:] or ENGINES:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder)
            script, *more = ENGINES[name]
            result, written = measured([HERE / script, bucket / "raw", out, *more], out)
            # A table is one file, or a folder of them.
            of = {kind: [path for path in written if path.relative_to(out).parts[0].split(".")[0] == kind] for kind in want}
            got = {kind: digest(engine, kind, files(paths)) for kind, paths in of.items() if paths}
            result["equal"] = got == want
            wrong += not result["equal"]
            if not result["equal"]:
                result["differs"] = [kind for kind in want if got.get(kind) != want[kind]]
        figures["engines"][name] = result
    print(json.dumps(figures))
    return 1 if wrong else 0


sys.exit(main())
