# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The search finds every planted name, and nothing in what is clean."""

import copy
import pickle
import string

import numpy as np
import pytest
from builders import annotations
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mmskanon.release import (
    HARMLESS,
    FieldPolicy,
    Finding,
    Pseudonyms,
    Sought,
    scan_annotations,
    scan_bytes,
    scan_data,
    scan_provenance,
    scan_provenance_file,
    seek,
    told,
)
from mmskanon.release.own_words import DONE, FAULTY, KEY_GONE, NOBODY
from mmskanon.release.provenance import encode
from mmskanon.release.scan import scan_instructions

LETTERS = string.ascii_letters + string.digits + '_-äßΩ김철수'
NAME = st.text(LETTERS, min_size=3, max_size=20).filter(lambda t: any(c.isalpha() for c in t))
BESIDE = st.sampled_from(['', ' ', '_', '/', '.', '; '])
ANYTHING = st.text(LETTERS, max_size=12)


def original(names=('a1_s1_t1', 'a1_s2_t1'), **attributes) -> dict:
    samples = annotations(n_subjects=len(names), n_actions=1, trials=1, frames=4)['annotations']
    for name, sample in zip(names, samples, strict=True):
        sample.update(frame_dir=name, **attributes)
    return dict(split=dict(train=list(names)), annotations=samples)


def release(data, *keep) -> dict:
    """A clean release, without anonymization of the motion."""
    policy = FieldPolicy(data, keep, Pseudonyms())
    return policy.release_file(data, [policy.release(s) for s in data['annotations']])


def found(findings) -> set[str]:
    return {finding.text.casefold() for finding in findings}


PLACES = {
    'a value': lambda made, text: made['annotations'][1].update(note=text),
    'a key': lambda made, text: made['annotations'][1].update({text: 1}),
    'a key of the file': lambda made, text: made.update({text: 1}),
    'nested': lambda made, text: made['annotations'][0].update(note=[(1, {'x': {text}})]),
    'a nested key': lambda made, text: made['annotations'][0].update(note={'x': {text: 0}}),
    'an array': lambda made, text: made['annotations'][0].update(note=np.array([text, ''])),
    'bytes': lambda made, text: made['annotations'][0].update(note=text.encode()),
    'a split': lambda made, text: made['split']['train'].append(text),
    "a split's name": lambda made, text: made['split'].update({text: []}),
    'frame_dir': lambda made, text: made['annotations'][0].update(frame_dir=text),
}


@pytest.mark.parametrize('place', PLACES)
@settings(max_examples=25, deadline=None)
@given(name=NAME, before=ANYTHING, left=BESIDE, right=BESIDE, after=ANYTHING)
def test_a_planted_name_is_found_in_any_text(place, name, before, left, right, after):
    data = original((name, 'other name'))
    sought = seek(data, HARMLESS)
    assume(name.casefold() in sought.kinds)
    text = name if len(name) < 8 and not (left and right) else before + left + name + right + after
    made = release(data)
    PLACES[place](made, text)
    assert name.casefold() in found(scan_data(made, sought, keep=['note']))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=NAME.filter(lambda t: len(t) >= 8),
    encoding=st.sampled_from(['utf-8', 'utf-16-le', 'utf-16-be', 'utf-32-le', 'utf-16']),
    before=st.binary(max_size=9),
    after=st.binary(max_size=9),
)
def test_a_planted_name_is_found_in_any_bytes(name, encoding, before, after, tmp_path):
    sought = seek(original((name, 'other name')), HARMLESS)
    # what no search for texts would see: numbers
    numbers = np.frombuffer(before + name.encode(encoding) + after, np.uint8)
    path = tmp_path / 'numbers.pkl'
    path.write_bytes(pickle.dumps([dict(keypoint=numbers)]))
    assert name.casefold() in found(scan_bytes(path, sought))
    assert scan_bytes(path.read_bytes(), sought) == scan_bytes(path, sought)
    assert name.casefold() in found(scan_annotations(path, sought))


@pytest.mark.parametrize('protocol', range(6))
def test_a_text_is_found_that_no_reader_ever_sees(tmp_path, protocol):
    sought = Sought({'bob_7': 'an original name'})
    path = tmp_path / 'a.pkl'
    whole = pickle.dumps([], protocol)
    start = 2 if protocol > 1 else 0
    dead = pickle.SHORT_BINUNICODE + b'\x05bob_7' + pickle.POP
    path.write_bytes(whole[:start] + dead + whole[start:])
    assert pickle.loads(path.read_bytes()) == []
    assert found(scan_instructions(path, sought)) == {'bob_7'}
    assert found(scan_annotations(path, sought)) == {'bob_7'}
    path.write_bytes(whole + b'bob_7')
    (finding,) = scan_annotations(path, sought)
    assert finding.text == '5 bytes after the end of the pickle'


