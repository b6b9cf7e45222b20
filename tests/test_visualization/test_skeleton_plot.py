# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import matplotlib
import numpy as np
import pytest
from PIL import Image

from mmskanon.skeletons.layouts import get_layout
from mmskanon.visualization import draw_comparison
from mmskanon.visualization.comparison import ComparisonScene, spread
from mmskanon.visualization.skeleton_plot import check_target

BLUE, VERMILION = (0, 114, 178), (213, 94, 0)


def _clip(persons=1, frames=10, joints=20, dims=3, seed=0):
    return (
        np.random.default_rng(seed).normal(size=(persons, frames, joints, dims)).astype(np.float32)
    )


def _count(picture, color):
    return int((np.abs(picture[..., :3].astype(int) - color).sum(axis=-1) < 12).sum())


def _rgb(path):
    with Image.open(path) as image:
        return np.array(image.convert('RGB'))


@pytest.mark.parametrize('suffix', ['.png', '.gif', '.mp4', '.PNG'])
def test_every_format_is_written_whole(tmp_path, suffix):
    path = tmp_path / f'clip{suffix}'
    draw_comparison(_clip(), _clip(seed=1), 'kinect_v1', path, title='a clip')
    head = path.read_bytes()[:12]
    magic = {'.png': b'PNG', '.gif': b'GIF89a', '.mp4': b'ftyp'}[suffix.lower()]
    assert magic in head
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_real_recording_is_drawn(tmp_path, utd_dir):
    from scipy.io import loadmat

    clip = loadmat(utd_dir / 'a6_s1_t1_skeleton.mat')['d_skel'].transpose(2, 0, 1)[None]
    path = tmp_path / 'clip.png'
    draw_comparison(clip, clip * [0.9, 1.0, 1.0], 'kinect_v1', path)
    picture = _rgb(path)
    assert min(_count(picture, BLUE), _count(picture, VERMILION)) > 2000
    # The left side of this mirrored recording stands left in the picture of each moment.
    columns = [
        np.nonzero(np.abs(picture.astype(int) - c).sum(-1) < 12)[1].mean()
        for c in (BLUE, VERMILION)
    ]
    assert columns[0] < columns[1]


def test_backend_and_settings_of_the_host_program_stay(tmp_path):
    before = (matplotlib.get_backend(), dict(matplotlib.rcParams))
    draw_comparison(_clip(), _clip(), 'kinect_v1', tmp_path / 'clip.gif', max_frames=2)
    assert (matplotlib.get_backend(), dict(matplotlib.rcParams)) == before


def _scene(original, anonymized, layout='kinect_v1', view='front', up='y'):
    clips = [c.astype(np.float64) for c in (original, anonymized)]
    return ComparisonScene(clips, get_layout(layout), view, up, 30.0)


def test_all_panels_share_one_equal_scale():
    figure = _scene(_clip(), _clip(seed=1) * 3).contact_sheet(None, 6)
    size = figure.get_size_inches()
    limits = {(axes.get_xlim(), axes.get_ylim()) for axes in figure.axes}
    assert len(figure.axes) == 12 and len(limits) == 1
    box = figure.axes[0].get_position()
    (left, right), (bottom, top) = next(iter(limits))
    assert (right - left) / (box.width * size[0]) == pytest.approx(
        (top - bottom) / (box.height * size[1])
    )
    both = np.concatenate([_clip(), _clip(seed=1) * 3])
    assert left < both[..., 0].min() and both[..., 0].max() < right
    assert bottom < both[..., 1].min() and both[..., 1].max() < top


def test_padding_does_not_move_the_frame():
    original = _clip() + [0, 0, 30]
    padded = np.concatenate([original, np.zeros((1, 90, 20, 3))], axis=1)
    assert (
        _scene(padded, padded, view='side').limits == _scene(original, original, view='side').limits
    )


def test_frames_move_and_only_what_moves(tmp_path):
    clip = _clip(frames=4)
    frames = list(_scene(clip, clip).film(None, range(4)))
    assert len(frames) == 4 and len({f.shape for f in frames}) == 1
    assert all((a != b).any() for a, b in zip(frames[:-1], frames[1:], strict=True))
    np.testing.assert_array_equal(frames[0], next(_scene(clip, clip).film(None, [0])))
    still = [f[:30] for f in frames]
    assert all((s == still[0]).all() for s in still)


def test_absent_frames_are_blank():
    clip = _clip(frames=2)
    clip[:, 1] = 0
    shown, blank = _scene(clip, clip).film(None, range(2))
    legend = _count(blank, BLUE)
    assert _count(shown, BLUE) > 3 * legend > 0


