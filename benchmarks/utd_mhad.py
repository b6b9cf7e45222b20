# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Run the UTD-MHAD experiments over several seeds and print the README's results table.

Needs the converted data (tools/data/utd_mhad.py) at data/utd_mhad/utd_mhad.pkl. Steps whose result exists are not run again, so
an interrupted run continues. Two independent attackers (another seed, another architecture) are trained once; recognizer,
adversary and anonymizers are trained for every seed::

    python benchmarks/utd_mhad.py --seeds 0 1 2 --jobs 2 --amp
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / 'configs' / 'utd_mhad'
SUFFIX = 'utd-mhad-trial-kinect20.py'
ROWS = {
    'original': f'baseline_identity_stgcn_{SUFFIX}',
    'Gaussian noise, 5 cm': f'baseline_noise_stgcn_{SUFFIX}',
    'ResNet, as published': f'adversarial_resnet-published_stgcn_1xb8-20e_{SUFFIX}',
    'ResNet, able to subtract': f'adversarial_resnet_stgcn_1xb8-20e_{SUFFIX}',
    'UNet': f'adversarial_unet_stgcn_1xb8-20e_{SUFFIX}',
}
COLUMNS = {
    'action/top1': ('action', 100, '%'),
    'privacy/adversary.subject/top1': ('re-ID, adversary', 100, '%'),
    'privacy/attacker.other_seed/top1': ('re-ID, other seed', 100, '%'),
    'privacy/attacker.other_architecture/top1': ('re-ID, other architecture', 100, '%'),
    'fidelity/mpjpe_mm': ('MPJPE mm', 1, ''),
    'fidelity/bone_deviation': ('bone deviation', 100, '%'),
}


class Chain:
    """The steps of the experiment, each a call of a tool with its output in a log file."""

    def __init__(self, work: Path, amp: bool, threads: int) -> None:
        self.work, self.amp = work, ['--amp'] if amp else []
        self.env = dict(os.environ, OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))

    def call(self, name: str, done: Path, tool: str, *args: str) -> None:
        """Run a tool unless its result exists."""
        if done.exists():
            return
        log = self.work / f'{name}.log'
        log.parent.mkdir(parents=True, exist_ok=True)
        start = time.time()
        command = [sys.executable, str(ROOT / 'tools' / tool), *map(str, args)]
        with open(log, 'w') as out:
            status = subprocess.run(
                command, env=self.env, stdout=out, stderr=out, cwd=ROOT
            ).returncode
        if status and 'the model has diverged' in log.read_text():
            done.write_text('{}')  # a result too: the table says so
        elif status:
            raise SystemExit(f'{name} failed, see {log}')
        seconds = time.time() - start
        (self.work / f'{name}.seconds').write_text(f'{seconds:.0f}\n')
        print(f'{name}: {seconds:.0f} s', flush=True)

    def pretrain(self, name: str, config: str, seed: int) -> Path:
        """Train a party by itself; returns its checkpoint."""
        checkpoint = self.work / name / f'epoch_{config.rsplit("-", 1)[1][:-1]}.pth'
        args = [
            CONFIGS / f'{config}_{SUFFIX}',
            '--work-dir',
            self.work / name,
            '--seed',
            seed,
            '--no-validate',
        ]
        self.call(name, checkpoint, 'train.py', *args, *self.amp)
        return checkpoint

    def row(self, seed: int, row: str, parties: list[str]) -> Path:
        """Train the anonymizer of a row if it has one, then test it; returns the file of its metrics."""
        config, name = CONFIGS / ROWS[row], f'seed{seed}/{ROWS[row].split("_stgcn")[0]}'
        checkpoint, metrics = 'none', self.work / f'{name}.json'
        if 'adversarial' in name:
            checkpoint = self.work / name / 'epoch_20.pth'
            args = [
                config,
                '--work-dir',
                self.work / name,
                '--seed',
                seed,
                '--no-validate',
                *self.amp,
            ]
            self.call(f'{name}_train', checkpoint, 'train.py', *args, '--cfg-options', *parties)
        args = [config, checkpoint, '--work-dir', self.work / f'{name}_test', '--metrics', metrics]
        self.call(f'{name}_test', metrics, 'test.py', *args, '--cfg-options', *parties)
        return metrics

    def seed(self, seed: int, attackers: list[str]) -> dict[str, Path]:
        """All steps of one seed."""
        recipes = dict(
            action='action_stgcn_1xb16-30e',
            subject='subject_stgcn_1xb16-30e',
            unet='pretrain_unet_1xb16-10e',
        )
        checkpoints = {
            k: self.pretrain(f'seed{seed}/{k}', recipe, seed) for k, recipe in recipes.items()
        }
        parties = [
            f'model.recognizer.checkpoint={checkpoints["action"]}',
            f'model.adversary.members.subject.checkpoint={checkpoints["subject"]}',
            *attackers,
        ]
        warm = [f'model.anonymizer_checkpoint={checkpoints["unet"]}']
        return {row: self.row(seed, row, parties + warm * (row == 'UNet')) for row in ROWS}


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--work-dir', type=Path, default=ROOT / 'work_dirs' / 'utd_mhad')
    parser.add_argument('--jobs', type=int, default=1, help='seeds trained at the same time')
    parser.add_argument('--threads', type=int, default=1, help='torch threads of each job')
    parser.add_argument('--amp', action='store_true', help='train with --amp')
    args = parser.parse_args()
    chain = Chain(args.work_dir.resolve(), args.amp, args.threads)
    with ThreadPoolExecutor(args.jobs) as pool:
        trained = list(
            pool.map(
                lambda a: chain.pretrain(*a),
                [
                    ('attacker_seed', 'subject_stgcn_1xb16-30e', 100),
                    ('attacker_stgcnpp', 'subject_stgcnpp_1xb16-30e', 0),
                ],
            )
        )
        names = ('other_seed', 'other_architecture')
        attackers = [
            f'model.attackers.{n}.checkpoint={c}' for n, c in zip(names, trained, strict=True)
        ]
        results = list(pool.map(lambda s: chain.seed(s, attackers), args.seeds))
    print_table(results, args)


def print_table(results: list[dict[str, Path]], args: argparse.Namespace) -> None:
    """Mean and range over seeds as a Markdown table."""
    print(
        f'\n{platform.platform()}, {os.cpu_count()} CPUs, seeds {args.seeds}, {time.strftime("%Y-%m-%d")}\n'
    )
    print('| | ' + ' | '.join(title for title, _, _ in COLUMNS.values()) + ' |')
    print('|---' * (len(COLUMNS) + 1) + '|')
    for row in ROWS:
        metrics = [json.loads(result[row].read_text()) for result in results]
        cells = []
        for key, (_, factor, unit) in COLUMNS.items():
            if not all(key in m for m in metrics):
                cells.append('diverges')
                continue
            values = [factor * m[key] for m in metrics]
            mean = sum(values) / len(values)
            cells.append(f'{mean:.1f}{unit} ({min(values):.1f}-{max(values):.1f})')
        print(f'| {row} | ' + ' | '.join(cells) + ' |')


if __name__ == '__main__':
    main()
