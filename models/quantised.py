"""Rounds weights and activations in training as the integer graph will round them."""

import jax
import jax.numpy as jnp

PEAK = 4.0  # activations are cut off there: 255 steps of PEAK / 255


def straight_through(x, rounded):
    return x + jax.lax.stop_gradient(rounded - x)


def fake8(w):
    """Weights as the graph will round them: one scale for each output channel (the last axis)."""
    scale = jnp.maximum(jnp.abs(w).max(axis=tuple(range(w.ndim - 1)), keepdims=True), 1e-8) / 127
    return straight_through(w, jnp.round(w / scale) * scale)


def activation(x):
    x = jnp.clip(x, 0, PEAK)
    return straight_through(x, jnp.round(x * (255 / PEAK)) * (PEAK / 255))


def table8(table, peak):
    """Rows of a table as the graph will round them: one scale, numbers cut off at `peak`."""
    limited = jnp.clip(table, -peak, peak)
    return straight_through(table, jnp.round(limited * (127 / peak)) * (peak / 127))
