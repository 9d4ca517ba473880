"""One bad plugin never takes the others with it: real packages, built, installed and used by pip.

In each case these are the commands of a user, in a fresh environment, and no traceback is ever
shown (`environments.Environment` sees to that).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from environments import Environment, Result, build_wheel, build_wheels, write_plugin

pytestmark = pytest.mark.slow

TINY = (
    *("train", "--data", "gaussians", "-o", "data.count=64", "-o", "data.modes=4"),
    *("--batch-size", 4, "--sample-count", 4, "--device", "cpu"),
)
"""A training that takes no time; what it trains is to be added."""

NEED_TORCH = {"train", "resume", "sample", "show"}
"""Commands whose time would go into importing it, unless they are forked from a warm process."""

VANILLA = ("--arch", "vanilla", "-o", "arch.width=8", "-o", "arch.depth=1")

LOSS = """
    import ganzoo
    @ganzoo.hookimpl
    def ganzoo_losses():
        yield ganzoo.LossSpec(name="NAME", factory="{package}.loss:Loss", summary="Of {package}.")
"""

WORKING_LOSS = """
    import torch.nn.functional as F
    import ganzoo

    class Loss(ganzoo.Loss):
        def __init__(self, options=None):
            super().__init__()

        def discriminator_loss(self, critic, real, fake):
            both = F.softplus(critic(fake)).mean() + F.softplus(-critic(real)).mean()
            return {"{package}": both}

        def generator_loss(self, critic, fake, real):
            return {"{package}": F.softplus(-critic(fake)).mean()}
"""

BROKEN = {
    "raises": ("raise RuntimeError('boom')", "RuntimeError: boom"),
    "exits": ("import sys; sys.exit('bye')", "SystemExit: bye"),
    "is-no-python": ("def (", "SyntaxError: "),
    "lacks-a-library": ("import no_such_library", "No module named 'no_such_library'"),
    "wrong-type": (
        "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_losses():\n    return [{'name': 'x'}]",
        "ganzoo_losses must yield LossSpec, got {'name': 'x'}",
    ),
    "lacks-a-field": (
        "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_losses():\n"
        "    yield ganzoo.LossSpec(name='x', factory='a:B')",
        "missing 1 required keyword-only argument: 'summary'",
    ),
    "newer-api": (
        "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_losses():\n"
        "    yield ganzoo.LossSpec(name='x', factory='a:B', summary='s', api_version=99)",
        "'x' is written for hook API 99, this ganzoo has 1; try `pip install -U gan-zoo`",
    ),
    "newer-hook": (
        "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_holograms():\n    return []",
        "it implements ganzoo_holograms, a hook that this ganzoo does not have; "
        "try `pip install -U gan-zoo`",
    ),
    "needs-newer": (
        LOSS.replace("NAME", "x"),
        "needs-newer-gan 1.0 needs gan-zoo>=99, and 0.1.0 is installed; "
        "try `pip install -U needs-newer-gan gan-zoo`",
    ),
}
"""Source of a plugin, and what `ganzoo plugins` must say of it."""


class Zoo:
    """The environment, and a folder to work in."""

    def __init__(self, environment: Environment, home: Path) -> None:
        self.environment = environment
        self.home = home
        self.work = home / "work"
        self.work.mkdir()

    def build(self, name: str, modules: str | Mapping[str, str], **facts: str) -> Path:
        """The wheel of a plugin package with these modules, or with this one `plugin` module."""
        modules = {"plugin": modules} if isinstance(modules, str) else modules
        folder = self.home / f"{name}-{facts.get('version', '1.0')}"
        return build_wheel(write_plugin(folder, name, modules, **facts), self.home / "dist")

    @contextmanager
    def with_plugin(self, name: str, modules: str | Mapping[str, str], **facts: str):
        """Build a plugin package and have it installed meanwhile."""
        with self.environment.installed(self.build(name, modules, **facts)):
            yield

    def ganzoo(self, *arguments: object, **env: str) -> Result:
        """What a user types; it must end well."""
        result = self._run(arguments, env)
        assert result.code == 0, result.out + result.err
        return result

    def ganzoo_fails(self, code: int, *arguments: object, **env: str) -> str:
        """What a user types; it must fail so, and what it says on stderr."""
        result = self._run(arguments, env)
        assert result.code == code, result.out + result.err
        return result.err

    def _run(self, arguments: tuple[object, ...], env: dict[str, str]) -> Result:
        warm = not NEED_TORCH.isdisjoint(arguments)
        return self.environment("ganzoo", *arguments, cwd=self.work, env=env, warm=warm)

    def python(self, code: str) -> str:
        """What a user runs; it must end well."""
        return self.environment.succeed("python", "-c", code, cwd=self.work)

    def state_of(self, distribution: str) -> str:
        """What `ganzoo plugins` says of a distribution's plugin."""
        lines = self.ganzoo("plugins").out.splitlines()
        (index,) = [k for k, line in enumerate(lines) if f"  ({distribution} " in line]
        return lines[index + 1].strip()


