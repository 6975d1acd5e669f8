"""Copies the files of a corpus that together reach most, the best first, until FILES are there.

    python3 fuzz/pick.py CONTROL_FILE FOLDER

CONTROL_FILE is what libFuzzer's -set_cover_merge=1 -merge_control_file=CONTROL_FILE leaves behind. Files of
FOLDER that are named instead of hashed are mended bugs: they stay.
"""

import re
import shutil
import sys
from pathlib import Path

FILES = 50
LONGEST = 2_000

control, folder = sys.argv[1], Path(sys.argv[2])
lines = iter(Path(control).read_text().splitlines())
count, _ = int(next(lines)), next(lines)
paths = [Path(next(lines)) for _ in range(count)]
reaches = {path: set() for path in paths if path.stat().st_size <= LONGEST}
for line in lines:
    kind, index, *features = line.split()
    path = paths[int(index)]
    if kind == "FT" and path in reaches:
        reaches[path].update(features)

is_hash = re.compile(r"[0-9a-f]{40}").fullmatch
kept = [path for path in reaches if path.parent == folder and not is_hash(path.name)]
reached = set().union(*(reaches[path] for path in kept))
while len(kept) < FILES:
    best = max(reaches, key=lambda path: (len(reaches[path] - reached), -path.stat().st_size))
    if not reaches[best] - reached:
        break
    kept.append(best)
    reached |= reaches[best]

texts = {path.name: path.read_bytes() for path in kept}
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)
for name, text in texts.items():
    (folder / name).write_bytes(text)
print(folder.name, len(texts), "files", sum(map(len, texts.values())), "bytes")
