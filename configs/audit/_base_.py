# What all budgets share. docs/audit.md describes every key.
budget = 'own'  # what the report calls these settings
randomness = dict(seed=0)
lower_bound = False  # whether figures are labelled as lower bounds of the leak

# Who is to be found, and from which clips
attributes = ['subject']
attribute_files = []  # CSV files subject,attribute
retimed = False  # whether anonymized clips may have other numbers of frames than the originals
num_person = 2  # most persons of a clip that attackers look at
partition = None  # dict(train=SPLIT, test=SPLIT), or a list of such folds; None: found in the file
open_folds = 0  # groups of people for verification of those never trained on; 0: none
attribute_folds = 4  # groups of people for attributes other than the subject
donors = []  # subjects of the anonymizer's training data, reported apart from the others
unseen_actions = []  # labels of actions that the anonymizer has not seen, reported apart
max_pairs = 200000
min_genuine = 30  # fewest pairs of each kind for a verdict

tiers = [
    'control',
    'ignorant',
    'lazy_informed',
    'semi_informed',
    'adaptive',
    'original_enrolled',
    'inversion',
]
seeds = [0]  # of each attacker; several are averaged
bootstrap = 1000  # resamples of subjects for the intervals
examples = 3  # clips shown before and after in the report
fps = 30  # at which they are played

attackers = dict(
    tcn=dict(type='TemporalCNN'),
    gru=dict(type='VelocityGRU'),
    gcn=dict(type='GCN'),
    bones=dict(type='Anthropometrics', classifier='lda'),
    bones_boosting=dict(type='Anthropometrics', classifier='boosting'),
    kinematics=dict(type='Kinematics', classifier='lda'),
    kinematics_logistic=dict(type='Kinematics', classifier='logistic'),
    class_aware=dict(type='ClassAware'),
    class_centred=dict(type='ClassCentred'),
    action=dict(type='ContentBaseline'),
    duration=dict(type='Duration'),
    placement=dict(type='Placement'),
)
# The first is the recognizer whose figures count, the second the unseen architecture.
recognizers = dict(gcn=dict(type='GCN'), tcn=dict(type='TemporalCNN'))
believed = 'tcn'  # the recognizer that tells attackers which action a clip shows
control_attackers = ['tcn', 'bones', 'kinematics', 'class_aware', 'class_centred']
inversion = dict(kind='ridge')
