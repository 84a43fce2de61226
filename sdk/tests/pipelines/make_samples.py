#!/usr/bin/env python3
"""Makes files and pictures, and says what the packages' own Python makes of them.

    pip install -r requirements.txt magika==1.0.3 rapidocr-onnxruntime==1.4.4
    ./make_samples.py            # writes samples/
    ./make_samples.py --check    # fails if samples/ is not what it would write

Pictures are drawn with the font that comes with Pillow (Aileron, CC0).
"""

import base64
import gzip
import io
import json
import pathlib
import sys
import tarfile
import wave
import zipfile
import zlib

from PIL import Image, ImageDraw, ImageFont

from make_tiny import chacha20, close

SAMPLES = pathlib.Path(__file__).parent / "samples"

TEXTS = {
    "python": "import sys\n\n\ndef main(path):\n    with open(path) as file:\n"
    "        for number, line in enumerate(file):\n            print(number, line.strip())\n\n\n"
    "if __name__ == '__main__':\n    main(sys.argv[1])\n" * 3,
    "rust": "use std::collections::HashMap;\n\n#[derive(Debug, Clone)]\npub struct Job {\n"
    "    id: u64,\n}\n\nimpl Job {\n    pub fn new(id: u64) -> Self {\n        Self { id }\n    }\n}\n\n"
    "fn main() {\n    let mut jobs: HashMap<u64, Job> = HashMap::new();\n"
    "    jobs.insert(1, Job::new(1));\n    println!(\"{jobs:?}\");\n}\n",
    "json": json.dumps({"name": "tiny", "files": [{"cid": "Qm", "bytes": n} for n in range(9)]}),
    "html": "<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>Hello</title></head>\n"
    "<body><h1>Hello</h1><p>A <a href=\"/x\">link</a>.</p></body>\n</html>\n",
    "css": "body { margin: 0; font-family: sans-serif; }\n.card > h1 { color: #334455; }\n"
    "@media (max-width: 600px) { .card { display: none; } }\n",
    "javascript": "const list = [1, 2, 3];\nexport async function run(id) {\n"
    "  const answer = await fetch(`/jobs/${id}`);\n  return list.map((x) => x * answer.ok);\n}\n",
    "c": "#include <stdio.h>\n#include <stdlib.h>\n\nint main(int argc, char **argv) {\n"
    "    int *p = malloc(sizeof(int) * 10);\n    printf(\"%d\\n\", argc);\n    free(p);\n    return 0;\n}\n",
    "shell": "#!/bin/sh\nset -eu\nfor file in \"$@\"; do\n    [ -e \"$file\" ] || continue\n"
    "    echo \"$file\" | sed 's/a/b/'\ndone\n",
    "xml": "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed><entry id=\"1\"><title>One</title>"
    "</entry><entry id=\"2\"><title>Two</title></entry></feed>\n",
    "yaml": "name: build\non: [push]\njobs:\n  test:\n    runs-on: linux\n    steps:\n"
    "      - name: test\n        run: cargo test\n",
    "csv": "time,price,volume\n" + "".join(f"2024-01-{d:02},{d * 3.5},{d * 17}\n" for d in range(1, 25)),
    "prose": "The miner computes the task and writes down what came out.\nNobody has to believe it.\n" * 4,
    "few bytes": "hi",
    "blanks": "  \n\t \n" * 20,
    "blanks before": " \n\v" * 700 + "{\"a\": [1, 2, 3], \"b\": {\"c\": null, \"d\": \"text\"}}\n" * 40,
}


def archive_zip():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for n in range(3):
            archive.writestr(zipfile.ZipInfo(f"{n}.txt"), f"number {n}\n" * 20)
    return file.getvalue()


def archive_tar():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        info = tarfile.TarInfo("a.txt")
        info.size = 5
        archive.addfile(info, io.BytesIO(b"hello"))
    return file.getvalue()


