"""Trains the stickers model and writes everything the bundle, its tests and its sheet need.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python train.py

It downloads the pictures and their names with npm (120 MB, most of it word vectors) into
`data/`, keeps what it has trained so far in `training/`, and goes on from there when it is
started again. Seeds are fixed and it computes on one thread, so that the same processor makes
the same model again, however often it was stopped; another processor may round the training
differently and so yield another, equally good model with other CIDs.

Written: generator.onnx (the model), judge.png and names.json (the pictures that it was
trained on, made small, and what they are called: what the tests judge its pictures by).

`--out DIR` writes them elsewhere, and keeps the training there too. `--share 0.02` takes that
share of the steps, to see everything run in a minute or two; what it makes is no good.
"""

import argparse
import json
import os
import pathlib

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

import numpy as np
from PIL import Image

import data
import examination
import graph
import language
import pictures
from prompts import Prompts
from words import Words

HERE = pathlib.Path(__file__).parent
MOST_BYTES = 4_000_000
THUMBNAIL = 16  # pixels of a judge's picture
THUMBNAILS_A_ROW = 32


def judge(stickers):
    """Each picture on white, made small, as tiles of one image."""
    white = np.round(stickers[..., :3] + 255.0 - stickers[..., 3:])
    cell = data.SIDE // THUMBNAIL
    small = white.reshape(-1, THUMBNAIL, cell, THUMBNAIL, cell, 3).mean(axis=(2, 4))
    rows = -(-len(small) // THUMBNAILS_A_ROW)
    sheet = np.full((rows * THUMBNAILS_A_ROW, THUMBNAIL, THUMBNAIL, 3), 255.0)
    sheet[: len(small)] = small
    sheet = sheet.reshape(rows, THUMBNAILS_A_ROW, THUMBNAIL, THUMBNAIL, 3).transpose(0, 2, 1, 3, 4)
    return np.round(sheet.reshape(rows * THUMBNAIL, THUMBNAILS_A_ROW * THUMBNAIL, 3)).astype(np.uint8)


def steps(all_of_them, share):
    return max(1, round(all_of_them * share))


def main():
    parser = argparse.ArgumentParser(description="Trains the stickers model.")
    parser.add_argument("--out", type=pathlib.Path, default=HERE, metavar="DIR")
    parser.add_argument("--share", type=float, default=1.0)
    args = parser.parse_args()
    if not 0 < args.share <= 1:
        parser.error("a share is above 0 and at most 1")
    out, training = args.out, args.out / "training"
    for folder in (out, training):
        folder.mkdir(parents=True, exist_ok=True)
    data.fetch(HERE / "data")
    stickers, concepts = data.load(HERE / "data")
    codes, decoder = pictures.train(stickers, training / "pictures.npz", steps(pictures.STEPS, args.share))
    words = Words(HERE / "data", concepts)
    encoder = language.train(Prompts(words), training / "language.npz", steps(language.STEPS, args.share))

    model = graph.build(encoder, codes, decoder).SerializeToString()
    assert len(model) <= MOST_BYTES, len(model)
    (out / "generator.onnx").write_bytes(model)
    Image.fromarray(judge(stickers)).save(out / "judge.png", optimize=True)
    names = {
        "pictures": [concept["name"] for concept in concepts],
        "keywords": {word: np.flatnonzero(words.targets[word]).tolist() for word in sorted(words.keywords)},
        "held_out": {word: means for word, means in sorted(words.hidden.items())},
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in names.items()]
    (out / "names.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")

    print(f"generator.onnx {len(model)} bytes, {len(concepts)} pictures")
    examination.words(words, encoder, stickers, pictures.reconstruct(decoder, codes))
    examination.phrases(words, encoder)
    examination.runtimes(model)


if __name__ == "__main__":
    main()
