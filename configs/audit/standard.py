# The audit to work with: every family of attackers with one seed, trained to their training accuracy where that takes no more than
# two rounds; the report says which were stopped by this budget.
_base_ = './_base_.py'

budget = 'standard'
attackers = dict(
    tcn=dict(training=dict(max_rounds=2, learning_rates=[3e-3])),
    gru=dict(training=dict(max_rounds=2, learning_rates=[3e-3])),
    gcn=dict(training=dict(epochs=20, max_rounds=2, learning_rates=[4e-3])),
)
