"""Feed-forward networks: a painting in the blink of an eye, after a training of some hours."""
