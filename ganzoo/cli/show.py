"""`ganzoo show`: everything about one component."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from ganzoo.cli.parameters import complete_kinds, complete_names
from ganzoo.cli.run_details import describe_run
from ganzoo.config.recipes import recipe_text
from ganzoo.discovery import registry
from ganzoo.discovery.host import Component
from ganzoo.discovery.specs import KINDS, RecipeSpec
from ganzoo.errors import UsageError
from ganzoo.interfaces.options import describe


def _complete_name(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    try:
        kind = registry.kind_named(ctx.params.get("kind") or "")
    except UsageError:
        return []
    return complete_names(kind.name, incomplete)


def _recipe(component: Component) -> str:
    """The recipe's own file, headed by what its descriptor says, all of it TOML."""
    spec = component.spec
    head = [
        f"ganzoo train --recipe {spec.name}",
        f"{spec.summary} [{component.provider}]",
        *filter(None, [spec.reference]),
    ]
    return "\n".join([*(f"# {line}" for line in head), "", recipe_text(component).rstrip()])


@click.command(short_help="Explain one component and its options, or a run.")
@click.argument("kind", shell_complete=complete_kinds)
@click.argument("name", shell_complete=_complete_name)
def show(kind: str, name: str) -> None:
    """Explain one component: what it is, its paper and its options; or a run.

    KIND is architecture, loss, penalty, dataset, observer, metric or extractor:
    `ganzoo show loss wgan-gp`.
    `ganzoo show recipe NAME` prints settings as a file for `ganzoo train --config`.
    `ganzoo show run RUN` tells of a run directory: its state, what made it, what happened.
    """
    if kind == "run":
        click.echo(describe_run(name))
        return
    component = registry.find(registry.kind_named(kind).name, name)
    spec = component.spec
    if isinstance(spec, RecipeSpec):
        click.echo(_recipe(component))
        return
    kind_of = KINDS[spec.kind]
    prefix = f"{kind_of.section}.{spec.name}" if kind_of.several else kind_of.section
    formatter = click.HelpFormatter()
    formatter.write(f"{spec.kind} {spec.name}\n")
    formatter.indent()
    formatter.write_text(spec.summary)
    formatter.dedent()
    formatter.write_paragraph()
    facts = [("reference", spec.reference), ("provided by", component.provider)]
    formatter.write_dl([*[f for f in facts if f[1]], ("code", spec.factory)])
    options = describe(registry.options_model(component))
    formatter.write_paragraph()
    if not options:
        formatter.write("It has no options.\n")
    else:
        with formatter.section(f"options (set with -o {prefix}.OPTION=VALUE)"):
            rows = []
            for option in options:
                facts_of = [option.type, option.range, f"default {option.default}"]
                rows.append(
                    (option.name, f"{option.description} [{'; '.join(filter(None, facts_of))}]")
                )
            formatter.write_dl(rows, col_max=28)
    click.echo(formatter.getvalue().rstrip())
