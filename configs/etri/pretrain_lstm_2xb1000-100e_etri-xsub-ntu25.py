# The LSTM autoencoder of the earlier release learns to reproduce ETRI-Activity3D.
_base_ = './pretrain_autoencoder_2xb1000-100e_etri-xsub-ntu25.py'

model = dict(anonymizer=dict(type='LSTMAutoencoderAnonymizer'))
