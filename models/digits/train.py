"""Trains the digits model and writes everything the bundle and its tests need.

    python -m venv env && env/bin/pip install -r requirements.txt && env/bin/python train.py

Seeds are fixed and one thread is used; it takes about five minutes. The files written here are what the network runs;
another processor may round the training differently and so yield another, equally good
model with other CIDs. `OUT=folder` writes them elsewhere.

Written: generator.onnx (the model), classifier.onnx (the judge of the tests; it never sees
a picture the generator was trained on, nor shares a layer with it), sheet.png (pictures to
look at, one row for each digit, as the model drew them).
"""

import os

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pathlib
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime
import optax
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from scipy import ndimage
from sklearn.datasets import load_digits

sys.path.append(str(pathlib.Path(__file__).parent.parent))

import prompts
from integer_graph import INT32_MAX, IntegerGraph, quantise_weight

HERE = pathlib.Path(__file__).parent
PROMPT_BYTES = 256  # longer prompts are cut
WINDOW = 9  # bytes the text encoder sees at once
EMBED, FEATURES, TEXT_HIDDEN = 12, 80, 40
LATENT = 16
# A latent byte is (b0 + b1 + b2 + b3) >> 2 over four random bytes: nearly normal.
LATENT_MEAN, LATENT_DEVIATION = 127.125, 36.95
TEMPERATURE = 0.85  # of the latent: rarer shapes are drawn less often than in the data
HIDDEN, CHANNELS, GRID = 256, 8, 16
SIDE = 64
STEPS = 5000  # of the decoder's training
FIDELITY = 0.05  # weight of the picture's error against the latent's information
CONTRAST = 1.8  # of the last layer: the mean over shapes that the network learns is soft
CHOICE_NATS = 3.0  # how far the seed can move a class that the prompt leaves open


# ---------------------------------------------------------------- pictures


def picture(digit8, rng, strength):
    """A digit of 8×8 counts as ink in [0, 1] at 64×64, turned and shifted a little."""
    angle, shear = rng.normal(0, 0.10 * strength), rng.normal(0, 0.12 * strength)
    stretch = np.exp(rng.normal(0, 0.05 * strength, 2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[1, 0], [shear, 1]]) @ np.diag(stretch) / 8 * 1.08
    shift = rng.normal(0, 0.15 * strength, 2)
    centre = np.array([31.5, 31.5])
    offset = np.array([3.5, 3.5]) + shift - matrix @ centre
    ink = ndimage.affine_transform(
        digit8 / 16.0, matrix, offset, output_shape=(SIDE, SIDE), order=3, mode="constant"
    )
    # The scans are 4×4 blocks counted; a steep ramp gives the stroke its edge back.
    return np.clip((ink - 0.5) * 2.6 + 0.5, 0, 1)


def split():
    """Generator's and classifier's halves of the data: no scan is in both."""
    digits = load_digits()
    order = np.random.default_rng(2024).permutation(len(digits.target))
    images, labels = digits.images[order], digits.target[order]
    return (images[:1100], labels[:1100]), (images[1100:], labels[1100:])


# ---------------------------------------------------------------- training


def dense(key, rows, columns, gain=1.0):
    w = jax.random.normal(key, (rows, columns)) * gain * np.sqrt(2.0 / rows)
    return {"w": w, "b": jnp.zeros(columns)}


def fake8(x):
    """Rounds weights as the integer graph will, and lets gradients through."""
    axes = tuple(range(x.ndim - 1))
    scale = jnp.maximum(jnp.abs(x).max(axis=axes, keepdims=True), 1e-8) / 127
    return x + jax.lax.stop_gradient(jnp.round(x / scale) * scale - x)


