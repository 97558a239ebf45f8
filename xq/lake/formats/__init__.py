"""Files of other programs: what their names say and how their rows are laid out."""
