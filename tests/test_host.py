"""Promises of the plugin host, on real distributions made on disk."""

from __future__ import annotations

import importlib
import importlib.metadata
import re
import shutil
import sys
import textwrap
import warnings
from pathlib import Path

import pytest

import ganzoo
from ganzoo.discovery import registry
from ganzoo.discovery.host import PluginHost, default_host

HINGE = """
    import ganzoo
    @ganzoo.hookimpl
    def ganzoo_losses():
        yield ganzoo.LossSpec(name="{name}", factory="{package}.loss:Loss", summary="A loss.")
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a distribution with one plugin module into a folder of its own on sys.path."""
    made: list[str] = []

    def make(distribution: str, source: str, *, requires: str = "", version: str = "1.0") -> Path:
        package = distribution.replace("-", "_")
        site = tmp_path / distribution
        (site / package).mkdir(parents=True)
        (site / package / "__init__.py").write_text("")
        (site / package / "plugin.py").write_text(
            textwrap.dedent(source.replace("{package}", package))
        )
        info = site / f"{package}-{version}.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        info.joinpath("METADATA").write_text(metadata + requires)
        info.joinpath("entry_points.txt").write_text(
            f"[ganzoo]\n{distribution}-plugin = {package}.plugin\n"
        )
        monkeypatch.syspath_prepend(str(site))
        importlib.invalidate_caches()
        made.append(package)
        return site

    yield make
    for name in [n for n in sys.modules if n.split(".")[0] in made]:
        del sys.modules[name]


def record(host: PluginHost, distribution: str):
    return next(r for r in host.records if r.distribution == distribution)


def test_a_strangers_plugin_is_found_beside_the_first_party_ones(install):
    install("acme-gan", HINGE.replace("{name}", "acme"))
    host = PluginHost()
    assert record(host, "acme-gan").status == "loaded"
    assert "acme" in registry.names("loss", host=host)
    assert "hinge" in registry.names("loss", host=host)
    assert registry.find("loss", "acme", host=host).provider == "acme-gan 1.0"


