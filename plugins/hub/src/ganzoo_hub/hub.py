"""The hub's client, and its errors in one line that says what to do."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

import ganzoo

if TYPE_CHECKING:
    from huggingface_hub import HfApi

LOG_IN = "`hf auth login`, or set HF_TOKEN to a token of your account"


def connect(repo: str, endpoint: str | None) -> HfApi:
    """Make a client, once the name of a repository is known to be one.

    Raises:
        UsageError: huggingface_hub is not installed, or the name is none.
    """
    with ganzoo.importing("the hub", "gan-zoo[hub]"):
        from huggingface_hub import HfApi, hf_hub_url
        from huggingface_hub.errors import HFValidationError
    try:
        hf_hub_url(repo, "README.md")  # validates the name
    except HFValidationError:
        raise ganzoo.UsageError(
            f"{repo!r} is no name of a repository: it is OWNER/NAME, of letters, digits, '-', '_' "
            "and '.', at most 96 of them"
        ) from None
    return HfApi(endpoint=endpoint, library_name="ganzoo", library_version=version("gan-zoo"))


@contextmanager
def explained(api: HfApi, repo: str, revision: str | None = None) -> Iterator[None]:
    """Explain whatever the client raises; the block does nothing but talk to the hub.

    Raises:
        UsageError: the repository, the revision or the token is wrong.
        GanzooError: the hub cannot be reached, or has failed.
        OSError: of this machine's disk, as it is.
    """
    try:
        yield
    except ganzoo.GanzooError:
        raise
    except Exception as error:  # of huggingface_hub, of its HTTP library, of the system
        if _is_of_the_disk(error):
            raise
        raise _explanation(error, api.endpoint, repo, revision) from error


@contextmanager
def on_disk(action: str) -> Iterator[None]:
    """Say what could not be done, if the disk is full or a file may not be read or written.

    Raises:
        GanzooError: it could not.
    """
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise ganzoo.GanzooError(f"cannot {action}: {error.strerror or error}{where}") from error


def _is_of_the_disk(error: Exception) -> bool:
    from huggingface_hub.errors import HfHubHTTPError

    network = (ConnectionError, TimeoutError, socket.gaierror, ssl.SSLError, HfHubHTTPError)
    unreachable = (None, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)
    return (
        isinstance(error, OSError)
        and not isinstance(error, network)
        and error.errno not in unreachable
    )


def _explanation(
    error: Exception, endpoint: str, repo: str, revision: str | None
) -> ganzoo.GanzooError:
    from huggingface_hub import errors

    status = getattr(getattr(error, "response", None), "status_code", None)
    reason = (getattr(error, "server_message", None) or str(error)).strip().split("\n")[0]
    match error:
        case errors.GatedRepoError():
            return ganzoo.UsageError(f"'{repo}' is gated: ask for access at {endpoint}/{repo}")
        case errors.RevisionNotFoundError():
            return ganzoo.UsageError(
                f"'{repo}' has no revision {revision!r}; {endpoint}/{repo}/tree/main lists its "
                "branches, tags and commits"
            )
        case errors.LocalTokenNotFoundError():
            return ganzoo.UsageError(f"the hub needs to know who you are: {LOG_IN}")
        case errors.OfflineModeIsEnabled():
            return ganzoo.UsageError("HF_HUB_OFFLINE is set, so the hub is not asked: unset it")
        case errors.RepositoryNotFoundError():
            return ganzoo.UsageError(
                f"{endpoint} has no repository '{repo}' that you may see: check the name; if it is "
                f"private, {LOG_IN}"
            )
    match status:
        case 401:
            return ganzoo.UsageError(f"the hub does not accept your token, or has none: {LOG_IN}")
        case 403:
            return ganzoo.UsageError(
                f"your token may not do this with '{repo}': it needs write access there ({reason})"
            )
        case 429:
            return ganzoo.GanzooError("the hub has had too many requests: wait, and try again")
        case int():
            return ganzoo.GanzooError(f"{endpoint} has failed ({status}): {reason}")
    if isinstance(error, (OSError, errors.HfHubHTTPError.__bases__[0])):
        return ganzoo.GanzooError(
            f"cannot reach {endpoint}: {reason or type(error).__name__}; check the network, and "
            "HF_ENDPOINT if it is set"
        )
    return ganzoo.GanzooError(f"the hub's client has failed: {reason or type(error).__name__}")


def in_words(size: int) -> str:
    """A number of bytes: `"1.5 MB"`."""
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"
