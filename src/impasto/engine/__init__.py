"""How a signal is made: canvas, evaluators, optimizers, levels and the run."""
