#!/usr/bin/env python3
"""Makes the tiny models of the pipelines' tests, and the numbers that they are held against.

    pip install -r requirements.txt
    ./make_tiny.py            # writes tiny/
    ./make_tiny.py --check    # fails if tiny/ is not what it would write

The numbers come from numpy and Python's own library: networks by `graph_ops.Numpy`,
ChaCha20, schedulers, tokenizers, sampling and pooling from here. None of it calls a
runtime or the code under test.
"""

import json
import pathlib
import re
import struct
import sys
from statistics import NormalDist

import numpy as np
from onnx import TensorProto

import tiny_networks as networks
from graph_ops import F32, Numpy, Onnx

HERE = pathlib.Path(__file__).parent
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


# Numbers from a seed


def chacha20(seed, stream, length):
    """RFC 8439: the key is the seed, the nonce the stream."""
    key = struct.pack("<Q", seed) + bytes(24)
    nonce = struct.pack("<I", stream) + bytes(8)
    out = b""
    for counter in range((length + 63) // 64):
        start = list(struct.unpack("<4I", b"expand 32-byte k")) + list(struct.unpack("<8I", key))
        start += [counter] + list(struct.unpack("<3I", nonce))
        x = start[:]

        def quarter(a, b, c, d):
            for p, q, r, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                x[p] = (x[p] + x[q]) & 0xFFFFFFFF
                x[r] ^= x[p]
                x[r] = (x[r] << bits | x[r] >> (32 - bits)) & 0xFFFFFFFF

        for _ in range(10):
            for i in range(4):
                quarter(i, 4 + i, 8 + i, 12 + i)
            for i in range(4):
                quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
        out += struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(x, start)))
    return out[:length]


def uniforms(seed, stream, count):
    words = struct.unpack(f"<{count}Q", chacha20(seed, stream, 8 * count))
    return [(2 * (word >> 12) + 1) / 2**53 for word in words]


def normals(seed, stream, count):
    return np.array([NormalDist().inv_cdf(u) for u in uniforms(seed, stream, count)], F32)


# Tokenizers


def byte_characters():
    """The characters that byte-level tokenizers write bytes as."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in plain]
    return {**{b: chr(b) for b in plain}, **{b: chr(256 + i) for i, b in enumerate(others)}}


def merge(parts, merges):
    while True:
        pairs = [(merges.index(p), i) for i, p in enumerate(zip(parts, parts[1:])) if p in merges]
        if not pairs:
            return parts
        _, i = min(pairs)
        parts = parts[:i] + [parts[i] + parts[i + 1]] + parts[i + 2 :]


class Clip:
    MERGES = "r e|c a|ca t</w>|re d</w>|h o|u s|us e</w>|i n</w>".split("|")

    def __init__(self):
        letters = list(byte_characters().values())
        self.merges = [tuple(m.split()) for m in self.MERGES]
        self.vocabulary = letters + [c + "</w>" for c in letters]
        self.vocabulary += ["".join(m) for m in self.merges]
        self.start, self.end = len(self.vocabulary), len(self.vocabulary) + 1
        self.vocabulary += ["<|startoftext|>", "<|endoftext|>"]

    def encode(self, text, length):
        ids, characters = [], byte_characters()
        words = r"'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|[^\s\w]+"
        for word in re.findall(words, re.sub(r"\s+", " ", text).lower()):
            parts = [characters[b] for b in word.encode()]
            parts[-1] += "</w>"
            ids += [self.vocabulary.index(p) for p in merge(parts, self.merges)]
        ids = [self.start] + ids[: length - 2] + [self.end]
        return ids + [self.end] * (length - len(ids))

    def save(self, folder):
        numbers = {token: i for i, token in enumerate(self.vocabulary)}
        write_json(folder / "vocab.json", numbers)
        lines = ["#version: 0.2"] + [" ".join(m) for m in self.merges]
        (folder / "merges.txt").write_text("\n".join(lines) + "\n")


class ByteLevel:
    """GPT-2's, with a few merges."""

    MERGES = [("h", "e"), ("t", "he"), ("Ġ", "the"), ("o", "n"), ("Ġ", "a"), ("i", "n")]

    def __init__(self):
        self.vocabulary = list(byte_characters().values()) + ["".join(m) for m in self.MERGES]
        self.stop = len(self.vocabulary)
        self.vocabulary.append("<|endoftext|>")

    def encode(self, text):
        characters, ids = byte_characters(), []
        words = r"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+| ?\d+| ?[^\s\w]+|\s+(?!\S)|\s+"
        for word in re.findall(words, text):
            parts = merge([characters[b] for b in word.encode()], self.MERGES)
            ids += [self.vocabulary.index(p) for p in parts]
        return ids

    def decode(self, ids):
        back = {c: b for b, c in byte_characters().items()}
        text = "".join(self.vocabulary[i] for i in ids if i != self.stop)
        return bytes(back[c] for c in text).decode(errors="replace")

    def rules(self):
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
        return tokenizer_json(
            pre_tokenizer={**level, "use_regex": True},
            decoder={**level, "use_regex": True},
            added=[(self.stop, "<|endoftext|>")],
            model={
                "type": "BPE",
                "dropout": None,
                "unk_token": None,
                "continuing_subword_prefix": None,
                "end_of_word_suffix": None,
                "fuse_unk": False,
                "vocab": {t: i for i, t in enumerate(self.vocabulary)},
                "merges": [" ".join(m) for m in self.MERGES],
            },
        )


