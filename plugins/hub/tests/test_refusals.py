"""Promises about strangers' files, damage, and a hub that says no: one line, nothing left."""

from __future__ import annotations

import errno
import json
import pickle
import sys

import ganzoo_hub
import pytest
from ganzoo_hub.layout import is_expected
from ganzoo_hub.private import without_folders
from safetensors.torch import load, save

import ganzoo

WEIGHTS, MANIFEST = "checkpoints/000002/ema.safetensors", "checkpoints/000002/manifest.json"


@pytest.fixture
def files(pushed, place):
    """The files of a run that is pushed, to be changed."""
    return pushed.files


def refused(place, kind, match):
    """Pulling is refused, and leaves nothing behind."""
    with pytest.raises(kind, match=match) as caught:
        ganzoo_hub.pull("anna/cats", "here")
    assert "\n" not in str(caught.value)
    assert [*place.iterdir()] == []


def test_files_that_are_no_part_of_a_run_are_never_downloaded(hub, files, place):
    strange = [
        "../x", "/x", "a/../config.toml", "..\\x.toml", "checkpoints/000002/state.pt", "model.pkl",
        "checkpoints/../../x/manifest.json", "checkpoints/٠٠٠٠٠٢/manifest.json", "setup.py",
        "samples/000002.png\n", "conditions.safetensors/x", "CONFIG.TOML", "\x1b[2J",
    ]  # fmt: skip
    assert not any(map(is_expected, strange))
    files.update(dict.fromkeys(strange, pickle.dumps(print)))
    hub.requests.clear()
    with pytest.warns(ganzoo.GanzooWarning, match="these files of 'anna/cats' are no part") as seen:
        run = ganzoo_hub.pull("anna/cats", "here")
    assert "\x1b" not in str(seen[0].message)
    names = {f.relative_to(run.path).as_posix() for f in run.path.rglob("*") if f.is_file()}
    assert names == {*files, "pulled.json"} - {*strange}
    assert [path.name for path in place.iterdir()] == ["here"]
    assert not (place.parent / "x").exists()
    asked = {line.split("/", 5)[-1] for line in hub.requests if "/resolve/" in line}
    assert asked == names - {"pulled.json"}


def test_what_is_damaged_on_the_way_is_refused(hub, files, place):
    for name in (WEIGHTS, "config.toml"):
        content = files[name]
        hub.on_the_way = {name: content[:-1] + bytes([content[-1] ^ 1])}
        refused(place, ganzoo.DataError, f"{name} was damaged on the way")
        hub.on_the_way = {name: content[:-1]}
        refused(place, ganzoo.GanzooError, f"{name} was damaged|cannot reach|has failed")


def test_large_files_are_compared_by_their_sha256(hub, files, place):
    hub.repositories["anna/cats"].large.add(WEIGHTS)
    hub.on_the_way = {WEIGHTS: files[WEIGHTS][:-1] + b"x"}
    refused(place, ganzoo.DataError, f"{WEIGHTS} was damaged on the way")


def test_weights_that_are_not_those_of_the_manifest_are_refused(files, place):
    weights = load(files[WEIGHTS])
    files[WEIGHTS] = save({name: tensor + 1 for name, tensor in weights.items()})
    refused(place, ganzoo.DataError, "000002/ema.safetensors is damaged: its checksum differs")


def test_a_pickle_under_another_name_is_refused_unread(files, place):
    import hashlib

    class Bomb:
        def __reduce__(self):
            return (exec, ("import pathlib; pathlib.Path('boom').touch()",))

    files[WEIGHTS] = pickle.dumps(Bomb())
    manifest = json.loads(files[MANIFEST])
    manifest["checksums"]["ema.safetensors"] = hashlib.sha256(files[WEIGHTS]).hexdigest()
    files[MANIFEST] = json.dumps(manifest).encode()
    refused(place, ganzoo.DataError, "ema.safetensors is no safetensors file")


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("config.toml", b"arch = [", "config.toml is not valid TOML"),
        ("config.toml", b"[training]\nsteps = 'x'", "arch"),
        (MANIFEST, b"[]", "manifest.json is damaged"),
        (MANIFEST, b'{"checksums": {}}', "ema.safetensors is damaged"),
        ("conditions.safetensors", b"x" * 9, "conditions.safetensors is no safetensors file"),
        ("events.jsonl", b"x\n" * 2000, "many lines that are no JSON objects"),
    ],
)
def test_damaged_files_are_named(name, content, match, files, place):
    files[name] = content
    with pytest.raises(ganzoo.GanzooError, match=match):
        ganzoo_hub.pull("anna/cats", "here")
    assert [*place.iterdir()] == []


