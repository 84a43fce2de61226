"""Networks of the real architectures, as small as they can be, with fixed random weights."""

import numpy as np

F32 = np.float32


class Weights:
    """Reproducible weights by name."""

    def __init__(self, seed):
        self.rng = np.random.Generator(np.random.PCG64(seed))
        self.made = {}

    def __call__(self, name, *shape, scale=None):
        if name not in self.made:
            # The last axes but the first are summed over, so outputs stay near 1.
            fan = int(np.prod(shape[1:])) if len(shape) == 4 else shape[0]
            spread = scale if scale is not None else 1 / np.sqrt(fan)
            self.made[name] = (self.rng.standard_normal(shape) * spread).astype(F32)
        return self.made[name]


class Layers:
    """Layers over an `ops` object."""

    def __init__(self, ops, weights):
        self.ops, self.weights = ops, weights

    def constant(self, value):
        return self.ops.constant(np.asarray(value, F32))

    def weight(self, name, *shape, scale=None):
        return self.ops.constant(self.weights(name, *shape, scale=scale))

    def linear(self, name, x, inside, outside):
        x = self.ops.matmul(x, self.weight(name + ".w", inside, outside))
        return self.ops.add(x, self.weight(name + ".b", outside, scale=0.1))

    def norm(self, name, x, size):
        scale = self.ops.constant(1 + self.weights(name + ".s", size, scale=0.1))
        return self.ops.layer_norm(x, scale, self.weight(name + ".b", size, scale=0.1))

    def silu(self, x):
        return self.ops.mul(x, self.ops.sigmoid(x))

    def quick_gelu(self, x):
        return self.ops.mul(x, self.ops.sigmoid(self.ops.mul(x, self.constant(1.702))))

    def heads(self, x, heads, size):
        """[1, n, heads · size] to [1, heads, n, size]"""
        return self.ops.transpose(self.ops.reshape(x, [1, -1, heads, size]), [0, 2, 1, 3])

    def attend(self, query, key, value, size, queries=None):
        """Attention of heads; with `queries`, the positions of the queries, it is causal."""
        ops = self.ops
        scores = ops.matmul(query, ops.transpose(key, [0, 1, 3, 2]))
        scores = ops.mul(scores, self.constant(1 / np.sqrt(size)))
        if queries is not None:
            scores = ops.only_up_to(scores, ops.positions(key, 2), queries)
        mixed = ops.matmul(ops.softmax(scores), value)
        return ops.transpose(mixed, [0, 2, 1, 3])

    def conv(self, name, x, inside, outside, size=3, stride=1):
        weight = self.weight(name + ".w", outside, inside, size, size)
        return self.ops.conv(x, weight, self.weight(name + ".b", outside, scale=0.1), stride)

    def group_norm(self, name, x, channels, rows, columns):
        """Normalises four groups of channels."""
        ops = self.ops
        flat = ops.instance_norm(ops.reshape(x, [1, 4, -1]))
        back = ops.reshape(flat, [1, channels, rows, columns])
        scale = 1 + self.weights(name + ".s", channels, 1, 1, scale=0.1)
        back = ops.mul(back, ops.constant(scale))
        return ops.add(back, self.weight(name + ".b", channels, 1, 1, scale=0.1))

    def residual(self, name, x, inside, outside, side, time=None):
        ops = self.ops
        h = self.silu(self.group_norm(name + ".n1", x, inside, side, side))
        h = self.conv(name + ".c1", h, inside, outside)
        if time is not None:
            shift = self.linear(name + ".t", self.silu(time), 8, outside)
            h = ops.add(h, ops.reshape(shift, [1, outside, 1, 1]))
        h = self.silu(self.group_norm(name + ".n2", h, outside, side, side))
        h = self.conv(name + ".c2", h, outside, outside)
        if inside != outside:
            x = self.conv(name + ".s", x, inside, outside, size=1)
        return ops.add(x, h)


def text_encoder(ops, weights, tokens, vocabulary, length, causal=True):
    """A transformer of one layer: CLIP's with its causal mask, BERT's without."""
    l = Layers(ops, weights)
    width, heads, size = 8, 2, 4
    x = ops.gather(l.weight("tokens", vocabulary, width, scale=0.5), tokens)
    table = l.weight("positions", length, width, scale=0.5)
    # Keys lie where queries do.
    places = ops.positions(tokens, 1)
    x = ops.add(x, ops.gather(table, places))
    h = l.norm("n1", x, width)
    q, k, v = (l.heads(l.linear(n, h, width, width), heads, size) for n in "qkv")
    mixed = l.attend(q, k, v, size, places if causal else None)
    x = ops.add(x, l.linear("o", ops.reshape(mixed, [1, -1, width]), width, width))
    h = l.linear("m1", l.norm("n2", x, width), width, 16)
    x = ops.add(x, l.linear("m2", l.quick_gelu(h), 16, width))
    return l.norm("n3", x, width)


