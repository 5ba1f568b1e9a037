"""Particles in the plane: two divergences race from the same start. Nothing here knows a screen.

`setup` is the plain side (what is chosen, and its address); `targets` are the distributions; `flow` moves particles;
`fields` asks a divergence what it would do with a particle anywhere; `race` holds both sides with their past.
"""
