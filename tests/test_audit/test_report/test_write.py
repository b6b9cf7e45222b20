# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import csv
import json
import re

import audit_documents
import numpy as np
import pytest
from PIL import Image

from mmskanon.audit.report import load_results, write_report
from mmskanon.audit.report.write import json_text


def test_all_files_are_there(written):
    out, doc = written
    assert load_results(out / 'report.json') == doc
    with open(out / 'methods.csv', newline='') as file:
        assert [row['method'] for row in csv.DictReader(file)] == list(doc['methods'])
    pictures = sorted(path.name for path in (out / 'plots').iterdir())
    # two of all methods and an attribute; of a method four on subject and two on gender, the last method without gender
    assert len(pictures) == 4 + 3 * 4 + 2 * 2 + 1
    assert 'unet_subject_roc.png' in pictures and 'displacement.png' in pictures
    assert all(re.fullmatch(r'[A-Za-z0-9][A-Za-z0-9._-]*\.png', name) for name in pictures)
    for path in (out / 'plots').iterdir():
        with Image.open(path) as image:
            assert min(image.size) > 200


def small(doc):
    """The document with one method and one attribute, so that few pictures are drawn."""
    doc['methods'] = {'unet': doc['methods']['unet']}
    del doc['methods']['unet']['privacy']['gender'], doc['data']['attributes']['gender']
    return doc


def test_the_same_document_gives_the_same_files(doc, tmp_path):
    doc = small(doc)
    for folder in ('a', 'b'):
        write_report(doc, tmp_path / folder, audit_documents.scores(doc))
    names = [path.relative_to(tmp_path / 'a') for path in (tmp_path / 'a').rglob('*.*')]
    assert len(names) == 4 + 6
    for name in names:
        assert (tmp_path / 'a' / name).read_bytes() == (tmp_path / 'b' / name).read_bytes(), name


def test_nothing_is_written_when_a_picture_cannot_be_drawn(doc, tmp_path, monkeypatch):
    doc = small(doc)
    out = tmp_path / 'out'
    out.mkdir()
    (out / 'report.json').write_text('old')

    def broken(*_):
        raise RuntimeError('no picture today')

    monkeypatch.setattr('mmskanon.audit.report.plots.score_histograms', broken)
    with pytest.raises(RuntimeError, match='no picture today'):
        write_report(doc, out, audit_documents.scores(doc))
    assert [path.name for path in out.iterdir()] == ['report.json']
    assert (out / 'report.json').read_text() == 'old'


def test_a_document_with_problems_is_refused_before_anything_is_written(doc, tmp_path):
    doc['methods']['unet']['verdict']['claim'] = 'anonymous'
    with pytest.raises(ValueError, match='cannot be reported: method .unet.: verdict: claim must'):
        write_report(doc, tmp_path / 'out', lambda *_: None)
    assert not (tmp_path / 'out').exists()


def test_displacement_of_other_joints_is_refused(doc, tmp_path):
    examples = audit_documents.examples(doc, 1)
    with pytest.raises(ValueError, match=r"displacement of method 'unet': expected shape \(20,\)"):
        write_report(doc, tmp_path / 'out', lambda *_: None, examples, dict(unet=np.zeros(25)))


def test_without_scores_samples_and_utility_there_is_still_a_report(doc, tmp_path):
    doc = small(doc)
    doc['methods']['unet'].update(utility=None, fidelity=None)
    for results in doc['methods']['unet']['privacy']['subject']['tiers'].values():
        for figures in results['attackers'].values():
            figures['per_class'] = None
    files = write_report(doc, tmp_path, lambda *_: None)
    assert [path.name for path in files] == [
        *('subject_tiers.png', 'attackers.csv', 'methods.csv', 'report.html', 'report.json'),
    ]
    assert 'there is nothing to draw' in (tmp_path / 'report.html').read_text(encoding='utf-8')


def test_an_audit_of_nothing_is_reported(doc, tmp_path):
    doc = small(doc)
    doc['methods']['unet']['privacy'] = {}
    write_report(doc, tmp_path, lambda *_: None)
    assert (tmp_path / 'attackers.csv').read_text() == ''
    assert 'Nobody tried to read subject' in (tmp_path / 'report.html').read_text(encoding='utf-8')


def test_json_takes_numbers_of_numpy_and_refuses_what_has_no_form():
    text = json_text(dict(a=np.float32(0.5), b=np.arange(2), c='ü', d=(1, np.bool_(True))))
    assert json.loads(text) == dict(a=0.5, b=[0, 1], c='ü', d=[1, True]) and text.endswith('}\n')
    with pytest.raises(TypeError, match='report.json cannot hold a set'):
        json_text(dict(a={1}))
    with pytest.raises(ValueError):
        json_text(dict(a=float('nan')))
