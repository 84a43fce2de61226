"""The trained halves and the scene's tables as one graph of integer operators."""

import pathlib
import sys

import numpy as np
from onnx import TensorProto

sys.path.append(str(pathlib.Path(__file__).parent.parent))

import pictures
import scene
from data import SIDE
from grams import PROMPT_BYTES, summed_rows
from integer_graph import IntegerGraph, quantise_weight
from language import HEADS, TABLE_PEAK
from pictures import CHANNELS, GRID, LEVELS
from prompts import PAIR
from quantised import PEAK
from scene import CANVAS, SLOTS, VARIANTS

CHOICE_NATS = 3.0  # how far the seed can move a picture that the prompt leaves open
UNIT = CHOICE_NATS / 255  # of votes
SCENE_BYTES = 1 + 5 * SLOTS  # noise: one byte for the background, then five for each slot
EDGE = 2  # transparent pixels around a sticker, where what lies outside is read
FRAME = SIDE + 2 * EDGE
STEP = PEAK / 255  # of activations


def language_part(g, p, prompt):
    """The prompt's tensor to votes for pictures and for each head, int32 `[1, n]` in `UNIT`s."""
    x = summed_rows(g, p["table"], TABLE_PEAK, prompt)
    x = g.requantise_finely(x, np.array([TABLE_PEAK / 127 / STEP]), [1, 1])

    def dense(x, name):
        w, s = quantise_weight(p[name]["w"], 1)
        bias = np.round(p[name]["b"] / (STEP * s)).astype(np.int32)
        return g.add(g.matmul(x, w), bias[None, :]), STEP * s

    acc, scale = dense(x, "features")
    acc = g.node("ReduceMax", [acc], axes=[0], keepdims=1)
    x = g.requantise_finely(acc, scale / STEP, [1, -1])
    acc, scale = dense(x, "hidden")
    x = g.requantise_finely(acc, scale / STEP, [1, -1])
    votes = {}
    for name in ["votes", *dict(HEADS)]:
        acc, scale = dense(x, name)
        limit = int(np.ceil(30 / scale.min()))  # nats: more cannot matter
        shift = 30
        while np.round(scale.max() / UNIT * 2.0**shift) * limit >= 2**31 - 1:
            shift -= 1
        factor = np.round(scale / UNIT * 2.0**shift).astype(np.int64)
        acc = g.mul(g.clamp(acc, -limit, limit), factor[None, :])
        votes[name] = g.div(acc, 2**shift)
    return votes


def choose(g, votes):
    return g.int32(g.node("ArgMax", [votes], axis=1, keepdims=0))


class Decoder:
    """The decoder, once for each sticker: its weights are constants that both share.

    The two are not one batch because rten computes a convolution of several pictures wrongly.
    """

    def __init__(self, g, codes, p):
        self.g = g
        levels = np.round(np.clip(codes, 0, 1) * (LEVELS - 1)).astype(np.uint8)
        levels = levels.transpose(0, 3, 1, 2).reshape(len(codes), 2, -1)
        self.codes = g.constant(levels[:, 0] * 16 + levels[:, 1], "codes")
        self.layers = []
        scale = 1 / (LEVELS - 1)
        for name, _, _ in pictures.LAYERS:
            w, s = quantise_weight(p[name]["w"].transpose(3, 2, 0, 1), 0)
            bias = np.round(p[name]["b"] / (scale * s)).astype(np.int32)
            step = 1 / 255 if name == "c5" else STEP
            self.layers.append((
                name, g.constant(w, "weight"), g.constant(bias.reshape(1, -1, 1, 1), "bias"), scale * s / step
            ))
            scale = step

    def draw(self, index):
        """A chosen picture, int32 `[1]`, to a sticker of int32 `[SIDE, SIDE, 4]`, premultiplied."""
        g = self.g
        found = g.int32(g.node("Gather", [self.codes, index], axis=0))
        upper = g.div(found, 16)
        lower = g.clamp(g.sub(found, g.mul(upper, 16)), 0, 15)
        x = g.node("Concat", [upper, lower], axis=1)
        x = g.cast(g.reshape(x, [1, CHANNELS, GRID, GRID]), TensorProto.UINT8)
        side = GRID
        for name, weight, bias, ratio in self.layers:
            x = g.pad(x, [0, 0, 1, 1, 0, 0, 1, 1])
            x = g.requantise_finely(g.add(g.conv_by(x, weight, [3, 3]), bias), ratio, [1, -1, 1, 1])
            if name == "c3":
                x = g.reshape(x, [2, 2, pictures.NARROW, side, side])
                x = g.node("Transpose", [x], perm=[2, 3, 0, 4, 1])
                side *= 2
                x = g.reshape(x, [1, pictures.NARROW, side, side])
        x = g.reshape(x, [3, 3, 4, side, side])
        x = g.node("Transpose", [x], perm=[3, 0, 4, 1, 2])
        return g.int32(g.reshape(x, [SIDE, SIDE, 4]))


