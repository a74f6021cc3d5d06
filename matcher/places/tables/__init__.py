"""The project's own facts about regions and institutions: CSV with provenance lines."""
