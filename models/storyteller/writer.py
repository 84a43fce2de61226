"""The network: from the line before to the words of the line after, one by one.

The line before becomes features as in the stickers model: hashes of a few bytes choose rows of a
table, one dense layer, and the strongest answer of each feature along the line. A word follows
from those features, its place in the line and the two words before it, through two dense
layers. All is rounded from the start as the integer graph will round it.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np
import optax

from lines import MOST_WORDS  # puts the shared modules within reach
from grams import encode, rows
from quantised import activation, fake8, table8

ROWS = 8191  # of the table; a prime, so that the hash spreads evenly
TABLE_PEAK, WORD_PEAK = 2.0, 2.0
WIDTH, FEATURES, HIDDEN = 24, 224, 128
TRAINED_BYTES = 72  # of a line in training: shorter is faster
BATCH, STEPS, RATE = 192, 4000, 4e-3


def first_params(words):
    keys = jax.random.split(jax.random.PRNGKey(2), 8)
    dense = lambda key, i, o, gain=1.0: {
        "w": jax.random.normal(key, (i, o)) * gain * np.sqrt(2 / i), "b": jnp.zeros(o)
    }
    table = lambda key, n, width: jax.random.normal(key, (n, width)) * 0.25
    return {
        "table": table(keys[0], ROWS, WIDTH),
        "features": dense(keys[1], WIDTH, FEATURES),
        "context": dense(keys[2], FEATURES, HIDDEN, 0.7),
        "last": table(keys[3], words, HIDDEN),
        "second_last": table(keys[4], words, HIDDEN),
        "place": table(keys[5], MOST_WORDS, HIDDEN),
        "hidden": dense(keys[6], HIDDEN, HIDDEN),
        "votes": dense(keys[7], HIDDEN, words, 0.5),
    }


def dense(p, x):
    return x @ fake8(p["w"]) + p["b"]


def context(p, index):
    """What a line says, `[n, HIDDEN]`; `index` as `rows` gives it."""
    table = table8(p["table"][index], TABLE_PEAK) * (index > 0)[..., None]
    x = activation(table.sum(axis=2))
    x = activation(dense(p["features"], x).max(axis=1))
    return dense(p["context"], x)


def votes(p, said, last, second_last, place):
    """Logits of the next word; all of one shape but `said`, which has `HIDDEN` more."""
    x = said + sum(table8(p[name][index], WORD_PEAK) for name, index in
                   (("last", last), ("second_last", second_last), ("place", place)))
    return dense(p["votes"], activation(dense(p["hidden"], activation(x))))


def examples(lines, rng, count):
    """Rows of `count` lines before, the words after, and which of those count."""
    before, after = [], np.zeros((count, MOST_WORDS), np.int32)
    counted = np.zeros((count, MOST_WORDS), np.float32)
    while len(before) < count:
        text, words = lines.sample(rng)
        if len(text) > TRAINED_BYTES - 9:
            continue
        n = len(before)
        before.append(encode(text, TRAINED_BYTES))
        after[n, : len(words)] = [lines.numbers[word] for word in words]
        counted[n, : len(words) + 1] = 1  # with the end of the line
    return rows(np.stack(before), ROWS), after, counted


def train(lines, steps):
    optimiser = optax.adam(optax.cosine_decay_schedule(RATE, steps))
    params = first_params(len(lines.words))
    state = (params, optimiser.init(params))

    def loss(params, index, after, counted):
        said = jnp.repeat(context(params, index)[:, None], MOST_WORDS, axis=1)
        last = jnp.pad(after, ((0, 0), (1, 0)))[:, :-1]
        second_last = jnp.pad(after, ((0, 0), (2, 0)))[:, :-2]
        place = jnp.broadcast_to(jnp.arange(MOST_WORDS), after.shape)
        logits = votes(params, said, last, second_last, place)
        value = optax.softmax_cross_entropy_with_integer_labels(logits, after)
        return (value * counted).sum() / counted.sum()

    @jax.jit
    def update(state, *batch):
        params, optimiser_state = state
        value, grads = jax.value_and_grad(loss)(params, *batch)
        changes, optimiser_state = optimiser.update(grads, optimiser_state, params)
        return (optax.apply_updates(params, changes), optimiser_state), value

    started, seen = time.time(), []
    for step in range(steps):
        state, value = update(state, *examples(lines, np.random.default_rng([12, step]), BATCH))
        seen.append(value)
        if (step + 1) % 200 == 0 or step + 1 == steps:
            mean = np.mean([float(value) for value in seen[-200:]])
            print(f"writer {step + 1}/{steps} loss {mean:.4f} {time.time() - started:.0f}s", flush=True)
    return jax.tree.map(lambda x: np.asarray(x, np.float64), state[0])
