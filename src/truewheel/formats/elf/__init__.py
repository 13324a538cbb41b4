"""Facts from ELF files: any class, byte order and machine; with section headers, or stripped down to program headers.

``layout`` has the numbers and records by their names in the specifications, ``read`` is the door. Behind it, ``dynamic``
finds the tables that the dynamic loader uses, ``linking`` reads them, ``machine`` tells which CPU and system the file is
for. Nothing is judged here.
"""
