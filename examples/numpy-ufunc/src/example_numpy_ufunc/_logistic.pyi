from numpy import ufunc

logistic: ufunc
