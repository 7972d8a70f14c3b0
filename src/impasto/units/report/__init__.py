"""The report: a page to browse, a montage a layer, a table; for the signals of any medium."""

from impasto.units.report.cells import Cells
from impasto.units.report.folder import check_report_folder
from impasto.units.report.pictures import Pictures
from impasto.units.report.show import draw_unit
from impasto.units.report.table import read_table
from impasto.units.report.writing import write_report

__all__ = [
    "Cells",
    "Pictures",
    "check_report_folder",
    "draw_unit",
    "read_table",
    "write_report",
]
