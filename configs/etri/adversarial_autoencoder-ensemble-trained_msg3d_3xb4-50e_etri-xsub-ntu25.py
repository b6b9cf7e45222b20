# The same ensembles with the three gender classifiers trained in turn with the decoder; the release has them at rest only, so their rate is that
# of its single one.
_base_ = './adversarial_autoencoder-ensemble_msg3d_3xb4-50e_etri-xsub-ntu25.py'

train_cfg = dict(cycle=[('adversary', 1), ('anonymizer', 1)])
