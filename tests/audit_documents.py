# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Documents of audits that never took place, with scores, samples and displacement that fit them."""

import copy

import numpy as np

from mmskanon.audit.report import FORMAT, TIERS, Example
from mmskanon.skeletons.layouts import get_layout

ATTACKERS = {
    'tcn': dict(family='temporal CNN', counts=True),
    'anthropometrics': dict(family='bone lengths, logistic regression', counts=True),
    'content': dict(family='action label alone', counts=False),
}
# action accuracy of the fixed recognizer; rank-1 of the strongest attacker of each tier in the order of TIERS; MPJPE; verdict
METHODS = {
    'identity': (0.970, (0.99, 0.99, 0.99, 0.99, 0.99, 0.99, 0.99), 0.0, 'leaks'),
    'unet': (0.949, (0.99, 0.126, 0.42, 0.981, 0.991, 0.87, 0.91), 178.0, 'leaks'),
    'k-same': (0.965, (0.99, 0.13, 0.20, 0.35, 0.371, 0.31, 0.22), 75.0, 'leaks'),
}
# Breaks out of HTML, script, SVG, formulas of matplotlib, Markdown, markup of rich and folders, if it can.
HOSTILE = "</script><img src=x onerror=\"document.title='broken'\">$\\bad$ |[red]& '../../up"
SUBJECTS = [str(number) for number in range(1, 9)]


def attacker_figures(rank1: float, values: list[str], verified: bool = True) -> dict:
    """Figures of an attacker, from its rank-1 rate."""
    figures = dict(
        rank1=rank1,
        rank1_interval=[max(rank1 - 0.04, 0.0), min(rank1 + 0.03, 1.0)],
        rank5=min(1.0, rank1 + 0.3) if verified else None,
        balanced=rank1,
        worst_decile=rank1 / 2,
        per_class={value: max(0.0, rank1 - 0.02 * i) for i, value in enumerate(values)},
        train_accuracy=1.0,
        converged=True,
        how='reached 95% training accuracy',
        epochs=40,
        seconds=31.0,
    )
    if verified:
        eer = 0.5 * (1 - rank1)
        figures |= dict(
            eer=eer,
            eer_interval=[eer / 2, min(eer * 1.5, 1)],
            eer_across=min(eer + 0.02, 0.5),
            auc=1 - eer,
            d_sys=rank1 / 2,
            tpr_at_1_percent=rank1 / 3,
        )
        figures['tpr_at_0.1_percent'] = rank1 / 9
    return figures


def _tier(rank1: float, values: list[str], verified: bool) -> dict:
    attackers = {
        'tcn': attacker_figures(rank1, values, verified),
        'anthropometrics': attacker_figures(rank1 * 0.8, values, verified),
        'content': dict(rank1=0.13, rank1_interval=None, converged=None, train_accuracy=None),
    }
    return dict(strongest='tcn', attackers=attackers)


def document(methods: dict = METHODS, sha256: str = 'a1' * 32, budget: str = 'standard') -> dict:
    """A document with two attributes; the gender of the last method was not attacked and much of it is null."""
    values = dict(subject=SUBJECTS, gender=['f', 'm'])
    doc = dict(
        format=FORMAT,
        created='2026-11-27T18:00:00+00:00',
        budget=budget,
        seed=0,
        seconds=812.0,
        command='python tools/audit.py --original a.pkl --anonymized b.pkl',
        software=dict(mmskanon='0.1.0', torch='2.13.0'),
        machine='2 CPUs',
        data=dict(
            original=dict(file='utd_mhad.pkl', sha256=sha256, samples=861),
            layout='kinect_v1',
            num_actions=27,
            attributes={
                name: dict(classes=len(v), values=v, chance=1 / len(v), majority=1 / len(v) + 0.002)
                for name, v in values.items()
            },
            partition=dict(
                kind='closed',
                train=432,
                test=429,
                sentence='Attackers train on trials 1 and 2 and judge trials 3 and 4.',
            ),
            trials=dict(
                subject=dict(
                    matched=dict(pairs=1700, genuine=213, sha256='b2' * 32),
                    across=dict(pairs=1700, genuine=213, sha256='c3' * 32),
                )
            ),
        ),
        attackers=copy.deepcopy(ATTACKERS),
        methods={},
    )
    for i, (name, (action, rates, mpjpe, claim)) in enumerate(methods.items()):
        last = i == len(methods) - 1
        tiers = {tier: _tier(rate, SUBJECTS, True) for tier, rate in zip(TIERS, rates, strict=True)}
        privacy = dict(subject=dict(tiers=tiers))
        if not last:
            gender = {
                tier: _tier(0.5 + rate / 2, values['gender'], False)
                for tier, rate in zip(TIERS, rates, strict=True)
            }
            privacy['gender'] = dict(tiers=gender)
        accuracy = dict(top1=action, mean_class=action - 0.001)
        doc['methods'][name] = dict(
            files=[dict(file=f'{name}.pkl', sha256=f'{i}d' * 32)],
            verdict=dict(claim=claim, sentence=f'Leaks: the adaptive attacker names {rates[4]:.1%} of the clips.'),
            gates=[
                dict(name='control', passed=True, sentence='The control attacker succeeds: 99.1%.'),
                dict(name='noise', passed=None, sentence='Not run at this budget.'),
                dict(name='convergence', passed=not last, sentence='Every attacker that counts was trained to its end.'),
            ],
            privacy=privacy,
            utility=dict(
                fixed=accuracy | dict(drop=0.97 - action),
                retrained=accuracy,
                retrained_on_original=accuracy,
                unseen_architecture=None if last else accuracy,
                unseen_actions=None,
            ),
            fidelity=dict(
                mpjpe_mm=mpjpe, bone_deviation=mpjpe / 500, velocity_ratio=0.93, jerk_ratio=0.8,
                bone_variation_original=0.01, bone_variation=0.02, ghost_frames=0.0, vanished_frames=0.0,
                tm=None if last else 0.7, tm_chance=0.25, rho_sub=0.5, r1=0.4, r1_chance=0.14,
            ),
            groups=None if i else dict(donors=dict(rank1=0.3), others=dict(rank1=0.5)),
        )  # fmt: skip
    return doc


