"""Films: read frame by frame as upright pictures, and written back at their times, with sound."""

from impasto.media.video.reading import INPUT_SUFFIXES, Film, Frame, HeldFilm, read, read_note
from impasto.media.video.writing import OUTPUT_SUFFIXES, check_output, write, write_frames

__all__ = [
    "INPUT_SUFFIXES",
    "OUTPUT_SUFFIXES",
    "Film",
    "Frame",
    "HeldFilm",
    "check_output",
    "read",
    "read_note",
    "write",
    "write_frames",
]
