"""What webhooks refuse, in the error tree.

InputError
├── EndpointNotFound  no endpoint of this id here
├── DeliveryNotFound  no delivery of this id to this endpoint
└── TargetRefused     an address that is none, or that nothing may be sent to
StateError
├── EndpointsFull     as many endpoints as a tenant may have
├── EndpointDisabled  the endpoint has to be enabled first
└── DeliveryRunning   the delivery is just being sent
"""

from __future__ import annotations

from matcher.errors import InputError, StateError


class EndpointNotFound(InputError):
    """No endpoint of this id stands here."""

    def __init__(self, endpoint_id: str) -> None:
        super().__init__(
            f"found no webhook endpoint {endpoint_id!r}",
            "the endpoint_id that its creation was answered with",
            "list the endpoints",
        )
        self.endpoint_id = endpoint_id


class DeliveryNotFound(InputError):
    """No delivery of this id to this endpoint is kept."""

    def __init__(self, delivery_id: str) -> None:
        super().__init__(
            f"found no delivery {delivery_id!r} to this endpoint",
            "the delivery_id of one that is still kept",
            "list the deliveries of the endpoint",
        )
        self.delivery_id = delivery_id


class TargetRefused(InputError):
    """Nothing may be sent to this address; the address itself is not repeated."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"found an address that no webhook is sent to: {found}",
            "https://HOST/PATH on a public address, without user name and fragment",
            "give a public address, or ask the operator to open the network "
            "('panhuo webhooks networks')",
        )
        self.why = found


class EndpointsFull(StateError):
    """There are as many endpoints as a tenant may have."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"found {most} endpoints already", f"at most {most}", "delete one that is not needed"
        )
        self.most = most


class EndpointDisabled(StateError):
    """The endpoint is disabled."""

    def __init__(self, endpoint_id: str, why: str) -> None:
        super().__init__(
            f"found endpoint {endpoint_id!r} disabled ({why})",
            "one that is enabled",
            "mend the receiver, then enable the endpoint",
        )
        self.endpoint_id = endpoint_id
        self.why = why


class DeliveryRunning(StateError):
    """Somebody is just sending it."""

    retry_after = 1

    def __init__(self, delivery_id: str) -> None:
        super().__init__(
            f"found delivery {delivery_id!r} just being sent",
            "one that waits or has ended",
            "send the request again in a moment",
        )
        self.delivery_id = delivery_id
