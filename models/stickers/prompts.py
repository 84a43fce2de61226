"""Prompts to train and to examine the text encoder with.

A prompt names one thing or two among other words, and may say how many, of which colour, how
big, and where; what it leaves open is the seed's to choose. Phrases around the names are split
in two halves, one for training and one for the examination.
"""

import numpy as np

# How many, and of how many kinds.
ONE, TWO, THREE, PAIR = range(4)
ARRANGEMENTS = 4

COLOURS = ["", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "grey"]
COLOUR_WORDS = {
    "red": 1, "crimson": 1, "scarlet": 1, "orange": 2, "yellow": 3, "golden": 3, "gold": 3, "green": 4,
    "emerald": 4, "blue": 5, "turquoise": 5, "navy": 5, "azure": 5, "purple": 6, "violet": 6, "lilac": 6,
    "pink": 7, "magenta": 7, "brown": 8, "black": 9, "dark": 9, "white": 10, "pale": 10, "grey": 11,
    "gray": 11, "silver": 11,
}
NORMAL, SMALL, BIG = range(3)
SIZE_WORDS = {
    "small": SMALL, "tiny": SMALL, "little": SMALL, "mini": SMALL, "distant": SMALL, "far away": SMALL,
    "big": BIG, "huge": BIG, "large": BIG, "giant": BIG, "enormous": BIG, "close up": BIG, "gigantic": BIG,
}
PLACES = {
    "": [],
    "night": ["at night", "in the dark", "at midnight", "by moonlight", "in the darkness", "on a dark night"],
    "space": ["in space", "in outer space", "in the galaxy", "in orbit", "in the universe", "floating in space"],
    "water": ["in the sea", "under water", "underwater", "in the ocean", "in the water", "in a lake", "in a river"],
    "sand": ["on the beach", "in the desert", "on the sand", "at the beach", "on a beach", "in the sand"],
    "meadow": ["in a meadow", "on the grass", "in a field", "in the garden", "in the park", "on a meadow", "on a lawn"],
    "snow": ["in the snow", "in winter", "on the ice", "on snow", "in the arctic", "in a snowy place"],
    "sunset": ["at sunset", "at dusk", "at dawn", "in the evening", "at sunrise", "in the evening sun"],
    "sky": ["in the sky", "among the clouds", "in the air", "on a sunny day", "above the clouds", "in the clouds"],
    "forest": ["in the forest", "in the jungle", "in the woods", "in a forest", "in the rainforest"],
    "room": ["in a room", "on a table", "on the floor", "in the kitchen", "at home", "indoors", "on the table", "in the house"],
    "city": ["in the city", "in the street", "on the road", "in a city", "on the street", "in town", "downtown"],
    "rain": ["in the rain", "in a storm", "in the fog", "in the mist", "on a rainy day", "in bad weather"],
    "white": ["on white", "on a white background", "on plain white", "with a white background", "on white paper"],
    "black": ["on black", "on a black background", "with a black background"],
    "fire": ["on mars", "in hell", "in lava", "in the fire", "on the red planet"],
}
PLACE_NAMES = list(PLACES)

BEFORE = """
a; the; an; draw; draw a; draw me a; please draw a; a picture of a; a drawing of a; an image of a; my;
paint a; show me a; i want a; i would like a; make a; create a; give me a; please; a cute; a sticker of a;
a lovely; a beautiful; a nice; a simple; one; some; generate a; a photo of a; a painting of a; could you draw a; an old; a new;
""".replace("\n", " ").split(";")
BEFORE = [""] * 14 + [" ".join(phrase.split()) for phrase in BEFORE if phrase.strip()]
HELD_OUT_BEFORE = [
    "sketch a", "i'd love to see a", "can you make me a", "here is a", "a quick doodle of a", "illustrate a",
    "let there be a", "an icon with a", "imagine a", "our",
]
AFTER = """
please; for me; in the middle; as a sticker; for my friend; for my birthday; in a modern style; very nice;
high quality; detailed; illustration; clip art; icon; cartoon; flat design; vector art; thank you; today; on it;
isolated; minimal; colourful; masterpiece; looking good; that i like; and nothing else; would be great;
""".replace("\n", " ").split(";")
AFTER = [""] * 30 + [" ".join(phrase.split()) for phrase in AFTER if phrase.strip()]
HELD_OUT_AFTER = ["", "", "", "if you can", "right now", "as soon as possible", "just like that", "that would be kind"]
JOINS = ["and a", "and", "with a", "next to a", "beside a", "together with a", "and the", "meets a", "near a", "and an",
         "with", "eating a", "on a", "holding a", "plus a"]
