# MS-G3D as published for NTU RGB+D (arXiv 2003.14111; kenziyuliu/MS-G3D, config/nturgbd-cross-view/train_joint.yaml): 3.2 M parameters.
msg3d = dict(
    _scope_='mmskanon',
    type='SkeletonRecognizer',
    layout='nturgb+d',
    features=['j'],
    backbone=dict(
        type='MSG3D',
        # The published graph hangs each hand tip on the thumb, MMAction2's on the hand; 13 scales span the former.
        graph_cfg=dict(
            layout=dict(
                num_node=25,
                inward=[
                    *((0, 1), (1, 20), (2, 20), (3, 2)),
                    *((4, 20), (5, 4), (6, 5), (7, 6), (8, 20), (9, 8), (10, 9), (11, 10)),
                    *((12, 0), (13, 12), (14, 13), (15, 14), (16, 0), (17, 16), (18, 17), (19, 18)),
                    *((21, 22), (22, 7), (23, 24), (24, 11)),
                ],
                center=20,
            )
        ),
        in_channels=3,
        base_channels=96,
        num_gcn_scales=13,
        num_g3d_scales=6,
        num_person=2,
    ),
    cls_head=dict(type='GCNHead', num_classes=60, in_channels=384),
)
# For recordings of one person; and without the G3D pathways, which is the gender and age classifier of the anonymization paper's
# earlier release (desertfex/skeleton-anonymization, model/gender_classifier.py).
msg3d_single = dict(msg3d, backbone=dict(msg3d['backbone'], num_person=1))
msg3d_reduced_single = dict(msg3d, backbone=dict(msg3d['backbone'], num_person=1, g3d=False))