def tint_part(g, sticker, colour):
    """The sticker in the colour that the prompt names, with its edge around it, as rows of pixels."""
    tint = g.reshape(g.rows(scene.tints(), colour, "tints"), [3, 4])
    tint = g.node("Transpose", [tint], perm=[1, 0])
    pixels = g.reshape(sticker, [SIDE * SIDE, 4])
    total = None
    for channel in range(4):
        row = g.slice(tint, 0, channel, channel + 1)
        part = g.mul(g.column(pixels, channel), row)
        total = part if total is None else g.add(total, part)
    colours = g.clamp(g.div(g.add(g.binary("Max", total, 0, "floor"), 128), 256), 0, 255)
    pixels = g.node("Concat", [colours, g.column(pixels, 3)], axis=1)
    framed = g.node("Pad", [
        g.reshape(pixels, [SIDE, SIDE, 4]),
        g.constant(np.array([EDGE, EDGE, 0, EDGE, EDGE, 0], np.int64), "pads"),
        g.constant(np.array(0, np.int32), "nothing"),
    ])
    return g.reshape(framed, [FRAME * FRAME, 4])


def place_part(g, frame, slot, stand, size, noise):
    """One slot: the sticker turned, scaled and shifted onto the canvas, int32 `[pixels, 4]`."""
    byte = lambda i: g.reshape(g.slice(noise, 1, 1 + 5 * slot + i, 2 + 5 * slot + i), [1])
    turn = g.rows(scene.tilts(), byte(0), "tilts")
    cosine, sine = g.column(turn, 0), g.column(turn, 1)
    growth = g.reshape(g.rows(scene.growths(), byte(1), "growths"), [1, 1])
    drift = [g.reshape(g.rows(scene.drifts(), byte(i), "drifts"), [1, 1]) for i in (2, 3)]
    odd = g.clamp(g.sub(byte(4), g.mul(g.div(byte(4), 2), 2)), 0, 1)
    flip = g.reshape(g.sub(g.mul(odd, 2), 1), [1, 1])

    row = g.slice(stand, 0, slot, slot + 1)
    # Sizes in 256ths; what the sticker shows of itself per pixel is the inverse, from a table.
    scale = g.div(g.mul(g.div(g.mul(g.column(row, 2), size), 256), growth), 256)
    inverse = np.round(65536 / np.maximum(np.arange(512), 32)).astype(np.int32)
    step = g.reshape(g.rows(inverse, g.reshape(g.clamp(scale, 32, 511), [1]), "inverses"), [1, 1])
    cosine, sine = g.div(g.mul(cosine, step), 256), g.div(g.mul(sine, step), 256)

    # Half pixels from the slot's centre.
    grid = (2 * np.arange(CANVAS) - (CANVAS - 1)).astype(np.int32)
    columns = np.tile(grid, CANVAS)[:, None]
    rows = np.repeat(grid, CANVAS)[:, None]
    across = g.sub(g.constant(columns, "columns"), g.add(g.column(row, 0), drift[0]))
    down = g.sub(g.constant(rows, "rows"), g.add(g.column(row, 1), drift[1]))
    # 512ths of the sticker's pixels, then 16ths.
    middle = (FRAME - 1) * 256
    u = g.add(g.mul(g.add(g.mul(across, cosine), g.mul(down, sine)), flip), middle)
    v = g.add(g.sub(g.mul(down, cosine), g.mul(across, sine)), middle)
    last = (FRAME - 2) * 16
    u, v = (g.div(g.clamp(x, 0, last * 32), 32) for x in (u, v))
    left, top = g.div(u, 16), g.div(v, 16)
    right = g.clamp(g.sub(u, g.mul(left, 16)), 0, 15)
    below = g.clamp(g.sub(v, g.mul(top, 16)), 0, 15)
    sixteen = np.array([[16]], np.int32)
    first = g.reshape(g.add(g.mul(top, FRAME), left), [CANVAS * CANVAS])
    total = None
    for dy, weight_y in ((0, g.add(g.mul(below, -1), sixteen)), (1, below)):
        for dx, weight_x in ((0, g.add(g.mul(right, -1), sixteen)), (1, right)):
            index = g.clamp(g.add(first, dy * FRAME + dx), 0, FRAME * FRAME - 1)
            part = g.mul(g.node("Gather", [frame, index], axis=0), g.mul(weight_x, weight_y))
            total = part if total is None else g.add(total, part)
    return g.div(g.add(total, 128), 256)