@pytest.fixture
def zoo(environment, tmp_path) -> Zoo:
    return Zoo(environment, tmp_path)


@pytest.fixture(scope="session")
def undisturbed(environment) -> str:
    """What `ganzoo list` prints where nothing is installed beside ganzoo."""
    return environment.succeed("ganzoo", "list")


@pytest.fixture(scope="module")
def broken(tmp_path_factory) -> dict[str, Path]:
    """The wheels of all broken plugins, by their fault."""
    home = tmp_path_factory.mktemp("broken")
    projects = []
    for fault, (source, _) in BROKEN.items():
        requires = "gan-zoo>=99" if fault == "needs-newer" else "gan-zoo"
        name = f"{fault}-gan"
        projects.append(write_plugin(home / name, name, {"plugin": source}, requires=requires))
    return dict(zip(BROKEN, build_wheels(projects, home / "dist"), strict=True))


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_plugin_is_named_by_its_distribution_and_all_others_work(
    fault, broken, zoo, undisturbed
):
    expected = BROKEN[fault][1]
    with zoo.environment.installed(broken[fault]):
        listed = zoo.ganzoo("list")
        assert listed.out == undisturbed
        assert f"Could not be loaded: {fault}-gan:{fault}-gan 1.0; see `ganzoo plugins`" in (
            listed.err
        )
        state = zoo.state_of(f"{fault}-gan")
        assert state.startswith("failed: ")
        assert expected in state
        assert "hinge" in zoo.python("import ganzoo; print(ganzoo.names('loss'))")


def test_with_all_of_them_broken_at_once_one_can_train(broken, zoo):
    with zoo.environment.installed(*broken.values()):
        training = (*TINY, *VANILLA, "--loss", "bce", "--steps", 2, "--run-dir", "run")
        zoo.environment.succeed("ganzoo", *training, cwd=zoo.work)  # from a cold start
        message = zoo.ganzoo_fails(2, "show", "loss", "bca")
        assert "no loss named 'bca'. Did you mean 'bce'?" in message
        assert "raises-gan:raises-gan (RuntimeError: boom)" in message
        assert "exits-gan:exits-gan (SystemExit: bye)" in message


def test_strict_stops_at_a_broken_plugin_and_names_it(broken, zoo):
    with zoo.environment.installed(broken["raises"]):
        message = zoo.ganzoo_fails(1, "list", GANZOO_STRICT_PLUGINS="1")
        assert message == "Error: plugin raises-gan:raises-gan: RuntimeError: boom\n"
        zoo.ganzoo("-p", "no:raises-gan", "list", GANZOO_STRICT_PLUGINS="1")


def test_of_two_that_claim_one_name_neither_wins_and_each_can_be_chosen(zoo, undisturbed):
    modules = {"plugin": LOSS.replace("NAME", "nebula"), "loss": WORKING_LOSS}
    wheels = [zoo.build(name, modules) for name in ("acme-gan", "other-gan")]
    with zoo.environment.installed(*wheels):
        listed = zoo.ganzoo("list")
        assert listed.err == ""
        assert re.search(r"acme-gan/nebula +Of acme_gan. \[acme-gan 1.0\]", listed.out)
        assert re.search(r"other-gan/nebula +Of other_gan. \[other-gan 1.0\]", listed.out)
        assert "hinge" in zoo.ganzoo("show", "loss", "hinge").out  # none of their business
        command = (*TINY, *VANILLA, "--steps", 2, "--run-dir", "run", "--loss")
        message = zoo.ganzoo_fails(2, *command, "nebula")
        assert "acme-gan 1.0 and other-gan 1.0 both provide a loss named 'nebula'" in message
        assert "Say 'acme-gan/nebula' or 'other-gan/nebula'" in message
        zoo.ganzoo(*command, "other-gan/nebula")
        assert "other_gan" in (zoo.work / "run" / "metrics.jsonl").read_text()
        switch = re.search(r"(GANZOO_DISABLE_PLUGINS)=(\S+)", message)
        assert switch
        zoo.ganzoo("show", "loss", "nebula", **{switch[1]: switch[2]})


def test_a_stranger_cannot_take_a_first_party_name(zoo):
    dataset = """
    @ganzoo.hookimpl
    def ganzoo_datasets():
        yield ganzoo.DatasetSpec(
            name="fashion-mnist", factory="{package}.data:Data", summary="Eggs.", starter=True
        )
    """
    modules = {"plugin": LOSS.replace("NAME", "bce") + dataset, "loss": WORKING_LOSS}
    with zoo.with_plugin("cuckoo-gan", modules):
        shown = zoo.ganzoo("show", "loss", "bce")
        claim = "cuckoo-gan 1.0 and gan-zoo 0.1.0 both provide a loss named 'bce'"
        assert f"{claim}; that of gan-zoo is used" in shown.err
        assert "ganzoo_vanilla.losses" in shown.out
        assert "gan-zoo 0.1.0" in zoo.ganzoo("show", "loss", "gan-zoo/bce").out
        assert "gan-zoo 0.1.0" in zoo.ganzoo("-p", "no:cuckoo-gan", "show", "loss", "bce").out
        tried = zoo.ganzoo("train", *VANILLA, "--loss", "gan-zoo/bce", "--dry-run")
        assert "gan-zoo/fashion-mnist is used. choose the dataset" in tried.err