def hostile_document() -> dict:
    """The document whose last method has a hostile name."""
    methods = dict(METHODS)
    methods[HOSTILE] = methods.pop('k-same')
    return document(methods)


def scores(doc: dict):
    """A reader of raw scores whose rates are those of the document; gender has no pairs, ``inversion`` no scores."""

    def read(method: str, attribute: str, tier: str) -> dict | None:
        if tier == 'inversion':
            return None
        results = doc['methods'][method]['privacy'][attribute]['tiers'][tier]
        rank1 = results['attackers'][results['strongest']]['rank1']
        rng = np.random.default_rng(len(method) + len(tier))
        classes = doc['data']['attributes'][attribute]['classes']
        labels = rng.integers(0, classes, 400)
        right = rng.random(400) < rank1
        guess = np.where(right, labels, (labels + rng.integers(1, classes, 400)) % classes)
        arrays = dict(
            names=np.array([f'clip{i}' for i in range(400)]),
            labels=labels,
            log_posterior=np.log(np.eye(classes)[guess] * 0.9 + 0.1 / classes),
        )
        if attribute == 'subject':
            genuine = rng.random(1700) < 0.125
            arrays |= dict(
                pairs=rng.integers(0, 400, (1700, 2)),
                genuine=genuine,
                pair_scores=rng.normal(size=1700) + genuine * 4 * rank1,
            )
        return arrays

    return read


def walking(layout: str = 'kinect_v1', frames: int = 40, persons: int = 1) -> np.ndarray:
    """A body whose limbs swing, shape (M, T, V, C), metres; of two persons the second is absent in the first half."""
    joints = get_layout(layout)
    rng = np.random.default_rng(3)
    pose = rng.normal(scale=0.35, size=(joints.num_joints, 3)) + [0, 0, 3]
    if layout == 'kinect_v1':
        pose = np.array([
            [0, .75, 3], [0, .5, 3], [0, .1, 3], [0, 0, 3], [-.18, .45, 3], [-.25, .2, 3], [-.3, 0, 3], [-.32, -.08, 3],
            [.18, .45, 3], [.25, .2, 3], [.3, 0, 3], [.32, -.08, 3], [-.1, -.05, 3], [-.12, -.45, 3], [-.12, -.85, 3],
            [-.12, -.9, 2.9], [.1, -.05, 3], [.12, -.45, 3], [.12, -.85, 3], [.12, -.9, 2.9],
        ])  # fmt: skip
    time = np.linspace(0, 4 * np.pi, frames)[:, None, None]
    swing = np.sin(time + np.arange(joints.num_joints)[None, :, None]) * [0.03, 0.02, 0.08]
    clip = np.repeat((pose + swing)[None], persons, axis=0)
    if persons > 1:
        clip[1, ..., 0] += 0.8
        clip[1, : frames // 2] = 0
    return clip.astype(np.float32)


def examples(doc: dict, count: int = 2) -> list[Example]:
    """Samples of all methods; those of the first method are unchanged."""
    rng = np.random.default_rng(1)
    found = []
    for number in range(count):
        clip = walking(frames=40 + 10 * number, persons=1 + number % 2)
        there = clip.any(axis=(2, 3), keepdims=True)
        anonymized = {
            method: clip + there * rng.normal(scale=0.03 * i, size=clip.shape).astype(np.float32)
            for i, method in enumerate(doc['methods'])
        }
        found.append(Example(f'a{number + 1}_s1_t3', 'kinect_v1', 30.0, clip, anonymized))
    return found


def displacement(doc: dict) -> dict[str, np.ndarray]:
    """Distances of the joints of kinect_v1: larger towards the hands and feet."""
    far = np.linspace(0.5, 1.5, 20)
    return {
        name: far * (entry['fidelity']['mpjpe_mm'] or 0.0) for name, entry in doc['methods'].items()
    }
