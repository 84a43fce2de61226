"""Measures the trained halves on words and phrases that they were, and were not, trained on."""

import pathlib
import sys

import jax
import numpy as np
import onnxruntime
from onnx.reference import ReferenceEvaluator

sys.path.append(str(pathlib.Path(__file__).parent.parent))

import grams
import language
from prompts import Prompts


def answers(encoder, texts):
    """Votes and heads for each text, in parts of one shape."""
    size = 256
    forward = jax.jit(language.forward)
    parts = []
    for start in range(0, len(texts), size):
        part = [grams.encode(text, 160) for text in texts[start : start + size]]
        rows = grams.rows(np.stack(part + [part[0]] * (size - len(part))), language.ROWS)
        parts.append({key: np.asarray(value)[: len(part)] for key, value in forward(encoder, rows).items()})
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def on_white(stickers):
    return stickers[..., :3].astype(np.float32) + 255 - stickers[..., 3:]


def words(words, encoder, stickers, drawn):
    """How often a word by itself draws a picture that it means, and how far off the pixels are."""
    kinds = {
        "names": {name: [i] for i, name in enumerate(words.names)},
        "keywords": {word: np.flatnonzero(words.targets[word]) for word in words.keywords},
        "held out": words.hidden,
    }
    wanted, drawn = on_white(stickers), on_white(drawn)
    print("words        count   first of 1   of 5   error of 255, mean over pixels")
    for kind, meant in kinds.items():
        order = np.argsort(-answers(encoder, list(meant))["votes"], axis=1)
        first = np.mean([best[0] in means for best, means in zip(order, meant.values())])
        five = np.mean([len(set(best[:5]) & set(means)) > 0 for best, means in zip(order, meant.values())])
        error = np.mean([
            min(np.abs(drawn[best[0]] - wanted[i]).mean() for i in means) for best, means in zip(order, meant.values())
        ])
        print(f"{kind:10} {len(meant):7} {first:12.1%} {five:6.1%} {error:9.1f}")


def phrases(words, encoder):
    """How often each part of a whole prompt is understood, in phrasings held out and not."""
    prompts = Prompts(words)
    print("phrasings     picture  arrangement  colour  size  place")
    for held_out in (False, True):
        rng = np.random.default_rng(17)
        # Prompts of one name alone: of keywords the table above tells.
        samples = [prompts.sample(rng, held_out, prompts.mention(rng, 0)) for _ in range(2000)]
        found = answers(encoder, [sample[0] for sample in samples])
        right = [np.mean(found["votes"].argmax(axis=1) == [sample[1].argmax() for sample in samples])]
        mixed = [prompts.sample(rng, held_out) for _ in range(2000)]
        found = answers(encoder, [sample[0] for sample in mixed])
        for column, (name, _) in enumerate(language.HEADS):
            right.append(np.mean(found[name].argmax(axis=1) == [sample[2 + column] for sample in mixed]))
        print(f"{'held out' if held_out else 'trained':10}", *(f"{share:10.1%}" for share in right))


def runtimes(model):
    """Refuses a graph that ONNX Runtime runs otherwise than ONNX's own reference."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    reference = ReferenceEvaluator(model)
    rng = np.random.default_rng(3)
    shapes = {port.name: port.shape for port in session.get_inputs()}
    for text in ("a red car in the city", "an owl and a rocket", "", "größer als zwölf"):
        feed = {"prompt": grams.encode(text)[None]}
        for name in ("choice", "scene"):
            feed[name] = (rng.integers(0, 256, (*shapes[name], 4)).sum(axis=2) >> 2).astype(np.uint8)
        assert (session.run(None, feed)[0] == reference.run(None, feed)[0]).all(), text
