from collections.abc import Buffer

compiled_for: str

def distance(first: Buffer, second: Buffer, /) -> int: ...
