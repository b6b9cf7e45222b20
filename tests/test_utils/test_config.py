# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODEL_WRAPPERS as ROOT_WRAPPERS

from mmskanon.engine import PartyDistributedDataParallel
from mmskanon.utils import (
    adapt_to_cpu,
    check_optimizers,
    enable_auto_scale_lr,
    read_config,
    register_all_modules,
    resolve_model_wrapper,
    set_work_dir,
    skip_party_checkpoints,
)

SGD = dict(optimizer=dict(type='SGD', lr=0.1))


@pytest.fixture
def write(tmp_path):
    def write(text, name='recipe.py'):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


class TestReadConfig:
    def test_overrides_come_last(self, write):
        path = write("a = dict(b=1, c=[1, 2])\nd = 'e'")
        cfg = read_config(path, {'a.b': 2, 'f.g': 3})
        assert cfg.to_dict() == dict(a=dict(b=2, c=[1, 2]), d='e', f=dict(g=3))
        assert read_config(path).a.b == 1

    def test_its_text_is_a_config_again(self, write, tmp_path):
        """Unformatted, which is hundreds of times faster."""
        cfg = read_config(write("a = dict(b=(1, 'x'), c=[dict(d=None)])\ne = 0.5"))
        cfg.dump(str(tmp_path / 'dumped.py'))
        assert read_config(str(tmp_path / 'dumped.py')).to_dict() == cfg.to_dict()

    def test_a_file_that_is_not_there(self, tmp_path):
        with pytest.raises(FileNotFoundError, match='config .*nowhere.py does not exist; give'):
            read_config(str(tmp_path / 'nowhere.py'))
        with pytest.raises(FileNotFoundError, match='does not exist'):
            read_config(str(tmp_path))

    @pytest.mark.parametrize(
        ('text', 'reason'),
        [
            ('a = dict(', 'SyntaxError'),
            ('a = b', 'NameError'),
            ("_base_ = 'nobody::a.py'", 'external package'),
            ("_base_ = './nowhere.py'", 'nowhere.py.*correct its _base_'),
            ('a = 1 / 0', 'ZeroDivisionError'),
        ],
    )
    def test_a_file_that_cannot_be_read(self, write, text, reason):
        with pytest.raises((ValueError, FileNotFoundError), match=reason) as caught:
            read_config(write(text))
        assert 'recipe.py cannot be read' in str(caught.value)

    def test_a_module_that_cannot_be_imported(self, write):
        path = write("custom_imports = dict(imports=['nowhere'])")
        with pytest.raises(ImportError, match=r'recipe.py cannot be read: .*nowhere.*PYTHONPATH'):
            read_config(path)

    def test_missing_keys_are_named(self, write):
        path = write('model = dict(type=1)\ntest_cfg = dict()\nval_cfg = None')
        read_config(path, needs=['model', 'test_cfg'])
        with pytest.raises(KeyError, match='recipe.py does not set val_cfg, train_cfg; inherit'):
            read_config(path, needs=['model', 'val_cfg', 'train_cfg'])
        read_config(path, {'train_cfg.max_epochs': 1}, needs=['train_cfg'])


def test_the_work_directory_is_the_argument_or_the_configs_or_named_after_it():
    for own, argument, expected in (
        (None, None, 'work_dirs/recipe'),
        ('mine', None, 'mine'),
        ('mine', 'other', 'other'),
        (None, 'other', 'other'),
    ):
        cfg = Config(dict(work_dir=own))
        set_work_dir(cfg, argument, 'configs/a/recipe.py')
        assert cfg.work_dir == expected


