"""Where a setting is stated, and which statement wins: the project's table, a variable, an option of the front end.

``schema.py`` asks it for every setting. ``system/warm/reexec.py`` asks it for ``cache`` alone, in a process that lives to
start another one: so this is cheap to import. Pure functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

OPTION_PREFIX = "truewheel."
"""Of the config settings that are ours; all others are the engine's."""
CACHE_MODES = ("on", "off", "mirror")
"""The values of ``cache``, the default first; a test holds them against the model's."""


def own_table(document: Mapping[str, object]) -> object:
    """Return what stands at ``[tool.truewheel]`` of a parsed ``pyproject.toml``: a table, unless it is a mistake."""
    tools = document.get("tool")
    return tools.get("truewheel", {}) if isinstance(tools, dict) else {}


def own_options(config_settings: Mapping[str, object]) -> dict[str, object]:
    """Return the config settings that are truewheel's, by the names of settings."""
    options: dict[str, object] = {}
    for name, value in config_settings.items():
        if name.startswith(OPTION_PREFIX):
            options[name.removeprefix(OPTION_PREFIX)] = value
    return options


def statements(
    key: str,
    table: Mapping[str, object],
    options: Mapping[str, object],
    environ: Mapping[str, str],
    *,
    is_list: bool = False,
) -> Iterator[tuple[str, object]]:
    """Yield each place where a setting is stated, and what is stated there, weakest first.

    :param key: as in TOML, with dashes.
    :param is_list: whether its value is a list of strings; variables and options separate them by ``;``.

    >>> list(statements("cache", {"cache": "on"}, {"cache": ("on", "off")}, {"TRUEWHEEL_CACHE": "on"}))
    [('tool.truewheel.cache', 'on'), ('TRUEWHEEL_CACHE', 'on'), ('-Ctruewheel.cache', 'off')]
    """
    if key in table:
        yield f"tool.truewheel.{key}", table[key]
    attribute = key.replace("-", "_")
    variable = f"TRUEWHEEL_{attribute.upper()}"
    if variable in environ:
        yield variable, _items(environ[variable]) if is_list else environ[variable]
    # Both spellings are the setting's, and the second one wins.
    for spelling in dict.fromkeys((key, attribute)):
        if spelling in options:
            yield f"-Ctruewheel.{spelling}", _option(options[spelling], is_list=is_list)


def _option(value: object, *, is_list: bool) -> object:
    """Return what an option says. A front end that was given it several times passes a list of strings (PEP 517)."""
    texts = list(value) if isinstance(value, (list, tuple)) else [value]
    if is_list:
        return [item for text in texts for item in _items(text)]
    # The last one counts, as on any command line.
    return texts[-1] if texts else ""


def _items(text: object) -> list[str]:
    """Split a list that is written as one string."""
    return [item for item in str(text).split(";") if item]


def cache_mode(
    document: Mapping[str, object],
    config_settings: Mapping[str, object],
    environ: Mapping[str, str],
) -> str:
    """Return the setting ``cache``. A statement that is a mistake does not count: the build itself will tell of it.

    >>> cache_mode({}, {"truewheel.cache": ["on", "off"]}, {})
    'off'
    """
    table = own_table(document)
    if not isinstance(table, dict):
        table = {}
    mode = CACHE_MODES[0]
    for _, stated in statements("cache", table, own_options(config_settings), environ):
        if isinstance(stated, str) and stated in CACHE_MODES:
            mode = stated
    return mode
