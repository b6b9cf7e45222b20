# MS-G3D on the 20 Kinect v1 joints, narrowed for a two-core CPU: 18 instead of 96 channels and 4 instead of 6 scales in windows.
msg3d = dict(
    _scope_='mmskanon',
    type='SkeletonRecognizer',
    layout='kinect_v1',
    features=['j', 'b', 'jm'],
    backbone=dict(
        type='MSG3D',
        graph_cfg=dict(layout='kinect_v1'),
        in_channels=9,
        base_channels=18,
        num_gcn_scales=11,  # from hand to foot
        num_g3d_scales=4,
        num_person=1,
    ),
    cls_head=dict(type='GCNHead', num_classes=27, in_channels=72),
)
