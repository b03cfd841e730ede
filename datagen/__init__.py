"""Made-up input for both pipelines, the same for the same seed, with the truth about it computed beside it."""

from datagen.mrhealth import Shape, generate_mrhealth
from datagen.text import TextTruth, generate_text

__all__ = ["Shape", "TextTruth", "generate_mrhealth", "generate_text"]
