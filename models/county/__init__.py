"""A county's exit (贫困县退出)."""
