# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pickletools
import zipfile

import numpy as np
import pytest
import torch

from mmskanon.io import UnsafePickleError
from mmskanon.skeletons.gallery import build_gallery, load_gallery, save_gallery, shuffle_gallery
from mmskanon.skeletons.kinematics import inverse_kinematics
from mmskanon.skeletons.population import measure_population

ARM = dict(joints=['shoulder', 'elbow', 'wrist'], parents=[0, 0, 1], center=1)
NAMES = ['Ada Lovelace', 'Grace Hopper', 'Alan Turing']


@pytest.fixture(scope='module')
def clips():
    """Clips of unequal length and one person, two a subject, and one that shows nobody."""
    rng = np.random.default_rng(0)
    made = [rng.normal(size=(1, 3 + i, 3, 3)).astype(np.float32) for i in range(6)]
    return [*made, np.zeros((1, 4, 3, 3), np.float32)]


@pytest.fixture(scope='module')
def people():
    return [NAMES[i % 3] for i in range(7)]


@pytest.fixture(scope='module')
def gallery(clips, people):
    population = measure_population(zip(people[:6], clips[:6], strict=True), ARM)
    return build_gallery(clips, [0, 1, 0, 1, 0, 1, 0], people, population, ARM, num_person=1)


def motions(gallery):
    """Each clip as label, person and content."""
    ends = zip(gallery.starts.tolist(), gallery.starts[1:].tolist(), strict=False)
    return [
        (label, person, gallery.directions[a:b], gallery.centers[a:b])
        for (a, b), label, person in zip(
            ends, gallery.labels.tolist(), gallery.subjects.tolist(), strict=True
        )
    ]


def test_it_has_directions_and_centres_of_the_clips_that_show_somebody(gallery, clips):
    assert len(gallery) == 6 and gallery.num_subjects == 3
    for number, (label, person, directions, centers) in enumerate(motions(gallery)):
        x = torch.from_numpy(clips[number]).transpose(0, 1)
        assert (label, person) == (number % 2, number % 3)
        torch.testing.assert_close(directions, inverse_kinematics(x, ARM)[1])
        torch.testing.assert_close(centers, x[:, :, 1])


def test_shuffling_keeps_motions_and_who_is_the_same_person(gallery):
    orders, numberings = set(), set()
    before = {m[2].shape[0]: m for m in motions(gallery)}  # all lengths differ
    for _ in range(20):
        shuffled = motions(shuffle_gallery(gallery))
        orders.add(tuple(len(m[2]) for m in shuffled))
        renamed = {}
        for label, person, directions, centers in shuffled:
            old = before[len(directions)]
            assert label == old[0]
            assert torch.equal(directions, old[2]) and torch.equal(centers, old[3])
            assert renamed.setdefault(old[1], person) == person
        assert sorted(renamed.values()) == [0, 1, 2]
        numberings.add(tuple(renamed[i] for i in range(3)))
        torch.manual_seed(0)  # no seed reaches the order
    assert len(orders) > 10 and len(numberings) > 2


def test_a_file_holds_no_names_and_is_data_alone(gallery, tmp_path):
    path = tmp_path / 'gallery.pth'
    save_gallery(gallery, path, ARM)
    archive = zipfile.ZipFile(path)
    text = b''.join(archive.read(name) for name in archive.namelist())
    for name in NAMES:
        assert name.encode() not in text and name.split()[1].encode() not in text
    pickled = next(archive.read(n) for n in archive.namelist() if n.endswith('data.pkl'))
    strings = {
        arg
        for opcode, arg, _ in pickletools.genops(pickled)
        if opcode.name.startswith(('BINUNICODE', 'SHORT_BINUNICODE'))
    }
    fields = {'format', 'joints', 'parents', 'directions', 'centers', 'starts', 'labels'}
    assert strings - {'storage', 'cpu'} - {str(i) for i in range(9)} == (
        fields | {'subjects', 'lengths', 'rest', 'mmskanon gallery 1', *ARM['joints']}
    )
    assert torch.load(path, weights_only=True)['labels'].sum() == gallery.labels.sum()


def test_a_file_gives_the_gallery_back(gallery, tmp_path):
    path = tmp_path / 'gallery.pth'
    save_gallery(gallery, path, ARM)
    loaded = load_gallery(path, ARM, num_person=1)
    assert torch.equal(loaded.lengths, gallery.lengths) and torch.equal(loaded.rest, gallery.rest)
    by_length = [sorted(motions(g), key=lambda m: len(m[2])) for g in (gallery, loaded)]
    for old, new in zip(*by_length, strict=True):
        assert old[0] == new[0] and torch.equal(old[2], new[2]) and torch.equal(old[3], new[3])
    with pytest.raises(FileExistsError, match='exists already'):
        save_gallery(gallery, path, ARM)
    save_gallery(gallery, path, ARM, overwrite=True)


def test_mistakes(gallery, clips, tmp_path):
    path = tmp_path / 'gallery.pth'
    save_gallery(gallery, path, ARM)
    with pytest.raises(ValueError, match='made for other joints than those of the layout'):
        load_gallery(path, 'kinect_v1', 1)
    with pytest.raises(ValueError, match=r'has 1 person\(s\) a clip, expected 2'):
        load_gallery(path, ARM, 2)
    with pytest.raises(FileNotFoundError):
        load_gallery(tmp_path / 'absent.pth', ARM, 1)
    torch.save(dict(state_dict={}), tmp_path / 'other.pth')
    with pytest.raises(ValueError, match='is no gallery of this version'):
        load_gallery(tmp_path / 'other.pth', ARM, 1)
    torch.save(dict(format=print), tmp_path / 'unsafe.pth')
    with pytest.raises(UnsafePickleError):
        load_gallery(tmp_path / 'unsafe.pth', ARM, 1)
    population = measure_population([('a', clips[0])], ARM)
    with pytest.raises(ValueError, match='clip 1 of the gallery has no subject'):
        build_gallery(clips[:2], [0, 0], ['a', None], population, ARM, 1)
    with pytest.raises(ValueError, match='no clip of the gallery shows anybody'):
        build_gallery(clips[6:], [0], ['a'], population, ARM, 1)
