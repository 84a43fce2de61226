"""The picture half: a code for every picture, and the decoder that all of them share.

A code is a grid of 16×16 cells with `CHANNELS` numbers of four bits each. Codes and decoder
are trained together, rounded from the start as the integer graph will round them.
"""

import pathlib
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax

sys.path.append(str(pathlib.Path(__file__).parent.parent))

from data import SIDE
from quantised import PEAK, activation, fake8, straight_through

GRID, CHANNELS, LEVELS = 16, 20, 16
CELL = SIDE // GRID
WIDE, NARROW = 64, 40
BATCH, STEPS = 24, 2600
CODE_RATE, RATE = 6e-3, 3e-3
LAYERS = [("c1", CHANNELS, WIDE), ("c2", WIDE, WIDE), ("c3", WIDE, 4 * NARROW),
          ("c4", NARROW, NARROW), ("c5", NARROW, 9 * 4)]


def clip_leaky(y):
    inside = jnp.clip(y, 0, 1)
    return straight_through(0.9 * inside + 0.1 * y, inside)


def quantise(code):
    """Codes in [0, 1], of which only LEVELS values reach the decoder."""
    code = clip_leaky(code)
    return straight_through(code, jnp.round(code * (LEVELS - 1)) / (LEVELS - 1))


def conv(x, p):
    return jax.lax.conv_general_dilated(
        x, fake8(p["w"]), (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    ) + p["b"]


def shuffle(x, times):
    """`[n, h, w, times·times·c]` to `[n, times·h, times·w, c]`."""
    n, h, w, c = x.shape
    x = x.reshape(n, h, w, times, times, c // times**2).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(n, h * times, w * times, c // times**2)


def decode(p, code):
    """Codes in [0, 1] to premultiplied red, green, blue and alpha, not yet cut to [0, 1]."""
    x = activation(conv(quantise(code), p["c1"]))
    x = activation(conv(x, p["c2"]))
    x = shuffle(activation(conv(x, p["c3"])), 2)
    x = activation(conv(x, p["c4"]))
    return shuffle(conv(x, p["c5"]), 3)


def first_codes(pictures):
    """Each cell's pixels along their first principal axes: a start that is nearly right."""
    cells = pictures.reshape(-1, GRID, CELL, GRID, CELL, 4).transpose(0, 1, 3, 2, 4, 5)
    cells = cells.reshape(-1, CELL * CELL * 4).astype(np.float32) / 255
    centred = cells - cells.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    z = centred @ axes[:, ::-1][:, :CHANNELS]
    z = 0.5 + z / (5 * z.std(axis=0))
    return np.clip(z, 0, 1).reshape(-1, GRID, GRID, CHANNELS).astype(np.float32)


def first_params():
    keys = jax.random.split(jax.random.PRNGKey(2), len(LAYERS))
    return {
        name: {"w": jax.random.normal(key, (3, 3, i, o)) * np.sqrt(2 / (9 * i)), "b": jnp.zeros(o)}
        for key, (name, i, o) in zip(keys, LAYERS)
    }


def train(pictures, checkpoint, steps):
    """Codes `[n, GRID, GRID, CHANNELS]` in [0, 1] and the decoder's weights.

    Goes on from `checkpoint` where that exists.
    """
    count = len(pictures)
    schedule = optax.cosine_decay_schedule(1.0, steps)
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(lambda s: RATE * schedule(s)))
    params = first_params()
    state = {
        "params": params, "optimiser": optimiser.init(params), "step": np.int32(0),
        "codes": jnp.asarray(first_codes(pictures)),
    }
    state["mean"] = jnp.zeros_like(state["codes"])
    state["square"] = jnp.zeros_like(state["codes"])
    leaves, shape = jax.tree.flatten(state)
    if checkpoint.exists():
        with np.load(checkpoint) as stored:
            leaves = [jnp.asarray(stored[str(i)]) for i in range(len(leaves))]
        state = jax.tree.unflatten(shape, leaves)

    def loss(params, codes, target):
        error = clip_leaky(decode(params, codes)) - target
        return (jnp.sqrt(error**2 + 1e-4) + 2 * error**2).mean(axis=(1, 2, 3)).sum()

    @jax.jit
    def update(state, pick, target):
        codes = state["codes"][pick]
        target = target.astype(jnp.float32) / 255
        value, (grads, code_grads) = jax.value_and_grad(loss, argnums=(0, 1))(state["params"], codes, target)
        changes, optimiser_state = optimiser.update(grads, state["optimiser"], state["params"])
        # Adam by row: a code that is not in the batch is left alone.
        mean = 0.8 * state["mean"][pick] + 0.2 * code_grads
        square = 0.98 * state["square"][pick] + 0.02 * code_grads**2
        rate = CODE_RATE * schedule(state["step"])
        moved = codes - rate * mean / (jnp.sqrt(square) + 1e-9)
        return {
            "params": optax.apply_updates(state["params"], changes), "optimiser": optimiser_state,
            "codes": state["codes"].at[pick].set(jnp.clip(moved, -0.05, 1.05)),
            "mean": state["mean"].at[pick].set(mean), "square": state["square"].at[pick].set(square),
            "step": state["step"] + 1,
        }, value / len(pick)

    started, seen = time.time(), []
    while int(state["step"]) < steps:
        step = int(state["step"])
        epoch, place = divmod(step, count // BATCH)
        pick = np.random.default_rng(5 + epoch).permutation(count)[place * BATCH :][:BATCH]
        state, value = update(state, pick, pictures[pick])
        seen.append(float(value))
        if (step + 1) % 100 == 0 or step + 1 == steps:
            print(f"pictures {step + 1}/{steps} loss {np.mean(seen[-100:]):.4f} {time.time() - started:.0f}s", flush=True)
        if (step + 1) % max(1, steps // 12) == 0 or step + 1 == steps:
            leaves = jax.tree.leaves(state)
            np.savez(checkpoint.with_suffix(".new.npz"), **{str(i): np.asarray(leaf) for i, leaf in enumerate(leaves)})
            checkpoint.with_suffix(".new.npz").replace(checkpoint)
    host = lambda tree: jax.tree.map(lambda x: np.asarray(x, np.float64), tree)
    return host(state["codes"]), host(state["params"])


def reconstruct(params, codes):
    """Pictures uint8 as the rounded float network draws them."""
    run = jax.jit(lambda c: jnp.clip(decode(params, c), 0, 1))
    params = jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), params)
    parts = [np.asarray(run(jnp.asarray(codes[i : i + 32], jnp.float32))) for i in range(0, len(codes), 32)]
    return np.round(np.concatenate(parts) * 255).astype(np.uint8)