def unet(ops, weights, sample, timestep, states, side):
    """A U-Net with time embedding, cross-attention and one level below the first."""
    l = Layers(ops, weights)
    frequencies = np.exp(-np.log(10000) * np.arange(4) / 4).astype(F32).reshape(1, 4)
    angle = ops.mul(ops.reshape(ops.to_float(timestep), [1, 1]), ops.constant(frequencies))
    time = ops.concat([ops.cos(angle), ops.sin(angle)], 1)
    time = l.linear("time2", l.silu(l.linear("time1", time, 8, 8)), 8, 8)
    first = l.conv("in", sample, 4, 8)
    h = l.residual("down", first, 8, 8, side, time)
    skip = cross_attention(l, "cross", h, states, side)
    h = l.conv("half", skip, 8, 8, stride=2)
    h = l.residual("middle", h, 8, 8, side // 2, time)
    h = l.conv("whole", ops.double(h), 8, 8)
    h = l.residual("up", ops.concat([h, skip], 1), 16, 8, side, time)
    h = l.silu(l.group_norm("out.n", h, 8, side, side))
    return l.conv("out", h, 8, 4)


def cross_attention(l, name, x, states, side):
    ops = l.ops
    h = l.group_norm(name + ".n", x, 8, side, side)
    h = ops.transpose(ops.reshape(h, [1, 8, -1]), [0, 2, 1])
    q = l.heads(l.linear(name + ".q", h, 8, 8), 2, 4)
    k = l.heads(l.linear(name + ".k", states, 8, 8), 2, 4)
    v = l.heads(l.linear(name + ".v", states, 8, 8), 2, 4)
    mixed = ops.reshape(l.attend(q, k, v, 4), [1, -1, 8])
    h = l.linear(name + ".o", mixed, 8, 8)
    h = ops.reshape(ops.transpose(h, [0, 2, 1]), [1, 8, side, side])
    return ops.add(x, h)


def vae_decoder(ops, weights, latents, side):
    """Latents to a picture of four times their side."""
    l = Layers(ops, weights)
    h = l.residual("middle", l.conv("in", latents, 4, 8), 8, 8, side)
    h = l.conv("up1", ops.double(h), 8, 8)
    h = l.conv("up2", ops.double(h), 8, 8)
    h = l.silu(l.group_norm("out.n", h, 8, 4 * side, 4 * side))
    return l.conv("out", h, 8, 3)


def decoder_step(ops, weights, tokens, places, past, vocabulary):
    """A language model of two layers in the manner of GPT-2, with its cache: the logits of
    every token given, and keys and values with those of the past before them."""
    l = Layers(ops, weights)
    width, heads, size = 8, 2, 4
    table = l.weight("tokens", vocabulary, width, scale=0.7)
    x = ops.gather(table, tokens)
    x = ops.add(x, ops.gather(l.weight("positions", 64, width, scale=0.4), places))
    present = []
    for layer, (past_key, past_value) in enumerate(past):
        h = l.norm(f"{layer}.n1", x, width)
        q, k, v = (l.heads(l.linear(f"{layer}.{n}", h, width, width), heads, size) for n in "qkv")
        k, v = ops.concat([past_key, k], 2), ops.concat([past_value, v], 2)
        present.append((k, v))
        mixed = ops.reshape(l.attend(q, k, v, size, places), [1, -1, width])
        x = ops.add(x, l.linear(f"{layer}.o", mixed, width, width))
        h = l.linear(f"{layer}.m1", l.norm(f"{layer}.n2", x, width), width, 16)
        x = ops.add(x, l.linear(f"{layer}.m2", l.quick_gelu(h), 16, width))
    x = l.norm("n", x, width)
    return ops.matmul(x, l.weight("head", width, vocabulary, scale=1.5)), present


def classifier(ops, weights, picture):
    """A convolutional network with five classes."""
    l = Layers(ops, weights)
    h = ops.relu(l.conv("c1", picture, 3, 8, stride=2))
    h = ops.relu(l.conv("c2", h, 8, 8, stride=2))
    return ops.mul(l.linear("head", ops.mean(h, [2, 3]), 8, 5), l.constant(4))
