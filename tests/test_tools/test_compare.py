# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import csv
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import audit_documents
import pytest
from PIL import Image

from mmskanon.utils import run_tool

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'compare.py'


@pytest.fixture
def reports(tmp_path):
    """Two audits of equal methods on different data."""
    paths = []
    for name, sha256 in (('one', 'a1' * 32), ('two', 'ee' * 32)):
        paths.append(tmp_path / name / 'report.json')
        paths[-1].parent.mkdir()
        paths[-1].write_text(json.dumps(audit_documents.document(sha256=sha256)))
    return paths


@pytest.fixture
def run(capsys):
    """Run the tool in this process; returns exit code, stdout and stderr."""
    spec = importlib.util.spec_from_file_location('compare_tool', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            run_tool(lambda: module.main([str(a) for a in arguments]))
        return (ended.value.code, *capsys.readouterr())

    return call


def test_table_and_picture_of_two_audits(reports, tmp_path, run):
    out = tmp_path / 'comparison'
    code, stdout, stderr = run(*reports, '--out', out)
    assert (code, stderr) == (0, '')
    warning = (
        'Warning: these audits are on different data (utd_mhad.pkl a1a1a1a1, utd_mhad.pkl eeeeeeee)'
    )
    assert warning in stdout and warning in (out / 'comparison.md').read_text()
    with open(out / 'comparison.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['name'] for row in rows][:2] == ['identity (one)', 'unet (one)']
    assert [float(row['strongest']) for row in rows] == [0.99, 0.991, 0.371] * 2
    assert [row['pareto'] for row in rows] == ['true', 'false', 'true'] * 2
    with Image.open(out / 'pareto.png') as image:
        assert image.width > 800
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    run(*reports, '--out', out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first


def test_whole_command_line(reports, tmp_path):
    done = subprocess.run(
        [sys.executable, TOOL, reports[0], '--out', tmp_path / 'out', '--attribute', 'gender'],
        env={**os.environ, 'PYTHONPATH': str(TOOL.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, '')
    assert '99.6%' in done.stdout and 'Warning' not in done.stdout
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == [
        *('comparison.csv', 'comparison.md', 'pareto.png')
    ]


def test_a_comparison_stands_for_its_audits(reports, tmp_path, run):
    run(reports[0], '--out', tmp_path / 'one')
    assert run(tmp_path / 'one' / 'comparison.csv', '--out', tmp_path / 'again')[0] == 0
    for name in ('comparison.md', 'pareto.png'):
        assert (tmp_path / 'again' / name).read_bytes() == (tmp_path / 'one' / name).read_bytes()


CASES = {
    'missing': (lambda paths: paths[1].unlink(), [], 'does not exist; expected the report.json'),
    'other format': (lambda paths: paths[1].write_text('{"format": "coco"}'), [], "'mmskanon-audit/1', found 'coco'"),
    'no JSON': (lambda paths: paths[1].write_text('a,b'), [], 'no JSON'),
    'attribute': (lambda paths: None, ['--attribute', 'age'], "has no attribute 'age': choose one of"),
}  # fmt: skip


@pytest.mark.parametrize('case', CASES)
def test_mistakes_end_in_one_sentence_and_no_file(reports, tmp_path, run, case):
    change, options, sentence = CASES[case]
    change(reports)
    code, stdout, stderr = run(*reports, '--out', tmp_path / 'out', *options)
    assert (code, stdout) == (1, '')
    assert stderr.count('\n') == 1 and sentence in stderr
    assert not (tmp_path / 'out').exists()


def test_an_audit_given_twice_is_refused(reports, tmp_path, run):
    code, _, stderr = run(reports[0], reports[0], '--out', tmp_path / 'out')
    assert code == 1 and 'is given more than once' in stderr


def test_audits_in_folders_of_one_name_keep_apart(reports, tmp_path, run):
    other = tmp_path / 'deeper' / 'one' / 'report.json'
    other.parent.mkdir(parents=True)
    other.write_bytes(reports[0].read_bytes())
    assert run(reports[0], other, '--out', tmp_path / 'out')[0] == 0
    with open(tmp_path / 'out' / 'comparison.csv', newline='') as file:
        assert {row['audit'] for row in csv.DictReader(file)} == {str(reports[0]), str(other)}
