"""The part of template.yaml that Athena needs, made from where it is decided: columns from shared/posts/src/tables.rs,
views from infra/sql, questions from functions/history/src/questions.

CloudFormation can include no file, and a question that is kept twice would sooner or later be two questions.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BEGIN = "  # Made by infra/gate/lake.py; do not edit. bash infra/check --write makes it anew.\n"
END = "  # To here.\n"

# How Rust names a column's type, and how the catalog and Spark do.
TYPES = {
    "Long": ("bigint", "long"),
    "Integer": ("int", "integer"),
    "Text": ("string", "string"),
    "Doubles": ("array<double>", {"type": "array", "elementType": "double", "containsNull": True}),
    "Timestamp": ("timestamp", "timestamp"),
    "Date": ("date", "date"),
    "Boolean": ("boolean", "boolean"),
    "Binary": ("binary", "binary"),
}
# What the SQL calls each table. `pin_rows`, since `pins` is the view, and `user` is a reserved word in some engines.
NAMES = {"pin": "pin_rows", "geo": "geo_rows", "user": "user_rows", "quarantine": "quarantine_rows"}


def columns():
    """The columns of each table in order, as (name, type, required)."""
    source = (ROOT / "shared/posts/src/tables.rs").read_text()
    texts = dict(re.findall(r'pub const (\w+): &str = "([^"]*)";', source))
    lists = {}
    for name, body in re.findall(r"const (\w+): \[TableColumn; \d+\] =\s*\[(.*?)\];", source, re.DOTALL):
        found = re.findall(r'(own|origin)\(\s*("?)(\w+)"?, Type::(\w+)\)', body)
        lists[name] = [(word if quote else texts[word], kind, made == "origin") for made, quote, word, kind in found]
    origin = lists.pop("ORIGIN")
    tables = {name.lower(): own + origin for name, own in lists.items()}
    if sorted(tables) != sorted(NAMES) or any(len(own) < 10 for own in tables.values()):
        sys.exit(f"cannot read the tables' columns: found {sorted(tables)}")
    return tables


def camel(name):
    return "".join(part.capitalize() for part in name.split("_"))


def block(text, indent):
    return "".join(f"{' ' * indent}{line}\n" if line else "\n" for line in text.rstrip("\n").split("\n"))


def table(kind, own):
    fields = [
        {"name": name, "type": TYPES[holds][1], "nullable": not required, "metadata": {}} for name, holds, required in own
    ]
    schema = json.dumps({"type": "struct", "fields": fields}, separators=(",", ":"))
    lines = "".join(
        f"            - {{Name: {name}, Type: {TYPES[holds][0]}}}\n" for name, holds, _ in own if name != "dt"
    )
    return f"""  {camel(NAMES[kind])}:
    Type: AWS::Glue::Table
    Properties:
      CatalogId: !Ref AWS::AccountId
      DatabaseName: !Ref Catalog
      TableInput:
        Name: {NAMES[kind]}
        TableType: EXTERNAL_TABLE
        Parameters:
          EXTERNAL: "TRUE"
          table_type: delta
          spark.sql.sources.provider: delta
          spark.sql.partitionProvider: catalog
          spark.sql.sources.schema.numParts: "1"
          spark.sql.sources.schema.part.0: '{schema}'
        PartitionKeys:
          - {{Name: dt, Type: date}}
        StorageDescriptor:
          Location: !Sub "s3://${{Bucket}}/tables/{kind}/"
          InputFormat: org.apache.hadoop.mapred.SequenceFileInputFormat
          OutputFormat: org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat
          SerdeInfo:
            SerializationLibrary: org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe
            Parameters:
              serialization.format: "1"
              path: !Sub "s3://${{Bucket}}/tables/{kind}/"
          Columns:
{lines}
"""


def query(logical_id, name, description, text, sub=False):
    opening = "\n        Fn::Sub: |\n" if sub else " |\n"
    return f"""  {logical_id}:
    Type: AWS::Athena::NamedQuery
    Properties:
      Database: !Ref Catalog
      WorkGroup: !Ref Questions
      Name: {name}
      Description: {json.dumps(description)}
      QueryString:{opening}{block(text, 10 if sub else 8)}
"""


def question(path):
    """A question and its text; the first comment line of the file is what it asks."""
    text = path.read_text()
    return query("Question" + camel(path.stem), path.stem, text.split("\n", 1)[0].removeprefix("-- "), text)


def made():
    parts = [BEGIN]
    parts += [table(kind, own) for kind, own in sorted(columns().items(), key=lambda item: list(NAMES).index(item[0]))]
    for kind, name in NAMES.items():
        statement = (
            f"create external table if not exists {name} location 's3://${{Bucket}}/tables/{kind}/'\n"
            "tblproperties ('table_type' = 'DELTA')"
        )
        said = f"Registers {name}, if the catalog's own entry is not taken for a Delta table; drop that one first."
        parts.append(query("Register" + camel(name), f"register_{name}", said, statement, sub=True))
    for path in sorted((ROOT / "infra/sql").glob("*.sql")):
        said = f"Makes the view {path.stem}, once. The questions need it."
        parts.append(query("View" + camel(path.stem), f"view_{path.stem}", said, path.read_text()))
    parts += [question(path) for path in sorted((ROOT / "functions/history/src/questions").glob("*.sql"))]
    return "".join(parts).rstrip("\n") + "\n" + END


def findings(path, write=False):
    """What is wrong with the part in a template; with `write` it is made anew first."""
    text = path.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        return [f"{path.name} has no part made by infra/gate/lake.py"]
    fresh = before + made() + after
    if write:
        path.write_text(fresh)
        return []
    return [] if fresh == text else [f"{path.name}: tables, views or questions differ; bash infra/check --write makes them anew"]
