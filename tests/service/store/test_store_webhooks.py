"""Endpoints, events and deliveries of webhooks, on SQLite and PostgreSQL."""

from tests.contracts import store_webhooks


class TestEndpoints(store_webhooks.EndpointLaws):
    """Endpoints."""


class TestOutbox(store_webhooks.OutboxLaws):
    """Events."""


class TestDelisting(store_webhooks.DelistingLaws):
    """Patents that events tell of."""


class TestDeliveries(store_webhooks.DeliveryLaws):
    """Deliveries."""


class TestDeliveryLog(store_webhooks.DeliveryLogLaws):
    """The log."""


def test_no_law_escapes() -> None:
    laws = {
        law
        for law in vars(store_webhooks).values()
        if isinstance(law, type) and law.__name__.endswith("Laws")
    }
    run = {base for test in globals().values() if isinstance(test, type) for base in test.__bases__}
    assert laws <= run
