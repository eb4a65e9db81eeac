"""`portico completion`."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a SHELL. Buckets and keys are asked of the platform, for a second at most.

    \b
    Examples:
      eval "$(portico completion bash)"                                  # in ~/.bashrc
      eval "$(portico completion zsh)"                                   # in ~/.zshrc
      portico completion fish > ~/.config/fish/completions/portico.fish
    """
    from click.shell_completion import get_completion_class

    from portico_cli.root import portico
    from portico_cli.shells import register

    register()

    kind = get_completion_class(shell)
    assert kind is not None  # click knows all three
    click.echo(kind(portico, {}, "portico", "_PORTICO_COMPLETE").source())