class WordPiece:
    """BERT's, with a few words."""

    WORDS = "[PAD] [UNK] [CLS] [SEP] a the cat dog sat ran on mat ##s ##ning un ##like ##ly . , !"

    def __init__(self):
        self.vocabulary = self.WORDS.split()

    def encode(self, text):
        ids = [2]
        for word in re.findall(r"\w+|[^\w\s]", text.lower()):
            pieces, rest = [], word
            while rest:
                head = "##" if pieces else ""
                sizes = range(len(rest), 0, -1)
                size = next((n for n in sizes if head + rest[:n] in self.vocabulary), 0)
                if not size:
                    pieces = ["[UNK]"]
                    break
                pieces.append(head + rest[:size])
                rest = rest[size:]
            ids += [self.vocabulary.index(p) for p in pieces]
        return ids + [3]

    def rules(self):
        return tokenizer_json(
            normalizer={
                "type": "BertNormalizer",
                "clean_text": True,
                "handle_chinese_chars": True,
                "strip_accents": None,
                "lowercase": True,
            },
            pre_tokenizer={"type": "BertPreTokenizer"},
            decoder={"type": "WordPiece", "prefix": "##", "cleanup": True},
            added=[(i, self.vocabulary[i]) for i in range(4)],
            model={
                "type": "WordPiece",
                "unk_token": "[UNK]",
                "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100,
                "vocab": {t: i for i, t in enumerate(self.vocabulary)},
            },
        )


def tokenizer_json(model, added, normalizer=None, pre_tokenizer=None, decoder=None):
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, "content": t, "special": True, **plain} for i, t in added],
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": None,
        "decoder": decoder,
        "model": model,
    }


# Latent diffusion


def alphas(training, start, end):
    betas = np.linspace(start**0.5, end**0.5, training, dtype=np.float64) ** 2
    return np.cumprod(1 - betas)