def build(p_language, codes, p_pictures):
    g = IntegerGraph("stickers")
    prompt = g.input("prompt", TensorProto.UINT8, [1, PROMPT_BYTES])
    choice = g.input("choice", TensorProto.UINT8, [1, len(codes)])
    noise = g.int32(g.input("scene", TensorProto.UINT8, [1, SCENE_BYTES]))

    votes = language_part(g, p_language, prompt)
    seeded = g.add(votes["votes"], g.int32(choice))
    first = choose(g, seeded)
    # The second kind is the strongest of the others.
    away = g.sub(g.constant(np.arange(len(codes), dtype=np.int32)[None, :], "pictures"), g.reshape(first, [1, 1]))
    same = g.clamp(g.sub(g.constant(np.ones((1, 1), np.int32), "one"), g.mul(away, away)), 0, 1)
    second = choose(g, g.sub(seeded, g.mul(same, 2**24)))
    arrangement, colour, size, place = (choose(g, votes[name]) for name, _ in HEADS)
    is_pair = np.zeros(dict(HEADS)["arrangement"], np.int32)
    is_pair[PAIR] = 1
    is_pair = g.rows(is_pair, arrangement, "pairs")
    second = g.add(first, g.mul(is_pair, g.sub(second, first)))
    second = g.clamp(second, 0, len(codes) - 1)

    decoder = Decoder(g, codes, p_pictures)
    frames = [tint_part(g, decoder.draw(index), colour) for index in (first, second)]

    stand = g.reshape(g.rows(scene.PLACES_OF_SLOTS, arrangement, "stands"), [SLOTS, 3])
    size = g.reshape(g.rows(scene.SIZES, size, "sizes"), [1, 1])
    variant = g.reshape(g.slice(noise, 1, 0, 1), [1])
    variant = g.clamp(g.sub(variant, g.mul(g.div(variant, VARIANTS), VARIANTS)), 0, VARIANTS - 1)
    behind = scene.backgrounds().reshape(-1, CANVAS * 3)
    behind = g.rows(behind, g.add(g.mul(place, VARIANTS), variant), "backgrounds")
    canvas = g.int32(g.reshape(behind, [CANVAS, 1, 3]))
    canvas = g.reshape(g.expand(canvas, [CANVAS, CANVAS, 3]), [CANVAS * CANVAS, 3])
    for slot, frame in enumerate((0, 1, 0)):
        placed = place_part(g, frames[frame], slot, stand, size, noise)
        alpha = g.clamp(g.column(placed, 3), 0, 255)
        kept = g.mul(canvas, g.add(g.mul(alpha, -1), np.array([[255]], np.int32)))
        kept = g.div(g.add(kept, 127), 255)
        canvas = g.clamp(g.add(kept, g.slice(placed, 1, 0, 3)), 0, 255)
    image = g.cast(g.reshape(canvas, [CANVAS, CANVAS, 3]), TensorProto.UINT8)
    return g.model(image, "image", TensorProto.UINT8, [CANVAS, CANVAS, 3])
