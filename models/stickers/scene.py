"""What the graph knows of scenes: where stickers stand, how they are coloured, what is behind.

These tables are written by hand, not learned; the language half chooses their rows, and the
seed where the prompt leaves it open.
"""

import numpy as np

from prompts import ARRANGEMENTS, BIG, COLOURS, ONE, PAIR, PLACE_NAMES, SMALL, THREE, TWO

CANVAS = 128  # pixels of the picture's side
SLOTS = 3
VARIANTS = 16  # of each place's background
HIDDEN = 4000  # a centre so far outside that nothing of the sticker is seen

# Centre in half pixels from the middle, and size in 256ths, of each slot.
PLACES_OF_SLOTS = np.zeros((ARRANGEMENTS, SLOTS, 3), np.int32)
PLACES_OF_SLOTS[:] = (HIDDEN, HIDDEN, 256)
PLACES_OF_SLOTS[ONE, 0] = (0, 0, 256)
PLACES_OF_SLOTS[TWO, :2] = [(-61, 6, 150), (61, 6, 150)]
PLACES_OF_SLOTS[THREE] = [(-64, 46, 132), (64, 46, 132), (0, -54, 132)]
PLACES_OF_SLOTS[PAIR, :2] = [(-60, 0, 158), (60, 8, 158)]

SIZES = np.array([256, 256, 256], np.int32)
SIZES[SMALL], SIZES[BIG] = 136, 330


def tilts():
    """Cosine and sine in 256ths for each byte of noise: mostly upright, at most 16 degrees."""
    degrees = np.clip((np.arange(256) - 127) / 37 * 6, -16, 16)
    angle = np.deg2rad(degrees)
    return np.round(np.stack([np.cos(angle), np.sin(angle)], axis=1) * 256).astype(np.int32)


def drifts():
    """Shift in half pixels for each byte of noise."""
    return np.round(np.clip((np.arange(256) - 127) / 37 * 4, -10, 10)).astype(np.int32)


def growths():
    """Size in 256ths for each byte of noise."""
    return np.round(256 * np.exp(np.clip((np.arange(256) - 127) / 37 * 0.05, -0.12, 0.12))).astype(np.int32)


def tints():
    """For each colour, what red, green and blue become of red, green, blue and alpha, in 256ths."""
    luma = np.array([0.30, 0.59, 0.11])
    table = np.zeros((len(COLOURS), 3, 4))
    table[0, :, :3] = np.eye(3)
    target = {
        "red": (1.0, 0.16, 0.18), "orange": (1.0, 0.52, 0.10), "yellow": (1.0, 0.86, 0.16),
        "green": (0.16, 0.80, 0.26), "blue": (0.16, 0.46, 1.0), "purple": (0.58, 0.26, 0.92),
        "pink": (1.0, 0.50, 0.74), "brown": (0.55, 0.34, 0.20), "black": (0.20, 0.20, 0.23),
        "grey": (0.62, 0.63, 0.66),
    }
    for name, colour in target.items():
        row = table[COLOURS.index(name)]
        strength = 1.0 if name == "black" else 1.35
        row[:, :3] = 0.12 * np.eye(3) + 0.88 * strength * np.outer(colour, luma)
    white = table[COLOURS.index("white")]
    white[:, :3] = 0.10 * np.eye(3) + 0.42 * luma
    white[:, 3] = 0.50
    return np.round(table * 256).astype(np.int32)


# Colours from the top down, with the share of the height where each stands; two at one height
# make a horizon.
GRADIENTS = {
    "night": [(0, "0b1035"), (0.75, "2b3170"), (0.75, "161a3a"), (1, "0c0f26")],
    "space": [(0, "07050f"), (0.5, "1d1140"), (1, "050410")],
    "water": [(0, "58c4e8"), (0.4, "1f86c4"), (1, "0a3f7a")],
    "sand": [(0, "7fcdf2"), (0.55, "d8f1fb"), (0.62, "35a7cf"), (0.66, "f2d9a0"), (1, "dcb46c")],
    "meadow": [(0, "8fd3f7"), (0.66, "e3f5fd"), (0.66, "86c95a"), (1, "4c9a36")],
    "snow": [(0, "b9d6ec"), (0.64, "e6f1f9"), (0.64, "ffffff"), (1, "d5e4f0")],
    "sunset": [(0, "4a3a86"), (0.4, "d8567e"), (0.68, "ffb45e"), (0.68, "5b3a63"), (1, "2f2146")],
    "sky": [(0, "2f8fe0"), (0.6, "8ccbf7"), (1, "e6f5ff")],
    "forest": [(0, "9ccf9a"), (0.5, "4e9158"), (0.72, "2d6a3e"), (0.72, "4a3d25"), (1, "33291a")],
    "room": [(0, "f3dfc4"), (0.7, "e9cda6"), (0.7, "a8713f"), (1, "865630")],
    "city": [(0, "a9c6de"), (0.68, "dde6ee"), (0.68, "7d828a"), (0.72, "9a9fa6"), (0.72, "5a5f68"), (1, "44484f")],
    "rain": [(0, "69788a"), (0.68, "a3b0bd"), (0.68, "6c7d86"), (1, "4f5e68")],
    "white": [(0, "ffffff"), (1, "ffffff")],
    "black": [(0, "101012"), (1, "101012")],
    "fire": [(0, "541208"), (0.62, "d3551c"), (0.62, "8c2a12"), (1, "3c0d08")],
}
OPEN = """
fde2e4 f8bbd0; e2ecfd a9c9f8; e3f8e5 a8e0b4; fff4d6 ffd98a; efe3fb c9a9f0; dff7f6 93dcd9; fff0e3 ffc08f; f2f2f2 cfd4da;
ffe0ef ff9ec7; ddf3ff 86c8f5; f1f9d7 c5e07a; fbe7d2 e8b487; e9e5ff a79cf2; d9f5ea 7fd0b0; ffe9e2 f79c86; eef3f8 b4c6d8;
""".replace("\n", "").split(";")


def hexadecimal(text):
    return np.array([int(text[i : i + 2], 16) for i in (0, 2, 4)], np.float64)


def gradient(stops, lift=0.0, turn=0.0):
    """Rows of the canvas, uint8 `[CANVAS, 3]`; `lift` moves what is between the ends."""
    heights = np.array([h if h in (0, 1) else h + lift for h, _ in stops])
    # Two colours at one height: the upper ends just above the lower.
    heights = heights + np.arange(len(heights)) * 1e-6
    colours = np.stack([hexadecimal(c) for _, c in stops])
    rows = (np.arange(CANVAS) + 0.5) / CANVAS
    out = np.stack([np.interp(rows, heights, colours[:, c]) for c in range(3)], axis=1)
    luma = out @ np.array([0.30, 0.59, 0.11])
    out = out + turn * (out - luma[:, None])
    return np.clip(np.round(out), 0, 255).astype(np.uint8)


def backgrounds():
    """uint8 `[places, VARIANTS, CANVAS, 3]`."""
    table = np.zeros((len(PLACE_NAMES), VARIANTS, CANVAS, 3), np.uint8)
    for place, name in enumerate(PLACE_NAMES):
        for variant in range(VARIANTS):
            if name == "":
                first, last = OPEN[variant].split()
                table[place, variant] = gradient([(0, first), (1, last)])
            elif name in ("white", "black"):
                table[place, variant] = gradient(GRADIENTS[name])
            else:
                table[place, variant] = gradient(
                    GRADIENTS[name], lift=(variant % 4 - 1.5) * 0.03, turn=(variant // 4 - 1.5) * 0.12
                )
    return table