def train(name, params, loss, batches, steps, rate):
    optimiser = optax.adamw(optax.cosine_decay_schedule(rate, steps), weight_decay=1e-4)
    state = optimiser.init(params)

    @jax.jit
    def update(params, state, batch, key):
        value, grads = jax.value_and_grad(loss)(params, batch, key)
        changes, state = optimiser.update(grads, state, params)
        return optax.apply_updates(params, changes), state, value

    key, started, mean = jax.random.PRNGKey(7), time.time(), 0.0
    for step in range(steps):
        key, sub = jax.random.split(key)
        params, state, value = update(params, state, next(batches), sub)
        mean = 0.98 * mean + 0.02 * float(value) if step else float(value)
        if (step + 1) % 500 == 0:
            print(f"{name} {step + 1}/{steps} loss {mean:.4f} {time.time() - started:.0f}s", flush=True)
    return jax.tree.map(lambda x: np.asarray(x, np.float64), params)


# ---------------------------------------------------------------- text encoder


def encode_text(text, length=PROMPT_BYTES):
    """Prompt bytes with a space on either side, zeros after them."""
    data = (b" " + text.encode())[: length - 1] + b" "
    return np.frombuffer(data.ljust(length, b"\0"), np.uint8)


def text_logits(p, prompt):
    embedded = jax.nn.relu(fake8(p["embed"].T).T)[prompt]
    count = prompt.shape[1] - WINDOW + 1
    windows = jnp.concatenate([embedded[:, i : i + count] for i in range(WINDOW)], axis=2)
    features = jax.nn.relu(windows @ fake8(p["window"]["w"]) + p["window"]["b"]).max(axis=1)
    hidden = jax.nn.relu(features @ fake8(p["hidden"]["w"]) + p["hidden"]["b"])
    return hidden @ fake8(p["logits"]["w"]) + p["logits"]["b"]


def text_examples(count, held_out, seed, length):
    rng = np.random.default_rng(seed)
    data = np.zeros((count, length), np.int32)
    target = np.full((count, 10), 0.1, np.float32)
    named = np.full(count, -1)
    for i in range(count):
        text, digit = prompts.sample(rng, held_out)
        while len(text.encode()) > length - 2:
            text, digit = prompts.sample(rng, held_out)
        data[i] = encode_text(text, length)
        if digit is not None:
            named[i] = digit
            # Not quite certain, so that logits stay within a known range.
            target[i] = np.eye(10)[digit] * 0.9995 + 0.00005
    return data, target, named


def train_text():
    keys = jax.random.split(jax.random.PRNGKey(1), 4)
    params = {
        "embed": jax.random.normal(keys[0], (256, EMBED)) * 0.5,
        "window": dense(keys[1], EMBED * WINDOW, FEATURES),
        "hidden": dense(keys[2], FEATURES, TEXT_HIDDEN),
        "logits": dense(keys[3], TEXT_HIDDEN, 10),
    }
    short = text_examples(60000, False, 11, 64)
    rng = np.random.default_rng(3)

    def batches():
        while True:
            pick = rng.integers(0, len(short[0]), 128)
            yield short[0][pick], short[1][pick]

    def loss(p, batch, key):
        prompt, target = batch
        return -(target * jax.nn.log_softmax(text_logits(p, prompt))).sum(1).mean()

    return train("text", params, loss, batches(), 6000, 4e-3)


# ---------------------------------------------------------------- picture decoder


def hard_ink(y):
    """Clips to [0, 1] with a weak gradient outside, as the integer graph clips."""
    return y + jax.lax.stop_gradient(jnp.clip(y, 0, 1) - y) * 0.9 + 0.1 * (jnp.clip(y, 0, 1) - y)


def conv(x, p):
    w = jnp.transpose(fake8(jnp.transpose(p["w"], (1, 2, 3, 0))), (3, 0, 1, 2))
    x = jax.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NCHW", "OIHW", "NCHW"))
    return x + p["b"][None, :, None, None]


