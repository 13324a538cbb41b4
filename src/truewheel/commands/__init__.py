"""The commands of ``truewheel``: a module each, with ``run(options)``, which calls, prints and returns the exit code.

They decide nothing: what is true of a wheel is for ``audit/`` and ``checks/`` to say, how it is told for ``report/``.
"""