def timesteps(spacing, training, steps, offset):
    if spacing == "leading":
        found = np.arange(steps)[::-1] * (training // steps) + offset
    elif spacing == "trailing":
        found = np.round(training - np.arange(steps) * (training / steps)) - 1
    else:
        found = np.linspace(0, training - 1, steps)[::-1]
    return found.astype(np.float64)


SCHEDULE = {"training_steps": 1000, "beta_start": 0.00085, "beta_end": 0.012}


def ddim(predict, sample, steps, prediction, spacing, offset=1, clean=False, clip=False):
    levels = alphas(*SCHEDULE.values())
    for t in np.round(timesteps(spacing, 1000, steps, offset)).astype(int):
        before = t - 1000 // steps
        a = levels[t]
        b = levels[before] if before >= 0 else (1.0 if clean else levels[0])
        x, p = sample.astype(np.float64), predict(sample, t).astype(np.float64)
        if prediction == "epsilon":
            x0, noise = (x - (1 - a) ** 0.5 * p) / a**0.5, p
        else:
            x0 = a**0.5 * x - (1 - a) ** 0.5 * p
            noise = a**0.5 * p + (1 - a) ** 0.5 * x
        if clip:
            x0 = np.clip(x0, -1, 1)
        sample = (b**0.5 * x0 + (1 - b) ** 0.5 * noise).astype(F32)
        yield sample


def euler(predict, sample, steps, prediction, spacing, offset=1):
    levels = alphas(*SCHEDULE.values())
    at = timesteps(spacing, 1000, steps, offset)
    sigmas = np.interp(at, np.arange(1000), ((1 - levels) / levels) ** 0.5)
    most = sigmas[0]
    scale = (most**2 + 1) ** 0.5 if spacing == "leading" else most
    sample = (sample.astype(np.float64) * scale).astype(F32)
    for t, here, after in zip(at, sigmas, [*sigmas[1:], 0.0]):
        x = sample.astype(np.float64)
        p = predict((x / (here**2 + 1) ** 0.5).astype(F32), t).astype(np.float64)
        if prediction == "epsilon":
            x0 = x - here * p
        else:
            x0 = p * (-here / (here**2 + 1) ** 0.5) + x / (here**2 + 1)
        sample = (x + (x - x0) / here * (after - here)).astype(F32)
        yield sample


WALKS = {"ddim": ddim, "euler": euler}
SIDE, LENGTH = 4, 77


def diffusion(folder):
    tokenizer = Clip()
    tokenizer.save(folder)
    size = len(tokenizer.vocabulary)
    weights = {name: networks.Weights(seed) for seed, name in enumerate(("text", "unet", "vae"))}

    ops = Onnx()
    states = networks.text_encoder(ops, weights["text"], "input_ids", size, LENGTH)
    ops.save(
        folder / "text_encoder.onnx",
        [("input_ids", INT64, [1, LENGTH])],
        [(("last_hidden_state", FLOAT, [1, LENGTH, 8]), states)],
    )
    ops = Onnx()
    inputs = ("sample", "timestep", "encoder_hidden_states")
    made = networks.unet(ops, weights["unet"], *inputs, SIDE)
    latents = [1, 4, SIDE, SIDE]
    ops.save(
        folder / "unet.onnx",
        list(zip(inputs, (FLOAT, INT64, FLOAT), (latents, [1], [1, LENGTH, 8]))),
        [(("out_sample", FLOAT, latents), made)],
    )
    ops = Onnx()
    made = networks.vae_decoder(ops, weights["vae"], "latent_sample", SIDE)
    ops.save(
        folder / "vae_decoder.onnx",
        [("latent_sample", FLOAT, latents)],
        [(("sample", FLOAT, [1, 3, 4 * SIDE, 4 * SIDE]), made)],
    )

    numpy, cases = Numpy(), []

    def encoded(text):
        ids = np.array([tokenizer.encode(text, LENGTH)], np.int64)
        return networks.text_encoder(numpy, weights["text"], ids, size, LENGTH)

    for case in (
        dict(prompt="a red house", scheduler="ddim", prediction="epsilon", spacing="leading"),
        dict(prompt="A  Red\tCAT in 42 houses!", scheduler="euler", prediction="epsilon",
             spacing="leading", negative="blue", guidance=3.0, seed=7),
        dict(prompt="größer", scheduler="euler", prediction="v_prediction", spacing="trailing",
             guidance=1.0, seed=2**53 - 17),
        dict(prompt="word " * 90, scheduler="ddim", prediction="v_prediction", spacing="linspace",
             negative="a cat's house", guidance=2.5, steps=7, seed=3),
    ):
        case = dict(dict(negative="", guidance=7.5, steps=5, seed=1), **case)
        towards, away = encoded(case["prompt"]), encoded(case["negative"])

        def predict(sample, t):
            t = np.array([t], np.int64)
            made = networks.unet(numpy, weights["unet"], sample, t, towards, SIDE)
            if case["guidance"] > 1:
                u = networks.unet(numpy, weights["unet"], sample, t, away, SIDE).astype(np.float64)
                made = (u + case["guidance"] * (made - u)).astype(F32)
            return made

        sample = normals(case["seed"], 0, 4 * SIDE * SIDE).reshape(latents)
        walk = WALKS[case["scheduler"]]
        *_, sample = walk(predict, sample, case["steps"], case["prediction"], case["spacing"])
        scaled = (sample.astype(np.float64) / 0.18215).astype(F32)
        picture = networks.vae_decoder(numpy, weights["vae"], scaled, SIDE)
        levels = np.round(np.clip(picture.astype(np.float64) / 2 + 0.5, 0, 1) * 255).astype(int)
        assert levels.std() > 20, "a picture of one colour shows nothing"
        case["tokens"] = tokenizer.encode(case["prompt"], LENGTH)
        case["picture"] = levels[0].transpose(1, 2, 0).ravel().tolist()
        cases.append(case)
    return {"vocabulary": size, "start": tokenizer.start, "end": tokenizer.end, "cases": cases}


def schedulers():
    """Schedulers alone, with a stand-in for the network, over every kind of schedule."""
    cases = []
    for name, walk in WALKS.items():
        for prediction in ("epsilon", "v_prediction"):
            for spacing in ("leading", "trailing", "linspace"):
                for steps in (1, 4, 30):
                    start = normals(steps, 5, 6)

                    def predict(sample, t):
                        return (np.sin(sample.astype(np.float64) * 3 + t / 1000)).astype(F32)

                    options = {"clip": True} if name == "ddim" and steps == 4 else {}
                    *_, last = walk(predict, start, steps, prediction, spacing, **options)
                    at = timesteps(spacing, 1000, steps, 1)
                    cases.append({
                        "scheduler": name, "prediction": prediction, "spacing": spacing,
                        "steps": steps, "clips_sample": bool(options),
                        "timesteps": (np.round(at) if name == "ddim" else at).tolist(),
                        "start": start.tolist(), "last": last.tolist(),
                    })
    return cases


# Text generation


def generation(folder):
    tokenizer = ByteLevel()
    write_json(folder / "generation_tokenizer.json", tokenizer.rules())
    size, layers, weights = len(tokenizer.vocabulary), 2, networks.Weights(10)

    ops = Onnx()
    names = [[f"past_key_values.{i}.{kind}" for kind in ("key", "value")] for i in range(layers)]
    logits, present = networks.decoder_step(ops, weights, "input_ids", "position_ids", names, size)
    past, after = [1, 2, "past", 4], [1, 2, "total", 4]
    ops.save(
        folder / "decoder.onnx",
        [("input_ids", INT64, [1, "tokens"]), ("position_ids", INT64, [1, "tokens"])]
        + [(name, FLOAT, past) for pair in names for name in pair],
        [(("logits", FLOAT, [1, "tokens", size]), logits)]
        + [
            ((f"present.{i}.{kind}", FLOAT, after), value)
            for i, pair in enumerate(present)
            for kind, value in zip(("key", "value"), pair)
        ],
    )

    numpy, cases = Numpy(), []
    greedy = dict(temperature=0.0, top_k=0, top_p=1.0, repetition_penalty=1.0)
    warm = dict(temperature=1.3, top_k=0, top_p=1.0, repetition_penalty=1.0)
    for case in (
        dict(prompt="the cat", **greedy),
        dict(prompt="on a mat", **{**greedy, "repetition_penalty": 1.4}),
        dict(prompt="Once", seed=5, **warm),
        dict(prompt="Once", seed=6, **{**warm, "top_k": 7}),
        dict(prompt="in größe 12", seed=7, **{**warm, "top_p": 0.8}),
        dict(prompt="x", seed=2**53 - 17,
             **dict(temperature=2.0, top_k=40, top_p=0.95, repetition_penalty=1.2)),
    ):
        case = {"seed": 0, "max_tokens": 24, **case}
        prompt = tokenizer.encode(case["prompt"])
        made, draws = [], uniforms(case["seed"], 0, case["max_tokens"])
        for draw in draws:
            # Without a cache, everything anew at each step: the cache must not change it.
            ids = np.array([prompt + made], np.int64)
            empty = [(np.zeros((1, 2, 0, 4), F32),) * 2] * layers
            places = np.arange(ids.shape[1], dtype=np.int64)[None]
            logits, _ = networks.decoder_step(numpy, weights, ids, places, empty, size)
            token = choose(logits[0, -1].astype(np.float64), prompt + made, draw, case)
            if token == tokenizer.stop:
                break
            made.append(token)
        cases.append({**case, "prompt_tokens": prompt, "tokens": made,
                      "text": tokenizer.decode(made)})
    assert len({tuple(c["tokens"]) for c in cases}) == len(cases), "cases must differ"
    return {"vocabulary": size, "stop": tokenizer.stop, "layers": layers, "cases": cases}


def choose(logits, before, draw, case):
    for token in set(before):
        penalty = case["repetition_penalty"]
        logits[token] = logits[token] / penalty if logits[token] > 0 else logits[token] * penalty
    if case["temperature"] == 0:
        return int(np.argmax(logits))
    logits = logits / case["temperature"]
    order = np.argsort(-logits, kind="stable")
    if case["top_k"]:
        order = order[: case["top_k"]]
    shares = np.exp(logits[order] - logits[order[0]])
    shares /= shares.sum()
    total = np.cumsum(shares)
    kept = int(np.searchsorted(total, case["top_p"], side="left")) + 1
    total = total[: min(kept, len(total))]
    return int(order[np.searchsorted(total, draw * total[-1], side="right")])


# Text embedding


def embedding(folder):
    tokenizer = WordPiece()
    write_json(folder / "embedding_tokenizer.json", tokenizer.rules())
    size, weights = len(tokenizer.vocabulary), networks.Weights(20)
    ops = Onnx()
    states = networks.text_encoder(ops, weights, "input_ids", size, 16, causal=False)
    # Every export of such a model has these two, which one text alone does not need.
    unused = ops.mul(ops.to_float("attention_mask"), ops.constant(np.zeros((), F32)))
    unused = ops.add(unused, ops.mul(ops.to_float("token_type_ids"), ops.constant(F32(0))))
    states = ops.add(states, ops.reshape(unused, [1, -1, 1]))
    ids = [1, "tokens"]
    ops.save(
        folder / "embedding.onnx",
        [(name, INT64, ids) for name in ("input_ids", "attention_mask", "token_type_ids")],
        [(("last_hidden_state", FLOAT, [1, "tokens", 8]), states)],
    )
    cases = []
    for text in ("The cats sat on the mat.", "unlikely!", "", "dog, " * 20, "naïve"):
        tokens = tokenizer.encode(text)
        if len(tokens) > 16:
            tokens = tokens[:15] + [3]
        given = np.array([tokens], np.int64)
        states = networks.text_encoder(Numpy(), weights, given, size, 16, causal=False)[0]
        states = states.astype(np.float64)
        case = {"text": text, "tokens": tokens}
        for name, pooled in (("mean", states.mean(axis=0)), ("first", states[0])):
            case[name] = (pooled / np.sqrt((pooled**2).sum())).tolist()
        cases.append(case)
    return {"vocabulary": size, "cases": cases}


# Image classification


def classification(folder):
    weights = networks.Weights(30)
    ops = Onnx()
    logits = networks.classifier(ops, weights, "pixel_values")
    ops.save(
        folder / "classifier.onnx",
        [("pixel_values", FLOAT, [1, 3, 16, 16])],
        [(("logits", FLOAT, [1, 5]), logits)],
    )
    mean, spread = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    cases = []
    for seed in range(4):
        picture = np.frombuffer(chacha20(seed, 9, 16 * 16 * 3), np.uint8).reshape(16, 16, 3)
        x = ((picture / 255 - mean) / spread).astype(F32).transpose(2, 0, 1)[None]
        logits = networks.classifier(Numpy(), weights, x)[0].astype(np.float64)
        power = np.exp(logits - logits.max())
        cases.append({"seed": seed, "probabilities": (power / power.sum()).tolist()})
    return {"cases": cases}


def write_json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")


def make(folder):
    folder.mkdir(exist_ok=True)
    reference = {
        "normals": normals(42, 3, 64).tolist(),
        "uniforms": [int(u * 2**53) for u in uniforms(42, 3, 64)],
        "schedulers": schedulers(),
        "latent_diffusion": diffusion(folder),
        "text_generation": generation(folder),
        "text_embedding": embedding(folder),
        "image_classification": classification(folder),
    }
    write_json(folder / "reference.json", reference)


def same(name, old, new):
    """Equal, or both JSON with numbers that differ in their last digits alone: numpy's `exp`
    depends on the processor."""
    if old == new:
        return True
    if not name.endswith(".json"):
        return False
    return close(json.loads(old), json.loads(new))


def close(old, new):
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(close(old[k], new[k]) for k in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(close, old, new))
    if isinstance(old, float) and isinstance(new, float):
        return abs(old - new) <= 1e-5 * max(1, abs(old))
    return old == new


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            made = pathlib.Path(folder)
            make(made)
            names = {p.name for p in made.iterdir()}
            for name in sorted(names):
                old, new = HERE / "tiny" / name, made / name
                if not old.exists():
                    sys.exit(f"tiny/{name} is missing")
                if not same(name, old.read_bytes(), new.read_bytes()):
                    sys.exit(f"tiny/{name} is not what this script writes")
        print(f"{len(names)} files are what this script writes")
    else:
        make(HERE / "tiny")
