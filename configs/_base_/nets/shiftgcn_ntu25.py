# Shift-GCN on the 25 Kinect v2 joints, as published: 64, 128 and 256 channels, two persons.
shiftgcn = dict(
    _scope_='mmskanon',
    type='SkeletonRecognizer',
    layout='nturgb+d',
    backbone=dict(type='ShiftGCN', graph_cfg=dict(layout='nturgb+d', mode='spatial')),
    cls_head=dict(type='GCNHead', num_classes=60, in_channels=256),
)
# For recordings of one person.
shiftgcn_single = dict(shiftgcn, backbone=dict(shiftgcn['backbone'], num_person=1))