def decode(p, z, label):
    h = jax.nn.relu(z @ fake8(p["in"]["w"]) + p["class"][label])
    h = jax.nn.relu(h @ fake8(p["grid"]["w"]) + p["grid"]["b"])
    h = h.reshape(-1, CHANNELS, GRID, GRID)
    h = jnp.repeat(jnp.repeat(h, 2, axis=2), 2, axis=3)
    h = jax.nn.relu(conv(h, p["smooth"]))
    h = conv(h, p["out"])
    h = h.reshape(-1, 2, 2, 2 * GRID, 2 * GRID).transpose(0, 3, 1, 4, 2)
    return h.reshape(-1, SIDE, SIDE)


def train_decoder(images, labels):
    rng = np.random.default_rng(5)
    print("rendering", flush=True)
    copies = 14
    data = np.stack([
        np.round(picture(image, rng, 1.0) * 255).astype(np.uint8) for _ in range(copies) for image in images
    ])
    labels = np.tile(labels, copies)
    keys = jax.random.split(jax.random.PRNGKey(2), 9)
    small = SIDE // 4
    params = {
        "enc1": dense(keys[0], small * small + 10, 256),
        "enc2": dense(keys[1], 256, 2 * LATENT, 0.3),
        "in": dense(keys[2], LATENT, HIDDEN),
        "class": jax.random.normal(keys[3], (10, HIDDEN)) * 0.7,
        "grid": dense(keys[4], HIDDEN, CHANNELS * GRID * GRID),
        "smooth": {
            "w": jax.random.normal(keys[5], (CHANNELS, CHANNELS, 3, 3)) * np.sqrt(2 / (9 * CHANNELS)),
            "b": jnp.zeros(CHANNELS),
        },
        "out": {
            "w": jax.random.normal(keys[6], (4, CHANNELS, 3, 3)) * np.sqrt(1 / (9 * CHANNELS)),
            "b": jnp.full(4, 0.2),
        },
    }
    def batches():
        for step in range(10**9):
            pick = rng.integers(0, len(data), 96)
            yield data[pick].astype(np.float32) / 255, labels[pick], min(1.0, step / (0.3 * STEPS))

    def loss(p, batch, key):
        image, label, warmth = batch
        tiny = image.reshape(-1, small, 4, small, 4).mean(axis=(2, 4)).reshape(-1, small * small)
        e = jnp.concatenate([tiny, jax.nn.one_hot(label, 10)], axis=1)
        e = jax.nn.relu(e @ p["enc1"]["w"] + p["enc1"]["b"])
        mean, logvar = jnp.split(e @ p["enc2"]["w"] + p["enc2"]["b"], 2, axis=1)
        z = mean + jnp.exp(0.5 * logvar) * jax.random.normal(key, mean.shape)
        error = ((hard_ink(decode(p, z, label)) - image) ** 2).sum(axis=(1, 2))
        kl = 0.5 * (jnp.exp(logvar) + mean**2 - 1 - logvar).sum(axis=1)
        return (error * FIDELITY + warmth * kl).mean()

    return train("decoder", params, loss, batches(), STEPS, 2e-3)


# ---------------------------------------------------------------- integer graph


def peak(x):
    return float(np.percentile(x, 99.99))


