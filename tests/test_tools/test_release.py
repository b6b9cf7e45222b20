# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The command lines of a release: tools/anonymize.py --release and tools/data/check.py --release-of."""

import json
import pickle
import runpy
from pathlib import Path

import numpy as np
import pytest
from builders import LAYOUT, action_head, annotations, tiny_model, tiny_net

from mmskanon.io import load_annotations
from mmskanon.release import Pseudonyms

CHECK = Path(__file__).resolve().parents[2] / 'tools' / 'data' / 'check.py'
KEY = b'sixteen bytes or more'


@pytest.fixture
def anonymize(tool, config, save, tmp_path):
    """Run tools/anonymize.py with the identity on a small file, and return how it ended and the target."""
    model = tiny_model(
        anonymizer=dict(type='IdentityAnonymizer', layout=LAYOUT, num_person=1),
        recognizer=dict(net=tiny_net(action_head(3))),
    )

    def run(*options, data=None):
        source = save(data or annotations(), 'in.pkl')
        target = tmp_path / 'out' / 'public.pkl'
        return tool(
            'anonymize', config(source, model=model), 'none', source, target, *options
        ), target

    return run


@pytest.fixture(scope='module')
def check():
    return runpy.run_path(str(CHECK))['main']


def row(table: str, key: str) -> list[str]:
    line = next(line for line in table.splitlines() if key in line)
    return [cell.strip() for cell in line.strip('│ ').split('│')]


def test_a_release_and_its_check(anonymize, check, tmp_path, capsys):
    (tmp_path / 'key').write_bytes(KEY)
    done, target = anonymize('--release', '--key-file', tmp_path / 'key', '--keep', 'subject')
    assert done.code == 0, done.err
    assert row(done.out, 'subject') == ['subject', 'pseudonym', '48']
    assert row(done.out, 'trial') == ['trial', 'dropped', '48']
    assert row(done.out, 'keypoint') == ['keypoint', 'anonymized', '48']
    assert 'wrote 48 anonymized samples' in done.out and 'the search found nothing' in done.out
    public = load_annotations(target)
    names = {Pseudonyms(KEY).of(s['frame_dir']) for s in annotations()['annotations']}
    assert {s['frame_dir'] for s in public['annotations']} == names
    document = json.loads(target.with_suffix('.provenance.json').read_text())
    assert document['options'] == dict(
        placement='canonical', frames=None, shuffled=True, keep=['subject'],
        pseudonyms='HMAC-SHA256, key of the owner', draws='fresh',
    )  # fmt: skip
    capsys.readouterr()
    original = str(tmp_path / 'in.pkl')
    assert check([str(target), '--release-of', original, '--keep', 'subject']) == 0
    assert capsys.readouterr().out == f'{target}: 0 traces of {original}\n'
    assert check([str(target), '--release-of', original]) == 1
    out = capsys.readouterr().out
    assert "error: 48 samples: an unknown key, 'subject'; drop it, or name it in --keep." in out


def test_the_check_tells_ten_of_a_kind_unless_all_are_asked_for(check, save, capsys):
    path = str(save(annotations()))
    assert check([path, '--release-of', path]) == 1
    out = capsys.readouterr().out
    assert "an original name, 'a1_s1_t1'" in out
    assert 'error: an original name: 38 more of this kind.' in out
    assert check([path, '--release-of', path, '--all']) == 1
    out = capsys.readouterr().out
    assert out.count('an original name, ') == 48 and 'more of this kind' not in out


def test_the_check_reads_the_provenance_too(anonymize, check, tmp_path, capsys):
    _, target = anonymize('--release')
    beside = target.with_suffix('.provenance.json')
    beside.write_text(beside.read_text().replace('IdentityAnonymizer', 'a2_s1_t1'))
    assert check([str(target), '--release-of', str(tmp_path / 'in.pkl')]) == 1
    assert "provenance['anonymizer']: an original name, 'a2_s1_t1'" in capsys.readouterr().out


