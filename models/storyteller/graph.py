"""The trained network as one graph of integer operators, from a text and noise to a text."""

import numpy as np
from onnx import TensorProto

from lines import MOST_WORDS
from grams import PROMPT_BYTES, summed_rows
from integer_graph import IntegerGraph, quantise_weight
from quantised import PEAK
from writer import HIDDEN, TABLE_PEAK, WORD_PEAK

STEP = PEAK / 255  # of activations
SUM_STEP = WORD_PEAK / 127  # of the sums of words and context
VOTE_STEP = 1 / 256  # of votes, in nats
MOST_NATS = 30  # a vote beyond that cannot matter
TEMPERATURE = 0.75


def chances():
    """Each byte of noise as the Gumbel variate of its rank, in `VOTE_STEP`s.

    The greatest of votes with Gumbel variates added is a sample of their softmax. The bytes are
    means of four uniform ones, `(a + b + c + d) >> 2`, of which the distribution is known exactly.
    """
    uniform = np.full(256, 1 / 256)
    four = np.convolve(np.convolve(uniform, uniform), np.convolve(uniform, uniform))
    share = np.add.reduceat(four, range(0, len(four), 4))
    middle = np.cumsum(share) - share / 2
    return np.round(-np.log(-np.log(middle)) * TEMPERATURE / VOTE_STEP).astype(np.int32)


def in_steps(g, accumulator, scale, step, most):
    """An accumulator with a scale per channel in `step`s, int32, cut off at `most` either way."""
    limit = int(np.ceil(most / scale.min()))
    shift = 30
    while np.round(scale.max() / step * 2.0**shift) * limit >= 2**31 - 1:
        shift -= 1
    factor = np.round(scale / step * 2.0**shift).astype(np.int64)
    cut = g.clamp(accumulator, -limit, limit)
    return g.div(g.mul(cut, factor[None, :]), 2**shift)


class Dense:
    """A dense layer whose constants all its uses share."""

    def __init__(self, g, p, step):
        self.g = g
        weight, scale = quantise_weight(p["w"], 1)
        self.weight = g.constant(weight, "weight")
        self.bias = g.constant(np.round(p["b"] / (step * scale)).astype(np.int32)[None, :], "bias")
        self.scale = step * scale
        self.zeros = g._zero_points()

    def __call__(self, x):
        return self.g.add(self.g.node("MatMulInteger", [x, self.weight, *self.zeros]), self.bias)

    def activated(self, x):
        return self.g.requantise_finely(self(x), self.scale / STEP, [1, -1])


def spelled(words):
    """Each word's bytes, zeros after them; first as a line begins, then with a space before."""
    longest = max(len(word) for word in words) + 1
    spaced = [word and " " + word for word in words]
    rows = [word.encode().ljust(longest, b"\0") for word in [*words, *spaced]]
    return np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), longest)


def build(p, words):
    g = IntegerGraph("storyteller")
    count = len(words)
    prompt = g.input("prompt", TensorProto.UINT8, [1, PROMPT_BYTES])
    noise = g.int32(g.input("choice", TensorProto.UINT8, [1, MOST_WORDS * count]))

    x = summed_rows(g, p["table"], TABLE_PEAK, prompt)
    x = g.requantise_finely(x, np.array([TABLE_PEAK / 127 / STEP]), [1, 1])
    features = Dense(g, p["features"], STEP)
    x = g.node("ReduceMax", [features(x)], axes=[0], keepdims=1)
    x = g.requantise_finely(x, features.scale / STEP, [1, -1])
    context = Dense(g, p["context"], STEP)
    said = in_steps(g, context(x), context.scale, SUM_STEP, 100)

    eighths = lambda name: (np.round(np.clip(p[name], -WORD_PEAK, WORD_PEAK) / SUM_STEP) + 128).astype(np.uint8)
    tables = {name: g.constant(eighths(name), name) for name in ("last", "second_last")}
    places = eighths("place").astype(np.int32) - 128
    hidden, votes = Dense(g, p["hidden"], STEP), Dense(g, p["votes"], STEP)
    gumbel = g.rows(chances(), noise, "chances")

    def row(name, word):
        return g.sub(g.int32(g.node("Gather", [tables[name], word], axis=0)), 128)

    nothing = g.constant(np.zeros(1, np.int32), "nothing")
    last, second_last, line = nothing, nothing, []
    for place in range(MOST_WORDS):
        total = g.add(g.add(said, row("last", last)), row("second_last", second_last))
        total = g.add(total, places[place][None, :])
        x = g.requantise_finely(total, np.full(HIDDEN, SUM_STEP / STEP), [1, -1])
        chosen = in_steps(g, votes(hidden.activated(x)), votes.scale, VOTE_STEP, MOST_NATS)
        chosen = g.add(chosen, g.slice(gumbel, 1, place * count, (place + 1) * count))
        word = g.int32(g.node("ArgMax", [chosen], axis=1, keepdims=0))
        if line:
            # After the end of a line nothing more is said.
            goes_on = g.binary("Min", last, 1, "ceiling")
            word = g.clamp(g.mul(word, goes_on), 0, count - 1)
        last, second_last = word, last
        line.append(word if not line else g.add(word, count))
    line = g.node("Concat", line, axis=0)
    text = g.node("Gather", [g.constant(spelled(words), "spelled"), line], axis=0)
    return g.model(text, "text", TensorProto.UINT8, [MOST_WORDS, spelled(words).shape[1]])
