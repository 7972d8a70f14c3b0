"""Every setting with its default, its limits and its help, in one place."""

from impasto.settings.base import Setting as Setting
from impasto.settings.base import Settings as Settings
from impasto.settings.base import check_weight as check_weight
from impasto.settings.base import option as option
from impasto.settings.common import CommonSettings as CommonSettings
from impasto.settings.parsing import parse_bytes as parse_bytes
from impasto.settings.parsing import parse_layers as parse_layers
from impasto.settings.stylize import Colors as Colors
from impasto.settings.stylize import LayerWeights as LayerWeights
from impasto.settings.stylize import ObjectiveName as ObjectiveName
from impasto.settings.stylize import StylizeSettings as StylizeSettings
from impasto.settings.train import TrainSettings as TrainSettings
from impasto.settings.units import UnitsSettings as UnitsSettings
