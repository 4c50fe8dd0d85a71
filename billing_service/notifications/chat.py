"""Incoming webhooks of chats: the format of Slack, and the one of Microsoft Teams (an Adaptive Card)."""

from typing import Any

from billing_service.notifications.connect import Post
from billing_service.notifications.event import Event, Message
from billing_service.render import text

_JSON = {"content-type": "application/json"}
_SHOWN = 20  # events of a digest
_MARKED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})  # nothing of a text is a link or a mention
_CARD = "application/vnd.microsoft.card.adaptive"


def slack(target: dict[str, Any], message: Message) -> Post:
    lines = [f"*{message.title.translate(_MARKED)}*"] if message.number > 1 else []
    lines += [f"*{e.title.translate(_MARKED)}*\n{e.text.translate(_MARKED)}" for e in message.events[:_SHOWN]]
    body = {"text": "\n".join([*lines, *_rest(message)])}
    return Post(target["url"], _JSON | {"webhook-id": message.id}, text(body).encode())


def teams(target: dict[str, Any], message: Message) -> Post:
    blocks = [_block(message.title, weight="Bolder")] if message.number > 1 else []
    for event in message.events[:_SHOWN]:
        blocks += [_block(event.title, weight="Bolder"), _block(event.text), *_facts(event)]
    blocks += [_block(line) for line in _rest(message)]
    card = {"type": "AdaptiveCard", "version": "1.4", "body": blocks}
    card["$schema"] = "http://adaptivecards.io/schemas/adaptive-card.json"
    body = {"type": "message", "attachments": [{"contentType": _CARD, "content": card}]}
    return Post(target["url"], _JSON | {"webhook-id": message.id}, text(body).encode())


def _block(content: str, **more: str) -> dict[str, Any]:
    """A run of text without markup."""
    run = {"type": "TextRun", "text": content, **more}
    return {"type": "RichTextBlock", "inlines": [run]}


def _facts(event: Event) -> list[dict[str, Any]]:
    facts = [{"title": name, "value": value} for name, value in event.details.items()]
    return [{"type": "FactSet", "facts": facts}] if facts else []


def _rest(message: Message) -> list[str]:
    hidden = message.number - min(len(message.events), _SHOWN)
    return [f"and {hidden} more"] if hidden else []
