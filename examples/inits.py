"""Where G begins: white noise, the content, the style."""

from pathlib import Path

import impasto
from impasto.stylization.drawing import sheet

IMAGES = Path(__file__).parents[1] / "docs" / "images"

results = {
    init: impasto.stylize("horses", "church_at_auvers", size=320, init=init).signal
    for init in ("noise", "content", "style")
}
sheet(results, height=220).save(IMAGES / "inits.jpg", quality=86)
