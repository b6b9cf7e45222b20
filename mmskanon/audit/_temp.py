import numpy as np
from sklearn.metrics import roc_curve, roc_auc_score
def equal_error_rate(s,g,weights=None):
    f,t,_=roc_curve(g,s,sample_weight=weights); i=np.nanargmin(abs(f-(1-t))); return float((f[i]+1-t[i])/2)
def area_under_roc(s,g): return float(roc_auc_score(g,s))
def tpr_at_fpr(s,g,x):
    f,t,_=roc_curve(g,s); return float(t[f<=x].max())
def linkability(s,g): return 0.0
def mean_interval(c,p,n,seed):
    return float(c.mean()),float(c.mean())
def pair_interval(f,s,g,p,n,seed): return 0.,1.
def per_group_accuracy(c,p): return {int(k):float(c[p==k].mean()) for k in np.unique(p)}
def worst_decile(d): return max(d.values())
def chance_upper_bound(n,ch,lv,a): return ch+3*np.sqrt(ch*(1-ch)/n)
def measure_fidelity(o,s,t): return {}
