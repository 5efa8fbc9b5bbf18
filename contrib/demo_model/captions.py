"""What people might say of a drawn picture, and of which pictures it is true."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from contrib.sample_library.scene import Scene
from contrib.sample_library.skies import DAY, DUSK, MORNING, NIGHT, OVERCAST, SUNSET

BEGINNINGS: Final = ("", "", "", "a photo of ", "photo of ", "a picture of ", "photos of ", "my ")
LIGHTS: Final = frozenset(light.name for light in (DAY, MORNING, SUNSET, DUSK, NIGHT, OVERCAST))
OTHER_WORDS: Final = MappingProxyType(
    {
        "animal": ("animals", "pet"),
        "autumn": ("fall", "autumnal"),
        "beach": ("beaches", "the beach", "seaside"),
        "bird": ("birds",),
        "boat": ("boats", "sailboat", "sailing boat", "ship"),
        "boats": ("boat", "ships"),
        "bride": ("the bride",),
        "cake": ("cakes", "birthday cake"),
        "camping": ("tent",),
        "car": ("cars", "a car", "automobile"),
        "cat": ("cats", "a cat", "kitten"),
        "child": ("kid", "children"),
        "christmas": ("xmas", "Christmas"),
        "city": ("town", "the city"),
        "day": ("by day", "on a sunny day"),
        "desert": ("deserts",),
        "document": ("documents", "paper", "text"),
        "dog": ("dogs", "a dog", "puppy"),
        "dusk": ("at dusk", "evening", "twilight"),
        "dunes": ("sand dunes",),
        "face": ("faces",),
        "family": ("families", "my family"),
        "fire": ("flames",),
        "fireworks": ("firework",),
        "flower": ("flowers", "a flower", "blossom"),
        "flowers": ("flower", "blossoms"),
        "food": ("meal", "dish", "something to eat"),
        "forest": ("woods", "a forest", "wood"),
        "hiking": ("hike", "hikers", "trekking"),
        "hills": ("hill",),
        "houses": ("house", "buildings"),
        "lighthouse": ("lighthouses",),
        "morning": ("in the morning",),
        "mountains": ("mountain", "the mountains"),
        "night": ("at night", "by night", "dark"),
        "overcast": ("cloudy", "grey sky"),
        "people": ("persons", "group of people"),
        "person": ("somebody",),
        "pumpkins": ("pumpkin",),
        "screenshot": ("screen", "screenshots"),
        "sea": ("ocean", "the sea", "water"),
        "snow": ("snowy", "in the snow"),
        "stars": ("star", "starry"),
        "street": ("streets", "road in a town"),
        "summer": ("summertime",),
        "sunset": ("at sunset", "sundown", "sunsets", "setting sun"),
        "tree": ("trees",),
        "trees": ("tree",),
        "tower": ("towers",),
        "train": ("trains", "railway"),
        "waterfall": ("waterfalls",),
        "wedding": ("marriage", "weddings"),
        "winter": ("wintry",),
    }
)
"""What else people say for a word of the scenes."""


@dataclasses.dataclass(frozen=True, slots=True)
class Caption:
    """A text, and what it claims: it is true of a picture that all its claims are true of."""

    text: str
    claims: frozenset[str]


def truths_of(scene: Scene, traits: Sequence[str]) -> frozenset[str]:
    """All that may be claimed of a picture of that scene with those traits."""
    parts = {word for trait in traits for word in trait.split()}
    return frozenset({_itself(scene), *scene.words, *traits, *parts})


def caption_of(rng: random.Random, scene: Scene, traits: Sequence[str]) -> Caption:
    """Something true of a picture, as a person might put it: a sentence, a few words, the light."""
    itself = frozenset({_itself(scene)})
    lights = [trait for trait in traits if trait in LIGHTS]
    things = [trait for trait in traits if trait not in LIGHTS]
    way = rng.random()
    if way < 0.15:
        text, claims = rng.choice(scene.captions), itself
    elif way < 0.3:
        text, claims = _begun(rng, scene.name), itself
    elif things and way < 0.5:
        thing = rng.choice(things)
        text, claims = _begun(rng, thing), frozenset({thing})
    elif lights and way < 0.75:
        word, light = rng.choice((scene.name, scene.words[0], scene.words[0], rng.choice(scene.words))), lights[0]
        text = _begun(rng, f"{_otherwise(rng, word)} {_otherwise(rng, light)}")
        claims = frozenset({_itself(scene) if word == scene.name else word, light})
    else:
        words = rng.sample(scene.words, min(len(scene.words), rng.choice((1, 1, 2, 2, 3))))
        text, claims = _begun(rng, " ".join(_otherwise(rng, word) for word in words)), frozenset(words)
    return Caption(text, claims)


def _itself(scene: Scene) -> str:
    """The claim that a picture is of that very scene; a name that is a word of other scenes, too, claims no more."""
    return scene.name if scene.name in scene.words else f"the scene {scene.name}"


def _begun(rng: random.Random, text: str) -> str:
    return rng.choice(BEGINNINGS) + text


def _otherwise(rng: random.Random, word: str) -> str:
    return rng.choice((word, word, *OTHER_WORDS.get(word, ())))
