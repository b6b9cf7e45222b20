# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""All predictions of a test, in a file."""

from __future__ import annotations

from mmengine.evaluator import DumpResults
from mmengine.logging import print_log

from mmskanon.io.atomic import atomic_pickle
from mmskanon.registry import METRICS


@METRICS.register_module()
class PredictionDump(DumpResults):
    """Write the predictions of all samples to a pickle, wholly or not at all.

    MMEngine's ``DumpResults`` leaves half a file behind where the disk fills up, and warns that it has no prefix, which it does
    not need. An earlier file of that name is replaced.

    Args:
        out_file_path (str): The file, which ends in ``.pkl`` or ``.pickle``.
        collect_device (str): ``'cpu'`` or ``'gpu'``, where processes exchange results. Defaults to ``'cpu'``.
        collect_dir (str, optional): Folder in which they exchange results on the CPU. Defaults to None, a temporary one.

    Raises:
        ValueError: If the file name has another ending.
        OSError: While evaluating, if the file cannot be written.
    """

    default_prefix = 'predictions'

    def compute_metrics(self, results: list) -> dict:
        """Write the file.

        Args:
            results (list): Predictions of all samples.

        Returns:
            dict: Nothing to report.
        """
        atomic_pickle(results, self.out_file_path, overwrite=True)
        print_log(f'wrote {len(results)} predictions to {self.out_file_path}', logger='current')
        return {}