SHORT = st.one_of(st.integers(0, 99999999).map(str), st.text('0123456789abcdef', max_size=9), NAME)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    names=st.lists(SHORT.filter(bool), min_size=3, max_size=3, unique_by=str.strip),
    gender=st.sampled_from(['f', 'm', 'female', 'x']),
    trial=st.integers(0, 300),
    note=ANYTHING,
)
def test_no_false_alarm_on_a_clean_release(names, gender, trial, note, tmp_path):
    data = original(names, gender=gender, trial=trial, note=note, hand='left', age='24')
    made = release(data, 'subject', 'trial')
    path = tmp_path / 'clean.pkl'
    path.write_bytes(pickle.dumps(made, 4))
    before = dict(names=names, subjects=['1', '2', '3'])
    keep = ['subject', 'trial']
    assert scan_annotations(path, seek(data, HARMLESS.union(keep)), keep, before) == []


def test_no_false_alarm_where_names_are_numbers_of_eight_digits(tmp_path):
    """By chance about one in a million of them stands inside one of the checksums and pseudonyms of a large file."""
    names = [f'{i:08d}' for i in range(4000)]
    made = [dict(frame_dir=Pseudonyms().of(name)) for name in names]
    made[7]['frame_dir'] = made[7]['frame_dir'][:3] + names[5] + made[7]['frame_dir'][11:]
    path = tmp_path / 'clean.pkl'
    path.write_bytes(pickle.dumps(made, 4))
    sought = Sought(dict.fromkeys(names, 'an original name'))
    assert scan_annotations(path, sought) == []
    made[8]['frame_dir'] = f'x{names[5]}'
    path.write_bytes(pickle.dumps(made, 4))
    assert found(scan_annotations(path, sought)) == {names[5]}


@pytest.mark.parametrize(
    'text',
    [
        'S001C002P003R002A013', 's001c002p003r002a013_skeleton', 'A001_P002_G001_C001',
        'a1_s1_t1', 'seen in a27_s8_t4.mat', 'P003', 'by P107, again', 'subject 12', 'Person_3',
        '/data/clips', '~/clips', r'C:\clips\x', r'\\server\share', './x', 'file://x',
        'clips/day1/x', 'clips/x.avi', 'see alice@example.org', '2026-11-29T10:12',
    ],
)  # fmt: skip
def test_what_looks_like_a_person_a_path_or_a_moment_is_found(text):
    made = release(original(('one', 'two')))
    made['annotations'][0]['note'] = text
    assert scan_data(made, Sought({}), keep=['note'])


@pytest.mark.parametrize(
    'text',
    [
        'm/s', 'n/a', 'xsub_train', 'xview_val', 'walking/running', 'P12', '2026-11-29', '20-29',
        '27 people', 'camera 3', 'up & down', 'ss1c', Pseudonyms(b'sixteen bytes ..').of('x'), '1:30', 'a1', 's1_t2',
    ],
)  # fmt: skip
def test_ordinary_texts_are_not(text):
    made = release(original(('one', 'two')))
    made['annotations'][0]['note'] = text
    assert scan_data(made, Sought({}), keep=['note']) == []


def test_values_of_dropped_attributes_and_of_subjects_are_found():
    data = original(gender='female', subject='Alice', place=dict(room=['kitchen']), age=63)
    data['meta'] = dict(operator='Bob Smith')
    sought = seek(data, HARMLESS.union(['subject']))
    made = release(data)
    made['annotations'][0]['note'] = 'a FEMALE voice in the kitchen: bob smith calls alice (63)'
    findings = scan_data(made, sought, keep=['note'])
    assert found(findings) == {'female', 'alice', 'kitchen', 'bob smith'}
    attributes = ('gender', 'subject', 'place', 'meta')
    assert {f.kind for f in findings} == {f'a value of {key!r}' for key in attributes}


def test_values_of_keys_that_are_kept_on_purpose_are_not():
    data = original(gender='female')
    made = release(data, 'gender')
    assert scan_data(made, seek(data, HARMLESS.union(['gender'])), keep=['gender']) == []
    assert found(scan_data(made, seek(data, HARMLESS))) == {'gender', 'female'}


def test_names_and_subjects_are_found_where_they_stand_however_short():
    data = original(('1', '2'))
    before = dict(names=['1', '2'], subjects=['1', '2'])
    made = release(data, 'subject')
    assert scan_data(made, seek(data, HARMLESS), ['subject'], before) == []
    made['annotations'][1]['subject'] = 2
    made['split']['train'][0] = '1'
    kinds = [(f.kind, f.text) for f in scan_data(made, seek(data, HARMLESS), ['subject'], before)]
    assert kinds == [('an original name', '1'), ('an original subject', '2')]