HELD_OUT_JOINS = ["and one", "along with a", "by a", "and some", "in front of a"]
COUNTS = {
    TWO: ["two", "2", "a pair of", "a couple of", "twin", "both"],
    THREE: ["three", "3", "several", "many", "a few", "some", "lots of", "four", "five", "a bunch of", "a group of", "plenty of"],
}
WITHOUT = ["any picture", "anything you like", "something", "surprise me", "a random thing", "whatever", "what you want", ""]


def plural(name):
    if name.endswith(("s", "x", "ch", "sh")):
        return name if name.endswith("s") else name + "es"
    if name.endswith("y") and name[-2:-1] not in set("aeiou"):
        return name[:-1] + "ies"
    return name + "s"


def _case(rng, text):
    kind = rng.integers(0, 8)
    return [text.upper, text.title, text.capitalize][kind]() if kind < 3 else text


def _pick(rng, items):
    return items[rng.integers(0, len(items))]


class Prompts:
    def __init__(self, words):
        self.words = words
        # "a black cat" is a picture of its own: its colour is part of a name there.
        self.coloured = {}
        for word, colour in COLOUR_WORDS.items():
            self.coloured[word] = {
                i for i, concept in enumerate(words.concepts)
                if any(word in text.split() for text in [concept["name"], *concept["words"]])
            }

    def mention(self, rng, kind=None):
        """A way to say a thing, and the distribution over pictures that it means."""
        words = self.words
        kind = rng.random() if kind is None else kind
        if kind < 0.42:
            text = _pick(rng, words.names)
        elif kind < 0.75:
            text = _pick(rng, words.keywords)
        else:
            text = _pick(rng, words.nearby)
        return text, words.targets[text]

    def word(self, rng):
        """A name, keyword or near word by itself, and what it means."""
        roll = rng.random()
        words = self.words
        text = _pick(rng, words.names if roll < 0.12 else words.keywords if roll < 0.4 else words.nearby)
        return _pick(rng, ["", "", "a ", "the "]) + text, words.targets[text]

    def sample(self, rng, held_out=False, mention=None):
        """`(text, target, arrangement, colour, size, place)`."""
        before, after = (HELD_OUT_BEFORE, HELD_OUT_AFTER) if held_out else (BEFORE, AFTER)
        roll = rng.random()
        if mention is None and roll < 0.05:
            some = [_pick(rng, self.words.fillers) for _ in range(rng.integers(0, 7))]
            text = _pick(rng, WITHOUT) if rng.random() < 0.3 else " ".join(some)
            even = np.full(self.words.count, 1 / self.words.count)
            return _case(rng, text), even, ONE, 0, NORMAL, 0
        text, target = mention or self.mention(rng)
        top = int(target.argmax())
        arrangement, colour, size, place = ONE, 0, NORMAL, 0
        if mention is None and roll < 0.25:
            other, second = self.mention(rng, rng.random() * 0.75)
            # Two names of one thing are one thing.
            if np.minimum(target, second).sum() < 0.05:
                arrangement = PAIR
                text = f"{text} {_pick(rng, HELD_OUT_JOINS if held_out else JOINS)} {other}"
                target = (target + second) / 2
        elif roll < 0.37 and len(text) > 2:
            arrangement = TWO if rng.random() < 0.5 else THREE
            text = f"{_pick(rng, COUNTS[arrangement])} {plural(text) if rng.random() < 0.85 else text}"
        elif roll < 0.42 and len(text) > 2 and text.isalpha():
            text = plural(text)
        if arrangement != PAIR and target.max() > 0.3 and rng.random() < 0.24:
            word = _pick(rng, list(COLOUR_WORDS))
            if top not in self.coloured[word] and not set(text.split()) & set(COLOUR_WORDS):
                colour, text = COLOUR_WORDS[word], f"{word} {text}"
        if rng.random() < 0.14:
            word = _pick(rng, list(SIZE_WORDS))
            size, text = SIZE_WORDS[word], f"{word} {text}"
        mark = _pick(rng, ["", "", "", "", ",", ".", "!", "?", "..."])
        parts = [_pick(rng, before), text + mark]
        if rng.random() < 0.35:
            name = _pick(rng, PLACE_NAMES[1:])
            place = PLACE_NAMES.index(name)
            parts.insert(0 if rng.random() < 0.12 else 2, _pick(rng, PLACES[name]))
        parts.append(_pick(rng, after))
        for _ in range(rng.integers(0, 4) if rng.random() < 0.3 else 0):
            parts.insert(rng.integers(0, len(parts) + 1), _pick(rng, self.words.fillers))
        if rng.random() < 0.02:
            parts.append("".join(chr(c) for c in rng.integers(0xA1, 0x2FFF, rng.integers(1, 4))))
        return _case(rng, " ".join(part for part in parts if part)), target, arrangement, colour, size, place
