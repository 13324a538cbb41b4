from numpy import float64
from numpy.typing import ArrayLike, NDArray

def step(before: ArrayLike, rate: float) -> NDArray[float64]: ...
