# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What every provenance says in the same words, whatever the original holds, so that it gives nothing away."""

from __future__ import annotations

import json
import re

from mmskanon.datasets.schema import STOCK_KEYS
from mmskanon.skeletons.placement import PLACEMENTS

from .fields import ANONYMIZED, DROPPED, KEPT, PSEUDONYM

FORMAT = 'mmskanon-release/1'
"""str: Value of the key ``format``; it changes when the meaning of a key does."""

DONE, NOBODY, FAULTY = 'anonymized', 'left out: shows nobody', 'left out: faulty'
"""What became of a recording."""

RAW_FATES = (('joints', ANONYMIZED), ('all other fields', DROPPED), ('file name', PSEUDONYM))
"""tuple: What becomes of a raw recording in a release."""

KEY_OF_OWNER, KEY_GONE = 'HMAC-SHA256, key of the owner', 'HMAC-SHA256, key thrown away'
"""Who can go back from pseudonyms."""

SEEDED, FRESH = 'seeded', 'fresh'
"""Where draws come from."""

KNOWN_KEYS = STOCK_KEYS | frozenset(
    'subject camera setup replication trial gender age age_group img_shape original_shape'.split()
)
"""frozenset[str]: Keys of samples whose fate is told by name; others are counted together, since a key can be anything."""

SCHEMA = frozenset(
    'format date software anonymizer config checkpoint released options counts samples audit '
    'mmskanon mmaction2 mmengine torch numpy name sha256 file files placement frames shuffled keep pseudonyms draws keys other_keys_dropped '
    'method budget verdict claim sentence gates strongest tier attacker rank1 chance lowest_eer action action_retrained bone_deviation tm'.split()
)
"""frozenset[str]: Keys of the document."""

_OWN = SCHEMA.union(
    KNOWN_KEYS,
    PLACEMENTS,
    (key for key, _ in RAW_FATES),
    {FORMAT, DONE, NOBODY, FAULTY, ANONYMIZED, DROPPED, KEPT, PSEUDONYM, 'in split'},
    {KEY_OF_OWNER, KEY_GONE, SEEDED, FRESH},
)
_NO_FILE = re.compile(r'no file \d+')
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def no_file(number: int) -> str:
    """How a provenance calls a raw recording that was left out."""
    return f'no file {number}'


def is_own(text: str) -> bool:
    """Whether a whole text of a provenance is one that would stand there for any original."""
    return text in _OWN or _NO_FILE.fullmatch(text) is not None


def without_own(text: str) -> str:
    """The JSON of a provenance with every string that is our own emptied."""
    return _STRING.sub(
        lambda match: '""' if is_own(json.loads(match[0], strict=False)) else match[0], text
    )
