# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Models and commands that do not fit, tried on purpose: each ends in one sentence on stderr, and leaves no output."""

import pytest
from builders import action_head, annotations, privacy_head, tiny_model, tiny_net
from refusals import assert_refused


class TestModels:
    """Checkpoints and configs that do not fit each other."""

    def test_recognizer_with_another_number_of_classes(
        self, tool, config, ann_file, checkpoint, tmp_path
    ):
        five = checkpoint('five.pth', tiny_net(action_head(5)))
        recognizer = dict(net=tiny_net(action_head(3)), checkpoint=str(five))
        done = tool('train', config(ann_file, model=tiny_model(recognizer=recognizer)))
        words = ('recognizer', five, 'cls_head.fc.weight', '(5, 8)', '(3, 8)', 'number of classes')
        assert_refused(done, tmp_path, *words, before=['five.pth'])

    @pytest.mark.parametrize('name', ['train', 'test'])
    def test_actions_that_the_recognizer_does_not_know(
        self, tool, config, save, checkpoint, tmp_path, name
    ):
        path = save(annotations(n_actions=5))
        arguments = (checkpoint(), '--dump', 'out.pkl') if name == 'test' else ()
        before = ['model.pth'] if name == 'test' else []
        words = ('action classes', 'the recognizer was built for 3', 'set num_classes of its head')
        done = tool(name, config(path), *arguments)
        assert_refused(done, tmp_path, *words, before=before)

    @pytest.mark.parametrize('kind', ['SkeletonRecognizer', 'mmaction.RecognizerGCN'])
    def test_actions_that_a_recipe_does_not_know(self, tool, config, save, tmp_path, kind):
        net = dict(tiny_net(action_head(3)), type=kind)
        if kind != 'SkeletonRecognizer':
            del net['layout'], net['features']
            net['backbone']['graph_cfg']['layout'] = 'nturgb+d'
        recipe = config(
            save(annotations(n_actions=5, joints=25)),
            model=net,
            train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=1),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
            param_scheduler=None,
            evaluator=[dict(type='ActionAccuracy')],
        )
        recipe.write_text(recipe.read_text().replace('kinect_v1', 'nturgb+d'))
        words = ('the data have at least', 'classes', 'was built for', 'set num_classes of')
        assert_refused(tool('train', recipe), tmp_path, *words)

    def test_subjects_that_the_adversary_does_not_know(self, tool, config, save, tmp_path):
        path = save(annotations(n_subjects=6))
        words = ("'subject' has at least", 'classes', 'built for 4', 'set num_classes of the head')
        assert_refused(tool('train', config(path)), tmp_path, *words)

    def test_adversary_with_another_number_of_classes(
        self, tool, config, ann_file, checkpoint, tmp_path
    ):
        five = checkpoint('five.pth', tiny_net(privacy_head(num_classes=5)))
        member = dict(net=tiny_net(privacy_head()), checkpoint=str(five))
        adversary = dict(type='AdversaryBank', members=dict(subject=member))
        done = tool('train', config(ann_file, model=tiny_model(adversary=adversary)))
        words = ("adversary 'subject'", five, '(5, 8)', '(4, 8)', 'number of classes')
        assert_refused(done, tmp_path, *words, before=['five.pth'])

    @pytest.mark.parametrize('name', ['test', 'anonymize'])
    def test_checkpoint_of_another_model(self, tool, config, ann_file, checkpoint, tmp_path, name):
        other = checkpoint('other.pth', tiny_net(action_head(3)))
        rest = () if name == 'test' else (ann_file, 'out.pkl')
        done = tool(name, config(ann_file), other, *rest)
        assert_refused(
            done, tmp_path, other, 'does not fit the config', 'use the config', before=['other.pth']
        )

    @pytest.mark.parametrize(
        ('option', 'words'),
        [
            (
                "train_cfg.cycle=[('attacker',1),('anonymizer',1)]",
                ("phase 'attacker'", "['anonymizer', 'adversary']", 'correct cycle'),
            ),
            ("train_cfg.cycle=[('adversary',0)]", ('cycle', 'positive number', "('adversary', 0)")),
            (
                'optim_wrapper.attacker.optimizer.type=SGD',
                ("optim_wrapper names 'attacker'", "['anonymizer', 'adversary']", 'rename'),
            ),
            (
                'optim_wrapper.adversary.optimizer.type=SDG',
                ('optim_wrapper.adversary.optimizer.type', "'SDG'", "did you mean 'SGD'?"),
            ),
            (
                'optim_wrapper.adversary.optimizer=None',
                ('optim_wrapper.adversary has no optimizer', 'lr=0.01'),
            ),
            ('model.type=Anonymization', ("type='Anonymization'", 'model registry', 'spelling')),
            ('model.anonymizer.layout=kinect', ("'kinect'", "'kinect_v1'", 'choose one of')),
            ('model.anonymizer.layout=nturgb+d', ('20 joints', "'nturgb+d' has 25")),
            ('model.anonymizer.depth=3', ('ResNetAnonymizer', "'depth'", 'MMSKANON_TRACEBACK')),
        ],
    )
    def test_config_names_what_does_not_exist(
        self, tool, config, ann_file, tmp_path, option, words
    ):
        assert_refused(tool('train', config(ann_file), '--cfg-options', option), tmp_path, *words)

    def test_an_anonymizer_with_weights_needs_a_checkpoint(self, tool, config, ann_file, tmp_path):
        done = tool('anonymize', config(ann_file), 'none', ann_file, 'out.pkl')
        assert_refused(done, tmp_path, 'ResNetAnonymizer has weights', 'give the checkpoint')

    def test_a_config_without_anonymizer(self, tool, config, ann_file, checkpoint, tmp_path):
        recipe = config(ann_file, model=tiny_net(action_head(3)))
        done = tool('anonymize', recipe, checkpoint(), ann_file, 'out.pkl')
        assert_refused(done, tmp_path, recipe, 'SkeletonRecognizer', before=['model.pth'])

    def test_a_pipeline_that_cannot_be_undone(self, tool, config, ann_file, checkpoint, tmp_path):
        cfg = config(ann_file)
        cfg.write_text(cfg.read_text().replace("'NormalizeSkeleton'", "'PreNormalize3D'"))
        done = tool('anonymize', cfg, checkpoint(), ann_file, 'out.pkl')
        assert_refused(
            done, tmp_path, cfg, 'no NormalizeSkeleton', 'PreNormalize3D', before=['model.pth']
        )

    def test_a_device_that_is_not_there(self, tool, config, ann_file, checkpoint, tmp_path):
        arguments = config(ann_file), checkpoint(), ann_file, 'out.pkl', '--device', 'cuba'
        done = tool('anonymize', *arguments)
        assert_refused(done, tmp_path, '--device cuba', '--device cpu', before=['model.pth'])


@pytest.mark.parametrize('name', ['train', 'test', 'anonymize'])
def test_an_override_without_a_value_is_a_usage_error(tool, config, ann_file, name):
    rest = dict(train=(), test=('a.pth',), anonymize=('a.pth', 'a.pkl', 'out.pkl'))[name]
    done = tool(name, config(ann_file), *rest, '--cfg-options', 'model.type')
    assert done.code == 2
    assert done.err.splitlines()[-1].endswith("--cfg-options takes key=value, found 'model.type'")


def test_a_launcher_that_did_not_launch(tool, config, ann_file, tmp_path, monkeypatch):
    monkeypatch.delenv('RANK', raising=False)
    done = tool('train', config(ann_file), '--launcher', 'pytorch')
    assert_refused(done, tmp_path, 'RANK is not set', 'or with --launcher none')