def test_a_config_may_name_no_folder_of_the_machine(files, place):
    plain = files["config.toml"]
    for path in ("/etc", "//host/share", "a/../../x", "..", "~", "~/x", "file:x", "train:/etc"):
        files["config.toml"] = plain + f'\n[observer.x]\npath = "{path}"\n'.encode()
        refused(place, ganzoo.DataError, "config.toml names folders of a machine")


def test_a_repository_that_holds_no_run_is_refused(hub, files, place):
    for name in (WEIGHTS, MANIFEST, "config.toml"):
        content = files.pop(name)
        refused(place, ganzoo.UsageError, "'anna/cats' holds no run that `ganzoo push` has written")
        files[name] = content
    files["README.md"] = b"x" * (2**26 + 1)
    refused(place, ganzoo.DataError, "README.md has 67.1 MB, too many for what it is")


def test_missing_plugins_are_named_and_not_installed(files, place):
    manifest = json.loads(files[MANIFEST])
    manifest["versions"]["acme-gan"] = "1.2"
    files[MANIFEST] = json.dumps(manifest).encode()
    files["config.toml"] = files["config.toml"].replace(b'"vanilla"', b'"acme"')
    run = ganzoo_hub.pull("anna/cats", "here")
    with pytest.raises(ganzoo.UsageError, match=r"acme-gan 1\.2, which is not installed\. If you "):
        run.sample(1)


def test_only_a_pulled_run_is_ever_replaced(files, trained, place):
    (place / "here").mkdir()
    (place / "here" / "thesis.tex").write_text("x")
    for force in (False, True):
        with pytest.raises(ganzoo.UsageError, match="here exists and is no pulled run"):
            ganzoo_hub.pull("anna/cats", "here", force=force)
    (place / "here" / "thesis.tex").unlink()
    run = ganzoo_hub.pull("anna/cats", "here")  # an empty one is taken
    (run.path / "grid.png").write_text("x")
    with pytest.raises(ganzoo.UsageError, match="here exists; choose another run_dir, or replace"):
        ganzoo_hub.pull("anna/cats", "here")
    files[WEIGHTS] = b"damaged"
    with pytest.raises(ganzoo.DataError):
        ganzoo_hub.pull("anna/cats", "here", force=True)
    assert (run.path / "grid.png").exists()  # what was there stays until all is well
    ganzoo_hub.push(trained, "anna/cats")
    ganzoo_hub.pull("anna/cats", "here", force=True)
    assert not (run.path / "grid.png").exists()


# --- A hub that says no


def says(match, call, *arguments, kind=ganzoo.UsageError, **settings):
    with pytest.raises(kind, match=match) as caught:
        call(*arguments, **settings)
    assert "\n" not in str(caught.value)


def test_who_is_unknown_is_told_how_to_log_in(hub, trained, place, monkeypatch):
    ganzoo_hub.push(trained, "anna/cats", private=True)
    assert hub.repositories["anna/cats"].private
    assert ganzoo_hub.pull("anna/cats").steps == [2]
    missing = "has no repository 'anna/cats' that you may see: check the name; if it is private, "
    for token in (None, "hf_bert"):
        monkeypatch.delenv("HF_TOKEN")
        if token:
            monkeypatch.setenv("HF_TOKEN", token)
        says(missing + "`hf auth login`", ganzoo_hub.pull, "anna/cats", "x")
        monkeypatch.setenv("HF_TOKEN", "x")
    says("does not accept your token, or has none: `hf a", ganzoo_hub.pull, "anna/cats", "x")
    says("does not accept your token, or has none: `hf a", ganzoo_hub.push, trained, "anna/cats")
    monkeypatch.delenv("HF_TOKEN")
    says("does not accept your token, or has none: `hf a", ganzoo_hub.push, trained, "anna/cats")
    monkeypatch.setenv("HF_TOKEN", "hf_bert")
    says("needs write access there", ganzoo_hub.push, trained, "anna/other")
    assert [*hub.repositories] == ["anna/cats"]


def test_nothing_private_is_put_into_a_public_repository(hub, trained):
    ganzoo_hub.push(trained, "anna/cats")
    head = hub.repositories["anna/cats"].head
    says("'anna/cats' exists already and is public", ganzoo_hub.push, trained, "anna/cats",
         private=True)  # fmt: skip
    assert hub.repositories["anna/cats"].head == head


