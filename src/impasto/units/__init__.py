"""The microscope: what hidden units look for. One function for each algorithm."""

from impasto.units.atlas import Atlas as Atlas
from impasto.units.atlas import LayerPatches as LayerPatches
from impasto.units.atlas import Patch as Patch
from impasto.units.excited import Excited as Excited
from impasto.units.excited import excited as excited
from impasto.units.maximization import maximize as maximize
from impasto.units.occlusion import Occlusion as Occlusion
from impasto.units.occlusion import occlude as occlude
from impasto.units.patches import top_patches as top_patches
from impasto.units.projection import project as project
from impasto.units.receptive import Field as Field
from impasto.units.receptive import receptive_fields as receptive_fields
from impasto.units.recipe import Progress as Progress
from impasto.units.recipe import survey as survey
from impasto.units.textures import synthesize as synthesize
