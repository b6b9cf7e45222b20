# The audit to quote: three seeds of every attacker, averaged; networks at two rates each, until they know their training clips or four
# rounds, each twice as long as the last, show a plateau; inversion by a network.
_base_ = './_base_.py'

budget = 'thorough'
seeds = [0, 1, 2]
long = dict(epochs=40, learning_rates=[3e-3, 1e-3], max_rounds=4, windows=5)
attackers = dict(
    tcn=dict(training=long),
    gru=dict(training=long),
    gcn=dict(training=dict(epochs=20, max_rounds=4), amp=True),
    class_centred_both=dict(type='ClassCentred', tables=['kinematics', 'anthropometrics']),
)
inversion = dict(kind='network')