def test_user_host_and_home_are_found(monkeypatch):
    monkeypatch.setattr('getpass.getuser', lambda: 'alice')
    monkeypatch.setattr('socket.gethostname', lambda: 'lab-seven.example.org')
    data = original()
    sought = seek(data, HARMLESS)
    made = release(data)
    made['annotations'][0]['note'] = 'made by Alice on lab-seven'
    assert {f.kind for f in scan_data(made, sought, keep=['note'])} == {
        "this user's name", "this machine's name"
    }  # fmt: skip


def test_an_account_that_names_nobody_is_left_out(monkeypatch):
    monkeypatch.setattr('getpass.getuser', lambda: 'root')
    assert Sought({'root': 'x', '12': 'x', 'f': 'x', 'train': 'x', '12.5': 'x'}).kinds == {}


def test_a_container_that_holds_itself_is_searched_once():
    made = release(original())
    note = ['a1_s1_t1']
    note.append(note)
    made['annotations'][0]['note'] = note
    assert found(scan_data(made, Sought({}), keep=['note'])) == {'a1_s1_t1'}


def test_ten_of_a_kind_are_told_and_the_others_counted():
    findings = [Finding('a path', f'/x/{i}', 'here') for i in range(12)]
    lines = told([*findings, Finding('a name', 'x', 'there')])
    assert len(lines) == 12 and lines[-1] == 'a path: 2 more of this kind.'
    assert lines[0].startswith("here: a path, '/x/0'; drop the key")
    assert len(told(findings, None)) == 12


class TestProvenance:
    DOCUMENT = dict(
        format='mmskanon-release/1',
        released=dict(file='public.pkl'),
        options=dict(keep=[], placement='canonical', draws='fresh'),
        audit=dict(method='k-same', budget='fast', verdict=dict(sentence='Leaks: 40.8% (fast)')),
    )

    def document(self, **changes):
        return copy.deepcopy({**self.DOCUMENT, **changes})

    def test_its_own_words_are_no_values(self):
        values = dict.fromkeys(['fast', 'fresh', 'canonical'], "a value of 'pace'")
        assert scan_provenance(self.document(), Sought(values)) == []

    def test_its_own_words_are_no_names(self, tmp_path):
        """A recording may be called like a word that every provenance holds."""
        words = 'anonymized nobody samples fresh canonical pseudonyms HMAC-SHA256 faulty frame_dir'
        document = self.document(
            options=dict(keep=[], pseudonyms=KEY_GONE, placement='canonical', draws='fresh'),
            samples={'no file 1': NOBODY, 'no file 2': FAULTY, 'a1' * 32: DONE},
            counts=dict(keys=dict(dropped=dict(frame_dir=3))),
        )
        sought = Sought(dict.fromkeys(words.split(), 'an original name'))
        (tmp_path / 'x.json').write_bytes(encode(document))
        assert scan_provenance_file(tmp_path / 'x.json', sought) == []
        document['samples']['anonymized by nobody'] = DONE
        (tmp_path / 'x.json').write_bytes(encode(document))
        assert found(scan_provenance_file(tmp_path / 'x.json', sought)) == {'anonymized', 'nobody'}

    @pytest.mark.parametrize(
        'change',
        [
            dict(released=dict(file='alice.pkl')),
            dict(options=dict(keep=['alice'])),
            dict(audit=dict(method='alice')),
            dict(counts={'alice': 3}),
            dict(config=dict(name='alice.py')),
        ],
    )
    def test_a_name_is_found_everywhere(self, change, tmp_path):
        for kind in ('an original name', "a value of 'subject'"):
            assert found(scan_provenance(self.document(**change), Sought({'alice': kind})))

    def test_a_value_is_found_in_what_the_owner_named(self):
        sought = Sought({'kitchen': "a value of 'room'"})
        assert found(scan_provenance(self.document(released=dict(file='kitchen.pkl')), sought))

    def test_a_file_that_is_none_is_refused(self, tmp_path):
        for content in ('{', '[]'):
            (tmp_path / 'x.json').write_text(content)
            with pytest.raises(ValueError, match='is no provenance file'):
                scan_provenance_file(tmp_path / 'x.json', Sought({}))
        (tmp_path / 'x.json').write_text('{"a": 1, "a": 2, "b": "S001C002P003R002A013"}')
        assert found(scan_provenance_file(tmp_path / 'x.json', Sought({})))
