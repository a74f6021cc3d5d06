"""The project's own facts about segments, IPC and industries: CSV with provenance lines."""