class TestAdaptToCPU:
    @pytest.fixture(autouse=True)
    def no_gpu(self, monkeypatch):
        monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)

    def test_processes_talk_over_gloo(self):
        for env_cfg in (
            None,
            dict(),
            dict(dist_cfg=dict(backend='nccl', timeout=5), mp_cfg=dict(a=1)),
        ):
            cfg = Config(dict(env_cfg=env_cfg))
            adapt_to_cpu(cfg, 'none')
            assert cfg.env_cfg.dist_cfg.backend == 'gloo'
            assert 'model_wrapper_cfg' not in cfg
        assert cfg.env_cfg.dist_cfg.timeout == 5 and cfg.env_cfg.mp_cfg == dict(a=1)

    def test_the_default_wrapper_looks_for_no_gpu_and_others_stay(self):
        cfg = Config(dict())
        adapt_to_cpu(cfg, 'pytorch')
        assert cfg.model_wrapper_cfg.device_ids is None
        cfg = Config(dict(model_wrapper_cfg=dict(type='PartyDistributedDataParallel')))
        adapt_to_cpu(cfg, 'pytorch')
        assert cfg.model_wrapper_cfg == dict(type='PartyDistributedDataParallel')

    def test_a_machine_with_gpus_is_left_alone(self, monkeypatch):
        monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
        cfg = Config(dict(env_cfg=dict(dist_cfg=dict(backend='nccl'))))
        adapt_to_cpu(cfg, 'pytorch')
        assert cfg.to_dict() == dict(env_cfg=dict(dist_cfg=dict(backend='nccl')))


class TestModelWrapper:
    def test_mmengine_finds_ours_where_it_looks(self):
        cfg = Config(dict(model_wrapper_cfg=dict(type='PartyDistributedDataParallel')))
        assert ROOT_WRAPPERS.get(cfg.model_wrapper_cfg.type) is None
        resolve_model_wrapper(cfg)
        assert ROOT_WRAPPERS.get(cfg.model_wrapper_cfg.type) is PartyDistributedDataParallel

    @pytest.mark.parametrize('wrapper', [None, dict(type='MMDistributedDataParallel')])
    def test_others_stay(self, wrapper):
        cfg = Config(dict(model_wrapper_cfg=wrapper))
        resolve_model_wrapper(cfg)
        assert cfg.model_wrapper_cfg == wrapper

    def test_an_unknown_one_is_named(self):
        cfg = Config(dict(model_wrapper_cfg=dict(type='PartyDDP')))
        with pytest.raises(KeyError, match="'PartyDDP', which is no model wrapper; correct"):
            resolve_model_wrapper(cfg)


def test_party_checkpoints_are_skipped_where_there_are_parties():
    whole, recipe = (
        Config(dict(model=dict(type=t))) for t in ('AdversarialAnonymization', 'RecognizerGCN')
    )
    for cfg in (whole, recipe):
        skip_party_checkpoints(cfg)
    assert whole.model.load_parties is False
    assert 'load_parties' not in recipe.model


class TestOptimizers:
    def test_those_that_exist_pass(self):
        register_all_modules()
        check_optimizers(Config(SGD))
        check_optimizers(
            Config(
                dict(
                    constructor='PartyOptimWrapperConstructor',
                    paramwise_cfg=dict(bias_decay_mult=0),
                    anonymizer=SGD,
                    adversary=dict(optimizer=dict(type=torch.optim.AdamW), clip_grad=dict()),
                )
            )
        )

    @pytest.mark.parametrize(
        ('cfg', 'message'),
        [
            (dict(optimizer=dict(type='SDG')), r"optim_wrapper.optimizer.type is 'SDG'.*'SGD'\?"),
            (dict(a=SGD, b=dict(optimizer=dict(type='Adan'))), r"optim_wrapper.b.*'Adan'.*'Adam'"),
            (dict(optimizer=dict(type='xyz')), r"'xyz', which is no optimizer; known are .*'SGD'"),
            (dict(a=dict(clip_grad=dict())), r'optim_wrapper.a has no optimizer; set'),
            (dict(a=dict(optimizer=dict(lr=1))), r'optim_wrapper.a has no optimizer; set'),
        ],
    )
    def test_those_that_do_not_are_named(self, cfg, message):
        with pytest.raises(KeyError, match=message):
            check_optimizers(Config(cfg))


def test_automatic_learning_rates_need_the_batch_size_of_the_recipe():
    cfg = Config(dict(auto_scale_lr=dict(base_batch_size=128, enable=False)))
    enable_auto_scale_lr(cfg)
    assert cfg.auto_scale_lr == dict(base_batch_size=128, enable=True)
    for lacking in (dict(), dict(auto_scale_lr=dict(enable=False))):
        with pytest.raises(KeyError, match='auto_scale_lr.base_batch_size; set it'):
            enable_auto_scale_lr(Config(lacking))
