# MS-G3D on the 20 Kinect v1 joints, narrowed for a two-core CPU: 12 instead of 96 channels, 6 instead of 11 scales in space, which
# is what hand to foot would take, and one window, of 3 frames, with 3 instead of 6 scales.
msg3d = dict(
    _scope_='mmskanon',
    type='SkeletonRecognizer',
    layout='kinect_v1',
    features=['j', 'b', 'jm'],
    backbone=dict(
        type='MSG3D',
        graph_cfg=dict(layout='kinect_v1'),
        in_channels=9,
        base_channels=12,
        num_gcn_scales=6,
        num_g3d_scales=3,
        window_sizes=(3,),
        window_dilations=(1,),
        num_person=1,
    ),
    cls_head=dict(type='GCNHead', num_classes=27, in_channels=48),
)
