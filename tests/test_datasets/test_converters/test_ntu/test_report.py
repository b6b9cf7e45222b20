# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Collections with something wrong: what is reported, and what is refused."""

import json
import os
import signal

import pytest
from ntu_files import (
    FIRST_ID,
    broken_files,
    person,
    recording,
    sample_name,
    text_of,
    write,
    write_collection,
)

from mmskanon.datasets.converters.ntu import (
    ConversionOptions,
    convert_ntu,
)
from mmskanon.io import load_annotations


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


class TestReport:
    @pytest.fixture
    def mixed(self, tmp_path):
        """Sound, odd and unusable recordings."""
        source = tmp_path / 'in'
        write_collection(source, subjects=(1, 2), actions=(1, 50), cameras=(1,))
        for number, content in enumerate(broken_files().values()):
            write(source, sample_name(subject=3, action=number + 1), content)
        write(source, sample_name(subject=4), text_of([[], [], []]))
        write(source, sample_name(subject=4, action=2), text_of([]))
        write(source, sample_name(subject=5), recording(16, (FIRST_ID, 2, person(12))))
        pair = (FIRST_ID, 0, person(12)), (FIRST_ID + 1, 0, person(12, 1))
        write(source, sample_name(subject=5, action=2), recording(12, *pair))
        write(source, sample_name(subject=5, action=50), recording(305, (FIRST_ID, 0, person(305))))
        write(source, 'holiday', b'')
        (tmp_path / 'missing.txt').write_text(
            f'Listed:\n{sample_name(subject=1)}\nS009C001P001R001A001\n'
        )
        return source

    def test_everything_is_accounted_for(self, mixed, tmp_path):
        out = tmp_path / 'a.pkl'
        report = convert_ntu(mixed, out, missing=[tmp_path / 'missing.txt'], workers=2, part_size=4)
        assert json.loads(json.dumps(report)) == json.loads(
            (tmp_path / 'a.report.json').read_text()
        )
        broken = len(broken_files())
        assert report['dropped_counts'] == dict(missing=1, nobody=2, unreadable=broken, name=1)
        assert report['odd_counts'] == dict(empty_frames=1, persons=2, frames=1)
        assert report['files'] == len(list(mixed.iterdir()))
        assert report['samples'] == 10 == len(load_annotations(out)['annotations'])
        assert report['files'] == report['samples'] + len(report['dropped'])
        odd = {row.pop('sample'): row for row in report['odd']}
        assert odd[sample_name(subject=5)] == dict(empty_frames=4)
        assert odd[sample_name(subject=5, action=2)] == dict(persons=2, persons_expected=1)
        assert odd[sample_name(subject=5, action=50)] == dict(
            persons=1, persons_expected=2, frames=305
        )
        details = [row['detail'] for row in report['dropped'] if row['reason'] == 'unreadable']
        assert sum(', line ' in text for text in details) == broken - 1
        rows = {row['split']: row for row in report['splits']}
        assert rows['all']['samples'] == 10 and rows['all']['subjects'] == 3
        assert rows['all']['frames_max'] == 305 and rows['all']['frames_min'] == 12

    @pytest.mark.parametrize('workers', [1, 2])
    def test_strict_ends_at_a_bad_file(self, mixed, tmp_path, workers):
        (mixed / 'holiday.skeleton').unlink()
        with pytest.raises(ValueError, match=r'S001C001P003R001A0\d\d\.skeleton'):
            convert_ntu(mixed, tmp_path / 'a.pkl', strict=True, workers=workers, part_size=4)
        assert not (tmp_path / 'a.pkl').exists() and not (tmp_path / 'a.report.json').exists()
        convert_ntu(mixed, tmp_path / 'a.pkl', part_size=4)
        assert len(load_annotations(tmp_path / 'a.pkl')['annotations']) == 11

    def test_strict_notices_what_an_earlier_run_found(self, mixed, tmp_path):
        def interrupt(done, total):
            if done == total:
                raise KeyboardInterrupt

        (mixed / 'holiday.skeleton').unlink()
        with pytest.raises(KeyboardInterrupt):
            convert_ntu(mixed, tmp_path / 'a.pkl', progress=interrupt)
        with pytest.raises(ValueError, match='line'):
            convert_ntu(mixed, tmp_path / 'a.pkl', strict=True)

    def test_strict_minds_names(self, mixed, tmp_path):
        with pytest.raises(ValueError, match=r'holiday\.skeleton is not named'):
            convert_ntu(mixed, tmp_path / 'a.pkl', strict=True)


class TestRefusals:
    def test_nothing_usable(self, tmp_path):
        write(tmp_path / 'in', sample_name(), b'')
        with pytest.raises(ValueError, match=r'none of the 1 recordings .* line 1: expected'):
            convert_ntu(tmp_path / 'in', tmp_path / 'a.pkl')
        assert names_in(tmp_path) == ['in']

    @pytest.mark.parametrize(
        ('arguments', 'words'),
        [
            (dict(out='a.npz'), r'must end in \.pkl'),
            (dict(options=ConversionOptions(dtype='int8')), "found 'int8'"),
            (dict(workers=0), 'workers must be at least 1, found 0'),
            (dict(part_size=0), 'part_size must be at least 1'),
        ],
    )
    def test_options(self, folder, tmp_path, arguments, words):
        out = tmp_path / arguments.pop('out', 'a.pkl')
        with pytest.raises(ValueError, match=words):
            convert_ntu(folder, out, **arguments)
        assert names_in(tmp_path) == []

    def test_missing_files(self, folder, tmp_path):
        out = tmp_path / 'a.pkl'
        with pytest.raises(FileNotFoundError, match='does not exist'):
            convert_ntu(tmp_path / 'gone', out)
        with pytest.raises(FileNotFoundError, match=r'list\.txt is not there'):
            convert_ntu(folder, out, missing=[tmp_path / 'list.txt'])
        options = ConversionOptions(attribute_files=(str(tmp_path / 'age.csv'),))
        with pytest.raises(FileNotFoundError, match=r'age\.csv is not there'):
            convert_ntu(folder, out, options)
        assert names_in(tmp_path) == []

    def test_output_exists(self, folder, converted, tmp_path):
        out = tmp_path / 'a.pkl'
        out.write_bytes(b'precious')
        with pytest.raises(FileExistsError, match=r'a\.pkl exists already'):
            convert_ntu(folder, out)
        assert out.read_bytes() == b'precious'
        convert_ntu(folder, out, overwrite=True)
        assert out.read_bytes() == converted.read_bytes()

    def test_csv_that_contradicts_a_name(self, folder, tmp_path):
        (tmp_path / 'bad.csv').write_text('subject,camera\n1,7\n2,7\n3,7\n')
        options = ConversionOptions(attribute_files=(str(tmp_path / 'bad.csv'),))
        for workers in (1, 2):
            with pytest.raises(ValueError, match=r'camera 1, but .*bad\.csv gives'):
                convert_ntu(folder, tmp_path / 'a.pkl', options, workers=workers, part_size=8)
            assert not (tmp_path / 'a.pkl').exists()

    def test_a_killed_worker_is_told(self, folder, tmp_path, monkeypatch):
        monkeypatch.setattr(
            'mmskanon.datasets.converters.ntu.collection.convert_part', kill_this_process
        )
        with pytest.raises(OSError, match='a worker process was killed'):
            convert_ntu(folder, tmp_path / 'a.pkl', workers=2, part_size=8)
        assert not (tmp_path / 'a.pkl').exists()


def kill_this_process(part):
    os.kill(os.getpid(), signal.SIGKILL)
