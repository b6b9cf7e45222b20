# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmskanon.datasets.schema import (
    attribute_value,
    complete_annotations,
    label_map,
    number_takes,
    parse_ntu_name,
    read_attribute_csv,
    take_key,
    take_of,
)

number = st.integers(0, 999)


@given(
    number, number, number, number, number, st.sampled_from(['', 'nturgb+d/', 'a_', '.skeleton'])
)
def test_ntu_names_give_back_what_was_written(setup, camera, subject, replication, action, around):
    name = f'S{setup:03d}C{camera:03d}P{subject:03d}R{replication:03d}A{action:03d}'
    name = name + around if around.startswith('.') else around + name
    facts = parse_ntu_name(name)
    assert list(facts.values()) == [setup, camera, subject, replication, action]
    # The positions that MMAction2's own files use.
    if around == '':
        assert facts['subject'] == int(name[9:12]) and facts['camera'] == int(name[5:8])


@given(st.text(max_size=30))
def test_other_names_give_none_or_numbers(name):
    facts = parse_ntu_name(name)
    assert facts is None or all(isinstance(v, int) for v in facts.values())


@pytest.mark.parametrize(
    'name', ['a1_s1_t1', '', None, 5, 'S01C001P001R001A001', 'S001C001P001R001A0011']
)
def test_names_of_other_data_sets_are_not_ntu(name):
    assert parse_ntu_name(name) is None


@pytest.mark.parametrize(
    ('value', 'plain'),
    [
        (3, 3),
        (np.int64(3), 3),
        (np.array(3), 3),
        (True, 1),
        ('f', 'f'),
        (np.str_('f'), 'f'),
        (None, None),
    ],
)
def test_attribute_values_become_plain(value, plain):
    result = attribute_value({'gender': value}, 'gender')
    assert result == plain and type(result) is type(plain)


@pytest.mark.parametrize('value', [1.5, float('nan'), [1], np.array([1, 2]), b'f'])
def test_other_values_are_refused_by_name(value):
    with pytest.raises(TypeError, match="sample 'x': 'gender' must be an integer or a string"):
        attribute_value({'frame_dir': 'x', 'gender': value}, 'gender')


@given(st.lists(st.integers(-50, 50), min_size=1))
def test_label_map_of_integers_is_numeric_and_independent_of_order(values):
    samples = [{'subject': v} for v in values]
    assert label_map(samples, 'subject') == sorted(set(values))
    assert label_map(reversed(samples), 'subject') == label_map(samples, 'subject')


def test_label_map_sorts_numbers_as_numbers_and_strings_as_strings():
    assert label_map([{'s': v} for v in (10, 9, np.int32(2))], 's') == [2, 9, 10]
    assert label_map([{'s': v} for v in ('m', 'f', None, 'm')], 's') == ['f', 'm']


def test_label_map_without_values_or_with_mixed_ones_is_an_error():
    with pytest.raises(ValueError, match="no sample has the attribute 'age'"):
        label_map([{'frame_dir': 'a'}], 'age')
    with pytest.raises(
        ValueError, match=r"'age' is an integer in some samples \(3\) and a string .*'old'"
    ):
        label_map([{'age': 3}, {'age': 'old'}, {'age': 4}], 'age')


def test_ntu_facts_are_filled_in_and_own_values_kept():
    samples = [
        {'frame_dir': 'S001C002P003R002A013'},
        {'frame_dir': 'S001C002P003R002A013', 'subject': 77},
        {'frame_dir': 'a1_s2_t3'},
    ]
    complete_annotations(samples)
    facts = {'setup': 1, 'camera': 2, 'subject': 3, 'replication': 2}
    assert {k: samples[0][k] for k in facts} == facts
    assert samples[1]['subject'] == 77 and samples[1]['camera'] == 2
    assert samples[2] == {'frame_dir': 'a1_s2_t3'}