BROKEN = {
    "raises": ("raise RuntimeError('boom')", "RuntimeError: boom"),
    "exits": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "syntax": ("def (", "SyntaxError"),
    "missing import": ("import no_such_module_at_all", "ModuleNotFoundError"),
    "hook raises": (
        "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_losses():\n    raise ValueError('later')",
        "ValueError: later",
    ),
    "wrong descriptor": (
        "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_losses():\n    return ['hinge']",
        "ganzoo_losses must yield LossSpec, got 'hinge'",
    ),
    "descriptor of another kind": (
        "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_losses():\n"
        "    yield ganzoo.PenaltySpec(name='x', factory='a:B', summary='s')",
        "must yield LossSpec",
    ),
    "nothing yielded": (
        "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_losses():\n    pass",
        "ganzoo_losses must yield LossSpec, got None",
    ),
    "one descriptor returned": (
        "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_losses():\n"
        "    return ganzoo.LossSpec(name='x', factory='a:B', summary='s')",
        "ganzoo_losses must yield LossSpec, got LossSpec(name='x'",
    ),
    "unreadable message": (
        "class Odd(Exception):\n    def __str__(self):\n        raise ValueError\nraise Odd",
        "Odd: (its message cannot be read)",
    ),
    "message after empty lines": ("raise RuntimeError('\\n\\nboom')", "RuntimeError: boom"),
    "bad name": (
        "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_losses():\n"
        "    yield ganzoo.LossSpec(name='Not OK', factory='a:B', summary='s')",
        "lower-case words joined by hyphens",
    ),
    "unknown hook": (
        "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_looses():\n    return []",
        "it implements ganzoo_looses, a hook that this ganzoo does not have; "
        "did you mean ganzoo_losses?",
    ),
    "wrong signature": (
        "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_losses(extra):\n    return []",
        "PluginValidationError",
    ),
    "newer api": (
        "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_losses():\n"
        "    yield ganzoo.LossSpec(name='x', factory='a:B', summary='s', api_version=99)",
        "written for hook API 99",
    ),
    "the same twice": (
        "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_losses():\n"
        "    for _ in range(2):\n"
        "        yield ganzoo.LossSpec(name='x', factory='a:B', summary='s')",
        "'x' is described twice",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_plugin_is_recorded_and_harms_nobody(install, fault):
    source, expected = BROKEN[fault]
    install("broken-gan", source)
    install("acme-gan", HINGE.replace("{name}", "acme"))
    host = PluginHost()
    broken = record(host, "broken-gan")
    assert broken.status == "failed"
    assert expected in broken.error
    assert broken.components == []
    assert {"acme", "hinge"} <= set(registry.names("loss", host=host))
    assert all(r.status == "loaded" for r in host.records if r is not broken)


def test_a_plugin_that_failed_verification_is_not_left_registered(install):
    """pluggy 1.6 keeps it half registered."""
    install("broken-gan", BROKEN["wrong signature"][0])
    host = PluginHost()
    assert host._manager.get_plugin("broken-gan:broken-gan-plugin") is None


def test_a_broken_plugin_is_named_where_a_name_is_not_found(install):
    install("broken-gan", "raise RuntimeError('boom')")
    with pytest.raises(ganzoo.UsageError, match=r"could not be loaded: broken-gan:.*boom"):
        registry.find("loss", "nonsense", host=PluginHost())


def test_strict_raises_naming_the_distribution(install):
    install("broken-gan", "raise RuntimeError('boom')")
    with pytest.raises(ganzoo.PluginError, match=r"broken-gan:broken-gan-plugin: .*boom"):
        PluginHost(strict=True)


def test_ctrl_c_during_an_import_is_not_swallowed(install):
    install("broken-gan", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        PluginHost()


def test_two_that_claim_one_name_are_an_error_only_when_it_is_used(install):
    install("acme-gan", HINGE.replace("{name}", "claimed"))
    install("other-gan", HINGE.replace("{name}", "claimed"))
    host = PluginHost()
    with pytest.raises(
        ganzoo.UsageError, match=r"acme-gan 1.0 and other-gan 1.0 both provide"
    ) as e:
        registry.find("loss", "claimed", host=host)
    assert "'acme-gan/claimed' or 'other-gan/claimed'" in str(e.value)
    chosen = registry.find("loss", "other-gan/claimed", host=host)
    assert chosen.plugin.distribution == "other-gan"
    assert registry.find("loss", "hinge", host=host).plugin.distribution == "gan-zoo"


STARTER = """
    import ganzoo
    @ganzoo.hookimpl
    def ganzoo_datasets():
        yield ganzoo.DatasetSpec(
            name="{name}", factory="{package}.data:Data", summary="A dataset.", starter=True
        )
"""


def test_a_copy_of_a_first_party_component_does_not_take_its_name(install):
    """Before, `--loss hinge` was refused as soon as any package called a loss of its own so."""
    install("acme-gan", HINGE.replace("{name}", "hinge"))
    host = PluginHost()
    version = importlib.metadata.version("gan-zoo")
    with pytest.warns(
        ganzoo.GanzooWarning,
        match=rf"acme-gan 1.0 and gan-zoo {version} both provide a loss named 'hinge'; that of "
        r"gan-zoo is used. Say 'acme-gan/hinge' or 'gan-zoo/hinge', or switch one off: "
        r"GANZOO_DISABLE_PLUGINS=acme-gan$",
    ):
        found = registry.find("loss", "hinge", host=host)
    assert found.plugin.distribution == "gan-zoo"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("acme-gan/hinge", "gan-zoo/hinge"):
            assert registry.find("loss", name, host=host).qualified_name == name
        assert registry.find("loss", "hinge", host=PluginHost(disabled=["acme-gan"]))


def test_a_package_that_declares_a_first_party_plugin_again_loads_second(install):
    """As `pip install plugins/hinge` beside ganzoo does: one module of two distributions."""
    site = install("a-hinge", "")
    entry_points = next(site.glob("*.dist-info")) / "entry_points.txt"
    entry_points.write_text("[ganzoo]\nhinge = ganzoo_hinge.plugin\n")
    host = PluginHost()
    copied = record(host, "a-hinge")
    assert copied.status == "failed"
    assert copied.error == "its module ganzoo_hinge.plugin is that of gan-zoo:hinge too"
    assert registry.find("loss", "hinge", host=host).plugin.distribution == "gan-zoo"


def test_the_first_partys_default_stays_the_default_beside_others(install):
    """Before, the README's first command was refused where another dataset was a starter too."""
    install("acme-gan", STARTER.replace("{name}", "acme"))
    advice = "choose the dataset with data=NAME"
    with pytest.warns(
        ganzoo.GanzooWarning,
        match="acme-gan/acme and gan-zoo/fashion-mnist all offer themselves as the dataset to use "
        f"by default; gan-zoo/fashion-mnist is used. {advice}",
    ):
        name = registry.the_one_offering("dataset", "starter", advice, host=PluginHost())
    assert name == "gan-zoo/fashion-mnist"


def test_of_several_strangers_defaults_the_user_chooses(install):
    install("acme-gan", STARTER.replace("{name}", "acme"))
    install("other-gan", STARTER.replace("{name}", "other"))
    host = PluginHost(only=["acme-gan", "other-gan"])
    with pytest.raises(ganzoo.UsageError, match=r"^choose one: acme-gan/acme, other-gan/other$"):
        registry.the_one_offering("dataset", "starter", "choose one", host=host)


def test_a_distribution_may_be_spelled_as_pip_allows(install):
    install("Acme_GAN", HINGE.replace("{name}", "hinge"))
    host = PluginHost()
    for spelling in ("Acme_GAN", "acme-gan", "acme.gan"):
        found = registry.find("loss", f"{spelling}/hinge", host=host)
        assert found.plugin.distribution == "Acme_GAN"
    with pytest.raises(ganzoo.UsageError, match="Did you mean 'Acme_GAN/hinge'"):
        registry.find("loss", "Acme_GAN/hinges", host=host)


def test_one_distribution_that_claims_a_name_twice_is_told_with_a_way_out(install):
    site = install("acme-gan", HINGE.replace("{name}", "claimed"))
    shutil.copy(site / "acme_gan" / "plugin.py", site / "acme_gan" / "second.py")
    with (site / "acme_gan-1.0.dist-info" / "entry_points.txt").open("a") as file:
        file.write("second = acme_gan.second\n")
    with pytest.raises(ganzoo.UsageError) as error:
        registry.find("loss", "claimed", host=PluginHost())
    assert "acme-gan 1.0 provides a loss named 'claimed' in its plugins" in str(error.value)
    switch = str(error.value).rpartition("GANZOO_DISABLE_PLUGINS=")[2]
    assert registry.find("loss", "claimed", host=PluginHost(disabled=[switch]))


def test_a_preferred_distribution_wins_where_several_claim_a_name(install):
    install("acme-gan", HINGE.replace("{name}", "hinge"))
    found = registry.find("loss", "hinge", host=PluginHost(), prefer="gan-zoo")
    assert found.plugin.distribution == "gan-zoo"


def test_five_hundred_components_are_no_trouble(install):
    install(
        "many-gan",
        """
        import ganzoo
        @ganzoo.hookimpl
        def ganzoo_losses():
            for k in range(500):
                yield ganzoo.LossSpec(name=f"many-{k}", factory="a:B", summary="s")
        """,
    )
    assert len(record(PluginHost(), "many-gan").components) == 500


def test_stale_metadata_does_not_make_a_plugin_twice(install, tmp_path):
    site = install("acme-gan", HINGE.replace("{name}", "acme"))
    stale = site / "acme_gan-0.9.dist-info"
    stale.mkdir()
    stale.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: Acme_GAN\nVersion: 0.9\n")
    stale.joinpath("entry_points.txt").write_text("[ganzoo]\nacme-gan-plugin = acme_gan.plugin\n")
    points = [
        point
        for dist in importlib.metadata.distributions(path=[str(site)])
        for point in dist.entry_points
    ]
    assert len(points) == 2
    assert len(PluginHost(points).records) == 1


def test_a_plugin_whose_requirement_on_ganzoo_is_not_met_is_refused(install):
    install("acme-gan", HINGE.replace("{name}", "acme"), requires="Requires-Dist: gan-zoo>=99\n")
    refused = record(PluginHost(), "acme-gan")
    assert refused.status == "failed"
    assert "needs gan-zoo>=99, and" in refused.error
    assert "acme_gan" not in sys.modules


def test_a_requirement_with_a_marker_counts_where_the_marker_is_true(install):
    requires = 'Requires-Dist: gan-zoo>=99; python_version >= "3.8"\n'
    install("acme-gan", HINGE.replace("{name}", "acme"), requires=requires)
    assert "needs gan-zoo>=99, and" in record(PluginHost(), "acme-gan").error


REQUIREMENTS_MET = """\
Requires-Dist: gan-zoo<99
Requires-Dist: gan-zoo>=99; extra == "future"
Requires-Dist: gan-zoo>=99; python_version < "3"
Requires-Dist: nothing>=3; extra == "x"
Requires-Dist: not a requirement
"""


def test_a_requirement_that_is_met_or_of_something_else_is_fine(install):
    requires = REQUIREMENTS_MET
    install("acme-gan", HINGE.replace("{name}", "acme"), requires=requires)
    assert record(PluginHost(), "acme-gan").status == "loaded"


def test_what_a_cut_short_installation_left_is_recorded_and_harms_nobody(install):
    site = install("acme-gan", HINGE.replace("{name}", "acme"))
    (site / "acme_gan-1.0.dist-info" / "METADATA").unlink()
    host = PluginHost()
    left = next(r for r in host.records if r.name == "acme-gan-plugin")
    assert left.status == "failed"
    assert f"the metadata beside its entry point in {site} is missing" in left.error
    assert "acme_gan" not in sys.modules
    assert all(r.status == "loaded" for r in host.records if r is not left)


def test_an_entry_point_of_no_distribution_is_loaded(install):
    """One may hand the host entry points of one's own making."""
    install("acme-gan", HINGE.replace("{name}", "acme"))
    point = importlib.metadata.EntryPoint("mine", "acme_gan.plugin", "ganzoo")
    assert registry.names("loss", host=PluginHost([point])) == ["acme"]


def test_a_hook_marked_optional_may_be_unknown(install):
    """So a plugin can serve this ganzoo and a newer one."""
    optional = (
        "    @ganzoo.hookimpl(optionalhook=True)\n    def ganzoo_holograms():\n        pass\n"
    )
    install("acme-gan", HINGE.replace("{name}", "acme") + optional)
    assert record(PluginHost(), "acme-gan").status == "loaded"


def test_what_a_plugin_prints_while_it_loads_goes_to_stderr(install, capsys):
    install(
        "loud-gan",
        "print('imported')\n"
        + textwrap.dedent(HINGE)
        .replace("    yield", "    print('called')\n    yield")
        .replace("{name}", "loud"),
    )
    PluginHost()
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "imported\ncalled\n"


def test_a_plugins_warning_says_whose_it_is(install):
    install("loud-gan", "import warnings\nwarnings.warn('old', FutureWarning)")
    with pytest.warns(FutureWarning, match="^plugin loud-gan:loud-gan-plugin: old$"):
        PluginHost()


def test_a_plugin_cannot_turn_warnings_or_output_away(install):
    source = "import sys, warnings\nwarnings.showwarning = sys.stdout = None"
    install("rude-gan", source)
    before = warnings.showwarning, sys.stdout
    PluginHost()
    assert (warnings.showwarning, sys.stdout) == before


def test_a_trace_tells_what_was_loaded_from_where_and_how_long_it_took(install, capsys):
    install("acme-gan", HINGE.replace("{name}", "acme"))
    install("broken-gan", "import time; time.sleep(0.02); raise RuntimeError('boom')")
    host = PluginHost(trace=True, disabled=["hinge"])
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == len(host.records)
    duration = r"in (\d+\.\d) ms"
    (acme,) = [line for line in lines if line.startswith("acme-gan:acme-gan-plugin 1.0")]
    assert re.search(rf" \(acme_gan.plugin\) loaded {duration}: loss acme$", acme)
    (broken,) = [line for line in lines if line.startswith("broken-gan:")]
    took = re.search(rf" failed {duration}: RuntimeError: boom$", broken)
    assert took
    assert float(took[1]) >= 20
    assert record(host, "broken-gan").seconds >= 0.02
    (hinge,) = [line for line in lines if line.startswith("gan-zoo:hinge ")]
    assert hinge.endswith("disabled in 0.0 ms: switched off")


def test_the_trace_is_asked_for_by_the_environment(monkeypatch, capsys):
    monkeypatch.setenv("GANZOO_TRACE_PLUGINS", "1")
    default_host.cache_clear()
    try:
        default_host()
        assert "gan-zoo:dcgan" in capsys.readouterr().err
    finally:
        monkeypatch.undo()
        default_host.cache_clear()


@pytest.mark.parametrize("word", ["acme-gan", "Acme_GAN", "acme-gan-plugin"])
def test_a_plugin_switched_off_is_not_even_imported(install, word):
    install("acme-gan", HINGE.replace("{name}", "acme"))
    host = PluginHost(disabled=[word])
    assert record(host, "acme-gan").status == "disabled"
    assert "acme_gan" not in sys.modules
    with pytest.raises(ganzoo.UsageError, match="switched off: acme-gan:acme-gan-plugin"):
        registry.find("loss", "acme", host=host)


def test_first_party_plugins_can_be_switched_off_too():
    assert "hinge" not in registry.names("loss", host=PluginHost(disabled=["hinge"]))
    assert registry.names("loss", host=PluginHost(disabled=["gan-zoo"])) == []


def test_only_what_is_named_is_loaded(install):
    install("acme-gan", HINGE.replace("{name}", "acme"))
    assert registry.names("loss", host=PluginHost(only=["acme-gan"])) == ["acme"]
    assert registry.names("loss", host=PluginHost(only=["hinge"])) == ["hinge"]


def test_a_switch_that_matches_nothing_is_a_warning():
    with pytest.warns(UserWarning, match="no installed plugin or distribution is called 'hinj'"):
        PluginHost(disabled=["hinj"])


def test_plugins_in_the_working_directory_are_not_loaded(tmp_path, monkeypatch):
    (tmp_path / "plugin.py").write_text("raise SystemExit('loaded from the working directory')")
    (tmp_path / "ganzoo_evil").mkdir()
    (tmp_path / "ganzoo_evil" / "plugin.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    assert {r.distribution for r in PluginHost().records} == {"gan-zoo"}


def test_the_default_host_does_as_the_environment_says(monkeypatch):
    monkeypatch.setenv("GANZOO_DISABLE_PLUGINS", "hinge, lsgan")
    default_host.cache_clear()
    try:
        off = [r.name for r in default_host().records if r.status == "disabled"]
        assert off == ["hinge", "lsgan"]
    finally:
        monkeypatch.undo()
        default_host.cache_clear()


def test_a_plugin_that_asks_for_the_plugins_while_they_load_is_refused(install):
    """It would have them loaded again, itself included, without an end."""
    source = HINGE.replace("{name}", "acme").replace("yield", "ganzoo.names('loss'); yield")
    install("curious-gan", source)
    default_host.cache_clear()
    try:
        curious = record(default_host(), "curious-gan")
        assert curious.error.startswith("it requested the installed plugins while")
        assert "hinge" in ganzoo.names("loss")
    finally:
        default_host.cache_clear()


def test_the_core_works_with_no_plugin_at_all():
    host = PluginHost([])
    assert [registry.names(kind, host=host) for kind in ganzoo.discovery.specs.KINDS] == [
        [] for _ in ganzoo.discovery.specs.KINDS
    ]
    with pytest.raises(ganzoo.UsageError, match="no loss named 'bce'. None is installed"):
        registry.find("loss", "bce", host=host)


def test_every_first_party_plugin_loads():
    host = PluginHost(strict=True)
    assert all(r.status == "loaded" and r.components for r in host.records)


def test_removing_an_entry_point_removes_its_animal_and_no_other():
    points = importlib.metadata.entry_points(group="ganzoo")
    everything = PluginHost(points)
    without = PluginHost([point for point in points if point.name != "dcgan"])
    names = registry.names("architecture", host=everything)
    assert "dcgan" in names
    assert registry.names("architecture", host=without) == [n for n in names if n != "dcgan"]
    assert registry.names("loss", host=without) == registry.names("loss", host=everything)
