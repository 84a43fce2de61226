"""The language half: from a prompt's bytes to what is to be drawn.

At every place of the prompt the hashes of the next few bytes choose rows of a table; their sum
goes through one dense layer, and the strongest answer of each feature along the prompt through
two more. What comes out are votes for each picture, and for arrangement, colour, size and
place. All is rounded from the start as the integer graph will round it.
"""

import pathlib
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax

sys.path.append(str(pathlib.Path(__file__).parent.parent))

from grams import encode, rows
from prompts import ARRANGEMENTS, COLOURS, PLACE_NAMES
from quantised import activation, fake8, table8

TRAINED_BYTES = 72  # of a training prompt: shorter is faster
WORD_BYTES = 28  # of a word by itself
ROWS = 32749  # of the table; a prime, so that the hash spreads evenly
WIDTH, FEATURES, HIDDEN = 32, 256, 192
TABLE_PEAK = 2.0
HEADS = [("arrangement", ARRANGEMENTS), ("colour", len(COLOURS)), ("size", 3), ("place", len(PLACE_NAMES))]
BATCH, WORD_BATCH, STEPS, RATE = 128, 288, 4400, 4e-3


def first_params(pictures):
    keys = jax.random.split(jax.random.PRNGKey(1), 8)
    dense = lambda key, i, o, gain=1.0: {
        "w": jax.random.normal(key, (i, o)) * gain * np.sqrt(2 / i), "b": jnp.zeros(o)
    }
    return {
        "table": jax.random.normal(keys[0], (ROWS, WIDTH)) * 0.25,
        "features": dense(keys[1], WIDTH, FEATURES),
        "hidden": dense(keys[2], FEATURES, HIDDEN),
        "votes": dense(keys[3], HIDDEN, pictures, 0.5),
        **{name: dense(key, HIDDEN, size, 0.5) for key, (name, size) in zip(keys[4:], HEADS)},
    }


def forward(p, index):
    table = table8(p["table"][index], TABLE_PEAK) * (index > 0)[..., None]
    x = activation(table.sum(axis=2))
    x = (x @ fake8(p["features"]["w"]) + p["features"]["b"]).max(axis=1)
    x = activation(x)
    x = activation(x @ fake8(p["hidden"]["w"]) + p["hidden"]["b"])
    return {name: x @ fake8(p[name]["w"]) + p[name]["b"] for name in ["votes", *dict(HEADS)]}


def examples(prompts, rng, count):
    """Rows, targets over pictures, and the four labels of `count` prompts."""
    texts, targets, labels = [], [], []
    while len(texts) < count:
        text, target, *label = prompts.sample(rng)
        if len(text.encode()) > TRAINED_BYTES - 9:
            continue
        texts.append(encode(text, TRAINED_BYTES)), targets.append(target), labels.append(label)
    return rows(np.stack(texts), ROWS), certain(targets), np.array(labels)


def single_words(prompts, rng, count):
    """Rows and targets of `count` words: most of what there is to remember, in short rows."""
    texts, targets = [], []
    while len(texts) < count:
        text, target = prompts.word(rng)
        if len(text) <= WORD_BYTES - 9:
            texts.append(encode(text, WORD_BYTES)), targets.append(target)
    return rows(np.stack(texts), ROWS), certain(targets)


def certain(targets):
    """Never quite certain, so that votes stay in a range that eight bits can hold."""
    targets = np.stack(targets).astype(np.float32)
    return targets * 0.98 + 0.02 / targets.shape[1]


def train(prompts, checkpoint, steps):
    """The weights; goes on from `checkpoint` where that exists."""
    optimiser = optax.adam(optax.cosine_decay_schedule(RATE, steps))
    params = first_params(prompts.words.count)
    state = {"params": params, "optimiser": optimiser.init(params), "step": np.int32(0)}
    leaves, shape = jax.tree.flatten(state)
    if checkpoint.exists():
        with np.load(checkpoint) as stored:
            leaves = [jnp.asarray(stored[str(i)]) for i in range(len(leaves))]
        state = jax.tree.unflatten(shape, leaves)

    def surprise(votes, target):
        return -(target * jax.nn.log_softmax(votes)).sum(axis=1).mean()

    def loss(params, index, target, labels, words, word_targets):
        out = forward(params, index)
        value = surprise(out["votes"], target) + surprise(forward(params, words)["votes"], word_targets)
        for column, (name, _) in enumerate(HEADS):
            head = optax.softmax_cross_entropy_with_integer_labels(out[name], labels[:, column])
            value += 0.5 * head.mean()
        return value

    @jax.jit
    def update(state, *batch):
        value, grads = jax.value_and_grad(loss)(state["params"], *batch)
        changes, optimiser_state = optimiser.update(grads, state["optimiser"], state["params"])
        return {
            "params": optax.apply_updates(state["params"], changes), "optimiser": optimiser_state,
            "step": state["step"] + 1,
        }, value

    started, seen = time.time(), []
    while (step := int(state["step"])) < steps:
        rng = np.random.default_rng([11, step])
        state, value = update(state, *examples(prompts, rng, BATCH), *single_words(prompts, rng, WORD_BATCH))
        seen.append(float(value))
        if (step + 1) % 100 == 0 or step + 1 == steps:
            print(f"language {step + 1}/{steps} loss {np.mean(seen[-100:]):.4f} {time.time() - started:.0f}s", flush=True)
        if (step + 1) % max(1, steps // 12) == 0 or step + 1 == steps:
            np.savez(checkpoint.with_suffix(".new.npz"), **{str(i): np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(state))})
            checkpoint.with_suffix(".new.npz").replace(checkpoint)
    return jax.tree.map(lambda x: np.asarray(x, np.float64), state["params"])
