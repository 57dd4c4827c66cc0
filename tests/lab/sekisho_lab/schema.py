# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/violations.schema.json against what a test left on record."""
import functools
import json
import os

SCHEMA = os.path.normpath(os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "docs",
    "violations.schema.json"))
MOST = 20000            # records of one test: the first and the last of more


@functools.lru_cache(maxsize=1)
def validator():
    import jsonschema   # Debian: python3-jsonschema, in tests/packages
    with open(SCHEMA, encoding="utf-8") as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def shape(value):
    """What a record looks like without its values, but for those that are words."""
    if isinstance(value, dict):
        return tuple((key, shape(v)) for key, v in value.items())
    if isinstance(value, list):
        return tuple(sorted({shape(v) for v in value}))
    return type(value).__name__


def trouble(records):
    """None, or what is wrong with the first record that the schema does not allow.

    Of many records of one shape, kind and action a hundred are looked at. A guest of
    tests/vm has no jsonschema, and says so by SEKISHO_SCHEMA=no.
    """
    if os.environ.get("SEKISHO_SCHEMA") == "no":
        return None
    seen = {}
    for r in records[:MOST] + records[MOST:][-MOST:]:
        key = (r["event"]["action"], r["sekisho"]["kind"], shape(r))
        seen[key] = seen.get(key, 0) + 1
        if seen[key] > 100:
            continue
        for error in validator().iter_errors(r):
            return "the schema does not allow record %s: %s at %s\n%s" % (
                r["event"].get("sequence"), error.message[:300],
                "/".join(str(p) for p in error.absolute_path), json.dumps(r)[:1500])
    return None
