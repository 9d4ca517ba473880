"""Checks: one promise of one component, tested by calling the check."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, NamedTuple, TypeVar
from unittest import SkipTest

import torch

from ganzoo.discovery import registry
from ganzoo.discovery.host import Component, PluginHost
from ganzoo.errors import PluginError
from ganzoo.randomness import isolated

CPU = torch.device("cpu")


class CheckFailed(AssertionError):
    """A promise is broken; the message says what was promised, what was seen, how to mend it."""


class Broken(Exception):
    """Raised inside a check if the promise is broken.

    Args:
        seen: what the component did instead.
        mend: advice, if the promise's own does not apply.
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
    """A component under test; makes fresh instances of it.

    Attributes:
        component: its descriptor and its plugin.
        options: those that its author passes to the kit.
        host: where the penalties that it names are found.
    """

    component: Component
    options: Mapping[str, Any]
    host: PluginHost

    @property
    def name(self) -> str:
        """Name of the component."""
        return self.component.spec.name

    def missing_options(self) -> list[str]:
        """Return the required options that the author does not pass."""
        fields = registry.options_model(self.component).model_fields
        required = [name for name, field in fields.items() if field.is_required()]
        return [name for name in required if name not in self.options]

    def expect_installed(self, **brought: Mapping[str, Mapping[str, Any]]) -> None:
        """Find and make the components that it brings, by kind; its own distribution's first.

        Raises:
            UsageError: one is not installed, or its options are invalid.
        """
        home = self.component.plugin.distribution
        for kind, components in brought.items():
            for name, options in components.items():
                registry.make(registry.find(kind, name, host=self.host, prefer=home), options)

    def create(self, **options: Any) -> Any:
        """Create the component from the author's options and these.

        Raises:
            SkipTest: a required option is missing.
            PluginError: the factory returns something else than its kind promises.
        """
        missing = [name for name in self.missing_options() if name not in options]
        if missing:
            raise SkipTest(
                f"'{self.name}' cannot be made without the option '{missing[0]}'; "
                f'give it to the kit: options={{"{self.name}": {{"{missing[0]}": ...}}}}'
            )
        return registry.make(self.component, {**self.options, **options})

    def make(self, **options: Any) -> Any:
        """Create the component for a check that needs a working one.

        Raises:
            SkipTest: a required option is missing; or the factory returns something else than its
                kind promises, which the check `made_from_options` reports.
        """
        try:
            return self.create(**options)
        except PluginError:
            raise SkipTest(
                f"'{self.name}' cannot be made; the check 'made_from_options' says why"
            ) from None


B = TypeVar("B", bound=Bench)


@dataclass(frozen=True)
class Promise(Generic[B]):
    """What every component of a kind promises, with its test.

    Attributes:
        name: of its check.
        text: the promise in words.
        mend: advice for authors whose component breaks it.
        test: raises `Broken` (or anything else) if a component breaks it, SkipTest if it does not
            apply to a component.
    """

    name: str
    text: str
    mend: str
    test: Callable[[B], None]


@dataclass(frozen=True)
class Promises(Generic[B]):
    """The promises of a kind, in the order of their definition.

    promise = Promises(LossBench)

    @promise(mend="take the mean over the batch")
    def scalar(bench: LossBench) -> None:
        '''Each term of the loss is a scalar.'''
    """

    bench: type[B]
    all: list[Promise[B]] = field(default_factory=list)

    def __call__(self, mend: str) -> Callable[[Callable[[B], None]], Callable[[B], None]]:
        """Add a function as a promise; its docstring is the promise in words."""

        def add(test: Callable[[B], None]) -> Callable[[B], None]:
            text = (test.__doc__ or "").partition("\n\n")[0].strip()
            self.all.append(Promise(test.__name__, text, mend, test))
            return test

        return add

    def checks(
        self, component: Component, options: Mapping[str, Any], host: PluginHost
    ) -> Iterator[Check]:
        """Yield a check of each promise for one component."""
        for promise in self.all:
            yield Check(promise, self.bench(component, options, host))


class Outcome(NamedTuple):
    """How a check ended: `"ok"`, `"failed"` or `"skipped"`, and why."""

    status: Literal["ok", "failed", "skipped"]
    message: str = ""


@dataclass(frozen=True, eq=False)
class Check:
    """One promise of one component; calling the check tests whether it is kept."""

    _promise: Promise[Any]
    _bench: Bench

    def __repr__(self) -> str:
        return f"<check {self.id}>"

    @property
    def name(self) -> str:
        """Name of the promise: `"any_batch_size"`."""
        return self._promise.name

    @property
    def component(self) -> Component:
        """The component under test."""
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
        """Run the check from a fixed seed, then restore the caller's random state.

        Raises:
            CheckFailed: the promise is broken.
            unittest.SkipTest: the promise does not apply to this component; says why.
        """
        __tracebackhide__ = True  # pytest shows the test and the plugin, not the frames between
        try:
            with isolated(CPU):
                torch.default_generator.manual_seed(0)
                self._promise.test(self._bench)
        except SkipTest:
            raise
        except Broken as broken:
            # without its traceback, which adds nothing to the message
            raise CheckFailed(self._explain(str(broken), broken.mend)) from None
        except Exception as error:  # a plugin may raise anything
            raise CheckFailed(self._explain(f"it raised {in_a_line(error)}")) from error

    def outcome(self) -> Outcome:
        """Run the check and return how it ended, without raising."""
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
    """Format an exception in one line: its type and its message."""
    return f"{type(error).__name__}: {' '.join(str(error).split()) or '(no message)'}"
