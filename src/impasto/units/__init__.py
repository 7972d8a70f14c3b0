"""The microscope: what hidden units look for."""
