# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Run the UTD-MHAD experiments over several seeds and print the README's results table.

Needs the converted data (tools/data/utd_mhad.py) at data/utd_mhad/utd_mhad.pkl. Steps whose result exists are not run again, so
an interrupted run continues. Two independent attackers (another seed, another architecture) are trained once; recognizer,
adversary and anonymizers are trained for every seed::

    python benchmarks/utd_mhad.py --seeds 0 1 2 --jobs 2 --amp

Some rows for another network in the place of ST-GCN::

    python benchmarks/utd_mhad.py --net shiftgcn --rows original 'ResNet, able to subtract' autoencoder UNet --jobs 2 --amp

Loss weights of the UNet were chosen among a few without the test clips: everything trained on trial 1, read on trial 2::

    python benchmarks/utd_mhad.py --select --seeds 0 --jobs 2 --amp
"""

import argparse
import json
import os
import platform
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mmskanon.io import atomic_pickle, load_annotations
from mmskanon.utils import run_step, run_tool

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / 'configs' / 'utd_mhad'
SUFFIX = 'utd-mhad-trial-kinect20.py'
ROWS = {
    'original': 'baseline_identity_{net}',
    'Gaussian noise, 5 cm': 'baseline_noise-0.05_{net}',
    'ResNet, as published': 'adversarial_resnet-published_{net}_1xb8-20e',
    'ResNet, able to subtract': 'adversarial_resnet_{net}_1xb8-20e',
    'autoencoder': 'adversarial_autoencoder_{net}_1xb8-20e',
    'UNet, released settings': 'adversarial_unet-published_{net}_1xb8-20e',
    'UNet': 'adversarial_unet_{net}_1xb8-20e',
}
WARM_STARTS = {'UNet': 'unet', 'autoencoder': 'autoencoder'}
GRID = {
    f'UNet, alpha {alpha}, beta {beta}': dict(privacy=alpha, reconstruction=beta)
    for alpha in (1, 3)
    for beta in (10, 30, 100, 300)
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

    def __init__(self, work: Path, amp: bool, threads: int, data: Path | None = None) -> None:
        self.work, self.amp = work, ['--amp'] if amp else []
        loaders = ('train', 'val', 'test')
        self.data = [f'{k}_dataloader.dataset.ann_file={data}' for k in loaders] if data else []
        self.env = dict(os.environ, OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))

    def call(self, name: str, done: Path, tool: str, *args: str) -> None:
        """Run a tool unless its result exists."""
        log = self.work / f'{name}.log'
        try:
            seconds = run_step(
                name, done, log, ROOT / 'tools' / tool, *args, cwd=ROOT, env=self.env
            )
        except ChildProcessError:
            if 'the model has diverged' not in log.read_text():
                raise
            done.write_text('{}')  # a result too: the table says so
            print(f'{name}: diverged', flush=True)
            return
        if seconds is not None:
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
            *self.amp,
            *(['--cfg-options', *self.data] if self.data else []),
        ]
        self.call(name, checkpoint, 'train.py', *args)
        return checkpoint

    def row(self, seed: int, net: str, title: str, recipe: str, options: list[str]) -> Path:
        """Train the anonymizer of a row if it has one, then test it; returns the file of its metrics."""
        config = CONFIGS / f'{recipe.format(net=net)}_{SUFFIX}'
        name = f'seed{seed}/{net}/{title.lower().replace(",", "").replace(" ", "_")}'
        checkpoint, metrics = 'none', self.work / f'{name}.json'
        options = ['--cfg-options', *options, *self.data]
        if 'adversarial' in recipe:
            checkpoint = self.work / name / 'epoch_20.pth'
            args = ['--work-dir', self.work / name, '--seed', seed, '--no-validate', *self.amp]
            self.call(f'{name}_train', checkpoint, 'train.py', config, *args, *options)
        args = [config, checkpoint, '--work-dir', self.work / f'{name}_test', '--metrics', metrics]
        self.call(f'{name}_test', metrics, 'test.py', *args, *options)
        return metrics

    def seed(self, seed: int, net: str, rows: list[str], attackers: list[str]) -> dict[str, Path]:
        """All steps of one seed: rows of the table, or settings to choose from."""
        trained = {
            party: self.pretrain(f'seed{seed}/{net}/{party}', f'{party}_{net}_1xb16-30e', seed)
            for party in ('action', 'subject')
        }
        parties = [
            f'model.recognizer.checkpoint={trained["action"]}',
            f'model.adversary.members.subject.checkpoint={trained["subject"]}',
            *attackers,
        ]
        results = {}
        for title in rows:
            start = WARM_STARTS.get('UNet' if title in GRID else title)
            warm = []
            if start:
                recipe = f'pretrain_{start}_1xb16-10e'
                checkpoint = self.pretrain(f'seed{seed}/{start}', recipe, seed)
                warm = [f'model.anonymizer_checkpoint={checkpoint}']
            weights = [f'model.losses.{k}.weight={w}' for k, w in GRID.get(title, {}).items()]
            recipe = ROWS['UNet' if title in GRID else title]
            results[title] = self.row(seed, net, title, recipe, [*parties, *warm, *weights])
        return results


def trials_for_selection(source: Path, target: Path) -> Path:
    """Write the first two trials alone: trial 1 under the name of the training split, trial 2 under that of the test split."""
    data = load_annotations(source)
    kept = [a for a in data['annotations'] if a['trial'] in (1, 2)]
    names = {t: [a['frame_dir'] for a in kept if a['trial'] == t] for t in (1, 2)}
    target.parent.mkdir(parents=True, exist_ok=True)
    split = dict(train=names[1], test=names[2])
    atomic_pickle(dict(split=split, annotations=kept), target, overwrite=True)
    return target


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--net', default='stgcn', help='recognizer and adversary (default: stgcn)')
    parser.add_argument('--rows', nargs='+', choices=ROWS, default=list(ROWS), metavar='ROW')
    parser.add_argument('--work-dir', type=Path, default=ROOT / 'work_dirs' / 'utd_mhad')
    parser.add_argument('--jobs', type=int, default=1, help='seeds trained at the same time')
    parser.add_argument('--threads', type=int, default=1, help='torch threads of each job')
    parser.add_argument('--amp', action='store_true', help='train with --amp')
    parser.add_argument('--select', action='store_true', help='compare settings on trials 1 and 2')
    args = parser.parse_args()
    work, data = args.work_dir.resolve(), None
    if args.select:
        work = work / 'select'
        data = trials_for_selection(ROOT / 'data/utd_mhad/utd_mhad.pkl', work / 'trials_1_2.pkl')
    chain = Chain(work, args.amp, args.threads, data)
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
        rows = list(GRID) if args.select else args.rows
        results = list(
            pool.map(lambda seed: chain.seed(seed, args.net, rows, attackers), args.seeds)
        )
    print_table(results, args)


def print_table(results: list[dict[str, Path]], args: argparse.Namespace) -> None:
    """Mean and range over seeds as a Markdown table."""
    print(
        f'\n{platform.platform()}, {os.cpu_count()} CPUs, {args.net}, seeds {args.seeds}, {time.strftime("%Y-%m-%d")}\n'
    )
    print('| | ' + ' | '.join(title for title, _, _ in COLUMNS.values()) + ' |')
    print('|---' * (len(COLUMNS) + 1) + '|')
    for row in results[0]:
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
    run_tool(main)