def test_attributes_come_from_csv_files(tmp_path):
    path = tmp_path / 'people.csv'
    path.write_text('\ufeffsubject, gender ,age\n001,f,25\n2,m,\n\n003,f,31\n', encoding='utf-8')
    assert read_attribute_csv(path) == {
        'gender': {1: 'f', 2: 'm', 3: 'f'},
        'age': {1: 25, 3: 31},
    }
    other = tmp_path / 'more.csv'
    other.write_text('subject,handed\n1,left\n')
    samples = [
        {'frame_dir': 'S001C001P001R001A001'},
        {'frame_dir': 'b', 'subject': '2'},
        {'frame_dir': 'c', 'subject': 9},
    ]
    complete_annotations(samples, [path, str(other)])
    assert (samples[0]['gender'], samples[0]['age'], samples[0]['handed']) == ('f', 25, 'left')
    assert samples[1]['gender'] == 'm' and 'age' not in samples[1]
    assert 'gender' not in samples[2]
    again = [{'frame_dir': 'a', 'subject': 1}]
    complete_annotations(again, path)
    assert again[0]['gender'] == 'f'


def test_a_csv_file_with_named_subjects(tmp_path):
    path = tmp_path / 'people.csv'
    path.write_text('subject,gender\nP1,f\n2,m\n')
    assert read_attribute_csv(path) == {'gender': {'P1': 'f', '2': 'm'}}


def test_a_csv_file_that_contradicts_a_sample_is_an_error(tmp_path):
    path = tmp_path / 'people.csv'
    path.write_text('subject,gender\n1,f\n')
    complete_annotations([{'frame_dir': 'a', 'subject': 1, 'gender': 'f'}], path)
    with pytest.raises(
        ValueError, match="sample 'a' has gender 'm', but .*people.csv gives subject 1 gender 'f'"
    ):
        complete_annotations([{'frame_dir': 'a', 'subject': 1, 'gender': 'm'}], path)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'expected the header subject,<attribute>'),
        ('person,gender\n1,f\n', "found 'person,gender'"),
        ('subject\n1\n', 'expected the header'),
        ('subject,gender,gender\n1,f,m\n', 'column names must differ'),
        ('subject,label\n1,2\n', 'column names must differ'),
        ('subject,gender\n1,f\n2\n', r"line 3: expected a subject and 1 value.*found '2'"),
        ('subject,gender\n,f\n', 'line 2'),
        ('subject,gender\n1,f\n01,m\n', 'subject 1 stands in more than one row'),
        ('subject;gender\n1;f\n', 'expected the header'),
    ],
)
def test_faulty_csv_files_are_refused_in_one_sentence(tmp_path, text, message):
    path = tmp_path / 'people.csv'
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        read_attribute_csv(path)
    assert str(path) in str(error.value) and '\n' not in str(error.value)


def test_a_csv_file_that_is_absent_or_binary_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none.csv is not there'):
        read_attribute_csv(tmp_path / 'none.csv')
    (tmp_path / 'b.csv').write_bytes(b'\xff\xfe\x00')
    with pytest.raises(ValueError, match='b.csv cannot be read as UTF-8'):
        read_attribute_csv(tmp_path / 'b.csv')


def test_take_is_the_performance_and_not_the_camera():
    def ntu(name, label=12):
        sample = {'frame_dir': name, 'label': label}
        complete_annotations([sample])
        return take_key(sample)

    assert ntu('S001C001P003R002A013') == ntu('S001C003P003R002A013')
    for other in ('S002C001P003R002A013', 'S001C001P004R002A013', 'S001C001P003R001A013'):
        assert ntu('S001C001P003R002A013') != ntu(other)
    assert ntu('S001C001P003R002A013') != ntu('S001C001P003R002A014', label=13)
    assert take_key({'subject': 1, 'trial': 2, 'label': 0}) is not None
    assert take_key({'subject': 1, 'label': 0}) is None
    assert take_key({'trial': 1, 'label': 0}) is None


def test_take_of_a_sample_whose_name_tells_leaves_the_sample_as_it_was():
    sample = {'frame_dir': 'S001C001P003R002A013', 'label': 12}
    assert take_of(sample) == (1, 3, 2, 12)
    assert list(sample) == ['frame_dir', 'label']


def test_takes_are_numbered_and_unknown_ones_are_takes_of_their_own():
    one, other, unknown = (dict(subject=1, trial=t, label=0) for t in (1, 2, None))
    assert number_takes([one, unknown, other, one, unknown]) == [0, 1, 2, 0, 3]
