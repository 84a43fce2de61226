"""Trains the storyteller model and writes `generator.onnx`.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python train.py

It needs no data but `../stickers/names.json`. Seeds are fixed and it computes on one thread, so
that the same processor makes the same model again; another one may round the training
differently and so yield another, equally good model with other CIDs.

`--out DIR` writes elsewhere. `--share 0.02` takes that share of the steps, to see everything run;
what it makes is no good.
"""

import argparse
import os
import pathlib

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

import examination
import graph
import writer
from lines import Lines

HERE = pathlib.Path(__file__).parent
MOST_BYTES = 1_500_000


def main():
    parser = argparse.ArgumentParser(description="Trains the storyteller model.")
    parser.add_argument("--out", type=pathlib.Path, default=HERE, metavar="DIR")
    parser.add_argument("--share", type=float, default=1.0)
    args = parser.parse_args()
    if not 0 < args.share <= 1:
        parser.error("a share is above 0 and at most 1")
    args.out.mkdir(parents=True, exist_ok=True)
    lines = Lines()
    params = writer.train(lines, max(1, round(writer.STEPS * args.share)))
    model = graph.build(params, lines.words).SerializeToString()
    assert len(model) <= MOST_BYTES, len(model)
    (args.out / "generator.onnx").write_bytes(model)
    print(f"generator.onnx {len(model)} bytes, {len(lines.words)} words, {len(lines.things)} things")
    examination.stories(model, lines)
    examination.runtimes(model)


if __name__ == "__main__":
    main()
