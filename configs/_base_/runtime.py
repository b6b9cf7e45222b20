# What every mmskanon run shares beside MMAction2's default runtime (same keys there are overridden in the recipes).
custom_hooks = [dict(type='ReproducibilityHook'), dict(type='CollapseWarningHook')]
randomness = dict(seed=0)
