"""The tables of speed and memory in `docs/benchmarks.md`, as one report in Markdown.

python tests/benchmarks                    # half an hour on two cores
python tests/benchmarks --device cuda      # with CUDA graphs and torch.compile, too
python tests/benchmarks mlp-28 --quick     # few numbers, which mean little, to test this program
"""

from __future__ import annotations

import argparse

import against_scripts
import overhead
import startup
from cases import CASES, add_settings, machine, settings

WAYS = {
    "cpu": [{}, {"precision": "fp32"}],
    "cuda": [{}, {"precision": "fp32"}, {"cuda_graphs": "on"}, {"compile": "on"}],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add_settings(parser)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--quick", action="store_true", help="a round, a step, a small product")
    asked = parser.parse_args()
    if asked.quick:
        asked.rounds = asked.steps = 1
    names = asked.cases or list(CASES)
    print(machine(asked.device))
    for way in WAYS[asked.device.split(":")[0]]:
        chosen = settings(asked) | way
        label = ", ".join(f"{key} {value}" for key, value in way.items()) or "automatic settings"
        print(f"\n## Against typical scripts, {label}\n\n{against_scripts.HEAD}", flush=True)
        for name in names:
            found = against_scripts.compare(name, asked.rounds, chosen, quick=asked.quick)
            print(against_scripts.row(found), flush=True)
        if chosen.get("cuda_graphs") == "on":
            continue  # a captured step has no parts to time
        print(
            f"\n## Where a step's time goes, {label}: milliseconds\n\n{overhead.HEAD}", flush=True
        )
        for name in names:
            print(overhead.row(name, asked.steps, chosen, quick=asked.quick), flush=True)
    print("\n## Start-up\n")
    startup.main(asked.rounds, warm_up=not asked.quick)


if __name__ == "__main__":
    main()
