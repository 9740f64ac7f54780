"""A village's exit (贫困村退出)."""
