"""A cluster for `kn` and `kubectl` that keeps its state in a file: objects, and what Knative does with them.

Run as `fake_cluster.py kn|kubectl STATE ARGUMENTS...`. As Knative does: a revision per template, ready unless its image
name has `broken` or a digest of zeros, or `stuck`, whose pull never ends; a route that follows spec.traffic only when
each revision is ready; kn's rules for --traffic, --tag and --untag (of knative/client, pkg/traffic).
"""

import fcntl
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

KN, KUBECTL = "kn", "kubectl"
NO_DIGEST = "0" * 64


class Refused(Exception):
    pass


def option(arguments: list[str], name: str) -> str | None:
    for index, text in enumerate(arguments):
        if text == name:
            return arguments[index + 1]
        if text.startswith(f"{name}="):
            return text.partition("=")[2]
    return None


def options(arguments: list[str], name: str) -> list[str]:
    return [text.partition("=")[2] for text in arguments if text.startswith(f"{name}=")]


def ready_condition(image: str) -> list[dict[str, str]]:
    if "stuck" in image:
        return [{"type": "Ready", "status": "Unknown", "reason": "Deploying", "message": ""}]
    if "broken" in image or image.endswith(NO_DIGEST):
        return [{"type": "Ready", "status": "False", "reason": "ContainerMissing", "message": "Unable to fetch image"}]
    return [{"type": "Ready", "status": "True"}]


def reconcile(state: dict[str, Any], service: dict[str, Any]) -> None:
    """What Knative's controllers would do."""
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    template = service["spec"]["template"]
    revision = template["metadata"]["name"]
    revisions = state["objects"].setdefault(f"revisions.serving.knative.dev/{namespace}", {})
    known = revisions.get(revision)
    if known is not None and known["template"] != template:
        raise Refused("Saw the following changes without a name change: spec.template")
    conditions = ready_condition(template["spec"]["containers"][0]["image"])
    revisions.setdefault(revision, {"template": template, "status": {"conditions": conditions}})
    if conditions[0]["status"] == "Unknown":
        waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "manifest unknown"}}
        labels = {"serving.knative.dev/revision": revision}
        state["pods"].append({"metadata": {"labels": labels}, "status": {"containerStatuses": [{"state": waiting}]}})
    status = service.setdefault("status", {"traffic": []})
    if conditions[0]["status"] == "True":
        status["latestReadyRevisionName"] = revision
    targets = [dict(t) for t in service["spec"]["traffic"]]
    for target in targets:
        if target.pop("latestRevision", False):
            target["revisionName"] = status.get("latestReadyRevisionName")
        if target.get("tag"):
            target["url"] = f"http://{target['tag']}-{name}.{namespace}.svc.cluster.local"
    named = [revisions.get(t["revisionName"]) for t in targets]
    if all(r is not None and r["status"]["conditions"][0]["status"] == "True" for r in named):
        status["traffic"] = targets
    status["conditions"] = conditions


def apply(state: dict[str, Any], arguments: list[str]) -> None:
    manifest = json.loads(Path(str(option(arguments, "--filename"))).read_text())
    if manifest["metadata"]["name"] != arguments[2]:
        raise Refused("provided service name doesn't match name from file")
    namespace = str(option(arguments, "--namespace"))
    services = state["objects"].setdefault(f"services.serving.knative.dev/{namespace}", {})
    manifest["status"] = services.get(arguments[2], {}).get("status", {"traffic": []})
    reconcile(state, manifest)
    services[arguments[2]] = manifest


