"""Made-up input for every pipeline, the same for the same seed, with the truth about it computed beside it."""

from datagen.cards import CardShape, CardTruth, generate_cards
from datagen.covid import Epidemic, generate_covid
from datagen.mrhealth import Shape, generate_mrhealth
from datagen.seasons import Seasons, generate_seasons
from datagen.text import TextTruth, generate_text

__all__ = [
    "CardShape",
    "CardTruth",
    "Epidemic",
    "Seasons",
    "Shape",
    "TextTruth",
    "generate_cards",
    "generate_covid",
    "generate_mrhealth",
    "generate_seasons",
    "generate_text",
]
