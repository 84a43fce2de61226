"""Prompts to train and to examine the text encoder with.

A prompt names one digit among other words, or none. Templates and words are split in
two halves, one for training and one that the trained encoder is examined on.
"""

import string

NAMES = [
    ["zero", "nought", "nil"],
    ["one"],
    ["two"],
    ["three"],
    ["four"],
    ["five"],
    ["six"],
    ["seven"],
    ["eight"],
    ["nine"],
]

# Words that hold the name of a digit without naming one, and numbers above nine.
NEAR_MISSES = """
weight freight height sleigh weighty someone anyone none alone stone tone phone bone money
honey component often canine feminine nineteen fourteen sixteen seventeen eighteen sixty
seventy eighty ninety fortune foursquare fivefold twofold network artwork sixth seventh
eighth ninth fourth threefold opponent oneself onerous evening sevenfold eightfold zeroed
civil pencil evil stencil nilgai
""".split()

WORDS = """
a an the of in on with and by for to from as at my your our please draw paint show make give
me us picture image photo sketch drawing digit number numeral figure handwritten hand written
writing style bold thin big small large tiny black white ink pen pencil paper brush chalk
neat messy clean simple beautiful ugly old new child teacher postman letter envelope cheque
scan page school blackboard note shape like that looks this is it should be some very
really quite just only high quality detailed masterpiece art render generate create produce
want would love see can could you i need using classic modern vintage curly straight slanted
tall short wide round elegant careful quick hasty left right up down light dark soft sharp
centred centered isolated background foreground portrait minimal calligraphy typed printed
""".split()

HELD_OUT_WORDS = """
compose depict sketchy doodle scrawl monochrome lovely curious crayon marker notebook ledger
invoice doctor grandmother wobbly crisp faint tidy sloppy rustic ornate plain ancient fresh
zip code street house door bus sign plate badge medal birthday cake candle clock dial ticket
""".split()

TEMPLATES = [
    "{}", "a {}", "the {}", "a handwritten {}", "draw {}", "draw a {}", "draw the digit {}",
    "the number {}", "number {}", "digit {}", "digit: {}", "please draw a {}", "{} please",
    "handwritten {}", "a picture of a {}", "an image of the number {}", "write {}",
    "show me a {}", "{} in black ink", "a {} on white paper", "make it a {}", "i want a {}",
    "a bold {}", "({})", "\"{}\"", "the figure {}, by hand", "{}!", "{}.", "just {}",
    "the numeral {} written with a pen", "my own hand writing a {}", "a child's {}",
]

HELD_OUT_TEMPLATES = [
    "could you sketch the number {} for me?", "a wobbly {} in crayon", "{}, scanned from a ledger",
    "compose an ornate {}", "house number {}", "a birthday cake with a {} on it",
    "numeral {} (monochrome)", "a faint, tidy {}", "depict: {}", "what does a {} look like",
]


def _case(rng, text):
    kind = rng.integers(0, 8)
    if kind == 0:
        return text.upper()
    if kind == 1:
        return text.title()
    if kind == 2:
        return text.capitalize()
    return text


def _noise_word(rng, words):
    kind = rng.integers(0, 10)
    if kind == 0:
        return "".join(rng.choice(list(string.ascii_lowercase), rng.integers(1, 9)))
    if kind == 1:
        return str(rng.choice(NEAR_MISSES))
    if kind == 2 and rng.integers(0, 4) == 0:
        return str(rng.integers(10, 3000))
    if kind == 3 and rng.integers(0, 8) == 0:
        return "".join(chr(c) for c in rng.integers(0xA1, 0x2FFF, rng.integers(1, 4)))
    return str(rng.choice(words))


def _phrase(rng, words, low, high):
    return [_noise_word(rng, words) for _ in range(rng.integers(low, high))]


def name_of(rng, digit):
    """One way to name `digit`: as a numeral, as a word, as several of them."""
    if rng.integers(0, 3) == 0:
        return str(digit)
    word = str(rng.choice(NAMES[digit])) if rng.integers(0, 4) == 0 else NAMES[digit][0]
    if rng.integers(0, 12) == 0:
        word += "es" if word.endswith("x") or word.endswith("o") else "s"
    return word


def sample(rng, held_out=False):
    """Returns `(text, digit)`; the digit is `None` where the text names none."""
    words = HELD_OUT_WORDS if held_out else WORDS
    kind = rng.integers(0, 20)
    if kind < 3:
        return _case(rng, " ".join(_phrase(rng, words, 0, 8))), None
    digit = int(rng.integers(0, 10))
    if kind < 12:
        templates = HELD_OUT_TEMPLATES if held_out else TEMPLATES
        text = str(rng.choice(templates)).format(name_of(rng, digit))
    else:
        named = name_of(rng, digit)
        mark = str(rng.choice(["", "", "", ",", ".", "!", "?", ":", ";", "'", "\"", ")", "-", "\n"]))
        text = " ".join(_phrase(rng, words, 0, 7) + [named + mark] + _phrase(rng, words, 0, 7))
    return _case(rng, text), digit
