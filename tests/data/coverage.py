#!/usr/bin/env python3
"""Checks core/fhir/data/names-vi.tsv and says how much of the two books it names.

    python3 tests/data/coverage.py [--missing N]    N: list the N most frequent codes without a name

Fails when a line is malformed, repeated, out of order or not NFC, or when fewer than 95 % of
the codings of a book have a Vietnamese name. Claims are not counted: a phone does not show them.
"""

import gzip
import json
import sys
import unicodedata
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAMES = HERE.parents[1] / "core" / "fhir" / "data" / "names-vi.tsv"
BOOKS = ("synthea-patient", "hl7-book")
LEAST = {"synthea-patient": 0.95, "hl7-book": 0.5, "both": 0.95}
# What stands in large letters on a screen: the name of the entry itself.
TITLES = ("code", "vaccineCode", "medicationCodeableConcept")


def codings(value):
    if isinstance(value, dict):
        if isinstance(value.get("system"), str) and isinstance(value.get("code"), str):
            if "value" not in value:  # a quantity also has a system and a code
                yield value["system"], value["code"], value.get("display", "")
        for part in value.values():
            yield from codings(part)
    elif isinstance(value, list):
        for part in value:
            yield from codings(part)


def main() -> None:
    lines = NAMES.read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    faults = [row for row in rows if len(row) != 4 or not all(cell.strip() == cell != "" for cell in row)]
    faults += [row for row in rows if unicodedata.normalize("NFC", "\t".join(row)) != "\t".join(row)]
    keys = [tuple(row[:2]) for row in rows]
    if faults or len(set(keys)) != len(keys) or keys != sorted(keys):
        sys.exit(f"bad lines: {faults}, repeated: {[k for k, n in Counter(keys).items() if n > 1]}")
    named = set(keys)
    print(f"{len(named)} names")

    missing: Counter = Counter()
    total = {name: Counter() for name in (*BOOKS, "both")}
    for book in BOOKS:
        with gzip.open(HERE / f"{book}.ndjson.gz", "rt", encoding="utf-8", newline="\n") as file:
            for line in file:
                resource = json.loads(line)
                if resource["resourceType"] in ("Claim", "ExplanationOfBenefit"):
                    continue
                for system, code, display in codings(resource):
                    for name in (book, "both"):
                        total[name]["all"] += 1
                        total[name]["named"] += (system, code) in named
                    if (system, code) not in named:
                        missing[system, code, display] += 1
                title = next((resource[field] for field in TITLES if field in resource), None)
                found = {(s, c) for s, c, _ in codings(title)}
                if found:
                    for name in (book, "both"):
                        total[name]["titles"] += 1
                        total[name]["titled"] += bool(found & named)
    low = []
    for name, count in total.items():
        share = count["named"] / count["all"]
        low += [name] if share < LEAST[name] else []
        print(f"{name}: {count['named']} of {count['all']} codings named ({share:.1%}), "
              f"{count['titled']} of {count['titles']} coded titles ({count['titled'] / count['titles']:.1%})")
    if "--missing" in sys.argv:
        for (system, code, display), n in missing.most_common(int(sys.argv[-1])):
            print(f"{n:6} {system} {code} {display}")
    if low:
        sys.exit(f"too few names: {', '.join(low)}")


if __name__ == "__main__":
    main()
