"""Promises of `ganzoo export`."""

from __future__ import annotations

from pathlib import Path


def test_export_prints_what_it_wrote(ganzoo_cli, trained):
    code, out, _ = ganzoo_cli("export", trained, "--format", "safetensors", "-o", "x/y")
    assert code == 0
    assert out.split() == ["x/y/README.md", "x/y/ganzoo.json", "x/y/generator.safetensors"]
    assert all(Path(line).is_file() for line in out.split())


def test_a_second_export_to_one_place_needs_force(ganzoo_cli, trained):
    command = ("export", trained, "--format", "safetensors", "-o", "x")
    assert ganzoo_cli(*command)[0] == 0
    code, _, err = ganzoo_cli(*command)
    assert code == 2
    assert "--force" in err
    assert ganzoo_cli(*command, "--force")[0] == 0


def test_export_of_a_step_that_was_not_saved_names_those_that_were(ganzoo_cli, trained):
    code, _, err = ganzoo_cli("export", trained, "--format", "safetensors", "--step", "2")
    assert code == 2
    assert "there are 3" in err
