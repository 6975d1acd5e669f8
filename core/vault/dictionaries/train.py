#!/usr/bin/env python3
"""Trains dictionaries/1.zdict on tests/data (needs the `zstd` command).

Whatever names one person (UUIDs, dates, numbers) is replaced by random digits in every sample, so
that the dictionary holds FHIR's shape and words and no record's content. Once rows were written
with a dictionary it stays as it is: train the next number instead.
"""
import gzip, pathlib, random, re, subprocess, sys, tempfile

here = pathlib.Path(__file__).resolve().parent
data = here.parents[2] / "tests" / "data"
rng = random.Random(1)
uuid = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
date = re.compile(r"\b(19|20)\d\d-\d\d-\d\d(T[0-9:.]+)?")
number = re.compile(r"(?<=[:,\[])-?\d+\.\d+")
digits = lambda text, alphabet: "".join(rng.choice(alphabet) if c.isalnum() and c != "T" else c for c in text)


def scrub(line):
    line = uuid.sub(lambda m: digits(m[0], "0123456789abcdef"), line)
    line = date.sub(lambda m: digits(m[0], "0123456789"), line)
    return number.sub(lambda m: digits(m[0], "0123456789"), line)


with tempfile.TemporaryDirectory() as folder:
    count = 0
    for name in ("synthea-patient.ndjson.gz", "hl7-book.ndjson.gz"):
        with gzip.open(data / name, "rt", encoding="utf-8") as lines:
            for line in lines:
                line = line.rstrip("\n")
                if 64 <= len(line) <= 8192:
                    (pathlib.Path(folder) / f"{count:06}").write_text(scrub(line), encoding="utf-8")
                    count += 1
    size = sys.argv[1] if len(sys.argv) > 1 else "65536"
    subprocess.run(
        ["zstd", "--train", "-r", folder, f"--maxdict={size}", "-3", "-o", here / "1.zdict", "-f", "-q"], check=True
    )
print(count, "samples,", (here / "1.zdict").stat().st_size, "bytes")
