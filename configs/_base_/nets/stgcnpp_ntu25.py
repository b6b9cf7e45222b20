# MMAction2's ST-GCN++ on the 25 Kinect v2 joints, at full width.
stgcnpp = dict(
    type='SkeletonRecognizer',
    layout='nturgb+d',
    backbone=dict(
        type='STGCN',
        gcn_adaptive='init',
        gcn_with_res=True,
        tcn_type='mstcn',
        graph_cfg=dict(layout='nturgb+d', mode='spatial'),
    ),
    cls_head=dict(type='GCNHead', num_classes=60, in_channels=256),
)
