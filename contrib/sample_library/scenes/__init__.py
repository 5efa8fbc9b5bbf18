"""All the scenes there are, by name."""

from __future__ import annotations

from contrib.sample_library.scenes import (
    company,
    holidays,
    landscape,
    nature,
    paper,
    screens,
    seaside,
    table,
    town,
    travel,
)

SCENES = {
    scene.name: scene
    for module in (landscape, seaside, town, travel, nature, company, table, holidays, paper, screens)
    for scene in module.SCENES
}
