"""`portico env`: variables for other clients."""

from __future__ import annotations

import shlex

import click

from portico_cli import output, s3_variables
from portico_cli.calling import Caller, calls_platform


@click.command()
@click.option("--shell", type=click.Choice(["sh", "fish"]), default="sh", help="In which shell's words.")
@click.option("--trust", is_flag=True, help="Also those by which programs trust this platform only.")
@click.option("--s3", is_flag=True, help="Those of S3's clients, and an access key for them, instead.")
@calls_platform
def env(caller: Caller, shell: str, trust: bool, s3: bool) -> None:
    """Print the variables that other clients need to reach this platform, for `eval`.

    \b
    PORTICO_ADDRESS               HOST:PORT of the API door, for clients without an SDK
    PORTICO_WEB_ADDRESS           HOST:PORT of the web door, for what runs in browsers
    PORTICO_PROFILE_DIR           the SDK and this command, in containers and services too
    OTEL_EXPORTER_OTLP_*          OpenTelemetry SDKs: hand spans in here. The header holds the
                                  token, which expires: print it anew then.
    With --trust, which makes programs trust this platform's authority and no other, so that
    they reach nothing else by TLS:
    SSL_CERT_FILE                 OpenSSL, Go, Python, curl
    GRPC_DEFAULT_SSL_ROOTS_FILE_PATH  gRPC's C core (Python, C++, Ruby, PHP)
    With --s3, instead of these, what S3's clients need; the access key is one of yours that
    this profile keeps, made when there is none:
    AWS_*                         the AWS command line, boto3, s3fs, obstore, Go's SDK
    S3_ENDPOINT_URL               s5cmd
    RCLONE_*                      rclone, as the remote `portico:`
    MC_HOST_portico               mc, as the alias `portico`
    SSL_CERT_FILE                 OpenSSL, Go, Python: what the system trusts, and this platform

    \b
    Examples:
      eval "$(portico env)"
      portico env --shell fish | source
      (eval "$(portico env --trust)"; exec ./program-that-calls-only-portico)
      eval "$(portico env --s3)"; aws s3 ls
    """
    variables = s3_variables.variables(caller.client, trust=trust) if s3 else _variables(caller, trust=trust)
    if caller.json:
        output.show_json(variables)
        return
    for name in s3_variables.IN_THE_WAY if s3 else ():
        click.echo(f"set -e {name}" if shell == "fish" else f"unset {name}")
    for name, value in variables.items():
        quoted = shlex.quote(value)
        click.echo(f"set -gx {name} {quoted}" if shell == "fish" else f"export {name}={quoted}")


def _variables(caller: Caller, *, trust: bool) -> dict[str, str]:
    client = caller.client
    token = client.credentials.token()
    profile = client.profile
    if profile.folder is None:
        raise click.ClickException("this needs a profile in a folder: see `portico profile list`")
    folder = profile.folder.absolute()
    authority = str(folder / "ca.pem")
    trusted = {"SSL_CERT_FILE": authority, "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": authority} if trust else {}
    return {
        "PORTICO_ADDRESS": profile.address,
        **({"PORTICO_WEB_ADDRESS": profile.web_address} if profile.web_address else {}),
        "PORTICO_PROFILE_DIR": str(folder),
        **trusted,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"https://{profile.address}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_CERTIFICATE": authority,
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(folder / "client.pem"),
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(folder / "client.key"),
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{token}",
    }
