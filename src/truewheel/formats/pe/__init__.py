"""Facts from PE images: DLLs, extension modules and programs of Windows, for 32 and 64 bits.

``layout`` has the numbers by their names in ``winnt.h``, ``read`` is the door. Behind it, ``image`` finds what lies at an
address, ``imports`` and ``exports`` read the directories that the loader reads, ``kind`` tells what an image is for. What
the specification leaves open is read as the system's loader reads it. Nothing is judged here, nothing is executed, no
certificate is verified.
"""
