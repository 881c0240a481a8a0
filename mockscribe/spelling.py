"""What to say of a name that is none: the one that may have been meant."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(
    name: str, known: Iterable[str], otherwise: str = "", *, form: str = "{}", count: int = 1, cutoff: float = 0.6
) -> str:
    """`did you mean …?` with those of the known names that come nearest, at most `count`; `otherwise` if none does.

    `form` is how a name is written there; `cutoff` how alike it must be, from 0 to 1 (difflib's measure and default).
    """
    import difflib  # only here: most names are right, and a command starts sooner without it

    near = difflib.get_close_matches(name, list(known), n=count, cutoff=cutoff)
    return f"did you mean {' or '.join(map(form.format, near))}?" if near else otherwise
