# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Bad annotations and files, tried on purpose: each ends in one sentence on stderr and exit status 1, and leaves no output."""

import os

import numpy as np
import pytest
import torch
from builders import action_head, annotations, tiny_model, tiny_net
from refusals import assert_refused


class Malice:
    """Pickles as a call that makes a folder."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


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
