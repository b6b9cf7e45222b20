# k-same motion of 4 donors that is told one of 8 timings of each clip. For testing only.
_base_ = './ksame-4_stgcn_utd-mhad-trial-kinect20.py'

model = dict(anonymizer=dict(type='TimingCodeAnonymizer', codes=8))
