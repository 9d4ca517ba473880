"""Promises of worker processes: a script that forgot its guard neither hangs nor runs again."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import multiprocessing, sys, torch
from pathlib import Path
import ganzoo
from ganzoo.data import reading
from ganzoo.data.batches import Batches
from ganzoo.data.stream import ImageStream

reading.WORKER_THRESHOLD = 0.0
multiprocessing.set_start_method({method!r}, force=True)

class Images(list):
    def __getitem__(self, index):
        return torch.full((1, 4, 4), super().__getitem__(index), dtype=torch.uint8)

def main():
    print("runs")
    source = ganzoo.ImageSource(Images(range(100)), ganzoo.ImageSpec(1, 4, 4))
    if {streamed}:
        images = ImageStream(source, size=(4, 4), channels=1, workers=1)
        batch = Batches(images, 100, 0, torch.device("cpu"))[0].images
        print("sum", round(float((batch * 127.5 + 127.5).sum())))
    else:
        cache = Path(sys.argv[0]).with_suffix(".cache")
        store = ganzoo.ImageStore.from_source(source, key=dict(k=1), cache_dir=cache)
        print("sum", int(store.images.sum()))

"""
SUM = f"sum {16 * sum(range(100))}"
MAIN = 'if __name__ == "__main__":\n    main()\n'


def run(tmp_path, call: str, method: str = "spawn", *, streamed: bool) -> tuple[list[str], str]:
    """What a script prints that decodes by workers, on stdout and stderr."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(method=method, streamed=streamed) + call)
    command = [sys.executable, str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout.splitlines(), done.stderr


@pytest.mark.parametrize("streamed", [True, False])
def test_without_the_guard_images_are_decoded_in_process_with_a_warning(tmp_path, streamed):
    out, err = run(tmp_path, "main()", streamed=streamed)
    assert out == ["runs", SUM]
    assert 'script.py has no line `if __name__ == "__main__":`, so images are decoded in' in err


def test_forked_workers_need_no_guard(tmp_path):
    out, err = run(tmp_path, "main()", "fork", streamed=True)
    assert (out, err) == (["runs", SUM], "")


@pytest.mark.slow
@pytest.mark.parametrize("streamed", [True, False])
def test_with_the_guard_spawned_workers_decode(tmp_path, streamed):
    out, err = run(tmp_path, MAIN, streamed=streamed)
    assert (out, err) == (["runs", SUM], "")


@pytest.mark.slow
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_calls_outside_of_the_guard_end_the_workers_and_not_the_script(tmp_path, method):
    """The worker would wait for the store's lock, which its parent holds."""
    out, err = run(tmp_path, "__name__\nmain()", method, streamed=False)
    assert out[-1] == SUM
    assert "a worker process would run" in err
    assert "decoding in one process, since workers failed" in err
