# Shift-GCN on the 20 Kinect v1 joints, narrowed for a two-core CPU.
shiftgcn = dict(
    _scope_='mmskanon',
    type='SkeletonRecognizer',
    layout='kinect_v1',
    features=['j', 'b', 'jm'],
    backbone=dict(
        in_channels=9,
        type='ShiftGCN',
        graph_cfg=dict(layout='kinect_v1', mode='spatial'),
        base_channels=24,
        num_person=1,
        num_stages=6,
        inflate_stages=[3, 5],
        down_stages=[3, 5],
    ),
    cls_head=dict(type='GCNHead', num_classes=27, in_channels=96),
)
