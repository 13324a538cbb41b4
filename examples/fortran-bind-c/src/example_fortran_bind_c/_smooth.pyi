from numpy import float64
from numpy.typing import ArrayLike, NDArray

def smooth(values: ArrayLike, weight: float, /) -> NDArray[float64]: ...
