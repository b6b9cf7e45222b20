# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The whole chain on generated skeletons: data, recognizer, privacy classifiers, anonymizer, test, export, picture.

Ends in a table of what is read from original and from anonymized clips. Finished steps are not repeated: run it again after an
interruption and it continues; use another --work-dir, or --overwrite, to start anew or with another --seed.
"""

import argparse
import json
import shutil
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from mmskanon.io import atomic_write_bytes
from mmskanon.utils import run_step, run_tool

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / 'configs' / 'synthetic'


class Chain:
    """Steps that are calls of the shipped tools; what a tool prints goes to a log file."""

    def __init__(self, work: Path, fast: bool) -> None:
        self.work, self.fast, self.start = work, fast, time.time()

    def config(self, pattern: str) -> Path:
        """The one config whose name starts so."""
        (path,) = CONFIGS.glob(f'{pattern}*.py')
        return path

    def run(self, title: str, result: Path, tool: str, *args: object) -> None:
        """Run a tool unless its result is there.

        Raises:
            ChildProcessError: If the tool fails.
        """
        if result.exists():
            print(f'{title}: there already', flush=True)
            return
        log = self.work / 'logs' / f'{result.parent.name}_{result.stem}.log'
        print(f'{title} ...', end=' ', flush=True)
        seconds = run_step(title, result, log, ROOT / 'tools' / tool, *args, cwd=ROOT)
        print(f'{seconds:.0f} s', flush=True)

    def data_options(self, data: Path) -> list[str]:
        """Overrides that point every data loader of a config to the generated file."""
        return [f'{part}_dataloader.dataset.ann_file={data}' for part in ('train', 'val', 'test')]

    def train(
        self, title: str, name: str, pattern: str, data: Path, seed: int, *options: str
    ) -> Path:
        """Train with a shipped config; returns the checkpoint of the last epoch."""
        config = self.config(pattern)
        epochs = next(
            int(word[:-1])
            for part in config.name.split('_')
            for word in part.split('-')
            if word[:-1].isdigit() and word.endswith('e')
        )
        options = [*self.data_options(data), *options]
        if self.fast:
            epochs = 1
            options += ['train_cfg.max_epochs=1', 'default_hooks.checkpoint.interval=1']
        checkpoint = self.work / name / f'epoch_{epochs}.pth'
        args = [config, '--work-dir', self.work / name, '--seed', seed, '--no-validate']
        self.run(title, checkpoint, 'train.py', *args, '--cfg-options', *options)
        return checkpoint

    def test(
        self, title: str, name: str, pattern: str, checkpoint: object, data: Path, *options: str
    ) -> dict:
        """Test with a shipped config; returns the metrics."""
        metrics = self.work / f'{name}.json'
        args = [
            self.config(pattern),
            checkpoint,
            '--work-dir',
            self.work / f'{name}_test',
            '--metrics',
            metrics,
        ]
        self.run(
            title, metrics, 'test.py', *args, '--cfg-options', *self.data_options(data), *options
        )
        return json.loads(metrics.read_text())


def prepare(work: Path, settings: dict, overwrite: bool) -> None:
    """Keep the settings of a demo in its folder, WORK/demo.json, or hold them against those of the runs before.

    Args:
        work (Path): The folder.
        settings (dict): What the results depend on.
        overwrite (bool): Delete the folder first, if it is that of a demo.

    Raises:
        ValueError: If the folder has results of other settings.
        FileExistsError: If it is to be deleted, and holds something else.
    """
    path = work / 'demo.json'
    if overwrite and work.exists():
        if any(work.iterdir()) and not path.exists():
            raise FileExistsError(
                f'{work} is not deleted: it has no demo.json, so it may hold other things than a demo; give another --work-dir'
            )
        shutil.rmtree(work)
    if (work / 'synthetic.pkl').exists() or path.exists():
        known = json.loads(path.read_text()) if path.exists() else {}
        other = [k for k in settings if known.get(k) != settings[k]]
        if other:
            raise ValueError(
                f'the results in {work} were made with another {" and ".join(other)}; give another --work-dir, or --overwrite'
            )
    atomic_write_bytes(json.dumps(settings).encode(), path, overwrite=True)


def print_table(original: dict, anonymized: dict) -> None:
    """What is read from the clips before and after."""
    table = Table(title='Synthetic skeletons: read from the test clips')
    for column in ('', 'original', 'anonymized', 'chance'):
        table.add_column(column, justify='left' if not column else 'right')
    chance = {
        'action': original['action/chance'],
        'subject': original['privacy/adversary.subject/chance'],
    }
    rows = {
        'action, frozen recognizer': ('action/top1', 'action'),
        're-identification, training adversary': ('privacy/adversary.subject/top1', 'subject'),
        're-identification, independent fixed attacker': (
            'privacy/attacker.other_seed/top1',
            'subject',
        ),
    }
    for title, (key, kind) in rows.items():
        table.add_row(
            title, f'{original[key]:.1%}', f'{anonymized[key]:.1%}', f'{chance[kind]:.1%}'
        )
    table.add_row(
        'mean joint displacement (MPJPE)', '0 mm', f'{anonymized["fidelity/mpjpe_mm"]:.0f} mm', ''
    )
    table.add_row(
        'mean bone-length deviation', '0.0%', f'{anonymized["fidelity/bone_deviation"]:.1%}', ''
    )
    Console().print(table)


def main() -> None:
    """Run the chain."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--work-dir', type=Path, default=ROOT / 'work_dirs' / 'demo', help='default work_dirs/demo'
    )
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--fast', action='store_true', help='one epoch a step, to see that everything runs'
    )
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='delete the work folder first, if it is that of a demo',
    )
    args = parser.parse_args()
    work = args.work_dir.resolve()
    prepare(work, dict(seed=args.seed, fast=args.fast), args.overwrite)
    chain, seed = Chain(work, args.fast), args.seed
    data = work / 'synthetic.pkl'
    size = ['--trials', 2 if args.fast else 6, '--seed', seed]
    chain.run('generating skeletons', data, 'data/synthetic.py', data, *size)
    action = chain.train('training the action recognizer', 'action', 'action_', data, seed)
    subject = chain.train(
        'training the re-identification adversary', 'subject', 'subject_', data, seed
    )
    attacker = chain.train(
        'training an independent attacker', 'attacker', 'subject_', data, seed + 1000
    )
    parties = [
        f'model.recognizer.checkpoint={action}',
        f'model.adversary.members.subject.checkpoint={subject}',
        f'model.attackers.other_seed.checkpoint={attacker}',
    ]
    unet = chain.train(
        'training the UNet anonymizer', 'unet', 'adversarial_unet_', data, seed, *parties
    )
    original = chain.test(
        'testing the original clips', 'original', 'baseline_identity_', 'none', data, *parties
    )
    anonymized = chain.test(
        'testing the anonymized clips', 'anonymized', 'adversarial_unet_', unet, data, *parties
    )
    released, picture = work / 'anonymized.pkl', work / 'before_after.png'
    chain.run(
        'anonymizing the data set',
        released,
        'anonymize.py',
        chain.config('adversarial_unet_'),
        unet,
        data,
        released,
    )
    chain.run(
        'drawing a clip before and after',
        picture,
        'visualize.py',
        data,
        released,
        picture,
        '--sample',
        0,
    )
    print_table(original, anonymized)
    print(
        f'picture: {picture}\nanonymized data set: {released}\nwhole chain: {time.time() - chain.start:.0f} s'
    )
    print(
        'The attackers are fixed: one that is trained on anonymized clips may still name the subjects.'
    )


if __name__ == '__main__':
    run_tool(main)
