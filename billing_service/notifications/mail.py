"""E-mail by the SMTP server of the installation, as plain text and HTML."""

import asyncio
import html
import ssl
from dataclasses import dataclass
from datetime import UTC
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

import aiosmtplib

from billing_service.notifications.event import Event, Message
from billing_service.notifications.failure import NotDelivered

_ACCEPTED = 250


@dataclass(frozen=True)
class MailServer:
    """`security`: starttls (required), tls (from the first byte) or none. `seconds` for the complete exchange."""

    host: str
    port: int
    security: str
    sender: str
    tls: ssl.SSLContext
    username: str | None = None
    password: str | None = None
    seconds: float = 10

    async def send(self, target: dict[str, Any], message: Message) -> int:
        """250, or the code for the first recipient that the server refused, if it took the mail for others.

        Raises NotDelivered if nobody gets the mail.
        """
        mail = compose(target["recipients"], message, self.sender)
        try:
            async with asyncio.timeout(self.seconds):
                refused, _ = await aiosmtplib.send(
                    mail,
                    hostname=self.host,
                    port=self.port,
                    username=self.username,
                    password=self.password,
                    use_tls=self.security == "tls",
                    start_tls=self.security == "starttls",
                    tls_context=None if self.security == "none" else self.tls,
                    timeout=self.seconds,
                )
        except (TimeoutError, aiosmtplib.SMTPTimeoutError) as error:
            raise NotDelivered("timeout") from error
        except aiosmtplib.SMTPResponseException as error:
            raise NotDelivered("mail_server", error.code) from error
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise NotDelivered("mail_server", error.recipients[0].code) from error
        except (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPServerDisconnected, OSError) as error:
            raise NotDelivered("connection") from error
        except aiosmtplib.SMTPException as error:
            raise NotDelivered("mail_server") from error
        return next((int(reply.code) for reply in refused.values()), _ACCEPTED)


def compose(recipients: list[str], message: Message, sender: str) -> EmailMessage:
    """The Message-ID is the same in every attempt."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Subject"] = f"[billing] {' '.join(message.title.split())}"
    mail["Date"] = format_datetime(message.at.astimezone(UTC))
    mail["Message-ID"] = f"<{message.id}@{sender.rpartition('@')[2].strip('> ')}>"
    mail["Auto-Submitted"] = "auto-generated"
    parts = [_plain(event) for event in message.events] + [f"and {message.more} more"] * bool(message.more)
    mail.set_content("\n\n".join(parts) + "\n")
    shown = "".join(_marked(event) for event in message.events)
    more = f"<p>and {message.more} more</p>" if message.more else ""
    mail.add_alternative(f"<!doctype html><html><body>{shown}{more}</body></html>", subtype="html")
    return mail


def _plain(event: Event) -> str:
    lines = [f"{name}: {value}" for name, value in event.details.items()]
    return "\n".join([event.title, event.text, *lines])


def _marked(event: Event) -> str:
    rows = "".join(
        f"<tr><th align=left>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>"
        for name, value in event.details.items()
    )
    table = f"<table>{rows}</table>" if rows else ""
    return f"<h3>{html.escape(event.title)}</h3><p>{html.escape(event.text)}</p>{table}"
