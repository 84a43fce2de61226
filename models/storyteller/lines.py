"""Lines of a story, and the line that follows each.

A line names a thing or two that the stickers model draws, in a number, size and colour, and at a
place: it is a prompt for that model. The line after it keeps one of the things or goes over to
something akin, takes it elsewhere, or ends the story. What is akin to what follows from
`../stickers/names.json`: things that share rare keywords.
"""

import json
import pathlib
import sys

import numpy as np

MODELS = pathlib.Path(__file__).parent.parent
STICKERS = MODELS / "stickers"
sys.path += [str(MODELS), str(STICKERS)]

from prompts import BEFORE, COLOUR_WORDS, PLACES, SIZE_WORDS, plural

THE_END = "the end"
MOST_WORDS = 8  # of a line, where a place or "the end" counts as one
RARE = 14  # a keyword of more things than that makes nothing akin
AKIN = 6  # how many things are akin to one

# Shown as one word, but no thing of which there are one or two.
MANY = set("""grapes cherries blueberries peanuts beans pancakes popcorn spaghetti chopsticks fireworks sparkles skis
glasses sunglasses goggles jeans gloves socks shorts books scissors maracas bubbles bacon bread butter salt sushi
garlic broccoli coral candy custard camping ice bowling tennis badminton lacrosse wood thread yarn soap dango
""".split())
# Pictures whose name says little, or that nobody would tell a story of.
LEFT_OUT = set("""collision zzz eyes mouth cooking oden mate locked link label dna memo alembic syringe pill crutch toilet
plunger joker moai videocassette receipt clamp cityscape desert sunset seat microbe falafel tamale fondue tooth bone
brain wing herb bikini sake stethoscope bank mosque church synagogue dagger bomb razor purse sari hook knot brick
""".split())
COLOURS = [word for word in ("red", "orange", "yellow", "green", "blue", "purple", "pink", "black", "white", "golden")
           if word in COLOUR_WORDS]
SIZES = [word for word in ("small", "tiny", "big", "huge") if word in SIZE_WORDS]
COUNTS = ["two", "three"]
JOINS = ["and", "with", "next to", "meets"]
OPENINGS = ["a story about", "once upon a time there was", "tell me of", "write about", "begin with"]


def article(word):
    return "an" if word[0] in "aeiou" and not word.startswith("uni") else "a"


def spots():
    """Three ways to say each place, as words of a line."""
    return {name: phrases[:3] for name, phrases in PLACES.items() if phrases and name not in ("white", "black", "fire")}


class Lines:
    def __init__(self):
        stored = json.loads((STICKERS / "names.json").read_text())
        pictures = stored["pictures"]
        chosen = [i for i, name in enumerate(pictures) if " " not in name and name not in LEFT_OUT]
        self.things = [pictures[i] for i in chosen]
        place = {picture: thing for thing, picture in enumerate(chosen)}
        nearness = np.zeros((len(chosen), len(chosen)))
        for shared in stored["keywords"].values():
            shared = [place[i] for i in shared if i in place]
            if 2 <= len(shared) <= RARE:
                nearness[np.ix_(shared, shared)] += 1 / len(shared)
        np.fill_diagonal(nearness, 0)
        self.akin = [[int(j) for j in np.argsort(-row, kind="stable")[:AKIN] if row[j] > 0] for row in nearness]
        self.spots = spots()
        self.spot_of = {phrase: name for name, phrases in self.spots.items() for phrase in phrases}
        countable = [thing for thing in self.things if thing not in MANY]
        words = ["", THE_END, "a", "an", *COUNTS, *SIZES, *COLOURS, *JOINS, *self.spot_of, *self.things]
        words += [plural(thing) for thing in countable]
        self.words = list(dict.fromkeys(words))
        self.numbers = {word: i for i, word in enumerate(self.words)}

    def _pick(self, rng, items):
        return items[rng.integers(0, len(items))]

    def _kin(self, rng, thing):
        akin = self.akin[thing]
        return self._pick(rng, akin) if akin and rng.random() < 0.9 else int(rng.integers(0, len(self.things)))

    def _named(self, rng, thing, adjectives=True):
        """A thing with its article, and maybe how big it is or which colour it has."""
        name = self.things[thing]
        before = []
        if adjectives and rng.random() < 0.2:
            before.append(self._pick(rng, SIZES))
        if adjectives and rng.random() < 0.22:
            before.append(self._pick(rng, COLOURS))
        if name in MANY:
            return [*before, name]
        first = (before + [name])[0]
        return [article(first), *before, name]

    def _line(self, rng, subject, companion, spot):
        if companion is None and self.things[subject] not in MANY and rng.random() < 0.2:
            line = [self._pick(rng, COUNTS), plural(self.things[subject])]
        else:
            line = self._named(rng, subject)
        if companion is not None:
            line += [self._pick(rng, JOINS), *self._named(rng, companion, adjectives=False)]
        if spot is not None:
            line.append(self._pick(rng, self.spots[spot]))
        assert len(line) <= MOST_WORDS, line
        return line

    def _cast(self, rng, subject, avoided):
        """A companion for a subject and a spot, each of which may be missing."""
        companion = None
        if rng.random() < 0.5:
            found = self._kin(rng, subject)
            companion = None if found == subject or found in avoided else found
        names = [name for name in self.spots if name not in avoided]
        spot = self._pick(rng, names) if rng.random() < 0.7 else None
        return companion, spot

    def sample(self, rng):
        """`(line before, words of the line after)`; what is before may be anybody's words."""
        subject = int(rng.integers(0, len(self.things)))
        companion, spot = self._cast(rng, subject, ())
        roll = rng.random()
        if roll < 0.06:
            known, before = [], self._pick(rng, ["", "", "anything", "surprise me", "tell me a story", "what next", "zq 7 xw"])
        elif roll < 0.2:
            known, companion, spot = [subject], None, None
            before = f"{self._pick(rng, BEFORE + OPENINGS)} {self.things[subject]}".strip()
        else:
            known = [subject] if companion is None else [subject, companion]
            before = " ".join(self._line(rng, subject, companion, spot))
            if rng.random() < 0.15:
                before = f"{self._pick(rng, OPENINGS)} {before}"
        if rng.random() < 0.12:
            return before, [THE_END]
        roll = rng.random()
        if not known:
            after = int(rng.integers(0, len(self.things)))
        elif roll < 0.6 or len(known) == 1 and roll < 0.75:
            after = known[0]
        elif roll < 0.85 and len(known) == 2:
            after = known[1]
        else:
            after = self._kin(rng, known[0])
        following, elsewhere = self._cast(rng, after, [*known, spot])
        return before, self._line(rng, after, following, elsewhere)
