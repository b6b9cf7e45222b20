# The audit to quote: three seeds of every attacker, averaged; networks from two initializations at each rate where the first does
# not reach its training accuracy, and for up to fifteen times the epochs; inversion by a network.
_base_ = './_base_.py'

budget = 'thorough'
seeds = [0, 1, 2]
attackers = dict(
    tcn=dict(training=dict(epochs=80, seeds=2, max_rounds=4)),
    gru=dict(training=dict(epochs=80, seeds=2, max_rounds=4)),
    gcn=dict(length=48, training=dict(epochs=40, seeds=2, max_rounds=4)),
)
inversion = dict(kind='network')
