"""Makes the two fonts of the poster from the npm package @fontsource/be-vietnam-pro 5.3.0.

Needs fonttools and brotli. Usage: python3 subset.py DIRECTORY, where DIRECTORY is the `files`
of the package. Writes beside itself. The result depends on nothing else.
"""

import io
import pathlib
import sys

from fontTools import subset
from fontTools.merge import Merger
from fontTools.ttLib import TTFont

# Latin with Vietnamese, and the punctuation and signs of names and amounts.
WANTED = [
    *range(0x20, 0x7F), *range(0xA0, 0x180), 0x1A0, 0x1A1, 0x1AF, 0x1B0, *range(0x1EA0, 0x1EFA),
    0x2013, 0x2014, 0x2018, 0x2019, 0x201A, 0x201C, 0x201D, 0x201E, 0x2020, 0x2022, 0x2026, 0x20AB,
    0x20AC, 0x2122, 0x2212,
]
# Only outlines are drawn: no hints, no kerning, no ligatures.
DROPPED = ["GPOS", "GSUB", "GDEF", "fpgm", "prep", "cvt ", "gasp", "STAT", "DSIG", "meta"]


def part(path):
    font = TTFont(path)
    font.flavor = None
    for table in DROPPED:
        if table in font:
            del font[table]
    whole = io.BytesIO()
    font.save(whole)
    whole.seek(0)
    return whole


def main(directory):
    for weight, name in ((400, "Regular"), (700, "Bold")):
        scripts = ("latin", "vietnamese", "latin-ext")
        paths = [directory / f"be-vietnam-pro-{s}-{weight}-normal.woff2" for s in scripts]
        merged = io.BytesIO()
        Merger().merge([part(path) for path in paths]).save(merged)
        merged.seek(0)

        options = subset.Options(
            hinting=False, layout_features=[], notdef_outline=False, name_IDs=[0, 1, 2, 13, 14],
            recalc_timestamp=False,
        )
        font = subset.load_font(merged, options)
        font["head"].created = font["head"].modified = 0
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=WANTED)
        subsetter.subset(font)
        target = pathlib.Path(__file__).parent / f"BeVietnamPro-{name}.ttf"
        subset.save_font(font, str(target), options)


main(pathlib.Path(sys.argv[1]))
