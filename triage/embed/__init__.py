"""Text to unit vectors: the `Encoder` protocol, our own fast encoder and the careful one."""

from __future__ import annotations

from triage.embed.encoder import BATCH, Encoder, encode_all, file_digest, text_hash
from triage.embed.sentence import DEFAULT_MODEL, MAX_TOKENS, SentenceEncoder
from triage.embed.static import BUNDLED, StaticEncoder

__all__ = [
    "BATCH",
    "BUNDLED",
    "DEFAULT_MODEL",
    "MAX_TOKENS",
    "Encoder",
    "SentenceEncoder",
    "StaticEncoder",
    "encode_all",
    "file_digest",
    "text_hash",
]
