"""What the tool does not know by itself: how to write records as lines."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(_context, value):
    records = value if isinstance(value, list) else [value]
    return "\n".join(json.dumps(record) for record in records).encode()
