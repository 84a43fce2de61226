"""Tells stories with the graph, measures them, and holds two runtimes against each other."""

import numpy as np
import onnxruntime
from onnx.reference import ReferenceEvaluator

from lines import MOST_WORDS, THE_END
from grams import encode


def noise(rng, words):
    return (rng.integers(0, 256, (1, MOST_WORDS * words, 4)).sum(axis=2) >> 2).astype(np.uint8)


def feed(text, rng, lines):
    return {"prompt": encode(text)[None], "choice": noise(rng, len(lines.words))}


def line_of(tensor):
    return tensor.tobytes().replace(b"\0", b"").decode()


def follows_grammar(line, lines):
    """Whether a line names one thing or two, at most one place, and nothing twice in a row."""
    if line == THE_END:
        return True
    named = [word for word in line.split() if word in lines.numbers and word not in ("a", "an")]
    things = set(lines.things) | {word for word in lines.words if word.rstrip("s") in lines.things}
    return 1 <= sum(word in things for word in named) <= 2


def stories(model, lines):
    session = onnxruntime.InferenceSession(model)
    tell = lambda text, rng: line_of(session.run(None, feed(text, rng, lines))[0])
    rng = np.random.default_rng(21)
    for topic in ("a story about a fox", "a rocket in space", "draw me three cats", "", "zq 7 xw"):
        told = [topic]
        while told[-1] != THE_END and len(told) < 8:
            told.append(tell(told[-1], rng))
        print(" / ".join(told))
    kept = ended = sound = repeated = count = 0
    while count < 1000:
        before, _ = lines.sample(rng)
        after = tell(before, rng)
        count += 1
        ended += after == THE_END
        sound += follows_grammar(after, lines)
        repeated += after == before
        kept += any(word in lines.things and word in after.split() for word in before.split())
    print(f"of {count} lines: {ended} end the story, {kept} keep a thing, {repeated} repeat the line before, "
          f"{sound} name one thing or two")


def runtimes(model):
    session, reference = onnxruntime.InferenceSession(model), ReferenceEvaluator(model)
    rng = np.random.default_rng(3)
    shape = session.get_inputs()[1].shape
    for text in ("a story about a fox", "an owl and a rocket", "", "größer als zwölf", "x" * 300):
        given = {"prompt": encode(text)[None], "choice": noise(rng, shape[1] // MOST_WORDS)}
        assert (session.run(None, given)[0] == reference.run(None, given)[0]).all(), text
    print("ONNX Runtime and the ONNX reference agree")
