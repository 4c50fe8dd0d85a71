"""The arguments of the commands. A wrong one is reported with what is allowed."""

import argparse
from pathlib import Path

from knative.rollout.overlay import KNATIVE, function_names, overlay_names
from knative.rollout.traffic import ALL


def _function(text: str) -> str:
    if text not in function_names():
        raise argparse.ArgumentTypeError(f"{text!r} is not a function: choose one of {', '.join(function_names())}")
    return text


def _overlay(text: str) -> Path:
    folder = KNATIVE / "overlays" / text if text in overlay_names() else Path(text)
    if not (folder / "functions").is_dir():
        raise argparse.ArgumentTypeError(
            f"{text!r} is not an overlay: choose one of {', '.join(overlay_names())}, or a folder"
        )
    return folder


def _percent(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= ALL:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share: PERCENT must be a whole number from 1 to {ALL}")
    return int(text)


def make_parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--function", type=_function, required=True)
    common.add_argument("--overlay", type=_overlay, default=KNATIVE / "overlays" / "kube-dc")
    common.add_argument("--context", default=None, help="context of the kubeconfig; default: the current context")
    common.add_argument("--wait-seconds", type=float, default=180.0)
    parser = argparse.ArgumentParser(prog="rollout", description="Roll one function out")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("deploy", "canary", "promote", "rollback", "status", "rollout"):
        command = commands.add_parser(name, parents=[common])
        if name in {"deploy", "rollout"}:
            command.add_argument("--image", required=True)
        if name == "canary":
            command.add_argument("--percent", type=_percent, required=True)
        if name == "rollout":
            command.add_argument("--namespace", required=True, help="a namespace that TOKEN can access")
            command.add_argument("--foreign-namespace", required=True, help="a namespace that TOKEN cannot access")
            command.add_argument("--prom-url", required=True)
            command.add_argument("--observe-seconds", type=float, default=300.0)
            command.add_argument("--hold-seconds", type=float, default=1800.0)
            command.add_argument("--interval-seconds", type=float, default=15.0)
    return parser
