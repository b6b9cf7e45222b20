# 2s-AGCN as MMAction2's recipe builds it (configs/skeleton/2s-agcn): one network a stream, fused by their scores. The streams are
# computed in the model, so that an anonymizer can stand before it.
aagcn = dict(
    _scope_='mmskanon',
    type='SkeletonRecognizer',
    layout='nturgb+d',
    features=['j'],
    backbone=dict(
        type='AAGCN',
        graph_cfg=dict(layout='nturgb+d', mode='spatial'),
        gcn_attention=False,  # without attention AAGCN is AGCN
    ),
    cls_head=dict(type='GCNHead', num_classes=60, in_channels=256),
)
aagcn_bone = dict(aagcn, features=['b'])
# For recordings of one person.
aagcn_single = dict(aagcn, backbone=dict(aagcn['backbone'], num_person=1))
aagcn_bone_single = dict(aagcn_single, features=['b'])
