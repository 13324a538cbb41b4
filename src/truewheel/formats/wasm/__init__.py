"""Facts from WebAssembly modules: Emscripten's side modules (Python extensions in a browser), main modules, objects.

``layout`` has the numbers by their names in the specifications, ``read`` is the door. Behind it, ``reader`` decodes numbers
and names, ``sections`` reads the sections of the core specification, ``custom`` those of the tool conventions. Function
bodies and data are skipped, nothing is validated beyond what is read, nothing is judged.
"""