def update(state: dict[str, Any], arguments: list[str]) -> None:
    service = state["objects"][f"services.serving.knative.dev/{option(arguments, '--namespace')}"][arguments[2]]
    targets = service["spec"]["traffic"]
    for tag in options(arguments, "--untag"):
        found = [t for t in targets if t.get("tag") == tag]
        if not found:
            raise Refused(f"tag(s) {tag} not present for any revisions of service {arguments[2]}")
        found[0]["tag"] = None
    for pair in options(arguments, "--tag"):
        revision, tag = pair.split("=")
        if any(t.get("tag") == tag and t["revisionName"] != revision for t in targets):
            raise Refused("refusing to overwrite existing tag in service, add flag '--untag' in command to untag it")
        bare = [t for t in targets if t["revisionName"] == revision and not t.get("tag")]
        if bare:
            bare[0]["tag"] = tag
        else:
            targets.append({"revisionName": revision, "tag": tag, "percent": 0, "latestRevision": False})
    shares = dict(pair.split("=") for pair in options(arguments, "--traffic"))
    if sum(int(share) for share in shares.values()) != 100:
        raise Refused(f"given traffic percents sum to {sum(map(int, shares.values()))}, want 100")
    for target in targets:
        target["percent"] = int(shares.pop(target["revisionName"], 0))
    targets += [{"revisionName": r, "percent": int(p), "latestRevision": False} for r, p in shares.items()]
    service["spec"]["traffic"] = [t for t in targets if t.get("tag") or t["percent"]]
    reconcile(state, service)


def get(state: dict[str, Any], arguments: list[str]) -> None:
    (kind, _, name), namespace = arguments[1].partition("/"), option(arguments, "--namespace")
    key = f"{kind}/{namespace}" if namespace else kind
    if kind == "pods":
        print(json.dumps({"items": state["pods"]}))
        return
    if "--all-namespaces" in arguments:
        print(json.dumps({"items": list(state["objects"].get(kind, {}).values())}))
        return
    name = name or arguments[2]
    found = state["objects"].get(key, {}).get(name)
    if found is None:
        raise Refused(f'Error from server (NotFound): {kind} "{name}" not found')
    print(json.dumps(found))


# What the cluster test does besides: namespaces, and one Deployment, whose image decides whether it becomes ready.


def create(state: dict[str, Any], arguments: list[str]) -> None:
    state["objects"].setdefault(arguments[1], {})[arguments[2]] = {}


def delete(state: dict[str, Any], arguments: list[str]) -> None:
    for name in arguments[2:]:
        state["objects"].get(arguments[1], {}).pop(name, None)


def set_image(state: dict[str, Any], arguments: list[str]) -> None:
    if arguments[1] == "image":
        state["deployed"] = arguments[-1]


def rollout(state: dict[str, Any], arguments: list[str]) -> None:
    if arguments[1] == "undo":
        state["deployed"] = ""
    if arguments[1] == "status" and state.get("deployed", "").endswith(NO_DIGEST):
        raise Refused("error: timed out waiting for the condition")
    print(f"{arguments[2]} {arguments[1]}")


def accept(state: dict[str, Any], arguments: list[str]) -> None:
    """Manifests are not kept: the objects that a test needs are in its state."""
    del state
    print(f"{arguments[0]}: done")


def logs(state: dict[str, Any], arguments: list[str]) -> None:
    del arguments
    print(Path(state["logs"]).read_text())


def main() -> None:
    tool, path, *arguments = sys.argv[1:]
    if arguments[0] == "--context":
        arguments = arguments[2:]
    if arguments[0] == "kustomize":
        os.execv(os.environ["REAL_KUBECTL"], ["kubectl", *arguments])
    if arguments[0] == "port-forward":
        port = json.loads(Path(path).read_text())["gateway_port"]
        print(f"Forwarding from 127.0.0.1:{port} -> 8081" if port else "error: services not found", flush=True)
        time.sleep(60 if port else 0)
        return
    with Path(path).open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        state = json.load(file)
        verbs = {(KN, "apply"): apply, (KN, "update"): update, (KUBECTL, "get"): get}
        verbs |= {(KUBECTL, verb.__name__): verb for verb in (create, delete, rollout, logs)}
        verbs |= {(KUBECTL, "set"): set_image, **{(KUBECTL, verb): accept for verb in ("apply", "exec", "wait")}}
        verb = arguments[1] if tool == KN else arguments[0]
        if tool == KN:
            state["writes"].append(arguments)
        try:
            verbs[tool, verb](state, arguments)
        except Refused as exc:
            sys.exit(str(exc))
        file.seek(0)
        file.truncate()
        json.dump(state, file)


if __name__ == "__main__":
    main()