def test_five_hundred_components_are_all_listed(zoo, undisturbed):
    source = """
        import ganzoo
        @ganzoo.hookimpl
        def ganzoo_losses():
            for k in range(500):
                yield ganzoo.LossSpec(name=f"many-{k}", factory="a:B", summary="One of many.")
    """
    with zoo.with_plugin("many-gan", source):
        out = zoo.ganzoo("list").out
        assert len(re.findall(r"^  many-\d+ +One of many. \[many-gan 1.0\]$", out, re.M)) == 500
        listed = set(out.splitlines())
        (heading,) = set(undisturbed.splitlines()) - listed
        assert re.fullmatch(r"losses \(\d+\):", heading)
        assert "many-499" in zoo.ganzoo("show", "loss", "many-499").out
        assert "torch" not in zoo.python(
            "import sys, ganzoo; ganzoo.names('loss'); print(*sorted(sys.modules), sep='\\n')"
        ).split("\n")


DUST = """
    import torch
    import ganzoo

    class Dust(ganzoo.Dataset):
        def __init__(self, options=None):
            pass

        def open(self, split="train"):
            pixels = torch.arange(64, dtype=torch.uint8).view(16, 1, 2, 2)
            return ganzoo.ImageSource([(p, 0) for p in pixels], ganzoo.ImageSpec(1, 2, 2))
"""


def test_a_run_whose_plugin_was_uninstalled_says_what_to_install(zoo):
    """Its loss and dataset are gone: it cannot be resumed, but sampled, as a plain grid."""
    dataset = """
    @ganzoo.hookimpl
    def ganzoo_datasets():
        yield ganzoo.DatasetSpec(name="dust", factory="{package}.data:Dust", summary="Dust.")
    """
    source = LOSS.replace("NAME", "nebula") + dataset
    modules = {"plugin": source, "loss": WORKING_LOSS, "data": DUST}
    command = (*TINY[7:], *VANILLA, "--loss", "nebula", "--data", "dust", "--steps", 2)
    with zoo.with_plugin("nebula-gan", modules, version="1.2.3"):
        zoo.ganzoo("train", *command, "--run-dir", "run")
    what_to_do = (
        "run was trained with nebula-gan 1.2.3, which is not installed. "
        "If you trust it: pip install nebula-gan==1.2.3"
    )
    message = zoo.ganzoo_fails(2, "resume", "run", "--steps", 4)
    assert "no loss named 'nebula'" in message
    assert what_to_do in message
    drawn = zoo.ganzoo("sample", "run", "--n", 4, "--out", "four.png")
    assert (zoo.work / "four.png").exists()
    assert drawn.err.startswith("Warning: drawn as a plain grid: no dataset named 'dust'")
    assert what_to_do in drawn.err


def test_a_factory_that_fails_when_it_is_used_names_its_distribution(zoo):
    loss = "class Loss:\n    def __init__(self, options):\n        open('/nowhere/at/all')\n"
    with zoo.with_plugin("late-gan", {"plugin": LOSS.replace("NAME", "late"), "loss": loss}):
        assert "late-gan 1.0" in zoo.ganzoo("show", "loss", "late").out
        message = zoo.ganzoo_fails(1, *TINY, *VANILLA, "--loss", "late", "--run-dir", "run")
        assert message.endswith(
            "Error: No such file or directory: /nowhere/at/all "
            "(raised by the loss 'late' of late-gan 1.0)\n"
        )
        assert not (zoo.work / "run").exists()


def test_a_plugin_that_prints_and_warns_leaves_the_output_to_ganzoo(zoo, undisturbed):
    source = (
        "import sys, warnings\nprint('Welcome to LOUD!')\nwarnings.warn('LOUD is loud')\n"
        "sys.stdout = None\nimport ganzoo\n@ganzoo.hookimpl\ndef ganzoo_losses():\n"
        "    print('collecting')\n    return []\n"
    )
    with zoo.with_plugin("loud-gan", source):
        listed = zoo.ganzoo("list")
        assert listed.out == undisturbed
        assert "LOUD" not in listed.out
        assert "collecting" not in listed.out
        assert "Welcome to LOUD!" in listed.err
        assert "Warning: plugin loud-gan:loud-gan: LOUD is loud" in listed.err
        env = {"_GANZOO_COMPLETE": "bash_complete", "COMP_WORDS": "ganzoo show loss hin"}
        assert zoo.ganzoo(**env, COMP_CWORD="3").out == "plain,hinge\n"


def test_uninstalled_plugins_leave_the_zoo_as_it_was(zoo, undisturbed):
    listed = zoo.ganzoo("list")
    assert listed.out == undisturbed
    assert listed.err == ""
