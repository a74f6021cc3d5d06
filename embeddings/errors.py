"""What this floor refuses: each says what was found, what was expected, what to do."""

from __future__ import annotations


class EncoderError(Exception):
    """One sentence made of three parts, each kept as a field.

    Args:
        found: what was met, with the offending value.
        expected: what would have been right.
        cure: what the user can do now.
    """

    def __init__(self, found: str, expected: str, cure: str) -> None:
        super().__init__(found, expected, cure)
        self.found, self.expected, self.cure = found, expected, cure

    def __str__(self) -> str:
        return f"{self.found}; expected {self.expected}; {self.cure}."


class ModelNotFound(EncoderError):
    """No model can be loaded from the folder or by the name given."""


class DeviceMissing(EncoderError):
    """Torch cannot compute where it was told to."""


class DimensionTooLarge(EncoderError):
    """More columns are asked for than the model has."""


class TooFewTexts(EncoderError):
    """The corpus has too few texts to learn from."""
