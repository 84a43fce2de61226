"""The language half: from a prompt's bytes to what is to be drawn.

The bytes are folded to lower-case letters, digits and spaces. At every place of the prompt
the hashes of the next 3, 5 and 7 of them choose one row each of a table; their sum goes
through one dense layer, and the strongest answer of each feature along the prompt through
two more. What comes out are votes for each picture, and for arrangement, colour, size and
place. All is rounded from the start as the integer graph will round it.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np
import optax

from pictures import activation, fake8, straight_through
from prompts import ARRANGEMENTS, COLOURS, PLACE_NAMES

PROMPT_BYTES = 256  # longer prompts are cut
TRAINED_BYTES = 72  # of a training prompt: shorter is faster
WORD_BYTES = 28  # of a word by itself
GRAMS = (3, 5, 7)
ROWS = 32749  # of the table; a prime, so that the hash spreads evenly
WIDTH, FEATURES, HIDDEN = 32, 256, 192
TABLE_PEAK = 2.0
HEADS = [("arrangement", ARRANGEMENTS), ("colour", len(COLOURS)), ("size", 3), ("place", len(PLACE_NAMES))]
BATCH, WORD_BATCH, STEPS, RATE = 128, 288, 4400, 4e-3
LONGEST = max(GRAMS)

# 0 for a space and all that is no letter or digit; other scripts keep their bytes apart.
FOLD = np.zeros(256, np.int32)
for code in range(256):
    letter = chr(code).lower()
    if code < 128 and letter.isalnum():
        FOLD[code] = ord(letter) - 96 if letter.isalpha() else ord(letter) - 48 + 27
    elif code >= 128:
        FOLD[code] = code - 128 + 37
# One odd number for each place of a gram. The largest fold times their sum stays inside int32.
FACTORS = {n: np.random.default_rng(n).integers(1, 2**19, n) * 2 + 1 for n in GRAMS}


def encode(text, length=PROMPT_BYTES):
    """The prompt's bytes between two spaces, zeros after them, as the sdk's `spaced_bytes`."""
    spaced = (b" " + text.encode())[: length - 1] + b" "
    return np.frombuffer(spaced.ljust(length, b"\0"), np.uint8)


def rows(prompt):
    """Rows of the table for each place, int32 `[n, places, grams]`; row 0 means spaces alone."""
    folded = FOLD[prompt].astype(np.int64)
    places = prompt.shape[1] - LONGEST + 1
    columns = []
    for n in GRAMS:
        total = sum(folded[:, i : i + places] * int(FACTORS[n][i]) for i in range(n))
        assert total.max() < 2**31
        columns.append(total % ROWS)
    return np.stack(columns, axis=2).astype(np.int32)


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
    table = p["table"][index]
    limited = jnp.clip(table, -TABLE_PEAK, TABLE_PEAK)
    table = straight_through(table, jnp.round(limited * (127 / TABLE_PEAK)) * (TABLE_PEAK / 127))
    table = table * (index > 0)[..., None]
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
    return rows(np.stack(texts)), certain(targets), np.array(labels)


def single_words(prompts, rng, count):
    """Rows and targets of `count` words: most of what there is to remember, in short rows."""
    texts, targets = [], []
    while len(texts) < count:
        text, target = prompts.word(rng)
        if len(text) <= WORD_BYTES - 9:
            texts.append(encode(text, WORD_BYTES)), targets.append(target)
    return rows(np.stack(texts)), certain(targets)


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
