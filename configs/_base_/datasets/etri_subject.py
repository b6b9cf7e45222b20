# ETRI-Activity3D for re-identification: six cameras train, two others test. The cameras film each performance at once, so a test clip
# shows a performance that training saw from another side; docs/etri.md has a split without shared performances.
_base_ = './etri_gender.py'

train_set = dict(split='xview_train', attributes=['subject'])
test_set = dict(split='xview_val', train_split='xview_train', attributes=['subject'])
