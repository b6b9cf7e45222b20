# No anonymization: what recognizer, adversary and attackers read from the original clips. For testing only.
_base_ = './adversarial_unet_shiftgcn_4xb16-140e_ntu60-xview-ntu25.py'

model = dict(anonymizer=dict(_delete_=True, type='IdentityAnonymizer'))
