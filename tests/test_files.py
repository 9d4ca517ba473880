"""Promises of files and folders: they appear whole or not at all."""

from __future__ import annotations

import os
import socket
import stat

import pytest

import ganzoo
from ganzoo.files import building_folder, replace_text, replacing_file, usual_permissions


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


def test_a_link_is_followed_and_stays(tmp_path):
    file = replace_text(tmp_path / "disk" / "log.txt", "old")
    link, broken = tmp_path / "link.txt", tmp_path / "broken.txt"
    link.symlink_to(file)
    broken.symlink_to(tmp_path / "disk" / "new.txt")
    replace_text(link, "behind the link")
    replace_text(broken, "made behind the link")
    assert (link.is_symlink(), broken.is_symlink()) == (True, True)
    assert file.read_text() == "behind the link"
    assert (tmp_path / "disk" / "new.txt").read_text() == "made behind the link"
    assert len(list(tmp_path.rglob("*"))) == 5


def make_folder(path):
    path.mkdir()


def make_pipe(path):
    os.mkfifo(path)


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))  # the name of a socket is at most 100 bytes long


def make_device(path):
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))  # /dev/null, elsewhere
    except PermissionError:
        pytest.skip("only root makes devices")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
@pytest.mark.parametrize("make", [make_folder, make_pipe, make_socket, make_device])
@pytest.mark.parametrize("linked", [False, True])
def test_what_is_no_regular_file_is_refused_and_stays(make, linked, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    special = path = tmp_path / "special"
    make(special)
    kind = stat.S_IFMT(special.stat().st_mode)
    if linked:
        path = tmp_path / "link"
        path.symlink_to(special)
    named = rf"cannot write {path}: it is a {make.__name__.removeprefix('make_')};"
    with pytest.raises(ganzoo.UsageError, match=named):
        replace_text(path, "text")
    assert stat.S_IFMT(special.lstat().st_mode) == kind
    assert len(list(tmp_path.iterdir())) == 1 + linked


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_links_in_a_circle_are_refused(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(ganzoo.GanzooError, match=r"cannot write .*a: Too many levels"):
        replace_text(tmp_path / "a", "text")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
def test_a_file_of_a_library_gets_the_permissions_of_any_new_file(mask, tmp_path):
    file, private = tmp_path / "weights", tmp_path / "private"
    before = os.umask(mask)
    try:
        with usual_permissions(file):
            private.touch(mode=0o600)
            private.replace(file)  # as safetensors does
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o666 & ~mask
