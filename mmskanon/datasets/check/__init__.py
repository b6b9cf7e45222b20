# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Check annotations and return every problem found; raising is the caller's choice."""

from .annotations import check_annotations
from .attributes import IMBALANCE_RATIO, check_attributes, check_train_test
from .facts import AnnotationFacts
from .numbers import check_numbers
from .problems import Problem, raise_errors
from .samples import check_samples
from .structure import check_structure

__all__ = [
    'IMBALANCE_RATIO',
    'AnnotationFacts',
    'Problem',
    'check_annotations',
    'check_attributes',
    'check_numbers',
    'check_samples',
    'check_structure',
    'check_train_test',
    'raise_errors',
]
