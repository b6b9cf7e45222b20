# The audit to work with: every family of attackers, one seed each, trained to the end.
_base_ = './_base_.py'

budget = 'standard'