def test_wrong_names_and_revisions_are_told(hub, trained, files):
    for name in ("anna/cats/more", "../cats", "anna/c ts", "", "--x"):
        says("is no name of a repository: it is OWNER/NAME", ganzoo_hub.pull, name)
        says("is no name of a repository: it is OWNER/NAME", ganzoo_hub.push, trained, name)
    says("'anna/cats' has no revision 'v9'; ", ganzoo_hub.pull, "anna/cats", "x", revision="v9")
    says("a Run has its checkpoint", ganzoo_hub.push, trained, "anna/cats", step=2)


def test_a_hub_that_fails_or_is_not_there_is_named(hub, trained, files, place, monkeypatch):
    hub.failing = {"/commit/": 500}
    says(r"has failed \(500\): on purpose", ganzoo_hub.push, trained, "anna/cats",
         kind=ganzoo.GanzooError)  # fmt: skip
    hub.failing = {"/api/models": 429}
    says("too many requests: wait", ganzoo_hub.pull, "anna/cats", kind=ganzoo.GanzooError)
    says("cannot reach http://127.0.0.1:9: ", ganzoo_hub.pull, "anna/cats",
         endpoint="http://127.0.0.1:9", kind=ganzoo.GanzooError)  # fmt: skip
    assert [*place.iterdir()] == []


def test_a_full_disk_is_no_fault_of_the_network(hub, files, place, monkeypatch):
    from huggingface_hub import HfApi

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(HfApi, "hf_hub_download", full)
    refused(place, ganzoo.GanzooError, "^cannot write here: No space left on device$")


def test_a_copy_without_discriminator_is_not_pushed_with_one(hub, files, place, tmp_path):
    run = ganzoo_hub.pull("anna/cats", tmp_path / "copy")
    says(r"^this copy has no discriminator; push without", ganzoo_hub.push, run, "anna/again",
         discriminator=True)  # fmt: skip
    (run.path / WEIGHTS).unlink()
    says("cannot push .*copy: No such file", ganzoo_hub.push, run, "anna/again",
         kind=ganzoo.GanzooError)  # fmt: skip
    assert [*hub.repositories] == ["anna/cats"]


def test_files_that_pull_refuses_are_not_pushed(hub, trained, monkeypatch):
    monkeypatch.setattr("ganzoo_hub.layout.LARGEST_TEXT", 100)
    says(r"MB can be pulled: push an earlier step, or a copy", ganzoo_hub.push, trained, "anna/x")
    assert not hub.repositories


def test_a_damaged_run_is_not_pushed(hub, trained, tmp_path):
    import shutil

    shutil.copytree(trained.path, tmp_path / "copy")
    weights = tmp_path / "copy" / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    says("ema.safetensors is damaged: ", ganzoo_hub.push, tmp_path / "copy", "anna/cats",
         kind=ganzoo.DataError)  # fmt: skip
    assert not hub.repositories


def test_without_the_extra_it_is_named(monkeypatch, trained):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    for call, arguments in ((ganzoo_hub.push, (trained, "a/b")), (ganzoo_hub.pull, ("a/b",))):
        says(r'try `pip install "gan-zoo\[hub\]"`', call, *arguments)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/etc", "etc"),
        ("//host/share", "share"),
        ("/home/anna/cats", "cats"),
        ("/home/anna/my cats", "my cats"),
        ("other images of /home/anna/my cats (train)", "other images of my cats (train)"),
        ("~/cats", "cats"),
        ("~anna/x/cats", "cats"),
        ("../anna/cats", "cats"),
        ("C:\\Users\\anna\\cats", "cats"),
        ("\\\\server\\anna\\cats", "cats"),
        ("file:///home/anna/cats", "cats"),
        ("file:~/anna/cats", "cats"),
        ("train:/home/anna/cats", "train:cats"),
        ("train:C:\\anna\\cats", "train:cats"),
        ("sqlite:////home/anna/cats.db", "sqlite:cats.db"),
        ("/home/anna/cats/", "cats"),
        ("photos/../anna/cats", "cats"),
        ("..", ""),
        ("~", ""),
        ("1 / 2", "1 / 2"),
        ("photos (1)/train", "photos (1)/train"),
        ("http://a.org/b and /home/anna/cats", "http://a.org/b and cats"),
        ("cats/train", "cats/train"),
        ("gan-zoo/emoji", "gan-zoo/emoji"),
        ("https://a.org/b", "https://a.org/b"),
        ("2e-4 to 0 over 1000 steps", "2e-4 to 0 over 1000 steps"),
    ],
)
def test_paths_are_shortened_to_their_last_name(text, shown):
    assert without_folders({"a": [text]}) == {"a": [shown]}
    assert without_folders({text: 1}) == {shown: 1}
    assert without_folders(shown) == shown