def sound():
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(chacha20(2, 0, 2000))
    return file.getvalue()


def png(picture):
    """PNG by hand, so that no version of a library changes it."""

    def chunk(kind, data):
        body = kind + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    width, height = picture.size
    channels = len(picture.getbands())
    rows = picture.tobytes()
    stride = width * channels
    data = b"".join(b"\0" + rows[y * stride : (y + 1) * stride] for y in range(height))
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    header += bytes([8, 0 if channels == 1 else 2, 0, 0, 0])
    parts = (b"IHDR", header), (b"IDAT", zlib.compress(data, 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def files():
    found = {name: text.encode() for name, text in TEXTS.items()}
    noise = Image.frombytes("L", (20, 20), chacha20(3, 0, 400))
    found |= {
        "empty": b"",
        "not UTF-8": b"\xff\xfe\xfd",
        "zip": archive_zip(),
        "tar": archive_tar(),
        "gzip": gzip.compress(b"hello " * 100, mtime=0),
        "wav": sound(),
        "png": png(noise),
        "noise": chacha20(4, 0, 3000),
        "pdf": b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n"
        b"<< /Type /Pages /Kids [] /Count 0 >>\nendobj\nxref\n0 3\ntrailer\n"
        b"<< /Root 1 0 R /Size 3 >>\nstartxref\n110\n%%EOF\n",
    }
    return found


def file_types():
    from magika import Magika

    magika, cases = Magika(), []
    for name, data in files().items():
        made = magika.identify_bytes(data)
        cases.append({
            "name": name,
            "base64": base64.b64encode(data).decode(),
            "label": str(made.output.label),
            "score": made.score,
        })
    return cases


def drawings():
    def font(size):
        return ImageFont.load_default(size=size)

    lines = Image.new("L", (420, 190), 255)
    draw = ImageDraw.Draw(lines)
    draw.text((24, 16), "Arbius on Stylus", 0, font(34))
    draw.text((24, 74), "42 tasks, 7 miners", 40, font(28))
    draw.text((250, 134), "paid: 0.985", 20, font(24))
    tilted = Image.new("L", (360, 240), 230)
    ImageDraw.Draw(tilted).text((40, 90), "Inference 2026", 10, font(36))
    tilted = tilted.rotate(12, Image.Resampling.BICUBIC, fillcolor=230)
    over = Image.new("L", (360, 100), 255)
    ImageDraw.Draw(over).text((30, 24), "upside down", 0, font(40))
    over = over.transpose(Image.Transpose.ROTATE_180)
    blank = Image.new("L", (200, 100), 200)
    return {"lines": lines, "tilted": tilted, "over": over, "blank": blank}


def texts(pictures):
    from rapidocr_onnxruntime import RapidOCR

    # One text at a time, so that none is padded to the width of another.
    reader = RapidOCR(rec_batch_num=1, cls_batch_num=1)
    cases = []
    for name, picture in pictures.items():
        found, _ = reader(png(picture.convert("RGB")))
        cases.append({
            "file": f"{name}.png",
            "lines": [
                {"box": box, "text": text, "score": float(score)} for box, text, score in found or []
            ],
        })
    return cases


def make():
    pictures = drawings()
    made = {f"{name}.png": png(picture) for name, picture in pictures.items()}
    for name, value in (("magika", file_types()), ("rapidocr", texts(pictures))):
        text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
        made[f"{name}.json"] = text.encode()
    return made


def same(name, old, new):
    if name.endswith(".json"):
        return close(json.loads(old), json.loads(new))
    return old == new


if __name__ == "__main__":
    SAMPLES.mkdir(exist_ok=True)
    for name, data in make().items():
        if sys.argv[1:] == ["--check"]:
            if not same(name, (SAMPLES / name).read_bytes(), data):
                sys.exit(f"samples/{name} is not what this script writes")
            print(f"samples/{name} is what this script writes")
        else:
            (SAMPLES / name).write_bytes(data)
