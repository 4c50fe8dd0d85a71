"""Why an hour was not read. Nothing of the hour is stored then, and the next run reads it again.

MeteringError
  PrometheusUnavailable   no connection, a timeout, or 5xx: the server may recover by itself
  PrometheusRefused       4xx, or an error in the reply: the token, the tenant or a limit of the server is wrong
  PartialReply            the reply has `warnings`: a store of the server did not reply, so series may be missing
  ReplyTooLarge           the reply exceeds the maximum: raise the limit, or use a server for fewer tenants
  MalformedReply          not the JSON of a Prometheus server
  CollidingLabels         the scrape has `honor_labels: false`, so `namespace` is not the one of the usage
"""


class MeteringError(Exception):
    """The text has the reason. It contains no token."""


class PrometheusUnavailable(MeteringError):
    pass


class PrometheusRefused(MeteringError):
    pass


class PartialReply(MeteringError):
    pass


class ReplyTooLarge(MeteringError):
    pass


class MalformedReply(MeteringError):
    pass


class CollidingLabels(MeteringError):
    pass
