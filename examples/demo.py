"""The demo pair: content, style and result side by side, and how the cost fell."""

from pathlib import Path

import impasto
from impasto.stylization.drawing import plot_costs, sheet

IMAGES = Path(__file__).parents[1] / "docs" / "images"

*_, step = impasto.stylize_steps("neuschwanstein_castle", "starry_night", size=512)
inputs = step.problem.inputs
pictures = [inputs.content, inputs.styles[0].signal, step.signal]
sheet(pictures, height=340).save(IMAGES / "demo.jpg", quality=88)
plot_costs(step.records, IMAGES / "costs.png")
