"""QR codes as PyPI's zxing-cpp reads them. JSON lines in, JSON lines out.

{"png": hex, "turn": degrees, "black": 0..255, "white": 0..255, "noise": "grain" | "pepper" | null, "seed": n}
{"ok": true, "texts": [...]}

All but "png" may be left out. The picture is turned on white, dimmed to black..white, then harmed: "grain" is Gaussian
noise of 15 % of the range, "pepper" makes 15 % of the pixels black or white. zxing-cpp has no filter against noise, as
cameras have: it gets a noisy picture through Pillow's median of 5 by 5 pixels.
"""

import io
import json
import sys

import numpy
import zxingcpp
from PIL import Image, ImageFilter

NOISE = 0.15


def harmed(question: dict) -> Image.Image:
    picture = Image.open(io.BytesIO(bytes.fromhex(question["png"]))).convert("L")
    turn = question.get("turn") or 0
    picture = picture.rotate(turn, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    black, white = question.get("black", 0), question.get("white", 255)
    pixels = black + (white - black) * numpy.asarray(picture, dtype=float) / 255
    noise = question.get("noise")
    random = numpy.random.default_rng(question.get("seed", 0))
    if noise == "grain":
        pixels = pixels + random.normal(0, NOISE * (white - black), pixels.shape)
    elif noise == "pepper":
        hit = random.random(pixels.shape) < NOISE
        pixels = numpy.where(hit, random.choice([0, 255], pixels.shape), pixels)
    picture = Image.fromarray(pixels.round().clip(0, 255).astype(numpy.uint8))
    return picture.filter(ImageFilter.MedianFilter(5)) if noise else picture


def read_op(question: dict) -> dict:
    found = zxingcpp.read_barcodes(numpy.asarray(harmed(question)), formats=zxingcpp.BarcodeFormat.QRCode)
    return {"texts": [code.text for code in found if code.valid]}


def main() -> None:
    sys.stdin.reconfigure(encoding="utf-8")
    sys.stdout.reconfigure(encoding="utf-8")
    for line in sys.stdin:
        answer: dict = {}
        try:
            answer |= {"ok": True, **read_op(json.loads(line))}
        except Exception as error:  # whatever the peer throws is its refusal
            answer |= {"ok": False, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
