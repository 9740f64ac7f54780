"""The registry: its database and all that lives in it. Nothing here knows Temporal."""
