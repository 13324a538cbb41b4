from os import PathLike

IN_CREATE: int
IN_DELETE: int
IN_CLOSE_WRITE: int
IN_Q_OVERFLOW: int

def init() -> int: ...
def add_watch(descriptor: int, path: str | bytes | PathLike[str], mask: int, /) -> int: ...
def read_events(descriptor: int, /) -> list[tuple[int, int, int, str]]: ...
