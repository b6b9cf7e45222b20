# The UNet on a canonical body: it sees median bones only, and whatever it does comes out with median bones. It starts from the same
# reconstruction as the bare one.
_base_ = './adversarial_unet_stgcn_1xb8-20e_utd-mhad-trial-kinect20.py'

model = dict(
    anonymizer=dict(
        _delete_=True,
        type='CanonicalBodyAnonymizer',
        anonymizer={{_base_.model.anonymizer}},
        population={{_base_.population}},
        layout={{_base_.layout}},
        num_person={{_base_.num_person}},
    )
)
