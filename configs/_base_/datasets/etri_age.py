# ETRI-Activity3D with the age in years as a number, for subjects that training does not show. The data set logs mean and standard deviation of
# its training split; those of the head are rough ones of its 50 old (64 to 88) and 50 young people (in their twenties).
_base_ = './etri_gender.py'

train_set = dict(attributes=[], regression_attributes=['age'])
test_set = dict(attributes=[], regression_attributes=['age'])
age_head = dict(type='PrivacyRegressionHead', attribute='age', num_classes=1, mean=50.0, std=25.0)
