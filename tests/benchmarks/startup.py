"""How long does the command take to start?

    python tests/benchmarks/startup.py

Prints medians over whole processes, which alternate. Importing torch alone is measured beside them.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "ganzoo --help": ["-m", "ganzoo", "--help"],
    "ganzoo list": ["-m", "ganzoo", "list"],
    "import ganzoo": ["-c", "import ganzoo"],
    "import torch": ["-c", "import torch"],
}


def main(rounds: int = 7, *, warm_up: bool = True) -> None:
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for turn in range(rounds + warm_up):
        for name, command in COMMANDS.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, *command], check=True, capture_output=True)
            if turn or not warm_up:  # the first round warms up
                times[name].append(time.perf_counter() - start)
    print("| | seconds |\n| --- | --- |")
    for name, seconds in times.items():
        print(f"| {name} | {statistics.median(seconds):.2f} |")


if __name__ == "__main__":
    main()
