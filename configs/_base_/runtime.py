# What every mmskanon run shares beside MMAction2's default runtime (same keys there are overridden in the recipes).
custom_hooks = [
    dict(type='ReproducibilityHook'),
    dict(type='CollapseWarningHook'),
    # Off, because its pictures show original recordings: --cfg-options custom_hooks.2.enabled=True
    dict(type='SkeletonVisualizationHook', enabled=False),
]
randomness = dict(seed=0)
