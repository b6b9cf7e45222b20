# The UNet on a canonical body: it sees median bones only, and whatever it does comes out with median bones. It starts at
# the identity.
_base_ = './adversarial_unet_stgcn_1xb16-15e_synthetic-trial-ntu25.py'

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
