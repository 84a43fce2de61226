"""A Cog model for the tests: what it returns follows from its input alone."""

import os
import tempfile
import time
from typing import Optional

from cog import BasePredictor, Input, Path


class Predictor(BasePredictor):
    def predict(
        self,
        prompt: str = Input(description="what to say"),
        steps: int = Input(default=20, ge=1, le=50),
        seed: int = Input(default=0),
        image: Optional[Path] = Input(default=None),
    ) -> Path:
        if prompt == "fail":
            raise ValueError("the model fails because it was asked to")
        if prompt == "die":
            os._exit(7)
        if prompt == "sleep":
            time.sleep(3600)
        said = f"{prompt} {steps} {seed}".encode()
        if image is not None:
            with open(image, "rb") as file:
                said += b" " + file.read()
        folder = tempfile.mkdtemp()
        path = os.path.join(folder, "out.bin")
        with open(path, "wb") as file:
            file.write(said)
        return Path(path)
