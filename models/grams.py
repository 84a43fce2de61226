"""How the models here read a text: by the hashes of a few bytes at every place.

The bytes are folded to lower-case letters, digits and spaces. At every place of the text the
hashes of the next 3, 5 and 7 of them choose one row each of a table, and the rows are added.
"""

import numpy as np
from onnx import TensorProto

PROMPT_BYTES = 256  # longer texts are cut
GRAMS = (3, 5, 7)
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
    """The text's bytes between two spaces, zeros after them, as the sdk's `spaced_bytes`."""
    spaced = (b" " + text.encode())[: length - 1] + b" "
    return np.frombuffer(spaced.ljust(length, b"\0"), np.uint8)


def rows(prompt, table_rows):
    """Rows of the table for each place, int32 `[n, places, grams]`; row 0 means spaces alone."""
    folded = FOLD[prompt].astype(np.int64)
    places = prompt.shape[1] - LONGEST + 1
    columns = []
    for n in GRAMS:
        total = sum(folded[:, i : i + places] * int(FACTORS[n][i]) for i in range(n))
        assert total.max() < 2**31
        columns.append(total % table_rows)
    return np.stack(columns, axis=2).astype(np.int32)


def summed_rows(g, table, peak, prompt):
    """The graph's side: for each place the sum of its rows, int32 `[places, width]`, in steps of
    `peak / 127`."""
    places, table_rows = PROMPT_BYTES - LONGEST + 1, len(table)
    folded = g.reshape(g.rows(FOLD, g.cast(prompt, TensorProto.INT32), "fold"), [PROMPT_BYTES])
    table = np.round(np.clip(table, -peak, peak) * (127 / peak))
    table[0] = 0
    table = g.constant((table + 128).astype(np.uint8), "grams")
    total = None
    for n in GRAMS:
        hashed = None
        for i in range(n):
            part = g.mul(g.slice(folded, 0, i, i + places), int(FACTORS[n][i]))
            hashed = part if hashed is None else g.add(hashed, part)
        whole = g.mul(g.div(hashed, table_rows), table_rows)
        row = g.clamp(g.sub(hashed, whole), 0, table_rows - 1)
        found = g.int32(g.node("Gather", [table, row], axis=0))
        total = found if total is None else g.add(total, found)
    return g.sub(total, 128 * len(GRAMS))
