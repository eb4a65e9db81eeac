"""Takes the measures and writes them into README.md.

python -m bench                    everything: 5 rounds of 5 seconds a candidate
python -m bench --quick unary      a first look at one measure, on the terminal only
python -m bench --profile get      where the time of a call goes
"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.candidates import CandidateError
from bench.context import Bench
from bench.load import LoadError
from bench.measures import MEASURES
from bench.profile import LOADS, ProfileError, profile
from bench.report import stamp, write

ROUNDS, SECONDS = 5, 5.0
QUICK_ROUNDS, QUICK_SECONDS = 3, 1.0


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    seconds = options.seconds or (QUICK_SECONDS if options.quick else SECONDS)
    print(stamp(), file=sys.stderr)
    with TemporaryDirectory(prefix="portico-bench-", dir=options.scratch) as scratch, ExitStack() as stack:
        bench = Bench(Path(scratch), stack, rounds, seconds, options.quick)
        try:
            if options.profile:
                print(profile(bench, options.profile, seconds))
                return 0
            for name in options.names or MEASURES:
                section = MEASURES[name](bench)
                print(f"\n## {name}\n\n{section.markdown()}", flush=True)
                if not options.quick:
                    write(name, section, f"{rounds} rounds of {seconds:g} s a candidate")
        except (CandidateError, LoadError, ProfileError) as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    layout = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, formatter_class=layout)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(MEASURES)}; without any: all")
    parser.add_argument("--quick", action="store_true", help="short rounds, smaller files, README.md stays as it is")
    parser.add_argument("--rounds", type=int, help=f"rounds of each measure ({ROUNDS}; quick: {QUICK_ROUNDS})")
    parser.add_argument("--seconds", type=float, help=f"length of a round ({SECONDS:g}; quick: {QUICK_SECONDS:g})")
    parser.add_argument("--scratch", type=Path, help="where data directories are made: the disk that is measured")
    parser.add_argument("--profile", choices=LOADS, help="instead: where the front's time goes under one load")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
