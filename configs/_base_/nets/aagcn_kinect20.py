# MMAction2's AGCN on the 20 Kinect v1 joints, narrowed for a two-core CPU: one network that reads all features, and the joint
# and bone networks of 2s-AGCN.
aagcn = dict(
    _scope_='mmskanon',
    type='SkeletonRecognizer',
    layout='kinect_v1',
    features=['j', 'b', 'jm'],
    backbone=dict(
        type='AAGCN',
        graph_cfg=dict(layout='kinect_v1', mode='spatial'),
        gcn_attention=False,  # without attention AAGCN is AGCN
        in_channels=9,
        base_channels=16,
        num_person=1,
        num_stages=6,
        inflate_stages=[3, 5],
        down_stages=[3, 5],
    ),
    cls_head=dict(type='GCNHead', num_classes=27, in_channels=64),
)
aagcn_joint = dict(aagcn, features=['j'], backbone=dict(aagcn['backbone'], in_channels=3))
aagcn_bone = dict(aagcn_joint, features=['b'])
