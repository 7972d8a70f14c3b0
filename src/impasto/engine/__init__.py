"""How a signal is made: canvas, evaluators, optimisers, levels and the run."""
