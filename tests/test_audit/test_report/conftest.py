# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import audit_documents
import pytest

from mmskanon.audit.report import write_report


@pytest.fixture
def doc():
    """A document of three methods and two attributes, with nulls, whose last method has a hostile name."""
    return audit_documents.hostile_document()


@pytest.fixture(scope='session')
def written(tmp_path_factory):
    """A report as it is written, of the same document: the folder and the document."""
    document = audit_documents.hostile_document()
    out = tmp_path_factory.mktemp('report') / 'out'
    write_report(
        document,
        out,
        audit_documents.scores(document),
        audit_documents.examples(document),
        audit_documents.displacement(document),
    )
    return out, document
