# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The privacy audit: what attackers that adapt still read from anonymized skeletons, judged from files alone."""
