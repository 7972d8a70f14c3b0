"""Frozen networks that turn signals into features."""

from impasto.encoders.catalog import load_encoder as load_encoder
from impasto.encoders.encoder import Chain as Chain
from impasto.encoders.encoder import Encoder as Encoder
from impasto.encoders.encoder import Layer as Layer
from impasto.encoders.front_end import Normalize as Normalize
from impasto.encoders.random import random_encoder as random_encoder
from impasto.encoders.selection import select_layers as select_layers
from impasto.encoders.wrapped import Wrapped as Wrapped