@pytest.mark.parametrize('content', [None, b'nonsense', pickle.dumps(dict(a=1))])
def test_the_check_refuses_other_originals_in_one_sentence(check, save, tmp_path, content, capsys):
    path = tmp_path / 'other.pkl'
    if content is not None:
        path.write_bytes(content)
    assert check([str(save(annotations())), '--release-of', str(path)]) == 1
    out, err = capsys.readouterr()
    assert str(path) in err and err.count('\n') == 1 and not out


def test_a_dry_run_writes_nothing(anonymize, tmp_path):
    done, target = anonymize('--release', '--dry-run')
    assert done.code == 0, done.err
    assert row(done.out, 'frame_dir') == ['frame_dir', 'pseudonym', '48']
    assert 'dry run: 48 samples can be released; nothing was anonymized or written' in done.out
    assert not target.parent.exists()


def test_a_trace_ends_in_one_sentence_a_finding(anonymize, tmp_path):
    data = annotations()
    for number, sample in enumerate(data['annotations']):
        sample['note'] = f'video of {data["annotations"][number - 1]["frame_dir"]}'
    done, target = anonymize('--release', '--keep', 'note', data=data)
    assert done.code == 1
    first, *lines = done.err.splitlines()[-12:]
    assert first == f'error: {target} was not written, because it would name somebody:'
    assert all("['note']: an original name, 'a" in line for line in lines[:10])
    # The search ends with the first recordings that have traces.
    assert lines[10] == 'an original name: 22 more of this kind.'
    assert not target.parent.exists()


@pytest.mark.parametrize('words', [['--keep', 'age'], ['--key-file', 'none'], ['--audit', 'none']])
def test_bad_options_end_in_one_sentence(anonymize, words):
    done, target = anonymize('--release', *words)
    assert done.code == 1 and done.err.startswith('error: ') and done.err.count('\n') == 1
    assert words[-1] in done.err and not target.parent.exists()


@pytest.mark.parametrize('words', [['--keep', 'trial'], ['--shuffle']])
def test_options_of_a_release_need_it(anonymize, words):
    done, target = anonymize(*words)
    assert done.code == 2 and f'{words[0]} needs --release' in done.err
    assert not target.exists()


def test_placement_may_be_asked_for_without_a_release(anonymize):
    """So that an audit reads what will be published, with the subjects that it needs."""
    done, target = anonymize('--placement', 'canonical')
    assert done.code == 0, done.err
    made = load_annotations(target)
    assert made['split'] == annotations()['split']
    for new, old in zip(made['annotations'], annotations()['annotations'], strict=True):
        assert new['subject'] == old['subject'] and new['frame_dir'] == old['frame_dir']
        assert np.linalg.norm(new['keypoint'], axis=-1).max() < 4 < old['keypoint'].max() + 4


def test_the_same_seed_publishes_the_motion_that_was_audited(tool, config, save, tmp_path):
    model = tiny_model(
        anonymizer=dict(type='GaussianNoiseAnonymizer', layout=LAYOUT, num_person=1, std=0.05),
        recognizer=dict(net=tiny_net(action_head(3))),
    )
    source = save(annotations(), 'in.pkl')
    (tmp_path / 'key').write_bytes(KEY)
    common = (config(source, model=model), 'none', source)
    options = ('--placement', 'canonical', '--seed', '7')
    assert tool('anonymize', *common, 'audited.pkl', *options).code == 0
    options = ('--release', '--seed', '7', '--key-file', 'key')
    assert tool('anonymize', *common, 'public.pkl', *options).code == 0
    audited = load_annotations(tmp_path / 'audited.pkl')['annotations']
    public = load_annotations(tmp_path / 'public.pkl')['annotations']
    public = {s['frame_dir']: s['keypoint'] for s in public}
    for sample in audited:
        name = Pseudonyms(KEY).of(sample['frame_dir'])
        np.testing.assert_array_equal(public[name], sample['keypoint'])
