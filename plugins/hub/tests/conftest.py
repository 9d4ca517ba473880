"""A hub on this machine: the HTTP interface of the Hugging Face Hub, as its client uses it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

import ganzoo_hub
import pytest
import yaml

import ganzoo

TOKENS = {"hf_anna": "anna", "hf_bert": "bert"}


@dataclass
class Repository:
    """Commits of a repository, each with all of its files, the latest last."""

    private: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=lambda: {"0" * 40: {}})
    messages: list[str] = field(default_factory=list)
    large: set[str] = field(default_factory=set)

    @property
    def head(self) -> str:
        return [*self.commits][-1]

    @property
    def files(self) -> dict[str, bytes]:
        return self.commits[self.head]

    def commit(self, files: dict[str, bytes], message: str = "by hand") -> str:
        sha = hashlib.sha1(f"{len(self.commits)}".encode()).hexdigest()
        self.commits[sha] = files
        self.messages.append(message)
        return sha

    def listed(self, sha: str) -> list[dict]:
        return [self.sibling(name, content) for name, content in self.commits[sha].items()]

    def sibling(self, name: str, content: bytes) -> dict:
        blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        facts = {"rfilename": name, "size": len(content), "blobId": blob}
        if name in self.large:
            sha = hashlib.sha256(content).hexdigest()
            facts["lfs"] = {"sha256": sha, "size": len(content), "pointerSize": 130}
        return facts


@dataclass
class Hub:
    """Repositories, large files by hash, requests, and faults to make."""

    address: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)
    uses_lfs: bool = False
    requests: list[str] = field(default_factory=list)
    failing: dict[str, int] = field(default_factory=dict)
    on_the_way: dict[str, bytes] = field(default_factory=dict)


class Handler(BaseHTTPRequestHandler):
    """Answers requests of the client."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm, wbufsize = True, -1  # or each answer waits for an acknowledgement
    hub: Hub

    def log_message(self, *arguments: object) -> None:
        pass

    def answer(self, status: int, content: object = None, **headers: str) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append(f"{self.command} {path}")
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        self.user = TOKENS.get(token)
        for part, status in self.hub.failing.items():
            if part in path:
                return self.answer(status, {"error": "on purpose"})
        if token and self.user is None:
            message = "Invalid credentials in Authorization header"
            return self.answer(401, {"error": message}, X_Error_Message=message)
        for pattern, method in ROUTES.items():
            if found := re.fullmatch(pattern, f"{self.command} {path}"):
                return method(self, *found.groups(), body)
        return self.answer(404, {"error": "no such address"})

    do_GET = do_HEAD = do_POST = do_PUT = handle_any  # noqa: N815

    def repository(self, name: str) -> Repository | None:
        """A repository that the user may see; else answers as the hub does."""
        found = self.hub.repositories.get(name)
        if found is None or (found.private and self.user != name.split("/")[0]):
            status = 404 if self.user else 401
            self.answer(status, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")
            return None
        return found

    def writable(self, name: str) -> Repository | None:
        found = self.repository(name)
        if found is not None and self.user != name.split("/")[0]:
            self.answer(403 if self.user else 401, {"error": "You don't have the rights"})
            return None
        return found

    def create(self, body: bytes) -> None:
        if self.user is None:
            return self.answer(401, {"error": "Unauthorized"})
        wanted = json.loads(body)
        owner = wanted.get("organization") or self.user
        name = f"{owner}/{wanted['name']}"
        exists = name in self.hub.repositories
        if owner != self.user:
            return self.answer(403, {"error": "You don't have the rights"})
        if not exists:
            self.hub.repositories[name] = Repository(
                wanted.get("visibility") == "private" or wanted.get("private") is True  # of 1.0
            )
        return self.answer(409 if exists else 200, {"url": f"{self.hub.address}/{name}"})

    def validate(self, body: bytes) -> None:
        matter = yaml.safe_load(json.loads(body)["content"].split("---\n")[1])
        good = isinstance(matter, dict) and isinstance(matter.get("tags"), list)
        self.answer(200 if good else 400, {"errors": [] if good else [{"message": "bad"}]})

    def info(self, name: str, revision: str | None, body: bytes) -> None:
        if (found := self.repository(name)) is None:
            return None
        sha = found.head if revision in (None, "main") else revision
        if sha not in found.commits:
            return self.answer(404, {"error": "no revision"}, X_Error_Code="RevisionNotFound")
        facts = {"id": name, "sha": sha, "private": found.private, "siblings": found.listed(sha)}
        return self.answer(200, facts)

    def preupload(self, name: str, body: bytes) -> None:
        if self.writable(name) is None:
            return
        modes = [
            {
                "path": file["path"],
                "uploadMode": "lfs"
                if self.hub.uses_lfs and file["path"].endswith(".safetensors")
                else "regular",
                "shouldIgnore": False,
            }
            for file in json.loads(body)["files"]
        ]
        self.answer(200, {"files": modes})

    def batch(self, name: str, body: bytes) -> None:
        if self.writable(name) is None:
            return
        objects = [
            {
                **wanted,
                "actions": {"upload": {"href": f"{self.hub.address}/lfs/{wanted['oid']}"}},
            }
            for wanted in json.loads(body)["objects"]
        ]
        self.answer(200, {"transfer": "basic", "objects": objects})

    def upload(self, oid: str, body: bytes) -> None:
        right = hashlib.sha256(body).hexdigest() == oid
        self.hub.large[oid] = body
        self.answer(200 if right else 400, {})

    def commit(self, name: str, body: bytes) -> None:
        if (found := self.writable(name)) is None:
            return
        files, message = dict(found.files), ""
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            match line["key"]:
                case "header":
                    message = value["summary"]
                case "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    files[value["path"]] = self.hub.large[value["oid"]]
                    found.large.add(value["path"])
                case "deletedFile":
                    del files[value["path"]]
        sha = found.commit(files, message)
        url = f"{self.hub.address}/{name}/commit/{sha}"
        self.answer(200, {"commitUrl": url, "commitOid": sha})

    def resolve(self, name: str, sha: str, file: str, body: bytes) -> None:
        if (found := self.repository(name)) is None:
            return None
        content = found.commits.get(sha, {}).get(file)
        if content is None:
            return self.answer(404, {"error": "no file"}, X_Error_Code="EntryNotFound")
        facts = found.sibling(file, content)
        etag = facts["lfs"]["sha256"] if "lfs" in facts else facts["blobId"]
        sent = self.hub.on_the_way.get(file, content)
        return self.answer(200, sent, ETag=f'"{etag}"', X_Repo_Commit=sha)


NAME = r"([\w.-]+/[\w.-]+)"
ROUTES = {
    r"POST /api/repos/create": Handler.create,
    r"POST /api/validate-yaml": Handler.validate,
    rf"GET /api/models/{NAME}(?:/revision/(.+))?": Handler.info,
    rf"POST /api/models/{NAME}/preupload/main": Handler.preupload,
    rf"POST /api/models/{NAME}/commit/main": Handler.commit,
    rf"POST /{NAME}\.git/info/lfs/objects/batch": Handler.batch,
    r"PUT /lfs/(\w+)": Handler.upload,
    rf"(?:HEAD|GET) /{NAME}/resolve/(\w+)/(.+)": Handler.resolve,
}


@pytest.fixture
def hub(monkeypatch, tmp_path) -> Iterator[Hub]:
    """An empty hub, which knows anna; her client uses it."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="needs the extra hub")
    made = Hub()
    handler = type("Bound", (Handler,), {"hub": made})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    made.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    template = made.address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "ENDPOINT", made.address)  # as HF_ENDPOINT does at the start
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_TOKEN", "hf_anna")
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> ganzoo.Run:
    """A small run, conditional and with results of evaluations."""
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("hub")
    patch.setenv("GANZOO_CACHE_DIR", str(folder / "cache"))
    patch.setattr("sys.argv", ["train.py", "--words-of-anna"])
    run = ganzoo.train(
        arch={"name": "vanilla", "width": 8, "latent_dim": 4},
        loss="bce",
        data="emoji",
        size=8,
        conditional=True,
        steps=2,
        log_every=1,
        batch_size=4,
        sample_count=4,
        device="cpu",
        checkpoint_every=1,
        run_dir=folder / "anna-secret" / "run",
    )
    results = [
        {"name": "X-FD", "value": 9.5, "floor": 1.25, "n": 100, "step": step, "reference": title}
        for step, title in ((1, "emoji (test)"), (2, f"other images of {folder / 'cats'} (train)"))
    ]
    lines = "".join(json.dumps(result) + "\n" for result in results)
    (run.path / "evaluations.jsonl").write_text(lines)
    yield ganzoo.Run(run.path, device="cpu")
    patch.undo()


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """An empty working directory."""
    folder = tmp_path / "place"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="session")
def once() -> dict[str, bytes]:
    """The files of the run as they are pushed, once they were."""
    return {}


@pytest.fixture
def pushed(hub, trained, once) -> Repository:
    """A repository with the run."""
    if not once:
        ganzoo_hub.push(trained, "anna/cats", license="mit")
        once.update(hub.repositories["anna/cats"].files)
    repository = hub.repositories["anna/cats"] = Repository()
    repository.commit(dict(once))
    return repository
