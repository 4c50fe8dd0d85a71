"""Why a notification was not delivered."""

REASONS = {
    "address": "the name has no address, or one that is not public",
    "timeout": "no response in time",
    "connection": "the connection failed",
    "tls": "TLS failed: the certificate is not valid for the name, or not trusted",
    "protocol": "the response is not HTTP",
    "status": "the response has another status than 200 to 299",
    "mail_server": "the mail server refused the message",
    "not_configured": "the installation has no key or no mail server",
    "unreadable": "the secret of the channel cannot be decrypted with the keys of the installation",
    "channel_deleted": "the channel was deleted",
    "channel_disabled": "the channel is disabled",
    "internal": "a bug: the log of the worker has its trace",
}


class NotDelivered(Exception):
    """`reason` is a key of REASONS. `status`: of the response, or the code of the mail server."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
