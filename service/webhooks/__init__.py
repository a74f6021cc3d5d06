"""Webhooks out: what a tenant's endpoints are told, and how it gets there."""
