#!/usr/bin/env python3
"""Makes pictures of the pipelines' tests with Pillow, and what Pillow makes of them.

    pip install -r requirements.txt
    ./make_pictures.py            # writes tiny/photo.jpg and tiny/pictures.json
    ./make_pictures.py --check    # fails if they are not what it would write
"""

import io
import json
import pathlib
import sys

from PIL import Image, ImageDraw

from make_tiny import chacha20

TINY = pathlib.Path(__file__).parent / "tiny"


def make():
    width, height = 23, 17
    picture = Image.frombytes("RGB", (width, height), chacha20(1, 7, width * height * 3))
    cases = []
    for filter in ("bilinear", "bicubic"):
        for size in ((23, 5), (7, 17), (9, 11), (40, 33), (1, 1), (13, 40)):
            made = picture.resize(size, Image.Resampling[filter.upper()])
            pixels = list(made.tobytes())
            cases.append({"filter": filter, "size": size, "pixels": pixels})
    photo = Image.new("RGB", (48, 32), (30, 90, 160))
    draw = ImageDraw.Draw(photo)
    draw.ellipse((6, 4, 30, 28), fill=(220, 180, 40))
    draw.rectangle((26, 12, 44, 30), fill=(60, 150, 70))
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=92, subsampling=2)
    with Image.open(io.BytesIO(file.getvalue())) as read:
        pixels = list(read.tobytes())
    numbers = {"size": [width, height], "resized": cases, "photo": pixels}
    text = json.dumps(numbers, separators=(",", ":")) + "\n"
    return {"photo.jpg": file.getvalue(), "pictures.json": text.encode()}


if __name__ == "__main__":
    for name, data in make().items():
        if sys.argv[1:] == ["--check"]:
            if (TINY / name).read_bytes() != data:
                sys.exit(f"tiny/{name} is not what this script writes")
            print(f"tiny/{name} is what this script writes")
        else:
            (TINY / name).write_bytes(data)
