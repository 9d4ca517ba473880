"""What a check is: one promise of one component, run by calling it. Knows no kind of component."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, NamedTuple, TypeVar
from unittest import SkipTest

import torch

from ganzoo.discovery import registry
from ganzoo.discovery.host import Component, PluginHost
from ganzoo.randomness import isolated

CPU = torch.device("cpu")


class CheckFailed(AssertionError):
    """A promise is broken; the message says what was promised, what was seen, how to mend it."""


class Broken(Exception):
    """Raised inside a check: what was seen instead of what was promised.

    Args:
        seen: what the component did.
        mend: what to do about it, where the promise's own advice does not fit.
    """

    def __init__(self, seen: str, mend: str = "") -> None:
        super().__init__(seen)
        self.mend = mend


def expect(condition: object, seen: str, mend: str = "") -> None:
    """Raise `Broken` unless the condition holds."""
    if not condition:
        raise Broken(seen, mend)


@dataclass(frozen=True)
class Bench:
    """A component under test, and how to make a fresh one.

    Attributes:
        component: its descriptor and its plugin.
        given: the options its author named, empty where none.
        host: where components that belong to it are looked for.
    """

    component: Component
    given: Mapping[str, Any]
    host: PluginHost

    @property
    def name(self) -> str:
        """Of the component."""
        return self.component.spec.name

    def missing_options(self) -> list[str]:
        """Options that must be given and are not."""
        fields = registry.options_model(self.component).model_fields
        return [name for name, of in fields.items() if of.is_required() and name not in self.given]

    def make(self, **options: Any) -> Any:
        """A fresh component of the author's options and these.

        Raises:
            SkipTest: an option without a default was not given.
        """
        missing = [name for name in self.missing_options() if name not in options]
        if missing:
            raise SkipTest(
                f"'{self.name}' cannot be made without the option '{missing[0]}'; "
                f'give it to the kit: options={{"{self.name}": {{"{missing[0]}": ...}}}}'
            )
        values = registry.validate_options(self.component, {**self.given, **options})
        return registry.build(self.component, values)


B = TypeVar("B", bound=Bench)


@dataclass(frozen=True)
class Promise(Generic[B]):
    """What every component of a kind promises, and how that is seen.

    Attributes:
        name: of its check.
        text: the promise in words.
        mend: what an author does about a broken one.
        test: raises `Broken` (or anything else) where a component breaks it, SkipTest where it
            has nothing to do with a component.
    """

    name: str
    text: str
    mend: str
    test: Callable[[B], None]


@dataclass(frozen=True)
class Promises(Generic[B]):
    """The promises of a kind, in the order they are written down.

    promise = Promises(LossBench)

    @promise(mend="take the mean over the batch")
    def scalar(bench: LossBench) -> None:
        '''Each term of the loss is a scalar.'''
    """

    bench: type[B]
    all: list[Promise[B]] = field(default_factory=list)

    def __call__(self, mend: str) -> Callable[[Callable[[B], None]], Callable[[B], None]]:
        """Add a function as a promise: its name, and its docstring as the promise in words."""

        def add(test: Callable[[B], None]) -> Callable[[B], None]:
            text = (test.__doc__ or "").partition("\n\n")[0].strip()
            self.all.append(Promise(test.__name__, text, mend, test))
            return test

        return add

    def checks(
        self, component: Component, given: Mapping[str, Any], host: PluginHost
    ) -> Iterator[Check]:
        """A check of each promise for one component."""
        for promise in self.all:
            yield Check(promise, self.bench(component, given, host))


class Outcome(NamedTuple):
    """How a check ended: `"ok"`, `"failed"` or `"skipped"`, and why."""

    status: Literal["ok", "failed", "skipped"]
    message: str = ""


@dataclass(frozen=True, eq=False)
class Check:
    """One promise of one component; calling it sees whether it is kept."""

    _promise: Promise[Any]
    _bench: Bench

    def __repr__(self) -> str:
        return f"<check {self.id}>"

    @property
    def name(self) -> str:
        """Of the promise: `"any_batch_size"`."""
        return self._promise.name

    @property
    def component(self) -> Component:
        """Whose promise it is."""
        return self._bench.component

    @property
    def promise(self) -> str:
        """The promise in words."""
        return self._promise.text

    @property
    def id(self) -> str:
        """`"architecture-acme-any_batch_size"`: unique within a plugin."""
        return f"{self.component.spec.kind}-{self.component.spec.name}-{self.name}"

    def __call__(self) -> None:
        """Run it, from a fixed seed; the caller's random state is left as it was.

        Raises:
            CheckFailed: the promise is broken.
            unittest.SkipTest: it does not concern this component; says why.
        """
        __tracebackhide__ = True  # pytest shows the test and the plugin, not what is between
        try:
            with isolated(CPU):
                torch.default_generator.manual_seed(0)
                self._promise.test(self._bench)
        except SkipTest:
            raise
        except Broken as broken:
            # its own trace says nothing that the message does not
            raise CheckFailed(self._explain(str(broken), broken.mend)) from None
        except Exception as error:  # whatever a plugin's code may raise
            raise CheckFailed(self._explain(f"it raised {in_a_line(error)}")) from error

    def outcome(self) -> Outcome:
        """Run it, and say how it ended instead of raising."""
        try:
            self()
        except SkipTest as skip:
            return Outcome("skipped", str(skip))
        except CheckFailed as failure:
            return Outcome("failed", str(failure))
        return Outcome("ok")

    def _explain(self, seen: str, mend: str = "") -> str:
        spec = self.component.spec
        return (
            f"{self.name} does not hold for the {spec.kind} '{spec.name}' of "
            f"{self.component.provider}\n"
            f"  promised: {self.promise}\n"
            f"  seen: {seen}\n"
            f"  mend: {mend or self._promise.mend}"
        )


def in_a_line(error: BaseException) -> str:
    """An exception's type, and its message without the line breaks."""
    return f"{type(error).__name__}: {' '.join(str(error).split()) or '(no message)'}"
