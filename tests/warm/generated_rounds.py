"""Play rounds of random projects and edits, and print those in which a warm build differs from a cold one.

    python tests/warm/generated_rounds.py --rounds 1000 --seed 1 --jobs 2

Seeds are counted up from ``--seed``; a run that was ended goes on at the seed that it printed last. ``--cold`` compares
builds from nothing with each other: a difference is a fault of the generator. Without it, this is done for rounds that
fail: "cold and cold, too" then says so. ``--tell`` prints every round in full.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from support.generated.registry import FEATURES, missing
from support.warm_generated import Round, counted, proven_round, run_round


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1, help="of the first round")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seconds", type=float, help="begin no round after these")
    parser.add_argument(
        "--feature",
        choices=sorted(FEATURES),
        metavar="NAME",
        default="",
        help="that every project has",
    )
    parser.add_argument("--cold", action="store_true", help="compare cold with cold")
    parser.add_argument("--tell", action="store_true", help="print every round")
    return parser.parse_args()


def play(seed: int, is_cold: bool, wanted: str) -> Round:
    """Play one round; what goes wrong in the generator itself is a fault, too."""
    try:
        if is_cold:
            return run_round(seed, is_cold=True, wanted=wanted)
        return proven_round(seed, wanted=wanted)
    except Exception as error:  # noqa: BLE001  # the other rounds go on
        return Round(seed, fault=f"the generator fails: {error!r}")


def played(given: argparse.Namespace) -> Iterator[Round]:
    """Yield rounds as they end; no more than two for each process wait."""
    seeds = iter(range(given.seed, given.seed + given.rounds))
    end = time.monotonic() + given.seconds if given.seconds else None
    # rounds wait for processes of their own: threads are enough, and none can break the others
    pool = concurrent.futures.ThreadPoolExecutor(given.jobs)
    waiting: set[concurrent.futures.Future[Round]] = set()
    try:
        while True:
            is_late = end is not None and time.monotonic() > end
            while not is_late and len(waiting) < 2 * given.jobs:
                seed = next(seeds, None)
                if seed is None:
                    break
                waiting.add(pool.submit(play, seed, given.cold, given.feature))
            if not waiting:
                return
            ready, waiting = concurrent.futures.wait(
                waiting, return_when=concurrent.futures.FIRST_COMPLETED
            )
            for future in ready:
                yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def line_of(one: Round) -> str:
    """Return a round's fault on one line."""
    last = one.steps[-1] if one.steps else None
    edits = "; ".join(last.edits) if last else ""
    built = last.built if last else ""
    return " | ".join(
        " ".join(text.split())[:300]
        for text in (f"seed {one.seed}", one.form, edits, one.fault, built)
    )


def main() -> int:
    given = options()
    for feature in FEATURES.values():
        if reason := missing(feature):
            print(f"left out: {feature.name} needs {reason}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # directories are removed
    began = time.monotonic()
    rounds: list[Round] = []
    faults = 0
    try:
        for one in played(given):
            rounds.append(one)
            if one.fault:
                faults += 1
                print(line_of(one), flush=True)
            if given.tell:
                print(one, flush=True)
            elif len(rounds) % 50 == 0:
                print(f"{len(rounds)} rounds, seed {one.seed}", flush=True)
    except KeyboardInterrupt:
        pass
    minutes = (time.monotonic() - began) / 60
    pairs = sum(len(one.steps) for one in rounds)
    print(counted(rounds))
    print(
        f"{len(rounds)} rounds, {pairs} pairs of builds, {faults} faults;"
        f" {len(rounds) / minutes:.1f} rounds and {pairs / minutes:.1f} pairs a minute"
    )
    return min(faults, 1)


if __name__ == "__main__":
    sys.exit(main())