def test_gif_plays_at_the_speed_of_the_recording(tmp_path):
    clip = _clip(frames=60)
    for fps, most in ((30, None), (30, 12), (120, None)):
        path = tmp_path / f'{fps}_{most}.gif'
        draw_comparison(clip, clip, 'kinect_v1', path, fps=fps, max_frames=most)
        with Image.open(path) as image:
            assert image.n_frames <= (most or 60)
            total = 0
            for index in range(image.n_frames):
                image.seek(index)
                assert image.info['duration'] >= 20
                total += image.info['duration']
        assert total == pytest.approx(1000 * 60 / fps, abs=10)


@pytest.mark.parametrize(('num_frames', 'num_shown'), [(1, 6), (5, 6), (6, 6), (100, 6), (7, 1)])
def test_spread_reaches_from_start_to_end(num_frames, num_shown):
    shown = spread(num_frames, num_shown)
    assert len(shown) == min(num_frames, num_shown)
    assert shown[0] == 0 and (num_shown == 1 or shown[-1] == num_frames - 1)


@pytest.mark.parametrize(
    ('layout', 'joints', 'dims'), [('nturgb+d', 25, 3), ('coco', 17, 2), ('openpose', 18, 3)]
)
def test_other_layouts_and_score_channels(tmp_path, layout, joints, dims):
    clip = _clip(2, 3, joints, dims)
    draw_comparison(clip, clip[:1], layout, tmp_path / 'clip.png')
    assert _count(_rgb(tmp_path / 'clip.png'), BLUE) > 500


def test_half_precision_and_custom_layout(tmp_path):
    layout = dict(name='arm', joints=['s', 'e', 'w'], parents=[0, 0, 1], center=0)
    clip = _clip(joints=3).astype(np.float16)
    draw_comparison(clip, clip, layout, tmp_path / 'clip.png', view='oblique', up='z')
    assert (tmp_path / 'clip.png').stat().st_size > 1000


BAD = {
    'frames': (_clip(), _clip(frames=9), {}, 'has 10 frames, the anonymized one 9'),
    'joints': (_clip(), _clip(joints=25), {}, 'anonymized clip has 25 joints.*has 20'),
    'rank': (_clip()[0], _clip(), {}, r'original clip must have shape \(M, T, V, C\)'),
    'empty': (_clip(frames=0), _clip(frames=0), {}, 'T >= 1'),
    'coords': (_clip(dims=2), _clip(), {}, 'has 2 coordinates a joint'),
    'nobody': (_clip() * 0, _clip() * 0, {}, 'no body to draw'),
    'nan': (_clip(), _clip() * np.nan, {}, 'NaN or infinite'),
    'suffix': (_clip(), _clip(), dict(out='clip.avi'), 'must end in one of .gif, .mp4, .png'),
    'no suffix': (_clip(), _clip(), dict(out='clip'), 'must end in one of'),
    'view': (_clip(), _clip(), dict(view='back'), "no view is called 'back'"),
    'up': (_clip(), _clip(), dict(up='x'), "found 'x'"),
    'fps': (_clip(), _clip(), dict(fps=0), 'fps must be positive, found 0'),
    'max_frames': (_clip(), _clip(), dict(max_frames=0), 'max_frames must be at least 1, found 0'),
}


@pytest.mark.parametrize('case', BAD)
def test_unusable_input_is_refused_and_leaves_nothing(tmp_path, case):
    original, anonymized, options, message = BAD[case]
    out = tmp_path / options.get('out', 'clip.gif')
    options = {k: v for k, v in options.items() if k != 'out'}
    with pytest.raises(ValueError, match=message):
        draw_comparison(original, anonymized, 'kinect_v1', out, **options)
    assert not list(tmp_path.iterdir())


def test_existing_picture_stays_unless_it_may_go(tmp_path):
    path = tmp_path / 'clip.png'
    path.write_bytes(b'precious')
    with pytest.raises(FileExistsError, match='exists already'):
        draw_comparison(_clip(), _clip(), 'kinect_v1', path)
    assert path.read_bytes() == b'precious'
    draw_comparison(_clip(), _clip(), 'kinect_v1', path, overwrite=True)
    assert path.read_bytes() != b'precious'
    assert check_target(path, overwrite=True) == '.png'


def test_interrupted_drawing_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr('PIL.Image.Image.save', interrupt)
    with pytest.raises(KeyboardInterrupt):
        draw_comparison(_clip(), _clip(), 'kinect_v1', tmp_path / 'clip.gif', max_frames=2)
    assert not list(tmp_path.iterdir())
