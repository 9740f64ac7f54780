"""Public notices (公告公示): their texts and pages."""
