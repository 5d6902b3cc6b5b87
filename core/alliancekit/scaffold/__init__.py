"""New distributions: a plugin or an adapter from a template, or as a copy of one that AllianceKit brings.

names      which names are free, and what to suggest instead of one that is not
templates  what each kind of plugin starts with
copies     a package of AllianceKit under another name
fresh      all files of a new distribution
write      all of them at once, or none
"""

from __future__ import annotations

from alliancekit.scaffold.copies import Original
from alliancekit.scaffold.fresh import KINDS, Blueprint, Kind, source_of
from alliancekit.scaffold.names import Names, free_name
from alliancekit.scaffold.write import write

__all__ = ["KINDS", "Blueprint", "Kind", "Names", "Original", "free_name", "source_of", "write"]
