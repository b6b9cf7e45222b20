# A first look in minutes: cheap attackers and one network. What it finds is a lower bound of the leak.
_base_ = './_base_.py'

budget = 'fast'
lower_bound = True
tiers = ['control', 'ignorant', 'lazy_informed', 'semi_informed']
attackers = dict(
    tcn=dict(blocks=2, training=dict(epochs=30, learning_rates=[5e-3], max_rounds=1)),
    gru=None,
    gcn=None,
    bones_boosting=None,
    kinematics_logistic=None,
)
recognizers = dict(gcn=None, tcn=attackers['tcn'])
control_attackers = ['bones', 'kinematics', 'class_aware', 'class_centred']
