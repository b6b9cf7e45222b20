# The audit to quote: every attacker with three seeds, networks on both rates and for longer, several inversions.
_base_ = './_base_.py'

budget = 'thorough'
seeds = [0, 1, 2]
training = dict(max_rounds=4, seeds=2)