def to_graph(text, decoder, prompt_sample, seed):
    """The trained networks as one graph; activation ranges come from sample runs."""
    g = IntegerGraph("digits")
    prompt = g.cast(g.input("prompt", TensorProto.UINT8, [1, PROMPT_BYTES]), TensorProto.INT32)
    latent = g.input("latent", TensorProto.UINT8, [1, LATENT])
    choice = g.input("choice", TensorProto.UINT8, [1, 10])
    relu = lambda x: np.maximum(x, 0)

    def layer(x, w, b, scale_in, real):
        q, s = quantise_weight(w, 1)
        bias = np.round(b / (scale_in * s)).astype(np.int32)
        acc = g.binary("Add", g.matmul(x, q), bias[None, :], "bias")
        scale_out = peak(real) / 255
        return acc, scale_in * s / scale_out, scale_out

    # Text: embedding, one window of bytes, the strongest answer of each feature.
    table_scale = relu(text["embed"]).max() / 255
    table = np.round(relu(text["embed"]) / table_scale).astype(np.uint8)
    real = (table * table_scale)[prompt_sample]
    count = PROMPT_BYTES - WINDOW + 1
    x = g.node("Gather", [g.constant(table, "embedding"), prompt], axis=0)
    # Joined as int32: rten does not join bytes.
    x = g.cast(x, TensorProto.INT32)
    x = g.node("Concat", [g.slice(x, 1, i, i + count) for i in range(WINDOW)], axis=2)
    x = g.cast(g.reshape(x, [count, EMBED * WINDOW]), TensorProto.UINT8)
    real = np.concatenate([real[:, i : i + count] for i in range(WINDOW)], axis=2)
    real = relu(real @ text["window"]["w"] + text["window"]["b"]).max(axis=1)
    acc, ratio, scale = layer(x, text["window"]["w"], text["window"]["b"], table_scale, real)
    acc = g.node("ReduceMax", [acc], axes=[0], keepdims=1)
    x = g.requantise(acc, ratio, [1, -1])
    real = relu(real @ text["hidden"]["w"] + text["hidden"]["b"])
    acc, ratio, scale = layer(x, text["hidden"]["w"], text["hidden"]["b"], scale, real)
    x = g.requantise(acc, ratio, [1, -1])
    # Logits, in units of CHOICE_NATS / 255 nats so that the seed's bytes can be added.
    q, s = quantise_weight(text["logits"]["w"], 1)
    unit = CHOICE_NATS / 255
    shift = 12
    factor = np.round(scale * s / unit * 2**shift).astype(np.int64)
    bias = np.round(text["logits"]["b"] / (scale * s)).astype(np.int32)
    bound = INT32_MAX // factor.max()
    acc = g.binary("Add", g.matmul(x, q), bias[None, :], "bias")
    acc = g.binary("Max", acc, -bound, "floor")
    acc = g.binary("Min", acc, bound, "limit")
    acc = g.binary("Mul", acc, factor[None, :], "multiplier")
    logits = g.binary("Div", acc, 2**shift, "divisor")
    votes = g.node("Add", [logits, g.cast(choice, TensorProto.INT32)])
    label = g.node("ArgMax", [votes], axis=1, keepdims=0)

    # Picture: the class chooses a row of biases, the latent varies it.
    rng = np.random.default_rng(seed)
    bytes_ = rng.integers(0, 256, (2000, LATENT, 4)).sum(axis=2) >> 2
    z = (bytes_ - LATENT_MEAN) * TEMPERATURE / LATENT_DEVIATION
    labels = rng.integers(0, 10, 2000)
    real = relu(z @ decoder["in"]["w"] + decoder["class"][labels])
    q, s = quantise_weight(decoder["in"]["w"], 1)
    scale_in = TEMPERATURE / LATENT_DEVIATION
    rows = np.round(
        decoder["class"] / (scale_in * s) - LATENT_MEAN * (q.astype(np.float64) - 128).sum(axis=0)
    ).astype(np.int32)
    bias = g.node("Gather", [g.constant(rows, "class_bias"), label], axis=0)
    acc = g.node("Add", [g.matmul(latent, q), bias])
    scale = peak(real) / 255
    x = g.requantise(acc, scale_in * s / scale, [1, -1])
    real = relu(real @ decoder["grid"]["w"] + decoder["grid"]["b"])
    acc, ratio, scale = layer(x, decoder["grid"]["w"], decoder["grid"]["b"], scale, real)
    x = g.requantise(acc, ratio, [1, -1])
    side = 2 * GRID
    x = g.reshape(x, [1, CHANNELS, GRID, GRID])
    x = g.upsample_twice(x, CHANNELS, GRID)
    real = real[:400].reshape(-1, CHANNELS, GRID, GRID).repeat(2, axis=2).repeat(2, axis=3)
    for name in ("smooth", "out"):
        w, b = decoder[name]["w"], decoder[name]["b"]
        if name == "out":
            w, b = w * CONTRAST, (b - 0.5) * CONTRAST + 0.5
        q, s = quantise_weight(w, 0)
        bias = np.round(b / (scale * s)).astype(np.int32)
        x = g.pad(x, [0, 0, 1, 1, 0, 0, 1, 1])
        acc = g.binary("Add", g.conv(x, q), bias.reshape(1, -1, 1, 1), "bias")
        if name == "smooth":
            real = np.asarray(jax.nn.relu(conv(jnp.asarray(real), decoder[name])))
            scale_out = peak(real) / 255
        else:
            scale_out = 1 / 255
        x = g.requantise(acc, scale * s / scale_out, [1, -1, 1, 1])
        scale = scale_out
    x = g.reshape(x, [1, 2, 2, side, side])
    x = g.node("Transpose", [x], perm=[0, 3, 1, 4, 2])
    x = g.reshape(x, [SIDE, SIDE])
    # Ink becomes grey levels of dark ink on white paper.
    x = g.binary("Mul", g.cast(x, TensorProto.INT32), -1, "negative")
    x = g.cast(g.binary("Add", x, 255, "paper"), TensorProto.UINT8)
    return g.model(x, "image", TensorProto.UINT8, [SIDE, SIDE])


