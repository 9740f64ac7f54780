"""The roster of a village's households that exit (贫困户退出)."""
