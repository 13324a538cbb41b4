"""Mach-O files, read and written: thin and fat (also FAT64), 32 and 64 bits, both byte orders.

``layout`` has the numbers by their names in Apple's headers, ``read`` is the door. Behind it, ``commands`` and ``segments``
read the load commands; ``symbols`` puts the imports and exports together, out of the symbol table, the exports trie
(``exports``) and what the loader binds (``bindings``). Fixups are read for the names that they import; where they apply is
never looked at. Nothing is judged here.

``patch`` is the door for writing: ``edited`` makes the new load commands, ``placement`` knows what bounds them, ``ending`` and
``sign`` make the signature. ``fat`` joins files for several CPUs.
"""
