"""Changes values in the text of a YAML document, at their positions, so that comments and layout stay."""

import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

SEGMENT: Final = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")  # of kustomize's fieldPaths: spec.rules.*.filters.[type=A].b


class Document:
    """One YAML document. Changes are collected and applied by `render`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.content: Any = yaml.safe_load(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is None:
            raise ValueError("the document is empty")
        self._root: yaml.Node = root
        self._edits: list[tuple[int, int, str]] = []

    def matches(self, select: dict[str, str]) -> bool:
        """By `kind`, `name`, `namespace`, `group` and `labelSelector`, as in a kustomization."""
        metadata = self.content["metadata"]
        label, _, wanted = select.get("labelSelector", "").partition("=")
        found = {
            "kind": self.content["kind"],
            "name": metadata["name"],
            "namespace": metadata.get("namespace"),
            "group": self.content["apiVersion"].rpartition("/")[0],
            "labelSelector": f"{label}={metadata.get('labels', {}).get(label)}" if wanted else None,
        }
        return all(found[field] == value for field, value in select.items())

    def replace(self, path: str, text: str, *, delimiter: str = "", index: int = 0) -> None:
        """Each value at kustomize's fieldPath. With a delimiter, only the part with this index."""
        for node in _at(self._root, [a or b for a, b in SEGMENT.findall(path)]):
            start, end = node.start_mark.index, node.end_mark.index
            if delimiter:
                parts = self.text[start:end].split(delimiter)
                start += sum(len(part) + len(delimiter) for part in parts[:index])
                self._edits.append((start, start + len(parts[index]), text))
            else:
                self._edits.append((start, end, f'"{text}"'))

    def write(self, path: str, text: str) -> None:
        """Replaces the value at a JSON pointer by text."""
        node = self._pointed(path)
        self._edits.append((node.start_mark.index, node.end_mark.index, text))

    def value(self, path: str) -> str:
        node = self._pointed(path)
        return self.text[node.start_mark.index : node.end_mark.index]

    def append(self, path: str, lines: str) -> None:
        """Adds indented lines after the last item of the block list or mapping at a JSON pointer."""
        position = self.text.find("\n", _end(self._pointed(path))) + 1
        self._edits.append((position, position, lines))

    def indentation(self, path: str) -> int:
        """The column of the dashes of a block list."""
        return int(self._pointed(path).start_mark.column)

    def wrap(self, path: str, before: str, after: str) -> None:
        """Puts lines around the lines of a mapping's member."""
        parent, _, last = path.rpartition("/")
        key, value = next((k, v) for k, v in self._pointed(parent).value if k.value == last)
        start = self.text.rfind("\n", 0, key.start_mark.index) + 1
        end = self.text.find("\n", _end(value)) + 1
        self._edits += [(start, start, before), (end, end, after)]

    def render(self) -> str:
        """The text with all changes. What a template engine would read in the source is escaped."""
        parts, position = [], 0
        for start, end, text in sorted(self._edits, key=lambda edit: edit[:2]):
            if start < position:
                raise ValueError(f"two changes at {start} of {self.content['kind']}/{self.content['metadata']['name']}")
            parts += [_escaped(self.text[position:start]), text]
            position = end
        return "".join([*parts, _escaped(self.text[position:])])

    def _pointed(self, path: str) -> yaml.Node:
        segments = [segment.replace("~1", "/") for segment in path.split("/")[1:]]
        found = list(_at(self._root, segments)) if segments else [self._root]
        if len(found) != 1:
            raise ValueError(f"{path} is not in {self.content['kind']}/{self.content['metadata']['name']}")
        return found[0]


def _at(node: yaml.Node, segments: list[str]) -> Iterator[yaml.Node]:
    if not segments:
        yield node
        return
    first, *rest = segments
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == first:
                yield from _at(value, rest)
    elif isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            member, equals, wanted = first.partition("=")
            chosen = equals and any(k.value == member and v.value == wanted for k, v in item.value)
            if first == "*" or first == str(position) or chosen:
                yield from _at(item, rest)


def _end(node: yaml.Node) -> int:
    """Of the last character: a block collection's own end is the beginning of what follows it."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return _end(node.value[-1][1])
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
        return _end(node.value[-1])
    if isinstance(node, yaml.ScalarNode) and node.style in {"|", ">"}:
        return int(node.end_mark.index) - 1
    return int(node.end_mark.index)


def _escaped(text: str) -> str:
    return text.replace("{{", '{{ "{{" }}')