# ---------------------------------------------------------------- classifier


def train_classifier(images, labels):
    """A plain network over 16×16 means of the pictures of the other half of the data."""
    rng = np.random.default_rng(9)
    train_count = 560
    grid = 16

    def render(part, strength):
        pictures = np.stack([picture(image, rng, strength) for image in part])
        return pictures.reshape(-1, grid, 4, grid, 4).mean(axis=(2, 4)).reshape(-1, grid * grid)

    data = np.concatenate([render(images[:train_count], 1.3) for _ in range(30)]).astype(np.float32)
    target = np.tile(labels[:train_count], 30)
    test = render(images[train_count:], 0.0).astype(np.float32)
    keys = jax.random.split(jax.random.PRNGKey(4), 2)
    params = {"first": dense(keys[0], grid * grid, 96), "second": dense(keys[1], 96, 10)}

    def forward(p, x):
        return jax.nn.relu(x @ p["first"]["w"] + p["first"]["b"]) @ p["second"]["w"] + p["second"]["b"]

    def batches():
        while True:
            pick = rng.integers(0, len(data), 128)
            yield data[pick] + rng.normal(0, 0.1, (128, grid * grid)).astype(np.float32), target[pick]

    def loss(p, batch, key):
        x, y = batch
        keep = jax.random.bernoulli(key, 0.9, x.shape)
        return optax.softmax_cross_entropy_with_integer_labels(forward(p, x * keep), y).mean()

    p = train("classifier", params, loss, batches(), 3000, 2e-3)
    right = (np.argmax(forward(p, test), 1) == labels[train_count:]).mean()
    print(f"classifier: {right:.1%} of {len(test)} scans that neither network has seen")
    f32 = lambda x: np.asarray(x, np.float32)
    constants = {
        "blocks": np.array([grid, 4, grid, 4], np.int64), "row": np.array([1, grid * grid], np.int64),
        "white": f32(1.0), "levels": f32(255.0),
        "w1": f32(p["first"]["w"]), "b1": f32(p["first"]["b"]),
        "w2": f32(p["second"]["w"]), "b2": f32(p["second"]["b"]),
    }
    nodes = [
        helper.make_node("Cast", ["image"], ["grey"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["grey", "levels"], ["light"]),
        helper.make_node("Sub", ["white", "light"], ["ink"]),
        helper.make_node("Reshape", ["ink", "blocks"], ["blocked"]),
        helper.make_node("ReduceMean", ["blocked"], ["means"], axes=[1, 3], keepdims=0),
        helper.make_node("Reshape", ["means", "row"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w1", "b1"], ["first"]),
        helper.make_node("Relu", ["first"], ["hidden"]),
        helper.make_node("Gemm", ["hidden", "w2", "b2"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes, "digits-classifier",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [SIDE, SIDE])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 10])],
        [numpy_helper.from_array(v, k) for k, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="arbius")
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model


# ---------------------------------------------------------------- examination


def session(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def noise(rng):
    latent = (rng.integers(0, 256, (1, LATENT, 4)).sum(axis=2) >> 2).astype(np.uint8)
    choice = (rng.integers(0, 256, (1, 10, 4)).sum(axis=2) >> 2).astype(np.uint8)
    return {"latent": latent, "choice": choice}


def examine(generator, classifier):
    rng = np.random.default_rng(99)
    draw, judge = session(generator), session(classifier)
    reference = ReferenceEvaluator(generator)
    for text in ("a handwritten seven", "7", "", "größer als zwölf"):
        feed = {"prompt": encode_text(text)[None], **noise(rng)}
        assert (draw.run(None, feed)[0] == reference.run(None, feed)[0]).all(), "ONNX reference differs"

    total, right, by_digit = 0, 0, np.zeros((10, 2), int)
    while total < 1000:
        text, digit = prompts.sample(rng, held_out=True)
        if digit is None or len(text.encode()) > PROMPT_BYTES - 2:
            continue
        image = draw.run(None, {"prompt": encode_text(text)[None], **noise(rng)})[0]
        label = int(judge.run(None, {"image": image})[0].argmax())
        by_digit[digit] += (label == digit, 1)
        if label != digit and by_digit[digit][1] - by_digit[digit][0] < 4:
            print(f"  {text!r}: {label}")
        total, right = total + 1, right + (label == digit)
    print(f"classifier agrees with {right / total:.1%} of {total} held-out prompts")
    print("  by digit:", " ".join(f"{d}:{r / max(n, 1):.0%}" for d, (r, n) in enumerate(by_digit)))
    open_labels = np.zeros(10, int)
    for _ in range(200):
        image = draw.run(None, {"prompt": encode_text("any handwritten thing")[None], **noise(rng)})[0]
        open_labels[judge.run(None, {"image": image})[0].argmax()] += 1
    print("prompts that name no digit draw:", open_labels)
    differ = []
    for digit in range(10):
        images = [draw.run(None, {"prompt": encode_text(f"draw a {digit}")[None], **noise(rng)})[0].astype(int) for _ in range(8)]
        differ += [(abs(a - b) > 16).mean() for i, a in enumerate(images) for b in images[:i]]
    print(f"pixels that differ by more than 16 levels between seeds: {np.mean(differ):.1%}, least {min(differ):.1%}")

    sheet = np.full((10 * 68 + 4, 12 * 68 + 4), 128, np.uint8)
    for row in range(10):
        for column in range(12):
            feed = {"prompt": encode_text(f"a handwritten {prompts.NAMES[row][0]}")[None], **noise(rng)}
            sheet[4 + 68 * row :, 4 + 68 * column :][:64, :64] = draw.run(None, feed)[0]
    return sheet


def write_png(path, grey):
    import struct
    import zlib

    rows = b"".join(b"\0" + row.tobytes() for row in grey)
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", grey.shape[1], grey.shape[0], 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def main():
    (images, labels), (other_images, other_labels) = split()
    out = pathlib.Path(os.environ.get("OUT", HERE))
    out.mkdir(parents=True, exist_ok=True)
    classifier = train_classifier(other_images, other_labels)
    (out / "classifier.onnx").write_bytes(classifier.SerializeToString())
    text = train_text()
    decoder = train_decoder(images, labels)
    prompt_sample = text_examples(400, False, 21, PROMPT_BYTES)[0]
    generator = to_graph(text, decoder, prompt_sample, 31)
    data = generator.SerializeToString()
    assert len(data) <= 1_000_000, len(data)
    (out / "generator.onnx").write_bytes(data)
    print(f"generator.onnx {len(data)} bytes")
    sheet = examine(generator, classifier)
    write_png(out / "sheet.png", sheet)


if __name__ == "__main__":
    main()
