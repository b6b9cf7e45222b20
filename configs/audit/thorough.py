# The audit to quote: three seeds of every attacker, averaged; networks for longer, and where they do not reach their training
# accuracy, from several initializations at several rates; inversion by a network.
_base_ = './_base_.py'

budget = 'thorough'
seeds = [0, 1, 2]
long = dict(epochs=80, seeds=3, learning_rates=[5e-3, 2e-3, 5e-4], max_rounds=4, windows=5)
attackers = dict(
    tcn=dict(training=long),
    gru=dict(training=long),
    gcn=dict(length=48, training=dict(epochs=40, seeds=2, max_rounds=3)),
    class_centred_both=dict(type='ClassCentred', tables=['kinematics', 'anthropometrics']),
)
inversion = dict(kind='network')
