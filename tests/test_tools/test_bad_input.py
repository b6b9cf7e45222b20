# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Bad input, tried on purpose: each ends in one sentence on stderr and exit status 1, and leaves no output."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from builders import action_head, annotations, privacy_head, tiny_model, tiny_net

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
MARKS = ('.pth', '.part', 'last_checkpoint', 'out.')


class Malice:
    """Pickles as a call that makes a folder."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


def left(folder) -> list[str]:
    """Checkpoints, exports and unfinished files in a folder; logs are none of them."""
    return sorted(p.name for p in folder.rglob('*') if any(mark in p.name for mark in MARKS))


def assert_refused(done, folder, *words, before=()) -> None:
    """One line on stderr that holds all the words, the exit status of an error, and no output."""
    assert done.code == 1, done.out[-2000:]
    assert done.err.startswith('error: ') and done.err.count('\n') == 1, done.err
    for word in words:
        assert str(word) in done.err, f'{word!r} is not in: {done.err}'
    assert left(folder) == sorted(before)


def joints(data):
    sample = data['annotations'][5]
    sample['keypoint'] = np.concatenate([sample['keypoint']] * 2, axis=2)[:, :, :25]


def not_a_number(data):
    data['annotations'][5]['keypoint'][0, 3, 7, 1] = np.nan


def two_persons(data):
    sample = data['annotations'][5]
    sample['keypoint'] = np.repeat(sample['keypoint'], 2, axis=0)


def empty_split(data):
    data['split']['train'] = []


def without_subject(data):
    del data['annotations'][5]['subject']


def ten_frames(data):
    sample = data['annotations'][5]
    sample.update(keypoint=sample['keypoint'][:, :10], total_frames=10)


def one_subject(data):
    for sample in data['annotations']:
        sample['subject'] = 1


def unseen_subject(data):
    data['split']['train'] = [n for n in data['split']['train'] if '_s4_' not in n]


# What is wrong, and what the sentence has to say besides the file: sample or key, expected, found, advice.
SAMPLE = "sample 'a2_s1_t2'"
ANNOTATIONS = {
    joints: (SAMPLE, "'keypoint'", '20 joints', 'found 25', 'set the layout'),
    not_a_number: (
        SAMPLE,
        'finite',
        '(m, t, v, c) = (0, 3, 7, 1)',
        'set joints that were not seen',
    ),
    two_persons: (SAMPLE, 'at most 1 person', 'found 2 persons', 'num_person'),
    empty_split: ("'split/train'", 'at least one sample', 'found none', 'fill the split'),
    without_subject: (SAMPLE, "'subject'", 'found none', 'attribute_files'),
    ten_frames: (SAMPLE, 'at least 12 frames', 'found 10 frames', 'allow_short=True'),
    one_subject: ("'subject'", 'at least two values', 'only 1', "take 'subject' out"),
    unseen_subject: ("'subject'", "that split 'train' holds", 'found 4', 'use a split'),
}


@pytest.mark.parametrize('change', ANNOTATIONS, ids=lambda f: f.__name__)
def test_training_on_bad_annotations(tool, config, save, tmp_path, change):
    data = annotations()
    change(data)
    path = save(data)
    assert_refused(tool('train', config(path)), tmp_path, path, *ANNOTATIONS[change])


@pytest.mark.parametrize('change', [empty_split, unseen_subject], ids=lambda f: f.__name__)
def test_testing_on_a_bad_split(tool, config, save, checkpoint, tmp_path, change):
    data = annotations()
    change(data)
    path = save(data)
    done = tool('test', config(path), checkpoint(), '--dump', 'out.pkl', '--metrics', 'out.json')
    assert_refused(done, tmp_path, path, *ANNOTATIONS[change], before=['model.pth'])


@pytest.mark.parametrize('change', [joints, not_a_number, two_persons], ids=lambda f: f.__name__)
def test_exporting_bad_annotations(tool, config, save, checkpoint, tmp_path, change):
    data = annotations()
    change(data)
    path = save(data)
    done = tool('anonymize', config(path), checkpoint(), path, 'new folder/out.pkl')
    words = [w for w in ANNOTATIONS[change] if w != 'num_person']
    assert_refused(done, tmp_path, path, *words, before=['model.pth'])
    assert not (tmp_path / 'new folder').exists()


def test_of_many_problems_the_first_is_named_and_the_others_counted(tool, config, save, tmp_path):
    """The layout is wrong for every sample."""
    path = save(annotations(joints=25))
    words = (path, "sample 'a1_s1_t1'", 'expected 20 joints', 'found 25', '23 more')
    assert_refused(tool('train', config(path)), tmp_path, *words, 'tools/data/check.py')


def test_an_export_with_many_problems_names_the_first_and_counts(tool, config, save, checkpoint):
    path = save(annotations(joints=25))
    done = tool('anonymize', config(path), checkpoint(), path, 'out.pkl')
    assert done.code == 1
    assert "sample 'a1_s1_t1'" in done.err and '47 more; tools/data/check.py' in done.err
    assert done.err.count('\n') == 1


def test_a_split_that_does_not_exist(tool, config, ann_file, tmp_path):
    done = tool('train', config(ann_file), '--cfg-options', 'train_dataloader.dataset.split=trian')
    assert_refused(done, tmp_path, ann_file, "no split 'trian'", "['test', 'train']")


class TestFiles:
    """Each file that a tool reads is missing, cut in half, or carries code."""

    # The tool, and where the bad file goes among {config} {model} {ann} {out}.
    ANNOTATIONS = {
        'train': ('{with_bad}',),
        'test': ('{with_bad}', '{model}'),
        'anonymize': ('{config}', '{model}', '{bad}', '{out}'),
    }
    CHECKPOINTS = {
        'train --resume': ('{config}', '--resume', '{bad}'),
        'train recognizer': ('{with_bad}',),
        'test': ('{config}', '{bad}'),
        'anonymize': ('{config}', '{bad}', '{ann}', '{out}'),
    }
    FAULTS = {
        'missing': ('{bad}', 'not'),
        'cut': ('{bad}', 'truncated', 'again'),
        'code': ('{bad}', 'mkdir', 'refused and nothing in the file was executed'),
    }

    @pytest.fixture
    def run(self, tool, config, ann_file, checkpoint, tmp_path):
        def run(name, words, bad, with_bad):
            names = dict(
                config=config(ann_file),
                with_bad=with_bad,
                model=checkpoint(),
                bad=bad,
                ann=ann_file,
                out=tmp_path / 'out.pkl',
            )
            return tool(name.split()[0], *(word.format(**names) for word in words))

        return run

    @pytest.mark.parametrize('fault', FAULTS)
    @pytest.mark.parametrize('name', ANNOTATIONS)
    def test_annotations(self, run, config, ann_file, save, tmp_path, name, fault):
        bad = tmp_path / 'bad.pkl'
        if fault == 'cut':
            bad.write_bytes(ann_file.read_bytes()[: ann_file.stat().st_size // 2])
        elif fault == 'code':
            save(dict(annotations=[Malice(tmp_path / 'ran')]), 'bad.pkl')
        done = run(name, self.ANNOTATIONS[name], bad, config(bad, 'with_bad.py'))
        words = [word.format(bad=bad) for word in self.FAULTS[fault]]
        assert_refused(done, tmp_path, *words, before=['model.pth'])
        assert not (tmp_path / 'ran').exists()

    @pytest.mark.parametrize('fault', FAULTS)
    @pytest.mark.parametrize('name', CHECKPOINTS)
    def test_checkpoints(self, run, config, ann_file, checkpoint, tmp_path, name, fault):
        bad = tmp_path / 'bad.pt'
        if fault == 'cut':
            whole = checkpoint().read_bytes()
            bad.write_bytes(whole[: len(whole) // 2])
        elif fault == 'code':
            torch.save(dict(state_dict=Malice(tmp_path / 'ran')), bad)
        recognizer = dict(net=tiny_net(action_head(3)), checkpoint=str(bad))
        with_bad = config(ann_file, 'with_bad.py', model=tiny_model(recognizer=recognizer))
        done = run(name, self.CHECKPOINTS[name], bad, with_bad)
        words = [word.format(bad=bad) for word in self.FAULTS[fault]]
        assert_refused(done, tmp_path, *words, before=['model.pth'])
        assert not (tmp_path / 'ran').exists()

    def test_malice_is_malicious(self, tmp_path):
        """Without the restricted unpickler, the checkpoint above does make the folder."""
        torch.save(dict(state_dict=Malice(tmp_path / 'ran')), tmp_path / 'bad.pt')
        torch.load(tmp_path / 'bad.pt', weights_only=False)
        assert (tmp_path / 'ran').exists()

    @pytest.mark.parametrize('name', ['train', 'test', 'anonymize'])
    def test_configs(self, tool, tmp_path, name):
        rest = dict(train=(), test=('a.pth',), anonymize=('a.pth', 'a.pkl', 'out.pkl'))[name]
        bad = tmp_path / 'bad.py'
        assert_refused(tool(name, bad, *rest), tmp_path, bad, 'does not exist')
        for text, word in {
            'model = dict(': 'SyntaxError',
            'model = name': 'NameError',
            "_base_ = './nowhere.py'": 'nowhere.py',
            "custom_imports = dict(imports=['nowhere'])": 'nowhere',
            'work_dir = "."': 'model',
        }.items():
            bad.write_text(text)
            assert_refused(tool(name, bad, *rest), tmp_path, word)


class TestModels:
    """Checkpoints and configs that do not fit each other."""

    def test_recognizer_with_another_number_of_classes(
        self, tool, config, ann_file, checkpoint, tmp_path
    ):
        five = checkpoint('five.pth', tiny_net(action_head(5)))
        recognizer = dict(net=tiny_net(action_head(3)), checkpoint=str(five))
        done = tool('train', config(ann_file, model=tiny_model(recognizer=recognizer)))
        words = ('recognizer', five, 'cls_head.fc.weight', '(5, 8)', '(3, 8)', 'number of classes')
        assert_refused(done, tmp_path, *words, before=['five.pth'])

    @pytest.mark.parametrize('name', ['train', 'test'])
    def test_actions_that_the_recognizer_does_not_know(
        self, tool, config, save, checkpoint, tmp_path, name
    ):
        path = save(annotations(n_actions=5))
        arguments = (checkpoint(), '--dump', 'out.pkl') if name == 'test' else ()
        before = ['model.pth'] if name == 'test' else []
        words = ('action classes', 'the recognizer was built for 3', 'set num_classes of its head')
        done = tool(name, config(path), *arguments)
        assert_refused(done, tmp_path, *words, before=before)

    @pytest.mark.parametrize('kind', ['SkeletonRecognizer', 'mmaction.RecognizerGCN'])
    def test_actions_that_a_recipe_does_not_know(self, tool, config, save, tmp_path, kind):
        net = dict(tiny_net(action_head(3)), type=kind)
        if kind != 'SkeletonRecognizer':
            del net['layout'], net['features']
            net['backbone']['graph_cfg']['layout'] = 'nturgb+d'
        recipe = config(
            save(annotations(n_actions=5, joints=25)),
            model=net,
            train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=1),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
            param_scheduler=None,
            evaluator=[dict(type='ActionAccuracy')],
        )
        recipe.write_text(recipe.read_text().replace('kinect_v1', 'nturgb+d'))
        words = ('the data have at least', 'classes', 'was built for', 'set num_classes of')
        assert_refused(tool('train', recipe), tmp_path, *words)

    def test_subjects_that_the_adversary_does_not_know(self, tool, config, save, tmp_path):
        path = save(annotations(n_subjects=6))
        words = ("'subject' has at least", 'classes', 'built for 4', 'set num_classes of the head')
        assert_refused(tool('train', config(path)), tmp_path, *words)

    def test_adversary_with_another_number_of_classes(
        self, tool, config, ann_file, checkpoint, tmp_path
    ):
        five = checkpoint('five.pth', tiny_net(privacy_head(num_classes=5)))
        member = dict(net=tiny_net(privacy_head()), checkpoint=str(five))
        adversary = dict(type='AdversaryBank', members=dict(subject=member))
        done = tool('train', config(ann_file, model=tiny_model(adversary=adversary)))
        words = ("adversary 'subject'", five, '(5, 8)', '(4, 8)', 'number of classes')
        assert_refused(done, tmp_path, *words, before=['five.pth'])

    @pytest.mark.parametrize('name', ['test', 'anonymize'])
    def test_checkpoint_of_another_model(self, tool, config, ann_file, checkpoint, tmp_path, name):
        other = checkpoint('other.pth', tiny_net(action_head(3)))
        rest = () if name == 'test' else (ann_file, 'out.pkl')
        done = tool(name, config(ann_file), other, *rest)
        assert_refused(
            done, tmp_path, other, 'does not fit the config', 'use the config', before=['other.pth']
        )

    @pytest.mark.parametrize(
        ('option', 'words'),
        [
            (
                "train_cfg.cycle=[('attacker',1),('anonymizer',1)]",
                ("phase 'attacker'", "['anonymizer', 'adversary']", 'correct cycle'),
            ),
            ("train_cfg.cycle=[('adversary',0)]", ('cycle', 'positive number', "('adversary', 0)")),
            (
                'optim_wrapper.attacker.optimizer.type=SGD',
                ("optim_wrapper names 'attacker'", "['anonymizer', 'adversary']", 'rename'),
            ),
            (
                'optim_wrapper.adversary.optimizer.type=SDG',
                ('optim_wrapper.adversary.optimizer.type', "'SDG'", "did you mean 'SGD'?"),
            ),
            (
                'optim_wrapper.adversary.optimizer=None',
                ('optim_wrapper.adversary has no optimizer', 'lr=0.01'),
            ),
            ('model.type=Anonymization', ("type='Anonymization'", 'model registry', 'spelling')),
            ('model.anonymizer.layout=kinect', ("'kinect'", "'kinect_v1'", 'choose one of')),
            ('model.anonymizer.layout=nturgb+d', ('20 joints', "'nturgb+d' has 25")),
            ('model.anonymizer.depth=3', ('ResNetAnonymizer', "'depth'", 'MMSKANON_TRACEBACK')),
        ],
    )
    def test_config_names_what_does_not_exist(
        self, tool, config, ann_file, tmp_path, option, words
    ):
        assert_refused(tool('train', config(ann_file), '--cfg-options', option), tmp_path, *words)

    def test_an_anonymizer_with_weights_needs_a_checkpoint(self, tool, config, ann_file, tmp_path):
        done = tool('anonymize', config(ann_file), 'none', ann_file, 'out.pkl')
        assert_refused(done, tmp_path, 'ResNetAnonymizer has weights', 'give the checkpoint')

    def test_a_config_without_anonymizer(self, tool, config, ann_file, checkpoint, tmp_path):
        recipe = config(ann_file, model=tiny_net(action_head(3)))
        done = tool('anonymize', recipe, checkpoint(), ann_file, 'out.pkl')
        assert_refused(done, tmp_path, recipe, 'SkeletonRecognizer', before=['model.pth'])

    def test_a_pipeline_that_cannot_be_undone(self, tool, config, ann_file, checkpoint, tmp_path):
        cfg = config(ann_file)
        cfg.write_text(cfg.read_text().replace("'NormalizeSkeleton'", "'PreNormalize3D'"))
        done = tool('anonymize', cfg, checkpoint(), ann_file, 'out.pkl')
        assert_refused(
            done, tmp_path, cfg, 'no NormalizeSkeleton', 'PreNormalize3D', before=['model.pth']
        )

    def test_a_device_that_is_not_there(self, tool, config, ann_file, checkpoint, tmp_path):
        arguments = config(ann_file), checkpoint(), ann_file, 'out.pkl', '--device', 'cuba'
        done = tool('anonymize', *arguments)
        assert_refused(done, tmp_path, '--device cuba', '--device cpu', before=['model.pth'])


@pytest.mark.parametrize('name', ['train', 'test', 'anonymize'])
def test_an_override_without_a_value_is_a_usage_error(tool, config, ann_file, name):
    rest = dict(train=(), test=('a.pth',), anonymize=('a.pth', 'a.pkl', 'out.pkl'))[name]
    done = tool(name, config(ann_file), *rest, '--cfg-options', 'model.type')
    assert done.code == 2
    assert done.err.splitlines()[-1].endswith("--cfg-options takes key=value, found 'model.type'")


def test_a_launcher_that_did_not_launch(tool, config, ann_file, tmp_path, monkeypatch):
    monkeypatch.delenv('RANK', raising=False)
    done = tool('train', config(ann_file), '--launcher', 'pytorch')
    assert_refused(done, tmp_path, 'RANK is not set', 'or with --launcher none')


def test_disk_full_on_a_dump(tool, config, ann_file, checkpoint, monkeypatch, tmp_path):
    def fill(obj, file, protocol):
        file.write(b'the first half')
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    arguments = config(ann_file), checkpoint(), '--dump', 'out.pkl', '--metrics', 'out.json'
    monkeypatch.setattr('mmskanon.io.atomic.pickle.dump', fill)
    words = ('the disk is full', 'out.pkl was not written', 'nothing was left')
    assert_refused(tool('test', *arguments), tmp_path, *words, before=['model.pth'])


class TestExport:
    """An export that stops midway."""

    @pytest.fixture
    def arguments(self, config, ann_file, checkpoint, tmp_path):
        return config(ann_file), checkpoint(), ann_file, tmp_path / 'out.pkl'

    @staticmethod
    def stop_at(monkeypatch, sample, error):
        """Raise an error when the export comes to a sample."""
        from mmskanon.collection import motion

        original = motion.anonymize_together

        def stopping(keypoints, anonymizer, normalization, names, *args, **kwargs):
            if any(name.endswith(sample) for name in names):
                raise error
            return original(keypoints, anonymizer, normalization, names, *args, **kwargs)

        monkeypatch.setattr(motion, 'anonymize_together', stopping)

    def test_interrupted(self, tool, arguments, monkeypatch, tmp_path):
        self.stop_at(monkeypatch, 'a2_s2_t1', KeyboardInterrupt)
        done = tool('anonymize', *arguments)
        assert done.code == 130
        assert done.err.splitlines()[-1] == 'interrupted'
        assert left(tmp_path) == ['model.pth']

    @pytest.mark.parametrize('where', ['write', 'flush', 'rename'])
    def test_disk_full(self, tool, arguments, monkeypatch, tmp_path, where):
        """Nothing is left where nothing was done; what was done is kept, and the same command goes on."""
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def refuse(*args, **kwargs):
            raise full

        def fill(self, content):
            with open(self, 'wb') as file:
                file.write(content[: len(content) // 2])
            raise full

        with monkeypatch.context() as patch:
            target = dict(write='pathlib.Path.write_bytes', flush='os.fsync', rename='os.replace')
            patch.setattr(target[where], fill if where == 'write' else refuse)
            done = tool('anonymize', *arguments)
        assert done.code == 1
        last = done.err.splitlines()[-1]
        assert (
            last.startswith('error: ') and 'the disk is full' in last and 'free some space' in last
        )
        assert left(tmp_path) == ['model.pth']
        assert tool('anonymize', *arguments).code == 0
        assert left(tmp_path) == ['model.pth', 'out.pkl']

    def test_an_interrupted_overwrite_keeps_the_old_file(
        self, tool, arguments, monkeypatch, tmp_path
    ):
        arguments[-1].write_bytes(b'old')
        self.stop_at(monkeypatch, 'a2_s2_t1', KeyboardInterrupt)
        assert tool('anonymize', *arguments, '--overwrite').code == 130
        assert arguments[-1].read_bytes() == b'old'
        assert left(tmp_path) == ['model.pth', 'out.pkl']

    @pytest.mark.parametrize('name', ['SIGTERM', 'SIGKILL'])
    def test_killed_while_writing(self, arguments, tmp_path, name):
        """The process sends the signal to itself in the middle of writing."""
        program = f"""
import os, pathlib, runpy, signal, sys

def write_bytes(self, content):
    with open(self, 'wb') as file:
        file.write(content[: len(content) // 2])
    os.kill(os.getpid(), signal.{name})

pathlib.Path.write_bytes = write_bytes
sys.argv = ['anonymize.py', *sys.argv[1:]]
runpy.run_path({str(TOOLS / 'anonymize.py')!r}, run_name='__main__')
"""
        # A process of its own: one forked from here could stop at a lock that a thread of torch held.
        command = [sys.executable, '-c', program, *map(str, arguments)]
        code = subprocess.run(command, capture_output=True, timeout=100).returncode
        unfinished = [n for n in left(tmp_path) if n != 'model.pth']
        if name == 'SIGTERM':
            assert (code, unfinished) == (130, [])
        else:
            assert code == -signal.SIGKILL
            assert (
                '.out.pkl.work' in unfinished and 'out.pkl' not in unfinished
            )  # so the test did reach the middle of writing
