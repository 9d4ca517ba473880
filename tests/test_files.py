"""Promises of files and folders: they appear whole or not at all."""

from __future__ import annotations

import pytest

import ganzoo
from ganzoo.files import building_folder, replace_text, replacing_file


def test_a_file_is_replaced_when_the_block_ends_and_not_before(tmp_path):
    file = tmp_path / "deep" / "log.txt"
    replace_text(file, "old")
    with replacing_file(file) as stream:
        stream.write(b"new")
        stream.flush()
        assert file.read_text() == "old"
    assert file.read_text() == "new"
    assert [path.name for path in file.parent.iterdir()] == ["log.txt"]


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    file = replace_text(tmp_path / "log.txt", "old")
    with pytest.raises(TypeError), replacing_file(file) as stream:
        stream.writelines([b"half", None])
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["log.txt"]


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ganzoo.GanzooError, match=r"cannot write .*file/inside.txt"):
        replace_text(tmp_path / "file" / "inside.txt", "")


def test_text_that_utf8_cannot_hold_is_refused_unless_it_may_be_replaced(tmp_path):
    with pytest.raises(ganzoo.GanzooError, match=r"cannot write .*a.txt: 'utf-8'"):
        replace_text(tmp_path / "a.txt", "a\udcffb")
    assert not list(tmp_path.iterdir())
    written = replace_text(tmp_path / "a.txt", "a\udcffb", errors="replace")
    assert written.read_text(encoding="utf-8") == "a?b"


def test_a_folder_gets_its_name_when_the_block_ends_well(tmp_path):
    with building_folder(tmp_path / "store") as folder:
        (folder / "part").write_text("x")
        assert not (tmp_path / "store").exists()
    assert (tmp_path / "store" / "part").read_text() == "x"
    with pytest.raises(FileNotFoundError), building_folder(tmp_path / "other") as folder:
        (folder / "nowhere" / "part").write_text("x")
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
