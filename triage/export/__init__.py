"""Papers, notes and verdicts out of triage and back: citations, pages, feeds, and everything the reader owns."""
