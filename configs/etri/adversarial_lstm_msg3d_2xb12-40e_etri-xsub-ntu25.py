# The LSTM autoencoder in place of the frame-wise one.
_base_ = './adversarial_autoencoder_msg3d_2xb12-40e_etri-xsub-ntu25.py'

model = dict(
    anonymizer=dict(type='LSTMAutoencoderAnonymizer'),
    anonymizer_checkpoint='work_dirs/etri-xsub/lstm_start/epoch_100.pth',
)
